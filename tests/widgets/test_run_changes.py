"""A run as the window follows it: its states, and what is changed of it while it is under way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit, QMessageBox, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from editor.errors import Problem
from editor.processes.messages import Request
from editor.processes.run_messages import (
    BatchEnded,
    ChangeRun,
    EpochEnded,
    RunChangeRefused,
    RunEnded,
    RunMarked,
    RunStarted,
    StartRun,
)
from editor.training.settings import SettingsReport, TrainSettings
from tests.widgets.opened import opened_document
from tests.widgets.trees import vgg16_classifier
from widgets.document import Document
from widgets.engine_link import EngineLink
from widgets.icons import Icons
from widgets.notice_bar import NoticeBar
from widgets.notifier import Notifier
from widgets.run_changes import RunChanges
from widgets.run_control import RunControl
from widgets.theme import Mode, Theme
from widgets.training.panel import TrainingPanel
from widgets.training.run_state import RunState

# The offscreen platform has no window manager to tell its wishes to.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

LEFT = Qt.MouseButton.LeftButton


class UnansweredLink(EngineLink):
    """Keeps what is sent; a test gives the answers by the signals."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[Request] = []

    def send(self, request: Request) -> None:
        self.sent.append(request)


class Followed:
    """A panel with its controllers and a link, whose signals stand for the engine's answers."""

    def __init__(self, qtbot: QtBot, folder: Path) -> None:
        self.qtbot = qtbot
        theme = Theme(Mode.LIGHT)
        icons = Icons(theme)
        self.window = QWidget()
        qtbot.addWidget(self.window)
        self.panel = TrainingPanel(theme, icons, self.window)
        self.panel.resize(292, 600)
        self.link = UnansweredLink()
        notifier = Notifier(self.window, NoticeBar(theme, icons, self.window))
        self.runs = RunControl(self.link, self.panel, (), notifier=notifier)
        self.document: Document = opened_document(vgg16_classifier(), folder)
        self.changes = RunChanges(self.link, self.panel, runs=self.runs, current=lambda: self.document)
        self.runs.set_document(self.document)
        self.changes.set_document(self.document)
        self.requests: list[StartRun] = []
        self.runs.requested.connect(self.requests.append)
        with qtbot.waitExposed(self.window):
            self.window.resize(300, 620)
            self.window.show()
        self.panel.set_settings(TrainSettings(data="sample:digits"))
        self.panel.set_engine_ready(True)
        self.panel.show_report(SettingsReport(data_text="1,797 samples"))
        before = self.document.workspace.folder / "before"
        before.touch()
        self.before = before

    def start(self) -> None:
        self.click("startButton")
        self.link.run_started.emit(
            RunStarted(
                run_id=self.run_id,
                num_epochs=5,
                num_batches=10,
                metric_names=("loss",),
                has_validation=False,
                seed=0,
                revision_file=str(self.before),
            )
        )

    @property
    def run_id(self) -> int:
        return self.requests[-1].run_id

    def click(self, name: str) -> None:
        button = self.panel.findChild(QWidget, name)
        assert button.isEnabled() and button.isVisible(), name
        self.qtbot.mouseClick(button, LEFT)

    def mark(self, kind: str, text: str = "", **more) -> None:
        self.link.run_marked.emit(RunMarked(run_id=self.run_id, epoch=2, batch=11, kind=kind, text=text, **more))

    def end(self, outcome: str, revision: int = 0) -> None:
        self.link.run_ended.emit(RunEnded(run_id=self.run_id, outcome=outcome, revision=revision))

    def batch(self, revision: int = 3, seconds: float = 0.0) -> None:
        event = BatchEnded(run_id=self.run_id, epoch=0, batch=0, metrics={}, revision=revision, seconds=seconds)
        self.link.batch_ended.emit(event)

    def type_rate(self, text: str) -> None:
        field = self.panel.findChild(QLineEdit, "learning_rateField")
        field.selectAll()
        self.qtbot.keyClicks(field, text)

    def said(self) -> list[str]:
        return [label.text() for label in self.panel.findChildren(QLabel) if label.isVisible() and label.text()]

    def is_offered(self, name: str) -> bool:
        return self.panel.findChild(QPushButton, name).isVisible()


