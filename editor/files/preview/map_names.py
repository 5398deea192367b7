"""Takes what a freeze map in the file says of layers that no table knows: path, class, which weights can train."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import msgspec

from editor.files.preview.drafts import Draft, Part, Variable, walk
from editor.files.preview.keras_layers import own_weights
from editor.layers.freeze_map import FreezeMap, LayerFlags
from editor.layers.paths import join
from editor.layers.records import LayerRecord
from editor.layers.tree import LayerTree


def name_by_map(root: Draft, freeze_map: FreezeMap) -> None:
    """Gives layers and weights of unknown name or class those of the map, where group and shapes agree.

    A map lists the layers that own weights; the path of what only holds such layers follows from theirs.
    """
    entries = [(path, flags) for path, flags in freeze_map.layers.items() if _has_names(path, flags)]
    by_store = {flags.store: flags for _, flags in entries}
    paths = _Paths({flags.store: path for path, flags in entries})
    for draft in walk(root):
        found = None if draft.is_keras else by_store.get(draft.store)
        if found and _fits(draft, found):
            draft.class_name = draft.class_name or found.class_name
            draft.variables = _named(draft.variables or [], found)
    known = {id(root): ""}
    for draft in walk(root):
        parent = known.get(id(draft)) if id(draft) in known else paths.of(draft) or None
        if parent is not None:
            draft.parts = [part if part.is_name_known else _renamed(part, parent, paths) for part in draft.parts]
            for part in draft.parts:
                if part.is_name_known:
                    known.setdefault(id(part.draft), join(parent, part.name))


def doubt_what_is_hidden(root: LayerRecord, freeze_map: FreezeMap) -> LayerRecord:
    """The tree without a claim on weights of which the map speaks by names that only the model's code has.

    In an `.h5` a layer inside of a custom class stands under its own name, and in the map under its attribute.
    """
    _, report = LayerTree(root).plan_map(freeze_map)
    hidden = {path.partition("/")[0] for path in report.unmatched}
    children = tuple(_doubted(child) if child.name in hidden else child for child in root.children)
    return msgspec.structs.replace(root, children=children)


def _doubted(layer: LayerRecord) -> LayerRecord:
    is_doubted = not layer.class_name
    weights = tuple(
        msgspec.structs.replace(weight, is_kind_known=False) if is_doubted and not weight.is_statistics else weight
        for weight in layer.weights
    )
    return msgspec.structs.replace(layer, weights=weights, children=tuple(map(_doubted, layer.children)))


def _has_names(path: str, flags: LayerFlags) -> bool:
    """Whether a live model has told the names; a map that was saved from a preview has no class, or numbers."""
    # The root alone has no name and no key.
    has_key = bool(path) == bool(flags.store)
    return has_key and bool(flags.class_name) and not any(name.isdigit() for name in flags.weights)


@dataclass
class _Paths:
    """The paths of layers, by their store keys."""

    known: dict[str, str]
    _found: dict[int, str] = field(default_factory=dict)

    def of(self, draft: Draft) -> str:
        """The path; empty if the map does not tell it."""
        if id(draft) not in self._found:
            self._found[id(draft)] = ""  # for a layer that reaches itself again
            self._found[id(draft)] = self.known.get(draft.store) or self._above_parts(draft)
        return self._found[id(draft)]

    def _above_parts(self, draft: Draft) -> str:
        """What is left of a path when the known name of the layer inside is taken off."""
        for part in draft.parts:
            inner = self.of(part.draft) if part.is_name_known else ""
            if inner.endswith(f"/{part.name}"):
                return inner.removesuffix(f"/{part.name}")
        return ""


def _renamed(part: Part, parent: str, paths: _Paths) -> Part:
    path = paths.of(part.draft)
    start = f"{parent}/" if parent else ""
    is_below = path.startswith(start) and len(path) > len(start)
    return replace(part, name=path[len(start) :], is_name_known=True) if is_below else part


def _fits(draft: Draft, flags: LayerFlags) -> bool:
    """Whether the map is about the weights that are there; those that can train come first in a layer."""
    if draft.class_name not in ("", flags.class_name):
        return False
    shapes = [flags.shapes.get(name) for name in flags.weights]
    found = [variable.shape for variable in draft.variables or ()]
    return None not in shapes and found[: len(shapes)] == shapes


def _named(variables: list[Variable], flags: LayerFlags) -> list[Variable]:
    """The map does not name statistics; the table of Keras's layers does if it agrees with the map in all else."""
    names = list(flags.weights)
    table = own_weights(flags.class_name, {"scale": "gamma" in names, "center": "beta" in names}) or ()
    is_like_keras = len(table) == len(variables) and [each.name for each in table if not each.is_statistics] == names
    statistics = [each.name for each in table if each.is_statistics]
    rest = statistics if is_like_keras else [""] * (len(variables) - len(names))
    return [
        replace(variable, name=name, is_statistics=at >= len(names))
        for at, (variable, name) in enumerate(zip(variables, [*names, *rest], strict=True))
    ]
