"""Carries shapes through a model: what the file tells, and what follows from it by certain rules."""

from __future__ import annotations

from editor.files.preview.drafts import Draft, Variable, walk
from editor.files.preview.graph_order import shape_of
from editor.files.preview.shape_rules import output_shape
from editor.files.preview.weight_rules import attention_sizes, ruled_variables, variable_dtype
from editor.layers.records import Shape

_CELL_CLASSES = ("ConvLSTMCell", "GRUCell", "LSTMCell", "SimpleRNNCell")
_MATRICES = ("embeddings", "kernel")
_ATTENTIONS = ("GroupedQueryAttention", "MultiHeadAttention")


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
    # The first states of a recurrent layer come behind.
    given = draft.input_shapes[:1]
    if not given:
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
        if draft.class_name in _ATTENTIONS and draft.is_keras:
            _fill_attention(draft)
        elif draft.is_keras and draft.own and draft.variables is None:
            is_told = len(draft.input_shapes) == 1 or draft.class_name == "AdditiveAttention"
            given = draft.input_shapes[0] if is_told and draft.input_shapes else None
            draft.variables = ruled_variables(draft.class_name, draft.settings, draft.own, given)
    for draft in walk(root):
        if draft.class_name == "SpectralNormalization" and draft.is_keras:
            _fill_spectral(draft)
    for draft in walk(root):
        draft.are_weights_told = draft.variables is not None or draft.own == ()


def _fill_attention(draft: Draft) -> None:
    """The layers that an attention makes for query, key, value and output."""
    sizes = attention_sizes(draft.class_name, draft.settings, _attended(draft))
    dtype = variable_dtype(draft.settings)
    for child in draft.made:
        shapes = sizes.get(child.layer_name)
        if shapes and dtype and child.own is not None:
            child.variables = [Variable(shape, dtype) for shape in shapes[: len(child.own)]]


def _attended(draft: Draft) -> list[Shape]:
    """The shapes of query, value and key."""
    built = (draft.place or {}).get("build_config")
    shapes = built.get("shapes_dict") if isinstance(built, dict) else None
    if isinstance(shapes, dict):
        named = [shape_of(shapes.get(f"{role}_shape")) for role in ("query", "value", "key")]
        return [shape for shape in (*named[:2], named[2] or named[1]) if shape]
    given = list(draft.input_shapes)
    return [*given, given[-1]] if len(given) == 2 else []


def _fill_spectral(draft: Draft) -> None:
    """The matrix of the layer inside, and a vector along its last axis."""
    inner = draft.made[0] if draft.made else None
    if not inner or not inner.variables or not inner.own or not draft.own or draft.variables:
        return
    found = [each for each, own in zip(inner.variables, inner.own, strict=False) if own.name in _MATRICES]
    if found and found[0].shape:
        draft.variables = [*found[: len(draft.own) - 1], Variable((1, found[0].shape[-1]), found[0].dtype)]
