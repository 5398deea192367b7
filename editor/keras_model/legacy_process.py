"""What runs in the legacy process: builds one old model in tf_keras and computes with it; see `legacy_reference`.

What of the file may run here: nothing of Python. A model is made anew from its configuration, whose classes and
functions must all be Keras's own, which is checked before tf_keras sees it; its safe mode is on underneath. The graph
of a SavedModel, with its resource initializers and functions, is never loaded: the weights come from the checkpoint.
So all that computes is Keras's own layers, and operations of TensorFlow that only compute.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from editor.errors import EditorError, ModelError, Problem
from editor.files.saved_model.descriptions import plain_tuples
from editor.keras_model.child_process import end_with_parent
from editor.keras_model.legacy_reference import (
    LegacyComputed,
    LegacyFailed,
    LegacyQuestion,
    StoredLayerNames,
    decode_question,
    encode,
)

_FREE_SIZES = (16, 64, 224, 1024)
_BATCH = 2
_WORDS = 3
_NEVER = frozenset({"ClassMethod", "InstanceMethod", "InstanceProperty", "Lambda", "TensorFlowOpLayer"})
"""Classes of tf_keras that call whatever their configuration says."""


def main() -> None:
    """Reads the question from standard input and writes the answer to standard output, and nothing else there."""
    end_with_parent()
    # What Keras prints must not get between the bytes of the answer.
    answer_stream = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    answer: LegacyComputed | LegacyFailed
    try:
        # It takes seconds, in which the question is still being made.
        import tf_keras  # noqa: F401

        answer = _answer(decode_question(sys.stdin.buffer.read()))
    except EditorError as error:
        answer = LegacyFailed(error.problem)
    # The edge of the process: tf_keras raises whatever it met.
    except BaseException as error:  # noqa: BLE001
        text = str(error).strip().partition("\n")[0] or type(error).__name__
        problem = Problem(f"tf_keras cannot build the model: {text}", "", traceback.format_exc())
        answer = LegacyFailed(problem)
    with answer_stream:
        answer_stream.write(encode(answer))


def _answer(question: LegacyQuestion) -> LegacyComputed:
    import numpy as np

    arrays: dict[str, Any] = {}
    if question.h5:
        model = _from_h5(question.h5)
        layers = tuple(_weights(model, arrays))
        config = model.to_json()
    else:
        model = _from_config(question)
        layers, config = (), ""
    inputs, outputs, obstacle = _computed(model, question.seed)
    arrays |= {f"input_{number}": value for number, value in enumerate(inputs)}
    arrays |= {f"output_{number}": value for number, value in enumerate(outputs)}
    np.savez(question.arrays, **arrays)
    names = tuple(model.input_names) if inputs else ()
    return LegacyComputed(len(inputs), len(outputs), config, layers, obstacle, names)


# -- building ---------------------------------------------------------------------------------------------------------


def _from_h5(path: str) -> Any:
    from editor.files.model_config import read_model_config

    found = read_model_config(Path(path))
    if found is None:
        raise ModelError(f"{Path(path).name!r} holds no architecture.")
    # Not by `load_model`, which has no safe mode for these files.
    model = _built(plain_tuples(found.config))
    model.load_weights(path)
    return model


def _from_config(question: LegacyQuestion) -> Any:
    model = _built(json.loads(question.config or "{}"))
    import tensorflow as tf

    # The weights by the names of the attributes, as TensorFlow wrote them.
    status = tf.train.Checkpoint(model).read(question.checkpoint)
    try:
        status.assert_existing_objects_matched().expect_partial()
    except AssertionError as error:
        # As with a layer that is in two models: from a configuration, tf_keras makes two of it.
        raise ModelError("tf_keras does not find all weights of the model.", details=str(error)) from error
    _finish(model)
    return model


def _finish(model: Any) -> None:
    """Has layers such as Normalization work out from their weights what they compute with, as after `load_weights`."""
    for layer in model._flatten_layers():
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()


def _built(config: dict[str, Any]) -> Any:
    """A model of classes of Keras alone, with random weights."""
    _check(config)
    import tf_keras
    from tf_keras.src.saving.legacy.model_config import model_from_config
    from tf_keras.src.saving.serialization_lib import SafeModeScope
    from tf_keras.src.utils import generic_utils

    # The one way by which tf_keras makes functions of code in a file, safe mode or not.
    generic_utils.func_load = _refuse_code
    tf_keras.layers.Discretization.from_config = classmethod(_with_bins)
    with SafeModeScope(True):
        return model_from_config(config)


def _with_bins(cls: Any, config: dict[str, Any]) -> Any:
    """An adapted layer with its bins, on whose number the layers after it depend; Keras 2 computes them later."""
    if config.get("num_bins") is None or config.get("bin_boundaries") is None:
        return cls(**config)
    layer = cls(**{key: value for key, value in config.items() if key != "bin_boundaries"})
    layer.bin_boundaries = config["bin_boundaries"]
    return layer


def _refuse_code(*_arguments: Any, **_keywords: Any) -> Any:
    raise ModelError("The file holds Python code in a place that was not expected; it was not run.")


def _check(config: dict[str, Any]) -> None:
    """Refuses what only code of somebody else's can make.

    Raises:
        ModelError: The configuration names such a class or function, or has code.
    """
    from editor.files.code_needs import code_needs
    from editor.files.outside_files import check_stays_inside

    needs = code_needs(config)
    if needs:
        raise ModelError(f"The model needs code that tf_keras has not: {', '.join(need.name for need in needs[:5])}.")
    check_stays_inside(config, "the model")
    waiting: list[Any] = [config]
    while waiting:
        value = waiting.pop()
        waiting += value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        if isinstance(value, dict) and value.get("class_name") in _NEVER:
            raise ModelError(f"A {value['class_name']} is not given to tf_keras: it may run anything.")


# -- weights ----------------------------------------------------------------------------------------------------------


def _weights(model: Any, arrays: dict[str, Any]) -> Iterator[StoredLayerNames]:
    """Puts the weights of each layer into `arrays` and gives their names."""
    for path, layer in _places(model, "", set()):
        own = list({id(each): each for each in layer._trainable_weights + layer._non_trainable_weights}.values())
        if own:
            first = len(arrays)
            arrays |= {f"weight_{first + number}": each.numpy() for number, each in enumerate(own)}
            names = tuple(each.name.partition(":")[0].rpartition("/")[2] for each in own)
            yield StoredLayerNames(path, first, names)


def _places(layer: Any, path: str, above: set[int]) -> Iterator[tuple[str, Any]]:
    """Each layer with its path: by name in a graph, else by the attribute that holds it."""
    import tf_keras

    from editor.layers.paths import escape, join

    yield path, layer
    if isinstance(layer, (tf_keras.Sequential, tf_keras.src.engine.functional.Functional)):
        held = [(escape(inner.name), inner) for inner in layer.layers]
    else:
        held = list(_attributes(layer))
    for name, inner in held:
        if id(inner) not in above:
            yield from _places(inner, join(path, name), above | {id(layer)})


def _attributes(layer: Any) -> Iterator[tuple[str, Any]]:
    import tf_keras

    for name, value in layer._trackable_children().items():
        if isinstance(value, tf_keras.layers.Layer):
            yield name, value
        elif isinstance(value, (list, tuple)):
            yield from (
                (f"{name}/{number}", item)
                for number, item in enumerate(value)
                if isinstance(item, tf_keras.layers.Layer)
            )


# -- computing --------------------------------------------------------------------------------------------------------


def _computed(model: Any, seed: int) -> tuple[list[Any], list[Any], str]:
    """Random inputs, the outputs for them, and why there are none."""
    import tensorflow as tf

    obstacle = "the model has no inputs of its own"
    known = _Known.of(model)
    for free_size in _FREE_SIZES if model.inputs else ():
        inputs = [_random(spec, free_size, seed + number, known) for number, spec in enumerate(model.inputs)]
        if any(value is None for value in inputs):
            return [], [], "it takes something other than numbers and texts"
        given = [tf.constant(value) for value in inputs]
        try:
            outputs = model(given if len(given) > 1 else given[0], training=False)
            return inputs, [_array(value) for value in tf.nest.flatten(outputs)], ""
        # A size that is free in the input need not fit what follows; or there is no such kernel on this machine.
        except Exception as error:  # noqa: BLE001
            obstacle = str(error).strip().partition("\n")[0][:300]
    return [], [], obstacle


def _array(output: Any) -> Any:
    """The values as an array without Python objects."""
    import numpy as np

    value = output.numpy()
    return value.astype(np.bytes_) if value.dtype == object else value


@dataclass(frozen=True)
class _Known:
    """What the layers of a model look up.

    Attributes:
        texts: Words in its tables, and one that is in none.
        numbers: Whole numbers in its tables, and one that is in none; empty without such tables.
        num_rows: Rows of its smallest Embedding; 0 without one.
        has_bins: Whether it sorts numbers into bins.
        splits: Whether it takes texts of several words.
    """

    texts: tuple[bytes, ...]
    numbers: tuple[int, ...]
    num_rows: int
    has_bins: bool
    splits: bool

    @classmethod
    def of(cls, model: Any) -> _Known:
        layers = list(model._flatten_layers())
        tables = [layer.get_vocabulary() for layer in layers if hasattr(layer, "lookup_table")]
        words = [word for table in tables for word in table]
        rows = [layer.input_dim for layer in layers if type(layer).__name__ == "Embedding"]
        return cls(
            (*(word.encode() for word in words if isinstance(word, str)), b"frostline"),
            (*(int(word) for word in words if not isinstance(word, str)), 7),
            min(rows, default=0),
            any(type(layer).__name__ == "Discretization" for layer in layers),
            any(type(layer).__name__ == "TextVectorization" for layer in layers),
        )


def _random(spec: Any, free_size: int, seed: int, known: _Known) -> Any:
    """Values for one input: small whole numbers where the model looks them up, words that it knows."""
    import numpy as np

    shape = (_BATCH, *(size or free_size for size in spec.shape[1:]))
    dtype = spec.dtype.as_numpy_dtype
    generator = np.random.default_rng(seed)
    if spec.dtype.name == "string":
        words = generator.choice(known.texts, (*shape, _WORDS))
        return np.apply_along_axis(b" ".join, -1, words) if known.splits else words[..., 0]
    if np.issubdtype(dtype, np.bool_):
        return generator.random(shape) < 0.5
    if not np.issubdtype(dtype, np.number):
        return None
    if len(known.numbers) > 1 and np.issubdtype(dtype, np.integer):
        return generator.choice(known.numbers, shape).astype(dtype)
    if np.issubdtype(dtype, np.integer) or (known.num_rows and not known.has_bins):
        return generator.integers(0, min(known.num_rows or 100, 100), shape).astype(dtype)
    return generator.standard_normal(shape).astype(dtype)


if __name__ == "__main__":
    main()
