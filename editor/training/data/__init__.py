"""Training data: reads what people have, and brings it to what a model takes; without Keras."""

from __future__ import annotations

from editor.training.data.parts import Array, Part, Prepared
from editor.training.data.prepare import prepare

__all__ = ["Array", "Part", "Prepared", "prepare"]
