"""Puts the weights of a file that has no architecture into a model that was built from one.

Keras's own `load_weights` fails on a file that fits in part, and swaps weights of one shape where the order is another
(fact F18). So each array is put where `editor.files.weights_matching` found that it belongs, after a look at its shape,
and what was done is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import h5py
import keras
import msgspec
import numpy as np

from editor.errors import ModelError
from editor.files.keras_archive import reading
from editor.files.options import OpenOptions
from editor.files.repair import StoredLayer
from editor.files.repair.config import Place
from editor.files.repair.stored_weights import converted
from editor.files.repair.weight_layouts import CONVOLUTIONS
from editor.files.stored_weights import StoredWeight, stored_weights, text_of
from editor.files.weights_matching import Match, Owner, Pair, Stored, match_weights, sorted_shapes
from editor.keras_model.applications import build
from editor.keras_model.architecture import build_architecture
from editor.keras_model.places import above, layer_places
from editor.keras_model.tables import finish
from editor.keras_model.values import Array
from editor.keras_model.walk import ModelIndex, own_variables, walk_model
from editor.wording import counted, some_of

if TYPE_CHECKING:
    from editor.keras_model.opening import LoadedModel

_NUMBERS = "biuf"
_MOST_NAMES = 5
_LEAST_SHARE = 0.5
"""Of the weights of the file or of the model, whichever has fewer, that must fit: less may fit by chance."""

_WAYS = {"name": "by name", "key": "by Keras's key", "order": "by shape and order"}

Wrap = Callable[..., "LoadedModel"]


def open_weights(path: Path, options: OpenOptions, wrap: Wrap) -> LoadedModel:
    """Builds the architecture that was given and puts the weights of a file into it.

    Args:
        path: A file of weights that a reader found sound.
        options: Where the architecture comes from.
        wrap: Makes a `LoadedModel`.

    Raises:
        FileError: A file is missing or cannot be read.
        ModelError: No architecture was given, it cannot be built, or none of the weights fits it.
    """
    if options.application:
        model = build(msgspec.structs.replace(options.application, weights="random"))
        report = put_weights(model, path)
        return wrap(model, notes=report.doubts, remarks=report.remarks)
    if not options.architecture:
        raise ModelError(
            f"{path.name!r} holds weights only, without an architecture.",
            hint="Give the architecture too: a .json, another model file, or one of keras.applications.",
        )
    built = build_architecture(Path(options.architecture), options)
    report = put_weights(built.model, path, built.stored)
    return wrap(built.model, built.custom_objects, built.repairs, report.doubts, report.remarks)


# -- putting ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class WeightsReport:
    """What became of the weights of a file.

    Attributes:
        pairs: Layers that got theirs.
        left: Layers that the file has nothing for; they keep what they have.
        unused: What of the file fits nowhere.
    """

    pairs: tuple[Pair, ...]
    left: tuple[Owner, ...]
    unused: tuple[Stored, ...]

    @property
    def is_certain(self) -> bool:
        """Whether every layer got its weights by its name or key, and none are left over."""
        return not self.left and not self.unused and all(pair.how != "order" for pair in self.pairs)

    @property
    def doubts(self) -> tuple[str, ...]:
        """What a person should look at, a sentence each; none where all is certain."""
        return () if self.is_certain else self.lines

    @property
    def remarks(self) -> tuple[str, ...]:
        """The same where all is certain."""
        return self.lines if self.is_certain else ()

    @property
    def lines(self) -> tuple[str, ...]:
        """The same for people, a sentence each."""
        by_order = [pair for pair in self.pairs if pair.how == "order"]
        lines = [self._matched()]
        if by_order:
            lines.append(f"By shape and order alone: {some_of([_name(pair.owner) for pair in by_order], _MOST_NAMES)}.")
        if self.left:
            are = (
                f"{counted(len(self.left), 'layer')} got no weights from the file and {_verb(self.left, 'stay')} random"
            )
            lines.append(f"{are}: {some_of([_name(owner) for owner in self.left], _MOST_NAMES)}.")
        if self.unused:
            are = f"{counted(len(self.unused), 'layer')} of the file {_verb(self.unused, 'fit')} nowhere"
            lines.append(f"{are}: {some_of([part.label for part in self.unused], _MOST_NAMES)}.")
        return tuple(lines)

    def _matched(self) -> str:
        if not self.pairs:
            return "Neither the file nor the architecture has any weights."
        counts = []
        for how, words in _WAYS.items():
            pairs = [pair for pair in self.pairs if pair.how == how]
            weights = counted(sum(len(pair.weights) for pair in pairs), "weight")
            if pairs:
                counts.append(f"{weights} of {counted(len(pairs), 'layer')} {words}")
        return f"Weights were matched: {', '.join(counts)}."


def put_weights(
    model: keras.Model, path: Path, stored: Mapping[Place, StoredLayer] = MappingProxyType({})
) -> WeightsReport:
    """Puts the weights of a file into a model, as far as they fit.

    Args:
        model: A built model.
        path: The file.
        stored: What of the layers stands otherwise in files of the Keras that wrote the architecture.

    Raises:
        FileError: The file cannot be read.
        ModelError: None of them fits, or so few that it may be chance; the model is as it was.
    """
    index = walk_model(model)
    with reading(path), h5py.File(path, "r") as file:
        found = stored_weights(file)
        match = match_weights(index.root, found, _steps(index, stored, file))
        _check_share(match, sum(len(layer.weights) for layer in found.layers), path)
        done = [pair for pair in match.pairs if _put(index, pair, file)]
    if not done and match != Match():
        raise _nothing_fits(match, path)
    failed = [pair for pair in match.pairs if pair not in done]
    return WeightsReport(
        tuple(done),
        (*match.left, *(pair.owner for pair in failed)),
        (*match.unused, *(pair.stored for pair in failed)),
    )


def _nothing_fits(match: Match, path: Path) -> ModelError:
    if not match.unused and not match.pairs:
        summary = f"{path.name!r} holds no weights, and the architecture that was given has some."
    elif not match.left and not match.pairs:
        summary = f"{path.name!r} holds weights, and the architecture that was given has none."
    else:
        summary = f"None of the weights in {path.name!r} fits the architecture that was given."
    return ModelError(
        summary,
        hint="Give the architecture that they were saved from.",
        details="; ".join(f"{part.label} {part.shapes}" for part in match.unused[:100]),
    )


def _check_share(match: Match, num_stored: int, path: Path) -> None:
    """Refuses a file of which a few weights happen to fit.

    Raises:
        ModelError: Less than half of what could fit does, and it is not only the order that is unclear.
    """
    if sorted(map(sorted_shapes, match.left)) == sorted(map(sorted_shapes, match.unused)):
        return
    num_fitting = sum(len(pair.weights) for pair in match.pairs)
    num_own = sum(len(owner.weights) for owner in (*match.left, *(pair.owner for pair in match.pairs)))
    if 0 < num_fitting < _LEAST_SHARE * min(num_stored, num_own):
        raise ModelError(
            f"Only {num_fitting} of the {counted(num_stored, 'weight')} in {path.name!r} fit the architecture that was"
            f" given, which has {num_own:,}: it is another one.",
            hint="Give the architecture that they were saved from.",
            details="; ".join(f"{pair.owner.path}: {pair.how}" for pair in match.pairs[:100]),
        )


def _steps(index: ModelIndex, stored: Mapping[Place, StoredLayer], file: h5py.File) -> dict[int, tuple[str, ...]]:
    """What becomes of the arrays of each layer, by `layer_id`: as its architecture says, and the file's backend."""
    places = layer_places(index.model)
    is_mirrored = text_of(file.attrs.get("backend", "")) == "theano"
    steps = {}
    for layer_id, layer in enumerate(index.layers):
        known = above(stored, places[id(layer)]) if id(layer) in places else None
        own = known.steps if known else ()
        if is_mirrored and type(layer).__name__ in CONVOLUTIONS and "flip-kernel" not in own:
            own = (*own, "flip-kernel")
        steps[layer_id] = own
    return steps


