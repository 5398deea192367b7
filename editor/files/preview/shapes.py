"""Carries shapes through a model: what the file tells, and what follows from it by certain rules."""

from __future__ import annotations

from editor.files.preview.drafts import Draft, walk
from editor.files.preview.shape_rules import output_shape
from editor.files.preview.weight_rules import ruled_variables
from editor.layers.records import Shape

_CELL_CLASSES = ("GRUCell", "LSTMCell", "SimpleRNNCell")


def infer_shapes(root: Draft) -> None:
    """Sets the input and output shapes that the configuration does not tell and that are certain all the same."""
    _infer(root, set())


def _infer(draft: Draft, seen: set[int]) -> None:
    if id(draft) in seen:
        return
    seen.add(id(draft))
    if draft.is_graph:
        for child in draft.made:
            child.input_shapes = child.input_shapes or _taken(child)
            _infer(child, seen)
        outputs = [source.output_shapes[at : at + 1] for source, at in draft.outputs]
        if not draft.output_shapes and outputs and all(outputs):
            draft.output_shapes = tuple(shape for found in outputs for shape in found)
    elif draft.is_keras:
        _infer_inside(draft)
        for child in draft.made:
            _infer(child, seen)
        is_open = not draft.output_shapes and draft.num_outputs == 1
        shape = output_shape(draft.class_name, draft.settings, draft.input_shapes) if is_open else None
        draft.output_shapes = draft.output_shapes or ((shape,) if shape else ())


def _taken(draft: Draft) -> tuple[Shape, ...]:
    found = [source.output_shapes[at : at + 1] for source, at in draft.sources]
    return tuple(shape for each in found for shape in each) if all(found) else ()


def _infer_inside(draft: Draft) -> None:
    """What the one layer inside a wrapper takes."""
    given = draft.input_shapes
    if len(given) != 1:
        return
    if draft.class_name == "TimeDistributed":
        given = ((given[0][0], *given[0][2:]),)
    for child in draft.made:
        is_cell = child.class_name in _CELL_CLASSES
        if draft.class_name in ("Bidirectional", "SpectralNormalization", "TimeDistributed") or is_cell:
            child.input_shapes = child.input_shapes or given


def fill_by_rules(root: Draft) -> None:
    """Sets the variables that a model without weights would have, where they are certain."""
    for draft in walk(root):
        if draft.is_keras and draft.own and draft.variables is None:
            given = draft.input_shapes[0] if len(draft.input_shapes) == 1 else None
            draft.variables = ruled_variables(draft.class_name, draft.settings, draft.own, given)
