"""Makes `digits_transfer.keras`, the model of the demo: `python resources/demo/make_demo_model.py [OUT]`.

A convolutional backbone learns the digits 0 to 4 and is then put under a fresh head for all ten digits: frozen, it
is what a person would reuse, and its new head has everything to learn.
"""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt

FOLDER = Path(__file__).parent
SEED = 20
NUM_KNOWN_DIGITS = 5
NUM_EPOCHS = 12
HALVED_BEFORE = 3


def load_digits() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """The images, `(num_samples, 8, 8, 1)` from 0 to 1, and the labels, `(num_samples,)`."""
    table = np.loadtxt(FOLDER / "digits.csv.gz", delimiter=",", dtype=np.float32)
    return table[:, :-1].reshape(-1, 8, 8, 1) / np.float32(16), table[:, -1].astype(np.int64)


def make_backbone() -> keras.Model:
    """Four convolutions, each with its normalization, and one halving of the image."""
    image = keras.Input((8, 8, 1), name="image")
    features = image
    for number, filters in enumerate((16, 32, 32, 48), start=1):
        if number == HALVED_BEFORE:
            features = keras.layers.MaxPooling2D(name="pool")(features)
        features = keras.layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"conv_{number}")(features)
        features = keras.layers.BatchNormalization(name=f"bn_{number}")(features)
        features = keras.layers.ReLU(name=f"relu_{number}")(features)
    return keras.Model(image, features, name="backbone")


def put_head_on(backbone: keras.Model, num_classes: int) -> keras.Model:
    """The backbone under a new classifier; all of it trainable."""
    layers = [
        keras.Input((8, 8, 1), name="image"),
        backbone,
        keras.layers.Flatten(name="flatten"),
        keras.layers.Dense(num_classes, activation="softmax", name="digit"),
    ]
    return keras.Sequential(layers, name="digits_transfer")


def make_demo_model() -> keras.Model:
    """Trains the backbone on the digits 0 to 4 and gives it its new head; the same weights at every call."""
    keras.utils.set_random_seed(SEED)
    images, labels = load_digits()
    is_known = labels < NUM_KNOWN_DIGITS
    backbone = make_backbone()
    teacher = put_head_on(backbone, NUM_KNOWN_DIGITS)
    teacher.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    teacher.fit(images[is_known], labels[is_known], epochs=NUM_EPOCHS, batch_size=32, verbose=2)
    return put_head_on(backbone, NUM_KNOWN_DIGITS * 2)


if __name__ == "__main__":
    make_demo_model().save(sys.argv[1] if len(sys.argv) > 1 else FOLDER / "digits_transfer.keras")
