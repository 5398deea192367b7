"""The order in which data flow through a model, as the walk found it (`LayerRecord.takes_from`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from editor.layers.accounts import State
from editor.layers.nodes import LayerNode, Node, WeightNode
from editor.layers.tree import LayerTree


def up_to(tree: LayerTree, node: Node) -> tuple[LayerNode, ...]:
    """A layer and all whose output reaches it, within its own container and within all that hold it."""
    return _along(tree, node, _sources)


def from_here(tree: LayerTree, node: Node) -> tuple[LayerNode, ...]:
    """A layer and all that its output reaches, within its own container and within all that hold it."""
    return _along(tree, node, _targets)


def weighted_layers(tree: LayerTree, start: LayerNode | None = None) -> tuple[LayerNode, ...]:
    """The layers that own weights which could train, each once, in the order of the flow."""
    return tuple(
        layer
        for layer in _in_flow_order(start or tree.root)
        if tree.is_first_place(layer) and any(not weight.record.is_statistics for weight in layer.weights)
    )


def in_flow_order(layers: Sequence[LayerNode]) -> list[LayerNode]:
    """The children of one container, each behind those whose output it takes; else in the order they have."""
    by_id = {layer.record.layer_id: layer for layer in layers}
    order: dict[LayerNode, None] = {}
    for layer in layers:
        _put(layer, by_id, order, set())
    return list(order)


def last_weighted(tree: LayerTree, layers: Iterable[LayerNode]) -> tuple[LayerNode, ...]:
    """Those of the children of one container with weights that could train, behind which no other such stands."""
    weighted = [layer for layer in layers if _could_train(tree, layer)]
    sources = {source for layer in weighted for source in _reach(layer, _sources) if source is not layer}
    return tuple(layer for layer in weighted if layer not in sources)


def _could_train(tree: LayerTree, layer: LayerNode) -> bool:
    return tree.state(layer) in (State.TRAINABLE, State.FROZEN, State.MIXED)


def _along(tree: LayerTree, node: Node, step: Callable[[LayerNode], list[LayerNode]]) -> tuple[LayerNode, ...]:
    layer = node.parent if isinstance(node, WeightNode) else node
    if layer is None or layer.parent is None:
        return (tree.root,)
    found = _reach(layer, step)
    holder: LayerNode | None = layer.parent
    while holder is not None:
        # What holds the layer is not meant as a whole: only its neighbours are.
        neighbours = _reach(holder, step)
        found.update((other, None) for other in neighbours if other is not holder)
        holder = holder.parent
    return tuple(other for other in tree.walk_layers() if other in found)


def _reach(layer: LayerNode, step: Callable[[LayerNode], list[LayerNode]]) -> dict[LayerNode, None]:
    """A layer and its siblings that can be reached from it."""
    found: dict[LayerNode, None] = {}
    waiting = [layer]
    while waiting:
        next_layer = waiting.pop()
        if next_layer not in found:
            found[next_layer] = None
            waiting += step(next_layer)
    return found


def _sources(layer: LayerNode) -> list[LayerNode]:
    siblings = layer.parent.children if layer.parent else ()
    if not _is_flow_known(siblings):
        return list(siblings[layer.row - 1 : layer.row]) if layer.row else []
    return [other for other in siblings if other.record.layer_id in layer.record.takes_from]


def _targets(layer: LayerNode) -> list[LayerNode]:
    siblings = layer.parent.children if layer.parent else ()
    if not _is_flow_known(siblings):
        return list(siblings[layer.row + 1 : layer.row + 2])
    return [other for other in siblings if layer.record.layer_id in other.record.takes_from]


def _is_flow_known(siblings: Sequence[LayerNode]) -> bool:
    """Whether anything is known of the flow among layers; if not, the order of the rows must do."""
    return any(layer.record.takes_from for layer in siblings)


def _in_flow_order(layer: LayerNode) -> Iterator[LayerNode]:
    yield layer
    for child in in_flow_order(layer.children):
        yield from _in_flow_order(child)


def _put(layer: LayerNode, by_id: dict[int, LayerNode], order: dict[LayerNode, None], above: set[int]) -> None:
    """Puts a layer behind its sources; a loop, as a layer called twice can make one, is cut where it closes."""
    layer_id = layer.record.layer_id
    if layer in order or layer_id in above:
        return
    for source in layer.record.takes_from:
        if source in by_id:
            _put(by_id[source], by_id, order, above | {layer_id})
    order[layer] = None
