from __future__ import annotations

import json
import os
import shutil
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from editor.errors import FileError
from editor.files import zip_members
from editor.files.probe import probe_file
from editor.files.probe_hdf5 import TRAINED_WEIGHTS_ATTRIBUTE
from editor.files.zip_members import CONFIG_MEMBER, METADATA_MEMBER, WEIGHTS_MEMBER, member_range
from tests.files.samples import ALL_FILES, H5_FILE, KERAS_FILE


def problem_of(path: Path) -> str:
    with pytest.raises(FileError) as caught:
        probe_file(path)
    assert caught.value.summary.endswith(".")
    assert "\n" not in caught.value.summary
    assert caught.value.hint.endswith(".")
    return str(caught.value)


def members_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_members(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("path", ALL_FILES, ids=lambda path: path.name)
def test_that_real_models_are_sound(path: Path) -> None:
    facts = probe_file(path)
    assert facts.format == ("keras" if path.suffix == ".keras" else "h5")
    assert facts.num_bytes == path.stat().st_size
    assert facts.has_model_config
    assert not facts.has_freeze_map
    assert facts.keras_version is not None


def test_that_the_version_is_told() -> None:
    assert probe_file(KERAS_FILE).keras_version == "3.3.3"
    assert probe_file(H5_FILE).keras_version == "2.1.3"


@pytest.mark.parametrize(("path", "name"), [(KERAS_FILE, "wrong.h5"), (H5_FILE, "wrong.keras"), (H5_FILE, "bare")])
def test_that_the_content_decides_and_not_the_name(path: Path, name: str, tmp_path: Path) -> None:
    renamed = shutil.copy(path, tmp_path / name)
    assert probe_file(renamed).format == probe_file(path).format


def test_that_an_hdf5_file_behind_a_user_block_is_read(tmp_path: Path) -> None:
    path = tmp_path / "block.h5"
    with h5py.File(path, "w", userblock_size=1024) as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential"})
    assert probe_file(path).format == "h5"


@pytest.mark.parametrize("libver", ["earliest", "v110", "latest"])
def test_that_every_superblock_version_is_read(libver: str, tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    with h5py.File(path, "w", libver=libver) as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential"})
        file["values"] = np.zeros(1000)
    assert probe_file(path).keras_version is None
    path.write_bytes(path.read_bytes()[:-1])
    assert "cut short" in problem_of(path)


# -- what is no model -------------------------------------------------------------------------------------------


def test_that_a_missing_file_is_named(tmp_path: Path) -> None:
    assert "There is no file" in problem_of(tmp_path / "nowhere.keras")


def test_that_a_name_that_no_system_allows_is_an_expected_error() -> None:
    assert "cannot be reached" in problem_of(Path("a\0b.keras"))


def test_that_a_folder_is_told_from_a_saved_model(tmp_path: Path) -> None:
    assert "is a folder" in problem_of(tmp_path)
    (tmp_path / "saved_model.pb").touch()
    assert "SavedModel" in problem_of(tmp_path)


def test_that_an_unpacked_archive_is_recognised(tmp_path: Path) -> None:
    with zipfile.ZipFile(KERAS_FILE) as archive:
        archive.extractall(tmp_path)
    assert "parts of a .keras file" in problem_of(tmp_path)
    assert f"keras.saving.load_model({tmp_path.name!r}).save(" in problem_of(tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"just a note", "looks like text"),
        ("Grüße".encode(), "looks like text"),
        (b'{"class_name": "Sequential"}', "holds no architecture of Keras"),
        (b'{"schema": 1, "layers": {}}', "is a freeze map"),
        (b"[1, 2]", "JSON text"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        (b"\x1c\x00\x00\x00TFL3", "TensorFlow Lite"),
        (b"\x93NUMPY\x01\x00", "NumPy"),
        (b"\x80\x04\x95", "pickle"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (bytes(100), "unknown kind"),
        (b"\x89HDF", "unknown kind"),
    ],
)
def test_that_what_is_no_model_is_described(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "file.keras"
    path.write_bytes(content)
    assert words in problem_of(path)


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"model/data.pkl": b""}, "PyTorch"),
        ({"x.npy": b"", "y.npy": b""}, "NumPy arrays"),
        ({"m/saved_model.pb": b""}, "SavedModel"),
        ({"m/best.h5": b""}, "m/best.h5 inside"),
        ({"word/document.xml": b""}, "no Keras model"),
        ({}, "no Keras model"),
        ({CONFIG_MEMBER: b"{}"}, "metadata.json and model.weights.h5 is missing"),
    ],
)
def test_that_other_archives_are_described(members: dict[str, bytes], words: str, tmp_path: Path) -> None:
    assert words in problem_of(write_members(tmp_path / "file.keras", members))


def test_that_weights_alone_are_sound(tmp_path: Path) -> None:
    path = tmp_path / "model.weights.h5"
    path.write_bytes(members_of(KERAS_FILE)[WEIGHTS_MEMBER])
    facts = probe_file(path)
    assert facts.format == "weights"
    assert not facts.has_model_config


