"""The state in which a model is compiled: kept from the file it was opened from, put down as text, and put back."""

from __future__ import annotations

import inspect
import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from editor.errors import EditorError
from editor.files.keras_knows import optimizer_class
from editor.files.origins import without_origins
from editor.files.stored_compile import Array, StoredCompile, read_stored_compile
from editor.keras_model.error_text import first_sentence
from editor.keras_model.lambdas import unmarshalling_forbidden
from editor.keras_model.optimizer_state import optimizer_state
from editor.keras_model.walk import ModelIndex

_LEGACY_KEYS = ("loss", "metrics", "weighted_metrics", "loss_weights")
_NOT_RESTORED = "Of how the model was compiled this could not be restored"
_A_LAMBDA = "(a lambda)"
# Keras makes something of these when it sees the outputs.
_CHOSEN_BY_OUTPUT = ("acc", "accuracy", "ce", "crossentropy")
_FRESH = "the optimizer starts fresh"


def restore_from_file(index: ModelIndex, path: Path, custom_objects: dict[str, Any]) -> tuple[str, ...]:
    """Compiles a model as its file says, with the optimizer's slots; runs no code from the file.

    To be called with the flags that Keras read from the file: it keeps the slots in the order of what trains then.

    Args:
        index: The model as `load_model` gave it, uncompiled.
        path: The file.
        custom_objects: Classes and functions that it may name.

    Returns:
        What could not be restored, a sentence each.
    """
    try:
        stored = read_stored_compile(path)
    except EditorError as error:
        return (f"The compile settings in the file cannot be read: {error.summary}",)
    if stored is None:
        return ()
    notes = compile_stored(index.model, stored, custom_objects)
    if not index.model.compiled or index.model.optimizer is None or not stored.variables:
        return notes
    problem = _take_over_by_name(index, stored) if stored.is_legacy else _take_over(index, stored.variables)
    return (*notes, f"{problem}; {_FRESH}.") if problem else notes


def compile_stored(model: keras.Model, stored: StoredCompile, custom_objects: dict[str, Any]) -> tuple[str, ...]:
    """Compiles a model with the settings in a file, with a new optimizer for the weights that train now.

    Returns:
        What could not be restored, a sentence each.
    """
    return _compile(model, stored.config, custom_objects, is_legacy=stored.is_legacy)


def compile_text(model: keras.Model) -> str | None:
    """The compile settings of a live model as JSON, the optimizer's configuration among them; None if uncompiled."""
    return json.dumps(model.get_compile_config()) if model.compiled else None


def compile_as(
    model: keras.Model, text: str, trained: Sequence[keras.Variable], custom_objects: dict[str, Any] | None = None
) -> tuple[str, ...]:
    """Compiles a model as `compile_text` said, with a new optimizer.

    Args:
        model: The live model.
        text: What `compile_text` gave.
        trained: The weights that the optimizer is for, whatever the flags are now.
        custom_objects: Classes and functions that the settings may name.

    Returns:
        What could not be restored, a sentence each.
    """
    return _compile(model, json.loads(text), custom_objects or {}, trained=trained)


def renew_optimizer(index: ModelIndex, custom_objects: dict[str, Any]) -> bool:
    """Compiles a model as it is compiled, with a new optimizer for the same weights, whose values are others now.

    Returns:
        Whether there was an optimizer with a state.
    """
    text, state = compile_text(index.model), optimizer_state(index)
    if text is None or state is None:
        return False
    trained = [index.variables[weight_id] for weight_id in state.weight_ids if weight_id >= 0]
    _compile(index.model, json.loads(text), custom_objects, trained=trained)
    return True


def uncompile(model: keras.Model) -> None:
    """Takes back what `compile` has set, so that the model is saved without an optimizer."""
    model.compiled = False
    model.optimizer = None
    model.loss = None
    model._compile_loss = None
    model._compile_metrics = None
    model._loss_tracker = None


