"""Our own icons, drawn from SVG in the colours of the theme.

In the files `currentColor` is the icon's tone and `context-fill` its second colour; both are replaced as text,
because QtSvg renders SVG Tiny, which knows neither a style sheet nor the second keyword.
"""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QByteArray, QObject, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from editor.layers.accounts import State
from resources import resource_path
from widgets.theme import Theme

_TONES = {
    "freeze": ("frozen", "pane"),
    "thaw": ("trainable", "pane"),
    "tick-trainable": ("trainable", "on_trainable"),
    "tick-frozen": ("frozen", "frozen_fill"),
    "tick-mixed": ("trainable", "pane"),
    "tick-statistics": ("statistics", "pane"),
    "tick-statistics-update": ("statistics", "pane"),
    "check": ("success", "pane"),
    "warning": ("trainable", "pane"),
    "error": ("error", "pane"),
    "info": ("frozen", "pane"),
    "chevron-right": ("secondary", "pane"),
    "chevron-down": ("secondary", "pane"),
    "chevron-up": ("secondary", "pane"),
    "search": ("secondary", "pane"),
    "drop-model": ("secondary", "frozen_fill"),
}
"""Tone and second colour of an icon; what is not listed has the colour of text."""

_ICON_SIZES = (16, 20, 24, 32)
_RATIOS = (1.0, 2.0)


class Icons(QObject):
    """Pixmaps and icons by name, kept for each colour, size and pixel ratio."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._pixmaps: dict[tuple[str, str, str, int, int, float], QPixmap] = {}

    def pixmap(self, name: str, size: int | QSize = 16, ratio: float = 1.0, *, tone: str = "") -> QPixmap:
        """An icon as pixels.

        Args:
            name: The file's name in `resources/icons`, without `.svg`.
            size: Width and height in device-independent pixels; the drawing keeps its proportions.
            ratio: The device pixel ratio of where it is drawn.
            tone: A token of the palette that replaces the icon's own tone.
        """
        extent = QSize(size, size) if isinstance(size, int) else size
        own_tone, fill = _TONES.get(name, ("text", "pane"))
        colour, second = (getattr(self._theme.palette, token) for token in (tone or own_tone, fill))
        key = (name, colour, second, extent.width(), extent.height(), ratio)
        found = self._pixmaps.get(key)
        if found is None:
            svg = _source(name).replace("currentColor", colour).replace("context-fill", second)
            found = self._pixmaps[key] = _rendered(svg, extent, ratio)
        return found

    def icon(self, name: str, *, tone: str = "") -> QIcon:
        """An icon in the colours of now; ask again when the theme has changed."""
        icon = QIcon()
        for size in _ICON_SIZES:
            for ratio in _RATIOS:
                icon.addPixmap(self.pixmap(name, size, ratio, tone=tone), QIcon.Mode.Normal)
                icon.addPixmap(self.pixmap(name, size, ratio, tone="disabled"), QIcon.Mode.Disabled)
        return icon


def app_icon() -> QIcon:
    """The program's icon; it has its own colours."""
    icon = QIcon()
    for size in (16, 24, 32, 48, 64, 128, 256):
        icon.addPixmap(_rendered(_source("app"), QSize(size, size), 1.0))
    return icon


def tick_name(state: State, *, updates_statistics: bool = False) -> str:
    """The icon of a tick box in this state; empty where there is nothing to tick."""
    if state is State.WEIGHTLESS:
        return ""
    if state is State.STATISTICS and updates_statistics:
        return "tick-statistics-update"
    return f"tick-{state.value}"


@cache
def _source(name: str) -> str:
    return resource_path("icons", f"{name}.svg").read_text(encoding="utf-8")


def _rendered(svg: str, extent: QSize, ratio: float) -> QPixmap:
    renderer = QSvgRenderer(QByteArray(svg.encode()))
    renderer.setAspectRatioMode(Qt.AspectRatioMode.KeepAspectRatio)
    pixmap = QPixmap(extent * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    renderer.render(painter, QRectF(0, 0, extent.width(), extent.height()))
    painter.end()
    return pixmap
