from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QLabel, QScrollArea, QToolButton

from editor.processes.run_messages import BatchEnded, EpochEnded, RunEnded
from tests.widgets.fed_plots import feed, started
from widgets.theme import Mode
from widgets.training.plots import EMPTY_TEXT, RunPlots
from widgets.training.warm_up import WARM_UP_DELAY_MS

# The offscreen platform has no window manager to tell its wishes to.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def plots(plots):
    plots.resize(720, 240)
    return plots


def test_that_the_slow_import_waits_for_a_file_that_is_being_opened(qtbot, theme):
    widget = RunPlots(theme)
    qtbot.addWidget(widget)
    widget.warm_up.put_off()
    assert not widget.warm_up.timer.isActive()
    widget.show()
    widget.warm_up.put_off()
    assert widget.warm_up.timer.remainingTime() > WARM_UP_DELAY_MS


def drawn(plots: RunPlots, line: str, metric: int = 0) -> np.ndarray:
    """The values that a line was given to draw."""
    return plots.plots[metric].canvas.lines_of(plots.curves.run_id).drawn()[line]


def wait_until_drawn(qtbot, plots: RunPlots, num_points: int) -> None:
    qtbot.waitUntil(lambda: len(drawn(plots, "raw")) == num_points)


def header(plots: RunPlots, metric: int = 0) -> str:
    return plots.plots[metric].accessibleDescription()


def canvas(plots: RunPlots, metric: int = 0):
    return plots.plots[metric].canvas


def place_of(plots: RunPlots, x: float, y: float) -> QPoint:
    """Where a point of the loss plot is, in pixels of its viewport."""
    scene = plots.plots[0].canvas.getViewBox().mapViewToScene(QPointF(x, y))
    return canvas(plots).mapFromScene(scene)


def point_at(qtbot, plots: RunPlots, x: float, y: float) -> None:
    """Moves the pointer to a point of the loss plot, from beside it: no move is told where nothing moves."""
    at = place_of(plots, x, y)
    qtbot.mouseMove(canvas(plots).viewport(), at - QPoint(30, 30))
    qtbot.mouseMove(canvas(plots).viewport(), at)


