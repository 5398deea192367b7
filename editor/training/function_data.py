"""Data that a person's own Python function gives as a `tf.data.Dataset`."""

from __future__ import annotations

import contextlib
import inspect
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import tensorflow as tf

from editor.errors import DataError, EditorError, FileError, ModelError
from editor.keras_model.custom_code import run_file, run_module
from editor.keras_model.error_text import first_sentence
from editor.training.data.parts import Prepared, StreamPart
from editor.training.data.reporting import balancing_weights, describe, target_bars
from editor.training.data_report import Bar, DataReport
from editor.training.dataset_reader import EXPECTED, DatasetReader
from editor.training.function_code import FunctionName, check_consent, function_name
from editor.training.model_facts import ModelFacts
from editor.training.settings import TrainSettings

_DIGEST = "__frostline_digest__"
"""Holds in a module what its code was when it was imported."""
_PAIR = 2


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
    reader = DatasetReader(name.short, facts, settings.batch_size)
    train_part = reader.part(train, "")
    validation_part = reader.part(validation, " for validation") if validation is not None else None
    held = validation_part.targets[0] if validation_part else None
    bars = target_bars(train_part.targets[0], held, ())
    _refuse_one_class(name.short, train_part, bars)
    report = DataReport(
        kind="function",
        text=describe(train_part.inputs, train_part.targets, train_part.num_samples),
        num_train=train_part.num_samples,
        num_validation=validation_part.num_samples if validation_part else 0,
        bars=(bars,),
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


def _refuse_one_class(name: str, part: StreamPart, bars: tuple[Bar, ...]) -> None:
    if len(bars) == 1 and part.num_samples > 1:
        raise DataError(
            f"{name} gives samples of one class only, {bars[0].name}; a model learns to tell at least two apart.",
            hint="Add samples of another class.",
        )


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
        raise DataError(f"{name.short} returns {_kind(given)}, and no tf.data.Dataset.", hint=EXPECTED)
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
        # Standard output is for a command's own words, also when the function prints.
        with contextlib.redirect_stdout(sys.stderr):
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
