from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from keras import layers

from editor.errors import FileError, ModelError
from editor.files.keras_archive import read_freeze_map
from editor.files.options import OpenOptions
from editor.keras_model.flags import apply_tree, tree_with_map
from editor.keras_model.h5_saving import is_h5
from editor.keras_model.loading import load_model
from editor.keras_model.saving import save_model
from editor.keras_model.values import weight_values
from editor.keras_model.walk import walk_model
from editor.layers.accounts import StatisticsMode
from editor.layers.tree import LayerTree
from tests import models

MODELS_FILE = Path(models.__file__)
CASES = Path(__file__).parent.parent / "cases"


def opened(builder):
    index = walk_model(models.seeded(builder))
    return index, LayerTree(index.root)


def freeze(tree, *paths, trainable=False):
    tree.apply(tree.plan([tree.find(path) for path in paths], trainable=trainable))


def save(index, tree, path, custom_code=MODELS_FILE):
    return save_model(index, tree.freeze_map(), path, options=OpenOptions.of_code(custom_code))


def states(tree):
    return [tree.state(node) for node in tree.walk_weights()], [tree.statistics_mode(it) for it in tree.walk_layers()]


def every_second(tree):
    for at, weight in enumerate(tree.walk_weights()):
        if at % 2:
            freeze(tree, weight.path)


def thawed_child(tree):
    freeze(tree, "outer")
    freeze(tree, "outer/middle/wrap/core/dense", trainable=True)


def still_statistics_under_training_gamma(tree):
    bn = next(layer for layer in tree.walk_layers() if layer.path == "bn")
    tree.apply(tree.change_to({}, {bn.record.layer_id: StatisticsMode.STILL}))
    freeze(tree, "middle")


STATES = [
    pytest.param(models.digits_cnn, lambda tree: freeze(tree, "conv"), id="leaf"),
    pytest.param(models.deep_nest, lambda tree: freeze(tree, "outer/middle/wrap"), id="container"),
    pytest.param(models.deep_nest, thawed_child, id="thawed-child-under-frozen-parent"),
    pytest.param(models.composites, lambda tree: freeze(tree, "mha/query_dense"), id="inside-attention"),
    pytest.param(models.composites, lambda tree: freeze(tree, "mha", "both"), id="whole-attention"),
    pytest.param(models.composites, lambda tree: freeze(tree, "composite/_hidden"), id="inside-composite"),
    pytest.param(models.composites, every_second, id="single-weights"),
    pytest.param(models.bare_normalization, still_statistics_under_training_gamma, id="statistics-bits"),
    pytest.param(models.siamese, lambda tree: freeze(tree, "tower/bn:gamma"), id="shared"),
    pytest.param(models.spectral, lambda tree: freeze(tree, "spectral"), id="wrapper"),
]


def with_a_mask():
    """Keras makes an operation of the mask: `NotEqual`."""
    words = keras.Input((5,), dtype="int32")
    inner = keras.Model(words, layers.LSTM(2)(layers.Embedding(9, 3, mask_zero=True)(words)))
    return keras.Sequential([keras.Input((5,), dtype="int32"), inner, layers.Dense(2)])


def with_operations():
    numbers = keras.Input((4,), name="numbers")
    return keras.Model(numbers, keras.ops.reshape(layers.Dense(4)(numbers) + 1.0, (-1, 2, 2)))


def with_attention():
    words = keras.Input((5, 4), name="words")
    return keras.Model(words, layers.Attention(name="attention")([words, words]))


@pytest.mark.parametrize(
    ("builder", "words"),
    [
        (with_a_mask, r"as \.h5: 'not_equal\w*' \(NotEqual\) is an operation, which Keras does not find again"),
        (with_operations, r"as \.h5: 'add\w*' \(Add\) and 1 more in its graph are operations, which"),
        (with_attention, r"as \.h5: Keras reads the 'score_mode' of the Attention 'attention' wrongly"),
    ],
)
def test_that_what_keras_does_not_read_back_is_refused_beforehand(tmp_path, builder, words):
    index, tree = opened(builder)
    with pytest.raises(ModelError, match=words) as caught:
        save(index, tree, tmp_path / "operations.h5", custom_code=None)
    assert caught.value.hint.startswith("Save it as .keras instead.")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("builder", "edit"), STATES)
