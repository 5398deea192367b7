"""The settings of a run as lines of text: all that the form shows, and of the rest what is not as usual."""

from __future__ import annotations

import msgspec

from editor.training.data_options import Augmentation, DataOptions
from editor.training.settings import TrainSettings
from editor.training.words import AUTOMATIC
from widgets.data.words import FITTINGS, TASKS, preprocessing_words
from widgets.training.data_choices import DIGITS, SAMPLE_TEXT
from widgets.training.number_fields import decimal_text
from widgets.training.setting_words import TITLES
from widgets.training.wording import automatic_text, words_for

_OF_DATA = {
    "task": "Task",
    "targets": "Targets",
    "inputs": "Inputs",
    "outputs": "Outputs",
    "columns": "Columns",
    "missing": "Missing values",
    "is_series": "Time series",
    "standardize": "Standardize numbers",
    "split_seed": "Split seed",
    "is_stratified": "Keep the shares of the classes",
    "fitting": "Other shapes",
    "preprocessing": "Values of images",
    "augmentation": "Augmentation",
    "balance_classes": "Balance classes",
}
_ALWAYS = ("optimizer", "learning_rate", "batch_size", "epochs", "loss", "metrics")
_SOMETIMES = (
    "monitor",
    "keep",
    "early_stopping",
    "reduce_on_plateau",
    "checkpoint_epochs",
    "stop_on_nan",
    "mixed_precision",
    "jit_compile",
    "tensorboard",
)


def setting_texts(settings: TrainSettings) -> dict[str, str]:
    """What each setting is, by what the form calls it, in the form's order."""
    options = settings.data_options
    texts = {
        "Data": SAMPLE_TEXT if settings.data == DIGITS else settings.data,
        "Validation": options.validation or f"{100 * settings.validation_split:g} % of the data",
    }
    if options.test:
        texts["Test"] = options.test
    texts |= {TITLES[name]: _words(name, getattr(settings, name)) for name in _ALWAYS}
    texts |= _unusual(settings, TrainSettings(data=""), {name: TITLES[name] for name in _SOMETIMES})
    return texts | _unusual(options, DataOptions(), _OF_DATA)


def _unusual(chosen: msgspec.Struct, usual: msgspec.Struct, titles: dict[str, str]) -> dict[str, str]:
    """The fields that are not as they are where nothing was chosen."""
    return {
        title: _words(name, getattr(chosen, name))
        for name, title in titles.items()
        if getattr(chosen, name) != getattr(usual, name)
    }


def _words(name: str, value: object) -> str:
    """A value as the form has it."""
    match name:
        case "task":
            return TASKS[value]
        case "fitting":
            return FITTINGS[value]
        case "preprocessing":
            return preprocessing_words(str(value))
        case "optimizer" | "loss" | "monitor":
            return _name(str(value))
        case "metrics":
            return ", ".join(_name(metric) for metric in value) if isinstance(value, tuple) else ""
    return _plain(value)


def _name(keras_name: str) -> str:
    return automatic_text(()) if keras_name == AUTOMATIC else words_for(keras_name)


def _plain(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case float():
            return decimal_text(value)
        case tuple() | list():
            return ", ".join(_plain(part) for part in value)
        case dict():
            return ", ".join(f"{key} {_plain(part)}" for key, part in value.items())
        case msgspec.Struct():
            return _of_struct(value)
    return f"{value:,}" if isinstance(value, int) else str(value)


def _of_struct(value: msgspec.Struct) -> str:
    if isinstance(value, Augmentation):
        return f"{value.layer} ({_plain(value.config)})" if value.config else value.layer
    fields = msgspec.structs.asdict(value)
    return _plain({name.replace("_", " "): part for name, part in fields.items()})