def test_that_trained_weights_are_refused_with_a_way_out(tmp_path: Path) -> None:
    path = tmp_path / "trained.h5"
    with h5py.File(path, "w") as file:
        file.attrs[TRAINED_WEIGHTS_ATTRIBUTE] = 1
        file["layers/dense/vars/0"] = np.zeros(3)
    assert "apply them" in problem_of(path)


def test_that_a_foreign_hdf5_file_is_no_model(tmp_path: Path) -> None:
    path = tmp_path / "measurements.h5"
    with h5py.File(path, "w") as file:
        file["x"] = np.zeros(3)
        file["held/y"] = np.zeros(3)
    problem = problem_of(path)
    assert "measurements.h5 holds arrays (x, held/y), and no Keras model." in problem
    assert "choose it in Data…" in problem


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="this user may read everything")
def test_that_an_unreadable_file_is_told(tmp_path: Path) -> None:
    path = shutil.copy(H5_FILE, tmp_path / "secret.h5")
    path.chmod(0)
    assert "permission denied" in problem_of(path)


# -- what is damaged --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [KERAS_FILE, H5_FILE], ids=["keras", "h5"])
@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.9, 0.9999])
def test_that_a_cut_file_is_found(path: Path, share: float, tmp_path: Path) -> None:
    cut = tmp_path / path.name
    content = path.read_bytes()
    cut.write_bytes(content[: int(len(content) * share)])
    assert "cut short" in problem_of(cut) or "damaged" in problem_of(cut)


@pytest.mark.parametrize("num_bytes", [4, 8, 9, 16, 30, 95, 96])
@pytest.mark.parametrize("path", [KERAS_FILE, H5_FILE], ids=["keras", "h5"])
def test_that_the_first_bytes_alone_are_no_model(path: Path, num_bytes: int, tmp_path: Path) -> None:
    cut = tmp_path / path.name
    cut.write_bytes(path.read_bytes()[:num_bytes])
    problem_of(cut)


def test_that_cut_weights_in_a_whole_archive_are_found(tmp_path: Path) -> None:
    members = members_of(KERAS_FILE)
    members[WEIGHTS_MEMBER] = members[WEIGHTS_MEMBER][:-1000]
    assert "cut short" in problem_of(write_members(tmp_path / "model.keras", members))


def test_that_weights_of_another_kind_are_found(tmp_path: Path) -> None:
    members = members_of(KERAS_FILE) | {WEIGHTS_MEMBER: b"nothing"}
    assert "no HDF5 file" in problem_of(write_members(tmp_path / "model.keras", members))


def test_that_a_changed_byte_of_the_configuration_is_found(tmp_path: Path) -> None:
    path = shutil.copy(KERAS_FILE, tmp_path / "model.keras")
    with zipfile.ZipFile(path) as archive, path.open("rb") as raw:
        offset, num_bytes = member_range(raw, archive.getinfo(CONFIG_MEMBER))
    content = bytearray(path.read_bytes())
    content[offset + num_bytes // 2] ^= 1
    path.write_bytes(content)
    assert "damaged archive" in problem_of(path)


@pytest.mark.parametrize("member", [CONFIG_MEMBER, METADATA_MEMBER])
@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff\xfe", b"[}"])
def test_that_json_that_is_none_is_found(member: str, content: bytes, tmp_path: Path) -> None:
    members = members_of(KERAS_FILE) | {member: content}
    assert "damaged" in problem_of(write_members(tmp_path / "model.keras", members))


def test_that_an_archive_packed_by_hand_is_sound(tmp_path: Path) -> None:
    packed = write_members(tmp_path / "model.keras", members_of(KERAS_FILE), zipfile.ZIP_DEFLATED)
    assert probe_file(packed).format == "keras"


def test_that_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    members = members_of(KERAS_FILE) | {"assets/zeros": bytes(8 << 20)}
    packed = write_members(tmp_path / "model.keras", members, zipfile.ZIP_DEFLATED)
    assert "assets/zeros unpacks to 8,388,608 bytes" in problem_of(packed)


def test_that_a_huge_configuration_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_members, "MAX_JSON_BYTES", 1000)
    assert "at most 1,000 are read" in problem_of(shutil.copy(KERAS_FILE, tmp_path / "model.keras"))


def test_that_one_member_under_two_entries_is_refused(tmp_path: Path) -> None:
    path = write_members(tmp_path / "model.keras", members_of(KERAS_FILE) | {"a": bytes(1 << 20)})
    with zipfile.ZipFile(path, "a") as archive:
        twice = archive.getinfo("a")
        archive.filelist += [twice] * 3
        archive._didModify = True  # type: ignore[attr-defined]  # writes the directory again
    assert "two members for one name" in problem_of(path)


@pytest.mark.parametrize("config", ["{", "[]", "{}"])
def test_that_a_broken_configuration_in_hdf5_is_found(config: str, tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = config
    assert "damaged" in problem_of(path)
