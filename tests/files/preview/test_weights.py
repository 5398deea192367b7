from __future__ import annotations

import json
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from editor.errors import FileError
from editor.files.facts import Preview
from editor.files.options import OpenOptions
from editor.files.preview import read_preview
from editor.files.preview.weights import preview_weights
from editor.files.probe import look_at, probe_file
from editor.inspection import inspection
from editor.keras_model.walk import walk_model
from editor.layers.records import LayerRecord
from editor.layers.tree import LayerTree
from tests import models
from tests.files.preview.same_tree import check_same
from tests.files.samples import MODELS


def preview_of(path: Path) -> Preview:
    look = look_at(path)
    assert look.facts.format == "weights"
    assert not look.facts.has_model_config
    return preview_weights(path, look, OpenOptions())


def layers_in(record: LayerRecord) -> list[LayerRecord]:
    return [record, *(each for child in record.children for each in layers_in(child))]


def saved_weights(model: keras.Model, folder: Path) -> Path:
    path = folder / "model.weights.h5"
    model.save_weights(path)
    return path


def old_weights(source: Path, target: Path) -> Path:
    """The weights of an old model file as `save_weights` of its Keras wrote them: the same group as a file."""
    with h5py.File(source) as file, h5py.File(target, "w") as copy:
        group = file["model_weights"]
        for key, value in group.attrs.items():
            copy.attrs[key] = value
        for name in group:
            group.copy(name, copy)
    return target


@pytest.mark.parametrize("builder", models.SMALL_BUILDERS, ids=lambda builder: builder.__name__)
def test_that_groups_of_keras_3_tell_the_same_keys_and_shapes_as_the_model(builder, tmp_path: Path) -> None:
    if builder is models.shared_twice:
        pytest.skip("Keras cannot save it")
    model = builder()
    found = layers_in(preview_of(saved_weights(model, tmp_path)).root)
    live = {layer.store: layer for layer in layers_in(walk_model(model).root) if layer.weights}
    assert {layer.store for layer in found if layer.weights} == live.keys()
    for layer in found:
        if layer.weights:
            own = live[layer.store].weights
            assert [weight.shape for weight in layer.weights] == [weight.shape for weight in own]
            assert [weight.num_bytes for weight in layer.weights] == [weight.num_bytes for weight in own]
            assert [weight.dtype for weight in layer.weights] == [weight.dtype for weight in own]


def test_that_what_no_file_of_weights_tells_is_unknown(tmp_path: Path) -> None:
    preview = preview_of(saved_weights(models.composites(), tmp_path))
    tree = LayerTree(preview.root)
    assert preview.model_name == "composites"
    assert not any(layer.class_name for layer in layers_in(preview.root))
    in_list = tree.find("composite/blocks/dense_1")
    assert in_list is not None and not in_list.record.is_name_known
    # Any of the weights may be statistics, until somebody freezes it.
    assert not tree.account(tree.root).is_state_known
    assert {layer.state for layer in inspection(tree, preview.facts).layers} == {"unknown", "weightless"}
    tree.apply(tree.plan([in_list], trainable=False))
    assert tree.account(in_list).is_state_known
    assert in_list.record.config == {"name": "b2"}
    attribute = tree.find("multi_head_attention/query_dense")
    assert attribute is not None and attribute.record.is_name_known
    assert [weight.name for weight in attribute.record.weights] == ["0", "1"]
    assert not attribute.record.weights[0].is_name_known


def test_that_layers_are_counted_and_not_spelled() -> None:
    """`dense_10` stands behind `dense_2`."""
    from editor.files.weight_names import natural_order

    assert sorted(["d_10", "d_2/a", "d", "d_2"], key=natural_order) == ["d", "d_2", "d_2/a", "d_10"]


def test_that_the_groups_of_keras_2_13_are_read(tmp_path: Path) -> None:
    path = saved_weights(models.deep_nest(), tmp_path)
    with h5py.File(path, "r+") as file:
        file.move("layers", "_layer_checkpoint_dependencies")
        del file["vars"]
    tree = LayerTree(preview_of(path).root)
    assert tree.find("sequential") is not None


