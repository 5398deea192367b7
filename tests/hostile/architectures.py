"""Hostile configurations, as `config.json` of an otherwise good archive."""

from __future__ import annotations

import base64
import json
import marshal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from tests.hostile.trick import CONFIG, MARK, METADATA, Trick, members, write_archive

Config = dict[str, Any]


def tricks() -> Iterator[Trick]:
    yield Trick("JSON nested 100,000 deep", partial(_text, b"[" * 100_000), "more than 200 deep")
    yield Trick("JSON nested 100,000 deep in the metadata", partial(_metadata, b'{"a":' * 100_000), "more than 200")
    yield Trick("JSON nested 900 deep", partial(_argument, json.loads("[" * 900 + "]" * 900)), "more than 200 deep")
    yield Trick("models nested in models", _nested_models, "more than 200 deep")
    yield Trick("number of 10,000 digits", partial(_placed, b"1" * 10_000), "no computer word holds")
    yield Trick("number of 100 digits", partial(_placed, b"1" * 100), "no computer word holds")
    yield Trick("NaN and Infinity", partial(_placed, b"[NaN, Infinity, -Infinity, 1e999]"))
    yield Trick("millions of values", partial(_placed, b"[" + b"0," * 3_000_000 + b"0]"), "more than 2,000,000 values")
    yield Trick("text of 40 MB", partial(_placed, b'"' + b"x" * (40 << 20) + b'"'), "at most 33,554,432 are read")
    yield Trick("half a character", partial(_placed, b'"\\ud800"'), "half a character")
    yield Trick(
        "one key twice", partial(_placed, b'1, "trainable": false, "trainable": true'), "two values for one key"
    )
    yield Trick("list for a configuration", partial(_text, b"[]"), "no JSON object")
    yield Trick("bytes that are no text", partial(_text, b"\xff\xfe\x00"), "no JSON")
    yield Trick("version that is no text", partial(_metadata, b'{"keras_version": [3, 15]}'))
    for name, key, value, words in (
        ("class that is no name", "class_name", ["Sequential"], "names no model class"),
        ("arguments that are a number", "config", 3, "are no list"),
        ("arguments that are missing", "config", None, "are no list"),
    ):
        yield Trick(name, partial(_root, key, value), words)
    yield Trick("layers that are a number", partial(_layers, lambda _: 7), "are no list")
    yield Trick("layer that is a text", partial(_layers, lambda layers: [*layers, "Dense"]), "else than a layer")
    yield Trick(
        "layer without a class", partial(_layers, lambda layers: [*layers, {"config": {}}]), "else than a layer"
    )
    yield Trick("calls that are a text", partial(_layers, _with_calls_of_text), "is no list")
    yield Trick("100,000 layers", partial(_layers, lambda layers: layers + [_dense()] * 100_000), "20,000 layers")
    yield Trick("layer called on itself", partial(_graph, _on_itself), "in a circle: 'dense'")
    yield Trick("layers called in a circle", partial(_graph, _circle), "in a circle")
    yield Trick("layers in the wrong order", partial(_graph, _backwards), "so wrong an order")
    yield Trick("layer of a billion units", partial(_graph, lambda layers: _with_units(layers, 10**9)))
    endless = partial(_graph, lambda layers: _with_units(layers, float("inf")))
    yield Trick("units without end", endless, "could not be read")
    yield from _code()


def _code() -> Iterator[Trick]:
    """Configurations that name code outside Keras, or bring it: a preview names it, and nothing runs it."""
    command = f"touch {MARK}"
    yield Trick("os.system for a class", _with_layer("os", "system", {"command": command}))
    yield Trick("subprocess for a class", _with_layer("subprocess", "Popen", {"args": ["touch", MARK]}))
    yield Trick("eval for a class", _with_layer("builtins", "eval", {"source": _writing_code()}))
    yield Trick("function outside Keras", _with_layer("keras.layers", "Activation", {"activation": _function()}))
    yield Trick("module with an import that acts", _acting_module)
    yield Trick("Lambda that acts", _with_layer("keras.layers", "Lambda", {"function": _lambda(), "name": "acting"}))
    yield Trick("Lambda of old Keras that acts", _with_layer("", "Lambda", _old_lambda()))
    yield Trick("optimizer outside Keras", partial(_root, "compile_config", {"optimizer": _function()}))
    yield Trick("get_file for a class", _with_layer("keras.utils", "get_file", {"origin": "http://127.0.0.1:9/x"}))
    vocabulary = {"vocabulary": "/etc/passwd", "name": "words"}
    yield Trick("vocabulary in another file", _with_layer("keras.layers", "StringLookup", vocabulary))


