"""The parts that everything in a run needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from editor.keras_model.walk import ModelIndex
from editor.training.control import RunControl
from editor.training.data import Prepared
from editor.training.pipeline import Recipe, ordered_batches
from editor.training.precision import Precision
from editor.training.watching import RunPlan, RunWatcher


@dataclass(frozen=True)
class Running:
    """A run under way.

    Attributes:
        index: The live model.
        data: What it trains on.
        watcher: Told of each step.
        control: What other threads ask.
        precision: In how many bits the layers compute.
        recipe: How samples become what the model takes.
    """

    index: ModelIndex
    plan: RunPlan
    data: Prepared
    watcher: RunWatcher
    control: RunControl
    precision: Precision
    recipe: Recipe


def sample_of(running: Running) -> Any:
    """Up to two samples of the first input, as the model receives them."""
    train = running.data.train
    batch = next(iter(ordered_batches(train.take(np.arange(min(2, train.num_samples))), running.recipe)))
    return keras.tree.flatten(batch[0])[0].numpy()
