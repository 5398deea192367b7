"""Light or dark, as the system has it or as the user forces it, and the faces of numbers and paths."""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from widgets.palette import DARK, LIGHT, Palette
from widgets.stylesheet import style_sheet

CORNER = 8
"""Radius of panes and width of the gaps between them, in pixels."""
ROW_HEIGHT = 25
"""Height of a row of trees and tables, in pixels, as long as the font fits."""

_MONO_FAMILIES = ("JetBrains Mono", "SF Mono", "Cascadia Mono", "Menlo", "Consolas")


class Mode(StrEnum):
    """What the user asked for."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class Theme(QObject):
    """The colours in use. Widgets ask it when they paint; `changed` tells them to paint again.

    Signals:
        changed: Other colours hold now; the application's palette and style sheet are already set.
    """

    changed = Signal()

    def __init__(self, mode: Mode = Mode.SYSTEM, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._mode = mode
        self._palette = LIGHT
        self._colours: dict[str, QColor] = {}
        self._app: QApplication | None = None
        self._choose()
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._on_system_scheme_changed)

    @property
    def palette(self) -> Palette:
        """The colours in use."""
        return self._palette

    @property
    def mode(self) -> Mode:
        """What the user asked for."""
        return self._mode

    @property
    def is_dark(self) -> bool:
        """Whether the colours in use are those on dark ground."""
        return self._palette.is_dark

    def colour(self, name: str) -> QColor:
        """The colour of a token of `Palette`; kept, so that painting allocates none."""
        found = self._colours.get(name)
        if found is None:
            found = self._colours[name] = QColor(getattr(self._palette, name))
        return found

    def install(self, app: QApplication) -> None:
        """Gives the application this look, now and after each change."""
        self._app = app
        app.setStyle("Fusion")
        self._dress()

    def set_mode(self, mode: Mode) -> None:
        """Follows the system, or forces light or dark; native title bars and dialogs follow where Qt can."""
        self._mode = mode
        schemes = {Mode.LIGHT: Qt.ColorScheme.Light, Mode.DARK: Qt.ColorScheme.Dark}
        QGuiApplication.styleHints().setColorScheme(schemes.get(mode, Qt.ColorScheme.Unknown))
        self._follow()

    @Slot()
    def _on_system_scheme_changed(self) -> None:
        self._follow()

    def _follow(self) -> None:
        before = self._palette
        self._choose()
        if self._palette is not before:
            self._dress()
            self.changed.emit()

    def _choose(self) -> None:
        scheme = QGuiApplication.styleHints().colorScheme()
        is_dark = self._mode is Mode.DARK or (self._mode is Mode.SYSTEM and scheme == Qt.ColorScheme.Dark)
        self._palette = DARK if is_dark else LIGHT
        self._colours.clear()

    def _dress(self) -> None:
        if self._app is not None:
            self._app.setPalette(qt_palette(self._palette))
            self._app.setStyleSheet(style_sheet(self._palette))


def qt_palette(palette: Palette) -> QPalette:
    """Qt's own palette in these colours: what the style sheet does not reach, such as file dialogs, looks alike."""
    role = QPalette.ColorRole
    colours = {
        role.Window: palette.window,
        role.WindowText: palette.text,
        role.Base: palette.pane,
        role.AlternateBase: palette.window,
        role.Text: palette.text,
        role.PlaceholderText: palette.secondary,
        role.Button: palette.pane,
        role.ButtonText: palette.text,
        role.BrightText: palette.error,
        role.ToolTipBase: palette.pane,
        role.ToolTipText: palette.text,
        role.Highlight: palette.frozen,
        role.HighlightedText: palette.on_accent,
        role.Accent: palette.frozen,
        role.Link: palette.frozen,
        role.LinkVisited: palette.validation,
        role.Light: palette.pane,
        role.Midlight: palette.line,
        role.Mid: palette.line,
        role.Dark: palette.edge,
        role.Shadow: palette.edge,
    }
    made = QPalette()
    for name, colour in colours.items():
        made.setColor(name, QColor(colour))
    for name in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, name, QColor(palette.disabled))
    return made


def set_tone(widget: QWidget, tone: str) -> None:
    """Gives a widget a tone of the style sheet; an empty one takes it away."""
    if widget.property("tone") != tone:
        widget.setProperty("tone", tone)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def number_font(base: QFont) -> QFont:
    """`base` with digits of one width, where Qt can (6.7) and the face has them."""
    font = QFont(base)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def mono_font(base: QFont) -> QFont:
    """The face of paths and weights, in the size of `base`."""
    font = QFont(base)
    present = [family for family in _MONO_FAMILIES if QFontDatabase.hasFamily(family)]
    font.setFamily(present[0] if present else QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont).family())
    font.setStyleHint(QFont.StyleHint.Monospace)
    return font


def scaled_font(base: QFont, factor: float) -> QFont:
    """`base` larger or smaller; a font knows its size either in points or in pixels."""
    font = QFont(base)
    if base.pointSizeF() > 0:
        font.setPointSizeF(base.pointSizeF() * factor)
    else:
        font.setPixelSize(max(1, round(base.pixelSize() * factor)))
    return font


def bold_font(base: QFont) -> QFont:
    """`base` in the weight of what stands out."""
    font = QFont(base)
    font.setWeight(QFont.Weight.DemiBold)
    return font
