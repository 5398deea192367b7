from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from editor.errors import FileError
from editor.runs.abandoned import find_abandoned
from editor.runs.journal import Journal, read_journal
from tests.runs.trees import small_tree
from tests.widgets.opened import opened_document
from widgets.document import Document
from widgets.undo import RunCommand


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "workspaces"


@pytest.fixture
def document(qtbot: QtBot, root: Path, tmp_path: Path) -> Iterator[Document]:
    document = opened_document(small_tree().root.record, tmp_path)
    yield document
    document.leave()


def keep(document: Document, revision: int) -> Path:
    """Does as the engine does: writes the weights of a revision, and says so."""
    path = document.workspace.revision_path(revision)
    path.touch()
    document.note_revision(revision)
    document.note_kept(revision, path)
    return path


def end_run(document: Document, before: int, after: int) -> None:
    files = [document.workspace.revision_path(number) for number in (before, after)]
    document.stack.push(RunCommand(document, "Train", (before, files[0]), (after, files[1])))


def freeze(document: Document, path: str) -> None:
    node = document.tree.find(path)
    assert node
    document.edit([node], trainable=False)


def test_that_after_a_save_the_models_own_file_has_the_newest_weights(document: Document, root: Path):
    keep(document, 0)
    keep(document, 8)
    end_run(document, 0, 8)
    document.note_saved(document.path, 8, step=1)
    assert not document.is_modified
    assert document.weights_file is None
    document.leave()
    assert not find_abandoned(root)


def test_that_weights_trained_during_a_save_stay_the_newest(document: Document, root: Path):
    keep(document, 0)
    keep(document, 5)
    newest = keep(document, 8)
    end_run(document, 0, 8)
    document.note_saved(document.path, 6, step=0)
    assert document.is_modified
    assert document.weights_file == newest
    document.leave()
    (found,) = find_abandoned(root)
    assert found.newer_weights == newest


def test_that_a_checkpoint_from_before_a_save_in_mid_run_is_older_than_the_file(document: Document):
    keep(document, 0)
    keep(document, 5)
    document.note_revision(8)
    document.note_saved(document.path, 6, step=0)
    assert document.is_modified
    assert document.weights_file is None


def test_that_an_undo_during_a_save_stays_the_newest(document: Document, root: Path):
    original = keep(document, 0)
    keep(document, 8)
    end_run(document, 0, 8)
    document.stack.undo()
    document.note_saved(document.path, 8, step=1)
    assert document.is_modified
    assert document.weights_file == original
    document.leave()
    (found,) = find_abandoned(root)
    assert found.newer_weights == original
    assert found.info.saved_revision == 8


def test_that_the_journal_holds_what_the_file_has_not(document: Document):
    freeze(document, "head")
    freeze(document, "block/conv")
    document.note_saved(document.path, 0, step=1)
    assert document.is_modified
    assert len(read_journal(document.workspace.journal_path)) == 2
    document.note_saved(document.path, 0, step=2)
    assert not document.is_modified
    assert not read_journal(document.workspace.journal_path)
    document.stack.undo()
    assert len(read_journal(document.workspace.journal_path)) == 1


def test_that_weights_which_an_engine_wrote_and_told_nobody_of_keep_their_number(document: Document):
    keep(document, 4)
    document.workspace.revision_path(9).touch()
    assert document.revision == 4
    assert document.newest_revision == 9


def test_that_an_edit_that_cannot_be_written_down_is_made_all_the_same(
    document: Document, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_arguments: object) -> None:
        raise FileError("The disk is full.")

    monkeypatch.setattr(Journal, "append", refuse)
    problems, changes = [], []
    document.troubled.connect(problems.append)
    document.flags_changed.connect(changes.append)
    freeze(document, "head")
    assert changes
    assert [problem.summary for problem in problems] == ["The disk is full."]
    assert document.is_modified
