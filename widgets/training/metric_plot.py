"""The plot of one metric. This module imports pyqtgraph, which takes a while: import it when it is needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QObject, QPointF, QRectF
from PySide6.QtGui import QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget
from typing_extensions import override

from widgets.theme import Theme, number_font
from widgets.training.axis_steps import round_step, tick_text, tick_values, value_range, value_text
from widgets.training.curves import MetricCurves, RunCurves
from widgets.training.fonts import smaller_font
from widgets.training.nearest import NearestPoint, nearest_point
from widgets.training.plot_header import PlotHeader
from widgets.training.wording import is_less_better, words_for

NUM_VALUE_STEPS = 5
NUM_EPOCH_STEPS = 6
RAW_ALPHA = 90
"""Opacity of the raw line, 0 to 255."""

_TEXT_GAP = 6
_LABEL_ROOM = 10
_BELOW_LINES = -200
"""The grid is part of an axis, and axes are above the view by default: it would cross out lines and labels."""


_FEW_EPOCHS = 20
"""Runs up to this length are shown whole from their start."""


class MetricPlot(QWidget):
    """Title and newest values above, below them the lines over the epochs; zoomed by wheel and drag."""

    def __init__(self, metric: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"{metric}Plot")
        self.setAccessibleName(f"{words_for(metric)} curve")
        self.metric_name = metric
        self._theme = theme
        self._curves: MetricCurves | None = None
        self._num_epochs = 1
        self._is_zoomed = False
        self._header = PlotHeader(words_for(metric), theme, self)
        self._canvas = pg.PlotWidget(self, axisItems=_axes(), enableMenu=False)
        self._reset = _reset_button(self)
        self._reset.clicked.connect(self.reset_zoom)
        self._add_items()
        self._lay_out()
        self._reset.raise_()
        self._connect()
        self.apply_theme()

    def _add_items(self) -> None:
        item = self._canvas.getPlotItem()
        item.hideButtons()
        item.layout.setContentsMargins(0, 4, 8, 0)
        item.getAxis("left").setZValue(_BELOW_LINES)
        self._view = item.getViewBox()
        self._view.setDefaultPadding(0.0)
        self._raw, self._smooth, self._validation = (_line(item) for _ in range(3))
        self._best = pg.ScatterPlotItem(size=9, pxMode=True)
        self._hover = pg.ScatterPlotItem(size=9, pxMode=True)
        self._best_text = pg.TextItem(anchor=(0.5, 1.3))
        self._hover_text = pg.TextItem()
        for part in (self._best, self._hover, self._best_text, self._hover_text):
            part.setZValue(10)
            item.addItem(part, ignoreBounds=True)
        self._hover_text.setZValue(20)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self._header)
        layout.addWidget(self._canvas, 1)
        self._canvas.setMinimumSize(240, 80)

    def _connect(self) -> None:
        # Not the scene's own signals: it drops moves that come too fast, the last one too, and tells of no leaving.
        self._canvas.viewport().installEventFilter(self)
        self._view.sigRangeChangedManually.connect(self._on_view_range_changed_manually)

    # -- what is shown --------------------------------------------------------------------------------------

    @property
    def is_zoomed(self) -> bool:
        """Whether the range on show was chosen by hand."""
        return self._is_zoomed

    def view_range(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """The epochs and the values on show, each from, to."""
        (left, right), (bottom, top) = self._view.viewRange()
        return (left, right), (bottom, top)

    def show_run(self, run: RunCurves) -> None:
        """Shows the curves of a run from now on, unzoomed."""
        self._curves = run[self.metric_name]
        self._num_epochs = run.num_epochs
        self._view.setLimits(xMin=0, xMax=self._right_end)
        self._header.show_validation(run.has_validation)
        self.hide_hover()
        self.reset_zoom()

    def redraw(self) -> None:
        """Draws what the buffers hold now; the range follows unless it was chosen by hand."""
        curves = self._curves
        if curves is None:
            return
        for line, points in (
            (self._raw, curves.raw),
            (self._smooth, curves.smooth),
            (self._validation, curves.validation),
        ):
            line.setData(points.x, points.y)
        self._header.show_values(curves.train_value, curves.validation_value)
        self.setAccessibleDescription(self._header.text())
        if not self._is_zoomed:
            self._fit()
        self._draw_best(curves)

    def reset_zoom(self) -> None:
        """Shows the whole run again."""
        self._is_zoomed = False
        self._reset.hide()
        self.redraw()

    @property
    def _right_end(self) -> float:
        """A little beyond the last epoch, so that a mark that stands there is whole."""
        return max(1, self._num_epochs) * 1.015

    @property
    def _shown_end(self) -> float:
        """Of a long run as many epochs as have come, rounded up, so that its beginning is no needle."""
        newest = max(self._curves.raw.last_x, self._curves.validation.last_x) if self._curves else 0.0
        shown = float(_FEW_EPOCHS)
        while shown < newest:
            shown *= 2
        return min(self._right_end, shown * 1.015)

    def _fit(self) -> None:
        low, high = value_range(self._curves) if self._curves else (0.0, 1.0)
        self._view.setRange(xRange=(0, self._shown_end), yRange=(low, high), padding=0, disableAutoRange=True)

    def _draw_best(self, curves: MetricCurves) -> None:
        best = curves.best
        self._best.setVisible(best is not None)
        self._best_text.setVisible(best is not None)
        if best is None:
            return
        self._best.setData([best.x], [best.y])
        self._best_text.setText(f"best {value_text(best.y)}")
        across = min(1.0, max(0.0, best.x / self._shown_end))
        self._best_text.setAnchor((across, 1.35 if is_less_better(self.metric_name) else -0.35))
        self._best_text.setPos(best.x, best.y)

    # -- the theme ------------------------------------------------------------------------------------------

    def apply_theme(self) -> None:
        """Takes the colours of the theme."""
        colour = self._theme.colour
        self._canvas.setBackground(colour("pane"))
        faint = pg.mkColor(colour("trainable"))
        faint.setAlpha(RAW_ALPHA)
        self._raw.setPen(pg.mkPen(faint, width=1))
        self._smooth.setPen(pg.mkPen(colour("trainable"), width=1))
        self._validation.setPen(pg.mkPen(colour("validation"), width=1, dash=[5, 3]))
        self._best.setPen(pg.mkPen(None))
        self._best.setBrush(pg.mkBrush(colour("validation")))
        self._hover.setBrush(pg.mkBrush(colour("pane")))
        self._best_text.setColor(colour("secondary"))
        self._hover_text.setColor(colour("text"))
        self._hover_text.fill = pg.mkBrush(colour("pane"))
        self._hover_text.border = pg.mkPen(colour("edge"))
        self._apply_font()
        for side in ("left", "bottom"):
            axis = self._canvas.getPlotItem().getAxis(side)
            axis.setPen(pg.mkPen(None))
            axis.setTickPen(pg.mkPen(colour("line")))
            axis.setTextPen(pg.mkPen(colour("secondary")))
        self._header.apply_theme()

    def _apply_font(self) -> None:
        small = number_font(smaller_font(self.font()))
        for side in ("left", "bottom"):
            self._canvas.getPlotItem().getAxis(side).setTickFont(small)
        self._best_text.setFont(small)
        self._hover_text.setFont(small)

    # -- the mouse ------------------------------------------------------------------------------------------

    def hover_text(self) -> str:
        """The read-out under the pointer; empty where there is none."""
        return str(self._hover_text.toPlainText()) if self._hover_text.isVisible() else ""

    def hide_hover(self) -> None:
        """Takes the read-out away, as when the pointer leaves."""
        self._hover.setVisible(False)
        self._hover_text.setVisible(False)

    def _read_out(self, position: QPointF) -> None:
        """Shows the point near a place of the viewport."""
        point = self._point_near(self._canvas.mapToScene(position.toPoint()))
        if point is None:
            self.hide_hover()
            return
        tone = "validation" if point.is_validation else "trainable"
        self._hover.setPen(pg.mkPen(self._theme.colour(tone), width=2))
        self._hover.setData([point.x], [point.y])
        self._hover_text.setText(point.text)
        self._hover_text.setPos(point.x, point.y)
        (left, right), (bottom, top) = self.view_range()
        is_right, is_high = point.x > (left + right) / 2, point.y > (bottom + top) / 2
        self._hover_text.setAnchor((1.08 if is_right else -0.08, -0.25 if is_high else 1.25))
        self._hover.setVisible(True)
        # Not show(): only pyqtgraph's own setVisible fits the text to the view.
        self._hover_text.setVisible(True)

    def _point_near(self, position: QPointF) -> NearestPoint | None:
        if self._curves is None or not self._view.sceneBoundingRect().contains(position):
            return None
        at = self._view.mapSceneToView(position)
        width, height = self._view.viewPixelSize()
        return nearest_point(self._curves, at.x(), at.y(), units_per_pixel=(width, height))

    def _on_view_range_changed_manually(self, _: object) -> None:
        self._is_zoomed = True
        self._reset.show()

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        match event.type():
            case QEvent.Type.MouseMove if isinstance(event, QMouseEvent) and not event.buttons():
                self._read_out(event.position())
            case QEvent.Type.MouseButtonDblClick:
                self.reset_zoom()
            case QEvent.Type.Leave:
                self.hide_hover()
        return super().eventFilter(watched, event)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # Under the axis' numbers and left of the epochs is the only place where it covers nothing.
        self._reset.move(0, self.height() - self._reset.height())


class _Axis(pg.AxisItem):  # type: ignore[misc]  # pyqtgraph has no types
    """An axis with few and round ticks.

    Args:
        side: `left` or `bottom`.
        num_steps: The most steps on the axis.
    """

    def __init__(self, side: str, num_steps: int) -> None:
        super().__init__(side)
        self._num_steps = num_steps
        self.enableAutoSIPrefix(False)

    @override
    def boundingRect(self) -> QRectF:
        # With a grid, pyqtgraph leaves out the room for the labels at both ends and then drops those.
        rect: QRectF = super().boundingRect()
        return rect.adjusted(0, -_LABEL_ROOM, 0, _LABEL_ROOM) if self.orientation == "left" else rect

    @override
    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:
        if not maxVal > minVal:
            return []
        step = self._step(maxVal - minVal)
        return [(step, tick_values(minVal, maxVal, step))]

    def _step(self, span: float) -> float:
        is_epochs = self.orientation == "bottom"
        return round_step(span, self._num_steps, is_whole=is_epochs and span >= 2)

    @override
    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        return [tick_text(value, spacing) for value in values]


def _reset_button(parent: QWidget) -> QToolButton:
    button = QToolButton(parent)
    button.setText("A")
    button.setAccessibleName("Show the whole run")
    button.setToolTip("Show the whole run again (key A, or a double click into the plot)")
    button.setStyleSheet("padding: 0;")
    button.setFixedSize(22, 20)
    button.hide()
    return button


def _axes() -> dict[str, _Axis]:
    left, bottom = _Axis("left", NUM_VALUE_STEPS), _Axis("bottom", NUM_EPOCH_STEPS)
    left.setGrid(255)
    left.setStyle(tickAlpha=255, tickTextOffset=_TEXT_GAP, hideOverlappingLabels=False)
    bottom.setStyle(tickLength=0, tickTextOffset=_TEXT_GAP, hideOverlappingLabels=False)
    return {"left": left, "bottom": bottom}


def _line(item: Any) -> Any:
    """A line that skips what is not finite; of many points only the peaks in sight are drawn."""
    line = pg.PlotDataItem(connect="finite", antialias=True, autoDownsampleFactor=1.0)
    item.addItem(line)
    # Only now: addItem() overwrites both with the settings of the plot's menu.
    line.setDownsampling(auto=True, method="peak")
    line.setClipToView(True)
    return line
