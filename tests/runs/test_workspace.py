from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from editor.errors import FileError
from editor.runs.abandoned import AbandonedWorkspace, find_abandoned
from editor.runs.journal import Journal, JournalStep, read_journal
from editor.runs.revisions import read_revision
from editor.runs.workspace import (
    DOCUMENT_FILE,
    JOURNAL_FILE,
    ROOT_VARIABLE,
    DocumentInfo,
    Workspace,
    revision_path,
    workspaces_root,
)

PROJECT = Path(__file__).parent.parent.parent
STEP = JournalStep("Freeze", {0: False})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "workspaces"


@pytest.fixture
def info(tmp_path: Path) -> DocumentInfo:
    (tmp_path / "model.keras").write_bytes(b"model")
    return DocumentInfo.of(tmp_path / "model.keras")


@pytest.fixture
def workspace(root: Path, info: DocumentInfo) -> Iterator[Workspace]:
    workspace = Workspace.create(root, info)
    yield workspace
    workspace.clean()


def add_step(folder: Path) -> None:
    journal = Journal(folder / JOURNAL_FILE)
    journal.append(STEP)
    journal.close()


def add_revision(folder: Path, revision: int, changed_at: int) -> Path:
    path = revision_path(folder, revision)
    path.write_bytes(b"weights")
    os.utime(path, (changed_at, changed_at))
    return path


def abandon(workspace: Workspace) -> None:
    add_step(workspace.folder)
    workspace.release()


# -- the folder -------------------------------------------------------------------------------------------------


def test_that_the_root_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(ROOT_VARIABLE, raising=False)
    assert workspaces_root().parts[-2:] == ("frostline", "workspaces")
    monkeypatch.setenv(ROOT_VARIABLE, str(tmp_path))
    assert workspaces_root() == tmp_path


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
def test_that_nobody_else_can_read_it(workspace: Workspace, root: Path) -> None:
    for folder in (root, workspace.folder, workspace.folder / "weights"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_that_it_knows_its_document(workspace: Workspace, info: DocumentInfo) -> None:
    saved = msgspec.structs.replace(info, saved_as="/models/saved.keras")
    workspace.update(saved)
    assert workspace.info == saved
    written = msgspec.json.decode((workspace.folder / DOCUMENT_FILE).read_bytes(), type=DocumentInfo)
    assert written == saved


def test_that_a_source_that_changed_is_noticed(info: DocumentInfo) -> None:
    assert info.is_file_unchanged
    Path(info.source).write_bytes(b"other model")
    assert not info.is_file_unchanged
    Path(info.source).unlink()
    assert not info.is_file_unchanged


def test_that_a_missing_source_is_an_expected_error(tmp_path: Path) -> None:
    with pytest.raises(FileError):
        DocumentInfo.of(tmp_path / "nowhere.keras")


def test_that_a_root_that_cannot_be_made_is_an_expected_error(tmp_path: Path, info: DocumentInfo) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match=ROOT_VARIABLE):
        Workspace.create(tmp_path / "file" / "workspaces", info)


def test_that_cleaning_leaves_nothing_of_it(root: Path, info: DocumentInfo) -> None:
    first, second = Workspace.create(root, info), Workspace.create(root, info)
    add_step(first.folder)
    add_revision(first.folder, 1, 1)
    first.clean()
    assert not first.folder.exists()
    assert second.folder.exists()
    second.clean()
    assert find_abandoned(root) == []


# -- revisions --------------------------------------------------------------------------------------------------


def test_that_old_revisions_go_and_needed_ones_stay(workspace: Workspace) -> None:
    files = [add_revision(workspace.folder, number, number) for number in range(1, 8)]
    workspace.prune_revisions(2, {files[0]})
    assert workspace.revisions() == (files[0], files[5], files[6])
    workspace.prune_revisions(0)
    assert workspace.revisions() == (files[6],)


def test_that_an_undone_run_makes_an_older_revision_the_current_one(workspace: Workspace) -> None:
    files = [add_revision(workspace.folder, number, number) for number in range(1, 4)]
    workspace.mark_current(files[0])
    assert workspace.revisions()[-1] == files[0]
    workspace.mark_current(workspace.revision_path(99))  # gone: nothing to mark


def test_that_half_written_revisions_are_no_revisions(workspace: Workspace) -> None:
    (workspace.folder / "weights" / ".revision-000001.ab12.tmp.npz").touch()
    assert workspace.revisions() == ()


# -- what was abandoned -----------------------------------------------------------------------------------------


def test_that_a_workspace_in_use_is_not_offered(workspace: Workspace, root: Path) -> None:
    add_step(workspace.folder)
    assert find_abandoned(root) == []


