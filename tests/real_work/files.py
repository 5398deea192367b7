"""Real data as files that people have: a table, a folder of pictures, a table with gaps, series in columns."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
from PIL import Image

from resources import resource_path

DATA = Path(__file__).parent.parent / "data"
NUM_TEST = 360
"""Of the 1,797 digits."""


def digits() -> tuple[np.ndarray, np.ndarray]:
    """`(1797, 8, 8)` of 0 to 16, and `(1797,)` labels; in an order of their own, always the same."""
    with gzip.open(resource_path("demo", "digits.csv.gz"), "rt") as stream:
        table = np.loadtxt(stream, delimiter=",", dtype=np.float32)
    table = np.random.default_rng(0).permutation(table)
    return table[:, :-1].reshape(-1, 8, 8), table[:, -1].astype(int)


def write_digits_tables(folder: Path) -> tuple[Path, Path]:
    """The digits as CSV with a header, to train on and to test on."""
    images, labels = digits()
    names = [f"pixel_{at}" for at in range(64)]
    rows = [[*(int(value) for value in image.flat), label] for image, label in zip(images, labels, strict=True)]
    return _write_two(folder, "digits.csv", [*names, "digit"], rows, num_test=NUM_TEST)


def write_digits_pictures(folder: Path) -> tuple[Path, Path]:
    """The digits as PNG files, a folder for each class, to train on and to test on."""
    images, labels = digits()
    for at, (image, label) in enumerate(zip(images, labels, strict=True)):
        part = "test" if at < NUM_TEST else "train"
        path = folder / part / f"digit {label}" / f"{at:04}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.minimum(image * 16, 255).astype(np.uint8)).save(path)
    return folder / "train", folder / "test"


def write_penguins(folder: Path) -> tuple[Path, Path]:
    """The penguins with their gaps, `NA`, as they are in the file."""
    header, *rows = _rows(DATA / "tables" / "penguins.csv", ",")
    rows = [rows[at] for at in np.random.default_rng(0).permutation(len(rows))]
    return _write_two(folder, "penguins.csv", header, rows, num_test=84)


def write_gun_point(folder: Path) -> tuple[Path, Path]:
    """50 series of length 150, the label, 1 or 2, first; no header."""
    rows = _rows(DATA / "tables" / "GunPoint_TRAIN.tsv", "\t")
    rows = [rows[at] for at in np.random.default_rng(0).permutation(len(rows))]
    return _write_two(folder, "gun_point.tsv", None, rows, num_test=15)


def _rows(path: Path, separator: str) -> list[list[str]]:
    with path.open(newline="") as stream:
        return list(csv.reader(stream, delimiter=separator))


def _write_two(
    folder: Path, name: str, header: list[str] | None, rows: list[list], *, num_test: int
) -> tuple[Path, Path]:
    separator = "\t" if name.endswith(".tsv") else ","
    paths = (folder / f"train_{name}", folder / f"test_{name}")
    for path, part in zip(paths, (rows[num_test:], rows[:num_test]), strict=True):
        with path.open("w", newline="") as stream:
            csv.writer(stream, delimiter=separator).writerows([*([header] if header else []), *part])
    return paths
