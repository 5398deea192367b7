"""Builds the tree of a model from its serialized configuration alone: layers, names, store keys, graph (fact F22).

`draft_of` gives a `Draft` for each layer object, as Keras 3 would have them after loading; a reader of weights sets
`Draft.variables` on those whose weights it finds; `draft_records.records` makes records of both.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from editor.errors import FileError
from editor.files.preview.graph_order import Call, Config, GraphOrder, Source, calls_of, order_of, references, shape_of
from editor.files.preview.keras_composites import inner_layers
from editor.files.preview.keras_layers import (
    ALIASES,
    GRAPHS,
    KERAS_CLASSES,
    OPAQUE,
    OwnWeight,
    default_training,
    own_weights,
    settings_of,
)
from editor.files.preview.snake_case import numbered, to_snake_case
from editor.layers.paths import escape
from editor.layers.records import Shape

_OPERATIONS = ("keras.src.ops", "keras.ops")
"""Modules of bare operations, such as an addition of two tensors, which are no layers."""


@dataclass(frozen=True)
class Variable:
    """A variable that was found in a file, or that the configuration tells for sure.

    Attributes:
        shape: Its shape.
        dtype: Keras dtype name.
        name: Keras's variable name if the file tells it; else the table of Keras's layers is asked, else it is unknown.
        is_statistics: Whether it never trains if the file tells it; None asks the table, and is False without one.
    """

    shape: tuple[int, ...]
    dtype: str
    name: str = ""
    is_statistics: bool | None = None


@dataclass(eq=False)
class Draft:
    """One layer object; the same one at all its places.

    Attributes:
        class_name: The class's own name, without package; empty if the file does not tell it.
        settings: The layer's arguments.
        place: The layer as it is serialized; None if the configuration does not have it by itself.
        is_keras: Whether it is of a class of Keras that the table knows, so that all that it holds is known.
        is_graph: Whether it is a Functional or Sequential model.
        parts: The layers that it holds, in the order of Keras's walk.
        made: The same layers in the order in which the layer makes them (`_layers`), which is the order of `weights`.
        takes_from: The siblings whose output it takes.
        sources: The layer and the number of its output for each input of the first call; empty if a bare operation is
            between.
        outputs: The same for the outputs of a graph.
        fixed_training: As `LayerRecord` has it.
        input_shapes: Of its first call, or those that it was built with; empty if not told.
        output_shapes: Of its first call; empty if not told.
        store: Its group in Keras 3's weights file, by Keras's walk.
        own: The weights that it owns by the table of Keras's layers; None if that is not known.
        variables: The variables that it itself owns, in the order of `own`; None if not known.
    """

    class_name: str
    settings: Config
    place: Config | None = None
    is_keras: bool = False
    is_graph: bool = False
    parts: list[Part] = field(default_factory=list)
    made: list[Draft] = field(default_factory=list)
    takes_from: list[Draft] = field(default_factory=list)
    sources: list[tuple[Draft, int]] = field(default_factory=list)
    outputs: list[tuple[Draft, int]] = field(default_factory=list)
    fixed_training: bool | None = None
    input_shapes: tuple[Shape, ...] = ()
    output_shapes: tuple[Shape, ...] = ()
    store: str = ""
    own: tuple[OwnWeight, ...] | None = None
    variables: list[Variable] | None = None

    @property
    def layer_name(self) -> str:
        """Keras's name of the layer; empty if the file does not tell it."""
        name = self.settings.get("name") or (self.place or {}).get("name")
        return name if isinstance(name, str) else ""


@dataclass(frozen=True)
class Part:
    """A layer at one place in another.

    Attributes:
        name: As `LayerRecord.name`.
        draft: The layer.
        access: As `LayerRecord.access`.
        attribute: The attribute that holds it; `layers` in a graph.
        is_listed: Whether the attribute is a list.
        is_name_known: As `LayerRecord` has it.
    """

    name: str
    draft: Draft
    access: tuple[str, ...] = ()
    attribute: str = ""
    is_listed: bool = False
    is_name_known: bool = True


def draft_of(config: Config) -> Draft:
    """The layers of a model, of any version of Keras from 1 on.

    Args:
        config: The whole configuration: `config.json` of a `.keras`, `model_config` of an `.h5`, what `to_json` gives.

    Raises:
        FileError: It is no configuration of a model.
    """
    if not is_serialized(config):
        raise FileError(
            "The architecture in this file names no class and settings of a model.",
            hint="It is probably damaged. Copy or download it again.",
        )
    root = _Builder().draft(config)
    assign_stores(root)
    return root


def walk(root: Draft) -> Iterator[Draft]:
    """Each layer once, in the order in which the records are numbered."""
    seen: set[int] = set()
    stack = [root]
    while stack:
        draft = stack.pop()
        if id(draft) not in seen:
            seen.add(id(draft))
            yield draft
            stack.extend(part.draft for part in reversed(draft.parts))


def walk_made(root: Draft) -> Iterator[Draft]:
    """Each layer once, in the order in which Keras lists weights: before those in it, and these as they are made."""
    seen: set[int] = set()
    stack = [root]
    while stack:
        draft = stack.pop()
        if id(draft) not in seen:
            seen.add(id(draft))
            yield draft
            stack.extend(reversed(draft.made))


