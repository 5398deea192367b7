"""What a run trains on, ready for the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from editor.training.data_options import Augmentation, Task
from editor.training.data_report import DataReport

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Samples to train on, to validate on, or to evaluate at the end.

    Attributes:
        inputs: One for each input of the model, each `(num_samples, …)`; may be a memmap.
        targets: One for each output of the model, each `(num_samples, …)`.
    """

    inputs: tuple[Array, ...]
    targets: tuple[Array, ...]

    @property
    def num_samples(self) -> int:
        """Samples in it."""
        return len(self.inputs[0])

    def take(self, rows: npt.NDArray[np.intp]) -> Part:
        """Some of the samples, in the order given."""
        return Part(tuple(array[rows] for array in self.inputs), tuple(array[rows] for array in self.targets))


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """What a run trains on, and what is told about it.

    Attributes:
        train: Samples to train on.
        report: What was found in the data.
        validation: Samples that are validated on and never trained on; None where there are none.
        test: Samples to evaluate when the run is over; None where there are none.
        augmentation: Applied to batches of training samples.
        class_weight: How much a sample of each class counts in the loss; None where all count the same.
        input_names: What each input is called in sentences.
        target_names: What each target is called in sentences.
        has_own_validation: Whether the validation part was given, not drawn from the training samples.
        tasks: What each target is learned as; empty where that is found from the labels and the last layer.
    """

    train: Part
    report: DataReport
    validation: Part | None = None
    test: Part | None = None
    augmentation: tuple[Augmentation, ...] = ()
    class_weight: dict[int, float] | None = None
    input_names: tuple[str, ...] = ("x",)
    target_names: tuple[str, ...] = ("y",)
    has_own_validation: bool = False
    tasks: tuple[Task, ...] = ()

    def suffix(self, part: Part) -> str:
        """What is added to a name in sentences about a part."""
        return "_val" if part is self.validation else "_test" if part is self.test else ""
