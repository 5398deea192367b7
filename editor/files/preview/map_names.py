"""Takes what a freeze map in the file says of layers that no table knows: path, class, which weights can train."""

from __future__ import annotations

from dataclasses import replace

from editor.files.preview.keras_layers import own_weights
from editor.files.preview.skeleton import Draft, Part, Variable
from editor.layers.freeze_map import FreezeMap, LayerFlags
from editor.layers.paths import join


def name_by_map(root: Draft, freeze_map: FreezeMap) -> None:
    """Gives layers and weights of unknown name or class those of the map, where group and shapes agree.

    A map lists the layers that own weights; what holds only such layers keeps its key for a name.
    """
    by_store = {flags.store: (path, flags) for path, flags in freeze_map.layers.items() if _has_names(flags)}
    _name(root, "", by_store, set())


def _has_names(flags: LayerFlags) -> bool:
    """Whether a live model has told the names; a map that was saved from a preview has no class, or numbers."""
    return bool(flags.store and flags.class_name) and not any(name.isdigit() for name in flags.weights)


def _name(draft: Draft, path: str | None, by_store: dict[str, tuple[str, LayerFlags]], seen: set[int]) -> None:
    if id(draft) in seen:
        return
    seen.add(id(draft))
    if not draft.is_keras:
        _, flags = by_store.get(draft.store, ("", None))
        if flags and _fits(draft, flags):
            draft.class_name = draft.class_name or flags.class_name
            draft.variables = _named(draft.variables or [], flags)
    for at, part in enumerate(draft.parts):
        draft.parts[at] = part = part if part.is_name_known else _renamed(part, path, by_store)
        inner = join(path, part.name) if path is not None and part.is_name_known else None
        _name(part.draft, inner, by_store, seen)


def _renamed(part: Part, parent: str | None, by_store: dict[str, tuple[str, LayerFlags]]) -> Part:
    path, flags = by_store.get(part.draft.store, ("", None))
    start = f"{parent}/" if parent else ""
    if not flags or parent is None or not path.startswith(start) or path == start:
        return part
    return replace(part, name=path[len(start) :], is_name_known=True)


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
