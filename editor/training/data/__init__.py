"""Training data: reads what people have, and brings it to what a model takes; without Keras."""

from __future__ import annotations

from editor.training.data.parts import Array, Part, Prepared
from editor.training.data.prepare import prepare
from editor.training.data.train_data import TrainData, hold_out, load_data

__all__ = ["Array", "Part", "Prepared", "TrainData", "hold_out", "load_data", "prepare"]
