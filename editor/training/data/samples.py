"""The data that come with the program."""

from __future__ import annotations

import numpy as np

from editor.errors import DataError
from editor.training.data.arrays import Arrays
from editor.training.data.parts import Part
from editor.training.words import SAMPLE_PREFIX
from resources import resource_path


def read_sample(name: str) -> Arrays:
    """The images of `sample:digits`, `(1797, 8, 8, 1)` from 0 to 1, and their class numbers.

    Raises:
        DataError: There is no such sample.
    """
    if name != f"{SAMPLE_PREFIX}digits":
        raise DataError(f"There is no sample called {name.removeprefix(SAMPLE_PREFIX)!r}.", hint="Use sample:digits.")
    table = np.loadtxt(resource_path("demo", "digits.csv.gz"), delimiter=",", dtype=np.float32)
    images = table[:, :-1].reshape(-1, 8, 8, 1) / np.float32(16)
    return Arrays(Part((images,), (table[:, -1].astype(np.int64),)), ("x", "y"))