def _put(index: ModelIndex, pair: Pair, file: h5py.File) -> bool:
    """Gives one layer its weights; False if they do not fit after all."""
    layer = index.layers[pair.owner.record.layer_id]
    if pair.stored.key and type(layer).load_own_variables is not keras.Layer.load_own_variables:
        return _let_layer_load(layer, {stored.name: _read(file, stored) for stored in pair.stored.weights})
    variables = [index.variables[weight.weight_id] for weight in pair.owner.weights]
    try:
        values = converted(pair.owner.steps, [_read(file, stored) for stored in pair.weights])
    except (ValueError, IndexError):
        return False
    if [tuple(variable.shape) for variable in variables] != [value.shape for value in values]:
        return False
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    finish(layer)
    return True


def _let_layer_load(layer: keras.Layer, store: dict[str, Array]) -> bool:
    """Quantized layers, among others, know themselves in which order they are stored."""
    before = [keras.ops.convert_to_numpy(variable).copy() for variable in own_variables(layer)]
    try:
        layer.load_own_variables(store)
    # A layer's own code.
    except Exception:  # noqa: BLE001
        for variable, value in zip(own_variables(layer), before, strict=True):
            variable.assign(value)
        return False
    return True


def _read(file: h5py.File, stored: StoredWeight) -> Array:
    value: Array = np.asarray(file[stored.dataset][()])
    if stored.dtype == "bfloat16":
        import ml_dtypes

        return value.view(ml_dtypes.bfloat16)
    if value.dtype.kind not in _NUMBERS:
        raise ValueError(f"{stored.dataset} holds no numbers")
    return value


def _name(owner: Owner) -> str:
    return owner.path or "the model itself"


def _verb(things: Sequence[object], verb: str) -> str:
    return f"{verb}s" if len(things) == 1 else verb
