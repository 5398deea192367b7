from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QLineEdit

from editor.layers.freeze_map import FreezeMap
from editor.processes.run_messages import BestEpoch, EpochEnded, RunEnded, RunMarked, RunStarted, StartRun
from editor.training.data_options import Augmentation, DataOptions
from editor.training.settings import EarlyStopping, Proof, TrainSettings
from widgets.theme import Mode
from widgets.training.run_details import compared_runs, run_details
from widgets.training.run_entry import RunEntry
from widgets.training.runs_list import RunsList
from widgets.training.runs_model import RunColumn
from widgets.training.runs_table import RunsTable
from widgets.training.settings_text import setting_texts

# The offscreen platform says this of every window that is shown.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")

LEFT = Qt.MouseButton.LeftButton
SETTINGS = TrainSettings(data="sample:digits", epochs=3)


@pytest.fixture
def table(qtbot, theme):
    widget = RunsTable(theme)
    qtbot.addWidget(widget)
    widget.resize(320, 200)
    with qtbot.waitExposed(widget):
        widget.show()
    return widget


@pytest.fixture
def runs(table):
    return RunsList(table, lambda: "vgg16 frozen")


def request(run_id: int) -> StartRun:
    return StartRun(run_id=run_id, document_id=1, settings=SETTINGS, freeze_map=FreezeMap(layers={}), workspace="")


def started(run_id: int, monitor: str = "val_loss") -> RunStarted:
    return RunStarted(
        run_id=run_id,
        num_epochs=3,
        num_batches=2,
        metric_names=("loss", "accuracy"),
        has_validation=True,
        seed=77,
        revision_file=f"/w/{run_id}.before",
        monitor=monitor,
    )


def epoch(run_id: int, number: int, **metrics: float) -> EpochEnded:
    return EpochEnded(run_id=run_id, epoch=number, metrics=metrics, seconds=10.0 * (number + 1))


def ended(run_id: int, outcome: str = "finished", **more) -> RunEnded:
    return RunEnded(run_id=run_id, outcome=outcome, revision=9, revision_file=f"/w/{run_id}.after", **more)


def begin(runs: RunsList, *run_ids: int) -> None:
    for run_id in run_ids:
        runs.expect(request(run_id))
        runs.begin(started(run_id))


def row(table: RunsTable, number: int) -> list[str]:
    """What is shown of a run in a narrow table."""
    columns = (RunColumn.RUN, RunColumn.FROZEN, RunColumn.BEST, RunColumn.OUTCOME)
    return [table.runs.index(number, column).data() for column in columns]


def place(table: RunsTable, number: int, column: int = RunColumn.FROZEN) -> QPoint:
    return table.visualRect(table.runs.index(number, column)).center()


def dot(table: RunsTable, number: int) -> QPoint:
    rect = table.visualRect(table.runs.index(number, RunColumn.RUN))
    return QPoint(rect.left() + 9, rect.center().y())


def dot_colour(table: RunsTable, number: int, x: int = 5) -> str:
    icon = table.runs.index(number, 0).data(Qt.ItemDataRole.DecorationRole)
    return icon.pixmap(10).toImage().pixelColor(x, 5).name()


def test_that_the_newest_run_is_on_top_and_selected_as_soon_as_it_is_asked_for(runs, table):
    begin(runs, 1)
    runs.expect(request(2))
    assert row(table, 0) == ["run 2", "vgg16", "", "starting"]
    assert row(table, 1) == ["run 1", "vgg16", "", "running"]
    assert table.currentIndex().row() == 0


def test_that_a_run_keeps_its_best_value_and_its_epoch(runs, table):
    begin(runs, 1)
    for number, value in enumerate((0.5, 0.3, 0.4)):
        runs.add_epoch(epoch(1, number, loss=0.1, val_loss=value))
    runs.end(ended(1))
    entry = table.runs.entries[0]
    assert row(table, 0)[2:] == ["0.3", "finished"]
    assert entry.best == BestEpoch(1, "val_loss", 0.3)
    assert (entry.epochs_text, entry.time_text, entry.seed) == ("3", "0:30", 77)
    assert "Best val_loss 0.3 in epoch 2." in entry.summary


def test_that_more_is_better_where_it_is(runs, table):
    runs.expect(request(1))
    runs.begin(started(1, monitor="val_accuracy"))
    for number, value in enumerate((0.5, float("nan"), 0.9, 0.8)):
        runs.add_epoch(epoch(1, number, val_accuracy=value))
    assert row(table, 0)[2] == "0.9"


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (ended(1, "stopped"), "stopped, kept"),
        (ended(1, "stopped", kept="best"), "stopped, best kept"),
        (ended(1, "cancelled"), "cancelled"),
        (ended(1, "failed"), "failed"),
        (ended(1, reason="No better for 5 epochs."), "ended early"),
    ],
)
def test_that_each_ending_is_said(runs, table, event, words):
    begin(runs, 1)
    runs.end(event)
    assert row(table, 0)[3] == words
    assert table.runs.entries[0].after == (None if event.outcome == "cancelled" else Path("/w/1.after"))


