"""The points on show as CSV, a row for each value; without Qt."""

from __future__ import annotations

import csv
import io
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import numpy as np

from editor.files.atomic import write_atomically
from widgets.training.curves import Line, RunCurves
from widgets.training.plot_settings import PlotSettings, Resolution, XAxis
from widgets.training.shown_runs import ShownRuns

COLUMNS = ("run", "epoch", "batch", "seconds", "metric", "value")
"""Epochs and batches count from 1, as the window shows them; a value of a whole epoch has no batch."""

_CHUNK = 2000

Row = tuple[object, ...]


def write_csv(path: Path, shown: ShownRuns, settings: PlotSettings) -> Generator[None, None, None]:
    """Writes all points of the runs and metrics on show, some thousands for each step.

    Nothing is at `path` before the last step. What comes while it is written is not in the file.

    Raises:
        FileError: The folder is missing or read-only, or the disk is full.
    """
    chunks = _chunks(_lines(shown, settings))
    with write_atomically(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(COLUMNS) + "\r\n")
        for chunk in chunks:
            file.write(chunk)
            yield


_NamedLine = tuple[RunCurves, str, str, Line, int]
"""A run and its name, the name of the metric, its line, and how many of the points are written."""


def _lines(shown: ShownRuns, settings: PlotSettings) -> list[_NamedLine]:
    found: list[_NamedLine] = []
    for run in sorted((shown.newest, *shown.others), key=lambda run: run.run_id):
        for curves in run:
            if settings.shows(curves.name):
                lines = [(curves.name, curves.epochs), (f"val_{curves.name}", curves.validation)]
                if settings.resolution is Resolution.BATCH:
                    lines.insert(0, (curves.name, curves.batches))
                found.extend((run, shown.name_of(run.run_id), name, line, len(line)) for name, line in lines)
    return found


def _chunks(lines: Sequence[_NamedLine]) -> Iterator[str]:
    for run, run_name, name, line, num_points in lines:
        for first in range(0, num_points, _CHUNK):
            text = io.StringIO()
            rows = _rows(run, line, slice(first, min(num_points, first + _CHUNK)))
            csv.writer(text).writerows((run_name, *place, name, value) for *place, value in rows)
            yield text.getvalue()


def _rows(run: RunCurves, line: Line, part: slice) -> Iterator[Row]:
    """Epoch, batch, seconds and value of some points."""
    total = line.places.along(XAxis.BATCHES)[part]
    epochs = np.ceil(total / run.num_batches).astype(np.int64)
    batches = (total - (epochs - 1) * run.num_batches).astype(np.int64).tolist()
    is_whole = line.places is run.epochs
    seconds = line.places.along(XAxis.TIME)[part].tolist()
    values = line.raw.y[part].tolist()
    for epoch, batch, at, value in zip(epochs.tolist(), batches, seconds, values, strict=True):
        yield epoch, "" if is_whole else batch, f"{at:.3f}", value
