"""Preprocessing layers of Keras 2, of which some weights are none in Keras 3: tables, and what bins are made of."""

from __future__ import annotations

from dataclasses import replace

from editor.files.preview.drafts import Draft, walk
from editor.files.stored_weights import StoredLayer

_SUMMARY, _COUNTS = "summary:0", "Variable:0"
_STATE = {"Discretization": _SUMMARY, "TextVectorization": _COUNTS, "StringLookup": _COUNTS, "IntegerLookup": _COUNTS}
"""What such a weight is called in an `.h5` file, by the class of its layer: no layer's name stands before it."""


def has_state(draft: Draft) -> bool:
    """Whether what Keras 2 has as weights of a layer stands elsewhere in Keras 3."""
    return draft.is_keras and draft.class_name in _STATE


def without_state(top: Draft, layer: StoredLayer | None) -> StoredLayer | None:
    """The weights of a top-level layer in an `.h5` file without those that are none in Keras 3."""
    if layer is None:
        return None
    names = {_STATE[draft.class_name] for draft in walk(top) if has_state(draft)}
    return replace(layer, weights=tuple(weight for weight in layer.weights if weight.name not in names))
