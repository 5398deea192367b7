"""The plot of one metric. This module imports pyqtgraph, which takes a while: import it when it is needed."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget
from typing_extensions import override

from widgets.theme import Theme
from widgets.training.plot_canvas import PlotCanvas
from widgets.training.plot_header import PlotHeader
from widgets.training.plot_settings import PlotSettings
from widgets.training.shown_runs import ShownRuns
from widgets.training.wording import words_for

_STEPS = {
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_PageUp: -50,
    Qt.Key.Key_PageDown: 50,
}
"""Points that the crosshair goes by a key."""
_CLOSER = {Qt.Key.Key_Plus: True, Qt.Key.Key_Equal: True, Qt.Key.Key_Minus: False}


class MetricPlot(QWidget):
    """Title and newest values above, below them the lines; zoomed by wheel and drag, or with + and -.

    Signals:
        pointed: The position under the pointer, or None when it has left.
        stepped: By how many points a key moves the crosshair.
        positions_chosen: Carries the positions, from, to, that were just chosen by hand here.
        reset_requested: The whole of the runs is to be shown again.
    """

    pointed = Signal(object)
    stepped = Signal(int)
    positions_chosen = Signal(object)
    reset_requested = Signal()

    def __init__(self, metric: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"{metric}Plot")
        self.setAccessibleName(f"{words_for(metric)} curve")
        self.metric_name = metric
        self._shown: ShownRuns | None = None
        self._is_stale = False
        self._header = PlotHeader(words_for(metric), theme, self)
        self._canvas = PlotCanvas(metric, theme, self)
        self._canvas.setAccessibleName(f"{words_for(metric)} curve")
        self._canvas.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._reset = _reset_button(self)
        self._reset.clicked.connect(lambda: self.reset_requested.emit())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self._header)
        layout.addWidget(self._canvas, 1)
        self._reset.raise_()
        # Not the scene's own signals: it drops moves that come too fast, the last one too, and tells of no leaving.
        self._canvas.viewport().installEventFilter(self)
        self._canvas.installEventFilter(self)
        self._canvas.zoom_changed.connect(self._reset.setVisible)
        self._canvas.positions_chosen.connect(self.positions_chosen)

    # -- what is shown --------------------------------------------------------------------------------------

    @property
    def canvas(self) -> PlotCanvas:
        """The lines with their axes."""
        return self._canvas

    @property
    def is_zoomed(self) -> bool:
        """Whether the positions on show were chosen by hand, here or in another plot."""
        return self._canvas.is_zoomed

    def view_range(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """The positions and the values on show, each from, to."""
        return self._canvas.view_range()

    def show_runs(self, shown: ShownRuns) -> None:
        """Shows these runs from now on; to be drawn by `redraw`."""
        self._shown = shown
        self._header.show_validation(shown.newest.has_validation)
        self._canvas.show_runs(shown)

    def apply_settings(self, settings: PlotSettings) -> None:
        """Shows the lines in another way from now on; to be drawn by `redraw`."""
        self._canvas.apply_settings(settings)

    def redraw(self) -> None:
        """Draws what the buffers hold now; the range follows unless it was chosen by hand."""
        if self._shown is None:
            return
        newest = self._shown.newest
        if self.metric_name in newest:
            curves = newest[self.metric_name]
            self._header.show_values(curves.train_value, curves.validation_value)
        self._canvas.redraw()
        self.setAccessibleDescription(self._header.text())

    def draw_if_seen(self) -> bool:
        """Draws now, or when it comes into sight; returns whether it was now."""
        self._is_stale = self.visibleRegion().isEmpty()
        if not self._is_stale:
            self.redraw()
        return not self._is_stale

    def reset_zoom(self) -> None:
        """Shows all of the runs again."""
        self._canvas.reset_zoom()
        self.redraw()

    def apply_theme(self) -> None:
        """Takes the colours of the theme."""
        self._canvas.apply_theme()
        self._header.apply_theme()

    # -- the crosshair --------------------------------------------------------------------------------------

    def hover_text(self) -> str:
        """The read-out of the crosshair; empty where there is none."""
        return self._canvas.crosshair_text()

    def show_crosshair(self, x: float | None) -> None:
        """Shows the values at a position; None takes them away."""
        if x is None:
            self._canvas.hide_crosshair()
        else:
            self._canvas.show_crosshair(x)

    def _on_key_pressed(self, event: QKeyEvent) -> bool:
        key = Qt.Key(event.key())
        if key in _STEPS:
            self.stepped.emit(_STEPS[key])
        elif key in _CLOSER:
            self._canvas.zoom_by_key(is_closer=_CLOSER[key])
        elif key == Qt.Key.Key_Escape and self.hover_text():
            self.pointed.emit(None)
        else:
            return False
        return True

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        match event.type():
            case QEvent.Type.MouseMove if isinstance(event, QMouseEvent) and not event.buttons():
                self.pointed.emit(self._canvas.position_at(event.position()))
            case QEvent.Type.MouseButtonDblClick:
                self.reset_requested.emit()
            case QEvent.Type.Leave if watched is self._canvas.viewport():
                self.pointed.emit(None)
            case QEvent.Type.FocusOut if watched is self._canvas:
                self.pointed.emit(None)
            case QEvent.Type.KeyPress if watched is self._canvas and isinstance(event, QKeyEvent):
                return self._on_key_pressed(event)
        return super().eventFilter(watched, event)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        # The canvas paints itself; this is called before it when the plot comes into sight.
        if self._is_stale:
            self._is_stale = False
            QTimer.singleShot(0, self, self.redraw)
        super().paintEvent(event)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # Under the axis' numbers and left of the positions is the only place where it covers nothing.
        self._reset.move(0, self.height() - self._reset.height())


def _reset_button(parent: QWidget) -> QToolButton:
    button = QToolButton(parent)
    button.setText("A")
    button.setAccessibleName("Show the whole run")
    button.setToolTip("Show the whole run again (key A, or a double click into the plot)")
    button.setStyleSheet("padding: 0;")
    button.setFixedSize(22, 20)
    button.hide()
    return button