def is_serialized(value: Any) -> bool:
    """Whether this is a serialized object of any version of Keras."""
    return isinstance(value, dict) and isinstance(value.get("class_name"), str) and "config" in value


def layer_list(place: Config) -> list[Config] | None:
    """The serialized layers of a graph; None if it is none. A Sequential of Keras 1 has a bare list as settings."""
    settings = place["config"]
    entries = settings.get("layers") if isinstance(settings, dict) else settings
    if not isinstance(entries, list) or not all(map(is_serialized, entries)):
        return None
    if _is_of_keras(place):
        return entries if place["class_name"] in GRAPHS else None
    # A Sequential of a class of one's own cannot be told from a layer that has an argument `layers`.
    is_functional = isinstance(settings, dict) and {"input_layers", "output_layers"} <= settings.keys()
    return entries if is_functional else None


def _is_of_keras(place: Config) -> bool:
    """Whether Keras would take its own class for it: it is in none of Keras's modules if it is somebody else's."""
    module = place.get("module")
    package, _, name = place["class_name"].rpartition(">")
    is_foreign = isinstance(module, str) and module.partition(".")[0] not in ("keras", "tf_keras", "tensorflow")
    return not package and not is_foreign and ALIASES.get(name, name) in KERAS_CLASSES


class _Builder:
    """Makes the drafts of one configuration."""

    def __init__(self) -> None:
        self._shared: dict[Any, Draft] = {}

    def draft(self, place: Config) -> Draft:
        shared_id = place.get("shared_object_id") if "module" in place else None
        if shared_id is not None and shared_id in self._shared:
            return self._shared[shared_id]
        draft = self._new(place)
        if shared_id is not None:
            self._shared[shared_id] = draft
        return draft

    def _new(self, place: Config) -> Draft:
        name = place["class_name"].rpartition(">")[2]
        is_keras = _is_of_keras(place)
        settings = settings_of(place)
        class_name = ALIASES.get(name, name) if is_keras else name
        draft = Draft(class_name, settings, place, is_keras and class_name not in OPAQUE)
        draft.own = own_weights(class_name, settings) if draft.is_keras else None
        draft.input_shapes = _built_with(place)
        entries = layer_list(place)
        if entries is None:
            self._fill_composite(draft)
        else:
            draft.is_graph = True
            # In Keras 3 a graph of a class of one's own owns nothing either, unless its code says so.
            self._fill_graph(draft, entries, settings)
        return draft

    def _fill_composite(self, draft: Draft) -> None:
        if not draft.is_keras:
            return
        parts = []
        for inner in inner_layers(draft.class_name, draft.settings):
            child = self.draft(inner.place)
            child.place = None if inner.is_made else child.place
            index = "" if inner.at is None else f"/{inner.at}"
            access = (f".{inner.attribute}",) if inner.at is None else (f".{inner.attribute}", f"[{inner.at}]")
            parts.append(Part(inner.attribute + index, child, access, inner.attribute, inner.at is not None))
        draft.made = [part.draft for part in parts]
        draft.parts = sorted(parts, key=lambda part: walk_order(part.attribute))

    def _fill_graph(self, draft: Draft, entries: list[Config], settings: Config) -> None:
        keys = _keys_in_graph(entries)
        inner = {key: self.draft(entry) for key, entry in zip(keys, entries, strict=True) if not is_operation(entry)}
        if "input_layers" in settings and "output_layers" in settings:
            calls = {key: calls_of(entry) for key, entry in zip(keys, entries, strict=True)}
            graph = order_of(settings, calls)
            order = graph.layers
            _join_graph(draft, inner, calls, graph)
        else:
            order = keys
            _join_chain(draft, inner, settings)
        draft.made = [inner[key] for key in order if key in inner]
        # A Sequential hides its input.
        shown = [each for each in draft.made if draft.class_name != "Sequential" or each.class_name != "InputLayer"]
        draft.parts = list(_graph_parts(shown))


def _keys_in_graph(entries: list[Config]) -> list[str]:
    """The layers by their names; those of which nothing is written have none (fact F9)."""
    keys: dict[str, None] = {}
    for entry in entries:
        name = entry.get("name") or settings_of(entry).get("name")
        key = name if isinstance(name, str) else ""
        keys[key if key and key not in keys else f"{key}\0{len(keys)}"] = None
    return list(keys)


def _graph_parts(layers: list[Draft]) -> Iterator[Part]:
    counts: Counter[str] = Counter()
    for layer in layers:
        group = numbered(to_snake_case(layer.class_name), counts)
        if name := layer.layer_name:
            yield Part(escape(name), layer, (by_name(name),), "layers", is_listed=True)
        else:
            yield Part(group, layer, (), "layers", is_listed=True, is_name_known=False)


def is_operation(place: Config) -> bool:
    """Whether a node of a graph is a bare operation and no layer."""
    module = place.get("module")
    return isinstance(module, str) and module.startswith(_OPERATIONS)


