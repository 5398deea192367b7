"""Lays what is in a weights file of Keras 3 onto the drafts of a model: variables, and layers that no table knows."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from editor.files.preview.drafts import Draft, Part, Variable, walk
from editor.files.preview.keras_layers import OwnWeight, Settings, quantization_of
from editor.files.preview.old_layouts import is_of_gpu, lay_out_anew
from editor.files.preview.quantized_rules import LORA_DTYPE
from editor.files.preview.snake_case import numbered, to_snake_case
from editor.files.preview.weight_groups import VARIABLES, WeightGroups, walk_order_of_groups
from editor.files.preview.weight_rules import variable_dtype
from editor.layers.paths import escape

_NO_LAYERS = frozenset({"optimizer", "_optimizer", "_compile_metrics", "_loss_tracker", "_metrics"})
"""Groups of a compiled model that are no layers of it."""


def fill(root: Draft, groups: WeightGroups) -> None:
    """Sets the variables of all drafts, and adds the layers inside those of classes that are not Keras's.

    Of such a layer the file tells the attribute that holds it, or, in a list or a dict, only its class in snake case
    and a number; never the class itself.
    """
    _assign_groups(root, groups)
    for draft in list(walk(root)):
        if draft.own != ():
            draft.variables = _variables(draft, groups)
        if not draft.is_keras:
            _add_parts(draft, groups)
    lay_out_anew(root)


def _assign_groups(root: Draft, groups: WeightGroups) -> None:
    """Finds the group of each layer, which in a file of an old Keras may be called otherwise than today (fact F22)."""
    visited: set[int] = set()

    def visit(draft: Draft, group: str) -> None:
        if id(draft) in visited:
            return
        visited.add(id(draft))
        draft.group = group
        counts: dict[str, _Counts] = {}
        for part in draft.parts:
            inner = f"{group}/{part.attribute}" if group else part.attribute
            if part.is_listed:
                counted = counts.setdefault(part.attribute, (Counter(), Counter()))
                visit(part.draft, _listed_group(inner, part.draft, groups, counted))
            elif is_of_gpu(draft):
                # It has the weights itself, without a cell.
                visit(part.draft, group)
            else:
                private = f"{group}/_{part.attribute}" if group else f"_{part.attribute}"
                visit(part.draft, private if groups.has(private) and not groups.has(inner) else inner)

    visit(root, "")


_Counts = tuple[Counter[str], Counter[str]]
"""How often each class came in a list: by its name in the file, and by that of today."""


def _listed_group(above: str, draft: Draft, groups: WeightGroups, counts: _Counts) -> str:
    names = _class_in_file(draft), draft.class_name
    was, today = (f"{above}/{numbered(to_snake_case(name), each)}" for name, each in zip(names, counts, strict=True))
    return was if groups.has(was) else today


def _class_in_file(draft: Draft) -> str:
    if draft.place is None or draft.is_graph:
        return draft.class_name
    class_name: str = draft.place["class_name"]
    return class_name.rpartition(">")[2]


def _variables(draft: Draft, groups: WeightGroups) -> list[Variable] | None:
    stored = groups.variables(draft.group)
    if stored is None or draft.own is None:
        return stored
    numbers = [at if weight.stored_at == -1 else weight.stored_at for at, weight in enumerate(draft.own)]
    if sorted(number for number in numbers if number is not None) != list(range(len(stored))):
        return stored
    rank = draft.settings.get("lora_rank")
    if rank and stored and not quantization_of(draft.settings):
        # Merged as it computes, which in a mixed policy is another type than that of the matrix.
        stored[0] = replace(stored[0], dtype=variable_dtype(draft.settings) or stored[0].dtype)
    return [
        stored[number] if number is not None else _low_rank(weight, draft.settings, stored)
        for number, weight in zip(numbers, draft.own, strict=True)
    ]


def _low_rank(weight: OwnWeight, settings: Settings, stored: list[Variable]) -> Variable:
    """A matrix of LoRA, which Keras merges into the one it belongs to on saving (fact F23)."""
    matrix, last = stored[0], stored[0].shape[-1:]
    rank = settings.get("lora_rank")
    rank = rank if isinstance(rank, int) else 0
    if quantization_of(settings).startswith("int4"):
        # Two numbers to a byte; only what stands beside the matrix has its true size.
        size = settings.get("output_dim")
        last = (
            (size,)
            if isinstance(size, int)
            else next(each.shape[-1:] for each in stored[1:] if each.dtype != "int8" and len(each.shape) > 1)
        )
    shape = (*matrix.shape[:-1], rank) if weight.name.endswith("_a") else (rank, *last)
    return Variable(shape, LORA_DTYPE)


def _add_parts(draft: Draft, groups: WeightGroups) -> None:
    known = {part.attribute for part in draft.parts}
    for name in walk_order_of_groups(groups.groups(draft.group)):
        if name != VARIABLES and name not in known and name not in _NO_LAYERS:
            _add_group(draft, name, groups, is_attribute=True)
    draft.made = [part.draft for part in draft.parts]


def _add_group(draft: Draft, name: str, groups: WeightGroups, *, is_attribute: bool) -> None:
    """Adds the layer at a group below a draft's own; a list or a dict adds all that are in it."""
    group = f"{draft.group}/{name}" if draft.group else name
    if not groups.has_variables(group):
        for inner in walk_order_of_groups(groups.groups(group)):
            _add_group(draft, f"{name}/{inner}", groups, is_attribute=False)
        return
    variables = groups.variables(group)
    layer_name = groups.layer_name(group)
    if _is_no_layer(layer_name, variables or []):
        return
    store = f"{draft.store}/{name}" if draft.store else name
    child = Draft("", {"name": layer_name} if layer_name else {}, store=store, group=group, variables=variables)
    access = (f".{name}",) if is_attribute and name.isidentifier() else ()
    draft.parts.append(Part(escape(name) if is_attribute else name, child, access, is_name_known=is_attribute))
    _add_parts(child, groups)


def _is_no_layer(name: str, variables: list[Variable]) -> bool:
    """Whether a group is that of an optimizer, or of a generator of random numbers in files of Keras 3.0 to 3.5."""
    if len(variables) == 1:
        return variables[0] == Variable((2,), "uint32")
    counts = bool(variables) and variables[0].shape == () and variables[0].dtype in ("int32", "int64")
    return counts and len(variables) > 1 and variables[1] == Variable((), "float32")
