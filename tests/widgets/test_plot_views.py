from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QSlider, QToolButton

from tests.widgets.fed_plots import feed, mark, started
from widgets.palette import DARK, LIGHT, contrast
from widgets.settings import Settings
from widgets.theme import Mode
from widgets.training.plot_settings import PlotSettings, Resolution, XAxis
from widgets.training.plots import RunPlots
from widgets.training.run_colours import OTHER_RUN_COLOURS, run_colour
from widgets.training.smoothing_slider import STOPS

# The offscreen platform has no window manager to tell its wishes to.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

LEFT = Qt.MouseButton.LeftButton


def drawn(plots: RunPlots, line: str, run_id: int = 4) -> np.ndarray:
    return plots.plots[0].canvas.lines_of(run_id).drawn()[line]


def wait(qtbot, plots: RunPlots) -> None:
    """Until all that is new is drawn."""
    qtbot.waitUntil(lambda: not plots.redrawing.is_due)


def run(qtbot, plots: RunPlots, num_epochs: int = 4, *, run_id: int = 4) -> None:
    plots.begin(started(run_id=run_id))
    feed(plots, num_epochs, run_id=run_id)
    wait(qtbot, plots)


def button(plots: RunPlots, text: str) -> QToolButton:
    found = [each for each in plots.bar.findChildren(QToolButton) if each.text() == text]
    assert len(found) == 1, text
    return found[0]


def choose(plots: RunPlots, menu: str, entry: str) -> None:
    """Chooses an entry of a menu of the bar."""
    actions = [action for action in button(plots, menu).menu().actions() if action.text() == entry]
    assert len(actions) == 1, entry
    actions[0].trigger()


# -- the axes -----------------------------------------------------------------------------------------------------


def test_that_the_horizontal_axis_is_chosen_in_the_bar(qtbot, plots):
    run(qtbot, plots)
    ends = {}
    for before, axis in (("Epochs", "Batches"), ("Batches", "Time"), ("Time", "Epochs")):
        choose(plots, before, axis)
        wait(qtbot, plots)
        ends[axis] = plots.plots[0].view_range()[0][1]
    assert ends == {
        axis: pytest.approx(end, rel=0.02) for axis, end in (("Batches", 120), ("Time", 20), ("Epochs", 12))
    }


def test_that_a_point_stands_for_a_batch_or_for_an_epoch(qtbot, plots):
    run(qtbot, plots)
    assert len(drawn(plots, "smooth")) == 40
    choose(plots, "Epochs", "A Point for Each Epoch")
    wait(qtbot, plots)
    assert len(drawn(plots, "smooth")) == len(drawn(plots, "validation")) == 4
    assert drawn(plots, "raw").tolist() == plots.curves["loss"].epochs.raw.y.tolist()


def test_that_log_y_draws_logarithms_and_leaves_out_what_has_none(qtbot, plots):
    plots.begin(started())
    feed(plots, 2, loss=lambda x: 0.0 if x == 0.5 else 10.0)
    qtbot.mouseClick(button(plots, "Log y"), LEFT)
    wait(qtbot, plots)
    raw = drawn(plots, "raw")
    assert np.isnan(raw).sum() >= 1
    assert np.nanmax(raw) >= 1.0
    (_, _), (bottom, top) = plots.plots[0].view_range()
    assert bottom < 1.0 < top < 3


def test_that_outliers_may_leave_the_value_axis(qtbot, plots):
    plots.apply_settings(PlotSettings(smoothing=0.0))
    plots.begin(started(num_batches=10))
    feed(plots, 12, loss=lambda x: 50.0 if x == 3.3 else 0.5)
    wait(qtbot, plots)
    assert plots.plots[0].view_range()[1][1] > 20
    qtbot.mouseClick(button(plots, "Ignore Outliers"), LEFT)
    wait(qtbot, plots)
    assert plots.plots[0].view_range()[1][1] < 2


def test_that_another_axis_ends_a_zoom_and_other_smoothing_does_not(qtbot, plots):
    run(qtbot, plots)
    plots.plots[0].canvas.zoom_by_key(is_closer=True)
    plots.bar.smoothing.set_value(0.9)
    wait(qtbot, plots)
    assert plots.plots[0].is_zoomed
    choose(plots, "Epochs", "Time")
    assert not plots.plots[0].is_zoomed


