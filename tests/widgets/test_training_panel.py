from __future__ import annotations

import math
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QFileDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QToolButton,
    QWidget,
)

from editor.training.data_options import DataOptions
from editor.training.settings import EarlyStopping, ReduceOnPlateau, SettingsReport, TrainSettings
from editor.training.words import AUTOMATIC
from widgets.icons import Icons
from widgets.theme import Mode, Theme
from widgets.training.data_field import DIGITS
from widgets.training.form_row import Message
from widgets.training.panel import TrainingPanel
from widgets.training.run_state import RunState
from widgets.training.setting_words import TITLES

# The offscreen platform has no window manager to tell its wishes to.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

SOUND = SettingsReport(
    data_text="1,797 samples of 8 × 8 × 1 · 10 classes",
    loss="sparse_categorical_crossentropy",
    metrics=("accuracy",),
)
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def panel(qtbot):
    theme = Theme(Mode.LIGHT)
    widget = TrainingPanel(theme, Icons(theme))
    qtbot.addWidget(widget)
    widget.resize(280, 560)
    with qtbot.waitExposed(widget):
        widget.show()
    widget.set_data(DIGITS)
    yield widget
    theme.set_mode(Mode.SYSTEM)


@pytest.fixture
def ready(panel):
    panel.set_model_open(True)
    panel.set_engine_ready(True)
    panel.show_report(SOUND)
    return panel


def start(panel: TrainingPanel) -> QPushButton:
    return panel.findChild(QPushButton, "startButton")


def stop(panel: TrainingPanel) -> QToolButton:
    return panel.findChild(QToolButton, "stopButton")


def field(panel: TrainingPanel, name: str) -> QWidget:
    return panel.findChild(QWidget, f"{name}Field")


def status(panel: TrainingPanel) -> str:
    return panel.findChild(Message, "runStateMessage").text()


def said(panel: TrainingPanel) -> list[str]:
    return [label.text() for label in panel.findChildren(QLabel) if label.isVisible() and label.text()]


def retype(qtbot, editor: QLineEdit, text: str) -> None:
    editor.setFocus()
    editor.selectAll()
    qtbot.keyClicks(editor, text)


# -- settings -----------------------------------------------------------------------------------------------


def test_that_nothing_of_the_form_is_cut_off_in_the_least_room(panel):
    panel.resize(panel.minimumSizeHint())
    area = panel.findChild(QScrollArea, "settingsArea")
    assert area.widget().minimumSizeHint().width() <= area.viewport().width()


def test_that_the_form_begins_with_the_digits_and_the_defaults(panel):
    assert panel.settings() == TrainSettings(data="sample:digits")


@pytest.mark.parametrize(
    "settings",
    [
        TrainSettings(data="/data/flowers.npz", epochs=12, batch_size=64, optimizer="sgd", learning_rate=1e-5),
        TrainSettings(data="sample:digits", loss="huber", metrics=("auc", "mean_absolute_error"), seed=7),
        TrainSettings(data="sample:digits", validation_split=1 / 3, learning_rate=0.1 + 0.2),
        TrainSettings(data="", validation_split=0.0, metrics=("accuracy",), seed=2**32 - 1),
    ],
)
def test_that_settings_come_back_as_they_were_set(panel, settings):
    panel.set_settings(settings)
    assert panel.settings() == settings


def test_that_a_learning_rate_is_typed_in_any_usual_way(qtbot, panel):
    for text, value in (("1e-4", 1e-4), ("0,01", 0.01), ("3", 3.0)):
        retype(qtbot, field(panel, "learning_rate"), text)
        assert panel.settings().learning_rate == value


def test_that_letters_cannot_be_typed_where_numbers_belong(qtbot, panel):
    retype(qtbot, field(panel, "learning_rate"), "x0.5y")
    retype(qtbot, field(panel, "seed"), "a1-2")
    assert panel.settings().learning_rate == 0.5
    assert panel.settings().seed == 12


