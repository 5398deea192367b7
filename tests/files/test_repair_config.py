"""The repairs of configurations as plain JSON."""

from __future__ import annotations

import copy
import typing

import pytest

from editor.errors import ModelError
from editor.files.repair import repair_config
from editor.files.repair.kinds import PROOFS, Kind
from tests.old_keras.by_hand import layer


def functional(*layers, inputs, outputs, name="model"):
    config = {"name": name, "layers": list(layers), "input_layers": inputs, "output_layers": outputs}
    return {"class_name": "Functional", "config": config}


def called(entry, *nodes):
    return {**entry, "name": entry["config"]["name"], "inbound_nodes": list(nodes)}


def start(name="a", shape=(None, 4)):
    return called(layer("InputLayer", name, batch_input_shape=list(shape), dtype="float32", sparse=False))


def lines(repaired):
    return [repair.text for repair in repaired.repairs]


def test_that_the_configuration_that_is_given_stays_as_it_is():
    config = {"class_name": "Sequential", "config": [layer("LSTM", "a/b", units=2, time_major=False)]}
    before = copy.deepcopy(config)
    assert repair_config(config, "2.2.4").repairs
    assert config == before


def test_that_what_keras_3_wrote_needs_no_repair():
    entry = {"module": "keras.layers", "class_name": "Dense", "config": {"name": "dense", "units": 2}}
    config = {"module": "keras", "class_name": "Sequential", "config": {"name": "s", "layers": [entry]}}
    assert repair_config(config, "3.15.1").repairs == ()


def test_that_a_shape_with_its_batch_becomes_an_input():
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": [layer("Dense", "dense", units=2)]}}
    config["config"]["layers"][0]["config"]["batch_input_shape"] = [None, 68, 24]
    repaired = repair_config(config, "2.3.1")
    first, second = repaired.config["config"]["layers"]
    assert first["class_name"] == "InputLayer"
    assert first["config"]["batch_shape"] == [None, 68, 24]
    assert "batch_input_shape" not in second["config"]
    assert "(None, 68, 24)" in lines(repaired)[0]


def test_that_an_argument_with_an_effect_is_refused():
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": [layer("LSTM", "lstm", units=2)]}}
    config["config"]["layers"][0]["config"]["time_major"] = True
    with pytest.raises(ModelError, match=r"LSTM 'lstm' sets 'time_major' to True"):
        repair_config(config, "2.4.0")


@pytest.mark.parametrize("class_name", ["Highway", "LocallyConnected2D", "MaxoutDense"])
def test_that_a_class_that_is_gone_is_refused_unless_it_is_given(class_name):
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": [layer(class_name, "gone")]}}
    with pytest.raises(ModelError, match=f"'gone' is a {class_name}"):
        repair_config(config, "2.2.4")
    assert repair_config(config, "2.2.4", given=frozenset({class_name})).repairs == ()


def test_that_a_given_class_of_an_old_name_is_left_alone():
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": [layer("CuDNNGRU", "gru", units=2)]}}
    repaired = repair_config(config, "2.2.4", given=frozenset({"CuDNNGRU"}))
    assert repaired.config["config"]["layers"][0]["class_name"] == "CuDNNGRU"
    assert not repaired.stored


def test_that_a_persons_class_with_the_name_of_keras_is_left_alone():
    entry = {"module": "mine.layers", "class_name": "LSTM", "registered_name": "mine>LSTM", "config": {"name": "lstm"}}
    entry["config"]["time_major"] = True
    config = {"module": "keras", "class_name": "Sequential", "config": {"name": "s", "layers": [entry]}}
    repaired = repair_config(config, "2.12.0")
    assert repaired.config["config"]["layers"][0]["config"]["time_major"] is True
    assert repaired.config["config"]["layers"][0]["module"] == "mine.layers"


def test_that_names_stay_each_once_when_they_lose_their_slash():
    layers = [
        start("x/in"),
        called(layer("Dense", "a/b", units=2), [["x/in", 0, 0, {}]]),
        called(layer("Dense", "a_b", units=2), [["a/b", 0, 0, {}]]),
    ]
    config = functional(*layers, inputs=[["x/in", 0, 0]], outputs=[["a_b", 0, 0]])
    repaired = repair_config(config, "2.2.2")
    settings = repaired.config["config"]
    assert [each["name"] for each in settings["layers"]] == ["x_in", "a_b_1", "a_b"]
    assert settings["layers"][2]["inbound_nodes"][0]["args"][0]["config"]["keras_history"] == ["a_b_1", 0, 0]
    assert settings["input_layers"] == ["x_in", 0, 0]
    assert repaired.stored["a_b_1",].name == "a/b"


