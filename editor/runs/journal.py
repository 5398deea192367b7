"""The journal of edits: one JSON line per step, so that the window's own death loses none."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from editor.errors import FileError
from editor.layers.accounts import StatisticsMode
from editor.layers.policies import RuleKind
from editor.layers.tree import FlagChange, LayerTree

_DECODER_ERRORS = (msgspec.MsgspecError, UnicodeDecodeError)


class JournalStep(msgspec.Struct, frozen=True, omit_defaults=True):
    """The flags that one step has set; an undo or redo is a step of its own.

    Ids, not paths: the order of the walk is the same whenever a file is loaded, automatic names are not (fact F9).

    Attributes:
        text: Name of the step, as in the Edit menu.
        weights: Whether each weight that it touched trains after the step, by `weight_id`.
        statistics: The mode after the step of each layer whose statistics it touched, by `layer_id`.
        rules: `(layer_id, rule, holds)` of each rule of editing that it set.
    """

    text: str
    weights: dict[int, bool] = msgspec.field(default_factory=dict)
    statistics: dict[int, StatisticsMode] = msgspec.field(default_factory=dict)
    rules: tuple[tuple[int, RuleKind, bool], ...] = ()


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(JournalStep).decode


class Journal:
    """Appends steps to a file; each is with the system when `append` returns."""

    def __init__(self, path: Path) -> None:
        """Opens a journal, or makes it; a last line that was cut is taken away, so that the next one stands by itself.

        Raises:
            FileError: The file cannot be written.
        """
        self._path = path
        try:
            _cut_back_to_whole_lines(path)
            self._stream = path.open("ab")
        except OSError as error:
            raise self._write_error(error) from error

    def append(self, step: JournalStep) -> None:
        """Writes one step.

        Raises:
            FileError: The file cannot be written.
        """
        try:
            self._stream.write(_encode(step) + b"\n")
            self._stream.flush()
        except (OSError, ValueError) as error:  # ValueError: closed
            raise self._write_error(error) from error

    def clear(self) -> None:
        """Forgets all steps; for when the model's file has them.

        Raises:
            FileError: The file cannot be written.
        """
        try:
            self._stream.truncate(0)
        except (OSError, ValueError) as error:  # ValueError: closed
            raise self._write_error(error) from error

    def close(self) -> None:
        """Closes the file; nothing can be appended any more."""
        try:
            self._stream.close()
        except OSError as error:
            raise self._write_error(error) from error

    def _write_error(self, error: Exception) -> FileError:
        return FileError(
            f"The record of edits {self._path} cannot be written.",
            hint="Free some space on the disk. Until then a crash would lose the edits; save the model.",
            details=repr(error),
        )


def read_journal(path: Path) -> tuple[JournalStep, ...]:
    """All steps in order; lines that cannot be read, as a last one that was cut, are passed over.

    Steps hold values and no differences, so those behind a broken line still stand.

    Raises:
        FileError: The file cannot be read; a missing one has no steps.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise FileError(
            f"The record of edits {path} cannot be read.", hint="Check its permissions.", details=repr(error)
        ) from error
    steps = (_step_in(line) for line in lines if line.strip())
    return tuple(step for step in steps if step is not None)


def step_of(change: FlagChange, text: str) -> JournalStep:
    """The step that `change` makes."""
    return JournalStep(
        text,
        {key: flag for key, _, flag in change.weights},
        {key: mode for key, _, mode in change.statistics},
        tuple((layer_id, rule, holds) for (layer_id, rule), _, holds in change.rules),
    )


def plan_steps(tree: LayerTree, steps: Iterable[JournalStep]) -> FlagChange:
    """The edit that brings the tree to where all steps have led; what the tree does not have is passed over."""
    weights: dict[int, bool] = {}
    statistics: dict[int, StatisticsMode] = {}
    rules: dict[tuple[int, RuleKind], bool] = {}
    for step in steps:
        weights.update(step.weights)
        statistics.update(step.statistics)
        rules.update(((layer_id, rule), holds) for layer_id, rule, holds in step.rules)
    return tree.change_to(weights, statistics, rules)


def _step_in(line: bytes) -> JournalStep | None:
    try:
        return _decode(line)
    except _DECODER_ERRORS:
        return None


def _cut_back_to_whole_lines(path: Path) -> None:
    if not path.exists():
        return
    with path.open("r+b") as stream:
        content = stream.read()
        if not content.endswith(b"\n"):
            stream.truncate(content.rfind(b"\n") + 1)
