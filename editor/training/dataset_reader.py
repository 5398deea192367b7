"""A person's own `tf.data.Dataset`: brought to batches of what a model takes, and gone through once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from editor.errors import DataError
from editor.training.data.parts import Array, StreamPart
from editor.training.model_facts import ModelFacts
from editor.training.progress import note_progress
from editor.wording import counted

EXPECTED = "Return a tf.data.Dataset of (x, y), or two of them: (train, validation)."
"""What to do where something else comes."""

_NUM_HELD = 64
"""First samples that are kept to look at."""
_MOST_TARGET_BYTES = 1 << 28
"""Above this only the first targets are kept, as for masks of images."""
_PAIR, _WEIGHED = 2, 3
_PLACES = re.compile(r"\{\{.*?\}\}")
"""TensorFlow's notes on where in a graph something happened."""


@dataclass
class DatasetReader:
    """Brings datasets to batches of what a model takes, and goes through them once.

    Attributes:
        name: Of the function, in sentences.
        input_names: What each input is called in sentences.
        target_names: What each target is called in sentences.
    """

    name: str
    facts: ModelFacts
    batch_size: int
    input_names: list[str] = field(default_factory=list)
    target_names: list[str] = field(default_factory=list)

    def part(self, dataset: tf.data.Dataset, what: str) -> StreamPart:
        """Goes once through a dataset.

        Args:
            dataset: Gives `(x, y)` or `(x, y, sample_weight)`, in batches or one by one.
            what: Added to its name in sentences, such as ` for validation`; empty for the training samples.

        Raises:
            DataError: It gives something that the model cannot learn from.
            GivenUpError: Nobody waits for it any more.
        """
        spec = dataset.element_spec
        if not isinstance(spec, tuple) or len(spec) not in (_PAIR, _WEIGHED):
            raise DataError(
                f"The dataset{what} of {self.name} gives {_spec_text(spec)}, and not (x, y).", hint=EXPECTED
            )
        if dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
            raise DataError(
                f"The dataset{what} of {self.name} never ends.", hint="Leave .repeat() out, or end it with .take(n)."
            )
        inputs = self._keys(spec[0], self.facts.input_names, self.facts.num_inputs, f"x{what}")
        targets = self._keys(spec[1], self.facts.output_names, self.facts.num_outputs, f"y{what}")
        if not what:
            self.input_names, self.target_names = _spoken("x", inputs), _spoken("y", targets)
        flat = dataset.map(lambda x, y, *weights: (_flat(x, inputs), _flat(y, targets), *weights))
        if not self._is_batched(flat.element_spec[0][0]):
            flat = flat.batch(self.batch_size)
        return self._gone_through(flat.prefetch(tf.data.AUTOTUNE), what)

    def _keys(self, spec: Any, names: Sequence[str], count: int, what: str) -> list[str]:
        """The keys or places of the tensors, in the order of the model."""
        flat = keras.tree.flatten(spec)
        odd = next((each for each in flat if not isinstance(each, tf.TensorSpec)), None)
        if odd is not None:
            raise DataError(
                f"{what} of {self.name} is a {type(odd).__name__.removesuffix('Spec')}, but plain tensors are needed.",
                hint="Turn it into a plain tensor, for example with tf.sparse.to_dense or .to_tensor().",
            )
        keys = list(spec) if isinstance(spec, dict) else [str(at) for at in range(len(flat))]
        if len(keys) != count:
            given = counted(len(keys), "tensor")
            raise DataError(
                f"{what} of {self.name} has {given}, but the model has {count}: {', '.join(names) or 'unnamed'}.",
                hint="Give one for each, as a dictionary by the model's names.",
            )
        if isinstance(spec, dict) and count > 1:
            absent = [name for name in names if name not in spec]
            if absent:
                raise DataError(
                    f"{what} of {self.name} has no tensor called {absent[0]!r}; it has {', '.join(keys)}.",
                    hint=f"Call them as the model does: {', '.join(names)}.",
                )
            return list(names)
        return keys

    def _is_batched(self, spec: tf.TensorSpec) -> bool:
        """Whether a tensor has an axis of samples before what the model takes."""
        shape = self.facts.input_shape(0)
        if shape is None or spec.shape.rank is None:
            return spec.shape.rank is None or (spec.shape.rank > 0 and spec.shape[0] is None)
        return bool(spec.shape.rank > len(shape))

    def _gone_through(self, dataset: tf.data.Dataset, what: str) -> StreamPart:
        """Counts batches and samples, and keeps what is to be looked at."""
        head: list[Any] = []
        targets: list[tuple[Array, ...]] = []
        num_samples = num_batches = num_bytes = 0
        try:
            for inputs, labels, *_ in dataset:
                batch, samples = (tuple(each.numpy() for each in part) for part in (labels, inputs))
                self._check(samples, batch, f"batch {num_batches + 1} of the dataset{what}")
                if num_samples < _NUM_HELD:
                    head.append(samples)
                if num_bytes < _MOST_TARGET_BYTES:
                    targets.append(batch)
                    num_bytes += sum(each.nbytes for each in batch)
                num_samples += len(batch[0])
                num_batches += 1
                note_progress(f"Counting the samples of {self.name}", num_samples, 0)
        except tf.errors.OpError as error:
            raise DataError(
                f"The dataset{what} of {self.name} failed in batch {num_batches + 1}: {_first_line(error)}",
                hint="Mend the function, then try again.",
                details=str(error),
            ) from error
        if not num_samples:
            raise DataError(f"The dataset{what} of {self.name} gives no samples.", hint="Look at what it reads.")
        return StreamPart(
            _joined(head), _joined(targets), dataset=dataset, num_given=num_samples, num_batches=num_batches
        )

    def _check(self, inputs: tuple[Array, ...], targets: tuple[Array, ...], where: str) -> None:
        """Refuses what no model can learn from."""
        for name, array in (*zip(self.input_names, inputs, strict=True), *zip(self.target_names, targets, strict=True)):
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                raise DataError(
                    f"{name} of {self.name} holds NaN or infinity in {where}.",
                    hint="Drop those samples, for example with .filter, or fill the gaps.",
                )
        for name, array in zip(self.target_names, targets, strict=True):
            if array.dtype.kind in "OSU":
                raise DataError(
                    f"{name} of {self.name} is text, and a model learns numbers.",
                    hint="Number the classes in the function: 0, 1, 2, …",
                )


def _flat(structure: Any, keys: Sequence[str]) -> tuple[tf.Tensor, ...]:
    if isinstance(structure, dict):
        return tuple(structure[key] for key in keys)
    return tuple(keras.tree.flatten(structure))


def _spoken(what: str, keys: Sequence[str]) -> list[str]:
    return [what] if len(keys) == 1 else [f"{what} {key}" for key in keys]


def _joined(batches: Sequence[tuple[Array, ...]]) -> tuple[Array, ...]:
    return tuple(np.concatenate(arrays) for arrays in zip(*batches, strict=True))


def _spec_text(spec: Any) -> str:
    return f"{len(spec)} things" if isinstance(spec, tuple) else "samples without targets"


def _first_line(error: tf.errors.OpError) -> str:
    """What went wrong in the person's own code, where TensorFlow wraps it in a long report."""
    lines = [_PLACES.sub("", line).strip() for line in str(error.message).splitlines() if line.strip()]
    line = next((line for line in lines if "Error: " in line), lines[0] if lines else "unknown error")
    return f"{line.rstrip('.')}."
