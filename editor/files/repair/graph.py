"""Repairs a Functional model: names of its layers, the calls between them, its inputs and outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from editor.errors import ModelError
from editor.files.repair.graph_sizes import Sizes
from editor.files.repair.making import REBUILD_HINT, Making, Step
from editor.files.repair.merge import is_merge, merge_layer
from editor.files.repair.naming import new_names
from editor.files.repair.nodes import Call, Reference, is_of_today, parsed, references, renamed, single, written
from editor.files.repair.operation_nodes import node_call
from editor.files.repair.operations import OPERATION_LAYERS, function_of, todays_operations
from editor.files.repair.sequential import name_in

if TYPE_CHECKING:
    from editor.files.repair.config import Place, Repairing

Config = dict[str, Any]

_TAKES_STATE = frozenset({"RNN", "SimpleRNN", "GRU", "LSTM", "CuDNNGRU", "CuDNNLSTM", "ConvLSTM2D", "Bidirectional"})
_MODELS = frozenset({"Functional", "Model", "Network"})


@dataclass(frozen=True)
class _Graph:
    """The layers of one model, by the names in the file.

    Attributes:
        new_names: The names in the repaired model.
        offsets: How many nodes the old numbering has before the first call of a layer: 1 for models, else 0.
        is_functional: Whether a layer is a Functional, which Keras 3 numbers from 1 where it is an output.
        calls: Of the layers that stand in an old form.
        sizes: What the layers tell that only tell sizes.
    """

    new_names: Mapping[str, str]
    offsets: Mapping[str, int]
    is_functional: Mapping[str, bool]
    calls: Mapping[str, list[Call]]
    sizes: Sizes

    def call_place(self, reference: Reference) -> tuple[str, int, int]:
        """Where an argument of a call is from, in today's form.

        Raises:
            ModelError: It is from a layer that only tells sizes.
        """
        if reference.layer not in self.new_names:
            # One of the operations that stand for a layer.
            return reference.layer, reference.node, reference.tensor
        if self.sizes.is_told(reference.layer):
            raise ModelError(
                f"The layer {reference.layer!r} gives the size of a tensor to a layer or as an output, for which"
                " there is no repair.",
                hint=REBUILD_HINT,
            )
        node = reference.node - self.offsets[reference.layer]
        return self.new_names[reference.layer], max(node, 0), reference.tensor

    def output_place(self, reference: Reference) -> list[Any]:
        """The same for an input or output of the model."""
        name, node, tensor = self.call_place(reference)
        return [name, node + 1 if self.is_functional[reference.layer] else node, tensor]


def repair_graph(repairing: Repairing, settings: Config, place: Place) -> None:
    """Repairs the arguments of a Functional model in place.

    Raises:
        ModelError: A call of a layer cannot be understood, or there is no operation for it.
    """
    entries: list[Config] = settings["layers"]
    olds = [name_in(entry) for entry in entries]
    names = dict(zip(olds, new_names(olds), strict=True))
    for old, new in names.items():
        if old != new:
            repairing.notes.add("name", "Layers are renamed, as Keras 3 takes no '/' in a name", new)
    is_old = any(not is_of_today(node) for entry in entries for node in entry.get("inbound_nodes") or ())
    by_name = dict(zip(olds, entries, strict=True))
    calls = {old: _calls(entry, names, old) for old, entry in by_name.items()}
    graph = _Graph(
        names,
        {old: calls_before(entry) if is_old else 0 for old, entry in by_name.items()},
        {old: is_functional(entry) for old, entry in by_name.items()},
        calls,
        Sizes.of(by_name, calls),
    )
    settings["layers"] = [
        each for old, entry in by_name.items() for each in _repaired(repairing, entry, old, graph, place)
    ]
    for key in ("input_layers", "output_layers"):
        settings[key] = _ends(settings[key], graph) if is_old else renamed(settings[key], names)
        if is_old and place and single(settings[key]) is not settings[key]:
            repairing.notes.add("output-list", "An input or output in a list of one is taken as such", place[-1])
        settings[key] = single(settings[key]) if is_old else settings[key]


def calls_before(entry: Config) -> int:
    """Keras 1 and 2 count the call by which a model was made, and so number calls of it from 1."""
    if is_functional(entry):
        return 1
    if entry.get("class_name") != "Sequential":
        return 0
    settings = entry["config"]
    layers = settings.get("layers") if isinstance(settings, dict) else settings
    first = layers[0] if layers else {}
    shape = first.get("config", {}).get("batch_input_shape") if isinstance(first.get("config"), dict) else None
    return int(first.get("class_name") in ("InputLayer", *_MODELS) or shape is not None)


def is_functional(entry: Config) -> bool:
    """Whether a serialized layer is a Functional model."""
    settings = entry.get("config")
    return entry.get("class_name") in _MODELS or (isinstance(settings, dict) and "input_layers" in settings)


def _calls(entry: Config, names: Mapping[str, str], old: str) -> list[Call]:
    """The calls of a layer that stand in an old form."""
    nodes = entry.get("inbound_nodes") or []
    if all(map(is_of_today, nodes)):
        return []
    try:
        calls = [parsed(node, frozenset(names)) for node in nodes]
    except ValueError as error:
        raise ModelError(
            f"What the layer {names[old]!r} is called with cannot be understood.",
            hint="Ask whoever made the file for another one.",
            details=str(error),
        ) from error
    is_node = entry.get("class_name") == "TensorFlowOpLayer"
    return [node_call(call, entry["config"]) for call in calls] if is_node else calls


def _repaired(repairing: Repairing, entry: Config, old: str, graph: _Graph, place: Place) -> list[Config]:
    """What stands for a layer: itself, or operations of Keras."""
    name, calls = graph.new_names[old], graph.calls[old]
    nodes = entry.get("inbound_nodes") or []
    class_name = str(entry.get("class_name"))
    if not calls:
        today = [renamed(node, graph.new_names) for node in nodes]
        return [{**repairing.layer(entry, place, name), "name": name, "inbound_nodes": today}]
    if class_name in OPERATION_LAYERS:
        return _operations(repairing, entry, old, graph)
    if is_merge(entry) and "Merge" not in repairing.given:
        entry = merge_layer(entry, name)
        repairing.notes.add("merge", "Merge of Keras 1 becomes the layer that does its work today", name)
    _note_calls(repairing, nodes, calls, graph, name)
    if any(isinstance(call[0][0], list) for call in calls) and class_name in _TAKES_STATE:
        repairing.notes.add("inbound-nodes", "The first state of a recurrent layer is given by its name", name)
    today = [written(_with_state(call, class_name), graph.call_place) for call in calls]
    return [{**repairing.layer(entry, place, name), "name": name, "inbound_nodes": today}]


def _note_calls(repairing: Repairing, nodes: list[Any], calls: list[Call], graph: _Graph, name: str) -> None:
    """Says what plain Keras would take wrongly: numbers of calls of models, and tensors given by name."""
    for call in calls:
        if any(graph.offsets[reference.layer] for reference in references(call)):
            repairing.notes.add("inbound-nodes", "Calls of models inside are numbered as Keras 3 does", name)
        if references(([], call[1])):
            repairing.notes.add("inbound-nodes", "Tensors that are given by name are given as Keras 3 does", name)
        if call[1] and isinstance(call[0][0], list) and _differ(nodes):
            repairing.notes.add("inbound-nodes", "Arguments of calls are given as Keras 3 does", name)


def _differ(nodes: list[Any]) -> bool:
    """Whether the arguments beside the tensors of one call are not the same: plain Keras takes the last ones."""
    for node in nodes:
        if isinstance(node, list):
            beside = [part[3] for part in node if isinstance(part, list) and len(part) > 3]
            if any(each != beside[-1] for each in beside):
                return True
    return False


def _with_state(call: Call, class_name: str) -> Call:
    """A recurrent layer with its first state: Keras 2 wrote them as one list."""
    first, kwargs = call[0][0], dict(call[1])
    if class_name not in _TAKES_STATE or not isinstance(first, list):
        return call
    kwargs.pop("initial_state", None)
    state = first[1:]
    return [first[0]], {**kwargs, "initial_state": state[0] if class_name == "SimpleRNN" else state}


def _operations(repairing: Repairing, entry: Config, old: str, graph: _Graph) -> list[Config]:
    """The operations of today in place of one of TensorFlow's; none for what only tells sizes."""
    name, class_name, config = graph.new_names[old], str(entry["class_name"]), entry["config"]
    if graph.sizes.is_told(old):
        return []
    function = function_of(class_name, config)
    shape = (entry.get("build_config") or {}).get("input_shape")
    made = [
        todays_operations(Making(name, function, node, shape), graph.sizes.filled(call))
        for node, call in enumerate(graph.calls[old])
    ]
    if any([step.itself for step in steps] != [step.itself for step in made[0]] for steps in made):
        raise ModelError(f"The layer {name!r} calls TensorFlow's {function!r} in two ways.", hint=REBUILD_HINT)
    names = ", ".join(dict.fromkeys(step.class_name for step in made[0]))
    text = f"TensorFlow's {function!r} becomes Keras's operation{'s' * (len(made[0]) > 1)} {names}"
    repairing.notes.add("operation-node" if class_name == "TensorFlowOpLayer" else "operation", text, name)
    return [_serialized(steps, graph) for steps in zip(*made, strict=True)]


def _serialized(steps: tuple[Step, ...], graph: _Graph) -> Config:
    """One operation with a node for each of its calls."""
    step = steps[0]
    return {
        "module": step.module,
        "class_name": step.class_name,
        "config": {"name": step.name, **step.settings},
        "registered_name": step.class_name,
        "name": step.name,
        "inbound_nodes": [written((list(each.args), dict(each.kwargs)), graph.call_place) for each in steps],
    }


def _ends(value: Any, graph: _Graph) -> Any:
    """The inputs or the outputs of a model."""
    match value:
        case [str(name), int(node), int(tensor)] if name in graph.new_names:
            return graph.output_place(Reference(name, node, tensor))
        case list():
            return [_ends(part, graph) for part in value]
        case dict():
            return {key: _ends(part, graph) for key, part in value.items()}
    return value