@pytest.mark.parametrize("name", ["fer/emotion_model.hdf5", "mmsplice/Donor.h5", "mmsplice/Acceptor.h5"])
def test_that_old_weights_are_told_by_layer(name: str, tmp_path: Path) -> None:
    path = old_weights(MODELS / name, tmp_path / "weights.h5")
    preview = preview_of(path)
    with h5py.File(MODELS / name) as file:
        layer_names = [each.decode() for each in file["model_weights"].attrs["layer_names"]]
    assert preview.facts.keras_version is not None
    assert preview.facts.keras_version.startswith("2.")
    assert [layer.name for layer in preview.root.children] == layer_names
    normal = next(layer for layer in preview.root.children if "batch_norm" in layer.name)
    assert [weight.name for weight in normal.weights] == ["gamma", "beta", "moving_mean", "moving_variance"]
    assert [weight.is_statistics for weight in normal.weights] == [False, False, True, True]


def test_that_names_of_keras_1_are_taken_apart(tmp_path: Path) -> None:
    path = tmp_path / "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
    write_keras_1(path, {"block1_conv1": {"block1_conv1_W_1:0": (3, 3, 3, 4), "block1_conv1_b_1:0": (4,)}, "pool": {}})
    conv, pool = preview_of(path).root.children
    assert (conv.name, [weight.name for weight in conv.weights]) == ("block1_conv1", ["W", "b"])
    assert not pool.weights


def write_keras_1(path: Path, stored: dict[str, dict[str, tuple[int, ...]]]) -> None:
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in stored]
        for layer, weights in stored.items():
            group = file.create_group(layer)
            group.attrs["weight_names"] = [name.encode() for name in weights]
            for name, shape in weights.items():
                group[name] = np.zeros(shape, "float32")


# -- with an architecture -----------------------------------------------------------------------------------------


def in_architecture(path: Path, architecture: Path) -> Preview:
    return read_preview(path, OpenOptions(architecture=str(architecture)))


def architecture_of(model: keras.Model, folder: Path) -> Path:
    path = folder / "model.json"
    path.write_text(model.to_json())
    return path


@pytest.mark.parametrize("builder", [models.siamese, models.bare_normalization, models.spectral])
def test_that_an_architecture_whose_names_fit_gets_the_shapes(builder, tmp_path: Path) -> None:
    model = builder()
    path = saved_weights(model, tmp_path)
    preview = in_architecture(path, architecture_of(model, tmp_path))
    assert check_same(preview.root, walk_model(model).root) == []
    assert preview.facts.format == "weights"
    assert preview.input_shapes


@pytest.mark.parametrize("name", ["fer/emotion_model.hdf5", "mmsplice/Acceptor.h5"])
def test_that_old_weights_fit_the_architecture_in_a_model_file(name: str, tmp_path: Path) -> None:
    path = old_weights(MODELS / name, tmp_path / "weights.h5")
    preview = in_architecture(path, MODELS / name)
    whole = read_preview(MODELS / name)
    assert preview.root == whole.root
    assert [need.name for need in preview.needs] == [need.name for need in whole.needs]


def test_that_an_architecture_with_other_names_does_not_mislead(tmp_path: Path) -> None:
    path = saved_weights(models.digits_cnn(), tmp_path)
    preview = in_architecture(path, architecture_of(models.siamese(), tmp_path))
    assert "other names" in preview.notes[0]
    assert [layer.name for layer in preview.root.children if layer.weights] == ["conv2d", "dense"]


def test_that_an_architecture_that_is_none_is_refused(tmp_path: Path) -> None:
    path = saved_weights(models.digits_cnn(), tmp_path)
    (tmp_path / "settings.json").write_text("{}")
    with pytest.raises(FileError, match="holds no architecture"):
        in_architecture(path, tmp_path / "settings.json")


# -- what is refused ------------------------------------------------------------------------------------------------


def test_that_a_foreign_file_with_a_group_called_layers_is_no_model(tmp_path: Path) -> None:
    path = tmp_path / "rocks.h5"
    with h5py.File(path, "w") as file:
        file["layers/sand"] = np.zeros(3)
    with pytest.raises(FileError, match="no Keras model"):
        probe_file(path)


def test_that_a_list_of_names_in_pieces_is_read(tmp_path: Path) -> None:
    path = tmp_path / "old.h5"
    write_keras_1(path, {"a": {"a/kernel:0": (2,)}, "b": {"b/kernel:0": (3,)}})
    with h5py.File(path, "r+") as file:
        names = file.attrs["layer_names"]
        del file.attrs["layer_names"]
        file.attrs["layer_names0"], file.attrs["layer_names1"] = names[:1], names[1:]
    assert [layer.name for layer in preview_of(path).root.children] == ["a", "b"]


def test_that_a_whole_model_is_no_file_of_weights(tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential"})
        file.create_group("model_weights").attrs["layer_names"] = [b"a"]
    assert probe_file(path).format == "h5"
