"""The good files that are mutated: `python -m tests.hostile.good_files FOLDER` makes those that Keras has to write."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py

from tests.files.samples import MODELS
from tests.hostile.trick import GOOD_ARCHIVE, WEIGHTS

SAVED_MODELS = MODELS.parent / "saved_models"
_SAMPLES = (
    "network-intrusion-detection/cnn_lstm_unsw_finetuned.h5",
    "mmsplice/Donor.h5",
    "dgaintel/domain_classifier_model.h5",
)


def collect(folder: Path) -> list[Path]:
    """Those that are there already, and what is taken out of them."""
    found = [GOOD_ARCHIVE, *(MODELS / name for name in _SAMPLES)]
    weights, architecture = folder / "digits.weights.h5", folder / "intrusions.json"
    with zipfile.ZipFile(GOOD_ARCHIVE) as archive:
        weights.write_bytes(archive.read(WEIGHTS))
    with h5py.File(found[1]) as file:
        architecture.write_text(file.attrs["model_config"])
    return [*found, weights, architecture, SAVED_MODELS / "nested"]


def make_apart(folder: Path) -> list[Path]:
    """Makes the others in a process of their own, so that the caller never imports Keras."""
    subprocess.run([sys.executable, "-m", __name__, str(folder)], check=True, capture_output=True)
    return sorted(folder.iterdir())


def make(folder: Path) -> None:
    """A compiled model with its optimizer, nested and composite ones, each in two formats, and a SavedModel."""
    import keras
    import numpy as np

    from tests import models

    compiled = models.seeded(models.digits_cnn)
    compiled.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    compiled.fit(np.zeros((4, 28, 28, 1)), np.zeros(4), verbose=0)
    wrapped = keras.Sequential([keras.Input((6, 8)), keras.layers.Bidirectional(keras.layers.LSTM(4))])
    for name, model in {
        "compiled": compiled,
        "siamese": models.seeded(models.siamese),
        "nested": models.seeded(models.deep_nest),
        "wrapped": wrapped,
    }.items():
        model.save(folder / f"{name}.keras")
        if name != "nested":  # Its variables share names, which no `.h5` takes (fact F9).
            model.save(folder / f"{name}.h5")
    compiled.export(folder / "exported", verbose=False)
    shutil.rmtree(folder / "exported" / "assets", ignore_errors=True)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
