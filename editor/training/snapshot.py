"""All variables of a model, in memory or as a revision of the workspace folder, and back (facts F12, F27)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import msgspec
import numpy as np

from editor.errors import FileError
from editor.keras_model.compile_settings import compile_as, compile_text, uncompile
from editor.keras_model.optimizer_state import OptimizerState, Role, optimizer_state, put_state
from editor.keras_model.walk import ModelIndex
from editor.runs.revisions import Array, Revision, RevisionMeta, write_revision


def live_variables(model: keras.Model) -> list[keras.Variable]:
    """All that training changes: weights, seed generators, and the states of stateful recurrent layers.

    Keras keeps the states out of `model.variables`; they are there as soon as the layer has seen a batch.
    """
    variables = list(model.variables)
    for layer in model._flatten_layers():
        states = keras.tree.flatten(getattr(layer, "states", None)) if isinstance(layer, keras.layers.RNN) else []
        variables += [state for state in states if isinstance(state, keras.Variable)]
    return variables


@dataclass(frozen=True)
class ModelState:
    """All that training changes, at one moment, copied.

    Attributes:
        variables: The value of each of `live_variables`, in their order.
        optimizer: None where there was none.
    """

    variables: Sequence[Array]
    optimizer: OptimizerState | None

    @classmethod
    def of(cls, index: ModelIndex) -> ModelState:
        """Copies the state of a live model."""
        return cls([np.array(value) for value in _values(live_variables(index.model))], optimizer_state(index))

    def put_back(self, index: ModelIndex) -> None:
        """Gives a live model, compiled for the same optimizer, this state."""
        for variable, value in zip(live_variables(index.model), self.variables, strict=True):
            variable.assign(value)
        if self.optimizer:
            put_state(index, self.optimizer)


def write_snapshot(index: ModelIndex, path: Path, meta: RevisionMeta) -> None:
    """Writes all `live_variables`, how the model is compiled, and its optimizer's variables.

    Raises:
        FileError: The file cannot be written.
    """
    state = optimizer_state(index)
    if state:
        meta = msgspec.structs.replace(
            meta,
            compile_config=compile_text(index.model),
            optimizer_roles=tuple((role.name, role.weight_id) for role in state.values),
            optimizer_weights=state.weight_ids,
            iterations=state.num_steps,
        )
    write_revision(path, _values(live_variables(index.model)), list(state.values.values()) if state else [], meta)


def _values(variables: list[keras.Variable]) -> list[Array]:
    return [keras.ops.convert_to_numpy(variable) for variable in variables]


def restore(index: ModelIndex, revision: Revision, custom_objects: dict[str, Any] | None = None) -> int:
    """Puts the variables of a revision back, and the optimizer that the model had then, or none.

    Args:
        index: The live model; the flags of its weights are left as they are.
        revision: What to put back.
        custom_objects: Classes and functions that the compile settings may name.

    Returns:
        The number of the revision.

    Raises:
        FileError: The revision is of another model; nothing was changed.
    """
    variables = live_variables(index.model)
    shapes = [tuple(variable.shape) for variable in variables]
    if shapes != [value.shape for value in revision.variables]:
        raise FileError(
            "The kept weights are of another model than the file that is open.",
            hint="The file was changed meanwhile; the kept weights were not used.",
        )
    for variable, value in zip(variables, revision.variables, strict=True):
        variable.assign(value)
    _restore_optimizer(index, revision, custom_objects)
    return revision.meta.revision


def _restore_optimizer(index: ModelIndex, revision: Revision, custom_objects: dict[str, Any] | None) -> None:
    meta = revision.meta
    if meta.compile_config is None or len(meta.optimizer_roles) != len(revision.optimizer):
        uncompile(index.model)
        return
    weights = [index.variables[weight_id] for weight_id in meta.optimizer_weights if weight_id >= 0]
    compile_as(index.model, meta.compile_config, weights, custom_objects)
    roles = (Role(name, weight_id) for name, weight_id in meta.optimizer_roles)
    state = OptimizerState({}, meta.optimizer_weights, dict(zip(roles, revision.optimizer, strict=True)))
    if getattr(index.model, "optimizer", None):
        put_state(index, state)
