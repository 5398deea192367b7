"""A hostile file is refused in one sentence with a hint, and what is open stays as it is, with its undo steps."""

from __future__ import annotations

import base64
import io
import json
import marshal
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from tests.hostile.gallery import TRICKS, write_trick
from tests.hostile.trick import CONFIG, GOOD_HDF5, MARK, members, write_archive
from tests.integration.driver import Driver
from tests.integration.files import DEMO
from widgets.document import Stage

SAVED_MODELS = Path(__file__).parents[1] / "data" / "saved_models"

KINDS = (
    "zip bomb in the weights",
    "member named '../../escaped.txt'",
    "two members of one name",
    "JSON nested 900 deep",
    "layers called in a circle",
    "link to another file",
    "values in another file",
    "shape of petabytes",
    "HDF5 that hangs the library",
)


def test_that_a_hostile_file_is_refused_and_the_document_stays(driver: Driver, tmp_path: Path) -> None:
    driver.open(DEMO)
    driver.wait_for_engine()
    driver.click_tick("backbone")
    driver.save_as(tmp_path / "mine.keras")
    document, flags = driver.document, driver.document.freeze_map()
    for name in KINDS:
        path = write_trick(name, tmp_path)
        driver.window.notices.clear()
        driver.open_as_argument(path)
        assert TRICKS[name].words in driver.notice
        assert path.name in driver.notice
        assert driver.notice.endswith(".")
        assert driver.notice.count(". ") >= 1, "there is no hint"
        assert "\n" not in driver.notice
        assert driver.document is document
        assert driver.document.freeze_map() == flags
        assert not driver.window.isWindowModified()
    driver.undo()
    assert driver.document.freeze_map() != flags
    assert not (tmp_path / MARK).exists()

    # Code in a file is run by nobody: the window asks, and the engine alone refuses too.
    driver.save()
    for path in lambda_traps(tmp_path):
        driver.preview(path)
        driver.keep_preview()
        driver.app.loader.load(driver.document)
        driver.wait(lambda: driver.document.stage is Stage.PREVIEW)
        assert "Lambda layer" in driver.notice
        assert not (tmp_path / MARK).exists(), path
    driver.preview(pickle_trap(tmp_path))
    driver.wait(lambda: driver.document.is_live)
    assert not (tmp_path / MARK).exists()


def lambda_traps(folder: Path) -> Iterator[Path]:
    """Files with a Lambda whose code would write the mark, as Keras 3 and 2 write it."""
    call = compile(f"lambda x: (open({str(folder / MARK)!r}, 'w').close(), x)[1]", "trap", "eval").co_consts[0]
    code = base64.b64encode(marshal.dumps(call)).decode()
    modern = {"class_name": "__lambda__", "config": {"code": code, "defaults": None, "closure": None}}
    config = json.loads(members()[CONFIG])
    config["config"]["layers"].append(
        {"module": "keras.layers", "class_name": "Lambda", "config": {"name": "trap", "function": modern}}
    )
    write_archive(folder / "trap.keras", {CONFIG: json.dumps(config).encode()})
    yield folder / "trap.keras"

    old = {
        "class_name": "Lambda",
        "config": {"name": "trap", "function": [code, None, None], "function_type": "lambda"},
    }
    with h5py.File(shutil.copy(GOOD_HDF5, folder / "trap.h5"), "r+") as file:
        config = json.loads(file.attrs["model_config"])
        config["config"]["layers"].append(old)
        file.attrs["model_config"] = json.dumps(config)
    yield folder / "trap.h5"

    saved = shutil.copytree(SAVED_MODELS / "plain", folder / "trap")
    metadata = saved / "keras_metadata.pb"
    metadata.write_bytes(with_layer(metadata.read_bytes(), old))
    yield saved


def with_layer(metadata: bytes, layer: dict[str, Any]) -> bytes:
    """The metadata of a SavedModel whose model, the first object, has one more layer."""
    length, start = varint(metadata, 1)
    root, rest = metadata[start : start + length], metadata[start + length :]
    head, _, tail = root.partition(b"*")
    length, start = varint(tail, 0)
    config = json.loads(tail[start : start + length])
    config["model_config"]["config"]["layers"].append(layer)
    text = json.dumps(config).encode()
    root = head + b"*" + as_varint(len(text)) + text + tail[start + length :]
    return b"\n" + as_varint(len(root)) + root + rest


def varint(data: bytes, at: int) -> tuple[int, int]:
    """A number as protobuf writes it, and where it ends."""
    value, shift = 0, 0
    while data[at] & 128:
        value, shift, at = value | (data[at] & 127) << shift, shift + 7, at + 1
    return value | data[at] << shift, at + 1


def as_varint(value: int) -> bytes:
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + as_varint(value >> 7)


class Acting:
    """Writes the mark when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (str(self._mark), "w")


def pickle_trap(folder: Path) -> Path:
    """A good model with pickled arrays beside its weights."""
    stream, arrays = io.BytesIO(), np.empty(1, object)
    arrays[0] = Acting(folder / MARK)
    np.save(stream, arrays)
    added = ("model.weights.npz", "assets/0.npy", "_layer_checkpoint_dependencies.pkl")
    write_archive(folder / "pickled.keras", dict.fromkeys(added, stream.getvalue()))
    return folder / "pickled.keras"
