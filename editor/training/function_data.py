"""Data that a person's own Python function gives as a `tf.data.Dataset`."""

from __future__ import annotations

import inspect
import re
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from editor.errors import DataError, EditorError, FileError, ModelError
from editor.keras_model.custom_code import run_file, run_module
from editor.keras_model.error_text import first_sentence
from editor.training.data.parts import Array, Prepared, StreamPart
from editor.training.data.reporting import balancing_weights, describe, target_bars
from editor.training.data_report import DataReport
from editor.training.function_code import FunctionName, check_consent, function_name
from editor.training.model_facts import ModelFacts
from editor.training.progress import note_progress
from editor.training.settings import TrainSettings

_NUM_HELD = 64
"""First samples that are kept to look at."""
_MOST_TARGET_BYTES = 1 << 28
"""Above this only the first targets are kept, as for masks of images."""
_DIGEST = "__frostline_digest__"
"""Holds in a module what its code was when it was imported."""
_PAIR, _WEIGHED = 2, 3
_PLACES = re.compile(r"\{\{.*?\}\}")
"""TensorFlow's notes on where in a graph something happened."""
_HINT = "Return a tf.data.Dataset of (x, y), or two of them: (train, validation)."


def prepare_function(settings: TrainSettings, facts: ModelFacts) -> Prepared:
    """Runs a person's function, and goes once through what it gives, to count it and to look at it.

    Args:
        settings: The function, the consent to run it, and how it is to be read.
        facts: The model that the data are for.

    Raises:
        DataError: Nobody agreed to it, it failed, or it gives something else than data for the model.
        GivenUpError: Nobody waits for them any more.
    """
    name = function_name(settings.data)
    if name is None:
        raise DataError(f"{settings.data!r} is no function.", hint="Write FILE.py:function or module:function.")
    options = settings.data_options
    if options.validation or options.test:
        raise DataError(
            f"{name.short} gives all data itself; {options.validation or options.test} cannot be added to it.",
            hint="Return (train, validation) from the function.",
            field="validation" if options.validation else "test",
        )
    train, validation = _datasets(name, options.consent)
    reader = _Reader(name.short, facts, settings.batch_size)
    train_part = reader.part(train, "")
    validation_part = reader.part(validation, " for validation") if validation is not None else None
    held = validation_part.targets[0] if validation_part else None
    report = DataReport(
        kind="function",
        text=describe(train_part.inputs, train_part.targets, train_part.num_samples, 0),
        num_train=train_part.num_samples,
        num_validation=validation_part.num_samples if validation_part else 0,
        bars=(target_bars(train_part.targets[0], held, ()),),
        notes=_notes(name.short, has_validation=validation is not None, share=settings.validation_split),
    )
    weights = balancing_weights(train_part.targets[0], "multi-class") if options.balance_classes else None
    return Prepared(
        train_part,
        report,
        validation=validation_part,
        class_weight=weights,
        input_names=tuple(reader.input_names),
        target_names=tuple(reader.target_names),
        has_own_validation=validation is not None,
    )


def _notes(name: str, *, has_validation: bool, share: float) -> tuple[str, ...]:
    order = (
        f"{name} decides about the order of its samples itself: a run that is paused and goes on may get them in "
        "another order."
    )
    if has_validation or not share:
        return (order,)
    return order, f"{name} gives no validation data. Return (train, validation) to see how well the model generalizes."


# -- the function ---------------------------------------------------------------------------------------------


