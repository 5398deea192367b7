"""Findings below each other; the cards are kept and filled again."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from editor.layers.findings.finding import Finding
from widgets.findings.card import FindingCard
from widgets.theme import CORNER, Theme, set_tone

_MAX_SHOWN = 60
"""A person mends the first ones and looks again."""


class FindingCards(QWidget):
    """A list of findings.

    Signals:
        cure_requested: The `Finding` whose cure was clicked.
        places_chosen: Paths, as a tuple.
    """

    cure_requested = Signal(object)
    places_chosen = Signal(object)

    def __init__(self, theme: Theme, *, names_lone_place: bool = True) -> None:
        super().__init__()
        self._theme = theme
        self._names_lone_place = names_lone_place
        self._cards: list[FindingCard] = []
        self._rest = QLabel()
        set_tone(self._rest, "secondary")
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(CORNER)
        self._layout.addWidget(self._rest)
        self._rest.hide()

    def show_findings(self, findings: Sequence[Finding]) -> None:
        """Shows other findings. Cards are never destroyed: one may be the sender of the click that changes all."""
        shown = findings[:_MAX_SHOWN]
        while len(self._cards) < len(shown):
            self._add_card()
        for card, finding in zip(self._cards, shown, strict=False):
            card.show_finding(finding)
        for at, card in enumerate(self._cards):
            card.setVisible(at < len(shown))
        self._rest.setVisible(len(findings) > len(shown))
        self._rest.setText(f"and {len(findings) - len(shown):,} more")

    @property
    def cards(self) -> list[FindingCard]:
        """The cards that are shown."""
        return [card for card in self._cards if not card.isHidden()]

    def _add_card(self) -> None:
        card = FindingCard(self._theme, names_lone_place=self._names_lone_place)
        card.cure_requested.connect(self.cure_requested)
        card.places_chosen.connect(self.places_chosen)
        self._layout.insertWidget(len(self._cards), card)
        self._cards.append(card)
