from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from editor.errors import FileError
from editor.files.atomic import remove_unfinished, write_atomically

posix_only = pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_that_the_target_appears_when_all_is_written(tmp_path: Path) -> None:
    target = tmp_path / "model.keras"
    with write_atomically(target) as temporary:
        assert temporary.parent == tmp_path
        assert temporary.name.startswith(".model.")
        assert temporary.suffix == ".keras"
        temporary.write_bytes(b"new")
        assert not target.exists()
    assert target.read_bytes() == b"new"
    assert names_in(tmp_path) == ["model.keras"]


@pytest.mark.parametrize("error", [ValueError("no"), OSError(errno.EIO, "no"), KeyboardInterrupt()])
def test_that_a_failure_leaves_the_old_file_and_nothing_else(error: BaseException, tmp_path: Path) -> None:
    target = tmp_path / "model.keras"
    target.write_bytes(b"old")
    with pytest.raises(type(error)), write_atomically(target) as temporary:
        temporary.write_bytes(b"half")
        raise error
    assert target.read_bytes() == b"old"
    assert names_in(tmp_path) == ["model.keras"]


def test_that_a_full_disk_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no room on the disk"), write_atomically(tmp_path / "model.keras"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert names_in(tmp_path) == []


def full_device() -> Path:
    return Path("/dev/full")


@pytest.mark.skipif(not full_device().exists(), reason="needs /dev/full")
def test_that_a_device_that_is_really_full_is_one_sentence(tmp_path: Path) -> None:
    with (
        pytest.raises(FileError, match="no room on the disk"),
        write_atomically(tmp_path / "a.npz"),
        full_device().open("wb", buffering=0) as stream,
    ):
        stream.write(b"x")
    assert names_in(tmp_path) == []


def test_that_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="There is no folder"), write_atomically(tmp_path / "no" / "model.keras"):
        pytest.fail("nothing to write into")


def test_that_a_folder_is_no_target(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="is a folder"), write_atomically(tmp_path):
        pytest.fail("nothing to write into")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="this user may write everywhere")
def test_that_a_read_only_folder_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(FileError, match="permission denied"), write_atomically(tmp_path / "model.keras"):
            pytest.fail("nothing to write into")
    finally:
        tmp_path.chmod(0o700)


@posix_only
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444])
def test_that_permissions_are_kept(mode: int, tmp_path: Path) -> None:
    target = tmp_path / "model.keras"
    target.touch()
    target.chmod(mode)
    with write_atomically(target) as temporary:
        assert stat.S_IMODE(temporary.stat().st_mode) & 0o077 & ~mode == 0
        temporary.write_bytes(b"new")
    assert stat.S_IMODE(target.stat().st_mode) == mode


@posix_only
def test_that_a_new_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    with write_atomically(tmp_path / "written") as temporary:
        temporary.write_bytes(b"new")
    assert (tmp_path / "written").stat().st_mode == (tmp_path / "plain").stat().st_mode


@posix_only
def test_that_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    real = tmp_path / "elsewhere" / "model.keras"
    real.write_bytes(b"old")
    link = tmp_path / "link.keras"
    link.symlink_to(real)
    with write_atomically(link) as temporary:
        assert temporary.parent == real.parent
        temporary.write_bytes(b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


@posix_only
def test_that_links_in_a_circle_are_an_expected_error(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(FileError), write_atomically(tmp_path / "a"):
        pytest.fail("nothing to write into")


def test_that_a_long_name_leaves_room_for_the_temporary_one(tmp_path: Path) -> None:
    target = tmp_path / ("n" * 240 + ".keras")
    with write_atomically(target) as temporary:
        temporary.write_bytes(b"new")
    assert target.read_bytes() == b"new"


def test_that_an_error_of_ours_passes_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="my own"), write_atomically(tmp_path / "model.keras"):
        raise FileError("my own")
    assert names_in(tmp_path) == []


def test_that_what_a_dead_writer_left_is_removed_and_nothing_else(tmp_path):
    target = tmp_path / "model.keras"
    left = [tmp_path / ".model.0123abcd.tmp.keras", tmp_path / ".model.0123abcd.tmp.full.keras"]
    other = [target, tmp_path / ".models.0123abcd.tmp.keras", tmp_path / ".model.keras", tmp_path / ".model.tmp.h5"]
    for path in (*left, *other):
        path.touch()
    remove_unfinished(target)
    assert sorted(tmp_path.iterdir()) == sorted(other)
    remove_unfinished(tmp_path / "missing" / "model.keras")