# -- compiling ------------------------------------------------------------------------------------------------


def _compile(
    model: keras.Model,
    config: dict[str, Any],
    custom_objects: dict[str, Any],
    *,
    is_legacy: bool = False,
    trained: Sequence[keras.Variable] | None = None,
) -> tuple[str, ...]:
    """Compiles and builds the optimizer, for what trains now if nothing else is said; tells what cannot be made."""
    # A copy, as Keras takes things out of it while it reads; it must import nothing that a file names.
    config = without_origins(config)
    has_own_compile = type(model).compile is not keras.Model.compile
    with warnings.catch_warnings(), keras.saving.custom_object_scope(custom_objects), unmarshalling_forbidden():
        # Old files bring arguments that Keras only warns about.
        warnings.simplefilter("ignore")
        try:
            if has_own_compile:
                model.compile_from_config(config)
                missing = [] if model.compiled else ["its own compile()"]
            else:
                make = _legacy_arguments if is_legacy else _arguments
                arguments, missing = make(config, custom_objects)
                if "optimizer" in arguments:
                    model.compile(**arguments)
            if model.compiled and model.optimizer is not None and not model.optimizer.built:
                model.optimizer.build(model.trainable_variables if trained is None else list(trained))
        # Keras raises whatever it met, and so does a class of the user's own.
        except Exception as error:  # noqa: BLE001
            uncompile(model)
            return (f"The compile settings in the file cannot be restored: {first_sentence(error)}",)
    if not missing:
        return ()
    return (f"{_NOT_RESTORED}: {', '.join(missing)}.",)


