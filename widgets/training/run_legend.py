"""Which colour is which run, while several are on show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget
from typing_extensions import override

from widgets.theme import Theme, bold_font
from widgets.training.fonts import smaller_font
from widgets.training.run_colours import run_colour

if TYPE_CHECKING:
    from widgets.training.shown_runs import ShownRuns

_SAMPLE = 16
_GAP = 5
_BETWEEN = 16


class RunLegend(QWidget):
    """A sample of each run's line and its name; gone while there is one run only."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("runLegend")
        self._theme = theme
        self._shown: ShownRuns | None = None
        self._update_name()
        self.hide()

    def show_runs(self, shown: ShownRuns) -> None:
        """Shows the names of these runs, the newest first."""
        self._shown = shown
        self.setVisible(bool(shown.others))
        self.refresh()

    def refresh(self) -> None:
        """Shows the names of now."""
        self._update_name()
        self.update()

    def text(self) -> str:
        """The names in words."""
        shown = self._shown
        return ", ".join(shown.name_of(run.run_id) for run in shown.newest_first()) if shown else ""

    def _update_name(self) -> None:
        self.setAccessibleName("Runs on show")
        self.setAccessibleDescription(self.text())
        self.setToolTip(self.text())

    @override
    def sizeHint(self) -> QSize:
        return QSize(80, self.fontMetrics().height() + 6)

    @override
    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        shown = self._shown
        if shown is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        at = float(_BETWEEN)
        small = smaller_font(self.font())
        runs = shown.newest_first()
        for index, run in enumerate(runs):
            is_strong = shown.is_strong(run)
            painter.setFont(bold_font(small) if is_strong else small)
            text = shown.name_of(run.run_id)
            width = painter.fontMetrics().horizontalAdvance(text)
            if index and at + _SAMPLE + _GAP + width + _BETWEEN > self.width():
                painter.setPen(self._theme.colour("secondary"))
                painter.drawText(QRectF(at, 0, 60, self.height()), int(_MIDDLE), f"+{len(runs) - index}")
                break
            painter.setPen(QPen(run_colour(run.run_id, self._theme, is_newest=run is shown.newest), 2))
            painter.drawLine(QPointF(at, self.height() / 2), QPointF(at + _SAMPLE, self.height() / 2))
            painter.setPen(self._theme.colour("text" if is_strong else "secondary"))
            painter.drawText(QRectF(at + _SAMPLE + _GAP, 0, width + 2, self.height()), int(_MIDDLE), text)
            at += _SAMPLE + _GAP + width + _BETWEEN
        painter.end()


_MIDDLE = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
