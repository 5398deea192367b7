"""Round trips: a model in some freeze state into a file, and out again as the program opens it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from editor.errors import EditorError
from editor.files.options import OpenOptions
from editor.keras_model.saving import check_target, save_model
from editor.keras_model.walk import walk_model
from editor.layers.tree import LayerTree
from tests.keras_model.weights_file import weight_groups
from tests.round_trip import states
from tests.round_trip.families import CUSTOM_OBJECTS, Family
from tests.round_trip.seen import Seen, compare, seen_in_file, seen_layers, seen_model

FORMATS = (".keras", ".h5")


class Trips:
    """A model of a family, built once, which goes into files in one state after the other.

    Attributes:
        saved: The number of trips that were made, by format.
        refusals: The sentences with which trips were refused, by format.
        last: The last file of each format, with what must be in it.
    """

    def __init__(self, family: Family, folder: Path) -> None:
        self.family = family
        self.folder = folder
        self.index = walk_model(family.model())
        self.tree = LayerTree(self.index.root)
        paths = [node.path for node in self.tree.walk()]
        assert len(paths) == len(set(paths))
        self.saved = dict.fromkeys(FORMATS, 0)
        self.refusals: dict[str, list[str]] = {ending: [] for ending in FORMATS}
        self.last: dict[Path, Seen] = {}
        self._seen = seen_model(self.index, self.tree)
        # What is nowhere or everywhere the same would show nothing.
        assert all(np.isfinite(output).all() and output.std() > 0 for output in self._seen.outputs)

    def check(self, state: states.State, formats: Iterable[str] = FORMATS) -> None:
        """Takes one state through formats, as far as they are offered."""
        self.tree = states.made(self.index.root, state)
        for ending in set(formats).intersection(offered_formats(self.folder)):
            if path := self.save(ending):
                if ending == ".keras":
                    self._check_store_keys(path)
                compare(seen_in_file(path), self.expected(), self.family)

    def expected(self) -> Seen:
        """What must be found in a file."""
        return Seen(seen_layers(self.tree), self._seen.weights, self._seen.outputs)

    def save(self, ending: str) -> Path | None:
        """The file with the state of the tree; None where saving was refused for a good reason."""
        path = self.folder / f"{self.family.name}{ending}"
        path.unlink(missing_ok=True)
        self.last.pop(path, None)
        try:
            save_model(
                self.index,
                self.tree.freeze_map(),
                path,
                custom_objects=CUSTOM_OBJECTS,
                options=OpenOptions.of_code(self.family.code),
            )
        except EditorError as error:
            self._check_refusal(error, ending)
            assert not path.exists()
            return None
        assert ending != ".keras" or not self.family.refusal, "saved, although it should be refused"
        self.saved[ending] += 1
        self.last[path] = self.expected()
        return path

    def _check_store_keys(self, path: Path) -> None:
        """Each layer's values stand in the file where its store key says (fact F22)."""
        groups = weight_groups(path)
        owners = {layer.record.store: layer.record for layer in self.tree.walk_layers() if layer.weights}
        assert owners.keys() == groups.keys()
        for store, layer in owners.items():
            own = [self.index.variables[weight.weight_id].numpy().tobytes() for weight in layer.weights]
            stored = [value.tobytes() for value in groups[store]]
            # Quantized layers have an order of their own.
            assert self.family.merges or sorted(own) == sorted(stored), store

    def _check_refusal(self, error: EditorError, ending: str) -> None:
        """A family that cannot be saved is refused as is expected of it; an `.h5` for any reason that is told."""
        told = f"{ending} refused: {error} {error.details}"
        assert error.summary and error.hint, told
        assert "Please report" not in error.hint, told
        if ending == ".keras":
            assert self.family.refusal, told
            assert self.family.refusal in str(error), told
        self.refusals[ending].append(str(error))


def offered_formats(folder: Path) -> list[str]:
    """The formats that a whole model can be saved in."""

    def is_offered(ending: str) -> bool:
        try:
            check_target(folder / f"model{ending}")
        except EditorError:
            return False
        return True

    return [ending for ending in FORMATS if is_offered(ending)]