def _datasets(name: FunctionName, consent: str) -> tuple[tf.data.Dataset, tf.data.Dataset | None]:
    check_consent(name, consent)
    try:
        module = run_file(Path(name.place), consent) if name.is_file else run_module(name.place, consent)
    except (ModelError, FileError) as error:
        raise DataError(error.summary, hint="Mend it, then try again.", details=error.details) from error
    _check_fresh(name, module, consent)
    function = getattr(module, name.function, None)
    if not callable(function):
        known = [each for each, value in vars(module).items() if inspect.isfunction(value) and each[0] != "_"]
        raise DataError(
            f"There is no function {name.function} in {name.place}.",
            hint=f"Use one of: {', '.join(known)}." if known else "Define it there.",
        )
    given = _called(name, function)
    if isinstance(given, tuple | list) and len(given) == _PAIR and all(map(_is_dataset, given)):
        return given[0], given[1]
    if not _is_dataset(given):
        raise DataError(f"{name.short} returns {_kind(given)}, and no tf.data.Dataset.", hint=_HINT)
    return given, None


def _check_fresh(name: FunctionName, module: ModuleType, consent: str) -> None:
    """Refuses a module that Python has imported as it was before a change."""
    if not name.is_file and vars(module).setdefault(_DIGEST, consent) != consent:
        raise DataError(
            f"{name.place} has been changed since it was imported here.",
            hint="Restart Frostline, or give its file as FILE.py:function, which is read each time.",
        )


def _called(name: FunctionName, function: Callable[[], Any]) -> Any:
    needed = [
        each.name
        for each in inspect.signature(function).parameters.values()
        if each.default is each.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    ]
    if needed:
        raise DataError(
            f"{name.short} needs arguments ({', '.join(needed)}), but it is called without any.",
            hint="Give them defaults, or write a function around it.",
        )
    try:
        return function()
    except EditorError:
        raise
    # A person's own code may raise anything, even SystemExit.
    except BaseException as error:
        raise _failed(name.short, error) from error


def _failed(name: str, error: BaseException) -> DataError:
    return DataError(
        f"{name} failed{_line_of(error, name)}: {type(error).__name__}: {first_sentence(error)}",
        hint="Mend it, then try again.",
        details="".join(traceback.format_exception(error)),
    )


def _line_of(error: BaseException, name: str) -> str:
    """Where in the person's own file an error came from."""
    file = name.rpartition(":")[0]
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).name == file]
    return f" in line {lines[-1]}" if lines else ""


def _is_dataset(value: object) -> bool:
    return isinstance(value, tf.data.Dataset)


def _kind(value: object) -> str:
    if isinstance(value, tuple | list):
        return f"{type(value).__name__} of {', '.join(type(each).__name__ for each in value) or 'nothing'}"
    return "nothing" if value is None else type(value).__name__


# -- what it gives --------------------------------------------------------------------------------------------


