"""Holds the preview of a file against the live model of the same file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from editor.files.facts import Preview
from editor.files.preview.keras_layers import KERAS_CLASSES
from editor.layers.nodes import LayerNode
from editor.layers.records import LayerRecord, WeightRecord
from editor.layers.tree import LayerTree

UNKNOWN_KINDS = ("store key", "class", "path", "weight names", "statistics", "flag", "shared weight", "output shape")


@dataclass
class Parity:
    """What was found.

    Attributes:
        differences: What the preview says and is not so, or should know and does not; a line each.
        unknown: What it does not say, by kind: the layers concerned, by their path in the live model.
    """

    differences: list[str] = field(default_factory=list)
    unknown: dict[str, list[str]] = field(default_factory=dict)

    def note_unknown(self, kind: str, path: str) -> None:
        self.unknown.setdefault(kind, []).append(path)


def compare(preview: Preview, live: LayerRecord, *, is_renamed: bool = False) -> Parity:
    """Compares layer by layer, found by store key: what is said must be so, and flags and counts must be said.

    Args:
        preview: Of a file.
        live: The model of the same file, with the flags that plain Keras gave it, and no map laid over.
        is_renamed: Whether automatic names in it differ after every loading (fact F9).
    """
    parity = Parity()
    told, there = LayerTree(preview.root), LayerTree(live)
    told_by, there_by = _by_store(told), _by_store(there)
    _note_missing(told_by, there_by, parity)
    parity.differences += [f"{store}: in the preview alone" for store in told_by.keys() - there_by.keys()]
    stores = [{node.record.layer_id: node.record.store for node in tree.walk_layers()} for tree in (told, there)]
    is_whole = all(node.record.class_name in KERAS_CLASSES and node.is_known for node in _Known.all_of(told))
    for store in there_by.keys() & told_by.keys():
        _compare_layer(_Known(told_by[store]), there_by[store], parity, is_renamed=is_renamed)
        _compare_flow(told_by[store].record, there_by[store].record, stores, parity)
    if is_whole and not parity.unknown:
        _compare_numbers(told, there, parity)
    _compare_accounts(told, there, parity)
    return parity


def _note_missing(told_by: Mapping[str, LayerNode], there_by: Mapping[str, LayerNode], parity: Parity) -> None:
    """The layers inside a class of one's own have no keys in an `.h5`; their weights are there all the same."""
    holders: dict[str, LayerNode] = {}
    for store in there_by.keys() - told_by.keys():
        holder = there_by[store]
        while holder.record.store not in told_by and holder.parent:
            holder = holder.parent
        known = told_by[holder.record.store]
        if known.record.class_name in KERAS_CLASSES or all(layer.record.store for layer in _below(known)):
            parity.differences.append(f"{store}: not in the preview")
        else:
            parity.note_unknown("store key", there_by[store].path)
            holders[holder.record.store] = holder
    for store, holder in holders.items():
        found, right = (sorted(_size(weight) for weight in node.weights_below) for node in (told_by[store], holder))
        if found != right:
            parity.differences.append(f"{store}: weights {found} below, are {right}")


def _below(node: LayerNode) -> Iterator[LayerNode]:
    for child in node.children:
        yield child
        yield from _below(child)


def _by_store(tree: LayerTree) -> dict[str, LayerNode]:
    """Each layer at its first place; one that Keras's walk does not reach has no key."""
    found: dict[str, LayerNode] = {}
    for node in tree.walk_layers():
        if node is tree.root or node.record.store:
            found.setdefault(node.record.store, node)
    return found


@dataclass
class _Known:
    """A layer of a preview."""

    node: LayerNode

    @property
    def record(self) -> LayerRecord:
        return self.node.record

    @property
    def is_known(self) -> bool:
        """Whether the whole path is."""
        node: LayerNode | None = self.node
        while node is not None:
            if not node.record.is_name_known:
                return False
            node = node.parent
        return True

    @property
    def is_inside_custom(self) -> bool:
        """Whether a layer above it is of a class that is not Keras's."""
        node = self.node.parent
        while node is not None and node.record.class_name in KERAS_CLASSES:
            node = node.parent
        return node is not None

    @classmethod
    def all_of(cls, tree: LayerTree) -> Iterator[_Known]:
        return map(cls, tree.walk_layers())


def _compare_layer(known: _Known, live: LayerNode, parity: Parity, *, is_renamed: bool) -> None:
    told, there, path = known.record, live.record, live.path or "(root)"
    _compare_names(known, live, parity, is_renamed=is_renamed)
    # What follows from a class is not known where the class is not.
    for name in ("is_graph", "has_lora", "fixed_training") if told.class_name in KERAS_CLASSES else ():
        if getattr(told, name) != getattr(there, name):
            parity.differences.append(f"{path}: {name} {getattr(told, name)}, is {getattr(there, name)}")
    if told.is_flag_set != there.is_flag_set:
        _note_flag(known, f"{path}: is_flag_set {told.is_flag_set}, is {there.is_flag_set}", path, parity)
    if told.output_shapes and told.output_shapes != there.output_shapes:
        parity.differences.append(f"{path}: output {told.output_shapes}, is {there.output_shapes}")
    if there.output_shapes and not told.output_shapes:
        parity.note_unknown("output shape", path)
    _compare_weights(known, live, parity)


