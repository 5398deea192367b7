"""The parts of the data dialog that need no engine, and what is remembered of data."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QFileDialog, QLineEdit

from editor.layers.findings.finding import Cure
from editor.processes.data_messages import DataDescribed
from editor.training.data_options import Augmentation, DataOptions
from editor.training.data_report import Bar, ColumnFacts, DataReport
from editor.training.settings import TrainSettings
from widgets.consents import read_given
from widgets.data.augmentation_list import AugmentationList
from widgets.data.bars import ScrolledBars
from widgets.data.columns import ColumnsTable
from widgets.data.dialog import DataDialog
from widgets.data.functions import consent_for, function_names, remember_consent
from widgets.icons import Icons
from widgets.preflight.control import cured
from widgets.settings import Settings
from widgets.theme import Mode, Theme
from widgets.training.data_field import DataField


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "settings.ini")


def test_that_many_classes_scroll_and_each_tells_its_numbers(qtbot):
    bars = ScrolledBars(Theme(Mode.LIGHT))
    qtbot.addWidget(bars)
    bars.resize(300, 100)
    bars.chart.show_bars(tuple(Bar(name=f"class {at}", num_train=at, num_validation=1) for at in range(500)))
    bars.show()
    assert bars.verticalScrollBar().maximum() > 0
    third = bars.chart.bar_at(QPointF(50, 8 + 2 * 22 + 5))
    assert third
    assert third.name == "class 2"
    assert "class 2: 2 + 1" in bars.chart.accessibleDescription()
    bars.grab()


def test_that_columns_keep_their_boxes_while_what_they_say_changes(qtbot):
    table = ColumnsTable()
    qtbot.addWidget(table)
    facts = ColumnFacts(name="age", kind="number", use="number", missing="mean", num_missing=2, examples=("3", "4"))
    table.show_columns((facts,))
    box = table.use_box("age")
    table.show_columns((replace(facts, use="target"),))
    assert table.use_box("age") is box
    assert box.currentText() == "Target"
    assert table.treatment_box("age").isEnabled()


def test_that_augmentation_is_added_changed_moved_and_removed(qtbot):
    layers = AugmentationList()
    qtbot.addWidget(layers)
    layers.add("RandomFlip")
    layers.add("RandomRotation")
    layers.up_button.click()
    assert [layer.layer for layer in layers.augmentation()] == ["RandomRotation", "RandomFlip"]
    layers.remove_button.click()
    (left,) = layers.augmentation()
    assert left.layer == "RandomFlip"
    assert "Flip" in layers.list_.item(0).text()


def test_that_each_data_keep_the_options_they_had_last(qtbot, settings):
    field = DataField()
    qtbot.addWidget(field)
    chosen = DataOptions(task="regression", augmentation=(Augmentation(layer="RandomFlip"),), consent="a" * 64)
    field.choose("/a/one.csv", chosen)
    field.choose("/a/two.csv")
    assert field.options() == DataOptions()
    field.choose("/a/one.csv")
    assert field.options() == chosen
    settings.set_recent("data", field.recent())
    settings.set_data_options(field.all_options())
    assert settings.data_options() == {"/a/one.csv": replace(chosen, consent="")}


def test_that_a_consent_holds_for_the_very_code_alone(settings, tmp_path: Path):
    code = tmp_path / "mine.py"
    code.write_text("def rows():\n    return 1\n\ndef _hidden():\n    return 2\n")
    data = f"{code}:rows"
    assert consent_for(settings, "sample:digits") == ("", False)
    assert function_names(code.read_text()) == ["rows"]
    assert consent_for(settings, data) == ("", False)
    given = read_given(str(code), None)
    assert given
    remember_consent(settings, data, given.digest)
    assert consent_for(settings, data) == (given.digest, False)
    code.write_text("def rows():\n    return 3\n")
    assert consent_for(settings, data) == ("", True)


def test_that_a_cure_reaches_settings_and_data_options():
    cure = Cure("", learning_rate=0.01, settings=(("batch_size", 4), ("balance_classes", True)))
    mended = cured(TrainSettings(data="x"), cure)
    assert (mended.batch_size, mended.learning_rate, mended.data_options.balance_classes) == (4, 0.01, True)


@pytest.fixture
def dialog(qtbot) -> DataDialog:
    """The dialog on a table, for a model of two inputs."""
    theme = Theme(Mode.LIGHT)
    made = DataDialog(theme, Icons(theme))
    qtbot.addWidget(made)
    made.begin(TrainSettings(data="/a/pets.csv"), names=(("left", "right"), ("kind",)))
    made.show()
    qtbot.waitExposed(made)
    return made


PETS = DataReport(
    kind="table",
    text="6 rows of 2 columns",
    columns=tuple(ColumnFacts(name=name, kind="number", use="number", missing="mean") for name in ("legs", "weight")),
)


def test_that_what_is_wrong_is_said_beside_the_choice_that_it_stems_from(dialog):
    fields = {
        "validation": (dialog.form.validation, dialog.form.validation.line),
        "task": (dialog.form.task, dialog.form.task),
        "preprocessing": (dialog.form.preprocessing, dialog.form.preprocessing),
        "augmentation": (dialog.form.augmentation, dialog.form.augmentation.list_),
    }
    for field, (editor, outlined) in fields.items():
        dialog.show_description(DataDescribed(request_id=1, report=PETS, problems={field: "Wrong."}))
        assert editor.accessibleDescription() == "Wrong."
        assert (outlined.isVisible(), outlined.property("tone")) == (True, "wrong")
        assert not dialog.message.is_problem()
    dialog.show_description(
        DataDescribed(request_id=1, report=PETS, problems={"inputs": "Wrong."}, names={"inputs": "right"})
    )
    assert dialog.findChild(QLineEdit, "inputs/rightChoice").accessibleDescription() == "Wrong."
    assert not dialog.form.augmentation.accessibleDescription()
    dialog.show_description(DataDescribed(request_id=1, problems={"data": "There is no such file."}))
    assert dialog.message.is_problem()


def test_that_the_column_that_is_wrong_is_marked_and_turned_to(dialog):
    told = DataDescribed(
        request_id=1, report=PETS, problems={"columns": "Row 5 is wrong."}, names={"columns": "weight"}
    )
    dialog.show_description(told)
    box = dialog.view.columns.use_box("weight")
    assert dialog.view.column_message.text() == "Row 5 is wrong."
    assert (box.isVisible(), box.property("tone"), dialog.focusWidget()) == (True, "wrong", box)
    # Who is about to choose something else is left alone.
    dialog.form.task.setFocus()
    dialog.show_description(replace(told, problems={"missing": "No mean."}, names={"missing": "legs"}))
    assert not box.property("tone")
    assert dialog.view.columns.treatment_box("legs").property("tone") == "wrong"
    assert dialog.focusWidget() is dialog.form.task
    dialog.show_description(replace(told, problems={}))
    assert not dialog.view.column_message.isVisible()


def test_that_the_bars_of_each_output_can_be_looked_at(dialog, qtbot):
    report = replace(
        PETS,
        tasks=("multi-class", "regression"),
        target_names=("column kind", "column weight"),
        bars=((Bar(name="dog", num_train=2),), (Bar(name="0 to 1", num_train=3), Bar(name="1 to 2", num_train=4))),
    )
    dialog.show_description(DataDescribed(request_id=1, report=report))
    view = dialog.view
    assert [bar.name for bar in view.bars.chart.bars] == ["dog"]
    assert view.target.isVisible()
    qtbot.keyClick(view.target, Qt.Key.Key_Down)
    for _ in range(2):
        assert view.target.currentText() == "column weight"
        assert [bar.num_train for bar in view.bars.chart.bars] == [3, 4]
        dialog.show_description(DataDescribed(request_id=2, report=report))
    dialog.show_description(DataDescribed(request_id=3, report=replace(report, bars=report.bars[:1])))
    assert not view.target.isVisible()
    assert [bar.name for bar in view.bars.chart.bars] == ["dog"]


def test_that_arrays_that_are_not_found_can_be_named_for_any_model(qtbot, tmp_path: Path):
    theme = Theme(Mode.LIGHT)
    dialog = DataDialog(theme, Icons(theme))
    qtbot.addWidget(dialog)
    dialog.begin(TrainSettings(data="/a/scans.h5"), names=(("scan",), ("kind",)))
    dialog.show()
    line = dialog.findChild(QLineEdit, "inputs/scanChoice")
    assert not line.isVisible()
    told = "scans.h5 has no array x. It has: pictures, y."
    dialog.show_description(DataDescribed(request_id=1, problems={"inputs": told}))
    assert (line.isVisible(), line.accessibleDescription()) == (True, told)
    assert not dialog.message.is_problem()
    qtbot.keyClicks(line, "pictures")
    assert dialog.settings().data_options.inputs == {"scan": ("pictures",)}
    dialog.show_description(DataDescribed(request_id=2, report=replace(PETS, kind="arrays", columns=())))
    assert line.isVisible()


def test_that_the_column_to_learn_is_chosen_above_the_others(dialog, qtbot):
    found = replace(PETS, columns=(PETS.columns[0], replace(PETS.columns[1], use="target")))
    dialog.show_description(DataDescribed(request_id=1, report=found, problems={"data": "Too many columns."}))
    target = dialog.form.target
    assert (target.isVisible(), target.currentText()) == (True, "Automatic (weight)")
    dialog.form.set_options(DataOptions(columns={"legs": "ignore"}, missing={"legs": "mean"}))
    qtbot.keyClick(target, Qt.Key.Key_Down)
    options = dialog.settings().data_options
    assert (options.targets, options.columns, options.missing) == (("legs",), {}, {})
    chosen = replace(PETS, columns=(replace(PETS.columns[0], use="target"), PETS.columns[1]))
    dialog.show_description(DataDescribed(request_id=2, report=chosen))
    assert (target.currentText(), target.itemText(0)) == ("legs", "Automatic")
    qtbot.keyClick(target, Qt.Key.Key_Up)
    assert dialog.settings().data_options.targets == ()


def test_that_several_columns_to_learn_stay_as_they_are_chosen(dialog):
    dialog.form.set_options(DataOptions(targets=("legs", "weight")))
    dialog.show_description(DataDescribed(request_id=1, report=PETS))
    assert dialog.form.target.currentText() == "legs, weight"
    assert dialog.settings().data_options.targets == ("legs", "weight")


def test_that_standardizing_is_offered_where_it_changes_something(dialog):
    for can_standardize in (True, False):
        report = replace(PETS, can_standardize=can_standardize)
        dialog.show_description(DataDescribed(request_id=1, report=report))
        assert dialog.form.standardize.isVisible() == can_standardize


def test_that_data_to_test_on_are_looked_for_beside_the_training_data(dialog, qtbot, tmp_path: Path):
    (tmp_path / "pets.csv").write_text("a,b\n")
    dialog.choose(str(tmp_path / "pets.csv"))
    dialog.form.test.button.menu().actions()[0].trigger()
    qtbot.waitUntil(lambda: dialog.findChild(QFileDialog) is not None)
    files = dialog.findChild(QFileDialog)
    assert Path(files.directory().absolutePath()) == tmp_path
    files.reject()
