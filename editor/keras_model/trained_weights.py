"""The trained weights alone: written without the rest of the model, and put back onto the original.

Into the file goes every weight that differs from the file that was opened, was it trained in an earlier run and frozen
since, or put back from a file like this one; and every weight that trains with the given map, and all statistics that
update with it, whether they have changed yet or not. So original and export together are the model, bit for bit. The
digests of the rest go along: applying proves that the model is the original.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from editor.errors import FileError, ModelError
from editor.files.atomic import write_atomically
from editor.files.trained_weights_file import TrainedWeights, WeightKey, read_trained_weights, write_trained_weights
from editor.keras_model.at_rest import AtRest, now
from editor.keras_model.flags import rebased, tree_with_map
from editor.keras_model.values import digest, weight_digests, weight_values
from editor.keras_model.walk import ModelIndex
from editor.layers.accounts import StatisticsMode
from editor.layers.freeze_map import FreezeMap
from editor.layers.paths import weight_path
from editor.layers.records import WeightRecord
from editor.layers.tree import LayerTree

_MAX_NAMED = 3


@dataclass(frozen=True)
class _Place:
    """A weight at the first place where a layer owns it."""

    key: WeightKey
    record: WeightRecord
    is_changing: bool

    @property
    def weight_id(self) -> int:
        """Index of the weight in the model."""
        return self.record.weight_id


def export_trained_weights(
    index: ModelIndex,
    freeze_map: FreezeMap,
    target: Path,
    *,
    opened: Sequence[str],
    at_rest: AtRest = now,
) -> tuple[str, ...]:
    """Writes beside the target, reads that back bit for bit, and only then renames it over the target.

    Args:
        index: The live model.
        freeze_map: The flags in the file.
        target: An `.h5` path.
        opened: The `weight_digests` of the model as it was opened.
        at_rest: Does a job while nothing changes the weights.

    Returns:
        What a person should know about the file, a sentence each.

    Raises:
        FileError: The target cannot be written.
        ModelError: There is nothing to write.
        FreezeMapError: The map is not of this model.
    """
    _check_target(target)
    places = list(_places(tree_with_map(index, freeze_map)))
    values = at_rest(lambda: weight_values(index))
    digests = [digest(value) for value in values]
    is_trained = {it: it.is_changing or digests[it.weight_id] != opened[it.weight_id] for it in places}
    chosen = [it for it in places if is_trained[it]]
    if not chosen:
        raise ModelError(
            "There are no trained weights: all are as they were opened, and none is trainable.",
            hint="Thaw something or train first, or save the whole model.",
        )
    others = [(it.key, digests[it.weight_id]) for it in places if not is_trained[it]]
    trained = TrainedWeights(freeze_map, [(it.key, values[it.weight_id]) for it in chosen], others)
    with write_atomically(target) as path:
        write_trained_weights(path, trained)
        _verify(path, trained)
    return (f"{len(chosen)} of {len(places)} weights are in the file.",)


def apply_trained_weights(index: ModelIndex, trained: TrainedWeights) -> FreezeMap:
    """Puts the weights of a file onto the model that they were made from, all of them or none.

    A weight is found by its store key, which is the same whenever a file is opened, and by its path where that fails:
    in a subclassed model automatic names may stand for another layer in another process (fact F9).

    Returns:
        The freeze map of the file, with the paths of this model.

    Raises:
        FileError: Something does not fit; `details` names everything. Nothing was changed.
    """
    tree = LayerTree(index.root)
    finder = _Finder(tree)
    problems, found = finder.match(trained, weight_digests(index))
    freeze_map = rebased(tree, trained.freeze_map)
    problems += [f"{line}, says the freeze map" for line in tree.plan_map(freeze_map)[1].lines]
    if problems:
        more = f", and {len(problems) - _MAX_NAMED} more" if len(problems) > _MAX_NAMED else ""
        raise FileError(
            f"The trained weights do not fit this model: {'; '.join(problems[:_MAX_NAMED])}{more}.",
            hint="Open the model that they were trained from. Nothing was changed.",
            details="\n".join(problems),
        )
    for (_, values), place in zip(trained.weights, found, strict=True):
        index.variables[place.weight_id].assign(values)
    return freeze_map


def _check_target(target: Path) -> None:
    if not target.parent.is_dir():
        raise FileError(f"There is no folder {str(target.parent)!r}.", hint="Make it, or choose another.")
    if target.suffix != ".h5" or target.name.endswith(".weights.h5"):
        stem = target.name.removesuffix(".weights.h5")
        raise FileError(
            f"{target.name!r} is no name for trained weights.", hint=f"Use {Path(stem).stem + '.trained.h5'!r}."
        )


def _places(tree: LayerTree) -> Iterator[_Place]:
    seen: set[int] = set()
    for layer in tree.walk_layers():
        record = layer.record
        mode = tree.statistics_mode(layer)
        for at, weight in enumerate(record.weights):
            if weight.weight_id not in seen:
                seen.add(weight.weight_id)
                key = WeightKey(weight_path(layer.path, weight.name), record.store, record.class_name, at)
                is_changing = mode is StatisticsMode.UPDATE if weight.is_statistics else tree.is_trainable(weight)
                yield _Place(key, weight, is_changing)


def _verify(path: Path, trained: TrainedWeights) -> None:
    found = read_trained_weights(path)
    expected_weights = {key: digest(values) for key, values in trained.weights}
    if {key: digest(values) for key, values in found.weights} != expected_weights:
        raise ModelError("The trained weights were written, but reading them back gave something else.")
    if found.freeze_map != trained.freeze_map or list(found.others) != list(trained.others):
        raise ModelError("The trained weights were written, but reading their map back gave something else.")


class _Finder:
    """Finds the weights of a file in a model."""

    def __init__(self, tree: LayerTree) -> None:
        self._places = list(_places(tree))
        self._by_path = {place.key.path: place for place in self._places}
        self._by_store = {_store_key(place.key): place for place in self._places if place.key.store}

    def match(self, trained: TrainedWeights, digests: Sequence[str]) -> tuple[list[str], list[_Place]]:
        """What does not fit, a few words each, and the place of each weight of the file."""
        problems: list[str] = []
        found = [self._find(key, problems) for key, _ in trained.weights]
        rest = [self._find(key, problems) for key, _ in trained.others]
        for place, (key, values) in zip(found, trained.weights, strict=True):
            there = f"{place.record.dtype} {place.record.shape}" if place else ""
            if place and there != (given := f"{values.dtype} {values.shape}"):
                problems.append(f"{key.path} is {given} in the file and {there} in the model")
        for place, (key, expected) in zip(rest, trained.others, strict=True):
            if place and digests[place.weight_id] != expected:
                problems.append(f"{key.path} is not as it was when the weights were trained")
        taken = Counter(place.weight_id for place in (*found, *rest) if place)
        problems += [f"{it.key.path} is in the file twice" for it in self._places if taken[it.weight_id] > 1]
        problems += [
            f"{place.key.path} is not known to the file" for place in self._places if not taken[place.weight_id]
        ]
        return problems, [place for place in found if place]

    def _find(self, key: WeightKey, problems: list[str]) -> _Place | None:
        place = self._by_store.get(_store_key(key)) or self._by_path.get(key.path)
        if place is None:
            problems.append(f"the model has no {key.path}")
        return place


def _store_key(key: WeightKey) -> tuple[str, str, int]:
    return key.store, key.class_name, key.position
