from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from keras import layers
from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group

from editor.errors import FileError, ModelError
from editor.files.options import Application, OpenOptions
from editor.keras_model.opening import open_model
from editor.keras_model.weights_matching import WeightsReport, put_weights
from tests import models
from tests.models import outputs_of, seeded

HAS_TF_KERAS = importlib.util.find_spec("tf_keras") is not None


def new_weights(model: keras.Model, folder: Path) -> Path:
    path = folder / "model.weights.h5"
    model.save_weights(path)
    return path


def old_weights(model: keras.Model, folder: Path) -> Path:
    """As Keras 2 wrote them: by layer, those first that train, with `:0` behind each name."""
    path = folder / "weights.h5"
    with h5py.File(path, "w") as file:
        save_weights_to_hdf5_group(file, model)
    return path


def assert_same(model: keras.Model, other: keras.Model) -> None:
    np.testing.assert_array_equal(outputs_of(model), outputs_of(other))


def labels(report: WeightsReport) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"name": [], "key": [], "order": [], "left": [], "unused": []}
    for pair in report.pairs:
        found[pair.how].append(pair.owner.path)
    found["left"] = [owner.path for owner in report.left]
    found["unused"] = [part.label for part in report.unused]
    return found


# -- the whole of it -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("write", [new_weights, old_weights])
@pytest.mark.parametrize("builder", [models.digits_cnn, models.siamese, models.bare_normalization, models.spectral])
def test_that_weights_come_to_the_same_architecture(builder, write, tmp_path: Path) -> None:
    model = seeded(builder)
    path = write(model, tmp_path)
    other = builder()
    report = put_weights(other, path)
    assert not report.left
    assert not report.unused
    assert_same(model, other)


def test_that_composites_come_back_by_their_keys(tmp_path: Path) -> None:
    model = seeded(models.composites)
    other = models.composites()
    report = put_weights(other, new_weights(model, tmp_path))
    assert labels(report)["order"] == labels(report)["left"] == labels(report)["unused"] == []
    assert_same(model, other)


def test_that_a_subclassed_model_gets_its_weights(tmp_path: Path) -> None:
    model = seeded(models.small_cnn)
    other = models.small_cnn()
    put_weights(other, new_weights(model, tmp_path))
    assert_same(model, other)


def automatic(*units: int, base: bool = True) -> keras.Model:
    """Layers with automatic names, which differ at every call."""
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(4), layers.BatchNormalization(), layers.Dense(4)])
    return keras.Sequential([keras.Input((4,)), *([inner] if base else []), *map(layers.Dense, units)])


@pytest.mark.parametrize("write", [new_weights, old_weights])
def test_that_automatic_names_do_not_mislead(write, tmp_path: Path) -> None:
    """`dense_1` of one process is `dense_2` of another, with the same shape."""
    model = seeded(lambda: automatic(4, 4, 3))
    path = write(model, tmp_path)
    automatic(4)  # counts the names up
    other = automatic(4, 4, 3)
    names = {layer.name for layer in model.layers} & {layer.name for layer in other.layers}
    assert not {name for name in names if name.startswith("dense")}
    report = put_weights(other, path)
    assert not report.left
    assert_same(model, other)


def test_that_keras_reads_the_same_where_it_is_right(tmp_path: Path) -> None:
    model = seeded(models.deep_nest)
    path = new_weights(model, tmp_path)
    ours, of_keras = models.deep_nest(), models.deep_nest()
    put_weights(ours, path)
    of_keras.load_weights(path)
    assert_same(ours, of_keras)


# -- in part -------------------------------------------------------------------------------------------------------


def test_that_another_head_stays_random_and_is_told(tmp_path: Path) -> None:
    model = seeded(models.digits_cnn)
    other = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(8, 3, activation="relu", name="conv"),
            layers.Flatten(name="flatten"),
            layers.Dense(3, name="digit"),
        ]
    )
    before = other.get_layer("digit").kernel.numpy()
    report = put_weights(other, new_weights(model, tmp_path))
    assert labels(report) == {"name": ["conv"], "key": [], "order": [], "left": ["digit"], "unused": ["digit"]}
    np.testing.assert_array_equal(other.get_layer("conv").kernel, model.get_layer("conv").kernel)
    np.testing.assert_array_equal(other.get_layer("digit").kernel, before)
    assert report.lines == (
        "Weights were matched: 2 weights of 1 layer by name.",
        "1 layer got no weights from the file and stays random: digit.",
        "1 layer of the file fits nowhere: digit.",
    )


