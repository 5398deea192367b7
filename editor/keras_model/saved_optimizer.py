"""Makes the optimizer in a written `.keras` file that of the weights which plain Keras trains (fact F13)."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

# Keras offers no public way to write a part of a model; this is what `model.save` calls for each part.
from keras.src.saving.saving_lib import H5IOStore, _save_state

from editor.errors import ModelError
from editor.files.keras_archive import drop_optimizer, replace_optimizer
from editor.files.stored_compile import Array, read_stored_compile
from editor.keras_model.compile_settings import compile_stored
from editor.keras_model.optimizer_state import OptimizerState, put_state
from editor.keras_model.walk import ModelIndex


@dataclass(frozen=True)
class FittedOptimizer:
    """What was done to a file.

    Attributes:
        is_rewritten: Whether the file is another than before.
        note: Why the optimizer had to be left out of the file, if it had to; None otherwise.
    """

    is_rewritten: bool = False
    note: str | None = None


def fit_optimizer(
    path: Path, state: OptimizerState, reloaded: ModelIndex, custom_objects: dict[str, Any] | None = None
) -> FittedOptimizer:
    """Gives each weight in a file its own slots, in the order in which plain Keras will ask for them.

    Plain Keras builds the optimizer for what trains after loading, which may be more than what is meant to train, as it
    forgets flags (fact F16); those weights get fresh slots. Where that is what the file holds, it is left as it is.

    Args:
        path: A `.keras` file that nobody else reads yet.
        state: The optimizer that was saved; slots of weights that do not train are not in it.
        reloaded: The model as `load_model` gave it from this file, uncompiled; afterwards it is compiled.
        custom_objects: Classes that the model needs, by name.

    Raises:
        ModelError: The file does not give back the slots that were put into it.
    """
    stored = read_stored_compile(path)
    notes = compile_stored(reloaded.model, stored, custom_objects or {}) if stored else ()
    if stored is None or notes or not reloaded.model.compiled:
        return _left_out(path, notes[0] if notes else "The model does not tell how it was compiled.")
    if put_state(reloaded, state).is_partly_unknown:
        return _left_out(path, "It keeps its state in a way that is not known, and the flags have changed.")
    optimizer = reloaded.model.optimizer
    wanted = [keras.ops.convert_to_numpy(variable) for variable in optimizer.variables]
    if _are_same(stored.variables, wanted):
        return FittedOptimizer()
    _write_optimizer(path, optimizer)
    again = read_stored_compile(path)
    if again is None or not _are_same(again.variables, wanted):
        raise ModelError(
            "The model was written, but reading it back gave something else: its optimizer differs.",
            hint="Nothing was replaced; the file that was there is untouched. Please report this model.",
            details=str(path),
        )
    return FittedOptimizer(is_rewritten=True)


def _left_out(path: Path, why: str) -> FittedOptimizer:
    drop_optimizer(path, path)
    return FittedOptimizer(is_rewritten=True, note=f"The optimizer is left out of the file. {why}")


def _are_same(found: Sequence[Array], wanted: Sequence[Array]) -> bool:
    return len(found) == len(wanted) and all(
        (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())
        for one, other in zip(found, wanted, strict=True)
    )


def _write_optimizer(path: Path, optimizer: keras.optimizers.Optimizer) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        file = Path(folder) / "optimizer.h5"
        store = H5IOStore(file, mode="w")
        _save_state(optimizer, store, None, inner_path="optimizer", visited_saveables=set())
        store.close()
        replace_optimizer(path, file)
