"""All plots on show in one picture, as pixels or as vectors. This module imports pyqtgraph."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen
from PySide6.QtSvg import QSvgGenerator

from editor.files.atomic import write_atomically
from widgets.theme import Theme, bold_font
from widgets.training.metric_plot import MetricPlot
from widgets.training.plot_canvas import PlotCanvas
from widgets.training.plot_settings import PlotSettings
from widgets.training.run_colours import run_colour
from widgets.training.shown_runs import ShownRuns
from widgets.training.wording import words_for

PLOT_SIZE = QSize(560, 340)
"""Of one plot in a picture, in pixels."""
_MARGIN, _GAP, _TITLE_HEIGHT = 16, 28, 26
_MOST_COLUMNS = 3
_PIXEL_RATIO = 2.0
"""A picture of pixels has twice as many, for dense screens and for print."""
_SAMPLE = 18.0
_LEGEND_MIDDLE = _MARGIN + _TITLE_HEIGHT * 0.3
_RESOLUTION = 96
"""Dots per inch for which text is measured; the one of the generator is another one, and text would be too small."""


@dataclass(frozen=True)
class Scene:
    """What is drawn.

    Attributes:
        theme: The colours; another one than the window's for a white ground.
        font: The face of the window.
    """

    shown: ShownRuns
    settings: PlotSettings
    theme: Theme
    font: QFont


def write_picture(path: Path, plots: Sequence[MetricPlot], scene: Scene) -> None:
    """Writes the plots as they are, with their zoom, to a `.svg` or a `.png` file.

    Raises:
        FileError: The folder is missing or read-only, or the disk is full.
        OSError: The file cannot be written.
    """
    picture = _as_svg(plots, scene) if path.suffix.lower() == ".svg" else _as_png(plots, scene)
    with write_atomically(path) as temporary:
        temporary.write_bytes(picture)


def picture_size(num_plots: int) -> QSize:
    """Width and height of a picture of some plots, in pixels of a plain screen."""
    num_columns = min(num_plots, _MOST_COLUMNS)
    num_rows = math.ceil(num_plots / num_columns)
    width = num_columns * PLOT_SIZE.width() + (num_columns - 1) * _GAP + 2 * _MARGIN
    height = num_rows * (PLOT_SIZE.height() + _TITLE_HEIGHT) + (num_rows - 1) * _GAP + 2 * _MARGIN
    return QSize(width, height + _TITLE_HEIGHT)


def _as_png(plots: Sequence[MetricPlot], scene: Scene) -> bytes:
    size = picture_size(len(plots))
    image = QImage(size * _PIXEL_RATIO, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(_PIXEL_RATIO)
    painter = QPainter(image)
    _draw(painter, plots, scene)
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]  # the stubs know no device here
    return bytes(buffer.data().data())


def _as_svg(plots: Sequence[MetricPlot], scene: Scene) -> bytes:
    size = picture_size(len(plots))
    buffer = QBuffer()
    # Only SVG 1.1 has clips; without them zoomed lines would leave their plot.
    generator = QSvgGenerator(QSvgGenerator.SvgVersion.Svg11)
    generator.setOutputDevice(buffer)
    generator.setSize(size)
    generator.setViewBox(QRect(0, 0, size.width(), size.height()))
    generator.setResolution(_RESOLUTION)
    generator.setTitle("Curves of training")
    painter = QPainter(generator)
    _draw(painter, plots, scene)
    painter.end()
    return bytes(buffer.data().data())


def _draw(painter: QPainter, plots: Sequence[MetricPlot], scene: Scene) -> None:
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
    size = picture_size(len(plots))
    painter.fillRect(QRect(0, 0, size.width(), size.height()), scene.theme.colour("pane"))
    _draw_legend(painter, scene)
    for index, plot in enumerate(plots):
        row, column = divmod(index, _MOST_COLUMNS)
        left = _MARGIN + column * (PLOT_SIZE.width() + _GAP)
        top = _MARGIN + _TITLE_HEIGHT + row * (PLOT_SIZE.height() + _TITLE_HEIGHT + _GAP)
        painter.setFont(bold_font(scene.font))
        painter.setPen(scene.theme.colour("text"))
        painter.drawText(QPointF(left, top + _TITLE_HEIGHT * 0.6), words_for(plot.metric_name))
        _draw_canvas(painter, plot, scene, QRectF(left, top + _TITLE_HEIGHT, PLOT_SIZE.width(), PLOT_SIZE.height()))


def _draw_canvas(painter: QPainter, plot: MetricPlot, scene: Scene, place: QRectF) -> None:
    """Draws a canvas of its own, in the size and the colours of the picture; the window's stays as it is."""
    canvas = PlotCanvas(plot.metric_name, scene.theme)
    canvas.setFont(scene.font)
    canvas.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
    canvas.setFixedSize(PLOT_SIZE)
    canvas.apply_settings(scene.settings)
    canvas.show_runs(scene.shown)
    canvas.show()
    canvas.draw_for_picture(plot.view_range() if plot.is_zoomed else None, painter.device().devicePixelRatio())
    canvas.render(painter, place, canvas.viewport().rect())
    canvas.hide()
    canvas.deleteLater()


def _draw_legend(painter: QPainter, scene: Scene) -> None:
    """A line of samples: of training and validation, and of each run where there are several."""
    shown, theme = scene.shown, scene.theme
    runs = shown.newest_first()
    painter.setFont(scene.font)
    at = float(_MARGIN)
    for run in runs if shown.others else ():
        colour = run_colour(run.run_id, theme, is_newest=run is shown.newest)
        at = _draw_sample(painter, at, colour, shown.name_of(run.run_id), theme)
    kinds = ("secondary", "secondary") if shown.others else ("trainable", "validation")
    at = _draw_sample(painter, at, theme.colour(kinds[0]), "train", theme)
    if any(run.has_validation for run in runs):
        at = _draw_sample(painter, at, theme.colour(kinds[1]), "validation", theme, is_dashed=True)
    _draw_text(painter, at, _axis_words(scene.settings))


def _draw_sample(
    painter: QPainter, at: float, colour: QColor, text: str, theme: Theme, *, is_dashed: bool = False
) -> float:
    """Draws a piece of a line and its name; returns where the next one begins."""
    pen = QPen(colour, 2)
    if is_dashed:
        pen.setDashPattern([2.0, 1.5])
    painter.setPen(pen)
    painter.drawLine(QPointF(at, _LEGEND_MIDDLE), QPointF(at + _SAMPLE, _LEGEND_MIDDLE))
    painter.setPen(theme.colour("secondary"))
    return _draw_text(painter, at + _SAMPLE + 6, text)


def _draw_text(painter: QPainter, at: float, text: str) -> float:
    metrics = QFontMetricsF(painter.font())
    painter.drawText(QPointF(at, _LEGEND_MIDDLE + metrics.capHeight() / 2), text)
    return at + metrics.horizontalAdvance(text) + 20


def _axis_words(settings: PlotSettings) -> str:
    """What the axes are, which the picture does not tell otherwise."""
    smoothing = f"smoothing {settings.smoothing:g}" if settings.smoothing else "not smoothed"
    scale = ", logarithmic" if settings.is_log else ""
    return f"over {settings.x_axis.value}, {smoothing}{scale}"
