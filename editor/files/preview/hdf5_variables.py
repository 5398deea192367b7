"""Finds which weights in an HDF5 model belong to which layer, without Keras.

The file has a list of weights for each top-level layer, those first that train by the flags in the configuration
(fact F17), as Keras reads it. Where a layer of a class that is not Keras's holds other layers, the order alone does not
tell whose a weight is; then the names in the file do, which have the names of the layers in them.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from editor.files.preview.draft_records import records
from editor.files.preview.drafts import Draft, Part, Variable, walk
from editor.files.preview.keras_layers import OwnWeight, settings_of
from editor.files.preview.old_layouts import lay_out_anew
from editor.files.preview.preprocessing import without_state
from editor.files.preview.skeleton import layer_list
from editor.files.stored_weights import ROOT_WEIGHTS, StoredLayer, StoredWeight
from editor.files.weight_names import is_same_layer, split_name
from editor.layers.nodes import LayerNode
from editor.layers.paths import escape
from editor.layers.tree import LayerTree

STATISTICS = re.compile(r"(moving|running)_(mean|variance|std)")
"""What Keras calls the weights of its normalizing layers that never train."""


def fill_variables(root: Draft, layers: Sequence[StoredLayer]) -> tuple[str, ...]:
    """Sets the variables of all layers, and adds the layers that only the names of weights tell of.

    Returns:
        What does not fit, a sentence each.
    """
    _clear(root)
    orders = _Orders(root)
    stored = {layer.key: layer for layer in layers}
    own = stored.pop(ROOT_WEIGHTS, None)
    if own is not None:
        _set_own(root, [_Named(split_name(own, weight).variable, weight) for weight in own.weights])
    if not root.is_graph:
        for layer in stored.values():
            _fill_by_names(_add_part(root, escape(layer.name), layer.name), layer)
        return ()
    notes = []
    for part in root.parts:
        found = without_state(part.draft, stored.pop(part.draft.layer_name, None))
        if found and not (_fill_in_order(orders.of(part.draft), found) or _fill_by_names(part.draft, found)):
            notes.append(f"The weights of {found.name!r} in the file are not those that its class has.")
        lay_out_anew(part.draft)
    left = [name for name, layer in stored.items() if layer.weights]
    return (*notes, *(f"The file has weights of {name!r}, which its architecture does not have." for name in left))


def _clear(root: Draft) -> None:
    for draft in walk(root):
        draft.variables = [] if draft.own == () else None


def name_nameless(config: dict[str, Any], layers: Sequence[StoredLayer]) -> frozenset[str]:
    """Gives layers without a name in a configuration, in place, that of their group, if as many of these are left.

    Returns:
        These names. Keras counts them up anew whenever it loads the file, so that they are none to go by.
    """
    entries = layer_list(config) or []
    named = {_layer_name(entry) for entry in entries}
    groups = [layer.name for layer in layers if layer.name not in named and layer.key != ROOT_WEIGHTS]
    nameless = [entry for entry in entries if not _layer_name(entry) and isinstance(entry["config"], dict)]
    if len(groups) != len(nameless):
        return frozenset()
    for entry, name in zip(nameless, groups, strict=True):
        entry["config"]["name"] = name
    return frozenset(groups)


def _layer_name(entry: dict[str, Any]) -> str:
    name = entry.get("name") or settings_of(entry).get("name")
    return name if isinstance(name, str) else ""


# -- by order -----------------------------------------------------------------------------------------------------

_Place = tuple[Draft, int]
"""A layer and the number of one of its variables."""


class _Orders:
    """The order in which Keras reads the weights of each top-level layer, found with variables without a shape."""

    def __init__(self, root: Draft) -> None:
        self._root = root
        self._nodes: dict[int, LayerNode] = {}
        self._places: dict[int, list[_Place]] = defaultdict(list)

    def _find(self) -> None:
        drafts = list(walk(self._root))
        found = [draft.variables for draft in drafts]
        for draft in drafts:
            draft.variables = [Variable((), "float32")] * len(draft.own) if draft.own is not None else None
        tree = LayerTree(records(self._root))
        self._nodes = {id(drafts[node.record.layer_id]): node for node in tree.root.children}
        for layer in tree.walk_layers():
            for at, weight in enumerate(layer.record.weights):
                self._places[weight.weight_id].append((drafts[layer.record.layer_id], at))
        for draft, variables in zip(drafts, found, strict=True):
            draft.variables = variables

    def of(self, draft: Draft) -> list[list[_Place]] | None:
        """The places of each weight in a layer; None where a class in it is not Keras's."""
        if any(each.own is None for each in walk(draft)):
            return None
        if not draft.parts:
            # Its statistics come last already, and all others share its flag.
            return [[(draft, at)] for at in range(len(draft.own or ()))]
        if not self._nodes:
            self._find()
        node = self._nodes[id(draft)]
        weights = sorted(node.weights_below, key=lambda weight: weight.position)
        if node.record.is_flag_set:
            weights.sort(key=lambda weight: not weight.is_trainable)
        return [self._places[weight.weight_id] for weight in weights]


