"""The same work in plain Keras, as a script would do it: each function trains a model and gives its accuracy."""

from __future__ import annotations

import csv
from pathlib import Path

import keras
import numpy as np
from PIL import Image

Arrays = tuple[np.ndarray, np.ndarray]


def digits_table(model_file: Path, train: Path, test: Path, *, seed: int, epochs: int) -> float:
    def read(path: Path) -> Arrays:
        table = np.loadtxt(path, delimiter=",", skiprows=1, dtype=np.float32)
        return table[:, :-1].reshape(-1, 8, 8, 1) / 16, table[:, -1].astype(int)

    return _fit(model_file, read(train), read(test), seed=seed, epochs=epochs)


def digits_pictures(model_file: Path, train: Path, test: Path, *, seed: int, epochs: int, size: int = 8) -> float:
    def read(folder: Path) -> Arrays:
        classes = sorted(path.name for path in folder.iterdir())
        files = [(path, at) for at, name in enumerate(classes) for path in sorted((folder / name).iterdir())]
        images = [np.asarray(Image.open(path).convert("L").resize((size, size)), np.float32) / 255 for path, _ in files]
        return np.stack(images)[..., np.newaxis], np.array([at for _, at in files])

    return _fit(model_file, read(train), read(test), seed=seed, epochs=epochs)


def penguins(model_file: Path, train: Path, test: Path, *, seed: int, epochs: int) -> float:
    parts = []
    for path in (train, test):
        with path.open(newline="") as stream:
            parts.append(list(csv.DictReader(stream)))
    numbers = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "year"]
    table = np.array([[float(row[name].replace("NA", "nan")) for name in numbers] for row in parts[0]])
    mean, deviation = np.nanmean(table, axis=0), np.nanstd(table, axis=0)
    categories = {name: sorted({row[name] for row in parts[0]}) for name in ("island", "sex", "species")}

    def read(rows: list[dict[str, str]]) -> Arrays:
        table = np.array([[float(row[name].replace("NA", "nan")) for name in numbers] for row in rows])
        table = (np.where(np.isnan(table), mean, table) - mean) / deviation
        hot = [[row[name] == value for name in ("island", "sex") for value in categories[name]] for row in rows]
        labels = [categories["species"].index(row["species"]) for row in rows]
        return np.concatenate([table, np.array(hot)], axis=1).astype(np.float32), np.array(labels)

    return _fit(model_file, read(parts[0]), read(parts[1]), seed=seed, epochs=epochs)


def gun_point(model_file: Path, train: Path, test: Path, *, seed: int, epochs: int) -> float:
    def read(path: Path) -> Arrays:
        table = np.loadtxt(path, delimiter="\t", dtype=np.float32)
        return table[:, 1:, np.newaxis], table[:, 0].astype(int) - 1

    return _fit(model_file, read(train), read(test), seed=seed, epochs=epochs)


def _fit(
    model_file: Path,
    train: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    *,
    seed: int,
    epochs: int,
) -> float:
    model = keras.saving.load_model(model_file, compile=False)
    keras.utils.set_random_seed(seed)
    model.compile(keras.optimizers.Adam(0.001), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(*train, epochs=epochs, batch_size=32, verbose=0)
    return float(model.evaluate(*test, verbose=0)[1])