def test_that_an_empty_seed_is_a_random_one(qtbot, panel):
    retype(qtbot, field(panel, "seed"), "12")
    qtbot.keyClick(field(panel, "seed"), Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(field(panel, "seed"), Qt.Key.Key_Delete)
    assert panel.settings().seed is None


def test_that_keys_change_numbers_and_choices(qtbot, panel):
    qtbot.keyClick(field(panel, "epochs"), Qt.Key.Key_Up)
    qtbot.keyClick(field(panel, "optimizer"), Qt.Key.Key_Down)
    assert (panel.settings().epochs, panel.settings().optimizer) == (6, "adamw")


def test_that_typing_is_told_once_when_it_has_settled(qtbot, panel):
    told = []
    with qtbot.waitSignal(panel.settings_changed):
        panel.set_data("/other.npz")
    panel.settings_changed.connect(lambda: told.append(panel.settings().learning_rate))
    with qtbot.waitSignal(panel.settings_changed):
        retype(qtbot, field(panel, "learning_rate"), "0.25")
    assert told == [0.25]


def test_that_metrics_are_ticked_in_a_menu(qtbot, panel):
    metrics = field(panel, "metrics")
    menu = panel.findChild(QMenu, "metricsMenu")

    def tick(text: str) -> None:
        metrics.showPopup()
        action = next(action for action in menu.actions() if action.text().startswith(text))
        qtbot.mouseClick(menu, LEFT, pos=menu.actionGeometry(action).center())

    assert panel.settings().metrics == (AUTOMATIC,)
    tick("AUC")
    tick("Accuracy")
    assert panel.settings().metrics == ("accuracy", "auc")
    assert metrics.currentText() == "Accuracy, AUC"
    tick("Automatic")
    assert panel.settings().metrics == (AUTOMATIC,)
    tick("AUC")
    tick("AUC")
    assert panel.settings().metrics == (AUTOMATIC,)


def test_that_metrics_are_ticked_with_keys(qtbot, panel):
    metrics = field(panel, "metrics")
    menu = panel.findChild(QMenu, "metricsMenu")
    metrics.setFocus()
    qtbot.keyClick(metrics, Qt.Key.Key_Space)
    qtbot.waitUntil(menu.isVisible)
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Return):
        qtbot.keyClick(menu, key)
    assert panel.settings().metrics == ("accuracy",)


def test_that_the_wheel_scrolls_and_does_not_change_a_field_in_passing(panel):
    epochs = field(panel, "epochs")
    stop(panel).setFocus()
    turn = QWheelEvent(
        QPointF(5, 5),
        QPointF(epochs.mapToGlobal(QPoint(5, 5))),
        QPoint(),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(epochs, turn)
    assert panel.settings().epochs == 5


# -- data ---------------------------------------------------------------------------------------------------


def data_box(panel: TrainingPanel) -> QComboBox:
    return panel.findChild(QComboBox, "dataField")


def texts(box: QComboBox) -> list[str]:
    return [box.itemText(index) for index in range(box.count()) if box.itemText(index)]


def test_that_files_used_before_are_offered_by_name(panel):
    panel.set_recent_data(["/a/flowers.npz", "/b/cats.npz"])
    assert texts(data_box(panel)) == [
        "Digits sample (1,797 images)",
        "flowers.npz",
        "cats.npz",
        "Choose file…",
        "Choose folder…",
    ]


def test_that_files_of_one_name_are_told_apart_by_their_folder(panel):
    panel.set_recent_data(["/a/data.npz", "/b/data.npz"])
    assert texts(data_box(panel))[1:3] == ["data.npz (a)", "data.npz (b)"]


def test_that_a_folder_whose_name_says_little_is_named_with_the_one_above(panel):
    panel.set_recent_data(["/a/digits/train", "/a/digits"])
    assert texts(data_box(panel))[1:3] == ["digits/train", "digits"]


def test_that_a_chosen_file_comes_first_among_those_used_before(panel):
    panel.set_recent_data(["/a/flowers.npz"])
    panel.set_data("/b/cats.npz")
    assert panel.recent_data() == ("/b/cats.npz", "/a/flowers.npz")
    assert panel.settings().data == "/b/cats.npz"


def choose_another_file(qtbot, panel: TrainingPanel) -> QFileDialog:
    box = data_box(panel)
    box.showPopup()
    view = box.view()
    index = view.model().index(box.findText("Choose file…"), 0)
    view.scrollTo(index)
    qtbot.mouseClick(view.viewport(), LEFT, pos=view.visualRect(index).center())
    qtbot.waitUntil(lambda: panel.findChild(QFileDialog) is not None)
    return panel.findChild(QFileDialog)


@pytest.fixture
def qt_dialogs():
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
    yield
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs, False)


