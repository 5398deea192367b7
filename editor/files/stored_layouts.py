"""How the weights of old layers stand in a file: the shapes that they have there before they become today's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

Shapes = tuple[tuple[int, ...], ...]


def shapes_in_file(steps: Sequence[str], shapes: Shapes) -> Shapes:
    """The shapes in the file of weights that have these shapes after `editor.files.repair.stored_weights.converted`."""
    for step in reversed(steps):
        if step in _BEFORE and shapes:
            shapes = _BEFORE[step](shapes)
    return shapes


def _with_two_biases(shapes: Shapes) -> Shapes:
    """NVIDIA's layers have a bias for the input and one for the state, one behind the other."""
    *kernels, bias = shapes
    return (*kernels, (2 * bias[-1],))


def _by_gate(num_gates: int) -> Callable[[Shapes], Shapes]:
    return lambda shapes: tuple((*shape[:-1], shape[-1] // num_gates) for shape in shapes) * num_gates


def _conv1d_of_keras_1(shapes: Shapes) -> Shapes:
    (length, *rest), *others = shapes
    return ((length, 1, *rest), *others)


def _first_axes_last(shapes: Shapes) -> Shapes:
    (*spatial, inputs, outputs), *others = shapes
    return ((outputs, inputs, *spatial), *others)


_BEFORE: Mapping[str, Callable[[Shapes], Shapes]] = MappingProxyType(
    {
        "cudnn-gru": _with_two_biases,
        "cudnn-lstm": _with_two_biases,
        "keras-1-lstm": _by_gate(4),
        "keras-1-gru": _by_gate(3),
        "keras-1-conv1d": _conv1d_of_keras_1,
        "channels-first-kernel": _first_axes_last,
        "channels-first-transposed-kernel": _first_axes_last,
    }
)
"""By the step that converts; all others leave shapes as they are."""