def test_that_what_comes_while_zoomed_can_be_dragged_to(qtbot, plots):
    plots.apply_settings(PlotSettings(x_axis=XAxis.TIME))
    run(qtbot, plots, 2)
    canvas = plots.plots[0].canvas
    canvas.zoom_by_key(is_closer=True)
    feed(plots, 10)
    wait(qtbot, plots)
    canvas.getViewBox().setXRange(40, 45, padding=0)
    assert plots.plots[0].view_range()[0] == (40, 45)


# -- smoothing ----------------------------------------------------------------------------------------------------


def test_that_the_slider_goes_from_off_to_0_999_by_keys(qtbot, plots):
    run(qtbot, plots)
    slider = plots.bar.findChild(QSlider)
    slider.setFocus()
    qtbot.keyClick(slider, Qt.Key.Key_Home)
    wait(qtbot, plots)
    assert (plots.settings.smoothing, plots.bar.smoothing.text()) == (0.0, "off")
    assert len(drawn(plots, "raw")) == 0
    assert drawn(plots, "smooth").tolist() == plots.curves["loss"].batches.raw.y.tolist()
    qtbot.keyClick(slider, Qt.Key.Key_End)
    wait(qtbot, plots)
    assert (plots.settings.smoothing, plots.bar.smoothing.text()) == (0.999, "0.999")
    assert np.ptp(drawn(plots, "smooth")) < np.ptp(drawn(plots, "raw"))


def test_that_the_default_smoothing_is_a_stop_of_the_slider():
    assert PlotSettings().smoothing in STOPS


# -- metrics ------------------------------------------------------------------------------------------------------


def test_that_metrics_are_shown_and_hidden_but_never_all_of_them(qtbot, plots):
    run(qtbot, plots)
    choose(plots, "Metrics", "Loss")
    assert [plot.metric_name for plot in plots.plots] == ["accuracy"]
    choose(plots, "Metrics", "Accuracy")
    assert [plot.metric_name for plot in plots.plots if plot.isVisible()] == ["accuracy"]
    choose(plots, "Metrics", "Loss")
    assert [plot.metric_name for plot in plots.plots if plot.isVisible()] == ["loss", "accuracy"]


def test_that_a_run_without_the_metrics_that_were_chosen_shows_its_own(qtbot, plots):
    plots.apply_settings(PlotSettings(hidden_metrics=("loss",)))
    plots.begin(started(metric_names=("loss",)))
    assert [plot.metric_name for plot in plots.plots if plot.isVisible()] == ["loss"]


# -- the bar ------------------------------------------------------------------------------------------------------


def test_that_a_narrow_bar_is_one_button_with_all_of_it(qtbot, plots):
    run(qtbot, plots)
    assert not plots.bar.is_folded
    assert plots.bar.smoothing.has_name
    plots.resize(plots.bar.unfolded_width - 10, 320)
    qtbot.waitUntil(lambda: not plots.bar.smoothing.has_name)
    assert not plots.bar.is_folded
    plots.resize(300, 320)
    qtbot.waitUntil(lambda: plots.bar.is_folded)
    assert [each.text() for each in plots.bar.findChildren(QToolButton) if each.isVisible()] == ["Show"]
    menu = button(plots, "Show").menu()
    menu.aboutToShow.emit()
    texts = [action.text() for action in menu.actions()]
    assert texts == ["Horizontal Axis", "", "Log y", "Ignore Outliers", "", "Metrics", "Export"]
    slider = menu.findChild(QSlider)
    slider.setValue(0)
    assert plots.settings.smoothing == 0.0
    plots.resize(900, 320)
    qtbot.waitUntil(lambda: not plots.bar.is_folded and plots.bar.smoothing.has_name)


def test_that_every_part_of_the_bar_is_reached_by_tab(qtbot, plots):
    run(qtbot, plots)
    reached = []
    button(plots, "Epochs").setFocus()
    while (focused := plots.window().focusWidget()) is not None and focused.accessibleName() not in reached:
        reached.append(focused.accessibleName())
        qtbot.keyClick(focused, Qt.Key.Key_Tab)
    for name in ("Horizontal Axis", "Smoothing", "Log y", "Ignore Outliers", "Metrics", "Export", "Loss curve"):
        assert name in reached


