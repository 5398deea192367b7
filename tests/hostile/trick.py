"""What a hostile file is: how it is made, and what a reader has to say of it."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.files.samples import MODELS

GOOD_ARCHIVE = Path(__file__).parents[2] / "resources" / "demo" / "digits_transfer.keras"
"""A `.keras` of some layers, with a model in it."""
GOOD_HDF5 = MODELS / "network-intrusion-detection" / "cnn_lstm_unsw_finetuned.h5"
"""An `.h5` of Keras 3."""

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
MARK = "executed"
"""The file, beside the hostile one, that its code would write."""


@dataclass(frozen=True)
class Trick:
    """One hostile file.

    Attributes:
        name: What it tries.
        write: Writes it to a path.
        words: In the sentence that refuses it; empty where it is harmless, because what is hostile in it is never
            used: it is to be previewed.
        ending: Of its name.
    """

    name: str
    write: Callable[[Path], object]
    words: str = ""
    ending: str = ".keras"


def members() -> dict[str, bytes]:
    """The members of the good archive."""
    with zipfile.ZipFile(GOOD_ARCHIVE) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_archive(path: Path, changed: dict[str, bytes] | None = None, packed: tuple[str, ...] = ()) -> None:
    """The good archive with other or further members; `packed` are deflated."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (members() | (changed or {})).items():
            method = zipfile.ZIP_DEFLATED if name in packed else zipfile.ZIP_STORED
            archive.writestr(name, content, method)
