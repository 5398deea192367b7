"""The findings: how they are shown, and what their clicks do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from editor.layers.edits import set_policy
from editor.layers.findings.finding import Cure, Finding
from editor.layers.nodes import LayerNode
from editor.layers.policies import StatisticsPolicy
from editor.processes.messages import GradientsTraced
from editor.processes.run_messages import RunEnded
from editor.training.settings import TrainSettings
from tests.widgets.opened import opened_document
from tests.widgets.trees import vgg16_classifier
from widgets.document import Document
from widgets.engine_link import EngineLink
from widgets.findings import FindingsPanel
from widgets.findings.card import FindingCard
from widgets.findings.control import FindingsControl
from widgets.findings.watch import FindingsWatch
from widgets.icons import Icons
from widgets.main_window import MainWindow
from widgets.notifier import Notifier
from widgets.preflight.panel import PreflightLine
from widgets.theme import Mode, Theme

# The offscreen platform says this of every window that is shown.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")

WARNING = Finding(
    "warning", "statistics-move", "base/bn", "Statistics will move of base/bn", "They move.", ("base/bn",)
)
NOTE = Finding("note", "lora", "base", "LoRA in base", "Small.", tuple(f"base/{at}" for at in range(5)))
CURED = Finding(
    "warning", "nothing-trainable", "", "Nothing is trainable", "Thaw.", cure=Cure("Thaw head", ((0, True),))
)


@pytest.fixture
def theme(qapp) -> Theme:
    return Theme(Mode.LIGHT)


@pytest.fixture
def panel(qtbot: QtBot, theme: Theme) -> FindingsPanel:
    panel = FindingsPanel(theme, Icons(theme))
    qtbot.addWidget(panel)
    panel.resize(420, 500)
    panel.show()
    return panel


def texts_of(card: FindingCard) -> list[str]:
    return [label.text().replace("\u200b", "") for label in card.findChildren(QLabel) if not label.isHidden()]


# -- the panel ------------------------------------------------------------------------------------------------


def test_that_no_findings_are_good_news(panel: FindingsPanel):
    panel.show_findings(())
    assert panel.currentIndex() == 0
    assert "Nothing to mend" in [label.text() for label in panel.currentWidget().findChildren(QLabel)]


def test_that_a_card_tells_title_text_places_and_cure(panel: FindingsPanel):
    panel.show_findings((WARNING, NOTE, CURED))
    first, second, third = panel.list_.cards
    assert texts_of(first)[:2] == [WARNING.title, WARNING.text]
    assert [card.property("severity") for card in (first, second, third)] == ["warning", "note", "warning"]
    assert first.cure_button.isHidden()
    assert third.cure_button.text() == "Thaw head"
    assert first.accessibleName() == "warning: Statistics will move of base/bn"


def test_that_links_choose_one_place_or_all_of_them(qtbot: QtBot, panel: FindingsPanel):
    panel.show_findings((NOTE,))
    places = panel.list_.cards[0].findChild(QLabel, "findingPlaces")
    assert places.text().count("<a ") == 3
    with qtbot.waitSignal(panel.places_chosen) as chosen:
        places.linkActivated.emit("base/1")
    assert chosen.args == [("base/1",)]
    with qtbot.waitSignal(panel.places_chosen) as chosen:
        places.linkActivated.emit("#all")
    assert chosen.args == [NOTE.paths]


def test_that_a_cure_is_asked_for_by_a_click(qtbot: QtBot, panel: FindingsPanel):
    panel.show_findings((CURED,))
    with qtbot.waitSignal(panel.cure_requested) as asked:
        qtbot.mouseClick(panel.list_.cards[0].cure_button, Qt.MouseButton.LeftButton)
    assert asked.args == [CURED]


def test_that_what_is_not_looked_at_is_laid_out_later(panel: FindingsPanel):
    panel.hide()
    panel.show_findings((WARNING,))
    assert panel.list_.cards == []
    panel.show()
    assert len(panel.list_.cards) == 1


def test_that_cards_are_kept_and_filled_again(panel: FindingsPanel):
    panel.show_findings((WARNING, NOTE))
    cards = panel.list_.cards
    panel.show_findings((NOTE,))
    assert panel.list_.cards == cards[:1]
    assert texts_of(cards[0])[0] == NOTE.title


# -- with a document ------------------------------------------------------------------------------------------


class Opened:
    """A window with a document and its findings."""

    def __init__(self, qtbot: QtBot, theme: Theme, folder: Path) -> None:
        self.qtbot = qtbot
        self.window = MainWindow(theme, Icons(theme))
        qtbot.addWidget(self.window)
        self.document: Document = opened_document(vgg16_classifier(), folder)
        self.link = EngineLink()
        self.watch = FindingsWatch(self.link, self.window.training.settings, self.window)
        self.notifier = Notifier(self.window, self.window.notices)
        self.control = FindingsControl(self.window, self.watch, self.notifier, lambda: self.document)
        self.window.layers.set_tree(self.document.tree, "model")
        self.window.inspector.set_tree(self.document.tree)
        self.watch.set_document(self.document)
        self.watch.note_live(self.document)
        self.window.inspector.tabs.setCurrentWidget(self.window.findings)
        self.window.show()
        self.wait()

    def wait(self) -> None:
        with self.qtbot.waitSignal(self.watch.found):
            self.watch.schedule()

    def layer(self, path: str) -> LayerNode:
        node = self.document.tree.find(path)
        assert isinstance(node, LayerNode)
        return node

    def let_statistics_move(self) -> None:
        self.document.edit([self.layer("batch_norm")], trainable=False)
        self.document.make(set_policy(self.document.tree, [self.layer("batch_norm")], StatisticsPolicy.UPDATE))
        self.wait()

    def codes(self) -> list[str]:
        return [card.finding.code for card in self.window.findings.list_.cards if card.finding]

    def card(self, code: str) -> FindingCard:
        cards = self.window.findings.list_.cards
        return next(card for card in cards if card.finding and card.finding.code == code)

    def badge(self) -> str:
        return self.window.inspector.tabs.badge_text(self.window.findings)


@pytest.fixture
def opened(qtbot: QtBot, theme: Theme, tmp_path: Path) -> Iterator[Opened]:
    opened = Opened(qtbot, theme, tmp_path)
    yield opened
    opened.document.leave()


def test_that_findings_come_and_go_with_edits(opened: Opened):
    assert "statistics-move" not in opened.codes()
    opened.let_statistics_move()
    assert "statistics-move" in opened.codes()
    assert int(opened.badge()) == len(opened.codes())
    opened.document.stack.undo()
    opened.wait()
    assert "statistics-move" not in opened.codes()


def test_that_a_cure_is_one_step_with_its_own_name(opened: Opened):
    opened.let_statistics_move()
    num_steps = opened.document.stack.count()
    opened.qtbot.mouseClick(opened.card("statistics-move").cure_button, Qt.MouseButton.LeftButton)
    opened.wait()
    assert opened.document.stack.count() == num_steps + 1
    assert opened.document.stack.undoText() == "Let Its Statistics Stand Still"
    assert "statistics-move" not in opened.codes()


def test_that_a_cure_is_not_carried_out_on_another_state(opened: Opened):
    opened.let_statistics_move()
    stale = opened.card("statistics-move").finding
    assert stale
    opened.document.stack.undo()
    before, num_steps = opened.document.freeze_map(), opened.document.stack.index()
    opened.control._on_cure_requested(stale)
    assert opened.document.freeze_map() == before
    assert opened.document.stack.index() == num_steps
    assert "changed since" in opened.window.notices.text


def test_that_a_link_selects_the_layer_in_the_tree(opened: Opened):
    opened.let_statistics_move()
    opened.window.layers.filter_edit.setText("block1")
    opened.card("statistics-move").places_chosen.emit(("batch_norm",))
    assert opened.window.layers.selected_nodes() == (opened.layer("batch_norm"),)


def test_that_findings_stand_beside_the_facts_of_their_layer(opened: Opened):
    opened.let_statistics_move()
    opened.window.inspector.show_nodes((opened.layer("batch_norm"),))
    codes = [card.finding.code for card in opened.window.inspector.findings_here.cards if card.finding]
    assert "statistics-move" in codes
    opened.window.inspector.show_nodes((opened.layer("vgg16/block1_conv1"),))
    assert opened.window.inspector.findings_here.cards == []


def test_that_weights_without_gradient_are_found_when_the_engine_has_traced_them(opened: Opened):
    weight = opened.layer("predictions").weights[0].record.weight_id
    opened.link.gradients_traced.emit(GradientsTraced(request_id=99, document_id=1, unreached=(weight,)))
    opened.wait()
    assert "no-gradient" not in opened.codes()
    opened.link.gradients_traced.emit(GradientsTraced(request_id=1, document_id=1, unreached=(weight,)))
    opened.wait()
    assert "no-gradient" in opened.codes()


def test_that_a_large_thaw_after_a_run_asks_for_a_gentler_learning_rate(opened: Opened):
    training = opened.window.training
    training.set_settings(TrainSettings(data="sample:digits", learning_rate=0.001))
    opened.document.edit([opened.layer("vgg16")], trainable=False)
    opened.watch.note_run_started()
    opened.watch.note_run_ended(RunEnded(run_id=1, outcome="finished", revision=1))
    opened.document.edit([opened.layer("vgg16")], trainable=True)
    opened.wait()
    num_steps = opened.document.stack.count()
    opened.qtbot.mouseClick(opened.card("learning-rate-after-thaw").cure_button, Qt.MouseButton.LeftButton)
    assert training.settings().learning_rate == 0.0001
    assert opened.document.stack.count() == num_steps
    opened.wait()
    assert "learning-rate-after-thaw" not in opened.codes()


def test_that_a_failed_run_is_no_measure(opened: Opened):
    opened.document.edit([opened.layer("vgg16")], trainable=False)
    opened.watch.note_run_started()
    opened.watch.note_run_ended(RunEnded(run_id=1, outcome="failed", revision=0))
    opened.document.edit([opened.layer("vgg16")], trainable=True)
    opened.wait()
    assert "learning-rate-after-thaw" not in opened.codes()


# -- the line above Start -------------------------------------------------------------------------------------


def test_that_the_line_above_start_does_not_insist_on_what_may_be_mended(qtbot: QtBot, theme: Theme):
    line = PreflightLine(theme, Icons(theme))
    qtbot.addWidget(line)
    error = Finding("error", "learning-rate", "", "No rate", "Use one.")
    line.show_findings((error, WARNING))
    assert line.button.text() == "1 thing to mend before you start"
    line.show_findings((error, WARNING), is_current=False)
    assert line.button.text() == "Looking again…"
    line.show_findings((WARNING,), is_current=False)
    assert line.button.text() == "1 thing to know before you start"
