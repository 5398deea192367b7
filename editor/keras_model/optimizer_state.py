"""The state of an optimizer as plain data, by weight, so that it survives a change of flags (facts F11 to F13)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt

from editor.keras_model.walk import ModelIndex

Array = npt.NDArray[Any]

_BOOKKEEPING = frozenset({"_variables", "_trainable_variables"})
_AVERAGES = "_model_variables_moving_average"
_LEARNING_RATE = "_learning_rate"
_UNKNOWN = "#"
_INNER = "inner_optimizer/"


class Role(NamedTuple):
    """What one variable of an optimizer is.

    Attributes:
        name: The optimizer's own attribute that holds it, such as `_momentums`, that of an inner optimizer after its
            attribute and a `/`; `#0`, `#1`, … where no attribute tells.
        weight_id: The weight whose slot it is; None for what belongs to no weight, such as the number of steps.
    """

    name: str
    weight_id: int | None = None

    @property
    def is_unknown(self) -> bool:
        """Whether nothing tells what the variable is for."""
        return self.name.startswith(_UNKNOWN)

    @property
    def is_learning_rate(self) -> bool:
        """Whether it is the learning rate."""
        return self.name.rpartition("/")[2] == _LEARNING_RATE


@dataclass(frozen=True)
class OptimizerState:
    """An optimizer at one moment; a copy, which no training changes.

    Attributes:
        config: Keras's serialized form of the optimizer, the learning rate as it was then.
        weight_ids: The weights that it trains, in its order.
        values: Every variable of the optimizer.
    """

    config: dict[str, Any]
    weight_ids: tuple[int, ...]
    values: dict[Role, Array]

    @property
    def num_steps(self) -> int:
        """The number of steps made; an accumulation of gradients counts each of its batches."""
        found = [value for role, value in self.values.items() if role.name.rpartition("/")[2] == "_iterations"]
        # An optimizer that wraps another counts nothing itself.
        return max((int(value) for value in found), default=0)

    def slots(self, weight_id: int) -> dict[str, Array]:
        """The slots of one weight, by name."""
        return {role.name: value for role, value in self.values.items() if role.weight_id == weight_id}

    def only(self, weight_ids: Collection[int]) -> OptimizerState:
        """The same state without the slots of other weights."""
        values = {role: value for role, value in self.values.items() if role.weight_id in {None, *weight_ids}}
        return replace(self, values=values)

    def wrapped(self) -> OptimizerState:
        """The same state under the names that it has in an optimizer which Keras has wrapped (mixed precision)."""
        if any(role.name.startswith(_INNER) for role in self.values):
            return self
        return replace(self, values={Role(_INNER + role.name, role.weight_id): at for role, at in self.values.items()})


@dataclass(frozen=True)
class Carried:
    """What an optimizer took over from a state.

    Attributes:
        kept: The weights whose slots it took over, all of them.
        fresh: The weights that have slots which start fresh.
        is_partly_unknown: Whether a variable that nothing tells the use of had to start fresh.
    """

    kept: tuple[int, ...]
    fresh: tuple[int, ...]
    is_partly_unknown: bool


def innermost(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """The optimizer that moves the weights: Keras wraps it where the precision is mixed."""
    return getattr(optimizer, "inner_optimizer", optimizer)


def roles_of(optimizer: keras.optimizers.Optimizer, index: ModelIndex) -> dict[Role, keras.Variable]:
    """Every variable of an optimizer by its role.

    All optimizers of Keras 3 keep the slots of one kind in a list as long as that of the weights they train, in the
    same order. So no class needs to be known.
    """
    weight_ids = {id(variable): weight_id for weight_id, variable in enumerate(index.variables)}
    found: dict[int, Role] = {}
    for role, variable in _found_roles(optimizer, weight_ids, ""):
        found.setdefault(id(variable), role)
    unknown = [variable for variable in optimizer.variables if id(variable) not in found]
    found |= {id(variable): Role(f"{_UNKNOWN}{at}") for at, variable in enumerate(unknown)}
    return {found[id(variable)]: variable for variable in optimizer.variables}


def _found_roles(
    optimizer: keras.optimizers.Optimizer, weight_ids: dict[int, int], prefix: str
) -> Iterator[tuple[Role, keras.Variable]]:
    own = set(map(id, optimizer.variables))
    trained = list(optimizer._trainable_variables)
    for name, value in vars(optimizer).items():
        if name in _BOOKKEEPING:
            continue
        if isinstance(value, keras.Variable) and id(value) in own:
            yield Role(prefix + name), value
        elif isinstance(value, keras.optimizers.Optimizer):
            yield from _found_roles(value, weight_ids, f"{prefix}{name}/")
        elif isinstance(value, list | tuple) and len(value) == len(trained):
            for weight, slot in zip(trained, value, strict=True):
                # The place is None where a weight has no such slot.
                if isinstance(slot, keras.Variable) and id(slot) in own and id(weight) in weight_ids:
                    yield Role(prefix + name, weight_ids[id(weight)]), slot


def optimizer_state(index: ModelIndex) -> OptimizerState | None:
    """A copy of the state of a live model's optimizer; None where there is none."""
    optimizer = getattr(index.model, "optimizer", None) if index.model.compiled else None
    if optimizer is None:
        return None
    values = {
        role: np.array(keras.ops.convert_to_numpy(variable)) for role, variable in roles_of(optimizer, index).items()
    }
    return OptimizerState(keras.optimizers.serialize(optimizer), trained_weights(optimizer, index), values)


def trained_weights(optimizer: keras.optimizers.Optimizer, index: ModelIndex) -> tuple[int, ...]:
    """The ids of the weights that an optimizer was built for, in its order."""
    weight_ids = {id(variable): weight_id for weight_id, variable in enumerate(index.variables)}
    return tuple(weight_ids.get(id(variable), -1) for variable in optimizer._trainable_variables)


def put_state(index: ModelIndex, state: OptimizerState, *, with_learning_rate: bool = True) -> Carried:
    """Puts a state into the optimizer of a live model, bit for bit; what has no counterpart is left as it is.

    Args:
        index: A compiled model whose optimizer is built.
        state: Of an optimizer of the same class, maybe of other weights and settings.
        with_learning_rate: Whether to take the learning rate over too.
    """
    optimizer = index.model.optimizer
    roles = roles_of(optimizer, index)
    is_same_list = trained_weights(optimizer, index) == state.weight_ids
    fresh = []
    for role, variable in roles.items():
        value = None if role.is_unknown and not is_same_list else state.values.get(role)
        if role.is_learning_rate and not with_learning_rate:
            continue
        if value is not None and _fits(value, variable):
            variable.assign(value)
        else:
            fresh.append(role)
            _start_average(index, role, variable)
    fresh_ids = {role.weight_id for role in fresh}
    slots = dict.fromkeys(role.weight_id for role in roles if role.weight_id is not None)
    return Carried(
        tuple(weight_id for weight_id in slots if weight_id not in fresh_ids),
        tuple(weight_id for weight_id in slots if weight_id in fresh_ids),
        any(role.is_unknown for role in fresh),
    )


def _start_average(index: ModelIndex, role: Role, variable: keras.Variable) -> None:
    """Keras lets the moving average of a weight begin at the weight in step 0 only; later it would begin at zero."""
    if role.weight_id is not None and role.name.rpartition("/")[2] == _AVERAGES:
        variable.assign(index.variables[role.weight_id])


def _fits(value: Array, variable: keras.Variable) -> bool:
    return value.shape == tuple(variable.shape) and keras.backend.standardize_dtype(value.dtype) == variable.dtype
