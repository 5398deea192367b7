"""Presets, on hand-made trees and on real applications."""

import keras
import pytest

from editor.errors import SelectionError
from editor.keras_model.walk import walk_model
from editor.layers.edits import apply_preset, train_last_layers
from editor.layers.presets import PRESETS, head, last_block, last_layers
from editor.layers.tree import LayerTree
from tests.layers.records import Builder, base_and_head
from tests.models import bare_normalization, frozen_vgg16, small_cnn

BY_KEY = {preset.key: preset for preset in PRESETS}


def tree_of(model):
    return LayerTree(walk_model(model).root)


def trainable(tree):
    """Paths of the layers whose own weights all train."""
    return [node.path for node in tree.walk_layers() if node.weights and tree.state(node) == "trainable"]


def after(tree, key):
    tree.apply(apply_preset(tree, BY_KEY[key]).change)
    return trainable(tree)


@pytest.fixture(scope="module")
def vgg_record():
    return walk_model(frozen_vgg16()).root


def test_that_the_head_is_what_stands_behind_the_backbone(vgg_record):
    assert after(LayerTree(vgg_record), "head") == ["head"]


def test_that_the_head_of_a_flat_model_is_its_last_layer_with_weights():
    assert [node.path for node in head(tree_of(small_cnn()))] == ["dense"]


def test_that_the_last_block_is_found_by_name(vgg_record):
    found = after(LayerTree(vgg_record), "last-block")
    assert found == ["base/block5_conv1", "base/block5_conv2", "base/block5_conv3", "head"]


@pytest.mark.parametrize(
    ("builder", "first", "last"),
    [
        (keras.applications.MobileNetV2, "block_16_expand", "predictions"),
        (keras.applications.ResNet50V2, "conv5_block3_preact_bn", "predictions"),
    ],
)
def test_that_the_last_block_of_applications_begins_where_their_names_say(builder, first, last):
    tree = tree_of(builder(weights=None))
    paths = [node.path for node in last_block(tree) if node.weights]
    assert (paths[0], paths[-1]) == (first, last)


def test_that_names_without_blocks_are_said_so():
    build = Builder()
    with pytest.raises(SelectionError, match="do not tell"):
        last_block(build.model(build.dense("one"), build.dense("two")))


def test_that_a_model_without_weights_has_no_head():
    build = Builder()
    with pytest.raises(SelectionError, match="no layer with weights"):
        head(build.model(build.layer("pool")))


def test_that_the_last_layers_are_counted_by_the_flow(vgg_record):
    tree = LayerTree(vgg_record)
    assert [node.path for node in last_layers(tree, 3)] == ["base/block5_conv2", "base/block5_conv3", "head"]
    tree.apply(train_last_layers(tree, 2).change)
    assert trainable(tree) == ["base/block5_conv3", "head"]
    assert last_layers(tree, 0) == ()
    assert len(last_layers(tree, 99)) == 14


def test_that_normalizations_can_train_alone():
    assert after(tree_of(bare_normalization()), "normalizations") == ["bn"]


def test_that_a_model_without_normalizations_is_said_so():
    build = Builder()
    with pytest.raises(SelectionError, match="no normalization layer"):
        apply_preset(build.model(build.dense("one")), BY_KEY["normalizations"])


def test_that_all_and_none_do_what_they_say():
    tree = base_and_head()
    assert after(tree, "all") == []
    assert tree.account(tree.root).trainable.weights == 0
    assert after(tree, "none") == ["base/conv1", "base/bn", "base/conv2", "head"]


def test_that_planning_leaves_the_tree_as_it_was():
    tree = base_and_head()
    before = tree.freeze_map()
    for preset in (BY_KEY["head"], BY_KEY["all"], BY_KEY["normalizations"]):
        apply_preset(tree, preset)
    assert tree.freeze_map() == before
