"""All hostile files, by what they try."""

from __future__ import annotations

import re
from pathlib import Path

from tests.hostile import architectures, archives, hdf5_files, saved_models
from tests.hostile.trick import Trick

TRICKS: dict[str, Trick] = {
    trick.name: trick for module in (archives, architectures, hdf5_files, saved_models) for trick in module.tricks()
}


def write_trick(name: str, folder: Path) -> Path:
    """Makes one of the files; its name tells the trick."""
    trick = TRICKS[name]
    path = folder / (re.sub(r"\W+", "_", name) + trick.ending)
    trick.write(path)
    return path
