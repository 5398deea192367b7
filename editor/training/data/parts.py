"""What a run trains on, ready for the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from editor.training.data_options import Augmentation, Task
from editor.training.data_report import DataReport, SampleView

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """What is done to the values of one input, batch by batch.

    Attributes:
        name: One of `PREPROCESSINGS` but `auto`, or the name of a module of `keras.applications`.
        reason: Why, in a sentence.
        black: The value of the data that stands for black.
        white: The value that stands for white.
    """

    name: str = "none"
    reason: str = ""
    black: float = 0.0
    white: float = 255.0


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
class StreamPart(Part):
    """Samples that come batch by batch from a person's own `tf.data.Dataset`, in an order of its own.

    Attributes:
        inputs: Those of the first samples alone.
        targets: All targets; those of the first samples alone where they are large.
        dataset: Gives `(inputs, targets)` or `(inputs, targets, sample_weights)`, each a tuple of batches.
        num_given: Samples in one pass.
        num_batches: Batches in one pass.
    """

    dataset: Any = None
    num_given: int = 0
    num_batches: int = 0

    @property
    def num_samples(self) -> int:
        """Samples in one pass."""
        return self.num_given

    def take(self, rows: npt.NDArray[np.intp]) -> Part:
        """As many of the first samples; over and over again if there are not as many."""
        held = np.arange(len(rows)) % len(self.inputs[0])
        return Part(tuple(array[held] for array in self.inputs), tuple(array[held] for array in self.targets))


@dataclass(frozen=True, slots=True, eq=False)
class Numbered:
    """Where samples come from, told by numbers.

    Attributes:
        form: Takes a number, such as `row {:,}`.
        numbers: `(num_samples,)`, int64.
    """

    form: str
    numbers: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, at: int) -> str:
        return self.form.format(self.numbers[at])


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """What a run trains on, and what is told about it.

    Attributes:
        train: Samples to train on.
        report: What was found in the data.
        validation: Samples that are validated on and never trained on; None where there are none.
        test: Samples to evaluate when the run is over; None where there are none.
        augmentation: Applied to batches of training samples.
        preprocessing: What is done to the values of each input; empty for nothing.
        class_weight: How much a sample of each class counts in the loss; None where all count the same.
        input_names: What each input is called in sentences.
        target_names: What each target is called in sentences.
        has_own_validation: Whether the validation part was given, not drawn from the training samples.
        class_names: Of the first target, in the order of their numbers; empty where none are known.
        sources: Where each training sample comes from, such as a file's name, a row of it, or a place in an array as
            Python has it, `x[12]`; empty for a person's own dataset.
        tasks: What each target is learned as; empty where that is found from the labels and the last layer.
        view: Shows a training sample in words, by its place; None where its values show themselves.
    """

    train: Part
    report: DataReport
    validation: Part | None = None
    test: Part | None = None
    augmentation: tuple[Augmentation, ...] = ()
    preprocessing: tuple[Preprocessing, ...] = ()
    class_weight: dict[int, float] | None = None
    input_names: tuple[str, ...] = ("x",)
    target_names: tuple[str, ...] = ("y",)
    has_own_validation: bool = False
    tasks: tuple[Task, ...] = ()
    class_names: tuple[str, ...] = ()
    sources: tuple[str, ...] | Numbered = ()
    view: Callable[[Part, int], SampleView] | None = None

    def suffix(self, part: Part) -> str:
        """What is added to a name in sentences about a part."""
        return "_val" if part is self.validation else "_test" if part is self.test else ""