def test_that_an_h5_file_reloads_right_whatever_is_frozen(builder, edit, tmp_path):
    path = tmp_path / "saved.h5"
    index, tree = opened(builder)
    edit(tree)
    before = LayerTree(walk_model(index.model).root).freeze_map()
    save(index, tree, path)
    plain = keras.saving.load_model(path, compile=False)
    np.testing.assert_array_equal(models.outputs_of(plain), models.outputs_of(index.model))
    again = walk_model(plain)
    assert [it.tobytes() for it in weight_values(again)] == [it.tobytes() for it in weight_values(index)]
    again_tree = tree_with_map(again, read_freeze_map(path))
    apply_tree(again, again_tree)
    assert states(again_tree) == states(tree)
    assert LayerTree(walk_model(index.model).root).freeze_map() == before
    assert [file.name for file in tmp_path.iterdir()] == ["saved.h5"]


# -- proof without our code -----------------------------------------------------------------------------------

PLAIN_SCRIPT = """
import sys, keras, numpy as np
model = keras.saving.load_model(sys.argv[1])
np.save(sys.argv[3], model(np.load(sys.argv[2])).numpy())
print(sorted(weight.path for weight in model.trainable_weights))
"""


def test_that_a_python_without_this_project_gets_the_same_outputs(tmp_path):
    index, tree = opened(
        lambda: keras.Sequential(
            [
                keras.Input((6, 8)),
                layers.Bidirectional(layers.GRU(8, return_sequences=True), name="both"),
                layers.TimeDistributed(layers.Dense(16, name="inner"), name="each"),
                layers.Dense(16, name="head"),
            ]
        )
    )
    freeze(tree, "both/forward_layer", "each/layer:kernel")
    save(index, tree, tmp_path / "saved.h5", custom_code=None)
    np.save(tmp_path / "x.npy", models.sample_inputs(index.model))
    names = [str(tmp_path / name) for name in ("saved.h5", "x.npy", "y.npy")]
    # -I: neither the folder of this project nor PYTHONPATH.
    subprocess.run([sys.executable, "-I", "-c", PLAIN_SCRIPT, *names], check=True, capture_output=True, cwd=tmp_path)
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), models.outputs_of(index.model), rtol=1e-6)


# -- what is hard about the format ----------------------------------------------------------------------------


def test_that_weights_of_equal_paths_do_not_stop_the_writer(tmp_path):
    def twins():
        def twin(name):
            inputs = keras.Input((4,))
            return keras.Model(inputs, layers.Dense(4, name="d1")(inputs), name=name)

        inputs = keras.Input((4,))
        inner = keras.Model(inputs, twin("right")(twin("left")(inputs)), name="inner")
        return keras.Sequential([keras.Input((4,)), inner, layers.Dense(2, name="head")])

    index, tree = opened(twins)
    freeze(tree, "inner/right/d1")
    path = tmp_path / "saved.h5"
    with pytest.raises(ValueError, match="name already exists"):
        index.model.save(tmp_path / "plain.h5")
    save(index, tree, path, custom_code=None)
    again = keras.saving.load_model(path)
    np.testing.assert_array_equal(models.outputs_of(again), models.outputs_of(index.model))
    assert again.get_layer("inner").get_layer("left").trainable
    assert not again.get_layer("inner").get_layer("right").get_layer("d1").trainable


def test_that_a_registered_model_class_is_found_by_its_name(tmp_path):
    """Keras writes the bare name of the model's class, and does not know it again."""
    index, tree = opened(lambda: models.Registered(3))
    freeze(tree, "mha/query_dense")
    index.model.save(tmp_path / "plain.h5")
    with pytest.raises(ValueError, match="Unknown layer: 'Registered'"):
        keras.saving.load_model(tmp_path / "plain.h5")
    save(index, tree, tmp_path / "saved.h5")
    again = keras.saving.load_model(tmp_path / "saved.h5")
    assert type(again) is models.Registered
    np.testing.assert_array_equal(models.outputs_of(again), models.outputs_of(index.model))


def test_that_weights_of_a_dtype_that_comes_back_as_nothing_are_refused(tmp_path):
    index, tree = opened(lambda: keras.Sequential([keras.Input((3,)), layers.Dense(2, dtype="bfloat16")]))
    with pytest.raises(ModelError, match="bfloat16"):
        save(index, tree, tmp_path / "saved.h5", custom_code=None)
    assert list(tmp_path.iterdir()) == []


