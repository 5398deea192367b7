"""The face of what is said beside other things: axes, notes, problems."""

from __future__ import annotations

from PySide6.QtGui import QFont


def smaller_font(base: QFont) -> QFont:
    """`base`, one point smaller; a font that is given in pixels, as many pixels."""
    font = QFont(base)
    if font.pointSizeF() > 0:
        font.setPointSizeF(max(6.0, font.pointSizeF() - 1))
    else:
        font.setPixelSize(max(8, font.pixelSize() - 1))
    return font