@pytest.fixture
def followed(qtbot: QtBot, tmp_path: Path) -> Iterator[Followed]:
    followed = Followed(qtbot, tmp_path)
    yield followed
    followed.document.forget()


# -- states -------------------------------------------------------------------------------------------------


def test_that_each_wish_is_visible_at_once_and_done_when_the_engine_says_so(followed):
    followed.start()
    assert followed.runs.state is RunState.RUNNING
    followed.click("pauseButton")
    assert followed.runs.state is RunState.PAUSING
    followed.mark("paused")
    assert followed.runs.state is RunState.PAUSED
    followed.click("pauseButton")
    assert followed.runs.state is RunState.RESUMING
    followed.mark("resumed")
    assert followed.runs.state is RunState.RUNNING
    followed.click("stopButton")
    assert followed.runs.state is RunState.STOPPING
    followed.end("stopped")
    assert followed.runs.state is RunState.STOPPED


def test_that_a_stop_asked_for_while_it_starts_stays_a_stop(followed):
    followed.click("startButton")
    followed.click("stopButton")
    followed.link.run_started.emit(
        RunStarted(
            run_id=followed.run_id,
            num_epochs=1,
            num_batches=1,
            metric_names=("loss",),
            has_validation=False,
            seed=0,
            revision_file="",
        )
    )
    assert followed.runs.state is RunState.STOPPING


def test_that_a_late_pause_does_not_hide_a_stop(followed):
    followed.start()
    followed.click("pauseButton")
    followed.click("stopButton")
    followed.mark("paused")
    assert followed.runs.state is RunState.STOPPING


def test_that_a_cancelled_run_leaves_no_step_and_no_star(followed):
    followed.start()
    followed.batch(revision=3)
    assert followed.document.is_modified
    followed.click("cancelButton")
    assert followed.runs.state is RunState.CANCELLING
    followed.end("cancelled")
    assert followed.runs.state is RunState.CANCELLED
    assert followed.document.stack.count() == 0
    assert not followed.document.is_modified
    assert not followed.document.has_optimizer


def test_that_only_a_long_run_asks_before_it_is_cancelled(followed):
    followed.start()
    followed.batch(seconds=600.0)
    followed.click("cancelButton")
    assert followed.runs.state is RunState.RUNNING
    (box,) = followed.window.findChildren(QMessageBox, "cancelRunQuestion")
    assert "10 minutes" in box.informativeText()
    button = next(button for button in box.buttons() if button.text() == "Cancel and Restore")
    followed.qtbot.mouseClick(button, LEFT)
    assert followed.runs.state is RunState.CANCELLING


def test_that_an_engine_that_dies_over_a_cancel_is_followed_by_one_with_the_weights_from_before(followed):
    followed.start()
    followed.batch(revision=3)
    followed.click("cancelButton")
    followed.link.engine_ended.emit(None)
    assert followed.runs.state is RunState.CANCELLED
    assert followed.document.weights_file == followed.before


# -- the learning rate --------------------------------------------------------------------------------------


def test_that_another_learning_rate_is_offered_to_the_run_and_said_when_it_holds(followed):
    followed.start()
    assert not followed.is_offered("applyRateButton")
    followed.type_rate("1e-4")
    assert "The run uses 0.001." in followed.said()
    followed.click("applyRateButton")
    assert "Asked for: holds from the next batch on." in followed.said()
    assert followed.link.sent[-1] == ChangeRun(run_id=followed.run_id, learning_rate=1e-4)
    followed.mark("learning-rate", "lr 1e-4")
    assert "In effect since epoch 3, batch 12." in followed.said()
    assert not followed.is_offered("applyRateButton")