def test_that_names_with_a_slash_in_the_form_of_keras_3_are_renamed_everywhere():
    tensor = {"class_name": "__keras_tensor__", "config": {"shape": [None, 4], "keras_history": ["x/in", 0, 0]}}
    layers = [start("x/in"), called(layer("Dense", "a/b", units=2), {"args": [tensor], "kwargs": {}})]
    config = functional(*layers, inputs=[["x/in", 0, 0]], outputs=["a/b", 0, 0])
    settings = repair_config(config, "3.3.0").config["config"]
    assert settings["layers"][1]["inbound_nodes"][0]["args"][0]["config"]["keras_history"] == ["x_in", 0, 0]
    assert settings["output_layers"] == ["a_b", 0, 0]


@pytest.mark.parametrize(
    ("class_name", "function", "arguments", "words"),
    [
        ("TFOpLambda", "linalg.expm", {}, r"'op' computes TensorFlow's 'linalg\.expm', for which there is no repair"),
        ("TFOpLambda", "random.normal", {}, r"'random\.normal', and Keras 3 draws no random numbers in a graph"),
        ("TFOpLambda", "math.argmax", {"axis": 1, "reverse": 1}, r"in a way that Keras 3 cannot \(reverse\)"),
        ("TFOpLambda", "gather", {"indices": [0], "batch_dims": 1}, r"cannot \(batch_dims\)"),
        ("TFOpLambda", "reshape", {"shape": [["a", 0, 0], 3]}, r"cannot \(newshape\)"),
        ("TFOpLambda", "image.resize", {"size": [2, 2], "method": "area"}, r"cannot \(method\)"),
        ("TFOpLambda", "__operators__.eq", {}, "The file does not say with what the layer 'op' calls"),
        ("TFOpLambda", "nn.bias_add", {}, "Keras 2 left it out"),
        ("SlicingOpLambda", "gather_nd", {"indices": [[0]]}, r"'op' computes TensorFlow's 'gather_nd'"),
        ("TFOpLambda", "compat.v1.shape", {}, "'op' gives the size of a tensor to a layer or as an output"),
    ],
)
def test_that_an_operation_without_a_counterpart_is_refused_by_name(class_name, function, arguments, words):
    entry = called(layer(class_name, "op", function=function), ["a", 0, 0, {"name": None, **arguments}])
    with pytest.raises(ModelError, match=words):
        repair_config(functional(start(), entry, inputs=[["a", 0, 0]], outputs=[["op", 0, 0]]), "2.9.0")


def test_that_the_hard_sigmoid_is_refused_where_no_weight_can_hold_it():
    entry = layer("LSTM", "lstm", units=2, activation="hard_sigmoid", recurrent_activation="sigmoid")
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": [entry]}}
    with pytest.raises(ModelError, match="hard sigmoid of Keras 2"):
        repair_config(config, "2.4.0")
    assert repair_config(config, "3.4.0").repairs == ()


def test_that_the_same_repair_of_many_layers_is_one_line():
    layers = [layer("LSTM", f"lstm_{at}", units=2, return_sequences=True, time_major=False) for at in range(5)]
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": layers}}
    assert lines(repair_config(config, "2.4.0")) == [
        "'time_major' (False), which Keras 3 no longer takes, is left out: 'lstm_0', 'lstm_1', 'lstm_2' and 2 more."
    ]


def test_that_many_repairs_of_one_kind_are_one_line():
    names = ["abs", "exp", "sqrt", "square", "sin", "cos"]
    layers = [called(layer("TFOpLambda", f"tf.{name}", function=name), ["a", 0, 0, {}]) for name in names]
    config = functional(start(), *layers, inputs=[["a", 0, 0]], outputs=[[f"tf.{names[-1]}", 0, 0]])
    assert lines(repair_config(config, "2.9.0")) == [
        "TensorFlow's operations become operations of Keras that do the same: 'tf.abs', 'tf.exp', 'tf.sqrt' and 3 more."
    ]
    del config["config"]["layers"][1]
    assert len(lines(repair_config(config, "2.9.0"))) == 5


def test_that_each_kind_of_repair_says_what_proves_it():
    assert PROOFS.keys() == set(typing.get_args(Kind))
    assert set(PROOFS.values()) <= {"", "Keras 3", "NumPy", "tf_keras"}


@pytest.mark.parametrize("version", [None, "", "1.2.2", "2.0.5-tf", "nonsense"])
def test_that_any_version_is_taken(version):
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": [layer("Dense", "d", units=2)]}}
    assert repair_config(config, version).config["config"]["layers"][0]["class_name"] == "Dense"


def test_that_initializers_of_old_names_are_given_todays():
    initializer = {"class_name": "GlorotUniformV1", "config": {"seed": None, "dtype": "float32"}}
    entry = layer("Dense", "dense", units=2, kernel_initializer=initializer)
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": [entry]}}
    repaired = repair_config(config, "2.2.4-tf")
    assert repaired.config["config"]["layers"][0]["config"]["kernel_initializer"] == {
        "class_name": "GlorotUniform",
        "config": {"seed": None},
    }
    assert "GlorotUniformV1 is called GlorotUniform today" in " ".join(lines(repaired))