@dataclass
class _Reader:
    """Brings datasets to batches of what a model takes, and goes through them once.

    Attributes:
        name: Of the function, in sentences.
        input_names: What each input is called in sentences.
        target_names: What each target is called in sentences.
    """

    name: str
    facts: ModelFacts
    batch_size: int
    input_names: list[str] = field(default_factory=list)
    target_names: list[str] = field(default_factory=list)

    def part(self, dataset: tf.data.Dataset, what: str) -> StreamPart:
        spec = dataset.element_spec
        if not isinstance(spec, tuple) or len(spec) not in (_PAIR, _WEIGHED):
            raise DataError(f"The dataset{what} of {self.name} gives {_spec_text(spec)}, and not (x, y).", hint=_HINT)
        if dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
            raise DataError(
                f"The dataset{what} of {self.name} never ends.", hint="Leave .repeat() out, or end it with .take(n)."
            )
        inputs = self._keys(spec[0], self.facts.input_names, self.facts.num_inputs, f"x{what}")
        targets = self._keys(spec[1], self.facts.output_names, self.facts.num_outputs, f"y{what}")
        if not what:
            self.input_names, self.target_names = _spoken("x", inputs), _spoken("y", targets)
        flat = dataset.map(lambda x, y, *weights: (_flat(x, inputs), _flat(y, targets), *weights))
        if not self._is_batched(flat.element_spec[0][0]):
            flat = flat.batch(self.batch_size)
        return self._gone_through(flat.prefetch(tf.data.AUTOTUNE), what)

    def _keys(self, spec: Any, names: Sequence[str], count: int, what: str) -> list[str]:
        """The keys or places of the tensors, in the order of the model."""
        flat = keras.tree.flatten(spec)
        odd = next((each for each in flat if not isinstance(each, tf.TensorSpec)), None)
        if odd is not None:
            raise DataError(
                f"{what} of {self.name} is a {type(odd).__name__.removesuffix('Spec')}, but plain tensors are needed.",
                hint="Turn it into a plain tensor, for example with tf.sparse.to_dense or .to_tensor().",
            )
        keys = list(spec) if isinstance(spec, dict) else [str(at) for at in range(len(flat))]
        if len(keys) != count:
            given = f"{len(keys)} tensor{'' if len(keys) == 1 else 's'}"
            raise DataError(
                f"{what} of {self.name} has {given}, but the model has {count}: {', '.join(names) or 'unnamed'}.",
                hint="Give one for each, as a dictionary by the model's names.",
            )
        if isinstance(spec, dict) and count > 1:
            absent = [name for name in names if name not in spec]
            if absent:
                raise DataError(
                    f"{what} of {self.name} has no tensor called {absent[0]!r}; it has {', '.join(keys)}.",
                    hint=f"Call them as the model does: {', '.join(names)}.",
                )
            return list(names)
        return keys

    def _is_batched(self, spec: tf.TensorSpec) -> bool:
        """Whether a tensor has an axis of samples before what the model takes."""
        shape = self.facts.input_shape(0)
        if shape is None or spec.shape.rank is None:
            return spec.shape.rank is None or (spec.shape.rank > 0 and spec.shape[0] is None)
        return bool(spec.shape.rank > len(shape))

    def _gone_through(self, dataset: tf.data.Dataset, what: str) -> StreamPart:
        """Counts batches and samples, and keeps what is to be looked at."""
        head: list[Any] = []
        targets: list[tuple[Array, ...]] = []
        num_samples = num_batches = num_bytes = 0
        try:
            for inputs, labels, *_ in dataset:
                batch = tuple(each.numpy() for each in labels)
                if num_samples < _NUM_HELD:
                    head.append(tuple(each.numpy() for each in inputs))
                if num_bytes < _MOST_TARGET_BYTES:
                    targets.append(batch)
                    num_bytes += sum(each.nbytes for each in batch)
                num_samples += len(batch[0])
                num_batches += 1
                note_progress(f"Counting the samples of {self.name}", num_samples, 0)
        except tf.errors.OpError as error:
            raise DataError(
                f"The dataset{what} of {self.name} failed in batch {num_batches + 1}: {_first_line(error)}",
                hint="Mend the function, then try again.",
                details=str(error),
            ) from error
        if not num_samples:
            raise DataError(f"The dataset{what} of {self.name} gives no samples.", hint="Look at what it reads.")
        return StreamPart(
            _joined(head), _joined(targets), dataset=dataset, num_given=num_samples, num_batches=num_batches
        )


def _flat(structure: Any, keys: Sequence[str]) -> tuple[tf.Tensor, ...]:
    if isinstance(structure, dict):
        return tuple(structure[key] for key in keys)
    return tuple(keras.tree.flatten(structure))


def _spoken(what: str, keys: Sequence[str]) -> list[str]:
    return [what] if len(keys) == 1 else [f"{what} {key}" for key in keys]


def _joined(batches: Sequence[tuple[Array, ...]]) -> tuple[Array, ...]:
    return tuple(np.concatenate(arrays) for arrays in zip(*batches, strict=True))


def _spec_text(spec: Any) -> str:
    return f"{len(spec)} things" if isinstance(spec, tuple) else "samples without targets"


def _first_line(error: tf.errors.OpError) -> str:
    """What went wrong in the person's own code, where TensorFlow wraps it in a long report."""
    lines = [_PLACES.sub("", line).strip() for line in str(error.message).splitlines() if line.strip()]
    line = next((line for line in lines if "Error: " in line), lines[0] if lines else "unknown error")
    return f"{line.rstrip('.')}."