def _note_flag(known: _Known, difference: str, path: str, parity: Parity) -> None:
    """The code of a class of one's own may set flags inside, which no file tells."""
    if known.is_inside_custom:
        parity.note_unknown("flag", path)
    else:
        parity.differences.append(difference)


def _compare_names(known: _Known, live: LayerNode, parity: Parity, *, is_renamed: bool) -> None:
    told, there, path = known.record, live.record, live.path or "(root)"
    if not told.class_name:
        parity.note_unknown("class", path)
    elif told.class_name != there.class_name:
        parity.differences.append(f"{path}: class {told.class_name}, is {there.class_name}")
    if not known.is_known:
        parity.note_unknown("path", path)
    elif known.node.path != live.path and not is_renamed:
        parity.differences.append(f"{path}: path {known.node.path}")
    if told.access and told.access != there.access and not is_renamed:
        parity.differences.append(f"{path}: access {told.access}, is {there.access}")


def _compare_weights(known: _Known, live: LayerNode, parity: Parity) -> None:
    told, there, path = known.record.weights, live.record.weights, live.path or "(root)"
    if sorted(map(_size, told)) != sorted(map(_size, there)):
        parity.differences.append(f"{path}: weights {[*map(_size, told)]}, are {[*map(_size, there)]}")
        return
    if any(not weight.is_name_known for weight in told):
        parity.note_unknown("weight names", path)
        if any(weight.is_statistics for weight in there):
            parity.note_unknown("statistics", path)
            if any(weight.is_kind_known and not (weight.is_name_known or weight.is_statistics) for weight in told):
                parity.differences.append(f"{path}: statistics are said to train")
            return
    for weight, is_so in zip(told, there, strict=True):
        wanted = ("name", "shape", "dtype", "num_bytes", "is_statistics", "is_trainable", "attribute")
        for name in wanted if weight.is_name_known else ("is_statistics", "is_trainable"):
            value, right = getattr(weight, name), getattr(is_so, name)
            difference = f"{path}:{is_so.name}: {name} {value}, is {right}"
            if value != right and name == "is_trainable":
                _note_flag(known, difference, path, parity)
            elif value != right and not (name == "attribute" and not value):
                parity.differences.append(difference)


def _size(weight: WeightRecord) -> tuple[tuple[int, ...], str, int]:
    return weight.shape, weight.dtype, weight.num_bytes


def _compare_flow(told: LayerRecord, there: LayerRecord, stores: list[dict[int, str]], parity: Parity) -> None:
    found = [stores[0][layer_id] for layer_id in told.takes_from]
    right = [stores[1][layer_id] for layer_id in there.takes_from]
    if found and found != right:
        parity.differences.append(f"{there.store}: takes from {found}, is {right}")


def _compare_numbers(told: LayerTree, there: LayerTree, parity: Parity) -> None:
    """Ids and positions, where everything is known."""
    for node, right in zip(told.walk_layers(), there.walk_layers(), strict=False):
        if node.record.layer_id != right.record.layer_id:
            parity.differences.append(f"{right.path}: layer {node.record.layer_id}, is {right.record.layer_id}")
        found = [(weight.weight_id, weight.position) for weight in node.record.weights]
        wanted = [(weight.weight_id, weight.position) for weight in right.record.weights]
        if found != wanted:
            parity.differences.append(f"{right.path}: numbers and positions {found}, are {wanted}")


def _compare_accounts(told: LayerTree, there: LayerTree, parity: Parity) -> None:
    found, right = told.account(told.root), there.account(there.root)
    shared = list(_shared_weights(told, there))
    for path in shared:
        parity.note_unknown("shared weight", path)
    if not shared and found.total != right.total:
        parity.differences.append(f"{found.total} parameters, are {right.total}")
    if not {"store key", "statistics", "flag", "shared weight"} & parity.unknown.keys() and found != right:
        parity.differences.append(f"{found}, is {right}")


def _shared_weights(told: LayerTree, there: LayerTree) -> Iterator[str]:
    """The weights that a class of one's own gives to two layers: a file has them twice."""
    custom = {
        node.record.store
        for known in _Known.all_of(told)
        if (node := known.node).record.class_name not in KERAS_CLASSES or known.is_inside_custom
    }
    owners: dict[int, set[int]] = {}
    for node in there.walk_layers():
        for weight in node.record.weights:
            owners.setdefault(weight.weight_id, set()).add(node.record.layer_id)
    for node in there.walk_layers():
        if node.record.store in custom:
            yield from (weight.path for weight in node.weights if len(owners[weight.record.weight_id]) > 1)
