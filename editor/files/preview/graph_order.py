"""The graph of a serialized Functional model: its layers in the order in which Keras 3 has them, and who feeds whom."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from editor.files.preview.keras_layers import settings_of

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
    """

    sources: list[Source] = field(default_factory=list)
    training: bool | None = None


def calls_of(place: Config) -> list[Call]:
    """The calls of a layer in its graph, of any version of Keras; one without sources for an input."""
    nodes = place.get("inbound_nodes")
    return [_call(node) for node in nodes] if isinstance(nodes, list) and nodes else [Call()]


def _call(node: Any) -> Call:
    if isinstance(node, dict):
        arguments = node.get("args"), node.get("kwargs")
        kwargs = node.get("kwargs")
    else:
        arguments = (node, None)
        entries = [entry for entry in node if isinstance(entry, list)] if isinstance(node, list) else []
        kwargs = next((entry[3] for entry in entries if len(entry) > 3 and isinstance(entry[3], dict)), {})
    training = kwargs.get("training") if isinstance(kwargs, dict) else None
    return Call(list(_sources(arguments)), training if isinstance(training, bool) else None)


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


def references(value: Any) -> list[Source]:
    """The tensors of `input_layers` or `output_layers`, which may be one, a list, or a dict."""
    return list(_sources(value))


_Node = tuple[str, int]


@dataclass
class GraphOrder:
    """A graph as Keras 3 has it.

    Attributes:
        layers: The names of the layers and bare operations.
        calls: The calls, from the inputs on, each by its layer and its number.
    """

    layers: list[str]
    calls: list[_Node]


def order_of(config: Config, calls: dict[str, list[Call]]) -> GraphOrder:
    """The order in which Keras 3 has the layers and calls of a graph (`keras.src.ops.function.map_graph`).

    Keras writes the layers in this order too; files of old versions and of other programs may have another. Where the
    graph is not whole, it is the order in which they are written.
    """
    as_written = GraphOrder(list(calls), [(name, at) for name, called in calls.items() for at in range(len(called))])
    try:
        nodes, depths, indices = _depths(references(config.get("output_layers")), calls)
    except KeyError:
        return as_written
    for source in references(config.get("input_layers")):
        if source.layer in calls and source.layer not in depths:
            depths[source.layer], indices[source.layer] = 0, -1
            nodes[_node(source, calls)] = 0
    if depths.keys() != calls.keys():
        return as_written
    return GraphOrder(
        sorted(calls, key=lambda name: (-depths[name], indices[name])), sorted(nodes, key=lambda node: -nodes[node])
    )


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
    # A nested model counts a call more than the graph around it has.
    return source.layer, max(0, min(source.call, len(calls[source.layer]) - 1))