def _fill_in_order(order: list[list[_Place]] | None, layer: StoredLayer) -> bool:
    """Whether the weights in the file are as many as the layer has, in the order in which Keras reads them."""
    if order is None or len(order) != len(layer.weights):
        return False
    expected = [_own_name(*places[0]) for places in order]
    names = [split_name(layer, weight).variable for weight in layer.weights]
    # Names were others in Keras 1; the same ones in another order tell of flags that are not in the configuration.
    if names != expected and sorted(names) == sorted(expected):
        return False
    for places, weight in zip(order, layer.weights, strict=True):
        for draft, at in places:
            variables = draft.variables or [Variable((), "float32")] * len(draft.own or ())
            variables[at] = Variable(weight.shape, weight.dtype)
            draft.variables = variables
    return True


def _own_name(draft: Draft, at: int) -> str:
    assert draft.own is not None
    return draft.own[at].name


# -- by names -----------------------------------------------------------------------------------------------------


class _Named(NamedTuple):
    """A weight with what the file calls it in its layer."""

    name: str
    weight: StoredWeight


_Scope = tuple[str, ...]


def _fill_by_names(top: Draft, layer: StoredLayer) -> bool:
    """Gives each layer the weights that have its name in theirs; the others are layers that nothing else tells of.

    Returns:
        Whether all layers of Keras's own got what they have.
    """
    groups: dict[_Scope, list[_Named]] = {}
    for weight in layer.weights:
        name = split_name(layer, weight)
        groups.setdefault(name.scope, []).append(_Named(name.variable, weight))
    is_right = True
    for draft, chain in _chains(top, ()):
        if draft.own == ():
            continue
        scope = _scope_of(draft, chain, groups)
        named = groups.pop(scope, []) if scope is not None else []
        is_right &= draft.own is None or sorted(each.name for each in named) == sorted(each.name for each in draft.own)
        _set_own(draft, named)
    for scope, named in groups.items():
        owner, rest = _unknown_owner(top, scope)
        _set_own(_add_part(owner, "/".join(map(escape, rest)), rest[-1]) if rest else owner, named)
    return is_right


def _chains(draft: Draft, above: _Scope) -> Iterator[tuple[Draft, _Scope]]:
    """Each layer once, in the order in which Keras makes them, with the names on the way to it."""
    seen: set[int] = set()

    def visit(draft: Draft, chain: _Scope) -> Iterator[tuple[Draft, _Scope]]:
        if id(draft) not in seen:
            seen.add(id(draft))
            yield draft, chain
            for inner in list(draft.made):
                yield from visit(inner, (*chain, inner.layer_name))

    return visit(draft, above)


def _scope_of(draft: Draft, chain: _Scope, groups: Mapping[_Scope, list[_Named]]) -> _Scope | None:
    """The group of a layer: that with the most of the names on the way to it, its own among them if it is known."""
    if not chain:
        return () if () in groups else None
    wanted = sorted(weight.name for weight in draft.own or ())
    fitting = [
        scope
        for scope, named in groups.items()
        if (scope and is_same_layer(scope[-1], chain[-1]))
        or (not chain[-1] and sorted(each.name for each in named) == wanted)
    ]
    return max(fitting, key=lambda scope: len(set(scope) & set(chain)), default=None)


def _unknown_owner(top: Draft, scope: _Scope) -> tuple[Draft, _Scope]:
    """The layer of a class that is not Keras's in which a scope stands, with the rest of the scope."""
    unknown = [(draft, chain) for draft, chain in _chains(top, ()) if draft.place is not None and not draft.is_keras]
    for draft, chain in reversed(unknown):
        at = next((at for at, name in enumerate(scope[:-1]) if chain and is_same_layer(name, chain[-1])), None)
        if at is not None:
            return draft, scope[at + 1 :]
    return (unknown[0][0] if unknown else top), scope


def _add_part(owner: Draft, name: str, layer_name: str) -> Draft:
    taken = {part.name for part in owner.parts}
    numbered = (f"{name}#{number}" for number in itertools.count(2))
    name = next(each for each in itertools.chain([name], numbered) if each not in taken)
    draft = Draft("", {"name": layer_name})
    owner.parts.append(Part(name, draft, is_name_known=False))
    owner.made.append(draft)
    return draft


def _set_own(draft: Draft, named: list[_Named]) -> None:
    """Sets the variables that a layer itself owns, in its own order where that is known."""
    if draft.own:
        order = {weight.name: at for at, weight in enumerate(draft.own)}
        named = sorted(named, key=lambda each: order.get(each.name, len(order)))
    if draft.own is None or len(draft.own) != len(named):
        draft.own = tuple(OwnWeight(each.name, is_statistics=bool(STATISTICS.match(each.name))) for each in named)
    draft.variables = [Variable(each.weight.shape, each.weight.dtype) for each in named]
