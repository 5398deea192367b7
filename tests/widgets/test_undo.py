"""Undo and redo of many edits, through the window's own document and stack."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from pytestqt.qtbot import QtBot

from editor.keras_model.walk import walk_model
from editor.layers.records import LayerRecord
from editor.runs.journal import plan_steps, read_journal
from tests import models
from tests.layers.records import models as random_models
from tests.layers.snapshots import NUM_EDITS, effective, many_edits, snapshot
from tests.round_trip import hard_models
from tests.round_trip.states import Edit
from tests.widgets.opened import opened_document
from widgets.document import Document

few = settings(
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    max_examples=4,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)


@contextmanager
def opened(root: LayerRecord) -> Iterator[Document]:
    with tempfile.TemporaryDirectory() as folder:
        document = opened_document(root, Path(folder))
        try:
            yield document
        finally:
            document.forget()


def check_undo_and_redo(document: Document, wishes: list[Edit]) -> None:
    snapshots = [snapshot(document.tree)]
    for at, wish in enumerate(wishes):
        document.push(effective(document.tree, wish), f"Edit {at}")
        snapshots.append(snapshot(document.tree))
    assert document.stack.count() == NUM_EDITS
    for at in reversed(range(NUM_EDITS)):
        assert document.stack.undoText() == f"Edit {at}"
        document.stack.undo()
        assert snapshot(document.tree) == snapshots[at]
    assert not document.is_modified
    for at in range(NUM_EDITS):
        document.stack.redo()
        assert snapshot(document.tree) == snapshots[at + 1]


@few
@given(root=random_models(), wishes=many_edits())
def test_that_200_edits_of_any_model_are_undone_and_redone(qtbot: QtBot, root: LayerRecord, wishes: list[Edit]):
    with opened(root) as document:
        assume(any(not weight.is_statistics for weight in document.tree.root.weights_below))
        check_undo_and_redo(document, wishes)


@pytest.fixture(scope="module", params=[models.composites, hard_models.attributes], ids=lambda it: it.__name__)
def real_root(request: pytest.FixtureRequest) -> LayerRecord:
    return walk_model(request.param()).root


@few
@given(wishes=many_edits())
def test_that_200_edits_of_a_real_model_are_undone_and_redone(qtbot: QtBot, real_root: LayerRecord, wishes: list[Edit]):
    with opened(real_root) as document:
        check_undo_and_redo(document, wishes)


@few
@given(wishes=many_edits())
def test_that_the_journal_of_edits_and_undos_gives_the_last_state(
    qtbot: QtBot, real_root: LayerRecord, wishes: list[Edit]
):
    """As when the window was killed after them."""
    with opened(real_root) as document, opened(real_root) as next_one:
        for at, wish in enumerate(wishes):
            document.push(effective(document.tree, wish), f"Edit {at}")
            if wish.updates:
                document.stack.undo()
        steps = read_journal(document.workspace.journal_path)
        next_one.tree.apply(plan_steps(next_one.tree, steps))
        assert snapshot(next_one.tree) == snapshot(document.tree)