def _text(content: bytes, path: Path) -> None:
    write_archive(path, {CONFIG: content})


def _metadata(content: bytes, path: Path) -> None:
    write_archive(path, {METADATA: content})


def _config() -> Config:
    config: Config = json.loads(members()[CONFIG])
    return config


def _write(config: Config, path: Path) -> None:
    _text(json.dumps(config).encode(), path)


def _root(key: str, value: Any, path: Path) -> None:
    _write(_config() | {key: value}, path)


def _argument(value: Any, path: Path) -> None:
    config = _config()
    config["config"]["layers"][1]["config"]["hostile"] = value
    _write(config, path)


def _placed(text: bytes, path: Path) -> None:
    """A text that is no valid JSON for `json.dumps`, as a value of the root."""
    _text(members()[CONFIG][:-1] + b', "hostile": ' + text + b"}", path)


def _layers(change: Callable[[list[Any]], Any], path: Path) -> None:
    config = _config()
    config["config"]["layers"] = change(config["config"]["layers"])
    _write(config, path)


def _graph(change: Callable[[list[Any]], Any], path: Path) -> None:
    """A Functional model in the place of the Sequential, with other layers."""
    layers = change([_input(), _dense("dense", "input")])
    settings = {"name": "model", "layers": layers, "input_layers": ["input", 0, 0], "output_layers": ["dense", 0, 0]}
    _write({"module": "keras.src.models.functional", "class_name": "Functional", "config": settings}, path)


def _input() -> Config:
    settings = {"batch_shape": [None, 4], "dtype": "float32", "name": "input"}
    return {
        "module": "keras.layers",
        "class_name": "InputLayer",
        "config": settings,
        "name": "input",
        "inbound_nodes": [],
    }


def _dense(name: str = "dense", source: str = "") -> Config:
    layer: Config = {
        "module": "keras.layers",
        "class_name": "Dense",
        "config": {"name": name, "units": 4},
        "name": name,
    }
    if source:
        tensor = {"shape": [None, 4], "dtype": "float32", "keras_history": [source, 0, 0]}
        layer["inbound_nodes"] = [{"args": [{"class_name": "__keras_tensor__", "config": tensor}], "kwargs": {}}]
    return layer


def _with_calls_of_text(layers: list[Any]) -> list[Any]:
    return [*layers, _dense() | {"inbound_nodes": "dense"}]


def _with_units(layers: list[Any], units: float) -> list[Any]:
    """Harmless in a preview, which says why no engine is given it."""
    layers[1]["config"]["units"] = units
    return layers


def _on_itself(layers: list[Any]) -> list[Any]:
    return [layers[0], _dense("dense", "dense")]


def _circle(layers: list[Any]) -> list[Any]:
    return [layers[0], _dense("dense", "other"), _dense("other", "third"), _dense("third", "dense")]


def _backwards(layers: list[Any]) -> list[Any]:
    chain = [_dense(f"dense_{number}", f"dense_{number - 1}") for number in range(1, 5000)]
    return [_dense("dense", "dense_4999"), *reversed(chain), _dense("dense_0", "input"), layers[0]]


def _nested_models(path: Path) -> None:
    config: Config = {"class_name": "Sequential", "config": {"name": "inner", "layers": []}}
    for _ in range(100):
        config = {"class_name": "Sequential", "config": {"name": "outer", "layers": [config]}}
    _write(config, path)


# -- code ---------------------------------------------------------------------------------------------------------


def _with_layer(module: str, class_name: str, settings: Config) -> Callable[[Path], None]:
    layer = {"module": module, "class_name": class_name, "config": settings, "registered_name": None}
    if not module:
        del layer["module"]
    return partial(_layers, lambda layers: [*layers, layer])


def _writing_code() -> str:
    return f"open({MARK!r}, 'w').close()"


def _function() -> Config:
    return {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"}


def _acting_module(path: Path) -> None:
    """A module beside the file, which whoever runs in its folder would import."""
    path.with_name("acting_module.py").write_text(_writing_code())
    _with_layer("acting_module", "Layer", {"name": "acting"})(path)


def _code_of_lambda() -> str:
    code = compile(f"lambda x: {_writing_code()}", "<file>", "eval").co_consts[0]
    return base64.b64encode(marshal.dumps(code)).decode()


def _lambda() -> Config:
    value = {"code": _code_of_lambda(), "defaults": None, "closure": None}
    return {"class_name": "__lambda__", "config": value}


def _old_lambda() -> Config:
    return {"name": "acting", "function": [_code_of_lambda(), None, None], "function_type": "lambda"}
