from __future__ import annotations

import h5py
import keras
import numpy as np
import pytest
from keras import layers

from editor.errors import FileError, ModelError
from editor.files.trained_weights_file import look_through, read_trained_weights
from editor.keras_model.flags import apply_tree, tree_with_map
from editor.keras_model.loading import load_model
from editor.keras_model.saving import save_model
from editor.keras_model.trained_weights import apply_trained_weights, export_trained_weights
from editor.keras_model.values import weight_digests
from editor.keras_model.walk import walk_model
from editor.layers.accounts import StatisticsMode
from editor.layers.tree import LayerTree
from tests import models
from tests.cases.small_cnn import SmallCNN

CUSTOM = {"SmallCNN": SmallCNN}


class Document:
    """A model file that was opened, as the engine has it."""

    def __init__(self, path):
        self.index = walk_model(load_model(path, CUSTOM))
        self.opened = weight_digests(self.index)
        self.tree = LayerTree(self.index.root)

    def freeze(self, *paths, trainable=False):
        self.tree.apply(self.tree.plan([self.tree.find(path) for path in paths], trainable=trainable))

    def train(self):
        apply_tree(self.index, self.tree)
        model = self.index.model
        x = models.sample_inputs(model, 8)
        model.compile("sgd", "mse")
        model.fit(x, np.ones_like(model(x)), epochs=2, verbose=0)

    def export(self, target):
        return export_trained_weights(self.index, self.tree.freeze_map(), target, opened=self.opened)

    def save(self, target):
        save_model(self.index, self.tree.freeze_map(), target, custom_objects=CUSTOM)


def original(builder, folder):
    path = folder / "original.keras"
    models.seeded(builder).save(path)
    return path


def only_head(document):
    document.freeze("")
    document.freeze("head", trainable=True)
    document.train()


def frozen_since(document):
    """Trained in an earlier run and frozen since."""
    document.train()
    document.freeze("dense", "bn")
    document.train()


def still_statistics(document):
    layer = document.tree.find("bn")
    document.tree.apply(document.tree.change_to({}, {layer.record.layer_id: StatisticsMode.STILL}))
    document.freeze("middle:kernel")
    document.train()


def moving_statistics_under_frozen_gamma(document):
    document.freeze("")
    layer = document.tree.find("bn")
    document.tree.apply(document.tree.change_to({}, {layer.record.layer_id: StatisticsMode.UPDATE}))
    document.freeze("head:bias", trainable=True)
    document.train()


def inside_composites(document):
    document.freeze("mha", "composite/_hidden", "both/forward_layer")
    document.freeze("mha/query_dense:bias", trainable=True)
    document.train()


def inside_a_subclassed_model(document):
    document.freeze("entry", "stack/1:kernel")
    document.train()


def nothing_trained(_document):
    """The export holds what is trainable all the same."""


CASES = [
    (models.bare_normalization, only_head),
    (models.bare_normalization, frozen_since),
    (models.bare_normalization, still_statistics),
    (models.bare_normalization, moving_statistics_under_frozen_gamma),
    (models.composites, inside_composites),
    (models.after_layers, inside_a_subclassed_model),
    (models.spectral, nothing_trained),
]


@pytest.mark.parametrize(("builder", "edit"), CASES, ids=lambda it: it.__name__)
def test_that_original_and_export_are_the_saved_model_bit_for_bit(builder, edit, tmp_path):
    path = original(builder, tmp_path)
    document = Document(path)
    edit(document)
    document.export(tmp_path / "it.trained.h5")
    document.save(tmp_path / "saved.keras")
    again = Document(path)
    freeze_map = apply_trained_weights(again.index, read_trained_weights(tmp_path / "it.trained.h5"))
    saved = Document(tmp_path / "saved.keras")
    assert weight_digests(again.index) == weight_digests(saved.index) == weight_digests(document.index)
    tree = tree_with_map(again.index, freeze_map)
    assert [tree.state(node) for node in tree.walk_weights()] == [
        document.tree.state(node) for node in document.tree.walk_weights()
    ]
    assert [tree.statistics_mode(it) for it in tree.walk_layers()] == [
        document.tree.statistics_mode(it) for it in document.tree.walk_layers()
    ]


