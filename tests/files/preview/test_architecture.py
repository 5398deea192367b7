"""Architectures in `.json` files."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import pytest
from keras import layers

from editor.errors import FileError
from editor.files.preview import read_preview
from editor.files.preview.draft_records import all_records
from editor.inspection import inspection, inspection_text
from editor.keras_model.opening import open_model
from editor.keras_model.walk import walk_model
from editor.layers.tree import LayerTree
from tests import models
from tests.old_keras import by_hand
from tests.round_trip import hard_models
from tests.round_trip.parity import compare


def saved(text: str, folder: Path) -> Path:
    path = folder / "model.json"
    path.write_text(text)
    return path


@pytest.mark.parametrize("build", [models.digits_cnn, models.siamese, models.deep_nest, hard_models.bidirectional])
def test_that_it_has_the_weights_that_the_model_will_have(build, tmp_path: Path):
    model = build()
    preview = read_preview(saved(model.to_json(), tmp_path))
    told, live = LayerTree(preview.root), LayerTree(walk_model(keras.models.model_from_json(model.to_json())).root)
    assert preview.facts.format == "json"
    assert len(preview.notes) == 1
    assert "without weights" in preview.notes[0]
    assert told.account(told.root) == live.account(live.root)
    assert [node.path for node in told.walk()] == [node.path for node in live.walk()]


def test_that_weights_that_no_rule_tells_are_left_out(tmp_path: Path):
    model = keras.Sequential([keras.Input((2, 3)), layers.Dense(4), layers.EinsumDense("...x,xy->...y", 5)])
    preview = read_preview(saved(model.to_json(), tmp_path))
    assert [len(child.weights) for child in preview.root.children] == [2, 0]
    assert preview.notes[1] == f"The weights of {model.layers[1].name!r} are not told by the file, and not counted."
    tree = LayerTree(preview.root)
    accounts = [tree.account(node) for node in tree.root.children]
    assert [(account.are_weights_known, account.is_state_known) for account in accounts] == [
        (True, True),
        (False, False),
    ]
    assert not tree.account(tree.root).are_weights_known
    lines = inspection_text(inspection(tree, preview.facts, source="preview", notes=preview.notes)).splitlines()
    assert lines[3].split()[2:] == ["unknown", "unknown", "unknown"]
    assert lines[4].startswith("at least 16 parameters")


def test_that_shapes_are_carried_through_a_graph_of_keras_2(tmp_path: Path):
    tf_keras = pytest.importorskip("tf_keras")
    inputs = tf_keras.Input((8, 8, 3), name="image")
    values = tf_keras.layers.Conv2D(4, 3, strides=2, padding="same", name="conv")(inputs)
    values = tf_keras.layers.BatchNormalization(name="bn")(values)
    values = tf_keras.layers.LSTM(5, name="lstm")(tf_keras.layers.Reshape((16, 4), name="cut")(values))
    model = tf_keras.Model(inputs, tf_keras.layers.Dense(2, name="head")(values))
    preview = read_preview(saved(model.to_json(), tmp_path))
    assert preview.facts.keras_version == tf_keras.__version__
    assert sum(weight.num_parameters for each in all_records(preview.root) for weight in each.weights) == sum(
        weight.shape.num_elements() for weight in model.weights
    )
    assert preview.root.output_shapes == ((None, 2),)


def test_that_arguments_of_keras_1_are_read_under_their_names_of_today(tmp_path: Path):
    steps = [
        by_hand.layer(
            "Convolution2D", "conv", nb_filter=4, nb_row=3, nb_col=2, border_mode="same", subsample=[2, 1], bias=False,
            dim_ordering="th", batch_input_shape=[None, 1, 8, 6],
        ),
        by_hand.layer("MaxPooling2D", "pool", pool_size=[2, 2], strides=[2, 2], border_mode="valid", dim_ordering="th"),
        by_hand.layer("Reshape", "cut", target_shape=[8, 3]),
        by_hand.layer("GRU", "gru", output_dim=5, inner_activation="sigmoid", return_sequences=True),
        by_hand.layer("TimeDistributed", "each", layer=by_hand.layer("Dense", "inner", output_dim=2, bias=True)),
    ]  # fmt: skip
    config = {"class_name": "Sequential", "config": steps, "keras_version": "1.2.2"}
    path = saved(json.dumps(config), tmp_path)
    parity = compare(read_preview(path), walk_model(open_model(path).model).root)
    assert parity.differences == []
    assert set(parity.unknown) <= {"output shape"}


def test_that_other_json_is_refused(tmp_path: Path):
    for text, words in (
        (json.dumps({"class_name": "Sequential"}), "holds no architecture"),
        (json.dumps({"schema": 1, "layers": {}}), "is a freeze map"),
        ("{", "is no JSON"),
    ):
        with pytest.raises(FileError, match=words):
            read_preview(saved(text, tmp_path))
