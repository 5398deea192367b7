"""The order in which Keras's optimizers keep their state, and how it moves when other weights train (fact F13)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from editor.layers.records import WeightRecord

AS_THE_WEIGHT = "as the weight"
"""The start of a slot that begins with its weight's own value."""


@dataclass(frozen=True)
class Slot:
    """One value that an optimizer keeps for each weight, of the weight's shape and dtype.

    Attributes:
        name: Keras's ending of the variable's name.
        start: The number that it is filled with when Keras makes it, or `AS_THE_WEIGHT`.
    """

    name: str
    start: float | str = 0.0


@dataclass(frozen=True)
class SlotLayout:
    """The order of an optimizer's variables.

    Attributes:
        num_first: Variables before all slots: the step count and, where it is no schedule, the learning rate.
        blocks: Each block has all its slots of the first weight, then all of the second, and so on.
        num_last: Variables after all slots.
    """

    num_first: int
    blocks: tuple[tuple[Slot, ...], ...]
    num_last: int = 0

    def shapes(self, weights: Sequence[WeightRecord]) -> list[tuple[int, ...]]:
        """The shape of each variable between the first and the last ones."""
        return [weight.shape for block in self.blocks for weight in weights for _ in block]

    def num_variables(self, weights: Sequence[WeightRecord]) -> int:
        """The number of all variables."""
        return self.num_first + len(self.shapes(weights)) + self.num_last


@dataclass(frozen=True)
class Kept:
    """A variable that is in the file already, by its index there."""

    index: int


@dataclass(frozen=True)
class Fresh:
    """A slot that starts anew."""

    weight: WeightRecord
    slot: Slot


Variable = Kept | Fresh


def slot_layout(optimizer: Mapping[str, Any]) -> SlotLayout | None:
    """The layout of a serialized optimizer (`{"class_name": …, "config": …}`); None if it is not known.

    As `build` of each class of `keras.optimizers` makes them in Keras 3.15. An average of weights (`use_ema`) starts
    with the weight: Keras starts it with zeros, and gives it the weight in the first step, which is over here.
    """
    settings = optimizer.get("config")
    if not str(optimizer.get("module", "keras")).startswith("keras") or not isinstance(settings, dict):
        return None
    own = _own_blocks(str(optimizer.get("class_name")), settings)
    if own is None:
        return None
    common = []
    if settings.get("use_ema"):
        common.append((Slot("average", AS_THE_WEIGHT),))
    if settings.get("gradient_accumulation_steps"):
        common.append((Slot("gradient_accumulator"),))
    is_schedule = isinstance(settings.get("learning_rate"), dict)
    return SlotLayout(1 if is_schedule else 2, (*common, *own), int(optimizer.get("class_name") == "Nadam"))


def _own_blocks(class_name: str, settings: Mapping[str, Any]) -> tuple[tuple[Slot, ...], ...] | None:
    def when(setting: str, *names: str) -> list[tuple[str, ...]]:
        return [names] if settings.get(setting) else []

    known: dict[str, list[tuple[str, ...]]] = {
        "SGD": when("momentum", "momentum"),
        "Adam": [("momentum", "velocity"), *when("amsgrad", "velocity_hat")],
        "AdamW": [("momentum", "velocity"), *when("amsgrad", "velocity_hat")],
        "Nadam": [("momentum", "velocity")],
        "Lamb": [("momentum", "velocity")],
        "Adamax": [("momentum", "norm")],
        "RMSprop": [("velocity",), *when("momentum", "momentum"), *when("centered", "average_gradient")],
        "Adagrad": [("accumulator",)],
        "Adadelta": [("accumulated_grad", "accumulated_delta_var")],
        "Lion": [("momentum",)],
        "Ftrl": [("accumulator", "linear")],
    }
    starts = {"accumulator": float(settings.get("initial_accumulator_value") or 0.0)}
    blocks = known.get(class_name)
    return (
        None
        if blocks is None
        else tuple(tuple(Slot(name, starts.get(name, 0.0)) for name in block) for block in blocks)
    )


def moved_slots(layout: SlotLayout, was: Sequence[WeightRecord], now: Sequence[WeightRecord]) -> list[Variable]:
    """Each variable of the optimizer when it trains the weights `now`, where those of `was` are in the file."""
    places = {weight.weight_id: at for at, weight in enumerate(was)}
    variables: list[Variable] = [Kept(at) for at in range(layout.num_first)]
    start = layout.num_first
    for block in layout.blocks:
        for weight in now:
            at = places.get(weight.weight_id)
            for number, slot in enumerate(block):
                variables.append(Fresh(weight, slot) if at is None else Kept(start + at * len(block) + number))
        start += len(block) * len(was)
    return variables + [Kept(start + number) for number in range(layout.num_last)]