def by_name(name: str) -> str:
    """How Python gets a layer of a graph by its name, as `walk.by_name` writes it."""
    return f".get_layer({json.dumps(name, ensure_ascii=False)})"


def walk_order(attribute: str) -> str:
    """A key that sorts attributes as Keras's walk does: public ones first."""
    return f"~{attribute}" if attribute.startswith("_") else attribute


def _built_with(place: Config) -> tuple[Shape, ...]:
    """The shapes in `build_config`, which only Keras 3 writes, and an input's own."""
    settings = settings_of(place)
    if place["class_name"] == "InputLayer":
        shape = shape_of(settings.get("batch_shape", settings.get("batch_input_shape")))
        return (shape,) if shape is not None else ()
    built = place.get("build_config")
    if not isinstance(built, dict):
        return ()
    shapes = built.get("shapes_dict")
    found = list(shapes.values()) if isinstance(shapes, dict) else [built.get("input_shape")]
    return tuple(shape for shape in map(shape_of, found) if shape)


def _join_graph(draft: Draft, inner: dict[str, Draft], calls: dict[str, list[Call]], graph: GraphOrder) -> None:
    """Who takes from whom, and the shapes that calls tell."""
    producers: dict[str, list[Draft]] = {}
    for name, at in graph.calls:
        sources = [source.layer for source in calls[name][at].sources]
        found = [each for source in sources for each in ([inner[source]] if source in inner else producers[source])]
        taken = [*(inner[name].takes_from if name in inner else ()), *found]
        distinct = list({id(each): each for each in taken}.values())
        if name in inner:
            inner[name].takes_from = distinct
        else:
            # A bare operation hands on what it takes.
            producers[name] = distinct
    for name, each in inner.items():
        _set_call(each, calls[name])
        each.sources = _joined(calls[name][0].sources, inner)
    draft.outputs = _joined(references(draft.settings.get("output_layers")), inner)
    _set_outputs(inner, calls)
    inputs = [inner[source.layer] for source in references(draft.settings.get("input_layers")) if source.layer in inner]
    draft.input_shapes = draft.input_shapes or tuple(shape for each in inputs for shape in each.input_shapes)


def _joined(sources: list[Source], inner: dict[str, Draft]) -> list[tuple[Draft, int]]:
    found = [(inner[source.layer], source.output) for source in sources if source.layer in inner]
    # A later call of a layer may give another shape.
    is_whole = len(found) == len(sources) and all(not source.call or inner[source.layer].is_graph for source in sources)
    return found if is_whole else []


def _set_call(draft: Draft, calls: list[Call]) -> None:
    shapes = [source.shape for source in calls[0].sources]
    if shapes and None not in shapes:
        draft.input_shapes = tuple(shape for shape in shapes if shape is not None)
    if draft.is_keras:  # what the default is in another class only its code knows
        default = default_training(draft.class_name)
        told = [call.training for call in calls if call.training is not None and call.training is not default]
        draft.fixed_training = told[-1] if told else None


def _set_outputs(inner: dict[str, Draft], calls: dict[str, list[Call]]) -> None:
    """What the consumers of a first call tell of its outputs, if all of them are told."""
    told: dict[str, dict[int, Shape]] = {}
    for called in calls.values():
        for call in called:
            for source in call.sources:
                if source.shape is not None and source.call == 0:
                    told.setdefault(source.layer, {})[source.output] = source.shape
    for name, draft in inner.items():
        outputs = told.get(name, {})
        if sorted(outputs) == list(range(len(outputs))):
            draft.output_shapes = tuple(outputs[at] for at in sorted(outputs))
        if draft.class_name == "InputLayer":
            draft.output_shapes = draft.input_shapes


def _join_chain(draft: Draft, inner: dict[str, Draft], settings: Config) -> None:
    layers = list(inner.values())
    shown = [each for each in layers if each.class_name != "InputLayer"]
    for before, after in itertools.pairwise(shown):
        after.takes_from = [before]
        after.sources = [(before, 0)]
        if len(after.input_shapes) == 1:
            before.output_shapes = after.input_shapes
    if not draft.input_shapes and layers:
        first = shape_of(settings.get("build_input_shape")) or shape_of(layers[0].settings.get("batch_input_shape"))
        draft.input_shapes = layers[0].input_shapes or ((first,) if first else ())
    draft.outputs = [(shown[-1], 0)] if shown else []
    if shown and not shown[0].input_shapes:
        shown[0].input_shapes = draft.input_shapes


def assign_stores(root: Draft) -> None:
    """Sets the store keys as Keras's own walk gives them; the first place that reaches a layer has it."""
    visited: set[int] = set()

    def visit(draft: Draft, path: str) -> None:
        if id(draft) in visited:
            return
        visited.add(id(draft))
        draft.store = path
        counts: dict[str, Counter[str]] = {}
        for part in draft.parts:
            inner = f"{path}/{part.attribute}" if path else part.attribute
            if part.is_listed:
                # Keras numbers by class before it looks whether it has the object already, and so do we.
                inner += "/" + numbered(
                    to_snake_case(part.draft.class_name), counts.setdefault(part.attribute, Counter())
                )
            visit(part.draft, inner)

    visit(root, "")