def test_that_another_file_is_chosen_in_a_dialog(qtbot, panel, qt_dialogs, tmp_path: Path):
    file = tmp_path / "mine.npz"
    file.write_bytes(b"")
    dialog = choose_another_file(qtbot, panel)
    name = dialog.findChild(QLineEdit, "fileNameEdit")
    name.setText(str(file))
    with qtbot.waitSignal(dialog.fileSelected):
        qtbot.keyClick(name, Qt.Key.Key_Return)
    assert panel.settings().data == str(file)
    assert data_box(panel).currentText() == "mine.npz"


def test_that_a_cancelled_dialog_leaves_the_data_as_they_were(qtbot, panel, qt_dialogs):
    dialog = choose_another_file(qtbot, panel)
    with qtbot.waitSignal(dialog.rejected):
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert panel.settings().data == "sample:digits"
    assert data_box(panel).currentText() == "Digits sample (1,797 images)"


# -- what is said -------------------------------------------------------------------------------------------


def test_that_the_report_describes_the_data_and_what_automatic_means(ready):
    assert "1,797 samples of 8 × 8 × 1 · 10 classes" in said(ready)
    assert field(ready, "loss").currentText() == "Automatic (Cross-entropy, class numbers)"
    assert field(ready, "metrics").currentText() == "Automatic (Accuracy)"


def test_that_a_problem_stands_under_its_field_and_names_it_beside_start(ready):
    ready.show_report(SettingsReport(problems={"data": "The labels go up to 11, the model has 10 outputs."}))
    assert "The labels go up to 11, the model has 10 outputs." in said(ready)
    assert field(ready, "data").accessibleDescription() == "The labels go up to 11, the model has 10 outputs."
    assert not start(ready).isEnabled()
    assert status(ready) == "First correct: Data."


def test_that_a_problem_is_told_by_more_than_colour(ready):
    ready.show_report(SettingsReport(problems={"data": "Wrong."}))
    message = next(found for found in ready.findChildren(Message) if found.text() == "Wrong.")
    icons = [label for label in message.findChildren(QLabel) if not label.pixmap().isNull()]
    assert message.is_problem()
    assert any(icon.isVisible() for icon in icons)


def test_that_a_bad_number_is_named_at_once_without_the_engine(qtbot, ready):
    with qtbot.waitSignal(ready.settings_changed):
        retype(qtbot, field(ready, "learning_rate"), "1e")
    assert math.isnan(ready.settings().learning_rate)
    assert "Use a learning rate above 0, such as 0.001." in said(ready)
    assert not start(ready).isEnabled()
    with qtbot.waitSignal(ready.settings_changed):
        qtbot.keyClicks(field(ready, "learning_rate"), "-4")
    assert start(ready).isEnabled()
    assert field(ready, "learning_rate").accessibleDescription() == ""


def test_that_the_engines_problem_goes_when_its_field_is_edited(qtbot, ready):
    ready.show_report(SettingsReport(problems={"batch_size": "Too large for 20 samples."}))
    with qtbot.waitSignal(ready.settings_changed):
        qtbot.keyClick(field(ready, "batch_size"), Qt.Key.Key_Down)
    assert "Too large for 20 samples." not in said(ready)


def test_that_nothing_trainable_is_said_beside_start(ready):
    ready.set_blockers({"trainable": "Nothing is trainable. Thaw at least one layer."})
    assert status(ready) == "Nothing is trainable. Thaw at least one layer."
    assert start(ready).toolTip() == status(ready)
    assert not start(ready).isEnabled()
    ready.set_blockers({})
    assert start(ready).isEnabled()


def test_that_data_with_their_own_validation_part_make_the_share_useless(ready):
    share = field(ready, "validation_split")
    assert share.isEnabled()
    ready.show_report(SettingsReport(data_text="20 samples", has_validation_data=True))
    assert not share.isEnabled()
    assert "Not used: the data bring their own validation part." in said(ready)
    assert start(ready).isEnabled()


