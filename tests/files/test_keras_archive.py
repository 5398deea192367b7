from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from editor.errors import FileError, FreezeMapError
from editor.files.keras_archive import (
    MAP_ATTRIBUTE,
    MAP_MEMBER,
    add_freeze_map,
    drop_optimizer,
    is_hdf5,
    read_freeze_map,
)
from editor.files.preview import read_preview
from editor.files.probe import probe_file
from editor.files.stored_weights import is_weights_file
from editor.files.zip_members import open_weights
from editor.layers.freeze_map import FreezeMap, LayerFlags
from tests.files.samples import H5_FILE, KERAS_FILE

# Keras 3.15 hands TensorFlow variables to NumPy 2 in the old way when it writes a model.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")


@pytest.mark.parametrize("offset", [512, 1024, 2048])
def test_that_an_archive_is_none_of_hdf5_wherever_its_weights_begin(tmp_path, offset):
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("padding", bytes(offset - 30 - len("padding") - 30 - len("model.weights.h5")))
        archive.write(H5_FILE, "model.weights.h5")
    assert path.read_bytes().index(b"\x89HDF") == offset
    assert not is_hdf5(path)
    assert not is_weights_file(path)


def some_map(flag: str = "frozen", num_layers: int = 1) -> FreezeMap:
    return FreezeMap(
        layers={
            f"block/conv_{at}": LayerFlags(store=f"layers/conv_{at}", class_name="Conv2D", weights={"kernel": flag})  # type: ignore[dict-item]
            for at in range(num_layers)
        }
    )


def functional_model() -> keras.Model:
    inputs = keras.Input((6, 8))
    outputs = keras.layers.MultiHeadAttention(2, 4, name="mha")(inputs, inputs)
    outputs = keras.layers.BatchNormalization()(outputs)
    outputs = keras.layers.Bidirectional(keras.layers.LSTM(3))(outputs)
    return keras.Model(inputs, keras.layers.Dense(1)(outputs))


def sequential_model() -> keras.Model:
    inner = keras.Sequential([keras.layers.Dense(4, dtype="bfloat16"), keras.layers.Dropout(0.5, seed=1)])
    return keras.Sequential([keras.Input((6, 8)), inner, keras.layers.Flatten(), keras.layers.Dense(1)])


@keras.saving.register_keras_serializable("tests")
class SubclassedModel(keras.Model):
    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.blocks = [keras.layers.Dense(4), keras.layers.Dense(4)]
        self._private = keras.layers.Dense(1)

    def call(self, inputs: object) -> object:
        for block in self.blocks:
            inputs = block(inputs)
        return self._private(keras.ops.mean(inputs, axis=1))


MODELS = {"functional": functional_model, "sequential": sequential_model, "subclassed": SubclassedModel}


@pytest.fixture(params=MODELS)
def trained(request: pytest.FixtureRequest) -> keras.Model:
    keras.utils.set_random_seed(1)
    model = MODELS[request.param]()
    model.compile(keras.optimizers.Adam(0.01), "mse", metrics=["mae"])
    model.fit(np.random.rand(16, 6, 8), np.random.rand(16, 1), epochs=2, verbose=0)
    return model


def bits(model: keras.Model) -> list[tuple[str, bytes]]:
    values = [keras.ops.convert_to_numpy(weight) for weight in model.weights]
    return [(str(value.dtype), value.tobytes()) for value in values]


# -- the map ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [KERAS_FILE, H5_FILE], ids=["keras", "h5"])
def test_that_a_file_without_a_map_has_none(path: Path) -> None:
    assert read_freeze_map(path) is None


@pytest.mark.parametrize("source", [KERAS_FILE, H5_FILE], ids=["keras", "h5"])
def test_that_a_map_comes_back(source: Path, tmp_path: Path) -> None:
    path = shutil.copy(source, tmp_path / source.name)
    for freeze_map in (some_map(), some_map("trainable"), some_map(num_layers=2000)):
        add_freeze_map(path, freeze_map)
        assert read_freeze_map(path) == freeze_map
        assert probe_file(path).has_freeze_map
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_that_the_other_members_are_left_as_they_are(tmp_path: Path) -> None:
    path = shutil.copy(KERAS_FILE, tmp_path / "model.keras")
    add_freeze_map(path, some_map())
    add_freeze_map(path, some_map("trainable"))
    with zipfile.ZipFile(KERAS_FILE) as before, zipfile.ZipFile(path) as after:
        assert after.namelist() == [*before.namelist(), MAP_MEMBER]
        assert all(before.read(name) == after.read(name) for name in before.namelist())
        assert all(info.compress_type == zipfile.ZIP_STORED for info in after.infolist())


