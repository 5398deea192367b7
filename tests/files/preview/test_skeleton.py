"""Configurations of all versions of Keras become the tree that Keras 3 would make of them."""

from __future__ import annotations

import copy
from typing import Any

import keras
import pytest
from keras import layers
from keras.src.saving.serialization_lib import ObjectSharingScope

from editor.errors import FileError
from editor.files.preview.draft_records import all_records, records
from editor.files.preview.drafts import Variable
from editor.files.preview.skeleton import draft_of
from editor.keras_model.walk import walk_model
from editor.layers.records import LayerRecord
from tests import models
from tests.round_trip import hard_models

Config = dict[str, Any]


def config_of(model: keras.Model) -> Config:
    return keras.saving.serialize_keras_object(model)


def places(root: LayerRecord) -> list[tuple[str, str, str, int, tuple[int, ...]]]:
    return [(each.name, each.store, each.class_name, each.layer_id, each.takes_from) for each in all_records(root)]


def test_that_the_order_of_a_graph_is_that_of_keras_however_it_is_written():
    config = config_of(hard_models.two_input_siamese())
    config["config"]["layers"].reverse()
    loaded = keras.saving.deserialize_keras_object(copy.deepcopy(config))
    assert places(records(draft_of(config))) == places(walk_model(loaded).root)


def test_that_a_graph_that_is_not_whole_keeps_the_order_that_is_written():
    config = config_of(hard_models.two_input_siamese())
    config["config"]["output_layers"] = [["gone", 0, 0]]
    names = [entry["name"] for entry in config["config"]["layers"]]
    assert [part.name for part in draft_of(config).parts] == names


def test_that_bare_operations_hand_on_what_they_take():
    inputs = keras.Input((4,), name="values")
    first, second = layers.Dense(4, name="first")(inputs), layers.Dense(4, name="second")(inputs)
    model = keras.Model(inputs, layers.Dense(2, name="head")(keras.ops.relu(first + second) * 2.0))
    root = records(draft_of(config_of(model)))
    assert [child.name for child in root.children] == ["values", "first", "second", "head"]
    assert places(root)[1:] == places(walk_model(model).root)[1:]


def test_that_a_layer_in_two_submodels_is_one():
    config = config_of(models.shared_twice())
    for submodel in config["config"]["layers"][1:3]:
        submodel["config"]["layers"][1]["shared_object_id"] = 7
    with ObjectSharingScope():
        loaded = keras.saving.deserialize_keras_object(copy.deepcopy(config))
    root = records(draft_of(config))
    assert len({each.layer_id for each in all_records(root) if each.name == "shared"}) == 1
    assert places(root) == places(walk_model(loaded).root)


def test_that_a_sequential_of_keras_1_has_a_list_of_layers():
    dense = {"class_name": "Dense", "config": {"name": "dense_1", "trainable": False, "output_dim": 3}}
    bias = {"class_name": "Convolution2D", "config": {"name": "conv", "trainable": True}}
    root = records(draft_of({"class_name": "Sequential", "config": [bias, dense]}))
    assert [(child.name, child.class_name, child.store) for child in root.children] == [
        ("conv", "Conv2D", "layers/conv2d"),
        ("dense_1", "Dense", "layers/dense"),
    ]
    assert [child.is_flag_set for child in root.children] == [True, False]


def test_that_a_graph_of_keras_2_tells_calls_and_their_training():
    def entry(class_name: str, name: str, *nodes: list[Any], **settings: Any) -> Config:
        config = {"name": name, "trainable": True, **settings}
        return {"class_name": class_name, "name": name, "config": config, "inbound_nodes": list(nodes)}

    entries = [
        entry("InputLayer", "in", batch_input_shape=[None, 4]),
        entry("Dropout", "drop", [["in", 0, 0, {"training": True}]], rate=0.1),
        entry("Dense", "dense", [["drop", 0, 0, {}]], [["in", 0, 0, {}]], units=4),
        entry("Add", "add", [["dense", 0, 0, {}], ["dense", 1, 0, {}]]),
    ]
    settings = {"name": "model_1", "layers": entries, "input_layers": [["in", 0, 0]], "output_layers": [["add", 0, 0]]}
    root = records(draft_of({"class_name": "Model", "config": settings}))
    assert root.class_name == "Functional"
    flow = {child.name: (child.takes_from, child.fixed_training) for child in root.children}
    assert flow == {"in": ((), None), "drop": ((1,), True), "dense": ((2, 1), None), "add": ((3,), None)}
    # What is a bare operation today is none of its layers, and a Merge of Keras 1 is what does its work.
    settings["layers"] = [
        *entries[:3],
        entry("TFOpLambda", "tf.abs", [["dense", 0, 0, {}]], function="math.abs"),
        entry("Merge", "add", [["tf.abs", 0, 0, {}], ["dense", 1, 0, {}]], mode="sum"),
    ]
    root = records(draft_of({"class_name": "Model", "config": settings}))
    shown = [(child.name, child.store, child.takes_from) for child in root.children]
    assert shown[3:] == [("add", "layers/add", (3,))]


def test_that_inputs_are_in_the_order_of_keras_3_where_a_model_inside_is_called_twice():
    """Keras 2 counted the call by which a model was made, too."""

    def entry(class_name: str, name: str, config: Config, *sources: Any) -> Config:
        config = {"name": name, **config}
        return {"class_name": class_name, "name": name, "config": config, "inbound_nodes": [[each] for each in sources]}

    ends = {"input_layers": [["b", 0, 0], ["a", 0, 0]], "output_layers": [["sum", 0, 0]]}
    inner = {"layers": [entry("InputLayer", "in", {})], "input_layers": [["in", 0, 0]], "output_layers": [["in", 0, 0]]}
    entries = [
        entry("InputLayer", "a", {}),
        entry("InputLayer", "b", {}),
        entry("Functional", "inner", inner, ["a", 0, 0, {}], ["b", 0, 0, {}]),
        {**entry("Add", "sum", {}), "inbound_nodes": [[["inner", 2, 0, {}], ["inner", 1, 0, {}]]]},
    ]
    root = records(draft_of({"class_name": "Functional", "config": {"name": "m", "layers": entries, **ends}}))
    assert [child.name for child in root.children] == ["b", "a", "inner", "sum"]


def test_that_a_class_of_somebody_else_is_not_taken_for_keras_s():
    settings = {"name": "dense", "units": 3, "use_bias": True}
    for place in ({"module": "my_layers"}, {"class_name": "my_package>Dense"}):
        draft = draft_of({"class_name": "Dense", "config": settings, **place})
        draft.variables = [Variable((4, 3), "float32")]
        root = records(draft)
        assert root.class_name == "Dense"
        assert not draft.is_keras
        assert [(weight.name, weight.is_name_known) for weight in root.weights] == [("0", False)]


def test_that_a_namesake_of_a_class_of_keras_has_not_its_insides():
    draft = draft_of({"class_name": "MultiHeadAttention", "config": {"name": "heads", "d_model": 8, "n_heads": 2}})
    assert not draft.is_keras
    assert draft.parts == []


def test_that_a_layer_without_a_name_has_its_key():
    root = records(draft_of(config_of(hard_models.nameless())))
    assert [(child.name, child.is_name_known) for child in root.children] == [
        ("nameless", False),
        ("nameless_1", False),
        ("nameless_2", False),
        ("head", True),
    ]


def test_that_what_is_no_model_is_refused():
    for config in ({}, {"class_name": 3, "config": {}}, {"class_name": "Sequential"}):
        with pytest.raises(FileError, match="names no class and settings"):
            draft_of(config)
