"""The same work in plain Keras, as a script would do it."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from PIL import Image

Arrays = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Parts:
    """What is trained on and what is tested on: samples and labels."""

    train: Arrays
    test: Arrays


def digits_table(train: Path, test: Path) -> Parts:
    def read(path: Path) -> Arrays:
        table = np.loadtxt(path, delimiter=",", skiprows=1, dtype=np.float32)
        return table[:, :-1].reshape(-1, 8, 8, 1) / 16, table[:, -1].astype(int)

    return Parts(read(train), read(test))


def digits_pictures(train: Path, test: Path, *, size: int = 8) -> Parts:
    def read(folder: Path) -> Arrays:
        classes = sorted(path.name for path in folder.iterdir())
        files = [(path, at) for at, name in enumerate(classes) for path in sorted((folder / name).iterdir())]
        images = [
            Image.open(path).convert("L").resize((size, size), Image.Resampling.BILINEAR) for path, _label in files
        ]
        pixels = np.stack([np.asarray(image, np.float32) for image in images]) / 255
        return pixels[..., np.newaxis], np.array([at for _, at in files])

    return Parts(read(train), read(test))


def penguins(train: Path, test: Path) -> Parts:
    """Columns in the file's order; what is not known of a category comes last."""
    parts = []
    for path in (train, test):
        with path.open(newline="") as stream:
            parts.append(list(csv.DictReader(stream)))
    names = [name for name in parts[0][0] if name != "species"]
    categories = {name: sorted({row[name] for row in parts[0]} - {"NA"}) for name in ("island", "sex", "species")}
    categories["sex"].append("NA")

    def column(rows: list[dict[str, str]], name: str) -> np.ndarray:
        if name in categories:
            return np.array([[row[name] == value for value in categories[name]] for row in rows])
        learned, read = (np.array([float(row[name].replace("NA", "nan")) for row in each]) for each in (parts[0], rows))
        mean, deviation = np.nanmean(learned), np.nanstd(learned)
        return (np.where(np.isnan(read), mean, read) - mean)[:, np.newaxis] / deviation

    def read(rows: list[dict[str, str]]) -> Arrays:
        labels = [categories["species"].index(row["species"]) for row in rows]
        return np.concatenate([column(rows, name) for name in names], axis=1).astype(np.float32), np.array(labels)

    return Parts(read(parts[0]), read(parts[1]))


def gun_point(train: Path, test: Path) -> Parts:
    def read(path: Path) -> Arrays:
        table = np.loadtxt(path, delimiter="\t", dtype=np.float32)
        return table[:, 1:, np.newaxis], table[:, 0].astype(int) - 1

    return Parts(read(train), read(test))


def fit(model_file: Path, parts: Parts, *, seed: int, epochs: int) -> float:
    """Trains the model of a file and gives its accuracy on the test part."""
    model = _load(model_file)
    keras.utils.set_random_seed(seed)
    model.fit(*parts.train, epochs=epochs, batch_size=32, verbose=0)
    return float(model.evaluate(*parts.test, verbose=0)[1])


def accuracy(model_file: Path, parts: Parts) -> float:
    """What the model of a file has on the test part, as it is."""
    return float(_load(model_file).evaluate(*parts.test, verbose=0)[1])


def _load(model_file: Path) -> keras.Model:
    model = keras.saving.load_model(model_file, compile=False)
    model.compile(keras.optimizers.Adam(0.001), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
