"""A document that stands on a preview first: its steps go over to the live model, and its journal fits both."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from editor.layers.changes import changes_since
from editor.layers.records import LayerRecord
from editor.layers.tree import LayerTree
from editor.processes.messages import ModelOpened
from editor.runs.journal import plan_records, read_records
from tests.layers.blinding import Blinding, blinded
from tests.layers.records import Builder, base_and_head, models, picked
from tests.widgets.opened import previewed_document
from widgets.document import Document, Stage

Flags = dict[int, bool]


def flags_of(tree: LayerTree) -> Flags:
    return {
        weight.weight_id: tree.is_trainable(weight) for weight in tree.root.weights_below if not weight.is_statistics
    }


def go_live(document: Document, record: LayerRecord) -> None:
    document.go_live(ModelOpened(document_id=document.document_id, root=record, model_name="model"))


def edit(document: Document, path: str, *, trainable: bool) -> None:
    node = document.tree.find(path)
    assert node
    document.edit([node], trainable=trainable)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    models(),
    st.sets(st.integers(0, 12)),
    st.lists(st.tuples(st.lists(st.integers(0, 500), min_size=1), st.booleans()), max_size=6),
    st.integers(0, 6),
)
def test_that_steps_go_from_the_files_flags_to_what_the_preview_showed(
    qtbot: QtBot, record: LayerRecord, blind: set[int], wishes: list[tuple[list[int], bool]], num_undone: int
):
    blinding = Blinding(lambda layer: layer.layer_id in blind)
    with tempfile.TemporaryDirectory() as folder:
        document = previewed_document(blinding.of(record), Path(folder))
        seen = [flags_of(document.tree)]
        for positions, trainable in wishes:
            count = document.stack.count()
            document.edit(picked(document.tree, positions), trainable=trainable)
            seen += [flags_of(document.tree)] * (document.stack.count() - count)
        for _ in range(num_undone):
            document.stack.undo()
        at = document.stack.index()
        go_live(document, record)
        shown = [{blinding.weights[key]: flag for key, flag in flags.items()} for flags in seen]
        assert flags_of(document.tree) == shown[at]
        for index in (*reversed(range(at)), *range(1, len(shown))):
            document.stack.setIndex(index)
            assert flags_of(document.tree) == shown[index]
        document.stack.setIndex(0)
        assert flags_of(document.tree) == flags_of(LayerTree(record))
        assert not changes_since(document.tree, document.opened)
        assert not document.is_modified
        document.forget()


def test_that_the_journal_fits_the_preview_and_the_live_model_whenever_it_was_written(qtbot: QtBot, tmp_path: Path):
    build = Builder()
    block = build.container("block", build.dense("x"), build.normalization("norm"), class_name="Custom")
    record = build.container("", block, build.dense("head"))
    preview = Blinding(lambda layer: layer.name == "block").of(record)
    document = previewed_document(preview, tmp_path)
    edit(document, "head", trainable=False)
    _norm, dense = document.tree.find("block").children
    document.edit([dense], trainable=False)
    for tree in (LayerTree(preview), LayerTree(record)):
        tree.apply(plan_records(tree, read_records(document.workspace.journal_path)))
        assert [tree.account(tree.find(path)).trainable.weights for path in ("head", "block")] == [0, 2]
    go_live(document, record)
    edit(document, "block/norm:gamma", trainable=False)
    document.stack.undo()
    edit(document, "block/norm:beta", trainable=False)
    for tree in (LayerTree(preview), LayerTree(record)):
        tree.apply(plan_records(tree, read_records(document.workspace.journal_path)))
        assert [tree.account(tree.find(path)).trainable.weights for path in ("head", "block")] == [0, 1]
    document.forget()


def test_that_flags_which_only_the_live_model_tells_are_the_files_and_no_change(qtbot: QtBot, tmp_path: Path):
    tree = base_and_head()
    record = tree.root.record
    build = Builder()
    frozen = build.container(
        "base", build.dense("conv1", is_trainable=False), build.normalization("bn"), build.dense("conv2")
    )
    live = build.container("", frozen, build.dense("head"))
    document = previewed_document(record, tmp_path)
    edit(document, "head", trainable=False)
    rebased = document.go_live(ModelOpened(document_id=0, root=live, model_name="model"))
    assert rebased.differing == ("base/conv1:kernel", "base/conv1:bias")
    assert [row.path for row in changes_since(document.tree, document.opened).rows] == ["head"]
    document.stack.undo()
    assert flags_of(document.tree) == flags_of(LayerTree(live))
    document.forget()


def test_that_a_step_stands_on_the_flags_before_a_save_that_the_engine_has_read(qtbot: QtBot, tmp_path: Path):
    record = base_and_head().root.record
    document = previewed_document(record, tmp_path)
    edit(document, "base", trainable=False)
    saved = document.freeze_map()
    document.note_saved(document.path, 0, step=1)
    document.go_live(ModelOpened(document_id=0, root=record, model_name="model", freeze_map=saved))
    assert not document.is_modified
    assert document.tree.freeze_map() == saved
    document.stack.undo()
    assert flags_of(document.tree) == flags_of(LayerTree(record))
    assert document.is_modified
    document.forget()


def test_that_what_the_live_model_does_not_have_is_named(qtbot: QtBot, tmp_path: Path):
    build = Builder()
    preview = blinded(build.container("", build.dense("a"), build.dense("gone")))
    build = Builder()
    live = build.container("", build.dense("a"))
    document = previewed_document(preview, tmp_path)
    edit(document, "", trainable=False)
    assert document.stage is Stage.PREVIEW
    rebased = document.go_live(ModelOpened(document_id=0, root=live, model_name="model"))
    assert rebased.lost == ("gone:kernel", "gone:bias")
    assert document.stage is Stage.LIVE
    assert not document.tree.account(document.tree.root).trainable.weights
    document.forget()