def test_that_what_was_chosen_is_there_at_the_next_start(tmp_path):
    chosen = PlotSettings(
        x_axis=XAxis.TIME,
        resolution=Resolution.EPOCH,
        smoothing=0.9,
        is_log=True,
        ignores_outliers=True,
        hidden_metrics=("auc",),
        has_white_ground=True,
    )
    settings = Settings(tmp_path / "settings.ini")
    assert settings.plots == PlotSettings()
    settings.plots = chosen
    settings.flush()
    assert Settings(tmp_path / "settings.ini").plots == chosen


def test_that_damaged_settings_are_the_default(tmp_path):
    settings = Settings(tmp_path / "settings.ini")
    settings._store.setValue("plots", '{"smoothing": 7}')
    assert settings.plots == PlotSettings()


def test_that_settings_are_shown_as_they_were_chosen(plots):
    chosen = PlotSettings(x_axis=XAxis.TIME, smoothing=0.9, is_log=True, ignores_outliers=True)
    plots.apply_settings(chosen)
    assert plots.settings == chosen
    assert button(plots, "Time")
    assert plots.bar.smoothing.text() == "0.90"


# -- marks --------------------------------------------------------------------------------------------------------


def test_that_events_are_labelled_marks_above_the_lines(qtbot, plots):
    plots.begin(started())
    feed(plots, 10)
    for each in (mark("phase", 3, text="block5"), mark("checkpoint", 5), mark("learning-rate", 9, text="lr 1e-4")):
        plots.add_mark(each)
    wait(qtbot, plots)
    canvas = plots.plots[0].canvas
    plots.grab()
    assert {label.text for label, spot in canvas.lane.spots() if spot} == {"block5", "checkpoint", "lr 1e-4"}
    assert canvas.marks.positions() == [3.0, 9.0]
    top = canvas.getViewBox().sceneBoundingRect().top()
    assert all(canvas.lane.mapRectToScene(spot).bottom() <= top + 1 for _, spot in canvas.lane.spots())


def test_that_labels_of_marks_never_cover_each_other(qtbot, plots):
    plots.begin(started())
    feed(plots, 10)
    for batch in range(40):
        plots.add_mark(mark("learning-rate", 2, batch, f"lr {batch}e-4"))
    plots.add_mark(mark("nan", 6, text="NaN in batch 3"))
    wait(qtbot, plots)
    plots.grab()
    spots = [spot for _, spot in plots.plots[0].canvas.lane.spots() if spot]
    assert not any(first.intersects(second) for at, first in enumerate(spots) for second in spots[:at])
    assert plots.plots[0].canvas.lane.spots()[0][0].text == "NaN in batch 3"


def test_that_there_is_no_lane_without_marks(qtbot, plots):
    run(qtbot, plots)
    assert plots.plots[0].canvas.lane.height() == 0


def test_that_the_crosshair_tells_of_the_mark_that_it_is_at(qtbot, plots):
    plots.begin(started())
    feed(plots, 10)
    plots.add_mark(mark("checkpoint", 3))
    wait(qtbot, plots)
    plots.plots[1].pointed.emit(3.0)
    assert plots.plots[0].hover_text().endswith(" · checkpoint")


def test_that_the_best_label_lies_on_no_line(qtbot, plots):
    plots.begin(started())
    feed(plots, 10, loss=lambda x: abs(x - 5.05) / 6 + 0.2)
    wait(qtbot, plots)
    canvas = plots.plots[0].canvas
    assert canvas.best.text().startswith("best ")
    box = canvas.best.label_box().adjusted(1, 1, -1, -1)
    view = canvas.getViewBox()
    for name in ("smooth", "validation", "raw"):
        line = canvas.lines_of(4)
        x, y = line.points(name)
        scene = [view.mapViewToScene(place) for place in map(point, zip(x, y, strict=True))]
        assert not any(box.contains(at) for at in scene)


def point(place):
    from PySide6.QtCore import QPointF

    return QPointF(*place)


# -- earlier runs -------------------------------------------------------------------------------------------------