def turn_wheel(plots: RunPlots, at: QPoint) -> None:
    viewport = canvas(plots).viewport()
    event = QWheelEvent(
        QPointF(at),
        QPointF(viewport.mapToGlobal(at)),
        QPoint(),
        QPoint(0, 240),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(viewport, event)


def test_that_the_empty_state_says_what_to_do(plots):
    assert [label.text() for label in plots.findChildren(QLabel) if label.isVisible()] == [EMPTY_TEXT]


def test_that_each_metric_has_a_plot_with_its_name(plots):
    plots.begin(started())
    assert [plot.objectName() for plot in plots.plots] == ["lossPlot", "accuracyPlot"]
    assert [plot.accessibleName() for plot in plots.plots] == ["Loss curve", "Accuracy curve"]
    assert all(plot.isVisible() for plot in plots.plots)


def test_that_points_are_drawn_as_they_come(qtbot, plots):
    plots.begin(started())
    feed(plots, 1)
    wait_until_drawn(qtbot, plots, 10)
    assert len(drawn(plots, "smooth")) == 10
    assert len(drawn(plots, "validation")) == 1
    assert header(plots) == "train 0.407 · validation 0.507"


def test_that_many_points_are_drawn_at_once(qtbot, plots, monkeypatch):
    plots.begin(started())
    redraws = []
    redraw = plots.plots[0].redraw
    monkeypatch.setattr(plots.plots[0], "redraw", lambda: (redraws.append(1), redraw()))
    feed(plots, 12)
    wait_until_drawn(qtbot, plots, 120)
    assert len(redraws) == 1


def test_that_nothing_is_drawn_while_hidden_and_all_of_it_when_shown(qtbot, plots):
    plots.begin(started())
    qtbot.waitUntil(lambda: not plots.redrawing.is_due)
    plots.hide()
    feed(plots, 2)
    assert not plots.redrawing.is_due
    plots.show()
    wait_until_drawn(qtbot, plots, 20)


def test_that_the_axis_goes_from_nothing_to_the_last_epoch(qtbot, plots):
    plots.begin(started())
    feed(plots, 1)
    wait_until_drawn(qtbot, plots, 10)
    (left, right), (bottom, top) = plots.plots[0].view_range()
    assert left == 0
    assert 12 <= right < 12.5
    assert bottom < 0 < 1 < top < 1.2


def test_that_the_axis_of_a_long_run_grows_with_it(qtbot, plots):
    plots.begin(started(num_epochs=500))
    feed(plots, 5)
    wait_until_drawn(qtbot, plots, 50)
    assert plots.plots[0].view_range()[0][1] == pytest.approx(20, rel=0.05)
    feed(plots, 25)
    wait_until_drawn(qtbot, plots, 250)
    assert plots.plots[0].view_range()[0][1] == pytest.approx(40, rel=0.05)


def test_that_the_best_validation_point_is_marked_and_labelled(qtbot, plots):
    plots.begin(started(num_epochs=3))
    feed(plots, 3, loss=lambda x: abs(x - 1.9) + 0.2)
    wait_until_drawn(qtbot, plots, 30)
    best = plots.plots[0].canvas.best
    assert best.text() == "best 0.300"
    assert best.place() == pytest.approx((2.0, 0.3))


def test_that_a_run_without_validation_shows_no_validation(qtbot, plots):
    plots.begin(started(has_validation=False))
    plots.add_batch(BatchEnded(run_id=4, epoch=0, batch=0, metrics={"loss": 0.5}, revision=1))
    wait_until_drawn(qtbot, plots, 1)
    assert header(plots) == "train 0.500"
    assert plots.plots[0].canvas.best.place() is None


def test_that_events_of_another_run_are_dropped(qtbot, plots):
    plots.begin(started(run_id=5))
    qtbot.waitUntil(lambda: not plots.redrawing.is_due)
    feed(plots, 1, run_id=4)
    plots.end(RunEnded(run_id=4, outcome="finished", revision=1))
    assert not plots.redrawing.is_due
    feed(plots, 1, run_id=5)
    wait_until_drawn(qtbot, plots, 10)


def test_that_events_before_any_run_are_dropped(plots):
    feed(plots, 1)
    assert plots.curves is None


def test_that_curves_stay_when_a_run_ends_and_go_when_the_next_begins(qtbot, plots):
    plots.begin(started())
    feed(plots, 2)
    plots.end(RunEnded(run_id=4, outcome="stopped", revision=1))
    wait_until_drawn(qtbot, plots, 20)
    plots.begin(started(run_id=5))
    wait_until_drawn(qtbot, plots, 0)
    assert header(plots) == "train · validation"


def test_that_the_next_run_may_have_other_metrics(qtbot, plots):
    plots.begin(started())
    plots.begin(started(run_id=5, metric_names=("loss", "auc", "mean_squared_error")))
    assert [plot.objectName() for plot in plots.plots] == ["lossPlot", "aucPlot", "mean_squared_errorPlot"]
    feed(plots, 1, run_id=5)
    wait_until_drawn(qtbot, plots, 10)


def test_that_many_metrics_are_scrolled_to_and_not_squeezed(qtbot, plots):
    plots.begin(started(metric_names=("loss", "accuracy", "auc", "mean_squared_error", "mean_absolute_error")))
    area = plots.findChild(QScrollArea)
    qtbot.waitUntil(lambda: area.horizontalScrollBar().maximum() > 0)
    assert all(plot.width() >= 240 for plot in plots.plots)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e308, -1e308, 0.0, 1e-300])
def test_that_values_that_cannot_be_drawn_leave_a_gap(qtbot, plots, value):
    plots.begin(started(num_epochs=2))
    feed(plots, 2, loss=lambda x: value if x >= 0.5 else 0.5)
    wait_until_drawn(qtbot, plots, 20)
    plots.grab()
    (_, _), (bottom, top) = plots.plots[0].view_range()
    assert math.isfinite(bottom)
    assert math.isfinite(top)
    assert bottom < top


def test_that_a_run_that_is_not_finite_from_the_start_is_survived(qtbot, plots):
    plots.begin(started(num_epochs=2))
    feed(plots, 2, loss=lambda x: math.nan)
    wait_until_drawn(qtbot, plots, 20)
    plots.grab()
    assert header(plots) == "train not a number · validation not a number"


