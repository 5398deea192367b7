from __future__ import annotations

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from editor.errors import FileError, ModelError
from editor.keras_model.exports import export_saved_model, export_weights, map_path_beside
from editor.keras_model.values import weight_digests
from editor.keras_model.walk import walk_model
from editor.layers.freeze_map import FreezeMap
from editor.layers.tree import LayerTree
from tests import models

BUILDERS = pytest.mark.parametrize(
    "builder", [models.composites, models.bare_normalization, models.deep_nest, models.small_cnn, models.after_layers]
)


def opened(builder):
    index = walk_model(models.seeded(builder))
    return index, LayerTree(index.root)


def freeze(tree, *paths):
    tree.apply(tree.plan([tree.find(path) for path in paths], trainable=False))


def every_second(tree):
    for at, weight in enumerate(tree.walk_weights()):
        if at % 2:
            freeze(tree, weight.path)


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


# -- weights for Keras ----------------------------------------------------------------------------------------


@BUILDERS
def test_that_exported_weights_load_into_the_same_architecture(builder, tmp_path):
    index, tree = opened(builder)
    every_second(tree)
    export_weights(index, tree.freeze_map(), tmp_path / "it.weights.h5")
    again = builder()
    again.load_weights(tmp_path / "it.weights.h5")
    assert weight_digests(walk_model(again)) == weight_digests(index)
    assert names_in(tmp_path) == ["it.freeze.json", "it.weights.h5"]
    assert FreezeMap.from_json((tmp_path / "it.freeze.json").read_bytes()) == tree.freeze_map()


def test_that_a_map_that_takes_anothers_place_is_told(tmp_path):
    index, tree = opened(models.digits_cnn)
    for _ in range(2):
        (note,) = export_weights(index, tree.freeze_map(), tmp_path / "it.weights.h5")
        assert note == "What is frozen stands beside it in it.freeze.json."
    freeze(tree, "conv")
    (note,) = export_weights(index, tree.freeze_map(), tmp_path / "it.weights.h5")
    assert note.endswith("in place of another map that was there.")


def test_that_exported_weights_of_lora_are_merged_and_it_is_said(tmp_path):
    index, tree = opened(lambda: keras.Sequential([keras.Input((4,)), layers.Dense(3, name="a")]))
    index.model.layers[0].enable_lora(2)
    index = walk_model(index.model)
    for variable in index.variables:
        variable.assign(np.full(variable.shape, 0.25, "float32"))
    notes = export_weights(index, tree.freeze_map(), tmp_path / "it.weights.h5")
    assert "LoRA" in notes[0]
    plain = keras.Sequential([keras.Input((4,)), layers.Dense(3)])
    plain.load_weights(tmp_path / "it.weights.h5")
    np.testing.assert_allclose(models.outputs_of(plain), models.outputs_of(index.model), rtol=1e-6)


class Silent(layers.Layer):
    """Gives Keras nothing to write."""

    def build(self, input_shape):
        self.shift = self.add_weight(shape=(2,), initializer="zeros", name="shift")
        self.built = True

    def call(self, inputs):
        return inputs + self.shift

    def save_own_variables(self, store):
        pass


def test_that_weights_that_keras_would_leave_out_are_not_lost_silently(tmp_path):
    index, tree = opened(lambda: keras.Sequential([keras.Input((2,)), Silent(name="silent"), layers.Dense(1)]))
    target = tmp_path / "it.weights.h5"
    target.write_bytes(b"what was there")
    with pytest.raises(ModelError, match="'silent'"):
        export_weights(index, tree.freeze_map(), target)
    assert target.read_bytes() == b"what was there"
    assert names_in(tmp_path) == ["it.weights.h5"]


def test_that_weights_need_their_own_ending(tmp_path):
    index, tree = opened(models.siamese)
    with pytest.raises(FileError, match=r"\.weights\.h5"):
        export_weights(index, tree.freeze_map(), tmp_path / "it.h5")
    assert names_in(tmp_path) == []


# -- for serving ----------------------------------------------------------------------------------------------

SERVING_SCRIPT = """
import sys, numpy as np, tensorflow as tf
served = tf.saved_model.load(sys.argv[1])
np.save(sys.argv[3], served.serve(np.load(sys.argv[2])).numpy())
"""


