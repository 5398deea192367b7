"""Old files written by hand, for what no Keras of today can write; and forward passes in NumPy alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np


def layer(class_name: str, name: str, **settings: Any) -> dict[str, Any]:
    """A serialized layer as Keras 1 and 2 wrote it."""
    return {"class_name": class_name, "config": {"name": name, "trainable": True, **settings}}


def write_h5(
    path: Path,
    config: dict[str, Any],
    weights: Mapping[str, Sequence[tuple[str, np.ndarray]]],
    *,
    version: str | None = "2.2.4",
    backend: str = "tensorflow",
) -> Path:
    """An `.h5` model as Keras 1 and 2 wrote it.

    Args:
        weights: For each layer that has some, the name and the value of each.
    """
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config).encode()
        group = file.create_group("model_weights")
        for attributes in (file.attrs, group.attrs) if version else ():
            attributes["keras_version"] = version.encode()
            attributes["backend"] = backend.encode()
        group.attrs["layer_names"] = [name.encode() for name in weights]
        for name, values in weights.items():
            inner = group.create_group(name)
            inner.attrs["weight_names"] = [key.encode() for key, _value in values]
            for key, value in values:
                inner[key] = value.astype("float32")
    return path


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def hard_sigmoid(x):
    """Of Keras 1 and 2 (keras 2.2.4, backend/tensorflow_backend.py)."""
    return np.clip(0.2 * x + 0.5, 0, 1)


def cudnn_gru(values, kernel, recurrent, bias):
    """As NVIDIA's manual has it (cudnnRNNMode_t, CUDNN_GRU), on the memory that Keras handed over as it was.

    Args:
        values: `(batch, steps, inputs)`.
        kernel: `(inputs, 3 * units)`, gates z, r, h; of each gate the memory is a matrix `(units, inputs)`.
        recurrent: `(units, 3 * units)`, likewise.
        bias: `(6 * units,)`: three for the inputs, three for the state.
    """
    units = recurrent.shape[0]
    inner = [part.ravel().reshape(units, -1) for part in np.split(kernel, 3, axis=1)]
    outer = [part.ravel().reshape(units, units) for part in np.split(recurrent, 3, axis=1)]
    biases = np.split(bias, 6)
    state, states = np.zeros((len(values), units)), []
    for step in range(values.shape[1]):
        x = [values[:, step] @ matrix.T + each for matrix, each in zip(inner, biases[:3], strict=True)]
        h = [state @ matrix.T + each for matrix, each in zip(outer, biases[3:], strict=True)]
        update, reset = sigmoid(x[0] + h[0]), sigmoid(x[1] + h[1])
        state = (1 - update) * np.tanh(x[2] + reset * h[2]) + update * state
        states.append(state)
    return np.stack(states, axis=1)


def cudnn_lstm(values, kernel, recurrent, bias):
    """The same for CUDNN_LSTM, gates i, f, c, o and eight biases."""
    units = recurrent.shape[0]
    inner = [part.ravel().reshape(units, -1) for part in np.split(kernel, 4, axis=1)]
    outer = [part.ravel().reshape(units, units) for part in np.split(recurrent, 4, axis=1)]
    biases = np.split(bias, 8)
    state, cell, states = np.zeros((len(values), units)), np.zeros((len(values), units)), []
    for step in range(values.shape[1]):
        gates = [
            values[:, step] @ inner[gate].T + state @ outer[gate].T + biases[gate] + biases[4 + gate]
            for gate in range(4)
        ]
        cell = sigmoid(gates[1]) * cell + sigmoid(gates[0]) * np.tanh(gates[2])
        state = sigmoid(gates[3]) * np.tanh(cell)
        states.append(state)
    return np.stack(states, axis=1)


def lstm_of_keras_1(values, arrays, gate=hard_sigmoid):
    """Keras 1.2.2, layers/recurrent.py: W, U and b of the gates i, c, f, o; gives the last state."""
    parts = [arrays[3 * at : 3 * at + 3] for at in range(4)]
    units = parts[0][2].shape[0]
    state, cell = np.zeros((len(values), units)), np.zeros((len(values), units))
    for step in range(values.shape[1]):
        i, c, f, o = (values[:, step] @ w + state @ u + b for w, u, b in parts)
        cell = gate(f) * cell + gate(i) * np.tanh(c)
        state = gate(o) * np.tanh(cell)
    return state


def gru_of_keras_1(values, arrays, gate=hard_sigmoid):
    """The same for W, U and b of z, r, h; the reset gate acts before the product."""
    (wz, uz, bz), (wr, ur, br), (wh, uh, bh) = (arrays[3 * at : 3 * at + 3] for at in range(3))
    state = np.zeros((len(values), bz.shape[0]))
    for step in range(values.shape[1]):
        x = values[:, step]
        update, reset = gate(x @ wz + state @ uz + bz), gate(x @ wr + state @ ur + br)
        state = update * state + (1 - update) * np.tanh(x @ wh + (reset * state) @ uh + bh)
    return state


def correlated(values, kernel, bias):
    """A convolution in the sense of TensorFlow, without padding: `(batch, rows, columns, in)`."""
    rows, columns = kernel.shape[:2]
    height, width = values.shape[1] - rows + 1, values.shape[2] - columns + 1
    found = np.zeros((len(values), height, width, kernel.shape[3]))
    for row in range(rows):
        for column in range(columns):
            found += values[:, row : row + height, column : column + width] @ kernel[row, column]
    return found + bias
