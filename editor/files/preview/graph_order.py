"""The graph of a serialized Functional model: its layers in the order in which Keras 3 has them, and who feeds whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from editor.files.preview.keras_layers import settings_of
from editor.files.repair.graph import calls_before, is_functional
from editor.files.repair.nodes import is_of_today

Config = dict[str, Any]


class Source(NamedTuple):
    """An output of a call: the layer, the number of the call, the number of the output, and its shape if it is told."""

    layer: str
    call: int
    output: int
    shape: tuple[int | None, ...] | None = None


@dataclass
class Call:
    """One call of a layer.

    Attributes:
        sources: What it takes, in order.
        training: The value of `training` that was given; None if none was.
        inputs: What it takes without masks.
        gives_scores: Whether an attention was asked for its scores too.
    """

    sources: list[Source] = field(default_factory=list)
    training: bool | None = None
    inputs: list[Source] = field(default_factory=list)
    gives_scores: bool = False


def _calls_of(place: Config, offsets: Mapping[str, int]) -> list[Call]:
    """The calls of a layer in its graph, of any version of Keras; one without sources for an input."""
    return [_call(node, offsets) for node in _nodes(place)] or [Call()]


def _nodes(place: Config) -> list[Any]:
    nodes = place.get("inbound_nodes")
    return nodes if isinstance(nodes, list) else []


def _calls_before(place: Config) -> int:
    try:
        return calls_before(place)
    # A model whose layers are none.
    except (AttributeError, KeyError, TypeError):
        return 0


def _call(node: Any, offsets: Mapping[str, int]) -> Call:
    if isinstance(node, dict):
        arguments = node.get("args"), node.get("kwargs")
        kwargs = node.get("kwargs")
    else:
        arguments = (node, None)
        entries = [entry for entry in node if isinstance(entry, list)] if isinstance(node, list) else []
        kwargs = next((entry[3] for entry in entries if len(entry) > 3 and isinstance(entry[3], dict)), {})
    kwargs = kwargs if isinstance(kwargs, dict) else {}
    training = kwargs.get("training")
    unmasked = {key: value for key, value in kwargs.items() if key != "mask" and not key.endswith("_mask")}
    inputs = (arguments[0], unmasked) if isinstance(node, dict) else arguments
    return Call(
        _numbered(_sources(arguments), offsets),
        training if isinstance(training, bool) else None,
        _numbered(_sources(inputs), offsets),
        bool(kwargs.get("return_attention_scores")),
    )


def _numbered(sources: Iterable[Source], offsets: Mapping[str, int]) -> list[Source]:
    """The same with the calls of each layer numbered from 0."""
    return [source._replace(call=max(0, source.call - offsets.get(source.layer, 0))) for source in sources]


def _sources(value: Any) -> Iterator[Source]:
    """Tensors in any structure: `__keras_tensor__` of Keras 3, `[layer, call, output, …]` of Keras 1 and 2."""
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            yield from _told(settings_of(value))
        else:
            for key in sorted(value, key=str):
                yield from _sources(value[key])
    elif isinstance(value, list | tuple):
        if is_reference(value):
            yield Source(value[0], value[1], value[2])
            value = value[3:]
        for item in value:
            yield from _sources(item)


def _told(settings: Config) -> Iterator[Source]:
    history, shape = settings.get("keras_history"), settings.get("shape")
    if is_reference(history):
        assert isinstance(history, list)
        yield Source(history[0], history[1], history[2], shape_of(shape))


def is_reference(value: Any) -> bool:
    """Whether this is `[layer, call, output, …]`."""
    return (
        isinstance(value, list | tuple)
        and len(value) >= 3
        and isinstance(value[0], str)
        and type(value[1]) is int
        and type(value[2]) is int
    )


def shape_of(value: Any) -> tuple[int | None, ...] | None:
    """A shape in a configuration; None where it is none."""
    if isinstance(value, dict) and value.get("class_name") in ("__tuple__", "TensorShape"):
        value = value.get("items")
    if isinstance(value, list | tuple) and all(size is None or type(size) is int for size in value):
        return tuple(value)
    return None


_Node = tuple[str, int]


@dataclass
class GraphOrder:
    """A graph as Keras 3 has it.

    Attributes:
        calls_of: The calls of each layer and bare operation.
        inputs: Its inputs.
        outputs: Its outputs.
        layers: The names of the layers and bare operations.
        calls: The calls, from the inputs on, each by its layer and its number.
    """

    calls_of: dict[str, list[Call]]
    inputs: list[Source]
    outputs: list[Source]
    layers: list[str] = field(default_factory=list)
    calls: list[_Node] = field(default_factory=list)


def graph_of(settings: Config, places: Mapping[str, Config]) -> GraphOrder:
    """A graph with its layers and calls in the order of Keras 3 (`keras.src.ops.function.map_graph`).

    Keras writes the layers in this order too; files of old versions and of other programs may have another. Where the
    graph is not whole, it is the order in which they are written.

    Args:
        settings: The arguments of the model.
        places: Its layers and bare operations, serialized, by name.
    """
    is_old = any(not is_of_today(node) for place in places.values() for node in _nodes(place))
    offsets = {name: _calls_before(place) for name, place in places.items()} if is_old else {}
    # Keras 3 counts the call by which a model was made among the outputs alone.
    of_ends = offsets if is_old else {name: int(is_functional(place)) for name, place in places.items()}
    calls = {name: _calls_of(place, offsets) for name, place in places.items()}
    inputs, outputs = (_numbered(_sources(settings.get(key)), of_ends) for key in ("input_layers", "output_layers"))
    graph = GraphOrder(calls, inputs, outputs)
    _set_order(graph)
    return graph


def _set_order(graph: GraphOrder) -> None:
    calls = graph.calls_of
    graph.layers = list(calls)
    graph.calls = [(name, at) for name, called in calls.items() for at in range(len(called))]
    try:
        nodes, depths, indices = _depths(graph.outputs, calls)
    except KeyError:
        return
    for source in graph.inputs:
        if source.layer in calls and source.layer not in depths:
            depths[source.layer], indices[source.layer] = 0, -1
            nodes[_node(source, calls)] = 0
    if depths.keys() != calls.keys():
        return
    graph.layers = sorted(calls, key=lambda name: (-depths[name], indices[name]))
    graph.calls = sorted(nodes, key=lambda node: -nodes[node])


def _depths(
    outputs: list[Source], calls: dict[str, list[Call]]
) -> tuple[dict[_Node, int], dict[str, int], dict[str, int]]:
    """The depths of calls and of layers below the outputs, and the order in which the layers are met."""
    order, indices = _traversed(outputs, calls)
    depths: dict[_Node, int] = {}
    of_layers: dict[str, int] = {}
    for node in reversed(order):
        depth = max(depths.get(node, 0), of_layers.get(node[0], 0))
        of_layers[node[0]] = depths[node] = depth
        for source in _inputs(node, calls):
            depths[source] = max(depth + 1, depths.get(source, 0))
    return depths, of_layers, indices


def _traversed(outputs: list[Source], calls: dict[str, list[Call]]) -> tuple[list[_Node], dict[str, int]]:
    """The calls from inputs to outputs, and the order in which a search from the outputs meets the layers."""
    finished: dict[_Node, None] = {}
    entered: set[_Node] = set()
    indices: dict[str, int] = {}
    for output in outputs:
        stack: list[tuple[_Node, Iterator[_Node]]] = []
        _enter(_node(output, calls), calls, stack, entered, indices)
        while stack:
            node, sources = stack[-1]
            following = next((source for source in sources if source not in finished), None)
            if following is None:
                finished[node] = None
                stack.pop()
            elif following in entered:
                raise KeyError(following)  # a cycle
            else:
                _enter(following, calls, stack, entered, indices)
    return list(finished), indices


def _enter(
    node: _Node,
    calls: dict[str, list[Call]],
    stack: list[tuple[_Node, Iterator[_Node]]],
    entered: set[_Node],
    indices: dict[str, int],
) -> None:
    if node not in entered:
        entered.add(node)
        indices.setdefault(node[0], len(indices))
        stack.append((node, iter(_inputs(node, calls))))


def _inputs(node: _Node, calls: dict[str, list[Call]]) -> list[_Node]:
    return [_node(source, calls) for source in calls[node[0]][node[1]].sources]


def _node(source: Source, calls: dict[str, list[Call]]) -> _Node:
    return source.layer, min(source.call, len(calls[source.layer]) - 1)