@pytest.mark.parametrize("write", [new_weights, old_weights])
def test_that_the_weights_of_a_base_come_into_a_model_that_holds_it(write, tmp_path: Path) -> None:
    def base() -> keras.Model:
        return keras.Sequential(
            [keras.Input((4,)), layers.Dense(4, name="a"), layers.Dense(4), layers.BatchNormalization()], name="base"
        )

    model = seeded(base)
    whole = keras.Sequential([keras.Input((4,)), base(), layers.Dense(2)])
    report = put_weights(whole, write(model, tmp_path))
    assert not report.unused
    assert len(report.left) == 1
    assert_same(model, whole.layers[0])


def test_that_a_base_gets_its_weights_from_a_whole_model(tmp_path: Path) -> None:
    model = seeded(lambda: automatic(3))
    inner = automatic(3).layers[0]
    report = put_weights(inner, new_weights(model, tmp_path))
    assert not report.left
    assert_same(model.layers[0], inner)


def test_that_what_is_in_doubt_is_left_out(tmp_path: Path) -> None:
    """Of three layers of one shape, two could be any: nothing tells which."""
    model = seeded(lambda: automatic(4, 4, 4, base=False))
    other = automatic(4, 4, base=False)
    with pytest.raises(ModelError, match="None of the weights"):
        put_weights(other, new_weights(model, tmp_path))


def test_that_a_few_weights_that_happen_to_fit_are_refused(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((6,)), *map(layers.Dense, (8, 8, 8, 8, 3))])
    other = keras.Sequential([keras.Input((6,)), *map(layers.Dense, (8, 8, 8, 8, 8, 3))])
    before = [weight.copy() for weight in other.get_weights()]
    with pytest.raises(ModelError, match=r"Only 4 of the 10 weights in .* which has 12: it is another one"):
        put_weights(other, new_weights(model, tmp_path))
    for weight, old in zip(other.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, old)


def test_that_weights_that_keras_numbers_alone_are_not_said_to_go_by_name(tmp_path: Path) -> None:
    model = seeded(lambda: keras.Sequential([keras.Input((4,)), layers.Dense(4, name="a"), layers.Dense(3, name="b")]))
    other = keras.Sequential([keras.Input((4,)), layers.Dense(4, name="x"), layers.Dense(3, name="b")])
    report = put_weights(other, new_weights(model, tmp_path))
    assert report.lines == ("Weights were matched: 2 weights of 1 layer by name, 2 weights of 1 layer by Keras's key.",)
    assert_same(model, other)


@pytest.mark.parametrize("write", [new_weights, old_weights])
def test_that_a_backward_layer_of_its_own_gets_its_weights(write, tmp_path: Path) -> None:
    def both() -> keras.Model:
        back = layers.SimpleRNN(3, go_backwards=True, name="back")
        return keras.Sequential([keras.Input((4, 3)), layers.Bidirectional(layers.SimpleRNN(3), backward_layer=back)])

    model, other = seeded(both), both()
    assert not put_weights(other, write(model, tmp_path)).left
    assert_same(model, other)


def test_that_what_surrounds_it_settles_a_doubt(tmp_path: Path) -> None:
    model = seeded(lambda: automatic(5, 5, 3, base=False))
    other = automatic(5, 5, base=False)
    report = put_weights(other, new_weights(model, tmp_path))
    assert len(report.pairs) == 2
    assert len(report.unused) == 1


def test_that_names_go_before_order(tmp_path: Path) -> None:
    def two(*names: str) -> keras.Model:
        return keras.Sequential([keras.Input((4,)), *(layers.Dense(4, name=name) for name in names)])

    model = seeded(lambda: two("left", "right"))
    other = two("right", "left")
    put_weights(other, new_weights(model, tmp_path))
    np.testing.assert_array_equal(other.get_layer("left").kernel, model.get_layer("left").kernel)


# -- order in old files ----------------------------------------------------------------------------------------------


def nested(*, is_first_frozen: bool) -> keras.Model:
    first, second = layers.Dense(4), layers.Dense(4)
    inner = keras.Sequential([keras.Input((4,)), first, second])
    first.trainable = not is_first_frozen
    return keras.Sequential([keras.Input((4,)), inner, layers.Dense(2)])


@pytest.mark.parametrize("is_known", [True, False], ids=["known", "unknown"])
def test_that_an_order_by_other_flags_swaps_nothing(is_known: bool, tmp_path: Path) -> None:
    """Frozen weights stand last in such a file; both layers have one shape (fact F18)."""
    model = seeded(lambda: nested(is_first_frozen=True))
    path = old_weights(model, tmp_path)
    other = nested(is_first_frozen=is_known)
    report = put_weights(other, path)
    if is_known:
        assert_same(model, other)
    else:
        assert [owner.path.partition("/")[0] for owner in report.left] == [other.layers[0].name] * 2
        swapped = [layer.kernel for layer in model.layers[0].layers]
        for layer in other.layers[0].layers:
            assert not any(np.array_equal(layer.kernel, kernel) for kernel in swapped)