# -- start and stop -----------------------------------------------------------------------------------------


def test_that_start_says_what_it_waits_for(panel):
    assert (status(panel), start(panel).isEnabled()) == ("Open a model first.", False)
    panel.set_model_open(True)
    assert status(panel) == "The engine is starting."
    panel.set_engine_ready(False, "TensorFlow is loading.")
    assert status(panel) == start(panel).toolTip() == "TensorFlow is loading."
    panel.set_engine_ready(True)
    assert status(panel) == "Checking the settings…"
    panel.show_report(SOUND)
    assert (status(panel), start(panel).isEnabled()) == ("", True)


def test_that_readiness_is_told_when_it_changes(qtbot, ready):
    with qtbot.waitSignal(ready.readiness_changed):
        ready.set_engine_ready(False, "The engine is being started again.")
    assert ready.start_obstacle() == "The engine is being started again."
    with qtbot.assertNotEmitted(ready.readiness_changed):
        ready.set_engine_ready(False, "The engine is being started again.")


def test_that_another_model_needs_another_check(ready):
    ready.set_model_open(True)
    assert not start(ready).isEnabled()


def test_that_a_click_on_start_asks_for_a_run(qtbot, ready):
    with qtbot.waitSignal(ready.start_requested):
        qtbot.mouseClick(start(ready), LEFT)


def test_that_start_takes_what_was_just_typed(qtbot, ready):
    retype(qtbot, field(ready, "learning_rate"), "0.5")
    with qtbot.waitSignals([ready.settings_changed, ready.start_requested], order="strict"):
        qtbot.mouseClick(start(ready), LEFT)


def test_that_start_does_not_run_with_what_was_just_typed_wrongly(qtbot, ready):
    retype(qtbot, field(ready, "learning_rate"), "e")
    with qtbot.assertNotEmitted(ready.start_requested):
        qtbot.mouseClick(start(ready), LEFT)
    assert not start(ready).isEnabled()


@pytest.mark.parametrize(
    ("state", "shown", "can_start", "can_stop"),
    [
        (RunState.STARTING, "Starting…", False, True),
        (RunState.RUNNING, "Running", False, True),
        (RunState.STOPPING, "Stopping…", False, False),
        (RunState.STOPPED, "Stopped, weights kept", True, False),
        (RunState.FINISHED, "Finished", True, False),
        (RunState.FAILED, "Failed: see the log", True, False),
    ],
)
def test_that_the_runs_state_is_visible_and_rules_the_buttons(ready, state, shown, can_start, can_stop):
    ready.set_run_state(state)
    assert status(ready) == shown
    assert (start(ready).isEnabled(), stop(ready).isEnabled()) == (can_start, can_stop)


def test_that_a_click_on_stop_asks_to_stop_once(qtbot, ready):
    ready.set_run_state(RunState.RUNNING)
    assert stop(ready).accessibleName() == "Stop and Keep"
    assert "keeps the weights" in stop(ready).toolTip()
    with qtbot.waitSignal(ready.stop_requested):
        qtbot.mouseClick(stop(ready), LEFT)
    ready.set_run_state(RunState.STOPPING)
    with qtbot.assertNotEmitted(ready.stop_requested):
        qtbot.mouseClick(stop(ready), LEFT)


def test_that_settings_can_be_edited_during_a_run(qtbot, ready):
    ready.set_run_state(RunState.RUNNING)
    qtbot.keyClick(field(ready, "epochs"), Qt.Key.Key_Up)
    assert ready.settings().epochs == 6
    qtbot.waitUntil(lambda: status(ready) == "Running. Changes are for the next run.")
    qtbot.keyClick(field(ready, "epochs"), Qt.Key.Key_Down)
    retype(qtbot, field(ready, "learning_rate"), "0.1")
    qtbot.waitUntil(lambda: status(ready) == "Running")


# -- the place ----------------------------------------------------------------------------------------------


def test_that_start_and_stop_stay_in_sight_in_a_low_panel(ready):
    ready.resize(280, 225)
    area = ready.findChild(QScrollArea, "settingsArea")
    assert area.verticalScrollBar().maximum() > 0
    for button in (start(ready), stop(ready)):
        corner = button.mapTo(ready, button.rect().bottomRight())
        assert ready.rect().contains(corner)