def test_that_a_run_of_one_epoch_and_one_batch_is_drawn(qtbot, plots):
    plots.begin(started(num_epochs=1, num_batches=1))
    plots.add_batch(BatchEnded(run_id=4, epoch=0, batch=0, metrics={"loss": 0.5, "accuracy": 0.1}, revision=1))
    plots.add_epoch(EpochEnded(run_id=4, epoch=0, metrics={"loss": 0.5, "val_loss": 0.4}))
    wait_until_drawn(qtbot, plots, 1)
    plots.grab()
    assert plots.plots[0].view_range()[0][1] >= 1


def test_that_of_very_many_points_few_are_drawn(qtbot, plots):
    plots.begin(started(num_epochs=1, num_batches=200_000))
    curves = plots.curves
    curves.batches.extend(np.tile(np.arange(1, 200_001) / 200_000, (3, 1)))
    for metric in curves:
        metric.batches.raw.extend(np.sin(np.arange(200_000.0))[np.newaxis])
    plots.add_epoch(EpochEnded(run_id=4, epoch=0, metrics={"val_loss": 0.4}))
    qtbot.waitUntil(lambda: len(drawn(plots, "raw")) > 100)
    assert len(drawn(plots, "raw")) < 5000
    assert drawn(plots, "raw").max() == pytest.approx(1.0, abs=1e-6)


def test_that_a_zoom_is_kept_while_data_arrive(qtbot, plots):
    plots.begin(started())
    feed(plots, 2)
    wait_until_drawn(qtbot, plots, 20)
    turn_wheel(plots, place_of(plots, 1.0, 0.5))
    zoomed = plots.plots[0].view_range()
    assert plots.plots[0].is_zoomed
    feed(plots, 4)
    qtbot.waitUntil(lambda: "train 0.020" in header(plots))
    assert plots.plots[0].view_range() == zoomed


def test_that_all_plots_are_over_the_same_positions_and_each_has_its_own_values(qtbot, plots):
    plots.begin(started())
    feed(plots, 4)
    wait_until_drawn(qtbot, plots, 40)
    loss, accuracy = plots.plots
    turn_wheel(plots, place_of(plots, 1.0, 0.5))
    assert accuracy.view_range()[0] == pytest.approx(loss.view_range()[0])
    qtbot.waitUntil(lambda: not plots.redrawing.is_due)
    assert accuracy.view_range()[0] == pytest.approx(loss.view_range()[0])
    assert accuracy.view_range()[1] != pytest.approx(loss.view_range()[1])
    assert accuracy.is_zoomed
    accuracy.canvas.zoom_by_key(is_closer=True)
    assert loss.view_range()[0] == pytest.approx(accuracy.view_range()[0])
    accuracy.reset_requested.emit()
    assert not loss.is_zoomed and not accuracy.is_zoomed
    assert loss.view_range()[0] == accuracy.view_range()[0]


def zoom_in(qtbot, plots: RunPlots) -> None:
    plots.begin(started())
    feed(plots, 2)
    wait_until_drawn(qtbot, plots, 20)
    turn_wheel(plots, place_of(plots, 1.0, 0.5))
    assert plots.plots[0].is_zoomed


def test_that_a_double_click_shows_the_whole_run_again(qtbot, plots):
    zoom_in(qtbot, plots)
    viewport = canvas(plots).viewport()
    at = viewport.rect().center()
    qtbot.mouseClick(viewport, LEFT, pos=at)
    qtbot.mouseDClick(viewport, LEFT, pos=at)
    qtbot.waitUntil(lambda: not plots.plots[0].is_zoomed)
    assert plots.plots[0].view_range()[0][0] == 0


def test_that_the_key_a_shows_the_whole_run_again(qtbot, plots):
    zoom_in(qtbot, plots)
    canvas(plots).setFocus()
    qtbot.keyClick(canvas(plots), Qt.Key.Key_A)
    qtbot.waitUntil(lambda: not plots.plots[0].is_zoomed)


def test_that_the_button_a_is_there_only_while_zoomed(qtbot, plots):
    plots.begin(started())
    button = plots.plots[0].findChild(QToolButton)
    assert not button.isVisible()
    zoom_in(qtbot, plots)
    assert button.isVisible()
    qtbot.mouseClick(button, LEFT)
    assert not plots.plots[0].is_zoomed
    assert not button.isVisible()


def test_that_the_next_run_begins_unzoomed(qtbot, plots):
    zoom_in(qtbot, plots)
    plots.begin(started(run_id=5, num_epochs=3))
    assert not plots.plots[0].is_zoomed
    assert plots.plots[0].view_range()[0][1] < 3.5