def test_that_names_settle_an_order_by_other_flags(tmp_path: Path) -> None:
    def named(*, is_frozen: bool) -> keras.Model:
        first, second = layers.Dense(4, name="first"), layers.Dense(4, name="second")
        first.trainable = not is_frozen
        return keras.Sequential([keras.Input((4,)), keras.Sequential([keras.Input((4,)), first, second])])

    model = seeded(lambda: named(is_frozen=True))
    other = named(is_frozen=False)
    put_weights(other, old_weights(model, tmp_path))
    assert_same(model, other)


def test_that_names_of_keras_1_come_to_their_layers(tmp_path: Path) -> None:
    """`block1_conv1_W_1:0`: as the old weight files of keras.applications have them."""

    def small_vgg() -> keras.Model:
        blocks = [layers.Conv2D(3, 3, padding="same", name=f"block1_conv{number}") for number in (1, 2)]
        return keras.Sequential([keras.Input((8, 8, 3)), *blocks, layers.BatchNormalization(name="bn_conv1")])

    model = seeded(small_vgg)
    path = tmp_path / "vgg_weights_tf_dim_ordering_tf_kernels_notop.h5"
    names = {"kernel": "W", "bias": "b", "moving_mean": "running_mean", "moving_variance": "running_std"}
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.name.encode() for layer in model.layers]
        for layer in model.layers:
            group = file.create_group(layer.name)
            stored = {f"{layer.name}_{names.get(each.name, each.name)}_1:0": each.numpy() for each in layer.weights}
            group.attrs["weight_names"] = [name.encode() for name in stored]
            for name, value in stored.items():
                group[name] = value
    other = small_vgg()
    report = put_weights(other, path)
    assert len(labels(report)["name"]) == 3
    assert_same(model, other)


_WRITE_WITH_TF_KERAS = """
import sys, numpy as np, tf_keras as k
folder = sys.argv[1]
inner = k.Sequential([k.Input((4,)), k.layers.Dense(4), k.layers.BatchNormalization(), k.layers.Dense(4)])
inner.layers[0].trainable = False
inputs = k.Input((4,))
values = k.layers.Dense(4)(inner(inputs))
values = k.layers.Reshape((2, 2))(values)
values = k.layers.Bidirectional(k.layers.SimpleRNN(3, return_sequences=True))(values)
values = k.layers.LSTM(3, recurrent_activation="hard_sigmoid")(values)
model = k.Model(inputs, k.layers.Dense(3, name="head")(values))
source = np.random.default_rng(7)
model.set_weights([source.uniform(0.05, 0.5, weight.shape) for weight in model.get_weights()])
model.save_weights(f"{folder}/new.weights.h5")
model.save_weights(f"{folder}/old.h5")
open(f"{folder}/model.json", "w").write(model.to_json())
np.save(f"{folder}/outputs.npy", model(np.ones((2, 4), "float32")).numpy())
"""


