"""The colour of each run, on the curves and in the table of runs."""

from __future__ import annotations

from functools import cache

from PySide6.QtGui import QColor

from widgets.palette import contrast
from widgets.theme import Theme

OTHER_RUN_COLOURS = ("#20755a", "#7f8894", "#c2408c", "#5b4bb7", "#8a7000")
"""Of runs that are not the newest, by run id; the newest has the colour of the training line."""

_LEAST_CONTRAST = 3.0
"""Of a line on its ground (WCAG 2.2, 1.4.11)."""


def run_colour(run_id: int, theme: Theme, *, is_newest: bool) -> QColor:
    """The newest run has the colour of training; another one its own, made lighter where the ground is dark."""
    if is_newest:
        return theme.colour("trainable")
    return QColor(_readable(OTHER_RUN_COLOURS[run_id % len(OTHER_RUN_COLOURS)], theme.palette.pane))


@cache
def _readable(colour: str, ground: str) -> str:
    shade = QColor(colour)
    while contrast(shade.name(), ground) < _LEAST_CONTRAST and shade.lightnessF() < 1:
        shade = shade.lighter(110)
    return shade.name()