def test_that_enter_applies_the_learning_rate(followed):
    followed.start()
    followed.type_rate("0.5")
    with followed.qtbot.waitSignal(followed.panel.learning_rate_requested) as asked:
        followed.qtbot.keyClick(followed.panel.findChild(QLineEdit, "learning_rateField"), Qt.Key.Key_Return)
    assert asked.args == [0.5]


def test_that_enter_asks_for_nothing_while_there_is_no_run(followed):
    with followed.qtbot.assertNotEmitted(followed.panel.learning_rate_requested):
        followed.qtbot.keyClick(followed.panel.findChild(QLineEdit, "learning_rateField"), Qt.Key.Key_Return)


def test_that_a_refused_learning_rate_says_why_beside_the_field(followed):
    followed.start()
    followed.type_rate("0.1")
    followed.click("applyRateButton")
    freeze(followed, "vgg16")
    followed.click("applyFlagsButton")
    problem = Problem("The optimizer has a schedule of its own.", "Train with a fixed learning rate.")
    refused = RunChangeRefused(run_id=followed.run_id, change="learning-rate", problem=problem)
    followed.link.run_change_refused.emit(refused)
    assert "from the next epoch on" in notice(followed)
    assert "The optimizer has a schedule of its own. Train with a fixed learning rate." in followed.said()
    followed.type_rate("0.2")
    assert "The run uses 0.001." in followed.said()


def test_that_a_rate_lowered_on_a_plateau_is_said(followed):
    followed.start()
    followed.link.epoch_ended.emit(
        EpochEnded(run_id=followed.run_id, epoch=0, metrics={}, learning_rate=0.0005000000237487257)
    )
    assert "The run uses 0.0005." in followed.said()
    followed.end("finished")
    assert not any("The run uses" in text for text in followed.said())


# -- flags --------------------------------------------------------------------------------------------------


def freeze(followed: Followed, path: str, *, trainable: bool = False) -> None:
    followed.document.edit([followed.document.tree.find(path)], trainable=trainable)


def notice(followed: Followed) -> str:
    return next((text for text in followed.said() if "changes apply" in text), "")


def test_that_flags_changed_in_mid_run_are_for_the_next_run_and_the_run_is_described(followed):
    freeze(followed, "batch_norm")
    followed.start()
    assert notice(followed) == ""
    freeze(followed, "vgg16")
    assert notice(followed) == "These changes apply to the next run. This run: batch_norm frozen."
    freeze(followed, "vgg16", trainable=True)
    assert notice(followed) == ""


def test_that_flags_are_applied_at_the_next_epoch_if_asked_for(followed):
    followed.start()
    freeze(followed, "vgg16")
    followed.click("applyFlagsButton")
    assert notice(followed) == "These changes apply from the next epoch on. This run: nothing frozen."
    assert not followed.is_offered("applyFlagsButton")
    assert followed.link.sent[-1] == ChangeRun(run_id=followed.run_id, freeze_map=followed.document.freeze_map())
    followed.mark("phase", "vgg16 frozen", freeze_map=followed.document.freeze_map())
    assert notice(followed) == ""
    freeze(followed, "predictions")
    assert notice(followed) == "These changes apply to the next run. This run: vgg16 frozen."


def test_that_refused_flags_say_why_and_can_be_asked_for_again(followed):
    followed.start()
    freeze(followed, "vgg16")
    followed.click("applyFlagsButton")
    problem = Problem("Nothing would be trainable.", "Thaw at least one layer.")
    followed.link.run_change_refused.emit(RunChangeRefused(run_id=followed.run_id, change="flags", problem=problem))
    assert "Nothing would be trainable. Thaw at least one layer." in followed.said()
    assert followed.is_offered("applyFlagsButton")


def test_that_the_notice_goes_with_the_run(followed):
    followed.start()
    freeze(followed, "vgg16")
    followed.end("finished")
    assert notice(followed) == ""
