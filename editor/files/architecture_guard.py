"""Looks at a parsed architecture before anything is built from it: so many layers, in an order, not in a circle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, NoReturn

from editor.errors import FileError

MAX_LAYERS = 20_000
"""In all. A ResNet of 1,000 blocks has some 3,500."""
MAX_STEPS = 300_000
"""Calls of layers that are tried until all are in order: Keras tries them all again after each pass."""

_GRAPHS = ("Sequential", "Functional", "Model")
_HINT = "No Keras writes that: get the model from its maker again."

Entry = dict[str, Any]


def check_architecture(config: dict[str, Any], name: str) -> None:
    """Refuses what no model can be built from and what would keep Keras busy for good.

    Classes and arguments are not looked at: what they mean is known elsewhere.

    Args:
        config: The whole configuration, as `config.json` of a `.keras` or `model_config` of an `.h5` has it.
        name: As a person knows it.

    Raises:
        FileError: It has no class, a wrong type where a layer belongs, too many layers, or layers in a circle.
    """
    if not isinstance(config.get("class_name"), str):
        raise FileError(f"{name} is damaged: its architecture names no model class.", hint="Copy or download it again.")
    num_layers = 0
    for graph in _graphs(config):
        layers = _layers(graph, name)
        num_layers += len(layers)
        if num_layers > MAX_LAYERS:
            _refuse(f"{name} has more than {MAX_LAYERS:,} layers")
        if any(layer.get("inbound_nodes") for layer in layers):
            _check_order(layers, name)


def _graphs(config: dict[str, Any]) -> Iterator[Entry]:
    """Every serialized model in a configuration, itself included."""
    waiting: list[Any] = [config]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            # A custom layer may have an argument of that name, such as a number of layers.
            if value.get("class_name") in _GRAPHS and "config" in value:
                yield value
            waiting += [inner for inner in value.values() if type(inner) in (dict, list)]
        elif isinstance(value, list):
            waiting += [inner for inner in value if type(inner) in (dict, list)]


def _layers(graph: Entry, name: str) -> list[Entry]:
    """The serialized layers of a model; those of a Sequential of Keras 1 are a bare list."""
    settings = graph["config"]
    layers = settings.get("layers", []) if isinstance(settings, dict) else settings
    if not isinstance(layers, list):
        _refuse(f"{name} is damaged: the layers of a {graph['class_name']} are no list")
    for layer in layers:
        if not isinstance(layer, dict) or not isinstance(layer.get("class_name"), str):
            _refuse(f"{name} is damaged: among the layers of a {graph['class_name']} is something else than a layer")
        if not isinstance(layer.get("config", {}), (dict, list)):
            _refuse(f"{name} is damaged: a {layer['class_name'][:60]} has no arguments")
        if not isinstance(layer.get("inbound_nodes", []), list):
            _refuse(f"{name} is damaged: what a {layer['class_name'][:60]} is called on is no list")
    return layers


def _check_order(layers: list[Entry], name: str) -> None:
    """Tries the calls of layers as Keras does, pass by pass, until each has what it is called on.

    A call of a layer that is called several times counts as made when any one of them is: what number the file gives
    it is a matter of Keras's version.
    """
    calls = {_name(layer): [_called_on(node) for node in layer.get("inbound_nodes", [])] for layer in layers}
    made = Counter(layer for layer, nodes in calls.items() if not nodes)
    waiting = {layer: nodes for layer, nodes in calls.items() if nodes}
    num_steps = 0
    while waiting:
        num_waiting = sum(map(len, waiting.values()))
        for layer, nodes in list(waiting.items()):
            while nodes and all(made[other] for other in nodes[0] if other in calls):
                nodes.pop(0)
                made[layer] += 1
                num_steps += 1
            if not nodes:
                del waiting[layer]
            num_steps += 1
        if num_waiting == sum(map(len, waiting.values())):
            _refuse(f"{name} has layers that are called in a circle: {', '.join(map(_shown, list(waiting)[:3]))}")
        if num_steps > MAX_STEPS:
            _refuse(f"{name} has {len(calls):,} layers in so wrong an order that none can tell where they begin")


def _name(layer: Entry) -> str:
    settings = layer.get("config")
    own = layer.get("name") or (settings.get("name") if isinstance(settings, dict) else "")
    return own if isinstance(own, str) else ""


def _called_on(node: Any) -> list[str]:
    """The names of the layers whose outputs a call takes, as Keras 3 or an older one writes them."""
    found: list[str] = []
    waiting = [node]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            history = value.get("keras_history")
            waiting += [history] if history else value.values()
        elif isinstance(value, list):
            if len(value) in {3, 4} and isinstance(value[0], str) and isinstance(value[1], int):
                found.append(value[0])
                value = value[3:]
            waiting += value
    return found


def _shown(name: str) -> str:
    return repr(name[:60])


def _refuse(what: str) -> NoReturn:
    raise FileError(f"{what}.", hint=_HINT)
