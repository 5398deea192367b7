"""Makes the model and the data that the benchmarks use: `python -m tests.benchmarks.make_files FOLDER`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

MOBILENET, VGG16, IMAGES = "mobilenetv2_96.keras", "vgg16.keras", "images_96.npz"
NUM_IMAGES, NUM_CLASSES = 384, 10


def make_apart(folder: Path) -> None:
    """Makes the files in a process of their own, so that the caller never imports Keras."""
    subprocess.run([sys.executable, "-m", __name__, str(folder)], check=True, capture_output=True)


def make(folder: Path) -> None:
    """Writes MobileNetV2 and VGG16 with random weights, and random images with labels."""
    import keras

    base = keras.applications.MobileNetV2(input_shape=(96, 96, 3), include_top=False, weights=None, pooling="avg")
    head = keras.layers.Dense(NUM_CLASSES, activation="softmax")
    keras.Sequential([keras.Input((96, 96, 3)), base, head]).save(folder / MOBILENET)
    keras.applications.VGG16(input_shape=(32, 32, 3), include_top=False, weights=None).save(folder / VGG16)
    random = np.random.default_rng(0)
    np.savez(
        folder / IMAGES,
        x=random.random((NUM_IMAGES, 96, 96, 3), dtype=np.float32),
        y=random.integers(NUM_CLASSES, size=NUM_IMAGES),
    )


if __name__ == "__main__":
    make(Path(sys.argv[1]))
