"""Where a model can be cut for another head: what would go, what would stay, and the place that is meant as a rule."""

from __future__ import annotations

from dataclasses import dataclass, replace

from editor.layers.flow import from_here, up_to
from editor.layers.nodes import LayerNode
from editor.layers.records import Shape
from editor.layers.tree import LayerTree

_PASSED = frozenset({"Flatten", "Reshape", "Permute"})
_PASSED_PARTS = ("GlobalAveragePooling", "GlobalMaxPooling", "Dropout")
_AFTER_CLASSIFIER = ("Activation", "Softmax", "Sigmoid", "ReLU", "Identity")
_PROBABILITIES = ("softmax", "sigmoid")
_SUBCLASSED = "is a subclassed model: its own code says what follows what, so layers cannot be taken off or added."


@dataclass(frozen=True, slots=True)
class Cut:
    """A place to cut.

    Attributes:
        layer: The last layer that would stay.
        shape: Of its output, the batch first; empty where it is not known.
        problem: Why it cannot be cut there; empty if it can, as far as the tree tells.
        nearest: Path of the nearest layer behind which it can be; None where there is none.
        goes: The topmost layers that would go.
    """

    layer: LayerNode
    shape: Shape = ()
    problem: str = ""
    nearest: str | None = None
    goes: tuple[LayerNode, ...] = ()


def structure_obstacle(tree: LayerTree) -> str:
    """Why no layer can be taken off or added; empty if it can, as far as the tree tells."""
    root = tree.root.record
    return "" if root.is_graph else f"{root.class_name or 'This'} {_SUBCLASSED}"


def cut_at(tree: LayerTree, layer: LayerNode) -> Cut:
    """What a cut behind a layer means."""
    cut = _judged(tree, layer)
    return cut if cut.problem else replace(cut, goes=_topmost(what_goes(tree, layer)))


def places_to_cut(tree: LayerTree) -> tuple[LayerNode, ...]:
    """The layers behind which the model can be cut, as far as the tree tells, from below."""
    return tuple(
        layer for layer in tree.walk_layers() if tree.is_first_place(layer) and not _judged(tree, layer).problem
    )


def _judged(tree: LayerTree, layer: LayerNode) -> Cut:
    """Without what goes."""
    if obstacle := structure_obstacle(tree):
        return Cut(layer, problem=obstacle)
    if layer is tree.root:
        return Cut(layer, problem="The model as a whole has nothing behind it.")
    holders = _holders(layer)
    closed = next((holder for holder in holders if not holder.record.is_graph), None)
    if closed is not None:
        problem = f"{layer.path} is inside {closed.path}, a {closed.record.class_name}, which is called as a whole."
        return Cut(layer, problem=problem, nearest=closed.path)
    shared = next((holder for holder in holders if holder is not tree.root and len(tree.places(holder)) > 1), None)
    if shared is not None:
        problem = f"{layer.path} is inside {shared.path}, which is used at {len(tree.places(shared))} places."
        return Cut(layer, problem=problem, nearest=shared.path)
    repeated = next((each for each in (*holders, layer) if each.record.num_calls > 1), None)
    if repeated is not None:
        where = "" if repeated is layer else f"{layer.path} is inside {repeated.path}. "
        times = f"is called {repeated.record.num_calls} times"
        problem = f"{where}{repeated.path} {times}; cut behind the layer that joins its outputs."
        return Cut(layer, problem=problem)
    return _with_shape(layer)


def _with_shape(layer: LayerNode) -> Cut:
    shapes = layer.record.output_shapes
    if layer.record.class_name == "InputLayer":
        return Cut(layer, problem=f"{layer.path} is an input: nothing would stay.")
    if len(shapes) != 1:
        what = f"gives {len(shapes)} tensors" if shapes else "does not tell the shape of its output"
        return Cut(layer, problem=f"{layer.path} {what}; a head takes one tensor of a known shape.")
    if len(shapes[0]) < 2:
        return Cut(layer, shapes[0], problem=f"{layer.path} gives one number for each sample; a head needs more.")
    return Cut(layer, shapes[0])