def test_that_reason_and_test_are_in_the_tool_tip(runs, table):
    begin(runs, 1)
    runs.end(ended(1, reason="No better for 5 epochs.", test_metrics={"accuracy": 0.9514}))
    tip = table.runs.index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert "No better for 5 epochs." in tip
    assert "Test: accuracy 0.9514." in tip


def test_that_the_details_of_a_run_tell_its_settings(runs, table):
    begin(runs, 1)
    runs.add_mark(RunMarked(run_id=1, epoch=1, batch=0, kind="learning-rate", text="lr 1e-4"))
    runs.end(ended(1, test_metrics={"accuracy": 0.9514}, proof=Proof(frozen_unchanged=2, frozen_total=2)))
    title, text = run_details(table.runs.entries[0])
    assert title == "run 1: finished"
    lines = text.splitlines()
    for line in (
        "Frozen: vgg16",
        "Test: accuracy 0.9514.",
        "Learning rate changed: lr 1e-4 from epoch 2 on",
        "Data: Digits sample (1,797 images)",
        "Validation: 20 % of the data",
        "Optimizer: Adam",
        "Learning rate: 0.001",
        "Batch size: 32",
        "Loss: Automatic",
        "2 of 2 frozen weights unchanged.",
    ):
        assert line in lines, line


def test_that_of_the_settings_that_are_seldom_touched_those_are_told_that_were():
    options = DataOptions(
        task="binary",
        test="/d/test.csv",
        missing={"bill_length": "most-frequent"},
        augmentation=(Augmentation(layer="RandomFlip", config={"mode": "horizontal"}),),
    )
    texts = setting_texts(replace(SETTINGS, early_stopping=EarlyStopping(patience=7), data_options=options))
    assert texts["Stop early"] == "patience 7, min delta 0"
    assert texts["Task"] == "Two classes"
    assert texts["Test"] == "/d/test.csv"
    assert texts["Missing values"] == "bill_length most-frequent"
    assert texts["Augmentation"] == "RandomFlip (mode horizontal)"
    assert not {"Keep", "Split seed", "Compile with XLA"} & texts.keys()


def test_that_of_several_runs_it_is_told_in_what_they_differ(runs, table):
    for run_id, rate in ((1, 0.001), (2, 0.1)):
        runs.expect(replace(request(run_id), settings=replace(SETTINGS, learning_rate=rate)))
        runs.begin(started(run_id))
        runs.end(ended(run_id))
    title, text = compared_runs(table.runs.entries)
    assert title == "How 2 runs differ"
    assert text == "Learning rate\n  run 2: 0.1\n  run 1: 0.001"
    assert compared_runs(table.runs.entries[:1])[1] == "In nothing."


def test_that_other_flags_in_a_run_are_said(runs, table):
    begin(runs, 1)
    runs.add_mark(RunMarked(run_id=1, epoch=1, batch=0, kind="phase", text="nothing frozen"))
    runs.add_mark(RunMarked(run_id=1, epoch=1, batch=0, kind="learning-rate", text="lr 1e-4"))
    runs.add_mark(RunMarked(run_id=1, epoch=1, batch=0, kind="paused", text="paused"))
    assert row(table, 0)[1:] == ["vgg16, then nothing", "", "paused"]


def test_that_undo_of_a_run_is_seen(runs, table):
    begin(runs, 1, 2)
    for run_id in (1, 2):
        runs.end(ended(run_id))
    runs.note_steps({1, 2})
    runs.note_steps({1})
    assert [row(table, number)[3] for number in (0, 1)] == ["undone", "finished"]
    runs.note_steps({1, 2})
    assert row(table, 0)[3] == "finished"


def test_that_the_run_whose_weights_the_model_has_is_marked(runs, table):
    begin(runs, 1, 2)
    runs.note_in_use(table.runs.entries[1])
    assert [row(table, number)[0] for number in (0, 1)] == ["run 2", "run 1 ✓"]
    assert table.runs.index(1, 0).data(Qt.ItemDataRole.EditRole) == "run 1"
    assert "The model has the weights from after this run." in table.runs.entries[1].summary
    runs.note_in_use(None)
    assert row(table, 1)[0] == "run 1"


def test_that_a_run_without_a_step_is_never_undone(runs, table):
    begin(runs, 1)
    runs.end(ended(1, "cancelled"))
    runs.note_steps(set())
    assert row(table, 0)[3] == "cancelled"


def test_that_an_unknown_run_is_passed_over(runs, table):
    begin(runs, 1)
    runs.end(ended(7))
    assert row(table, 0)[3] == "running"


# -- on the curves ------------------------------------------------------------------------------------------


def test_that_a_click_on_the_dot_puts_an_earlier_run_on_the_curves(qtbot, runs, table):
    begin(runs, 1, 2)
    assert table.shown_runs() == (2,)
    with qtbot.waitSignal(table.shown_changed):
        qtbot.mouseClick(table.viewport(), LEFT, pos=dot(table, 1))
    assert table.shown_runs() == (2, 1)
    assert table.currentIndex().row() == 0
    with qtbot.waitSignal(table.shown_changed):
        qtbot.mouseClick(table.viewport(), LEFT, pos=dot(table, 1))
    assert table.shown_runs() == (2,)


