"""The layers of a SavedModel: as their configurations tell them, and in classes that Keras has not, as the objects do.

Objects stand under the attributes that hold them, so that they have the names that a walk over the live model finds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from editor.errors import FileError
from editor.files.preview.drafts import Draft, Part, Variable, assign_stores, walk
from editor.files.preview.preprocessing import has_state
from editor.files.preview.skeleton import draft_of
from editor.files.saved_model.objects import SavedNode, SavedObjects, is_graph, is_layer
from editor.layers.paths import escape, join

MAX_LAYERS = 20_000
"""Records in all: a few objects that hold each other at many places would make as many as one likes."""

_MAX_DEPTH = 60
_CONTAINERS = frozenset(f"trackable_{kind}_wrapper" for kind in ("list", "dict", "tuple"))
_ADDED = frozenset(
    {"variables", "trainable_variables", "non_trainable_variables", "regularization_losses", "keras_api", "layers"}
    | {"metrics", "losses", "signatures", "optimizer", "layer_regularization_losses", "layer_metrics"}
    | {"_self_saveable_object_factories"}
)
"""What Keras adds to each layer when it writes it."""

_NUMBERED_LAYER = re.compile(r"layer-(\d+)")
_DICT = "trackable_dict_wrapper"


class Held(NamedTuple):
    """An object at one place.

    Attributes:
        name: Its path below what holds it.
        access: The steps in Python to it.
        number: Its number among the objects.
    """

    name: str
    access: tuple[str, ...]
    number: int


def layers_in(objects: SavedObjects, number: int) -> Iterator[Held]:
    """The layers that a layer holds, each once: by name in a graph, else by the attribute, in the order of Keras 3."""
    node = objects.nodes[number]
    seen: set[int] = set()
    names: set[str] = set()
    for held in (*_numbered_layers(objects, node), *_attributes(objects, node)):
        if is_layer(objects.nodes[held.number]) and held.number not in seen and held.name not in names:
            seen.add(held.number)
            names.add(held.name)
            yield held


def variables_in(objects: SavedObjects, number: int) -> list[tuple[str, int]]:
    """The variables that a layer itself owns, each once, with the attribute; what trains comes first, as in Keras."""
    found: dict[int, str] = {}
    for held in _attributes(objects, objects.nodes[number], is_sorted=False):
        if objects.nodes[held.number].variable:
            found.setdefault(held.number, "".join(held.access).removeprefix("."))
    return sorted(
        ((attribute, at) for at, attribute in found.items()), key=lambda each: not _trains(objects.nodes[each[1]])
    )


def _trains(node: SavedNode) -> bool:
    return node.variable is not None and node.variable.is_trainable


def _numbered_layers(objects: SavedObjects, node: SavedNode) -> list[Held]:
    """The layers of a graph: Keras 2 writes them as `layer-0`, `layer-1`, … in their order."""
    found = []
    for name, number in node.children.items():
        match = _NUMBERED_LAYER.fullmatch(name)
        if match and is_graph(node):
            own_name = str(_node(objects, number).metadata.get("name", name))
            found.append((int(match[1]), Held(escape(own_name), (f".get_layer({json.dumps(own_name)})",), number)))
    return [held for _, held in sorted(found, key=lambda each: each[0])]


def _attributes(objects: SavedObjects, node: SavedNode, *, is_sorted: bool = True) -> Iterator[Held]:
    names = [name for name in node.children if name not in _ADDED and not name.startswith("layer_with_weights-")]
    if is_sorted:
        names.sort(key=lambda name: (name.startswith("_"), name))
    for name in names:
        if not (is_graph(node) and _NUMBERED_LAYER.fullmatch(name)):
            yield from _items(objects, Held(escape(name), (f".{name}",), node.children[name]), 0)


def _items(objects: SavedObjects, place: Held, depth: int) -> Iterator[Held]:
    node = _node(objects, place.number)
    if node.identifier not in _CONTAINERS:
        yield place
        return
    if depth > _MAX_DEPTH:
        raise _too_deep()
    for key, number in node.children.items():
        step = f"[{json.dumps(key)}]" if node.identifier == _DICT else f"[{key}]"
        held = Held(f"{place.name}/{escape(key)}", (*place.access, step), number)
        yield from _items(objects, held, depth + 1)


def _node(objects: SavedObjects, number: int) -> SavedNode:
    if not 0 <= number < len(objects.nodes):
        raise FileError(f"saved_model.pb is damaged: it names an object {number} that it does not have.")
    return objects.nodes[number]


def _too_deep() -> FileError:
    """The refusal of a file whose objects stand in each other deeper than those of any model."""
    return FileError(f"The objects in saved_model.pb stand in each other more than {_MAX_DEPTH} deep.")


def layer_places(objects: SavedObjects) -> Iterator[tuple[str, int]]:
    """The path of each layer, the root's first, and its number among the objects; a shared layer at each place.

    Raises:
        FileError: The objects make no tree of a size that a model has.
    """
    num_places = 0
    held: dict[int, list[Held]] = {}
    waiting: list[tuple[str, int, tuple[int, ...]]] = [("", 0, ())]
    while waiting:
        path, number, above = waiting.pop()
        num_places += 1
        _check_size(num_places, len(above))
        yield path, number
        above = (*above, number)
        if number not in held:
            held[number] = list(layers_in(objects, number))
        inner = [each for each in held[number] if each.number not in above]
        waiting.extend((join(path, each.name), each.number, above) for each in reversed(inner))


def _check_size(num_layers: int, depth: int) -> None:
    """Refuses a tree that no model has.

    Raises:
        FileError: It has too many layers, or they stand too deep in each other.
    """
    if num_layers > MAX_LAYERS:
        raise FileError(f"saved_model.pb holds more than {MAX_LAYERS:,} layers; this is no sound model.")
    if depth > _MAX_DEPTH:
        raise _too_deep()


# -- drafts -----------------------------------------------------------------------------------------------------------


def draft_of_objects(objects: SavedObjects) -> Draft:
    """The layers of a model with Keras's metadata: by the configuration of each, and by the objects in unknown ones.

    Raises:
        FileError: The objects make no tree of a size that a model has.
    """
    for _ in layer_places(objects):
        pass  # the size is checked there
    making = _Making(objects)
    root = making.draft(0)
    assign_stores(root)
    for draft in walk(root):
        if id(draft) in making.own_models and not draft.is_graph:
            _forget_stores(draft)
    return root


def _forget_stores(model: Draft) -> None:
    """In a model of a class of one's own the keys depend on the order in which its code makes the layers (fact F22)."""
    for draft in walk(model):
        if draft is not model:
            draft.store = ""


