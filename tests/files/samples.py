"""Real model files that the tests of the reader look at; see tests/data/README.md."""

from __future__ import annotations

from pathlib import Path

MODELS = Path(__file__).parent.parent / "data" / "models"
KERAS_FILE = MODELS / "dataprofiler" / "structured_model.keras"
H5_FILE = MODELS / "mmsplice" / "Acceptor.h5"
ALL_FILES = sorted(path for path in MODELS.rglob("*") if path.suffix in (".keras", ".h5", ".hdf5"))