def _arguments(config: dict[str, Any], custom_objects: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The arguments of `compile` as far as they can be made, and what stood in the places of the others."""
    arguments, missing = {}, []
    for key, value in config.items():
        try:
            arguments[key] = keras.saving.deserialize_keras_object(value, custom_objects, safe_mode=True)
        # Keras raises TypeError or ValueError for an unknown class, a custom class what it likes.
        except Exception:  # noqa: BLE001
            missing.append(_named(key, value))
    return arguments, missing


def _legacy_arguments(config: dict[str, Any], custom_objects: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The same from a `training_config`; names stay names, over which Keras's own reload fails (fact F21)."""
    arguments, missing = {}, []
    parts = {"optimizer": config.get("optimizer_config"), **{key: config.get(key) for key in _LEGACY_KEYS}}
    for key, value in parts.items():
        try:
            arguments[key] = _legacy_argument(key, value, custom_objects)
        # As above.
        except Exception:  # noqa: BLE001
            missing.append(_named(key, value))
    if (config.get("optimizer_config") or {}).get("config", {}).get("decay"):
        missing.append("the decay of the learning rate, which Keras 3 does not have")
    return arguments, missing


def _legacy_argument(key: str, value: Any, custom_objects: dict[str, Any]) -> Any:
    match value:
        case {"class_name": str(), **_rest} if key == "optimizer":
            return _legacy_optimizer(value, custom_objects)
        case {"class_name": str(), **_rest}:
            return _legacy_object(key, value, custom_objects)
        case dict():
            return {name: _legacy_argument(key, inner, custom_objects) for name, inner in value.items()}
        case list() if key == "loss_weights":
            return value
        case list():
            return [_legacy_argument(key, inner, custom_objects) for inner in value]
        case str() if value not in custom_objects and value not in _CHOSEN_BY_OUTPUT:
            # A name that nobody knows would be found out by the first batch only.
            (keras.losses if key == "loss" else keras.metrics).get(value)
    return custom_objects.get(value, value) if isinstance(value, str) else value


def _legacy_object(key: str, value: dict[str, Any], custom_objects: dict[str, Any]) -> Any:
    """A loss or metric of Keras 3 or 2; the latter wrote the function inside by its name, and had `auto` reductions."""
    config = dict(value["config"])
    function = config.pop("fn") if isinstance(config.get("fn"), str) else None
    if function and value["class_name"] == "MeanMetricWrapper":
        return keras.metrics.MeanMetricWrapper(_function(function), name=config["name"])
    if config.get("reduction") == "auto":
        config["reduction"] = "sum_over_batch_size"
    return (keras.losses if key == "loss" else keras.metrics).deserialize({**value, "config": config}, custom_objects)


def _function(name: str) -> Any:
    """The function of Keras that computes a metric or loss."""
    found = getattr(keras.metrics, name, None) or getattr(keras.losses, name, None)
    if not inspect.isfunction(found):
        raise ValueError(name)
    return found


def _legacy_optimizer(value: dict[str, Any], custom_objects: dict[str, Any]) -> keras.optimizers.Optimizer:
    """An optimizer of Keras 3 or 2; the latter had arguments that are gone, and called the learning rate `lr`."""
    config = dict(value["config"])
    name = optimizer_class(value["class_name"])
    if "lr" in config:
        config["learning_rate"] = config.pop("lr")
    for gone in ("decay", "is_legacy_optimizer", "jit_compile"):
        config.pop(gone, None)
    return keras.optimizers.deserialize({**value, "class_name": name, "config": config}, custom_objects)


def _named(key: str, value: Any) -> str:
    names = _names_in(value)
    why = "whose code is not run" if _A_LAMBDA in names else "which Keras does not know"
    return f"{key} {names}, {why}"


def _names_in(value: Any) -> str:
    """The names of the classes and functions that serialized objects stand for."""
    match value:
        case {"class_name": "function" | "Function", "config": str(name), **_rest}:
            return repr(name)
        case {"class_name": "__lambda__" | "Lambda"} | "__lambda__" | "<lambda>":
            return _A_LAMBDA
        case {"class_name": str(name), **_rest}:
            return repr(name)
        case dict():
            return ", ".join(map(_names_in, value.values()))
        case list():
            return ", ".join(map(_names_in, value))
        case _:
            return repr(value)


# -- the optimizer's variables --------------------------------------------------------------------------------


def _take_over(index: ModelIndex, values: tuple[Array, ...]) -> str | None:
    """Assigns the stored variables in order, as Keras does; what is wrong with them, if something is."""
    optimizer = index.model.optimizer
    variables = optimizer.variables
    if len(values) == len(type(optimizer).from_config(optimizer.get_config()).variables):
        # It was saved before the first step, when it had no slots.
        return None
    if len(values) != len(variables):
        return f"The optimizer in the file has {len(values)} variables instead of {len(variables)}"
    wrong = [variable.path for variable, value in zip(variables, values, strict=True) if not _fits(value, variable)]
    if wrong:
        return f"The optimizer's state in the file is of other weights ({wrong[0]})"
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    return None


def _take_over_by_name(index: ModelIndex, stored: StoredCompile) -> str | None:
    """Assigns what an HDF5 file holds by the names in it, which tell more than the order."""
    if not stored.keras_version.startswith("3"):
        return "The optimizer's state is that of an older Keras, which kept it in another way"
    variables = {_below(variable.path): variable for variable in index.model.optimizer.variables}
    values = {_below(name): value for name, value in zip(stored.names, stored.variables, strict=True)}
    is_unambiguous = len(variables) == len(index.model.optimizer.variables) and len(values) == len(stored.names)
    if not is_unambiguous or variables.keys() != values.keys():
        return "The optimizer's state in the file is of other weights than train in it"
    if any(not _fits(values[name], variable) for name, variable in variables.items()):
        return "The optimizer's state in the file is of other weights than train in it"
    for name, variable in variables.items():
        variable.assign(values[name])
    return None


def _below(path: str) -> str:
    """A variable's path without the name of its optimizer."""
    return path.partition("/")[2] or path


def _fits(value: np.ndarray[Any, Any], variable: keras.Variable) -> bool:
    return bool(value.shape == tuple(variable.shape))
