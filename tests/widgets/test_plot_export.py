from __future__ import annotations

import csv
import math
from xml.etree import ElementTree

import pytest
from PySide6.QtGui import QColor, QImage
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QFileDialog

from tests.widgets.fed_plots import feed, mark, started
from widgets.icons import Icons
from widgets.notice_bar import Level, NoticeBar
from widgets.notifier import Notifier
from widgets.palette import DARK, LIGHT
from widgets.theme import Mode
from widgets.training.plot_export import PlotExport
from widgets.training.plot_settings import PlotSettings, Resolution
from widgets.training.plots import RunPlots

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


@pytest.fixture
def bar(qtbot, theme):
    bar = NoticeBar(theme, Icons(theme))
    qtbot.addWidget(bar)
    return bar


@pytest.fixture
def export(plots, theme, bar):
    return PlotExport(plots, theme, Notifier(plots, bar))


def fill(plots: RunPlots) -> None:
    for run_id, num_epochs in ((1, 2), (2, 3)):
        plots.begin(started(run_id=run_id))
        feed(plots, num_epochs, run_id=run_id)
    plots.add_mark(mark("phase", 2, text="block5, lr 1e-4", run_id=2))
    plots.show_runs([1])


def write(qtbot, export: PlotExport, path) -> None:
    export.write(path)
    qtbot.waitUntil(lambda: not export.is_busy)


def rows_of(path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_that_the_data_of_all_runs_and_metrics_on_show_are_written(qtbot, plots, export, bar, tmp_path):
    fill(plots)
    path = tmp_path / "curves.csv"
    write(qtbot, export, path)
    rows = rows_of(path)
    assert list(rows[0]) == ["run", "epoch", "batch", "seconds", "metric", "value"]
    assert len(rows) == (20 + 30) * 2 + (2 + 3) * 4
    assert {row["run"] for row in rows} == {"run 1", "run 2"}
    wanted = {"run": "run 2", "epoch": "3", "batch": "10", "metric": "loss"}
    found = [row for row in rows if wanted.items() <= row.items()]
    assert len(found) == 1
    assert float(found[0]["value"]) == plots.curves["loss"].batches.raw.y[-1]
    assert found[0]["seconds"] == "15.000"
    validation = [row for row in rows if row["metric"] == "val_accuracy" and row["run"] == "run 2"]
    assert [(row["epoch"], row["batch"]) for row in validation] == [("1", ""), ("2", ""), ("3", "")]
    assert bar.level is Level.DONE
    assert str(path) in bar.text


def test_that_hidden_metrics_and_batches_that_are_not_shown_are_not_written(qtbot, plots, export, tmp_path):
    plots.apply_settings(PlotSettings(resolution=Resolution.EPOCH, hidden_metrics=("loss",)))
    fill(plots)
    write(qtbot, export, tmp_path / "curves.csv")
    rows = rows_of(tmp_path / "curves.csv")
    assert {row["metric"] for row in rows} == {"accuracy", "val_accuracy"}
    assert {row["batch"] for row in rows} == {""}


def test_that_values_that_are_not_finite_are_written_as_nan(qtbot, plots, export, tmp_path):
    plots.begin(started())
    feed(plots, 1, loss=lambda x: math.inf)
    write(qtbot, export, tmp_path / "curves.csv")
    assert {row["value"] for row in rows_of(tmp_path / "curves.csv")} == {"nan"}


def test_that_a_file_that_cannot_be_written_is_said_and_nothing_is_left(qtbot, plots, export, bar, tmp_path):
    fill(plots)
    write(qtbot, export, tmp_path / "missing" / "curves.csv")
    assert bar.level is Level.ERROR
    assert "missing" in bar.text
    write(qtbot, export, tmp_path / "missing" / "curves.svg")
    assert bar.level is Level.ERROR
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("has_white_ground", "ground"), [(False, DARK.pane), (True, LIGHT.pane)])
def test_that_a_picture_has_the_colours_of_the_theme_or_a_white_ground(
    qtbot, plots, theme, export, tmp_path, has_white_ground, ground
):
    theme.set_mode(Mode.DARK)
    plots.apply_settings(PlotSettings(has_white_ground=has_white_ground))
    fill(plots)
    write(qtbot, export, tmp_path / "curves.png")
    image = QImage(str(tmp_path / "curves.png"))
    assert image.width() > 2000
    assert image.pixelColor(3, 3).name() == ground
    wanted = QColor(LIGHT.trainable if has_white_ground else DARK.trainable).name()
    colours = {image.pixelColor(x, 39).name() for x in range(30, 70)} | {
        image.pixelColor(x, y).name() for x in range(40, 200) for y in range(30, 60)
    }
    assert wanted in colours
    assert plots.plots[0].canvas.lines_of(2).colours()[0] == DARK.trainable


def test_that_a_vector_picture_is_complete_and_has_text_and_clips(qtbot, plots, export, tmp_path):
    fill(plots)
    plots.plots[0].canvas.zoom_by_key(is_closer=True)
    write(qtbot, export, tmp_path / "curves.svg")
    svg = ElementTree.parse(tmp_path / "curves.svg").getroot()
    texts = {"".join(each.itertext()).strip() for each in svg.iter("{http://www.w3.org/2000/svg}text")}
    assert {"Loss", "Accuracy", "run 1", "run 2", "block5, lr 1e-4"} <= texts
    assert not list(svg.iter("{http://www.w3.org/2000/svg}image"))
    assert list(svg.iter("{http://www.w3.org/2000/svg}clipPath"))
    assert QSvgRenderer(str(tmp_path / "curves.svg")).isValid()


def test_that_a_picture_leaves_the_plots_in_the_window_as_they_are(qtbot, plots, export, tmp_path):
    fill(plots)
    qtbot.waitUntil(lambda: not plots.redrawing.is_due)
    plots.plots[0].canvas.zoom_by_key(is_closer=True)
    qtbot.waitUntil(lambda: not plots.redrawing.is_due)
    before = [plot.view_range() for plot in plots.plots]
    write(qtbot, export, tmp_path / "curves.png")
    assert [plot.view_range() for plot in plots.plots] == before
    assert all(plot.is_zoomed for plot in plots.plots)


def test_that_the_menu_asks_for_a_file(qtbot, plots, export):
    fill(plots)
    plots.bar.export_requested.emit("svg")
    dialog = plots.findChild(QFileDialog)
    assert dialog.defaultSuffix() == "svg"
    dialog.reject()
