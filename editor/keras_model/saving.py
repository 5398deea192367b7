"""Saves a model with its freeze map, and calls it saved only when a reload has shown that everything is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from editor.errors import EditorError, FileError, ModelError
from editor.files.atomic import write_atomically
from editor.files.keras_archive import add_freeze_map, read_freeze_map
from editor.files.options import OpenOptions
from editor.files.saved_model.place import saved_model_folder
from editor.keras_model.error_text import first_sentence
from editor.keras_model.flags import flags_applied, forgotten_by_keras, rebased, tree_with_map
from editor.keras_model.h5_saving import OPTIMIZER_NOTE, is_h5, save_h5
from editor.keras_model.lora import lora_note, values_after_merging
from editor.keras_model.optimizer_state import OptimizerState, optimizer_state
from editor.keras_model.saved_optimizer import fit_optimizer
from editor.keras_model.tables import check_words, words_in_config, words_of
from editor.keras_model.values import weight_values
from editor.keras_model.walk import ModelIndex, walk_model
from editor.keras_model.written import load_written
from editor.layers.freeze_map import FreezeMap


@dataclass(frozen=True)
class WrittenModel:
    """A file that Keras has written and nobody has checked yet, with what must be found in it.

    Attributes:
        path: The `.keras` file.
        values: The value of each weight at the moment of writing, by `weight_id`; with LoRA what Keras makes of it.
        freeze_map: The map in the file.
        optimizer: The state of the optimizer at that moment, of the weights that train; None where there is none.
        words: What the tables of the model look up.
    """

    path: Path
    values: Sequence[np.ndarray[Any, Any]]
    freeze_map: FreezeMap
    optimizer: OptimizerState | None = None
    words: Sequence[tuple[Any, ...]] = ()


@dataclass(frozen=True)
class VerifiedModel:
    """What the reload of a written file has shown.

    Attributes:
        forgotten: Paths of the weights that plain `keras.saving.load_model` does not restore as frozen (fact F16).
        notes: What of the model is not in the file, a sentence each.
    """

    forgotten: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def check_target(target: Path) -> None:
    """Refuses a target that cannot be saved to.

    Raises:
        FileError: The name does not end in `.keras`, `.h5` or `.hdf5`, or there is no such folder, or it is one.
    """
    if not target.parent.is_dir():
        raise FileError(f"There is no folder {str(target.parent)!r}.", hint="Make it, or choose another.")
    if target.suffix != ".keras" and not is_h5(target):
        stem = target.name.removesuffix(".weights.h5")
        raise FileError(
            f"{target.name!r} does not end in .keras or .h5.",
            hint=f"Save it as {Path(stem).with_suffix('.keras').name!r}, which holds every flag.",
        )
    if target.is_dir() or saved_model_folder(target.parent):
        raise FileError(
            f"{str(target)!r} is {'a folder' if target.is_dir() else 'inside a SavedModel, which is left as it is'}.",
            hint="Save to a file beside it.",
        )


def write_model(index: ModelIndex, freeze_map: FreezeMap, path: Path) -> WrittenModel:
    """Writes a model with the flags of a map. The live model has the flags it had before (it may be in a run).

    To be called on the thread that changes the weights, or while none does. The optimizer is in the file as Keras
    writes it; only `verify_model` makes it that of the weights that train (fact F13).

    Args:
        index: The live model.
        freeze_map: The flags in the file.
        path: A temporary `.keras` path beside the target.

    Raises:
        ModelError: Keras cannot write this model.
        FreezeMapError: The map is not of this model.
    """
    check_words(index.model)
    tree = tree_with_map(index, freeze_map)
    state = optimizer_state(index)
    try:
        with flags_applied(index, tree), words_in_config(index.model, only_where_lost=True):
            index.model.save(path)
    except (EditorError, OSError):
        raise
    # Keras raises whatever a layer's get_config raised.
    except Exception as error:
        raise ModelError(
            f"Keras could not write this model: {first_sentence(error)}",
            hint="A custom layer needs a get_config() that returns its arguments.",
            details=repr(error),
        ) from error
    add_freeze_map(path, freeze_map)
    trains = {weight.weight_id for weight in tree.root.weights_below if tree.is_trainable(weight)}
    kept = state.only(trains) if state else None
    return WrittenModel(path, values_after_merging(index), freeze_map, kept, words_of(index.model))


def save_model(
    index: ModelIndex,
    freeze_map: FreezeMap,
    target: Path,
    *,
    custom_objects: dict[str, Any] | None = None,
    options: OpenOptions | None = None,
) -> VerifiedModel:
    """Writes beside the target, verifies, and only then renames over it; see `write_model` and `verify_model`.

    An `.h5` file is written without the optimizer's state; see `h5_saving`. It alone needs the `options` that the
    `custom_objects` are from.

    Raises:
        FileError: The target cannot be written.
        ModelError: Keras cannot write the model, or reading it back gave something else.
    """
    check_target(target)
    if is_h5(target):
        forgotten = save_h5(index, freeze_map, target, custom_objects=custom_objects, options=options)
        return VerifiedModel(forgotten, (OPTIMIZER_NOTE,) if index.model.compiled else ())
    with write_atomically(target) as path:
        return verify_model(write_model(index, freeze_map, path), custom_objects)


def verify_model(written: WrittenModel, custom_objects: dict[str, Any] | None = None) -> VerifiedModel:
    """Reloads a written file apart, holds every weight bit for bit and every flag one by one against it.

    The optimizer in the file becomes that of the weights that plain Keras trains after loading; see `fit_optimizer`.
    Where the file was written anew for that, it is reloaded once more.

    Raises:
        ModelError: The file does not give back what was saved.
    """
    index = walk_model(_read_back(written, custom_objects))
    notes = [lora_note(index)]
    if written.optimizer:
        fitted = fit_optimizer(written.path, written.optimizer, index, custom_objects)
        notes.append(fitted.note)
        if fitted.is_rewritten:
            index = walk_model(_read_back(written, custom_objects))
    saved_map = read_freeze_map(written.path)
    if saved_map != written.freeze_map:
        raise _unfaithful(written.path, "its freeze map differs")
    tree = tree_with_map(index, saved_map)
    if tree.freeze_map().layers != rebased(tree, written.freeze_map).layers:
        raise _unfaithful(written.path, "its layers differ")
    _check_weights(written, index)
    if words_of(index.model) != list(written.words):
        raise _unfaithful(written.path, "its vocabularies or bins differ")
    return VerifiedModel(forgotten_by_keras(index.model, index, tree), tuple(filter(None, notes)))


def _check_weights(written: WrittenModel, index: ModelIndex) -> None:
    if len(index.variables) != len(written.values):
        raise _unfaithful(written.path, f"it has {len(index.variables)} weights of {len(written.values)}")
    for variable, value, found in zip(index.variables, written.values, weight_values(index), strict=True):
        if found.dtype != value.dtype or found.tobytes() != value.tobytes():
            raise _unfaithful(written.path, f"the weight {variable.path!r} differs")


def _read_back(written: WrittenModel, custom_objects: dict[str, Any] | None) -> keras.Model:
    try:
        return load_written(written.path, custom_objects)
    except ModelError as error:
        shared = [(path, flags.also_at[0]) for path, flags in written.freeze_map.layers.items() if flags.also_at]
        cause = f"Keras cannot save a layer that is in two submodels: {' and '.join(shared[0])}. " if shared else ""
        text = error.summary.replace(repr(written.path.name), "it")
        raise ModelError(
            f"The model was written, but could not be read back: {text}",
            hint=f"{cause}Nothing was replaced; the file that was there is untouched.",
            details=error.details,
        ) from error


def _unfaithful(path: Path, what: str) -> ModelError:
    return ModelError(
        f"The model was written, but reading it back gave something else: {what}.",
        hint="Nothing was replaced; the file that was there is untouched. Please report this model.",
        details=str(path),
    )
