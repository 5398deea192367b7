from __future__ import annotations

import random
import warnings

import keras
import numpy as np
import pytest

from editor import restore_freeze
from editor.errors import FileError, FreezeMapError
from editor.files.keras_archive import add_freeze_map
from editor.keras_model.saving import save_model
from editor.keras_model.walk import walk_model
from editor.layers.freeze_map import FreezeMap, LayerFlags
from editor.layers.tree import LayerTree
from tests import models
from tests.cases.block_stack import BlockStack, block_stack, renamed
from tests.cases.small_cnn import SmallCNN

CUSTOM = {"SmallCNN": SmallCNN, "BlockStack": BlockStack}
SAVED_BUILDERS = (*(each for each in models.SMALL_BUILDERS if each is not models.shared_twice), block_stack, renamed)


def saved(builder, path, *, seed=0):
    """A file with any flags, and the tree of them."""
    model = builder()
    index = walk_model(model)
    tree = LayerTree(index.root)
    source = random.Random(seed)
    for weight in tree.walk_weights():
        tree.apply(tree.plan([weight], trainable=source.random() < 0.5))
    save_model(index, tree.freeze_map(), path, custom_objects=CUSTOM)
    return tree


def loaded(path, **settings):
    return keras.saving.load_model(path, CUSTOM, **settings)


def frozen_names(model):
    trained = {id(variable) for variable in model.trainable_variables}
    return sorted("/".join(variable.path.split("/")[-2:]) for variable in model.weights if id(variable) not in trained)


def states(tree):
    return [(flags.store, flags.weights, flags.statistics) for flags in tree.freeze_map().layers.values()]


@pytest.mark.parametrize("builder", SAVED_BUILDERS, ids=lambda builder: builder.__name__)
def test_that_every_flag_of_a_saved_file_is_restored(tmp_path, builder):
    path = tmp_path / "model.keras"
    tree = saved(builder, path)
    model = loaded(path)
    report = restore_freeze(model, path)
    assert states(LayerTree(walk_model(model).root)) == states(tree)
    account = tree.account(tree.root)
    assert (report.num_frozen, report.num_trainable) == (account.frozen.weights, account.trainable.weights)
    assert len(model.trainable_variables) == report.num_trainable
    assert not report.missed
    assert not report.uncovered


def test_that_a_path_may_be_text_and_the_file_an_h5(tmp_path):
    path = tmp_path / "model.h5"
    model = models.digits_cnn()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras calls the format legacy
        model.save(path)
    tree = LayerTree(walk_model(model).root)
    tree.apply(tree.plan([tree.find("conv:bias")], trainable=False))
    add_freeze_map(path, tree.freeze_map())
    reloaded = loaded(str(path), compile=False)
    restore_freeze(reloaded, str(path))
    assert frozen_names(reloaded) == ["conv/bias"]


def test_that_a_map_beside_fits_by_path_where_all_paths_are_known(tmp_path):
    """Store keys count layers of a class; in another model of the same names they may be another's."""
    beside = tmp_path / "model.freeze.json"
    flags = {"weights": {"kernel": "frozen", "bias": "frozen"}}
    a_map = FreezeMap(layers={"second": LayerFlags(store="layers/dense", class_name="Dense", **flags)})
    beside.write_bytes(a_map.to_json())
    layers = [keras.Input((3,)), keras.layers.Dense(3, name="first"), keras.layers.Dense(3, name="second")]
    for path in (beside, tmp_path / "model.weights.h5"):
        model = keras.Sequential(layers)
        report = restore_freeze(model, path)
        assert frozen_names(model) == ["second/bias", "second/kernel"]
        assert report.uncovered == ("first",)


def test_that_what_does_not_fit_is_told_and_the_rest_applied(tmp_path):
    path = tmp_path / "some.freeze.json"
    flags = {"kernel": "frozen", "scale": "frozen"}
    layers = {name: LayerFlags(store="", class_name="Conv2D", weights=flags) for name in ("conv", "gone")}
    path.write_bytes(FreezeMap(layers=layers).to_json())
    model = models.digits_cnn()
    with pytest.warns(UserWarning, match="conv:scale, gone") as told:
        report = restore_freeze(model, path)
    assert told[0].filename == __file__
    assert report.missed == ("conv:scale", "gone")
    assert frozen_names(model) == ["conv/kernel"]


def test_that_a_map_of_which_nothing_fits_changes_nothing(tmp_path):
    path = tmp_path / "other.keras"
    saved(models.small_cnn, path)
    model = models.digits_cnn()
    with pytest.raises(FreezeMapError, match=r"Nothing in the freeze map of 'other\.keras' fits"):
        restore_freeze(model, path)
    assert frozen_names(model) == []


def test_that_a_file_without_a_map_is_refused(tmp_path):
    path = tmp_path / "plain.keras"
    models.digits_cnn().save(path)
    with pytest.raises(FreezeMapError, match="holds no freeze map"):
        restore_freeze(models.digits_cnn(), path)
    with pytest.raises(FileError, match=r"model\.freeze\.json cannot be read"):
        restore_freeze(models.digits_cnn(), tmp_path / "model.weights.h5")
    with pytest.raises(FileError, match="There is no file"):
        restore_freeze(models.digits_cnn(), tmp_path / "none.keras")


def test_that_a_model_without_weights_yet_is_refused(tmp_path):
    path = tmp_path / "model.keras"
    saved(models.digits_cnn, path)
    with pytest.raises(FreezeMapError, match="not built"):
        restore_freeze(keras.Sequential([keras.layers.Dense(2)]), path)


def test_that_a_compiled_model_must_be_compiled_again(tmp_path):
    """Fact F10: plain Keras goes on training what it trained at the first fit."""
    path = tmp_path / "model.keras"
    index = walk_model(models.bare_normalization())
    tree = LayerTree(index.root)
    tree.apply(tree.plan([tree.find("dense")], trainable=False))
    save_model(index, tree.freeze_map(), path)

    model = loaded(path)
    model.trainable = False
    model.trainable = True
    inputs = models.sample_inputs(model, 8)
    targets = np.eye(3)[[0, 1, 2, 0, 1, 2, 0, 1]]

    def trained() -> bool:
        before = model.get_layer("dense").kernel.numpy()
        model.fit(inputs, targets, verbose=0)
        return bool((model.get_layer("dense").kernel.numpy() != before).any())

    model.compile("sgd", "mse")
    assert trained()
    with pytest.warns(UserWarning, match="compile it again"):
        assert restore_freeze(model, path).must_compile
    assert trained()  # in plain Keras
    model.compile("sgd", "mse")
    assert not trained()
    assert not restore_freeze(model, path).must_compile
