"""The models that the real work is done with; a new one for each seed."""

from __future__ import annotations

import shutil
from pathlib import Path

import keras
from keras import layers

FER = Path(__file__).parent.parent / "data" / "models" / "fer" / "emotion_model.hdf5"


def digits(path: Path, seed: int) -> Path:
    """A small network for pictures of 8 × 8."""
    return _save(
        path,
        seed,
        lambda: [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, activation="relu", name="conv_1"),
            layers.Conv2D(32, 3, activation="relu", name="conv_2"),
            layers.Flatten(name="flatten"),
            layers.Dropout(0.2, name="dropout"),
            layers.Dense(10, activation="softmax", name="digit"),
        ],
    )


def penguins(path: Path, seed: int) -> Path:
    """A small network for rows of 5 numbers, and 3 islands and 3 sexes, one of them unknown, one by one."""
    return _save(
        path,
        seed,
        lambda: [
            keras.Input((11,)),
            layers.Dense(16, activation="relu", name="hidden"),
            layers.Dense(3, activation="softmax", name="species"),
        ],
    )


def gun_point(path: Path, seed: int) -> Path:
    """A small network for series of length 150."""
    return _save(
        path,
        seed,
        lambda: [
            keras.Input((150, 1)),
            layers.Conv1D(16, 9, strides=2, activation="relu", name="conv_1"),
            layers.Conv1D(32, 9, strides=2, activation="relu", name="conv_2"),
            layers.Flatten(name="flatten"),
            layers.Dense(2, activation="softmax", name="movement"),
        ],
    )


def emotions(path: Path, _seed: int) -> Path:
    """The emotion model of fer as it is; the head for digits is given to it in the window."""
    return Path(shutil.copy(FER, path.with_suffix(FER.suffix)))


def _save(path: Path, seed: int, parts) -> Path:
    keras.utils.set_random_seed(seed)
    path = path.with_suffix(".keras")
    keras.Sequential(parts()).save(path)
    return path
