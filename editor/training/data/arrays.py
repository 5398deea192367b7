"""From arrays on disk to what a model trains on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from editor.errors import DataError
from editor.training.data.array_files import ArrayFile, open_arrays
from editor.training.data.array_roles import find_array_roles
from editor.training.data.memory import check_memory
from editor.training.data.parts import Array, Numbered, Part, Prepared
from editor.training.data.reporting import balancing_weights, describe, range_of, target_bars
from editor.training.data.splitting import Places, draw_validation
from editor.training.data.targets import ClassCoding, Target, find_coding
from editor.training.data.unfit import about_part
from editor.training.data_options import Task
from editor.training.data_report import Bar, DataReport
from editor.training.labels import CROSSENTROPIES, are_shares
from editor.training.model_facts import ModelFacts
from editor.training.progress import note_progress
from editor.training.settings import TrainSettings
from editor.training.words import AUTOMATIC

VALUES_AT_A_TIME = 1 << 22
SINGLE_BYTES = 4


class Arrays:
    """The parts of some arrays as they are on disk, with their names for sentences.

    Attributes:
        train: Samples to train on.
        parts: The others, by `val` and `test`.
        names: Of the training arrays, the inputs first.
    """

    def __init__(self, train: Part, names: Sequence[str], parts: dict[str, Part] | None = None) -> None:
        self.train = train
        self.names = tuple(names)
        self.parts = parts or {}

    @property
    def input_names(self) -> tuple[str, ...]:
        """What each input is called in sentences."""
        return self.names[: len(self.train.inputs)]

    @property
    def target_names(self) -> tuple[str, ...]:
        """What each target is called in sentences."""
        return self.names[len(self.train.inputs) :]


def prepare_arrays(settings: TrainSettings, facts: ModelFacts, seed: int) -> Prepared:
    """Reads arrays, and those to validate and to test on.

    Raises:
        DataError: An array is missing, damaged, or does not hold what it is used for.
    """
    options = settings.data_options
    arrays = read_arrays(Path(settings.data), settings, facts)
    for part, name in (("val", options.validation), ("test", options.test)):
        if name:
            with about_part(part, options):
                arrays.parts[part] = read_arrays(Path(name), settings, facts).train
    return from_arrays(arrays, settings, facts, seed)


def read_arrays(path: Path, settings: TrainSettings, facts: ModelFacts) -> Arrays:
    """The arrays of a file or folder that the model takes, looked at.

    Raises:
        DataError: One is missing, damaged, empty, not finite, or of another length than the others.
    """
    file = open_arrays(path)
    roles = find_array_roles(file, settings.data_options, facts)
    names = (*roles.inputs, *roles.outputs)
    used = [*names, *(name for part in roles.parts.values() for name in part)]
    num_bytes = sum(file.headers[name].num_bytes for name in used)
    check_memory(
        file.name, 2 * num_bytes, max((file.headers[name].shape or (1,))[0] for name in used), has_columns=False
    )
    found: dict[str, Array] = {}
    for name in used:
        found[name] = file.read(name)
        _check_values(file, name, found[name])
    part_of = {part: _part(file, found, names, len(roles.inputs)) for part, names in roles.parts.items()}
    return Arrays(_part(file, found, names, len(roles.inputs)), names, part_of)


def from_arrays(arrays: Arrays, settings: TrainSettings, facts: ModelFacts, seed: int) -> Prepared:
    """Arrays in memory, ready for the model.

    Raises:
        DataError: The labels are not what the model can learn.
    """
    codings = [_coding(arrays, at, settings, facts) for at in range(min(len(arrays.train.targets), facts.num_outputs))]
    whole = _coded(arrays.train, codings, arrays)
    parts: dict[str, Part] = {}
    for name, part in arrays.parts.items():
        with about_part(name, settings.data_options):
            parts[name] = _coded(part, codings, arrays, f"_{name}")
    tasks = tuple(coding.task for coding in codings)
    kept, held = _split(whole, settings, tasks, seed, has_own="val" in parts)
    train, drawn = (whole.take(kept), whole.take(held)) if len(held) else (whole, None)
    validation = parts.get("val", drawn)
    num_more = tuple(parts[name].num_samples if name in parts else 0 for name in ("val", "test"))
    report = DataReport(
        kind="arrays",
        text=describe(whole.inputs, whole.targets, whole.num_samples, num_more, tasks),
        task=tasks[0] if tasks else "auto",
        tasks=tasks,
        num_train=train.num_samples,
        num_validation=validation.num_samples if validation else 0,
        num_test=parts["test"].num_samples if "test" in parts else 0,
        bars=_bars(train, validation, codings),
        value_range=range_of(train),
        notes=tuple(note for coding in codings for note in coding.notes),
    )
    is_balanced = settings.data_options.balance_classes and len(codings) == 1
    return Prepared(
        train,
        report,
        validation=validation,
        test=parts.get("test"),
        class_weight=balancing_weights(train.targets[0], tasks[0]) if is_balanced else None,
        input_names=arrays.input_names,
        target_names=arrays.target_names,
        has_own_validation="val" in parts,
        tasks=tuple(_said_task(settings, task) for task in tasks),
        class_names=codings[0].classes if codings else (),
        sources=Numbered(f"{arrays.names[0]}[{{}}]", kept),
    )


def _part(file: ArrayFile, found: dict[str, Array], names: Sequence[str], num_inputs: int) -> Part:
    first = names[0]
    for name in names[1:]:
        if len(found[name]) != len(found[first]):
            raise DataError(
                f"{first} in {file.name} has {len(found[first]):,} samples, but {name} has {len(found[name]):,}.",
                hint=f"Give one entry of {name} for each sample of {first}.",
            )
    arrays = [found[name] for name in names]
    return Part(tuple(arrays[:num_inputs]), tuple(arrays[num_inputs:]))


def _check_values(file: ArrayFile, name: str, array: Array) -> None:
    if array.ndim == 0:
        raise DataError(
            f"{name} in {file.name} is one single value and no array of samples.",
            hint="The first axis counts the samples; save an array that has one.",
        )
    if array.size == 0:
        raise DataError(
            f"{name} in {file.name} holds no samples.", hint="The first axis counts the samples; save some."
        )
    if array.dtype.kind != "f":
        return
    num_bad, first = 0, 0
    step = max(VALUES_AT_A_TIME // max(array[0].size, 1), 1)
    for start in range(0, len(array), step):
        note_progress(f"Checking samples of {name}", start, len(array))
        is_bad = ~np.isfinite(array[start : start + step])
        if is_bad.any():
            first = first if num_bad else start + int(is_bad.reshape(len(is_bad), -1).any(axis=1).argmax())
            num_bad += int(is_bad.sum())
        elif array.dtype.itemsize > SINGLE_BYTES:
            _check_size(file, name, array[start : start + step], start)
    if num_bad:
        raise DataError(
            f"{name} in {file.name} holds {num_bad:,} {'value that is' if num_bad == 1 else 'values that are'} "
            f"not finite (NaN or infinity), the first in sample {first:,}, counted from 0.",
            hint="Drop those samples, or fill the gaps with numpy.nan_to_num.",
        )


def _check_size(file: ArrayFile, name: str, piece: Array, first: int) -> None:
    """Refuses numbers that float32 does not have, which Keras takes: they would become infinite."""
    largest = np.finfo(np.float32).max
    if max(piece.max(), -piece.min()) > largest:
        is_large = (np.abs(piece) > largest).reshape(len(piece), -1)
        at = int(is_large.any(axis=1).argmax())
        value = piece[at].reshape(-1)[is_large[at].argmax()]
        raise DataError(
            f"{name} in {file.name} holds {value:g} in sample {first + at:,}, counted from 0, which is too large for "
            f"the numbers of a model (float32, up to {largest:.3g}).",
            hint="Drop that sample, or use another unit.",
        )


# -- labels ---------------------------------------------------------------------------------------------------


def _coding(arrays: Arrays, at: int, settings: TrainSettings, facts: ModelFacts) -> ClassCoding:
    """How labels are numbered: text always, numbers where they follow one another from elsewhere than 0."""
    labels = arrays.train.targets[at]
    name = f"the array {arrays.target_names[at]}"
    target = Target(name, facts.output_shape(at), facts.activation(at), settings.data_options.task)
    flat = labels.reshape(-1) if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if flat.ndim != 1 or len(target.output or ()) > 1:
        return ClassCoding(_task_of_rows(flat, target))
    is_text = flat.dtype.kind in "US"
    takes_classes = settings.loss in (AUTOMATIC, *CROSSENTROPIES)
    if is_text or (takes_classes and _are_numbered_otherwise(flat)):
        return find_coding(target, flat, is_strict=True)
    if target.wanted != "auto":
        return ClassCoding(target.wanted)
    is_whole = bool(np.all(flat == np.floor(flat)))
    is_one = target.num_units == 1
    if is_one:
        return ClassCoding("binary" if is_whole and target.activation == "sigmoid" else "regression")
    return ClassCoding("multi-class" if is_whole else "regression")


def _are_numbered_otherwise(labels: Array) -> bool:
    lowest = labels.min()
    return bool(lowest != 0) and bool(np.all(labels == np.floor(labels)))


def _task_of_rows(labels: Array, target: Target) -> Task:
    if target.wanted != "auto":
        return target.wanted
    if labels.dtype.kind == "f" and not np.isin(labels[:VALUES_AT_A_TIME], (0, 1)).all():
        return "regression"
    if are_shares(labels) or target.activation == "softmax":
        return "multi-class"
    return "multi-label" if target.activation == "sigmoid" else "auto"


def _said_task(settings: TrainSettings, task: Task) -> Task:
    """What a person said; what was found from arrays is for the checks to find again, in all their shapes."""
    return task if settings.data_options.task != "auto" else "auto"


def _coded(part: Part, codings: Sequence[ClassCoding], arrays: Arrays, suffix: str = "") -> Part:
    coded = list(part.targets)
    for at, coding in enumerate(codings[: len(coded)]):
        if coding.values is None:
            continue
        labels = coded[at].reshape(-1)
        coded[at], is_unknown = coding.encode(labels)
        if is_unknown.any():
            name = arrays.target_names[at]
            raise DataError(
                f"Sample {int(is_unknown.argmax()):,} of {name}{suffix}, counted from 0, has the label "
                f"{labels[is_unknown][0]}, which {name} does not have.",
                hint="Leave that sample out, or add such samples to the training part.",
            )
    return Part(part.inputs, tuple(coded))


def _split(
    whole: Part, settings: TrainSettings, tasks: Sequence[Task], seed: int, *, has_own: bool
) -> tuple[Places, Places]:
    if has_own or settings.validation_split <= 0 or whole.num_samples == 1:
        return np.arange(whole.num_samples), np.arange(0)
    labels = whole.targets[0]
    has_classes = settings.data_options.is_stratified and bool(tasks) and tasks[0] in ("binary", "multi-class")
    classes = None
    if has_classes and labels.ndim == 2 and are_shares(labels):
        classes = labels.argmax(axis=-1)
    elif has_classes and labels.dtype.kind in "biuf" and labels.size == len(labels):
        classes = labels.reshape(-1).astype(np.int64)
    return draw_validation(whole.num_samples, settings.validation_split, seed, classes)


# -- telling --------------------------------------------------------------------------------------------------


def _bars(train: Part, validation: Part | None, codings: Sequence[ClassCoding]) -> tuple[tuple[Bar, ...], ...]:
    held = validation.targets if validation else (None,) * len(codings)
    return tuple(
        target_bars(ours, theirs, coding.classes)
        for ours, theirs, coding in zip(train.targets, held, codings, strict=False)
        if theirs is None or theirs.shape[1:] == ours.shape[1:]
    )
