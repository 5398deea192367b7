"""The files that the tests hand to the window: models as plain Keras writes them, and data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tests import models

SMALL_CNN_CODE = Path(__file__).parent.parent / "cases" / "small_cnn.py"
DEMO = Path(__file__).parents[2] / "resources" / "demo" / "digits_transfer.keras"


@dataclass(frozen=True)
class Case:
    """One of the three models that must always work.

    Attributes:
        frozen: What is frozen in it.
        num_frozen: How many weights that are.
        input_shape: Of one sample.
        num_classes: What the labels count to.
        forgotten: The weights that plain Keras does not restore as frozen.
    """

    name: str
    frozen: str
    num_frozen: int
    input_shape: tuple[int, ...]
    num_classes: int
    custom_code: Path | None = None
    forgotten: tuple[str, ...] = ()

    def write_model(self, folder: Path) -> Path:
        """Everything in the file is trainable: to freeze is left to the window."""
        model = models.seeded(getattr(models, self.name))
        for layer in model.layers:  # A Sequential's own flag does not reach them.
            layer.trainable = True
        path = folder / f"{self.name}.keras"
        model.save(path)
        return path

    def write_data(self, folder: Path, num_samples: int = 16, label_offset: int = 0) -> Path:
        """Random samples and labels; an offset puts labels out of the model's range."""
        source = np.random.default_rng(1)
        folder.mkdir(exist_ok=True)
        path = folder / f"{self.name}.npz"
        x = source.uniform(size=(num_samples, *self.input_shape)).astype("float32")
        np.savez(path, x=x, y=source.integers(self.num_classes, size=num_samples) + label_offset)
        return path


SEQUENTIAL = Case("digits_cnn", "conv", 2, (28, 28, 1), 10)
VGG16 = Case("frozen_vgg16", "base", 26, (32, 32, 3), 1000)
SUBCLASSED = Case(
    "small_cnn", "conv1", 2, (8, 8, 3), 3, custom_code=SMALL_CNN_CODE, forgotten=("conv1:kernel", "conv1:bias")
)


def write_lambda_model(folder: Path) -> Path:
    """A model with a Lambda layer, which safe mode refuses."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Lambda(lambda values: values * 2), keras.layers.Dense(2)])
    path = folder / "doubled.keras"
    model.save(path)
    return path


MOODY_CODE = """
from pathlib import Path
import keras

class Moody(keras.layers.Layer):
    def call(self, inputs, training=False):
        if training and not (Path(__file__).parent / "better").exists():
            raise ValueError("this layer is in a bad mood")
        return inputs
"""


def write_failing_model(folder: Path) -> tuple[Path, Path, Path]:
    """A model whose layer raises while training, until there is a file `better`; with its code and data."""
    code = folder / "moody.py"
    code.write_text(MOODY_CODE)
    names: dict[str, Any] = {"__file__": str(code), "__name__": "moody"}
    exec(MOODY_CODE, names)
    model = keras.Sequential([keras.Input((4,)), names["Moody"](name="moody"), keras.layers.Dense(2, name="head")])
    path = folder / "moody.keras"
    model.save(path)
    data = folder / "moody.npz"
    np.savez(data, x=np.ones((8, 4), "float32"), y=np.ones((8, 2), "float32"))
    return path, code, data