def what_goes(tree: LayerTree, layer: LayerNode) -> tuple[LayerNode, ...]:
    """The layers that a cut behind a layer takes off: what no remaining output needs.

    An output that does not depend on the layer stays, with all before it.
    """
    behind = {other for other in from_here(tree, layer) if other is not layer and other not in _holders(layer)}
    kept = {*up_to(tree, layer), *_holders(layer)}
    for other in tree.root.children:
        if other not in behind and other not in kept and not _leads_to(tree, other, behind):
            kept.update(up_to(tree, other))
    stays = {below for top in kept if top not in _holders(layer) for below in tree.walk(top)} | {*_holders(layer)}
    return tuple(other for other in tree.walk_layers() if other not in stays)


def _leads_to(tree: LayerTree, layer: LayerNode, others: set[LayerNode]) -> bool:
    """Whether all that a layer is for is in `others`: then it has no output of its own."""
    reached = {each for each in from_here(tree, layer) if each is not layer and each.parent is layer.parent}
    ends = {each for each in reached if not any(other in reached for other in _next_of(tree, each))}
    return bool(ends) and ends <= others


def _next_of(tree: LayerTree, layer: LayerNode) -> tuple[LayerNode, ...]:
    return tuple(
        other
        for other in from_here(tree, layer)
        if other is not layer and layer.record.layer_id in other.record.takes_from and other.parent is layer.parent
    )


def names_behind(cut: Cut) -> frozenset[str]:
    """Names of the model's own layers that a cut takes off or shortens: of outputs among them a head takes the place.

    Where nothing goes, the place itself gives the output.
    """
    top = cut.layer
    while top.parent is not None and top.parent.parent is not None:
        top = top.parent
    return frozenset((top.name, *(layer.name for layer in cut.goes if layer.parent is top.parent)))


def _topmost(layers: tuple[LayerNode, ...]) -> tuple[LayerNode, ...]:
    found = set(layers)
    return tuple(layer for layer in layers if layer.parent not in found)


def _holders(layer: LayerNode) -> list[LayerNode]:
    """All that hold a layer, the root first."""
    found: list[LayerNode] = []
    holder = layer.parent
    while holder is not None:
        found.insert(0, holder)
        holder = holder.parent
    return found


# -- the place that is meant as a rule -----------------------------------------------------------------------


def found_cut(tree: LayerTree) -> Cut | None:
    """The last layer before the classifying head; None where the model has none.

    The head is the last layer with weights and what follows it, with the pooling, flattening and dropout before it.
    """
    if structure_obstacle(tree):
        return None
    layer = _end_of(tree.root)
    while layer is not None and not layer.weights_below:
        before = _before(tree, layer)
        layer = _inside(before) if before else None
    place = layer
    while place is not None and (place is layer or _is_passed(place)):
        before = _before(tree, place)
        if before is None:
            break
        place = before
    return _usable(tree, place) if place is not layer and place is not None else None


def ends_in_probabilities(tree: LayerTree) -> bool:
    """Whether the model's first output is a softmax or sigmoid, as far as the tree tells."""
    end = _end_of(tree.root)
    if end is None:
        return False
    return end.record.config.get("activation") in _PROBABILITIES or end.record.class_name.lower() in _PROBABILITIES


def _usable(tree: LayerTree, layer: LayerNode) -> Cut | None:
    cut = cut_at(tree, layer)
    if cut.problem and cut.nearest:
        nearest = tree.find(cut.nearest)
        assert isinstance(nearest, LayerNode)
        cut = cut_at(tree, nearest)
    return None if cut.problem else cut


def _end_of(container: LayerNode) -> LayerNode | None:
    """The layer that gives a container's first output, as far as the flow tells; inside a nested model, its end."""
    taken = {source for layer in container.children for source in layer.record.takes_from}
    ends = [layer for layer in container.children if layer.record.layer_id not in taken]
    return _inside(ends[0]) if ends else None


def _inside(layer: LayerNode) -> LayerNode | None:
    return _end_of(layer) if layer.record.is_graph and layer.children else layer


def _before(tree: LayerTree, layer: LayerNode) -> LayerNode | None:
    """The only layer whose output a layer takes; of the first in a nested model, that before the model."""
    siblings = layer.parent.children if layer.parent else ()
    sources = [other for other in siblings if other.record.layer_id in layer.record.takes_from]
    if len(sources) == 1 and sources[0].record.class_name != "InputLayer":
        return sources[0]
    if len(sources) > 1 or layer.parent is None or layer.parent is tree.root:
        return None
    return _before(tree, layer.parent)


def _is_passed(layer: LayerNode) -> bool:
    name = layer.record.class_name
    return name in _PASSED or any(part in name for part in _PASSED_PARTS)
