"""Code and names of files in places where only some Keras looks for them: nothing of it is run or read."""

from __future__ import annotations

import base64
import json
import marshal
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from editor.errors import ModelError
from editor.files.code_needs import code_needs
from editor.keras_model.lambdas import unmarshalling_forbidden
from editor.keras_model.opening import open_model

NODE = [[["input", 0, 0, {}]]]


def config_with(class_name: str, dtype: str = "float32", /, **settings: Any) -> dict[str, Any]:
    inputs = {"batch_input_shape": [None, 4], "dtype": dtype, "sparse": False, "ragged": False, "name": "input"}
    layers = [
        {"class_name": "InputLayer", "config": inputs, "name": "input", "inbound_nodes": []},
        {"class_name": class_name, "config": {"name": "it", **settings}, "name": "it", "inbound_nodes": NODE},
    ]
    graph = {"name": "m", "layers": layers, "input_layers": [["input", 0, 0]], "output_layers": [["it", 0, 0]]}
    return {"class_name": "Functional", "config": graph}


def write_h5(path: Path, config: dict[str, Any]) -> Path:
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        weights = file.create_group("model_weights")
        for of in (file, weights):
            of.attrs["keras_version"], of.attrs["backend"] = "2.15.0", "tensorflow"
        weights.attrs["layer_names"] = [b"input", b"it"]
        for name in ("input", "it"):
            weights.create_group(name).attrs["weight_names"] = np.array([], "S1")
    return path


def code_that_marks(mark: Path) -> str:
    marking = compile(f"lambda x: (open({str(mark)!r}, 'w').write('ran'), x)[1]", "mark", "eval").co_consts[0]
    return base64.b64encode(marshal.dumps(marking)).decode()


@pytest.mark.parametrize("role", ["function", "output_shape", "mask"])
@pytest.mark.parametrize("form", ["tuple", "text", "list", "nested"])
def test_that_a_lambda_in_any_form_is_no_secret(tmp_path: Path, role: str, form: str) -> None:
    mark = tmp_path / "mark"
    code = code_that_marks(mark)
    forms = {
        "tuple": {"class_name": "__tuple__", "items": [code, None, None]},
        "text": code,
        "list": [code, None, None],
        "nested": [[code, None, None]],
    }
    function = {"function": "relu", "function_type": "function", "module": "keras.activations"}
    type_key = "function_type" if role == "function" else f"{role}_type"
    config = config_with("Lambda", **{**function, role: forms[form], type_key: "lambda"})
    assert code_needs(config)
    with pytest.raises(ModelError):
        open_model(write_h5(tmp_path / "model.h5", config))
    assert not mark.exists()


@pytest.mark.parametrize(
    ("class_name", "settings"),
    [
        ("ClassMethod", {"cls_symbol": "io.TFRecordWriter", "method_name": "__call__"}),
        ("InstanceMethod", {"method_name": "eval"}),
        ("InstanceProperty", {"attr_name": "graph"}),
        ("TFOpLambda", {"function": "io.write_file"}),
        ("SlicingOpLambda", {"function": "io.write_file"}),
        ("TensorFlowOpLayer", {"node_def": "\n\x01w\x12\tWriteFile\x1a\x01a\x1a\x01b", "constants": {}}),
        ("TensorFlowOpLayer", {"node_def": {"name": "w", "op": "WriteFile", "input": ["a"]}, "constants": {}}),
    ],
)
def test_that_what_may_call_anything_needs_consent(tmp_path: Path, class_name: str, settings: dict[str, Any]) -> None:
    config = config_with(class_name, **settings)
    assert code_needs(config)
    with pytest.raises(ModelError):
        open_model(write_h5(tmp_path / "model.h5", config))


def test_that_no_other_file_is_read_for_a_vocabulary(tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("secret\n")
    config = config_with("StringLookup", "string", vocabulary=str(words), dtype="int64")
    with pytest.raises(ModelError, match="takes its vocabulary from another file"):
        open_model(write_h5(tmp_path / "model.h5", config))


def test_that_keras_unmarshals_nothing_while_a_file_is_loaded(tmp_path: Path) -> None:
    from keras.src.utils import python_utils

    code = code_that_marks(tmp_path / "mark")
    with unmarshalling_forbidden(), pytest.raises(ValueError, match="was not run"):
        python_utils.func_load(code)
    assert callable(python_utils.func_load(code))
