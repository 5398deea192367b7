"""The panel of findings before the start, and the line above Start that opens it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from editor.layers.findings.finding import Finding
from editor.training.preflight.estimate import RunEstimate
from editor.wording import counted
from widgets.findings.cards import FindingCards
from widgets.icons import Icons
from widgets.preflight.summary import RunSummary
from widgets.theme import CORNER, Theme, set_tone

_SIZE = (560, 600)
_MARGIN = 2 * CORNER
_ICON = 14
_NOTHING = "Nothing stands against it."


class PreflightLine(QWidget):
    """What is to be known, counted: a link that opens the panel.

    Signals:
        clicked: The panel is wanted.
    """

    clicked = Signal()

    def __init__(self, theme: Theme, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        self._tone = "check"
        self._sign = QLabel()
        self._sign.setFixedSize(_ICON, _ICON)
        self.button = QPushButton()
        self.button.setObjectName("preflightButton")
        self.button.setCursor(Qt.CursorShape.PointingHandCursor)
        set_tone(self.button, "link")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        layout.addWidget(self._sign)
        layout.addWidget(self.button, 1, Qt.AlignmentFlag.AlignLeft)
        self.button.clicked.connect(self.clicked)
        theme.changed.connect(self._show_sign)
        self.hide()

    def show_findings(self, findings: Sequence[Finding] | None, *, is_current: bool = True) -> None:
        """Counts other findings; None while nothing is known.

        Args:
            findings: What was found.
            is_current: Whether that still holds; an error that may be mended already is not insisted on.
        """
        self.setVisible(findings is not None)
        serious = [finding for finding in findings or () if finding.severity != "note"]
        has_error = any(finding.severity == "error" for finding in serious)
        self._tone = "error" if has_error else "warning" if serious else "info" if findings else "check"
        text = line_text(findings or ())
        if has_error and not is_current:
            self._tone, text = "info", "Looking again…"
        self.button.setText(text)
        self.button.setAccessibleName(text)
        self._show_sign()

    def _show_sign(self) -> None:
        self._sign.setPixmap(self._icons.pixmap(self._tone, _ICON, self.devicePixelRatioF()))


def line_text(findings: Sequence[Finding]) -> str:
    """What the line says."""
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        return f"{counted(len(errors), 'thing')} to mend before you start"
    if findings:
        return f"{counted(len(findings), 'thing')} to know before you start"
    return "What will train"


class PreflightPanel(QDialog):
    """What will train, and all that is to be known, as cards.

    Signals:
        cure_requested: The `Finding` whose cure was clicked.
        places_chosen: Paths, as a tuple.
        start_requested: Start was clicked here.
    """

    cure_requested = Signal(object)
    places_chosen = Signal(object)
    start_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("preflightPanel")
        self.setWindowTitle("Before You Start")
        self.resize(*_SIZE)
        self.summary = RunSummary(theme)
        self.cards = FindingCards(theme)
        self.cards.cure_requested.connect(self.cure_requested)
        self.cards.places_chosen.connect(self.places_chosen)
        self._state = QLabel()
        self._state.setObjectName("preflightState")
        set_tone(self._state, "secondary")
        self.start_button = QPushButton("Start")
        self.start_button.setObjectName("preflightStart")
        self.start_button.setDefault(True)
        self.start_button.clicked.connect(self._on_start_clicked)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.addButton(self.start_button, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        layout.setSpacing(CORNER)
        layout.addWidget(self.summary)
        layout.addWidget(self._state)
        layout.addWidget(self._scrolled(), 1)
        layout.addWidget(buttons)

    def _scrolled(self) -> QScrollArea:
        page = QWidget()
        page.setObjectName("page")
        inner = QVBoxLayout(page)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(self.cards)
        inner.addStretch()
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(page)
        return area

    def show_prepared(self, findings: Sequence[Finding], estimate: RunEstimate | None, *, is_current: bool) -> None:
        """Shows other findings.

        Args:
            findings: In the order in which they are to be read.
            estimate: What will train; None if that is not known.
            is_current: Whether they are about the settings and flags as they are; else others are on their way.
        """
        self.summary.show_estimate(estimate)
        self.cards.show_findings(findings)
        self._state.setText("Looking again…" if not is_current else "" if findings else _NOTHING)
        self._state.setVisible(bool(self._state.text()))

    def set_obstacle(self, text: str) -> None:
        """Says why a run cannot start now; empty if it can."""
        self.start_button.setEnabled(not text)
        self.start_button.setToolTip(text)

    def _on_start_clicked(self) -> None:
        self.accept()
        self.start_requested.emit()
