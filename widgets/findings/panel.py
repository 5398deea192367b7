"""The tab of findings: a list, or the good news that there is none."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QStackedWidget, QVBoxLayout, QWidget
from typing_extensions import override

from editor.layers.findings.finding import Finding
from widgets.findings.cards import FindingCards
from widgets.icons import Icons
from widgets.theme import CORNER, Theme, set_tone

_MARGIN = 14
_SIGN_SIZE = 24
_ALL_WELL = "Nothing to mend"
_WHAT_FOR = (
    "Statistics that would move in a frozen block, layers that get no gradient and other traps "
    "are listed here as you freeze and thaw."
)


class FindingsPanel(QStackedWidget):
    """All findings about the open model.

    Signals:
        cure_requested: The `Finding` whose cure was clicked.
        places_chosen: Paths, as a tuple.
    """

    cure_requested = Signal(object)
    places_chosen = Signal(object)

    def __init__(self, theme: Theme, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("findingsPanel")
        self.setAccessibleName("Findings")
        self._icons = icons
        self._findings: tuple[Finding, ...] = ()
        self._is_stale = False
        self._sign = QLabel()
        self._list = FindingCards(theme)
        self._list.cure_requested.connect(self.cure_requested)
        self._list.places_chosen.connect(self.places_chosen)
        self.addWidget(self._all_well())
        self.addWidget(self._scrolled_list())
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def _all_well(self) -> QWidget:
        page = QWidget()
        title, text = QLabel(_ALL_WELL), QLabel(_WHAT_FOR)
        set_tone(title, "strong")
        set_tone(text, "secondary")
        text.setWordWrap(True)
        text.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(4 * CORNER, 0, 4 * CORNER, 0)
        layout.setSpacing(CORNER)
        layout.addStretch(2)
        layout.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(title, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(text)
        layout.addStretch(3)
        return page

    def _scrolled_list(self) -> QScrollArea:
        page = QWidget()
        page.setObjectName("page")
        layout = QVBoxLayout(page)
        layout.setContentsMargins(_MARGIN, _MARGIN - 2, _MARGIN, _MARGIN - 2)
        layout.addWidget(self._list)
        layout.addStretch()
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(page)
        return area

    def show_findings(self, findings: Sequence[Finding]) -> None:
        """Shows other findings; laid out when the tab is looked at."""
        self._findings = tuple(findings)
        self._is_stale = True
        if self.isVisible():
            self._fill()

    @property
    def list_(self) -> FindingCards:
        """The cards."""
        return self._list

    def _fill(self) -> None:
        self._is_stale = False
        self.setCurrentIndex(int(bool(self._findings)))
        self._list.show_findings(self._findings)

    @Slot()
    def _on_theme_changed(self) -> None:
        self._sign.setPixmap(self._icons.pixmap("check", _SIGN_SIZE, self.devicePixelRatioF()))

    @override
    def showEvent(self, event: QShowEvent) -> None:
        if self._is_stale:
            self._fill()
        super().showEvent(event)