def paths_in(path):
    return {key.path for key, _ in read_trained_weights(path).weights}


def test_that_the_file_holds_the_trained_weights_only_by_their_paths(tmp_path):
    document = Document(original(models.bare_normalization, tmp_path))
    only_head(document)
    target = tmp_path / "it.trained.h5"
    assert document.export(target) == ("2 of 12 weights are in the file.",)
    with h5py.File(target) as file:
        kernel = file["weights/head:kernel"]
        assert kernel.attrs["store"] == "layers/dense_2"
        np.testing.assert_array_equal(kernel[()], document.index.model.get_layer("head").kernel.numpy())
        assert list(file["weights"]) == ["head:bias", "head:kernel"]
    assert read_trained_weights(target).freeze_map == document.tree.freeze_map()


def test_that_statistics_belong_to_the_trained_weights_while_they_update(tmp_path):
    document = Document(original(models.bare_normalization, tmp_path))
    document.freeze("")
    document.tree.apply(document.tree.change_to({}, {document.tree.find("bn").record.layer_id: StatisticsMode.UPDATE}))
    document.export(tmp_path / "it.trained.h5")
    assert paths_in(tmp_path / "it.trained.h5") == {"bn:moving_mean", "bn:moving_variance"}


def test_that_there_must_be_something_to_export(tmp_path):
    document = Document(original(models.bare_normalization, tmp_path))
    document.freeze("")
    with pytest.raises(ModelError, match="no trained weights"):
        document.export(tmp_path / "it.trained.h5")
    assert not (tmp_path / "it.trained.h5").exists()


@pytest.mark.parametrize("name", ["it.weights.h5", "it.keras", "nowhere/it.h5"])
def test_that_a_name_that_says_something_else_is_refused(name, tmp_path):
    document = Document(original(models.siamese, tmp_path))
    with pytest.raises(FileError):
        document.export(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["original.keras"]


def test_that_weights_of_dtypes_that_hdf5_does_not_know_survive(tmp_path):
    def mixed():
        return keras.Sequential([keras.Input((3,)), layers.Dense(2, dtype="bfloat16", name="half"), layers.Dense(1)])

    document = Document(original(mixed, tmp_path))
    document.freeze("half:bias")
    document.train()
    document.export(tmp_path / "it.trained.h5")
    again = Document(tmp_path / "original.keras")
    apply_trained_weights(again.index, read_trained_weights(tmp_path / "it.trained.h5"))
    assert weight_digests(again.index) == weight_digests(document.index)


# -- what does not fit ----------------------------------------------------------------------------------------


def dense_stack(*units, names=None):
    names = names or [f"d{at}" for at in range(len(units))]
    return keras.Sequential(
        [keras.Input((4,)), *(layers.Dense(size, name=name) for size, name in zip(units, names, strict=True))]
    )


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (lambda: dense_stack(4, 5), ["d1:kernel is float32 (4, 4)", "(4, 5) in the model"]),
        (lambda: dense_stack(4), ["the model has no d1:kernel"]),
        (lambda: dense_stack(4, 4, 4), ["d2:kernel is not known to the file"]),
    ],
    ids=["another-shape", "a-layer-less", "a-layer-more"],
)
def test_that_weights_of_another_model_are_refused_by_name_and_change_nothing(other, words, tmp_path):
    document = Document(original(lambda: dense_stack(4, 4), tmp_path))
    document.freeze("d0")
    document.train()
    document.export(tmp_path / "it.trained.h5")
    index = walk_model(models.seeded(other))
    before = weight_digests(index)
    with pytest.raises(FileError, match="do not fit") as caught:
        apply_trained_weights(index, read_trained_weights(tmp_path / "it.trained.h5"))
    assert all(word in caught.value.details for word in words)
    assert weight_digests(index) == before