@BUILDERS
def test_that_a_folder_for_serving_gives_the_same_outputs(builder, tmp_path):
    index, tree = opened(builder)
    every_second(tree)
    before = LayerTree(walk_model(index.model).root).freeze_map()
    notes = export_saved_model(index, tree.freeze_map(), tmp_path / "served")
    assert notes == ("What is frozen stands beside it in served.freeze.json.",)
    loaded = tf.saved_model.load(str(tmp_path / "served"))
    inputs = models.sample_inputs(index.model)
    np.testing.assert_allclose(loaded.serve(inputs), index.model(inputs), rtol=1e-4, atol=1e-6)
    assert names_in(tmp_path) == ["served", "served.freeze.json"]
    assert LayerTree(walk_model(index.model).root).freeze_map() == before


def test_that_plain_tensorflow_serves_it(tmp_path):
    index, tree = opened(models.siamese)
    export_saved_model(index, tree.freeze_map(), tmp_path / "served")
    np.save(tmp_path / "x.npy", models.sample_inputs(index.model))
    names = [str(tmp_path / name) for name in ("served", "x.npy", "y.npy")]
    subprocess.run([sys.executable, "-I", "-c", SERVING_SCRIPT, *names], check=True, capture_output=True)
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), models.outputs_of(index.model), rtol=1e-5)


def test_that_inputs_of_several_kinds_and_free_sizes_are_tried(tmp_path):
    def several():
        words = keras.Input((None,), dtype="int32", name="words")
        picture = keras.Input((None, None, 3), name="picture")
        text = layers.GlobalAveragePooling1D()(layers.Embedding(5, 4, name="embed")(words))
        seen = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 9, name="conv")(picture))
        outputs = {"sum": layers.Add()([text, seen]), "text": text}
        return keras.Model({"words": words, "picture": picture}, outputs)

    index, tree = opened(several)
    assert len(export_saved_model(index, tree.freeze_map(), tmp_path / "served")) == 1


def test_that_training_goes_on_after_an_export(tmp_path):
    index, tree = opened(models.bare_normalization)
    index.model.compile("adam", "sparse_categorical_crossentropy")
    x, y = models.sample_inputs(index.model, 8), np.arange(8) % 3
    index.model.fit(x, y, verbose=0)
    iterations = int(index.model.optimizer.iterations)
    export_saved_model(index, tree.freeze_map(), tmp_path / "served")
    index.model.fit(x, y, verbose=0)
    assert int(index.model.optimizer.iterations) == iterations + 1


def test_that_outputs_that_are_never_the_same_are_not_compared_and_it_is_said(tmp_path):
    class Noise(layers.Layer):
        def call(self, inputs):
            return inputs + keras.random.normal((2, 3))

    index, tree = opened(lambda: keras.Sequential([keras.Input((3,)), Noise(), layers.Dense(2)]))
    notes = export_saved_model(index, tree.freeze_map(), tmp_path / "served")
    assert "could not be" in notes[0]


def test_that_a_model_that_cannot_be_exported_leaves_nothing(tmp_path):
    class Trap(layers.Layer):
        def call(self, inputs):
            if not tf.executing_eagerly():
                raise RuntimeError("the trap closed")
            return inputs

        def compute_output_spec(self, inputs):
            return keras.KerasTensor(inputs.shape, inputs.dtype)

    index, tree = opened(lambda: keras.Sequential([keras.Input((3,)), Trap(), layers.Dense(2)]))
    with pytest.raises(ModelError, match="the trap closed"):
        export_saved_model(index, tree.freeze_map(), tmp_path / "served")
    assert names_in(tmp_path) == []


def test_that_a_folder_is_replaced_only_when_told_and_only_an_export(tmp_path):
    index, tree = opened(models.siamese)
    target = tmp_path / "served"
    export_saved_model(index, tree.freeze_map(), target)
    with pytest.raises(FileError, match="there already"):
        export_saved_model(index, tree.freeze_map(), target)
    (target / "old").touch()
    export_saved_model(index, tree.freeze_map(), target, replace=True)
    assert not (target / "old").exists()
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").touch()
    with pytest.raises(FileError, match="nothing that was exported"):
        export_saved_model(index, tree.freeze_map(), mine, replace=True)
    assert names_in(mine) == ["thesis.txt"]
    assert names_in(tmp_path) == ["mine", "served", "served.freeze.json"]


@pytest.mark.parametrize(
    ("name", "beside"),
    [("a.weights.h5", "a.freeze.json"), ("served", "served.freeze.json"), ("v1.2", "v1.2.freeze.json")],
)
def test_that_the_map_beside_a_file_has_its_name(name, beside, tmp_path):
    assert map_path_beside(tmp_path / name) == tmp_path / beside