def test_that_the_pointer_reads_all_lines_in_all_plots_at_once(qtbot, plots):
    plots.begin(started(num_epochs=4))
    feed(plots, 4)
    wait_until_drawn(qtbot, plots, 40)
    smooth = plots.curves["loss"].batches.smooth(0.6)
    raw = plots.curves["loss"].batches.raw.y
    validation = plots.curves["loss"].validation.raw.y[1]
    values = f"train {smooth[14]:.3f} (raw {raw[14]:.3f}) · validation {validation:.3f}"

    def reads_it() -> bool:
        # The numbers of the axis are measured when they are first painted, and move the plot then.
        point_at(qtbot, plots, 1.5, smooth[14])
        return plots.plots[0].hover_text() == f"epoch 1.50 · {values}"

    qtbot.waitUntil(reads_it)
    assert plots.plots[1].hover_text().startswith("epoch 1.50 · train ")
    view, box = plots.plots[0].canvas.getViewBox(), plots.plots[0].canvas.crosshair_box()
    assert view.sceneBoundingRect().adjusted(-1, -1, 1, 1).contains(box)


def test_that_the_read_out_goes_with_the_pointer(qtbot, plots):
    plots.begin(started(num_epochs=4))
    feed(plots, 4)
    wait_until_drawn(qtbot, plots, 40)
    for elsewhere in (canvas(plots).viewport(), plots):
        point_at(qtbot, plots, 1.5, 0.5)
        qtbot.waitUntil(lambda: plots.plots[0].hover_text() != "")
        qtbot.mouseMove(elsewhere, QPoint(2, 2))
        qtbot.waitUntil(lambda: plots.plots[0].hover_text() == "")


def test_that_keys_move_the_crosshair_and_zoom(qtbot, plots):
    plots.begin(started(num_epochs=4))
    feed(plots, 4)
    wait_until_drawn(qtbot, plots, 40)
    plot = plots.plots[0]
    qtbot.keyClick(canvas(plots), Qt.Key.Key_Left)
    assert plot.hover_text().startswith("epoch 4 · ")
    qtbot.keyClick(canvas(plots), Qt.Key.Key_Left)
    assert plot.hover_text().startswith("epoch 3.90 · ")
    qtbot.keyClick(canvas(plots), Qt.Key.Key_Escape)
    assert plot.hover_text() == ""
    qtbot.keyClick(canvas(plots), Qt.Key.Key_Plus)
    assert plot.is_zoomed


def test_that_the_read_out_stays_in_sight_when_the_range_changes(qtbot, plots):
    plots.begin(started(num_epochs=4))
    feed(plots, 4)
    wait_until_drawn(qtbot, plots, 40)
    point_at(qtbot, plots, 1.5, 0.5)
    qtbot.waitUntil(lambda: plots.plots[0].hover_text() != "")
    for _ in range(4):
        turn_wheel(plots, place_of(plots, 1.5, 0.5))
    qtbot.waitUntil(lambda: not plots.redrawing.is_due)
    for plot in plots.plots:
        view, box = plot.canvas.getViewBox(), plot.canvas.crosshair_box()
        assert view.sceneBoundingRect().adjusted(-1, -1, 1, 1).contains(box)


def test_that_colours_follow_the_theme(qtbot, plots, theme):
    plots.begin(started())
    feed(plots, 1)
    wait_until_drawn(qtbot, plots, 10)
    theme.set_mode(Mode.DARK)
    lines = plots.plots[0].canvas.lines_of(4)
    assert lines.colours() == (theme.palette.trainable, theme.palette.validation)
    corner = canvas(plots).grab().toImage().pixelColor(2, 2).name()
    assert corner == theme.palette.pane


def test_that_clearing_brings_the_empty_state_back(qtbot, plots):
    plots.begin(started())
    feed(plots, 1)
    plots.clear()
    assert not plots.plots[0].isVisible()
    assert any(label.isVisible() and label.text() == EMPTY_TEXT for label in plots.findChildren(QLabel))
    plots.begin(started(run_id=5))
    assert plots.plots[0].isVisible()


def test_that_neither_numpy_nor_pyqtgraph_is_imported_before_it_is_needed():
    code = "import sys, widgets.training.plots; print({'numpy', 'pyqtgraph'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"