def test_that_another_state_of_the_frozen_rest_is_refused(tmp_path):
    document = Document(original(lambda: dense_stack(4, 4), tmp_path))
    document.freeze("d0")
    document.train()
    document.export(tmp_path / "it.trained.h5")
    other = Document(tmp_path / "original.keras")
    other.index.variables[0].assign(other.index.variables[0] + 1e-6)
    before = weight_digests(other.index)
    with pytest.raises(FileError, match="d0:kernel is not as it was"):
        apply_trained_weights(other.index, read_trained_weights(tmp_path / "it.trained.h5"))
    assert weight_digests(other.index) == before


def test_that_a_layer_that_was_renamed_is_found_by_its_store_key(tmp_path):
    document = Document(original(lambda: dense_stack(4, 4), tmp_path))
    document.train()
    document.export(tmp_path / "it.trained.h5")
    renamed = walk_model(models.seeded(lambda: dense_stack(4, 4, names=["first", "second"])))
    freeze_map = apply_trained_weights(renamed, read_trained_weights(tmp_path / "it.trained.h5"))
    assert weight_digests(renamed) == weight_digests(document.index)
    assert set(freeze_map.layers) == {"first", "second"}


# -- files that are not to be trusted -------------------------------------------------------------------------


@pytest.fixture
def exported(tmp_path):
    document = Document(original(lambda: dense_stack(4, 4), tmp_path))
    document.export(tmp_path / "it.trained.h5")
    return tmp_path / "it.trained.h5"


def replace_bias(path, make):
    with h5py.File(path, "r+") as file:
        group = file["weights"]
        attributes = dict(group["d1:bias"].attrs)
        del group["d1:bias"]
        made = make(group)
        if made is not None:
            made.attrs.update(attributes)


def linked_elsewhere(group):
    group["d1:bias"] = h5py.ExternalLink("/etc/hostname.h5", "x")


def bytes_of_another_file(group):
    return group.create_dataset("d1:bias", (4,), "f4", external=[("/etc/passwd", 0, 16)])


def bomb(group):
    return group.create_dataset("d1:bias", (1 << 40,), "f4", chunks=(1 << 20,), compression="gzip", fillvalue=1)


def never_written(group):
    return group.create_dataset("d1:bias", (1 << 40,), "f4")


def no_numbers(group):
    return group.create_dataset("d1:bias", data=np.array([b"text"]))


@pytest.mark.parametrize("make", [bytes_of_another_file, bomb, never_written, no_numbers], ids=lambda it: it.__name__)
def test_that_a_dataset_that_is_not_plain_is_not_read(exported, make):
    replace_bias(exported, make)
    for reader in (read_trained_weights, look_through):
        with pytest.raises(FileError, match="damaged"):
            reader(exported)


def test_that_links_are_not_followed(exported):
    replace_bias(exported, linked_elsewhere)
    assert {key.path for key, _ in read_trained_weights(exported).weights} == {"d0:kernel", "d0:bias", "d1:kernel"}
    index = walk_model(models.seeded(lambda: dense_stack(4, 4)))
    with pytest.raises(FileError, match="d1:bias is not known to the file"):
        apply_trained_weights(index, read_trained_weights(exported))


def test_that_a_file_of_another_kind_is_told_apart(tmp_path):
    models.seeded(models.siamese).save(tmp_path / "whole.h5")
    (tmp_path / "text.h5").write_text("no HDF5")
    for name in ("whole.h5", "text.h5"):
        with pytest.raises(FileError, match="holds no trained weights"):
            read_trained_weights(tmp_path / name)
    with pytest.raises(FileError, match="There is no file"):
        read_trained_weights(tmp_path / "gone.h5")


def test_that_a_cut_file_and_a_newer_one_are_told(exported):
    with h5py.File(exported, "r+") as file:
        file.attrs["frostline_trained_weights"] = 2
    with pytest.raises(FileError, match="newer version"):
        read_trained_weights(exported)
    exported.write_bytes(exported.read_bytes()[:-100])
    with pytest.raises(FileError, match="cut short"):
        read_trained_weights(exported)