class _Making:
    """Makes the drafts of one file, and gives them the variables that it has for them."""

    def __init__(self, objects: SavedObjects) -> None:
        self._objects = objects
        self._drafts: dict[int, Draft] = {}
        self._joined: set[int] = set()
        self.own_models: set[int] = set()

    def draft(self, number: int) -> Draft:
        """The layer of an object."""
        if number not in self._drafts:
            node = self._objects.nodes[number]
            self._drafts[number] = draft = draft_of(_place(node))
            if node.identifier == "_tf_keras_model":
                self.own_models.add(id(draft))
            self._join(draft, number)
        return self._drafts[number]

    def _join(self, draft: Draft, number: int) -> None:
        if id(draft) in self._joined:
            return
        self._joined.add(id(draft))
        held = list(layers_in(self._objects, number))
        draft.variables = self._variables(draft, number)
        if draft.is_keras or draft.is_graph:
            by_name = {alike(each.name): each.number for each in held}
            for part in draft.parts:
                if alike(part.name) in by_name:
                    self._join(part.draft, by_name[alike(part.name)])
        else:
            draft.parts = [self._part(each) for each in held]
            draft.made = [part.draft for part in draft.parts]

    def _part(self, held: Held) -> Part:
        attribute = held.access[0].removeprefix(".")
        return Part(held.name, self.draft(held.number), held.access, attribute, len(held.access) > 1)

    def _variables(self, draft: Draft, number: int) -> list[Variable]:
        if has_state(draft):
            return []
        found = [self._objects.nodes[at].variable for _, at in variables_in(self._objects, number)]
        variables = [each for each in found if each]
        own = [weight.name for weight in draft.own or ()]
        names = [each.name.rpartition("/")[2] for each in variables]
        if draft.own is None or len(own) != len(variables):
            named = zip(variables, names, strict=True)
            return [Variable(each.shape, each.dtype, name, not each.is_trainable) for each, name in named]
        if set(own) == set(names):
            variables.sort(key=lambda each: own.index(each.name.rpartition("/")[2]))
        return [Variable(each.shape, each.dtype) for each in variables]


def alike(path: str) -> str:
    """A path by which layers of Keras 2 and 3 are found: some attributes are private in one and public in the other."""
    return "/".join(part.lstrip("_") for part in path.split("/"))


def _place(node: SavedNode) -> dict[str, Any]:
    """A layer as it would be serialized."""
    config = node.metadata.get("config")
    settings = dict(config) if isinstance(config, dict) else {}
    # A class that writes no arguments has its flag and name beside them.
    for key in ("name", "trainable"):
        if key in node.metadata:
            settings.setdefault(key, node.metadata[key])
    class_name = node.metadata.get("class_name")
    return {"class_name": class_name if isinstance(class_name, str) else "", "config": settings}
