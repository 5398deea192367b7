"""One finding: its title, what it means, where it is, and the click that mends it."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QVBoxLayout

from editor.layers.findings.finding import Finding
from widgets.line_breaks import breakable
from widgets.theme import CORNER, Theme, mono_font, set_tone

_NUM_PLACES = 3
"""So many places are named; one more link stands for all of them."""
_ALL = "#all"


class FindingCard(QFrame):
    """A finding as a strip with a coloured edge: orange for a warning, blue for a note.

    Args:
        theme: Colours.
        names_lone_place: Whether a finding about one place names it; not needed beside that place itself.

    Signals:
        cure_requested: The `Finding`.
        places_chosen: The paths that a link names, as a tuple.
    """

    cure_requested = Signal(object)
    places_chosen = Signal(object)

    def __init__(self, theme: Theme, *, names_lone_place: bool = True) -> None:
        super().__init__()
        self._names_lone_place = names_lone_place
        self.finding: Finding | None = None
        self.setObjectName("findingCard")
        self._theme = theme
        self._title = _label("strong")
        self._text = _label("")
        self._places = _label("")
        self._places.setObjectName("findingPlaces")
        self._places.setFont(mono_font(self._places.font()))
        self._places.setTextFormat(Qt.TextFormat.RichText)
        self._places.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self._places.linkActivated.connect(self._on_link_activated)
        self.cure_button = QPushButton()
        self.cure_button.setObjectName("cureButton")
        self.cure_button.setCursor(Qt.CursorShape.PointingHandCursor)
        set_tone(self.cure_button, "link")
        self.cure_button.clicked.connect(self._on_cure_clicked)
        self._arrange()
        theme.changed.connect(self._on_theme_changed)

    def _arrange(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, CORNER, 12, CORNER)
        layout.setSpacing(3)
        for label in (self._title, self._text, self._places):
            layout.addWidget(label)
        layout.addWidget(self.cure_button, 0, Qt.AlignmentFlag.AlignLeft)

    def show_finding(self, finding: Finding) -> None:
        """Shows another finding; does nothing where it is the same."""
        if finding == self.finding:
            return
        self.finding = finding
        self._title.setText(breakable(finding.title))
        self._text.setText(breakable(finding.text))
        self.setAccessibleName(f"{finding.severity}: {finding.title}")
        self.setAccessibleDescription(finding.text)
        self._show_places()
        self.cure_button.setVisible(finding.cure is not None)
        self.cure_button.setText(finding.cure.text if finding.cure else "")
        self.setProperty("severity", finding.severity)
        self.style().unpolish(self)
        self.style().polish(self)

    def _show_places(self) -> None:
        paths = places_of(self.finding) if self.finding else ()
        named = paths if len(paths) <= _NUM_PLACES else paths[: _NUM_PLACES - 1]
        links = [self._link(path, path) for path in named]
        if len(paths) > len(named):
            links.append(self._link(_ALL, f"and {len(paths) - len(named):,} more"))
        self._places.setText(", ".join(links))
        self._places.setAccessibleName(f"Places: {', '.join(paths)}")
        self._places.setVisible(len(paths) > (0 if self._names_lone_place else 1))

    def _link(self, target: str, text: str) -> str:
        colour = self._theme.palette.frozen
        return f'<a href="{escape(target)}" style="color:{colour}; text-decoration:none">{escape(breakable(text))}</a>'

    @Slot(str)
    def _on_link_activated(self, target: str) -> None:
        if self.finding:
            self.places_chosen.emit(places_of(self.finding) if target == _ALL else (target,))

    @Slot()
    def _on_cure_clicked(self) -> None:
        if self.finding and self.finding.cure:
            self.cure_requested.emit(self.finding)

    @Slot()
    def _on_theme_changed(self) -> None:
        self._show_places()


def places_of(finding: Finding) -> tuple[str, ...]:
    """The layers and weights to show for a finding; none if it is about the model as a whole."""
    return tuple(dict.fromkeys(finding.paths)) or ((finding.path,) if finding.path else ())


def _label(tone: str) -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    if tone:
        set_tone(label, tone)
    return label