def test_that_another_thread_may_hold_and_release(root: Path, info: DocumentInfo) -> None:
    made: list[Workspace] = []
    thread = threading.Thread(target=lambda: made.append(Workspace.create(root, info)))
    thread.start()
    thread.join()
    add_step(made[0].folder)
    assert find_abandoned(root) == []
    made[0].release()
    assert len(find_abandoned(root)) == 1


def test_that_an_abandoned_one_tells_what_it_has(workspace: Workspace, root: Path, info: DocumentInfo) -> None:
    add_step(workspace.folder)
    add_revision(workspace.folder, 1, 1)
    last = add_revision(workspace.folder, 2, 2_000_000_000)
    workspace.release()
    (found,) = find_abandoned(root)
    assert (found.info, found.last_revision, found.num_steps) == (info, last, 1)
    assert found.changed_at.timestamp() == 2_000_000_000


def test_that_the_newest_comes_first(root: Path, info: DocumentInfo) -> None:
    for number in (3, 1, 2):
        workspace = Workspace.create(root, info)
        add_revision(workspace.folder, number, 2_000_000_000 + number)
        workspace.release()
    numbers = [found.last_revision.name for found in find_abandoned(root) if found.last_revision]
    assert numbers == ["revision-000003.npz", "revision-000002.npz", "revision-000001.npz"]


def test_that_one_without_content_is_removed(workspace: Workspace, root: Path) -> None:
    (workspace.folder / JOURNAL_FILE).write_bytes(b'{"text": "cut')
    workspace.release()
    assert find_abandoned(root) == []
    assert not workspace.folder.exists()


def test_that_weights_of_an_unknown_model_are_neither_offered_nor_removed(workspace: Workspace, root: Path) -> None:
    add_revision(workspace.folder, 1, 1)
    (workspace.folder / DOCUMENT_FILE).write_bytes(b"\xff{")
    workspace.release()
    assert find_abandoned(root) == []
    assert workspace.revision_path(1).exists()


def test_that_a_half_made_folder_is_removed(root: Path) -> None:
    (root / "20260101-000000-0123abcd").mkdir(parents=True)
    assert find_abandoned(root) == []
    assert [path.name for path in root.iterdir()] == [".lock"]


def test_that_folders_of_others_are_left_alone(root: Path) -> None:
    (root / "my thesis").mkdir(parents=True)
    (root / "20260101-000000-0123abcd").touch()
    assert find_abandoned(root) == []
    assert (root / "my thesis").is_dir()
    assert (root / "20260101-000000-0123abcd").is_file()


def test_that_a_missing_root_has_nothing(root: Path) -> None:
    assert find_abandoned(root) == []
    assert not root.exists()


def test_that_adopting_takes_it_over(workspace: Workspace, root: Path, info: DocumentInfo) -> None:
    abandon(workspace)
    (found,) = find_abandoned(root)
    adopted = found.adopt()
    assert (adopted.folder, adopted.info) == (workspace.folder, info)
    assert find_abandoned(root) == []
    with pytest.raises(FileError, match=r"model\.keras is in use"):
        found.adopt()
    found.discard()  # in use, so it stays
    assert read_journal(adopted.journal_path) == (STEP,)
    adopted.clean()
    with pytest.raises(FileError, match="gone"):
        found.adopt()
    assert not adopted.folder.exists()


def test_that_discarding_removes_it(workspace: Workspace, root: Path) -> None:
    abandon(workspace)
    (found,) = find_abandoned(root)
    found.discard()
    assert not workspace.folder.exists()
    replace(found).discard()  # nothing there any more


# -- a real owner -----------------------------------------------------------------------------------------------


def start_owner(root: Path, source: str) -> tuple[subprocess.Popen[str], Path]:
    command = [sys.executable, "-m", "tests.runs.workspace_owner", str(root), source]
    owner = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    return owner, Path(owner.stdout.readline().strip())


def test_that_the_work_of_a_killed_owner_is_adopted(root: Path, info: DocumentInfo) -> None:
    owner, folder = start_owner(root, info.source)
    assert find_abandoned(root) == []
    owner.kill()
    owner.communicate()
    (found,) = find_abandoned(root)
    assert isinstance(found, AbandonedWorkspace)
    assert (found.folder, found.num_steps) == (folder, 1)
    adopted = found.adopt()
    assert found.last_revision == adopted.revision_path(2)
    assert read_revision(found.last_revision).variables[0].tolist() == [2, 2, 2]
    add_step(folder)
    assert len(read_journal(adopted.journal_path)) == 2
    adopted.clean()
    assert find_abandoned(root) == []
