"""What a run may be changed to while it is under way."""

from __future__ import annotations

import math

from editor.errors import SettingsError
from editor.keras_model.flags import tree_with_map
from editor.keras_model.walk import ModelIndex
from editor.layers.freeze_map import FreezeMap
from editor.layers.tree import LayerTree


def trainable_tree(index: ModelIndex, freeze_map: FreezeMap) -> LayerTree:
    """A tree with the flags of a map.

    Raises:
        FreezeMapError: The map is not of this model.
        SettingsError: Nothing would train.
    """
    tree = tree_with_map(index, freeze_map)
    if not tree.account(tree.root).trainable.weights:
        raise SettingsError("Nothing is trainable.", hint="Thaw at least one layer, then start again.")
    return tree


def checked_learning_rate(learning_rate: float) -> float:
    """A learning rate that an optimizer takes.

    Raises:
        SettingsError: It is none.
    """
    if not (learning_rate > 0 and math.isfinite(learning_rate)):
        raise SettingsError(f"{learning_rate:g} is no learning rate.", hint="Use one above 0, such as 0.001.")
    return learning_rate