@pytest.mark.skipif(not HAS_TF_KERAS, reason="tf_keras is not installed")
def test_that_weights_of_tf_keras_give_its_outputs(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", _WRITE_WITH_TF_KERAS, str(tmp_path)], check=True, capture_output=True)
    options = OpenOptions(architecture=str(tmp_path / "model.json"))
    for name in ("new.weights.h5", "old.h5"):
        loaded = open_model(tmp_path / name, options)
        assert loaded.remarks or "by shape and order" in loaded.notes[0].lower(), loaded.notes
        outputs = loaded.model(np.ones((2, 4), "float32")).numpy()
        np.testing.assert_allclose(outputs, np.load(tmp_path / "outputs.npy"), atol=1e-6)


def test_that_kernels_of_theano_are_mirrored(tmp_path: Path) -> None:
    model = seeded(models.digits_cnn)
    path = old_weights(model, tmp_path)
    with h5py.File(path, "r+") as file:
        file.attrs["backend"] = b"theano"
        kernel = file["conv"][file["conv"].attrs["weight_names"][0]]
        kernel[...] = kernel[...][::-1, ::-1]
    other = models.digits_cnn()
    put_weights(other, path)
    assert_same(model, other)


# -- opening --------------------------------------------------------------------------------------------------------


def options_of(folder: Path, model: keras.Model, ending: str) -> OpenOptions:
    path = folder / f"architecture{ending}"
    if ending == ".json":
        path.write_text(model.to_json())
    else:
        model.save(path)
    return OpenOptions(architecture=str(path))


@pytest.mark.parametrize("ending", [".json", ".keras", ".h5"])
def test_that_the_architecture_comes_from_a_file(ending: str, tmp_path: Path) -> None:
    model = seeded(models.bare_normalization)
    path = new_weights(model, tmp_path)
    loaded = open_model(path, options_of(tmp_path, models.bare_normalization(), ending))
    assert_same(model, loaded.model)
    assert re.fullmatch(r"Weights were matched: \d+ weights of \d layers by name\.", *loaded.remarks)
    assert not loaded.notes


def test_that_weights_of_the_architecture_s_file_do_not_stay(tmp_path: Path) -> None:
    """What fits nowhere is random, as in a new model, not another model's."""
    path = new_weights(seeded(lambda: automatic(5, base=False)), tmp_path)
    trained = seeded(lambda: keras.Sequential([keras.Input((4,)), layers.Dense(5), layers.Dense(2, name="head")]))
    loaded = open_model(path, options_of(tmp_path, trained, ".keras"))
    assert not np.array_equal(loaded.model.get_layer("head").kernel, trained.get_layer("head").kernel)


def test_that_an_application_is_an_architecture(tmp_path: Path) -> None:
    application = Application(name="MobileNet", input_shape=(32, 32, 3), include_top=False)
    model = keras.applications.MobileNet(weights=None, input_shape=(32, 32, 3), include_top=False)
    path = old_weights(model, tmp_path)
    loaded = open_model(path, OpenOptions(application=application))
    for value, own in zip(model.get_weights(), loaded.model.get_weights(), strict=True):
        np.testing.assert_array_equal(value, own)


def test_that_weights_alone_ask_for_an_architecture(tmp_path: Path) -> None:
    path = new_weights(models.digits_cnn(), tmp_path)
    with pytest.raises(ModelError, match=r"holds weights only.*Give the architecture"):
        open_model(path)
    with pytest.raises(FileError, match="no architecture in it"):
        open_model(path, OpenOptions(architecture=str(path)))


def test_that_a_file_that_fits_nowhere_is_refused(tmp_path: Path) -> None:
    path = new_weights(models.digits_cnn(), tmp_path)
    with pytest.raises(ModelError, match="None of the weights") as caught:
        open_model(path, options_of(tmp_path, models.siamese(), ".json"))
    assert "conv" in caught.value.details


def test_that_a_file_without_weights_opens_with_an_architecture_without(tmp_path: Path) -> None:
    none, dense = (keras.Sequential([keras.Input((3,)), layer]) for layer in (layers.Softmax(), layers.Dense(2)))
    path = new_weights(none, tmp_path)
    opened = open_model(path, options_of(tmp_path, none, ".json"))
    assert_same(none, opened.model)
    assert opened.remarks == ("Neither the file nor the architecture has any weights.",)
    with pytest.raises(ModelError, match="holds no weights, and the architecture that was given has some"):
        open_model(path, options_of(tmp_path, dense, ".json"))
    with pytest.raises(ModelError, match="holds weights, and the architecture that was given has none"):
        open_model(new_weights(dense, tmp_path), options_of(tmp_path, none, ".json"))


@pytest.mark.parametrize("content", ["{", "[]", json.dumps({"a": 1})])
def test_that_json_that_is_no_architecture_is_refused(content: str, tmp_path: Path) -> None:
    path = new_weights(models.digits_cnn(), tmp_path)
    architecture = tmp_path / "settings.json"
    architecture.write_text(content)
    with pytest.raises(FileError):
        open_model(path, OpenOptions(architecture=str(architecture)))


def test_that_types_of_2_bytes_come_back(tmp_path: Path) -> None:
    def build() -> keras.Model:
        return keras.Sequential(
            [keras.Input((3,)), layers.Dense(2, dtype="bfloat16"), layers.Dense(2, dtype="float16")]
        )

    model, other = build(), build()
    put_weights(other, new_weights(model, tmp_path))
    for value, own in zip(model.weights, other.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(value), np.asarray(own))


def test_that_quantized_layers_read_their_own_order(tmp_path: Path) -> None:
    def build() -> keras.Model:
        model = keras.Sequential([keras.Input((4,)), layers.Dense(4), layers.Dense(3)])
        for layer in model.layers:
            layer.quantize("int8")
        return model

    model, other = build(), build()
    for layer in model.layers:
        layer.bias.assign(np.arange(layer.units) / 7)
    put_weights(other, new_weights(model, tmp_path))
    assert_same(model, other)


def test_that_a_layer_whose_weights_make_others_does(tmp_path: Path) -> None:
    def build() -> keras.Model:
        return keras.Sequential([keras.Input((3,)), layers.Normalization(), layers.Dense(2)])

    model, other = build(), build()
    model.layers[0].adapt(np.arange(12.0).reshape(4, 3))
    put_weights(other, new_weights(model, tmp_path))
    assert_same(model, other)