def test_that_lora_is_kept_as_it_is(tmp_path):
    def adapted():
        model = keras.Sequential([keras.Input((4,)), layers.Dense(5, name="a"), layers.Dense(5, name="b")])
        model.layers[0].enable_lora(2)
        return model

    index, tree = opened(adapted)
    freeze(tree, "a:bias")
    save(index, tree, tmp_path / "saved.h5", custom_code=None)
    again = walk_model(keras.saving.load_model(tmp_path / "saved.h5"))
    assert [it.tobytes() for it in weight_values(again)] == [it.tobytes() for it in weight_values(index)]


def test_that_the_weights_that_plain_keras_forgets_are_named(tmp_path):
    index, tree = opened(models.composites)
    freeze(tree, "mha/query_dense", "head")
    assert save(index, tree, tmp_path / "saved.h5").forgotten == ("mha/query_dense:kernel", "mha/query_dense:bias")


def test_that_the_map_in_the_file_brings_the_flags_back(tmp_path):
    index, tree = opened(models.deep_nest)
    thawed_child(tree)
    save(index, tree, tmp_path / "saved.h5", custom_code=None)
    again = walk_model(load_model(tmp_path / "saved.h5"))
    assert states(tree_with_map(again, read_freeze_map(tmp_path / "saved.h5"))) == states(tree)
    with h5py.File(tmp_path / "saved.h5") as file:
        assert "frostline_freeze_map" in file.attrs
        assert "optimizer_weights" not in file


# -- what such a file cannot hold -----------------------------------------------------------------------------


class Forgetful(layers.Layer):
    """Has an argument that its configuration leaves out."""

    def __init__(self, units=2, **settings):
        super().__init__(**settings)
        self.dense = layers.Dense(units)

    def build(self, input_shape):
        self.dense.build(input_shape)
        self.built = True

    def call(self, inputs):
        return self.dense(inputs)

    def get_config(self):
        return {"name": self.name}


class Unwritable(layers.Layer):
    def call(self, inputs):
        return inputs

    def get_config(self):
        raise RuntimeError("no configuration today")


def holding(layer):
    return lambda: keras.Sequential([keras.Input((2,)), layer, layers.Dense(1)])


@pytest.mark.parametrize(
    ("builder", "reason"),
    [
        (models.small_cnn, "SmallCNN is a subclassed model"),
        (models.after_layers, "AfterLayers is a subclassed model"),
        (models.shared_twice, "'first/shared' also stands at 'second/shared'"),
        (lambda: holding(Forgetful(5))(), "with other weights"),
        (lambda: holding(Unwritable())(), "no configuration today"),
    ],
    ids=["subclassed", "subclassed-with-own-build", "two-submodels", "changed-shape", "no-config"],
)
def test_that_a_model_that_an_h5_file_cannot_hold_is_refused_with_the_reason(builder, reason, tmp_path):
    path = tmp_path / "saved.h5"
    path.write_bytes(b"what was there")
    index, tree = opened(builder)
    custom = {"SmallCNN": models.SmallCNN, "Forgetful": Forgetful, "Unwritable": Unwritable}
    with pytest.raises(ModelError, match=r"cannot be saved as \.h5") as caught:
        save_model(index, tree.freeze_map(), path, custom_objects=custom, options=OpenOptions.of_code(MODELS_FILE))
    assert reason in caught.value.summary
    assert ".keras" in caught.value.hint
    assert path.read_bytes() == b"what was there"
    assert [file.name for file in tmp_path.iterdir()] == ["saved.h5"]


def test_that_a_file_that_a_new_process_cannot_open_is_refused(tmp_path):
    """The class is known here and nowhere else."""
    index, tree = opened(models.composites)
    path = tmp_path / "saved.h5"
    path.write_bytes(b"what was there")
    with pytest.raises(ModelError, match=r"needs the class 'frostline_tests>Composite'") as caught:
        save(index, tree, path, custom_code=None)
    assert ".tmp" not in caught.value.summary
    assert path.read_bytes() == b"what was there"


def test_that_a_weights_only_name_is_no_target_of_a_full_save(tmp_path):
    index, tree = opened(models.siamese)
    assert not is_h5(tmp_path / "it.weights.h5")
    with pytest.raises(FileError, match=r"it\.keras"):
        save(index, tree, tmp_path / "it.weights.h5")


def test_that_the_longer_suffix_works_too(tmp_path):
    index, tree = opened(models.siamese)
    freeze(tree, "tower")
    save(index, tree, tmp_path / "saved.hdf5", custom_code=None)
    assert not keras.saving.load_model(tmp_path / "saved.hdf5").get_layer("tower").trainable_variables