def test_that_space_shows_and_hides_all_that_are_selected(qtbot, runs, table):
    begin(runs, 1, 2, 3)
    qtbot.mouseClick(table.viewport(), LEFT, pos=place(table, 1))
    qtbot.mouseClick(table.viewport(), LEFT, Qt.KeyboardModifier.ControlModifier, place(table, 2))
    qtbot.keyClick(table, Qt.Key.Key_Space)
    assert table.shown_runs() == (3, 2, 1)
    qtbot.keyClick(table, Qt.Key.Key_Space)
    assert table.shown_runs() == (3,)


def test_that_the_dot_is_full_where_the_run_is_on_the_curves(runs, table, theme):
    begin(runs, 1)
    assert dot_colour(table, 0) == theme.palette.trainable
    begin(runs, 2)
    assert dot_colour(table, 0) == theme.palette.trainable
    empty = table.runs.index(1, 0).data(Qt.ItemDataRole.DecorationRole).pixmap(30).toImage()
    assert empty.pixelColor(15, 15).alpha() == 0
    table.show_runs((table.runs.entries[1],), shown=True)
    assert dot_colour(table, 1) not in ("#000000", theme.palette.trainable)


def test_that_the_current_run_is_told(qtbot, runs, table):
    begin(runs, 1, 2)
    with qtbot.waitSignal(table.highlighted) as told:
        qtbot.mouseClick(table.viewport(), LEFT, pos=place(table, 1))
    assert told.args == [1]


# -- names, order, room -------------------------------------------------------------------------------------


def test_that_a_run_is_renamed_in_its_place(qtbot, runs, table):
    begin(runs, 1)
    qtbot.mouseClick(table.viewport(), LEFT, pos=place(table, 0, RunColumn.OUTCOME))
    qtbot.keyClick(table, Qt.Key.Key_F2)
    editor = table.findChild(QLineEdit)
    editor.selectAll()
    qtbot.keyClicks(editor, "small head")
    with qtbot.assertNotEmitted(table.details_requested):
        qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: row(table, 0)[0] == "small head")


def test_that_f2_in_the_list_is_not_taken_by_the_window(qtbot, runs, table):
    begin(runs, 1)
    asked = []
    action = QAction("Rename Layer", table)
    action.setShortcut(QKeySequence("F2"))
    action.triggered.connect(lambda: asked.append(1))
    table.addAction(action)
    table.activateWindow()
    table.setFocus()
    qtbot.waitUntil(table.hasFocus)
    qtbot.keyClick(table, Qt.Key.Key_F2)
    assert table.findChild(QLineEdit)
    assert not asked


def test_that_an_empty_name_leaves_the_one_before(table, runs):
    begin(runs, 1)
    assert not table.runs.setData(table.runs.index(0, 0), "  ")
    assert row(table, 0)[0] == "run 1"


def test_that_colours_follow_the_theme(runs, table, theme):
    begin(runs, 1)
    theme.set_mode(Mode.DARK)
    assert dot_colour(table, 0) == theme.palette.trainable
    colour = table.runs.index(0, RunColumn.FROZEN).data(Qt.ItemDataRole.ForegroundRole)
    assert colour.name() == theme.palette.secondary


@pytest.mark.parametrize(("width", "is_narrow"), [(290, True), (640, False)])
def test_that_the_columns_fit_into_the_panel(runs, table, width, is_narrow):
    runs_entry = RunEntry(1, "run 1", replace(SETTINGS, epochs=100), "a rather long description of what was frozen")
    table.add_run(runs_entry)
    runs.begin(started(1))
    runs.add_epoch(epoch(1, 10, val_loss=0.123456))
    runs.end(ended(1, "stopped", kept="best"))
    table.resize(width, 200)
    shown = [column for column in RunColumn if not table.isColumnHidden(column)]
    assert (RunColumn.SEED in shown) is not is_narrow
    assert sum(table.columnWidth(column) for column in shown) <= table.viewport().width()


def test_that_the_model_is_sound_when_runs_come_and_go(qtmodeltester, runs, table):
    begin(runs, 1, 2, 3)
    qtmodeltester.check(table.runs)
    table.runs.remove(table.runs.entries[1])
    runs.end(ended(1))
    assert [row(table, number)[0] for number in (0, 1)] == ["run 3", "run 1"]


def test_that_another_document_has_no_runs(runs, table):
    begin(runs, 1)
    runs.clear()
    assert table.runs.rowCount() == 0
    runs.expect(request(2))
    assert row(table, 0)[0] == "run 1"


def test_that_an_empty_table_says_what_will_be_there(table):
    blank = table.viewport().grab().toImage()
    colours = {blank.pixelColor(x, y).name() for x in range(blank.width()) for y in range(blank.height())}
    assert len(colours) > 1
