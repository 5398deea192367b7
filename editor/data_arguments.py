"""The options of the command line that say how data are read and prepared."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, get_args

import msgspec

from editor.errors import UsageError
from editor.training.data_options import (
    PREPROCESSINGS,
    Augmentation,
    ColumnUse,
    DataOptions,
    Fitting,
    MissingTreatment,
    Task,
)
from editor.training.data_report import DataReport
from editor.training.function_code import code_of, function_name

DATA_HELP = (
    "a .csv, .tsv or .parquet table, an .npz, .npy or .h5 file of arrays, a folder of images or arrays, a function as "
    "module:function or FILE.py:function (it will be run), or sample:digits"
)


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options to a command."""
    group = parser.add_argument_group("data")
    group.add_argument("--data", required=True, help=DATA_HELP)
    group.add_argument("--validation", default="", metavar="PATH", help="data of the same kind to validate on")
    group.add_argument("--test", default="", metavar="PATH", help="data of the same kind to evaluate at the end")
    group.add_argument("--task", choices=get_args(Task), default="auto", help="what is learned")
    group.add_argument(
        "--target",
        action="append",
        default=[],
        metavar="COLUMN",
        help="a column or array to learn; may be given several times",
    )
    _add_mapping(group, "--column", "NAME=USE", f"what a column is used as: {', '.join(get_args(ColumnUse))}")
    _add_mapping(
        group,
        "--missing",
        "COLUMN=TREATMENT",
        f"what becomes of missing values: {', '.join(get_args(MissingTreatment))}; category keeps words such as none "
        "as classes of a column that is learned",
    )
    _add_mapping(group, "--input-columns", "INPUT=NAME,...", "columns or arrays that an input of the model takes")
    _add_mapping(group, "--output-columns", "OUTPUT=NAME,...", "columns or arrays that an output of the model learns")
    group.add_argument(
        "--split-seed",
        type=int,
        default=0,
        metavar="N",
        help="draws another validation part; whatever the run's own seed, the part stays the same without it (0)",
    )
    _add_switches(group)
    _add_image_options(group)


def _add_mapping(group: Any, option: str, metavar: str, text: str) -> None:
    group.add_argument(option, action="append", default=[], metavar=metavar, help=f"{text}; may be given several times")


def _add_switches(group: Any) -> None:
    group.add_argument(
        "--series",
        action=argparse.BooleanOptionalAction,
        help="whether the columns of a table are one time series; found from the model if not said",
    )
    switches = (
        ("--standardize", True, "bring numbers of a table to mean 0 and standard deviation 1"),
        ("--stratify", True, "keep the shares of the classes in a validation part that is drawn"),
        ("--balance-classes", False, "let samples of rare classes weigh more in the loss"),
    )
    for option, default, text in switches:
        group.add_argument(option, action=argparse.BooleanOptionalAction, default=default, help=text)


def _add_image_options(group: Any) -> None:
    group.add_argument(
        "--fitting", choices=get_args(Fitting), default="stretch", help="how images are brought to the model's size"
    )
    group.add_argument(
        "--preprocessing",
        default=PREPROCESSINGS[0],
        metavar="NAME",
        help=f"what is done to the values of images: {', '.join(PREPROCESSINGS)}, or a module of keras.applications",
    )
    group.add_argument(
        "--augment",
        action="append",
        default=[],
        metavar="LAYER[:NAME=VALUE,...]",
        help="one of Keras's random layers, such as RandomRotation:factor=0.1; two numbers as 0.1/0.2",
    )


def data_options(options: argparse.Namespace) -> DataOptions:
    """The options as settings.

    Raises:
        UsageError: One has not the form that it needs.
        DataError: There is no file of the function that gives the data.
    """
    name = function_name(options.data)
    return DataOptions(
        validation=options.validation,
        test=options.test,
        task=options.task,
        targets=tuple(options.target),
        inputs=_lists("--input-columns", options.input_columns),
        outputs=_lists("--output-columns", options.output_columns),
        columns=_choices("--column", options.column, get_args(ColumnUse)),
        missing=_choices("--missing", options.missing, get_args(MissingTreatment)),
        is_series=options.series,
        standardize=options.standardize,
        split_seed=options.split_seed,
        is_stratified=options.stratify,
        fitting=options.fitting,
        preprocessing=options.preprocessing,
        augmentation=tuple(map(_augmentation, options.augment)),
        balance_classes=options.balance_classes,
        # Naming a function is the consent to run it.
        consent=code_of(name).digest if name else "",
    )


def data_notes(report: DataReport | None) -> tuple[str, ...]:
    """What a person should know about the data, a sentence each."""
    if report is None:
        return ()
    names = "; ".join(f"{skipped.name}: {skipped.reason}" for skipped in report.skipped[:3])
    more = "; …" if report.num_skipped > len(report.skipped[:3]) else ""
    return (*report.notes, *([f"{report.num_skipped:,} left out ({names}{more})"] if report.num_skipped else []))


def _pairs(option: str, given: Sequence[str]) -> dict[str, str]:
    # A column's name may hold an equals sign, what is said of it never does.
    pairs = [text.rpartition("=") for text in given]
    for text, (name, sign, value) in zip(given, pairs, strict=True):
        if not (name and sign and value):
            raise UsageError(f"{option} {text}: Write a name, an equals sign and what it is, without blanks.")
    return {name: value for name, _, value in pairs}


def _choices(option: str, given: Sequence[str], choices: Sequence[str]) -> dict[str, Any]:
    pairs = _pairs(option, given)
    for name, value in pairs.items():
        if value not in choices:
            raise UsageError(f"{option} {name}={value}: Use one of: {', '.join(choices)}.")
    return dict(pairs)


def _lists(option: str, given: Sequence[str]) -> dict[str, tuple[str, ...]]:
    pairs = [text.partition("=") for text in given]
    for text, (name, _, columns) in zip(given, pairs, strict=True):
        if not (name and columns):
            raise UsageError(f"{option} {text}: Write the model's name of it, an equals sign and the columns.")
    return {name: tuple(part for part in columns.split(",") if part) for name, _, columns in pairs}


def _augmentation(text: str) -> Augmentation:
    layer, _, arguments = text.partition(":")
    pairs = _pairs("--augment", [part for part in arguments.split(",") if part])
    return Augmentation(layer=layer, config={name: _value(value) for name, value in pairs.items()})


def _value(text: str) -> str | float | bool | list[float]:
    if text in ("true", "false"):
        return text == "true"
    try:
        return [float(part) for part in text.split("/")] if "/" in text else msgspec.convert(text, float, strict=False)
    except (ValueError, msgspec.ValidationError):
        return text
