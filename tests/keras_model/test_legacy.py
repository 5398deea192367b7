from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from editor.cli import main
from editor.errors import ModelError
from editor.files.options import OpenOptions
from editor.files.preview import read_preview
from editor.keras_model import legacy
from editor.keras_model.compile_settings import restore_from_file
from editor.keras_model.legacy import open_legacy, open_saved_model
from editor.keras_model.opening import open_model
from editor.keras_model.precision import in_single_precision
from editor.keras_model.restore import restore_freeze
from editor.keras_model.walk import walk_model
from editor.layers.tree import LayerTree
from tests.files.preview.same_tree import check_same

FOLDER = Path(__file__).parents[1] / "data" / "saved_models"
CODE = OpenOptions.of_code(Path(__file__).with_name("saved_model_code.py"))
GRAPHS = ["plain", "nested", "recurrent", "attending", "tables"]

needs_tf_keras = pytest.mark.skipif(importlib.util.find_spec("tf_keras") is None, reason="tf_keras is not installed")


@pytest.fixture
def without_tf_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Python says that a package is not there."""
    monkeypatch.setitem(sys.modules, "tf_keras", None)


def check_outputs(model: keras.Model, folder: Path) -> None:
    """Against what tf_keras computed when the file was made."""
    with np.load(folder / "outputs.npz") as arrays:
        inputs = [arrays[name] for name in arrays.files if name.startswith("input")]
        expected = [arrays[name] for name in arrays.files if name.startswith("output")]
    outputs = keras.tree.flatten(model(inputs if len(inputs) > 1 else inputs[0], training=False))
    assert len(outputs) == len(expected)
    for ours, theirs in zip(outputs, expected, strict=True):
        np.testing.assert_allclose(np.asarray(ours), theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.usefixtures("without_tf_keras")
@pytest.mark.parametrize("name", GRAPHS)
def test_that_a_saved_model_is_rebuilt_and_computes_the_same(name: str) -> None:
    loaded = open_model(FOLDER / name)
    check_outputs(loaded.model, FOLDER / name)
    assert not loaded.repairs[-1].is_proven
    assert 'pip install -e ".[legacy]"' in loaded.repairs[-1].text


@pytest.mark.usefixtures("without_tf_keras")
@pytest.mark.parametrize("name", ["plain", "recurrent"])
def test_that_the_preview_is_the_tree_of_the_rebuilt_model(name: str) -> None:
    live = walk_model(open_saved_model(FOLDER / name).model).root
    assert check_same(read_preview(FOLDER / name).root, live) == []


@pytest.mark.usefixtures("without_tf_keras")
@pytest.mark.parametrize("name", ["nested", "attending", "blocks"])
def test_that_the_preview_has_the_weights_of_the_rebuilt_model(name: str) -> None:
    live = LayerTree(walk_model(open_saved_model(FOLDER / name, CODE if name == "blocks" else None).model).root)
    preview = LayerTree(read_preview(FOLDER / name).root)
    weights = {node.path: (node.record.shape, preview.state(node)) for node in preview.walk_weights()}
    assert weights == {node.path: (node.record.shape, live.state(node)) for node in live.walk_weights()}
    stores = {node.path: node.record.store for node in preview.walk_layers() if node.weights and node.record.store}
    assert stores.items() <= {node.path: node.record.store for node in live.walk_layers()}.items()


@needs_tf_keras
def test_that_tf_keras_proves_a_rebuilt_model() -> None:
    loaded = open_model(FOLDER / "tables")
    assert all(repair.is_proven for repair in loaded.repairs)
    assert "computes what tf_keras computes" in loaded.repairs[-1].text
    check_outputs(loaded.model, FOLDER / "tables")


@needs_tf_keras
def test_that_an_old_h5_is_rebuilt_by_way_of_tf_keras(models: Path) -> None:
    loaded = open_legacy(models / "dgaintel" / "domain_classifier_model.h5")
    assert loaded.model.count_params() == 103_745
    assert all(repair.is_proven for repair in loaded.repairs)


@needs_tf_keras
def test_that_tf_keras_is_given_no_code(tmp_path: Path, models: Path) -> None:
    path = tmp_path / "model.h5"
    shutil.copy(models / "mmsplice" / "Acceptor.h5", path)
    with pytest.raises(ModelError, match="ConvDNA"):
        open_legacy(path)


def test_that_a_class_of_ones_own_needs_its_code() -> None:
    with pytest.raises(ModelError, match="'Blocks'"):
        open_model(FOLDER / "blocks")
    loaded = open_model(FOLDER / "blocks", CODE)
    check_outputs(loaded.model, FOLDER / "blocks")
    assert not loaded.model.conv.trainable
    assert not loaded.repairs[-1].is_proven


def test_that_without_kerass_description_nothing_is_loaded() -> None:
    with pytest.raises(ModelError, match="looked at but not loaded"):
        open_model(FOLDER / "exported")


@pytest.mark.usefixtures("without_tf_keras")
def test_that_without_tf_keras_it_is_said_how_to_install_it(tmp_path: Path, models: Path) -> None:
    with pytest.raises(ModelError) as caught:
        open_legacy(models / "dgaintel" / "domain_classifier_model.h5")
    assert caught.value.hint == 'Install it with: pip install -e ".[legacy]"'


@pytest.mark.usefixtures("without_tf_keras")
def test_that_weights_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    folder = shutil.copytree(FOLDER / "plain", tmp_path / "plain")
    content = (folder / "keras_metadata.pb").read_bytes()
    (folder / "keras_metadata.pb").write_bytes(content.replace(b'"units": 3', b'"units": 4'))
    with pytest.raises(ModelError, match="The weights of 'dense' in 'plain'"):
        open_model(folder)


@pytest.mark.usefixtures("without_tf_keras")
def test_that_compile_settings_and_the_map_beside_it_are_taken_over(tmp_path: Path) -> None:
    folder = shutil.copytree(FOLDER / "plain", tmp_path / "plain")
    index = walk_model(open_model(folder).model)
    assert restore_from_file(index, folder, {}) == ()
    assert index.model.loss == "mse"
    assert index.model.optimizer.name == "Adam"
    freeze_map = LayerTree(index.root).freeze_map()
    (tmp_path / "plain.freeze.json").write_bytes(freeze_map.to_json())
    index.model.trainable = True
    restored = restore_freeze(index.model, folder)
    assert restored.num_frozen == 4


@pytest.mark.usefixtures("without_tf_keras")
def test_that_the_command_line_takes_a_saved_model(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = shutil.copytree(FOLDER / "plain", tmp_path / "plain.keras")
    before = sorted((path, path.stat().st_mtime_ns) for path in folder.rglob("*"))
    target = tmp_path / "out.keras"
    assert main(["freeze", str(folder), "-o", str(target), "--thaw", "conv"]) == 0
    assert "parameters" in capfd.readouterr().out
    assert main(["freeze", str(folder), "-o", str(folder / "out.keras")]) == 1
    assert "left as it is" in capfd.readouterr().err
    assert main(["freeze", str(folder), "-o", str(folder)]) == 1
    assert "is a folder" in capfd.readouterr().err
    assert sorted((path, path.stat().st_mtime_ns) for path in folder.rglob("*")) == before
    tree = LayerTree(walk_model(open_model(target).model).root)
    assert [layer.path for layer in tree.walk_layers() if tree.state(layer).value == "frozen"] == ["norm"]


def test_that_a_proof_leaves_no_state_in_a_model() -> None:
    model = keras.Sequential([keras.Input(batch_shape=(1, 2, 3)), keras.layers.LSTM(2, stateful=True)])
    legacy._outputs(model, np.ones((1, 2, 3)), "model")
    assert not any(np.any(state) for state in model.layers[0].states)


def test_that_mixed_precision_is_compared_in_single_precision() -> None:
    policy = {"class_name": "Policy", "config": {"name": "mixed_float16"}}
    layers = [{"config": {"dtype": policy}}, {"config": {"dtype": "mixed_bfloat16", "units": 2}}, {"dtype": "int32"}]
    single = [{"config": {"dtype": "float32"}}, {"config": {"dtype": "float32", "units": 2}}, {"dtype": "int32"}]
    assert in_single_precision({"layers": layers}) == {"layers": single}
