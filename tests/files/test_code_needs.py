"""What a configuration names and Keras does not have."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import keras
import pytest

import editor.files.keras_names as keras_names_module
from editor.files.code_needs import code_needs, needed_to_load
from editor.files.facts import CodeNeed
from editor.files.outside_files import graph_obstacle
from tests.files.make_keras_names import keras_names

MODELS = Path(__file__).parents[1] / "data" / "models"


def test_that_the_names_that_keras_has_are_those_of_the_installed_keras() -> None:
    assert Path(keras_names_module.__file__).read_text(encoding="utf-8") == keras_names()


def model_needs(file: str) -> tuple[CodeNeed, ...]:
    path = MODELS / file
    if path.suffix == ".keras":
        return code_needs(json.loads(zipfile.ZipFile(path).read("config.json")))
    with h5py.File(path) as stored:
        training = json.loads(stored.attrs.get("training_config", "null"))
        return code_needs(json.loads(stored.attrs["model_config"]), compiled=training)


@pytest.mark.parametrize(
    "file",
    [
        "mmsplice/Donor.h5",
        "fer/emotion_model.hdf5",
        "network-intrusion-detection/cnn_lstm_unsw_finetuned.h5",
        "dgaintel/domain_classifier_model.h5",
    ],
)
def test_that_real_models_of_keras_alone_need_nothing(file: str) -> None:
    assert model_needs(file) == ()


def test_that_real_models_list_exactly_what_they_need() -> None:
    assert model_needs("mmsplice/Acceptor.h5") == (CodeNeed(kind="class", name="ConvDNA", paths=("convSpliceSite",)),)
    norm, function = model_needs("faceverifyai/face_verification_model_updated_2_1.h5")
    assert (norm.kind, norm.name, norm.paths) == ("class", "L2Normalize", ("sequential_10/l2_normalize_6",))
    assert (function.kind, function.name, function.paths) == ("lambda", "lambda_14", ("lambda_14",))
    assert len(function.digest) == 64
    needs = model_needs("dataprofiler/structured_model.keras")
    assert [(need.name, need.registered_name, need.paths) for need in needs] == [
        ("EncodingLayer", "CharacterLevelCnnModel>EncodingLayer", ("encoding_layer",)),
        ("ThreshArgMaxLayer", "CharacterLevelCnnModel>ThreshArgMaxLayer", ("thresh_arg_max_layer",)),
        ("F1Score", "Custom>F1Score", ("metrics",)),
    ]
    assert [need.name for need in needed_to_load(needs)] == ["EncodingLayer", "ThreshArgMaxLayer"]


def model_of(*layers: dict[str, Any]) -> dict[str, Any]:
    return {"class_name": "Sequential", "config": {"name": "m", "layers": list(layers)}}


def found(
    config: dict[str, Any], compiled: dict[str, Any] | None = None
) -> list[tuple[str, str, str, tuple[str, ...]]]:
    return [(need.kind, need.name, need.module, need.paths) for need in code_needs(config, compiled=compiled)]


@pytest.mark.parametrize("module", ["os", "subprocess", "my_package.layers", "antigravity", "kerasx", None, 7])
def test_that_a_class_of_another_module_is_needed_whatever_its_name(module: object) -> None:
    dense = {"class_name": "Dense", "module": module, "config": {"name": "d"}, "registered_name": None}
    assert found(model_of(dense)) == [("class", "Dense", str(module or ""), ("d",))]


@pytest.mark.parametrize(
    "module", ["keras", "keras.layers", "keras.src.layers.core.dense", "tf_keras.src.layers", "tensorflow.keras.layers"]
)
def test_that_a_class_of_keras_is_not_needed(module: str) -> None:
    dense = {"class_name": "Dense", "module": module, "config": {"name": "d"}, "registered_name": None}
    assert found(model_of(dense)) == []


@pytest.mark.parametrize(
    ("name", "settings", "is_own"),
    [
        ("MultiHeadAttention", {"d_model": 32, "n_heads": 8}, True),
        ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3, "causal": False}, False),
        ("Attention", {"step_dim": 100, "bias": True}, True),
        ("Attention", {"use_scale": False, "score_mode": "dot"}, False),
        ("Attention", {"dropout": 0.5}, False),
    ],
)
def test_that_a_class_with_no_more_than_the_name_of_keras_is_needed(
    name: str, settings: dict[str, Any], is_own: bool
) -> None:
    entry = {"class_name": name, "config": {"name": "d", "trainable": True, **settings}}
    assert found(model_of(entry)) == ([("class", name, "", ("d",))] if is_own else [])


@pytest.mark.parametrize("name", ["TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"])
def test_that_what_runs_other_code_counts_as_no_class_of_keras(name: str) -> None:
    entry = {"class_name": name, "module": "keras.layers", "config": {"name": "d"}, "registered_name": None}
    assert found(model_of(entry)) == [("class", name, "keras.layers", ("d",))]


def function(name: str, module: str) -> dict[str, Any]:
    return {"class_name": "function", "module": module, "config": name, "registered_name": name}


@pytest.mark.parametrize(
    ("name", "module"),
    [("system", "os"), ("eval", "builtins"), ("get_file", "keras.utils"), ("deserialize", "keras.layers")],
)
def test_that_a_callable_that_is_nothing_of_a_model_is_needed(name: str, module: str) -> None:
    entry = {"class_name": "Dense", "config": {"name": "d", "activation": function(name, module)}}
    assert found(model_of(entry)) == [("function", name, module, ("d",))]
    entry = {
        "class_name": "Lambda",
        "module": "keras.layers",
        "config": {"name": "l", "function": function(name, module)},
    }
    assert found(model_of(entry)) == [("function", name, module, ("l",))]


def test_that_functions_of_keras_by_name_are_not_needed() -> None:
    entry = {"class_name": "Dense", "config": {"name": "d", "activation": function("relu", "builtins")}}
    other = {"class_name": "Lambda", "config": {"name": "l", "function": function("abs", "keras.ops")}}
    assert found(model_of(entry, other)) == []


def test_that_strings_stand_for_functions_in_keras_classes_only() -> None:
    plain = {"class_name": "Dense", "config": {"name": "d", "activation": "my_swish", "units": "any"}}
    other = {"class_name": "Mine", "config": {"name": "e", "activation": "whatever"}}
    assert found(model_of(plain, other)) == [("function", "my_swish", "", ("d",)), ("class", "Mine", "", ("e",))]


def test_that_sublayers_have_the_paths_of_the_tree() -> None:
    cell = {"class_name": "MyCell", "config": {"name": "c", "trainable": True}}
    rnn = {"class_name": "RNN", "config": {"name": "rnn", "cell": cell}}
    both = {"class_name": "Bidirectional", "config": {"name": "bi/1", "layer": rnn}}
    inner = {"class_name": "Functional", "config": {"name": "in", "layers": [both], "input_layers": []}}
    mine = {
        "class_name": "Mine",
        "config": {"name": "own", "blocks": [cell], "size": {"class_name": "MyInit", "config": {}}},
    }
    assert found(model_of(inner, mine)) == [
        ("class", "MyCell", "", ("in/bi%2F1/forward_layer/cell", "own/blocks/0")),
        ("class", "Mine", "", ("own",)),
        ("class", "MyInit", "", ("own",)),
    ]


def test_that_compile_settings_are_looked_through() -> None:
    compiled = {
        "optimizer_config": {"class_name": "Addons>AdamW", "config": {"learning_rate": 0.1}},
        "loss": {"out": "my_loss", "other": "mse"},
        "metrics": ["acc", ["my_metric"], {"class_name": "function", "config": "system", "module": "os"}],
        "loss_weights": {"out": "anything"},
    }
    assert found(model_of(), compiled) == [
        ("class", "AdamW", "", ("optimizer",)),
        ("function", "my_loss", "", ("loss",)),
        ("function", "my_metric", "", ("metrics",)),
        ("function", "system", "os", ("metrics",)),
    ]
    assert needed_to_load(code_needs(model_of(), compiled=compiled)) == ()


def test_that_lambdas_of_every_keras_are_found_with_all_their_functions() -> None:
    old = {
        "class_name": "Lambda",
        "config": {"name": "a", "function": ["Y29kZQ==\n", None, None], "function_type": "lambda"},
    }
    named = {
        "class_name": "Lambda",
        "config": {"name": "b", "function": "fn", "function_type": "function", "module": "m"},
    }
    new = {
        "class_name": "Lambda",
        "module": "keras.layers",
        "config": {
            "name": "c",
            "function": {"class_name": "__lambda__", "config": {"code": "Y29kZQ=="}},
            "arguments": {},
        },
    }
    assert found(model_of(old, named, new)) == [
        ("lambda", "a", "", ("a",)),
        ("function", "fn", "m", ("b",)),
        ("lambda", "c", "", ("c",)),
    ]
    changed = json.loads(json.dumps(new).replace('"arguments": {}', '"arguments": {"x": 1}'))
    assert code_needs(model_of(new))[0].digest != code_needs(model_of(changed))[0].digest
    bad_shape = {**new, "config": {**new["config"], "output_shape": ["Y29kZQ==", None, None]}}
    assert code_needs(model_of(new))[0].digest != code_needs(model_of(bad_shape))[0].digest


def test_that_a_lambda_anywhere_is_found() -> None:
    code = {"class_name": "__lambda__", "config": {"value": ["Y29kZQ==", None, None]}}
    entry = {"class_name": "Dense", "module": "keras.layers", "config": {"name": "d", "activation": code}}
    assert found(model_of(entry), {"loss": code}) == [("lambda", "d", "", ("d",)), ("lambda", "loss", "", ("loss",))]


def test_that_types_and_functions_of_tensorflow_are_needed_where_they_may_do_anything() -> None:
    spec = {
        "class_name": "__typespec__",
        "spec_name": "Popen",
        "module": "subprocess",
        "config": [],
        "registered_name": None,
    }
    reads = {"class_name": "TFOpLambda", "config": {"name": "r", "function": "io.read_file"}}
    adds = {"class_name": "TFOpLambda", "config": {"name": "a", "function": "math.add"}}
    node = {"class_name": "TensorFlowOpLayer", "config": {"name": "n", "node_def": '{"name": "x", "op": "WriteFile"}'}}
    keep = {"class_name": "Dense", "config": {"name": "d", "spec": spec}}
    assert found(model_of(keep, reads, adds, node)) == [
        ("class", "Popen", "subprocess", ("d",)),
        ("function", "io.read_file", "tensorflow", ("r",)),
        ("function", "WriteFile", "tensorflow", ("n",)),
    ]


def test_that_a_nesting_of_any_depth_is_gone_through() -> None:
    entry: dict[str, Any] = {"class_name": "Evil", "config": {}}
    for _ in range(5000):
        entry = {"class_name": "Sequential", "config": {"name": "s", "layers": [entry]}}
    assert [need.name for need in code_needs(entry)] == ["Evil"]


def test_that_graphs_of_operations_need_nothing() -> None:
    entered = keras.Input((4,))
    outputs = keras.ops.mean(keras.ops.relu(entered[:, :2]) * 2.0, axis=1, keepdims=True) + entered[..., None][:, :1, 0]
    model = keras.Model(entered, outputs)
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.1, 10)),
        loss=keras.losses.Huber(),
        metrics=["mae", keras.metrics.AUC()],
    )
    assert code_needs(json.loads(model.to_json())) == ()
    assert code_needs(keras.saving.serialize_keras_object(model)) == ()


@pytest.mark.parametrize(("module", "is_keras"), [("keras.layers", True), ("", True), ("mine", False)])
def test_that_a_layer_that_runs_a_graph_from_elsewhere_is_an_obstacle(module: str, is_keras: bool) -> None:
    need = CodeNeed(kind="class", name="TFSMLayer", module=module, paths=("block/graph",))
    obstacle = graph_obstacle([need])
    assert ("The layer 'block/graph' runs a graph from another folder" in obstacle) == is_keras
