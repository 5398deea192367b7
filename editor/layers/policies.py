"""What an edit does to the statistics of a layer, and what it leaves alone: settings of two bits (fact F5).

The bits themselves are a weight's flag and a layer's `StatisticsMode`; a policy says how edits move the second one.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from editor.layers.accounts import StatisticsMode
from editor.layers.records import LayerRecord


class RuleKind(StrEnum):
    """A rule of editing that holds for a layer; it does not concern training.

    Attributes:
        STAYS_FROZEN: Thawing a block leaves the layer frozen; thawing the layer itself does not.
        STATISTICS_UPDATE: Its statistics keep updating, also when its weights are frozen.
        STATISTICS_STILL: Its statistics stand still, also when its weights train.
    """

    STAYS_FROZEN = "stays-frozen"
    STATISTICS_UPDATE = "statistics-update"
    STATISTICS_STILL = "statistics-still"


class StatisticsPolicy(StrEnum):
    """What happens to a layer's statistics.

    Attributes:
        WITH_LAYER: They stand still while the layer is frozen, and update while any of its own weights trains.
        UPDATE: They keep updating: frozen gamma and beta stand over moving statistics.
        STILL: They stand still, also while gamma and beta train.
    """

    WITH_LAYER = "with-layer"
    UPDATE = "update"
    STILL = "still"


PINS = {StatisticsPolicy.UPDATE: RuleKind.STATISTICS_UPDATE, StatisticsPolicy.STILL: RuleKind.STATISTICS_STILL}
"""The rule by which a policy other than the default is remembered."""


def mode_of(*, trains: bool) -> StatisticsMode:
    """What statistics do that go with weights."""
    return StatisticsMode.UPDATE if trains else StatisticsMode.STILL


def mode_with_weights(layer: LayerRecord, is_trainable: Mapping[int, bool]) -> StatisticsMode | None:
    """What a layer's statistics do by the default policy; None where it owns nothing that could train.

    Args:
        layer: The layer.
        is_trainable: Whether each weight trains, by `weight_id`.
    """
    own = [is_trainable[weight.weight_id] for weight in layer.weights if not weight.is_statistics]
    return mode_of(trains=any(own)) if own else None