def test_that_fields_and_buttons_end_at_the_same_place_with_and_without_a_scroll_bar(qtbot, ready):
    def right_edges() -> set[int]:
        widgets = [field(ready, "data"), ready.findChild(QPushButton, "cancelButton")]
        return {widget.mapTo(ready, widget.rect().topRight()).x() for widget in widgets}

    qtbot.waitUntil(lambda: len(right_edges()) == 1)
    tall = right_edges()
    ready.resize(280, 225)
    qtbot.waitUntil(lambda: right_edges() == tall)


def test_that_tab_goes_through_the_fields_from_top_to_bottom(qtbot, ready):
    """Also through those that are only there on request; each was made when it was needed, not where it stands."""
    more(ready).click()
    for tick in ("early_stopping", "reduce_on_plateau"):
        field(ready, tick).setChecked(True)
    form = ready.findChild(QScrollArea, "settingsArea").widget()
    ready.activateWindow()
    qtbot.waitUntil(ready.isActiveWindow)
    ready.findChild(QComboBox, "dataField").setFocus()
    tops = []
    while form.isAncestorOf(ready.focusWidget()):
        tops.append(ready.focusWidget().mapTo(form, QPoint()).y())
        qtbot.keyClick(ready.focusWidget(), Qt.Key.Key_Tab)
    assert len(tops) > 15
    assert tops == sorted(tops)


def test_that_every_field_has_a_name_for_assistive_technology(panel):
    for kind in (QComboBox, QSpinBox):
        assert all(found.accessibleName() for found in panel.findChildren(kind))
    assert field(panel, "seed").accessibleName() == "Seed"
    assert panel.accessibleName() == "Training"


def test_that_no_data_chosen_is_asked_for_and_not_blamed(ready, qtbot):
    ready.set_data("")
    qtbot.waitUntil(lambda: status(ready) == "Choose data to train on.")
    assert not start(ready).isEnabled()
    assert not ready.findChild(Message, "runStateMessage").is_problem()
    ready.set_data(DIGITS)
    ready.show_report(SOUND)
    assert start(ready).isEnabled()


@pytest.mark.parametrize(
    ("state", "pause_text", "can_pause", "can_cancel"),
    [
        (RunState.STARTING, "Pause", False, True),
        (RunState.RUNNING, "Pause", True, True),
        (RunState.PAUSING, "Resume", False, True),
        (RunState.PAUSED, "Resume", True, True),
        (RunState.CANCELLING, "Pause", False, False),
    ],
)
def test_that_pause_and_cancel_can_be_clicked_where_they_can_be(ready, state, pause_text, can_pause, can_cancel):
    ready.set_run_state(state)
    pause = ready.findChild(QPushButton, "pauseButton")
    cancel = ready.findChild(QPushButton, "cancelButton")
    assert (pause.text(), pause.isEnabled(), cancel.isEnabled()) == (pause_text, can_pause, can_cancel)
    assert not start(ready).isEnabled()


def test_that_the_menu_of_stop_says_which_weights_are_kept(qtbot, ready):
    ready.set_run_state(RunState.RUNNING)
    menu = stop(ready).menu()
    with qtbot.waitSignal(ready.stop_requested) as asked:
        menu.actions()[1].trigger()
    assert asked.args == ["best"]


def test_that_no_button_takes_the_place_of_another(qtbot, ready):
    """A run may end by itself while a click is on its way to Stop or Cancel."""

    def places() -> list[QRect]:
        buttons = [
            start(ready),
            stop(ready),
            *(ready.findChild(QPushButton, f"{name}Button") for name in ("pause", "cancel")),
        ]
        return [QRect(button.mapTo(ready, QPoint()), button.size()) for button in buttons if button.isVisible()]

    at_first = places()
    assert len(at_first) == 4
    for state in RunState:
        ready.set_run_state(state)
        assert places() == at_first, state
    ready.set_run_state(RunState.RUNNING)
    cancel = ready.findChild(QPushButton, "cancelButton")
    cancel.setFocus()
    ready.set_run_state(RunState.FINISHED)
    with qtbot.assertNotEmitted(ready.start_requested):
        qtbot.mouseClick(cancel, LEFT)
        qtbot.keyClick(ready.window().focusWidget(), Qt.Key.Key_Space)


