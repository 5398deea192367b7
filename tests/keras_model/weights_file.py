"""What Keras really wrote into the weights file of a `.keras` archive."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from editor.files.zip_members import open_weights


def weight_groups(path: Path) -> dict[str, list[np.ndarray]]:
    """The variables of each layer's group that has any, by the group's name, in Keras's order."""
    found: dict[str, list[np.ndarray]] = {}
    with open_weights(path) as weights:

        def visit(name: str, item: object) -> None:
            holder, _, last = name.rpartition("/")
            is_layer = "seed_generator" not in holder and not holder.startswith("optimizer")
            if last == "vars" and isinstance(item, h5py.Group) and len(item) and is_layer:
                found[holder] = [np.asarray(item[str(at)]) for at in range(len(item))]

        weights.visititems(visit)
    return found
