"""The journal of edits: one JSON line per step, so that the window's own death loses none.

Steps speak of ids. Before the first step, and again where a live model takes the place of its preview, a line tells
what the ids stand for, so that the steps fit whatever tree the file gives the next time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from editor.errors import FileError
from editor.layers.accounts import StatisticsMode
from editor.layers.policies import RuleKind
from editor.layers.rebase import Match, TreeKeys, match_keys
from editor.layers.tree import FlagChange, LayerTree

Value = TypeVar("Value")

_KEYS_LINE = b'{"keys"'
_DECODER_ERRORS = (msgspec.MsgspecError, UnicodeDecodeError)


class JournalStep(msgspec.Struct, frozen=True, omit_defaults=True):
    """The flags that one step has set; an undo or redo is a step of its own.

    Attributes:
        text: Name of the step, as in the Edit menu; empty where no person made it.
        weights: Whether each weight that it touched trains after the step, by `weight_id`.
        statistics: The mode after the step of each layer whose statistics it touched, by `layer_id`.
        rules: `(layer_id, rule, holds)` of each rule of editing that it set.
    """

    text: str
    weights: dict[int, bool] = msgspec.field(default_factory=dict)
    statistics: dict[int, StatisticsMode] = msgspec.field(default_factory=dict)
    rules: tuple[tuple[int, RuleKind, bool], ...] = ()

    @property
    def is_edit(self) -> bool:
        """Whether a person made it; if not, it tells what earlier edits have led to in another tree."""
        return bool(self.text)


class _Keys(msgspec.Struct, frozen=True):
    """The line that tells what the ids in the steps below it stand for."""

    keys: TreeKeys


class Record(msgspec.Struct, frozen=True):
    """Steps that speak of the same ids.

    Attributes:
        keys: What the ids stand for; None in a journal of an earlier version: those of the live model.
    """

    keys: TreeKeys | None
    steps: tuple[JournalStep, ...]

    def match(self, tree: LayerTree) -> Match:
        """The ids of the steps in a tree."""
        if self.keys is not None:
            return match_keys(self.keys, tree)
        layers = {layer.layer_id: layer.layer_id for layer in tree.root.layers_below}
        return Match(layers, {weight.weight_id: weight.weight_id for weight in tree.root.weights_below})

    def is_whole_in(self, tree: LayerTree) -> bool:
        """Whether a tree has all weights of the steps."""
        ids = self.match(tree).weights
        return all(key in ids for step in self.steps for key in step.weights)


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(JournalStep).decode
_decode_keys = msgspec.json.Decoder(_Keys).decode


class Journal:
    """Appends steps to a file; each is with the system when `append` returns."""

    def __init__(self, path: Path) -> None:
        """Opens a journal, or makes it; a last line that was cut is taken away, so that the next one stands by itself.

        Raises:
            FileError: The file cannot be written.
        """
        self._path = path
        self._keys: TreeKeys | None = None
        self._pending: TreeKeys | None = None
        try:
            _cut_back_to_whole_lines(path)
            self._stream = path.open("ab")
        except OSError as error:
            raise self._write_error(error) from error

    def speak_of(self, keys: TreeKeys) -> None:
        """From now on steps have these ids; written with the next one."""
        self._keys = self._pending = keys

    def append(self, step: JournalStep) -> None:
        """Writes one step.

        Raises:
            FileError: The file cannot be written.
        """
        keys, self._pending = self._pending, None
        try:
            if keys is not None:
                self._stream.write(_encode(_Keys(keys)) + b"\n")
            self._stream.write(_encode(step) + b"\n")
            self._stream.flush()
        except (OSError, ValueError) as error:  # ValueError: closed
            raise self._write_error(error) from error

    def clear(self) -> None:
        """Forgets all steps; for when the model's file has them.

        Raises:
            FileError: The file cannot be written.
        """
        self._pending = self._keys
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
    """All steps in order, whatever they speak of; see `read_records`.

    Raises:
        FileError: The file cannot be read; a missing one has no steps.
    """
    return tuple(step for record in read_records(path) for step in record.steps)


def read_records(path: Path) -> tuple[Record, ...]:
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
    found: list[tuple[TreeKeys | None, list[JournalStep]]] = [(None, [])]
    for line in filter(bytes.strip, lines):
        if line.startswith(_KEYS_LINE):
            found.append((_keys_in(line), []))
        elif step := _step_in(line):
            found[-1][1].append(step)
    return tuple(Record(keys, tuple(steps)) for keys, steps in found if steps)


def step_of(change: FlagChange, text: str) -> JournalStep:
    """The step that `change` makes."""
    return JournalStep(
        text,
        {key: flag for key, _, flag in change.weights},
        {key: mode for key, _, mode in change.statistics},
        tuple((layer_id, rule, holds) for (layer_id, rule), _, holds in change.rules),
    )


def plan_records(tree: LayerTree, records: Iterable[Record]) -> FlagChange:
    """The edit that brings the tree to where all steps have led; what the tree does not have is passed over."""
    weights: dict[int, bool] = {}
    statistics: dict[int, StatisticsMode] = {}
    rules: dict[tuple[int, RuleKind], bool] = {}
    for record in records:
        match = record.match(tree)
        for step in record.steps:
            weights.update(_in_other_ids(step.weights.items(), match.weights))
            statistics.update(_in_other_ids(step.statistics.items(), match.layers))
            rules.update(
                ((match.layers[layer_id], rule), holds)
                for layer_id, rule, holds in step.rules
                if layer_id in match.layers
            )
    return tree.change_to(weights, statistics, rules)


def plan_steps(tree: LayerTree, steps: Iterable[JournalStep]) -> FlagChange:
    """The edit that brings the tree, whose ids the steps have, to where they have led."""
    return plan_records(tree, [Record(None, tuple(steps))])


def _in_other_ids(values: Iterable[tuple[int, Value]], ids: Mapping[int, int]) -> Iterator[tuple[int, Value]]:
    return ((ids[key], value) for key, value in values if key in ids)


def _keys_in(line: bytes) -> TreeKeys:
    """What the ids stand for; where the line is damaged nothing is known of them, and nothing is taken for granted."""
    try:
        return _decode_keys(line).keys
    except _DECODER_ERRORS:
        return TreeKeys()


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