def test_that_a_broken_map_is_told_from_no_map(tmp_path: Path) -> None:
    archive_path = shutil.copy(KERAS_FILE, tmp_path / "model.keras")
    hdf5_path = shutil.copy(H5_FILE, tmp_path / "model.h5")
    with zipfile.ZipFile(archive_path, "a") as archive:
        archive.writestr(MAP_MEMBER, b"{}")
    with h5py.File(hdf5_path, "r+") as file:
        file.attrs[MAP_ATTRIBUTE] = b'{"schema": 99, "layers": {}}'
    json_path = tmp_path / "model.json"
    json_path.write_text(keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).to_json())
    json_path.with_name("model.freeze.json").write_text("{}")
    for path in (archive_path, hdf5_path, json_path):
        with pytest.raises(FreezeMapError):
            read_freeze_map(path)
        # A preview opens all the same, and says so in the same words.
        preview = read_preview(path)
        assert preview.freeze_map is None
        assert preview.notes[0].startswith("The freeze map in the file is not used.")


def test_that_a_file_that_cannot_be_read_is_an_expected_error(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="There is no file"):
        read_freeze_map(tmp_path / "nowhere.keras")
    (tmp_path / "note.keras").write_text("no model")
    with pytest.raises(FileError, match="cannot be read"):
        read_freeze_map(tmp_path / "note.keras")


def test_that_keras_reads_a_file_with_a_map(tmp_path: Path) -> None:
    model = functional_model()
    model.save(tmp_path / "model.keras")
    add_freeze_map(tmp_path / "model.keras", some_map())
    assert bits(keras.saving.load_model(tmp_path / "model.keras")) == bits(model)


# -- the optimizer ----------------------------------------------------------------------------------------------


def test_that_a_model_without_its_optimizer_loads_uncompiled_with_equal_weights(
    trained: keras.Model, tmp_path: Path
) -> None:
    source, target = tmp_path / "compiled.keras", tmp_path / "plain.keras"
    trained.save(source)
    add_freeze_map(source, some_map())
    drop_optimizer(source, target)
    plain = keras.saving.load_model(target)  # a warning would fail the test
    assert not plain.compiled
    assert bits(plain) == bits(trained)
    assert bits(plain) == bits(keras.saving.load_model(source))
    assert read_freeze_map(target) == some_map()
    assert keras.saving.load_model(source).compiled


def test_that_the_optimizer_is_gone_and_the_rest_is_in_place(trained: keras.Model, tmp_path: Path) -> None:
    source, target = tmp_path / "compiled.keras", tmp_path / "plain.keras"
    trained.save(source)
    drop_optimizer(source, target)
    with open_weights(source) as before:
        names, kept = set(before), set(before) - {"optimizer"}
        assert "optimizer" in names
    with open_weights(target) as after:
        assert set(after) == kept
    assert probe_file(target).keras_version == probe_file(source).keras_version
    assert target.stat().st_size < source.stat().st_size


def test_that_a_file_can_lose_its_optimizer_in_place(tmp_path: Path) -> None:
    model = sequential_model()
    model.compile("adam", "mse")
    model.fit(np.random.rand(4, 6, 8), np.random.rand(4, 1), verbose=0)
    path = tmp_path / "model.keras"
    model.save(path)
    drop_optimizer(path, path)
    assert bits(keras.saving.load_model(path)) == bits(model)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_that_a_damaged_source_leaves_no_target(tmp_path: Path) -> None:
    source = tmp_path / "cut.keras"
    source.write_bytes(KERAS_FILE.read_bytes()[:5000])
    with pytest.raises(FileError):
        drop_optimizer(source, tmp_path / "plain.keras")
    assert [entry.name for entry in tmp_path.iterdir()] == ["cut.keras"]


def test_that_weights_read_in_place_do_not_crash_the_interpreter_at_its_end() -> None:
    code = f"""
import pathlib
from editor.files.zip_members import open_weights
with open_weights(pathlib.Path({str(KERAS_FILE)!r})) as weights:
    names = []
    weights.visit(names.append)
print(len(names))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0