def test_that_a_start_takes_the_focus_out_of_the_form(qtbot, ready):
    epochs = field(ready, "epochs")
    epochs.setFocus()
    qtbot.keyClicks(epochs, "2")
    ready.show_report(SOUND)
    ready.request_start()
    assert not ready.window().focusWidget().objectName().endswith("Field")


# -- more ---------------------------------------------------------------------------------------------------

MANY = TrainSettings(
    data="sample:digits",
    data_options=DataOptions(task="binary", balance_classes=True),
    monitor="val_accuracy",
    early_stopping=EarlyStopping(patience=7, min_delta=0.001),
    reduce_on_plateau=ReduceOnPlateau(factor=0.2, patience=2, min_learning_rate=1e-6),
    keep="best",
    checkpoint_epochs=3,
    stop_on_nan=False,
    mixed_precision=True,
    jit_compile=True,
    tensorboard="/logs/run",
)


def more(panel: TrainingPanel) -> QToolButton:
    return panel.findChild(QToolButton, "moreButton")


def test_that_what_is_folded_away_comes_back_as_it_was_set(panel):
    panel.set_settings(MANY)
    assert panel.settings() == MANY


def test_that_more_is_folded_and_says_what_was_chosen_there(qtbot, panel):
    assert more(panel).text() == "More"
    assert not field(panel, "keep").isVisible()
    qtbot.mouseClick(more(panel), LEFT)
    assert field(panel, "keep").isVisible()
    qtbot.keyClick(field(panel, "keep"), Qt.Key.Key_Down)
    qtbot.mouseClick(more(panel), LEFT)
    assert more(panel).text() == "More: best weights"
    assert panel.settings().keep == "best"


def test_that_the_numbers_of_a_choice_are_there_while_it_is_ticked(qtbot, panel):
    qtbot.mouseClick(more(panel), LEFT)
    assert not field(panel, "early_stopping.patience").isVisible()
    qtbot.keyClick(field(panel, "early_stopping"), Qt.Key.Key_Space)
    assert field(panel, "early_stopping.patience").isVisible()
    assert panel.settings().early_stopping == EarlyStopping()


def test_that_a_wrong_number_in_more_is_said_beside_it(qtbot, ready):
    ready.set_settings(MANY)
    with qtbot.waitSignal(ready.settings_changed):
        retype(qtbot, field(ready, "reduce_on_plateau.factor"), "2")
    assert field(ready, "reduce_on_plateau.factor").isVisible()
    assert "Use a factor between 0 and 1, such as 0.5." in said(ready)
    assert status(ready) == "First correct: Factor."


def test_that_a_cpu_offers_no_mixed_precision_and_says_why(ready):
    ready.set_settings(MANY)
    more(ready).click()
    ready.set_device("CPU")
    assert not field(ready, "mixed_precision").isEnabled()
    assert not ready.settings().mixed_precision
    assert "A CPU is not faster in 16 bits." in said(ready)
    ready.set_device("GPU")
    assert ready.settings().mixed_precision


def test_that_what_a_run_measures_can_be_watched(ready):
    watch = field(ready, "monitor")
    assert texts(watch) == [
        "Automatic (Validation loss)",
        "Validation loss",
        "Loss",
        "Validation accuracy",
        "Accuracy",
    ]


def test_that_options_of_the_data_are_kept_as_they_were_chosen(qtbot, panel):
    options = DataOptions(task="regression", fitting="pad")
    with qtbot.waitSignal(panel.settings_changed):
        panel.set_data_options(options)
    assert panel.settings().data_options == options
    more(panel).click()
    field(panel, "balance_classes").click()
    assert panel.settings().data_options == DataOptions(task="regression", fitting="pad", balance_classes=True)


def test_that_every_field_says_what_it_does(panel):
    for name in TITLES:
        editor = field(panel, name)
        labels = [label for label in panel.findChildren(QLabel) if label.buddy() is editor]
        tips = [editor.toolTip(), *(label.toolTip() for label in labels)]
        assert name == "data" or any(tips), name
