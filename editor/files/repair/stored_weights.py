"""How the weights of old layers stand in a file, and how they become those of today's: NumPy only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

HARD_SIGMOID_SCALE = 1.2
"""Keras 1 and 2: clip(x / 5 + 1/2, 0, 1); Keras 3: clip(x / 6 + 1/2, 0, 1). So the old one is the new one of 1.2 x."""


@dataclass(frozen=True)
class StoredLayer:
    """What of a layer in the file differs from the layer in the repaired configuration.

    Attributes:
        name: Its name in the file.
        class_name: Its class in the file, by which Keras named its group in a `.keras` file.
        steps: What becomes of its arrays, by the names in `STEPS`.
    """

    name: str
    class_name: str
    steps: tuple[str, ...] = ()


def num_stored(steps: Sequence[str], num_live: int) -> int:
    """How many arrays of the file make the `num_live` weights of a layer."""
    for step in steps:
        if step in _NUM_STORED:
            return _NUM_STORED[step] if num_live else 0
    return num_live


def converted(steps: Sequence[str], arrays: Sequence[Array]) -> list[Array]:
    """The arrays as today's layer has them.

    Raises:
        ValueError: They are not of the shapes that the old layer has.
    """
    values = list(arrays)
    for step in steps:
        values = STEPS[step](values)
    return values


# -- NVIDIA's layout --------------------------------------------------------------------------------------------


def _cudnn(arrays: list[Array], num_gates: int) -> tuple[Array, Array, Array]:
    """Kernels gate by gate: those for the input stand transposed in memory, those for the state are transposed."""
    kernel, recurrent, bias = arrays
    inputs = [part.T.reshape(part.shape, order="F") for part in np.split(kernel, num_gates, axis=1)]
    states = [part.T for part in np.split(recurrent, num_gates, axis=1)]
    return np.concatenate(inputs, axis=1), np.concatenate(states, axis=1), bias


def _cudnn_gru(arrays: list[Array]) -> list[Array]:
    kernel, recurrent, bias = _cudnn(arrays, 3)
    return [kernel, recurrent, bias.reshape(2, -1)]


def _cudnn_lstm(arrays: list[Array]) -> list[Array]:
    kernel, recurrent, bias = _cudnn(arrays, 4)
    return [kernel, recurrent, bias.reshape(2, -1).sum(axis=0)]


# -- the hard sigmoid of Keras 1 and 2 --------------------------------------------------------------------------


def _scaled(array: Array, gates: Sequence[int], num_gates: int) -> Array:
    """An array of which these parts of the last axis are multiplied."""
    factors = np.ones(num_gates)
    factors[list(gates)] = HARD_SIGMOID_SCALE
    return (array * np.repeat(factors, array.shape[-1] // num_gates)).astype(array.dtype)


def _scaled_gates(gates: Sequence[int], num_gates: int) -> Callable[[list[Array]], list[Array]]:
    return lambda arrays: [_scaled(array, gates, num_gates) for array in arrays]


def _scaled_last_two(arrays: list[Array]) -> list[Array]:
    """Pointwise kernel and bias of a separable convolution, whose depthwise kernel comes first."""
    return [arrays[0], *(_scaled(array, [0], 1) for array in arrays[1:])]


# -- Keras 1 ----------------------------------------------------------------------------------------------------


def _joined(order: Sequence[int]) -> Callable[[list[Array]], list[Array]]:
    """Kernel, recurrent kernel and bias of each gate, joined in another order of gates."""

    def join(arrays: list[Array]) -> list[Array]:
        return [np.concatenate([arrays[3 * gate + part] for gate in order], axis=-1) for part in range(3)]

    return join


def _conv1d_of_keras_1(arrays: list[Array]) -> list[Array]:
    """`(length, 1, in, out)`; in Keras 1.1 and older `(out, in, length, 1)`."""
    kernel = arrays[0]
    if kernel.shape[1] != 1:
        kernel = kernel.transpose(2, 3, 1, 0)
    return [kernel[:, 0], *arrays[1:]]


def _first_axes_last(arrays: list[Array]) -> list[Array]:
    """`(out, in, rows, columns)` as `(rows, columns, in, out)`."""
    kernel = arrays[0]
    return [kernel.transpose(*range(2, kernel.ndim), 1, 0), *arrays[1:]]


def _first_axes_last_turned(arrays: list[Array]) -> list[Array]:
    """`(in, out, rows, columns)` of a transposed convolution as `(rows, columns, out, in)`."""
    return [arrays[0].transpose(2, 3, 1, 0), *arrays[1:]]


def _flipped(arrays: list[Array]) -> list[Array]:
    """A kernel for a convolution in Theano's sense, mirrored along its spatial axes."""
    kernel = arrays[0]
    return [np.flip(kernel, axis=tuple(range(kernel.ndim - 2))).copy(), *arrays[1:]]


STEPS: Mapping[str, Callable[[list[Array]], list[Array]]] = MappingProxyType(
    {
        "cudnn-gru": _cudnn_gru,
        "cudnn-lstm": _cudnn_lstm,
        "scale-lstm": _scaled_gates([0, 1, 3], 4),
        "scale-gru": _scaled_gates([0, 1], 3),
        "scale-gru-state": _scaled_gates([2], 3),
        "scale-all": _scaled_gates([0], 1),
        "scale-separable": _scaled_last_two,
        "keras-1-lstm": _joined([0, 2, 1, 3]),
        "keras-1-gru": _joined([0, 1, 2]),
        "keras-1-conv1d": _conv1d_of_keras_1,
        "channels-first-kernel": _first_axes_last,
        "channels-first-transposed-kernel": _first_axes_last_turned,
        "flip-kernel": _flipped,
    }
)
"""What becomes of the arrays of one layer, by name."""

_NUM_STORED: Mapping[str, int] = MappingProxyType({"keras-1-lstm": 12, "keras-1-gru": 9})
