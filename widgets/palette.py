"""The colours of the look, each under the name of its meaning."""

from __future__ import annotations

from dataclasses import dataclass

_LINEAR_BELOW = 0.04045
"""sRGB values up to this are linear (WCAG 2.2, relative luminance)."""


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours as `#rrggbb`. Ice blue is frozen, warm orange trainable, grey statistics or weightless.

    Attributes:
        is_dark: Whether these are the colours on dark ground.
        window: Ground of the window, of bars and of input fields.
        pane: Ground of panes, tables and menus.
        line: The one thin line round panes and between rows of bars.
        edge: Outline of what can be clicked or typed into.
        hover: Ground under the pointer.
        selection: Ground of selected rows.
        mark: Ground of rows that a pattern matches.
        text: Text on every ground.
        secondary: Labels, and what is less important.
        disabled: Text of what cannot be used now.
        frozen: Frozen, and the accent of links, tabs and focus.
        frozen_fill: Fill of the frozen box.
        trainable: Trainable.
        trainable_fill: Tint of trainable things.
        on_trainable: The tick on a box filled with `trainable`.
        on_accent: Text and ticks on a ground of `frozen`.
        statistics: Statistics.
        validation: Validation curves.
        success: What went well.
        error: What went wrong.
        handle: Handle of scroll bars.
    """

    is_dark: bool
    window: str
    pane: str
    line: str
    edge: str
    hover: str
    selection: str
    mark: str
    text: str
    secondary: str
    disabled: str
    frozen: str
    frozen_fill: str
    trainable: str
    trainable_fill: str
    on_trainable: str
    on_accent: str
    statistics: str
    validation: str
    success: str
    error: str
    handle: str


LIGHT = Palette(
    is_dark=False,
    window="#f6f7f9",
    pane="#ffffff",
    line="#e2e5ea",
    edge="#cbd1d9",
    hover="#eef1f5",
    selection="#e3eefb",
    mark="#fff6d8",
    text="#1d232b",
    secondary="#5c6672",
    disabled="#a3abb5",
    frozen="#2a6db3",
    frozen_fill="#cfe3f7",
    trainable="#b04d06",
    trainable_fill="#fbe0c8",
    on_trainable="#ffffff",
    on_accent="#ffffff",
    statistics="#5c6672",
    validation="#5b4bb7",
    success="#20755a",
    error="#b3261e",
    handle="#c5cbd3",
)

DARK = Palette(
    is_dark=True,
    window="#1b1f25",
    pane="#23282f",
    line="#343b45",
    edge="#47505c",
    hover="#2b313a",
    selection="#2c3f57",
    mark="#3a3724",
    text="#e8ebef",
    secondary="#a3adb8",
    disabled="#646e7a",
    frozen="#6cb2f2",
    frozen_fill="#27435f",
    trainable="#f59a4c",
    trainable_fill="#5b3a1d",
    on_trainable="#1b1f25",
    on_accent="#1b1f25",
    statistics="#a3adb8",
    validation="#a99cf5",
    success="#5cc2a0",
    error="#ff8f86",
    handle="#4a5360",
)


def contrast(first: str, second: str) -> float:
    """Contrast of two colours, 1.0 to 21.0 (WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio)."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    # `float ** float` is typed Any, because a negative base gives a complex number.
    return value / 12.92 if value <= _LINEAR_BELOW else float(((value + 0.055) / 1.055) ** 2.4)
