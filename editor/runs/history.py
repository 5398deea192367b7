"""The record of a run on disk: settings, flags of each phase, curves, marks, and how it ended.

Each run has a folder `ROOT/NAME-KEY/TIME-TOKEN`, where NAME and KEY come from the file of its model:

* `run.json`: what it was asked to do, written whole before the first batch;
* `lines.jsonl`: phases, epochs, marks and the end, a line each, as they come;
* `batches.f32`: a row of little-endian 32-bit numbers for each batch that was told of: its number in the run
  (unsigned), the seconds since the start, and the metrics in the order of `run.json`.

A process that is killed leaves a record that can be read up to its last line. Of each model the newest 100 runs stay,
and of all models together the newest 1,000.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import platformdirs

from editor.errors import FileError
from editor.layers.freeze_map import FreezeMap

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

ROOT_VARIABLE = "FROSTLINE_RUNS"
"""Environment variable with another folder for the records of all runs."""

RUN_FILE = "run.json"
LINES_FILE = "lines.jsonl"
BATCHES_FILE = "batches.f32"

MOST_OF_A_MODEL = 100
MOST_IN_ALL = 1000

_RUN_NAME = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}")
_MODEL_NAME = re.compile(r".+-[0-9a-f]{12}")


class RunFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a run before its first batch.

    Attributes:
        document: Absolute path of the model's file.
        started_at: ISO 8601, UTC.
        settings: `TrainSettings` as plain values.
        metric_names: Of the numbers of each batch, in their order.
        versions: Of the tool, Keras, TensorFlow and Python.
    """

    document: str
    started_at: str
    settings: dict[str, Any]
    seed: int
    num_epochs: int
    num_batches: int
    metric_names: tuple[str, ...]
    has_validation: bool
    monitor: str
    device: str = ""
    notes: tuple[str, ...] = ()
    versions: dict[str, str] = {}
    schema: int = 1


class PhaseLine(msgspec.Struct, frozen=True, kw_only=True, tag="phase"):
    """A phase begins with this epoch."""

    epoch: int
    seconds: float
    freeze_map: FreezeMap


class EpochLine(msgspec.Struct, frozen=True, kw_only=True, tag="epoch"):
    """An epoch is done; a value that is no number is None."""

    epoch: int
    seconds: float
    learning_rate: float
    metrics: dict[str, float | None]


class MarkLine(msgspec.Struct, frozen=True, kw_only=True, tag="mark"):
    """Something happened; see `RunMarked`."""

    epoch: int
    batch: int
    seconds: float
    mark: str
    text: str


class EndLine(msgspec.Struct, frozen=True, kw_only=True, tag="end"):
    """The run is over.

    Attributes:
        best: `BestEpoch` as plain values.
        proof: `Proof` as plain values; None where everything was put back.
        seconds: Time by part.
    """

    outcome: str
    kept: str
    reason: str = ""
    problem: str = ""
    best: dict[str, Any] | None = None
    test_metrics: dict[str, float | None] = {}
    proof: dict[str, Any] | None = None
    seconds: dict[str, float] = {}


Line = PhaseLine | EpochLine | MarkLine | EndLine


@dataclass(frozen=True)
class RunRecord:
    """A run that was read back.

    Attributes:
        end: None where the process died in mid-run, or the run goes on.
    """

    folder: Path
    facts: RunFacts
    phases: tuple[PhaseLine, ...]
    epochs: tuple[EpochLine, ...]
    marks: tuple[MarkLine, ...]
    end: EndLine | None

    def batches(self) -> npt.NDArray[np.void]:
        """The curve by batch; a row that a killed process left half is left out.

        Returns:
            Shape `(num_rows,)` with the fields `step`, `seconds` and `metrics`, the last of shape `(num_metrics,)`.
        """
        import numpy as np

        row = np.dtype([("step", "<u4"), ("seconds", "<f4"), ("metrics", "<f4", (len(self.facts.metric_names),))])
        try:
            stored = (self.folder / BATCHES_FILE).read_bytes()
        except OSError:
            stored = b""
        rows: npt.NDArray[np.void] = np.frombuffer(stored[: len(stored) // row.itemsize * row.itemsize], row)
        return rows


def history_root() -> Path:
    """The folder of the records of this user."""
    chosen = os.environ.get(ROOT_VARIABLE)
    return Path(chosen) if chosen else platformdirs.user_state_path("frostline", appauthor=False) / "runs"


def model_folder(root: Path, document: str) -> Path:
    """Where the runs of a model's file are."""
    key = hashlib.sha256(document.encode()).hexdigest()[:12]
    name = re.sub(r"[^\w.-]", "_", Path(document).stem)[:40] or "model"
    return root / f"{name}-{key}"


def read_run(folder: Path) -> RunRecord:
    """Reads the record of a run, also of one that goes on or died; what is unreadable at its end is left out.

    Raises:
        FileError: There is no such record, or its `run.json` is damaged.
    """
    try:
        facts = msgspec.json.decode((folder / RUN_FILE).read_bytes(), type=RunFacts)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise FileError(
            f"The record of the run in {folder.name} cannot be read.",
            hint="The file is missing or damaged; the other runs are not touched.",
            details=f"{folder}: {error!r}",
        ) from error
    lines = list(_lines(folder / LINES_FILE))
    return RunRecord(
        folder,
        facts,
        tuple(line for line in lines if isinstance(line, PhaseLine)),
        tuple(line for line in lines if isinstance(line, EpochLine)),
        tuple(line for line in lines if isinstance(line, MarkLine)),
        next((line for line in lines if isinstance(line, EndLine)), None),
    )


def run_folders(root: Path, document: str) -> tuple[Path, ...]:
    """The records of a model's runs, the newest first."""
    return tuple(_by_age(model_folder(root, document)))


def prune(root: Path) -> None:
    """Removes the oldest records above the limits; what does not look like a record is left alone."""
    kept: list[Path] = []
    for model in _models(root):
        runs = _by_age(model)
        kept += runs[:MOST_OF_A_MODEL]
        _remove(runs[MOST_OF_A_MODEL:])
    _remove(sorted(kept, key=lambda run: run.name, reverse=True)[MOST_IN_ALL:])


def _models(root: Path) -> list[Path]:
    try:
        return [path for path in root.iterdir() if _MODEL_NAME.fullmatch(path.name) and path.is_dir()]
    except OSError:
        return []


def _by_age(model: Path) -> list[Path]:
    try:
        runs = [path for path in model.iterdir() if _RUN_NAME.fullmatch(path.name)]
    except OSError:
        return []
    return sorted(runs, key=lambda run: run.name, reverse=True)


def _remove(runs: list[Path]) -> None:
    for run in runs:
        shutil.rmtree(run, ignore_errors=True)


def _lines(path: Path) -> Iterator[Line]:
    decoder = msgspec.json.Decoder(Line)
    try:
        stored = path.read_bytes()
    except OSError:
        return
    for line in stored.splitlines():
        try:
            yield decoder.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            # The last line of a process that was killed; a disk may have lost others too.
            continue