def test_that_earlier_runs_are_laid_over_the_newest_from_0_on(qtbot, plots):
    run(qtbot, plots, 4, run_id=1)
    run(qtbot, plots, 6, run_id=2)
    run(qtbot, plots, 2, run_id=3)
    assert not plots.legend.isVisible()
    plots.show_runs([1, 2, 3, 99])
    wait(qtbot, plots)
    assert [len(drawn(plots, "smooth", run_id)) for run_id in (1, 2, 3)] == [40, 60, 20]
    assert plots.legend.isVisible()
    assert plots.legend.text() == "run 3, run 2, run 1"
    canvas = plots.plots[0].canvas
    colours = [canvas.lines_of(run_id).colours()[0] for run_id in (1, 2, 3)]
    assert colours == [OTHER_RUN_COLOURS[1], OTHER_RUN_COLOURS[2], LIGHT.trainable]
    plots.show_runs([])
    wait(qtbot, plots)
    assert not plots.legend.isVisible()
    with pytest.raises(KeyError):
        canvas.lines_of(1)


def test_that_a_new_run_is_laid_over_those_that_were_chosen(qtbot, plots):
    run(qtbot, plots, run_id=1)
    plots.show_runs([1])
    run(qtbot, plots, run_id=2)
    assert plots.legend.text() == "run 2, run 1"
    assert plots.curves.run_id == 2


def test_that_a_run_with_other_metrics_is_shown_where_it_has_the_metric(qtbot, plots):
    plots.begin(started(run_id=1, metric_names=("loss", "auc")))
    feed(plots, 2, run_id=1)
    run(qtbot, plots, run_id=2)
    plots.show_runs([1])
    wait(qtbot, plots)
    assert len(drawn(plots, "smooth", 1)) == 20
    with pytest.raises(KeyError):
        plots.plots[1].canvas.lines_of(1)


def test_that_a_highlighted_run_stands_out_with_its_own_best_point(qtbot, plots):
    run(qtbot, plots, 4, run_id=1)
    run(qtbot, plots, 2, run_id=2)
    plots.show_runs([1])
    plots.set_highlighted(1)
    wait(qtbot, plots)
    canvas = plots.plots[0].canvas
    assert canvas.best.place()[0] == 4.0
    assert len(drawn(plots, "raw", 1)) == 40
    assert len(drawn(plots, "raw", 2)) == 0
    plots.set_highlighted(None)
    wait(qtbot, plots)
    assert canvas.best.place()[0] == 2.0


def test_that_the_crosshair_names_the_runs(qtbot, plots):
    run(qtbot, plots, run_id=1)
    run(qtbot, plots, run_id=2)
    plots.show_runs([1])
    plots.plots[0].pointed.emit(2.0)
    assert "run 2 train" in plots.plots[1].hover_text()
    assert "run 1 validation" in plots.plots[1].hover_text()


def test_that_runs_are_called_what_a_person_calls_them(qtbot, plots):
    names = {1: "small head", 2: "run 2"}
    plots.name_of = names.get
    run(qtbot, plots, run_id=1)
    run(qtbot, plots, run_id=2)
    plots.show_runs([1])
    assert plots.legend.text() == "run 2, small head"
    plots.plots[0].pointed.emit(2.0)
    assert "small head train" in plots.plots[0].hover_text()
    names[1] = "no head"
    plots.legend.refresh()
    assert plots.legend.accessibleDescription() == "run 2, no head"


def test_that_another_document_forgets_the_runs(qtbot, plots):
    run(qtbot, plots, run_id=1)
    plots.show_runs([1])
    plots.clear()
    run(qtbot, plots, run_id=2)
    plots.show_runs([1])
    assert plots.legend.text() == "run 2"


@pytest.mark.parametrize(("mode", "palette"), [(Mode.LIGHT, LIGHT), (Mode.DARK, DARK)])
def test_that_the_colours_of_runs_can_be_seen_on_their_ground(theme, mode, palette):
    theme.set_mode(mode)
    for run_id in range(len(OTHER_RUN_COLOURS)):
        colour = run_colour(run_id, theme, is_newest=False)
        assert contrast(colour.name(), palette.pane) >= 3.0
    assert run_colour(1, theme, is_newest=True) == QColor(palette.trainable)


def test_that_the_settings_of_a_picture_do_not_change_the_curves(qtbot, plots):
    run(qtbot, plots)
    before = drawn(plots, "smooth").tolist()
    plots.apply_settings(replace(plots.settings, has_white_ground=True))
    wait(qtbot, plots)
    assert drawn(plots, "smooth").tolist() == before
