"""What plain `keras.saving.load_model` makes of a file's flags, told without Keras (facts F2, F5, F15, F16).

Keras writes the flag of each layer whose configuration it writes, and gives it to that layer's own weights when it
builds them. What a layer makes for itself inside, and every single weight, comes back trainable.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from editor.layers.nodes import LayerNode, WeightNode
from editor.layers.records import LayerRecord, WeightRecord
from editor.layers.tree import LayerTree

SERIALIZED_AS = {
    "Bidirectional": {"forward_layer": "layer", "backward_layer": "backward_layer"},
    "RNN": {"cell": "cell"},
    "SpectralNormalization": {"layer": "layer"},
    "TimeDistributed": {"layer": "layer"},
}
"""Keras's layers that write layers inside them with their flags: attribute and key of the configuration, by class."""

FLAG_GIVERS = frozenset({"GRU", "LSTM", "SimpleRNN"})
"""Classes that give their own flag to the cell that they make."""

_CELL_LISTS = "StackedRNNCells"
_OWN_KEYS = frozenset({"name", "dtype"})
_LORA_BASES = frozenset({"kernel", "embeddings"})


@dataclass(frozen=True)
class PlainReload:
    """The flags of a model as plain Keras loads it.

    Attributes:
        layer_flags: The flag of each layer, by `layer_id`.
        trainable: The `weight_id` of each weight whose own flag is set; with the root's flag False none of them trains.
    """

    layer_flags: Mapping[int, bool]
    trainable: frozenset[int]


def plain_reload(tree: LayerTree, written: Mapping[int, bool]) -> PlainReload:
    """The flags that plain Keras gives a model.

    Args:
        tree: The model's layers; its own flags do not count.
        written: The flag in the configuration of each layer that has one there, by `layer_id`.
    """
    flags: dict[int, bool] = {}
    makers: dict[int, tuple[WeightRecord, LayerNode]] = {}
    for layer in tree.walk_layers():
        flags.setdefault(layer.record.layer_id, _own_flag(layer, flags, written))
        for weight in layer.record.weights:
            maker = makers.get(weight.weight_id)
            # A tied weight gets its flag from the layer that made it: a wrapper takes it over from the layer inside.
            if maker is None or maker[1].depth < layer.depth:
                makers[weight.weight_id] = weight, layer
    return PlainReload(
        flags,
        frozenset(
            weight_id
            for weight_id, (weight, layer) in makers.items()
            if flags[layer.record.layer_id] and not weight.is_statistics and not _is_lora_base(layer.record, weight)
        ),
    )


def in_order_of_keras(tree: LayerTree, reload: PlainReload, container: LayerNode | None = None) -> list[WeightRecord]:
    """The `trainable_variables` of a reloaded model, or of a container in it, in Keras's order."""
    top = container or tree.root
    if not reload.layer_flags[top.record.layer_id]:
        return []
    return [weight for weight in by_position(top.weights_below) if weight.weight_id in reload.trainable]


def by_position(weights: Iterable[WeightRecord]) -> list[WeightRecord]:
    """Weights in the order of Keras's `model.variables`.

    What a preview cannot place, inside a layer of a custom class, stands behind what was before it.
    """
    placed: list[tuple[int, WeightRecord]] = []
    last = -1
    for weight in weights:
        last = weight.position if weight.position >= 0 else last
        placed.append((last, weight))
    return [weight for _, weight in sorted(placed, key=lambda pair: pair[0])]


def serialized_layers(tree: LayerTree) -> frozenset[int]:
    """The `layer_id` of each layer whose configuration, with its flag, Keras writes into a model file.

    A custom layer may write more than this knows; then a weight is called forgotten that is not.
    """
    return frozenset(_serialized(tree.root))


def forgotten_by_plain_keras(tree: LayerTree) -> tuple[WeightNode, ...]:
    """The frozen weights that come back trainable when plain Keras loads what is saved of `tree` (fact F16)."""
    return forgotten_in(tree, reload_after_saving(tree))


def forgotten_in(tree: LayerTree, reload: PlainReload) -> tuple[WeightNode, ...]:
    """The weights that are frozen in `tree` and trainable in a reload."""
    trains = {weight.weight_id for weight in in_order_of_keras(tree, reload)}
    return tuple(
        node for node in tree.walk_weights() if node.record.weight_id in trains and not tree.is_trainable(node.record)
    )


def reload_after_saving(tree: LayerTree) -> PlainReload:
    """What plain Keras makes of a file that was saved with the flags of `tree`."""
    written = serialized_layers(tree)
    flags = {
        layer.record.layer_id: tree.layer_flag(layer)
        for layer in tree.walk_layers()
        if layer.record.layer_id in written
    }
    return plain_reload(tree, flags)


def _own_flag(layer: LayerNode, flags: Mapping[int, bool], written: Mapping[int, bool]) -> bool:
    record, parent = layer.record, layer.parent
    if record.is_graph and not _has_flag(record):
        return True
    if record.layer_id in written:
        return written[record.layer_id]
    if parent and parent.record.class_name in FLAG_GIVERS and layer.name == "cell":
        return flags[parent.record.layer_id]
    return True


def _has_flag(record: LayerRecord) -> bool:
    """Whether a graph's own flag comes back: a Sequential's does not (fact F15)."""
    return record.class_name != "Sequential"


def _is_lora_base(record: LayerRecord, weight: WeightRecord) -> bool:
    return record.has_lora and weight.name in _LORA_BASES


def _serialized(layer: LayerNode) -> Iterator[int]:
    # A class with a `get_config` of its own, or none, may leave out the flag with all that Keras's own adds to it.
    if layer.parent is None or layer.record.is_graph or layer.record.config.keys() >= _OWN_KEYS:
        yield layer.record.layer_id
    for child in layer.children:
        if _is_written_with(layer.record, child.name):
            yield from _serialized(child)


def _is_written_with(record: LayerRecord, name: str) -> bool:
    if record.is_graph:
        # A Functional model of a class of its own, with arguments of its own, makes its layers anew.
        return record.class_name in ("Functional", "Sequential", "Model") or record.config.keys() <= _OWN_KEYS
    if record.class_name == _CELL_LISTS:
        return name.startswith("cells/")
    return name in SERIALIZED_AS.get(record.class_name, ())
