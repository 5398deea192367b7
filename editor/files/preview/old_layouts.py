"""Weights that stand otherwise in an old file than in the layer that takes the old one's place today."""

from __future__ import annotations

import math
from dataclasses import replace

from editor.files.preview.drafts import Draft, walk

_NUM_WEIGHTS = 3


def is_of_gpu(draft: Draft) -> bool:
    """Whether the file has one of NVIDIA's old classes, `CuDNNGRU` or `CuDNNLSTM`."""
    return draft.is_keras and str((draft.place or {}).get("class_name")).startswith("CuDNN")


def lay_out_anew(top: Draft) -> None:
    """Gives the bias of NVIDIA's classes the shape that it has in the layer of today."""
    for draft in walk(top):
        cell = draft.parts[0].draft if is_of_gpu(draft) and draft.parts else None
        if cell and cell.variables and len(cell.variables) == _NUM_WEIGHTS:
            bias = cell.variables[-1]
            size = math.prod(bias.shape) // 2
            cell.variables[-1] = replace(bias, shape=(size,) if draft.class_name == "LSTM" else (2, size))
