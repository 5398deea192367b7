"""What preprocessing layers hold beside their weights: tables of words, and bins.

Keras 2 kept some of it as weights; in Keras 3 a layer has it in its configuration, or in a file of its own within a
`.keras` archive.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeGuard

import keras
import numpy as np

# Keras offers no public way from a summary to bins without a layer.
from keras.src.layers.preprocessing.discretization import get_bin_boundaries

from editor.errors import ModelError
from editor.keras_model.values import Array
from editor.wording import some_of

_LOOKUPS = (keras.layers.StringLookup, keras.layers.IntegerLookup)
_MOST_NAMES = 5


def holds_state(layer: keras.Layer) -> bool:
    """Whether arrays that Keras 2 has as weights of a layer stand beside the weights in Keras 3."""
    return isinstance(layer, (*_LOOKUPS, keras.layers.TextVectorization, keras.layers.Discretization))


def lacks_bins(layer: keras.Layer) -> bool:
    """Whether a layer sorts numbers into bins that it does not have yet."""
    return isinstance(layer, keras.layers.Discretization) and layer.bin_boundaries is None


def counts_words(layer: keras.Layer) -> bool:
    """Whether a layer has a table in which each word counts something, which Keras 2 kept as a weight."""
    return isinstance(layer, _LOOKUPS) and layer.output_mode == "tf_idf"


def finish_bins(model: keras.Model) -> None:
    """Makes the bins of layers that have loaded what they are made of: in an archive of Keras 2 it is their weight."""
    for layer in model._flatten_layers():
        if lacks_bins(layer):
            give_state(layer, [np.asarray(layer.summary)])


def give_state(layer: keras.Layer, arrays: Sequence[Array]) -> None:
    """Gives a layer of which `holds_state` is true what Keras 2 kept as its weights.

    The words of a table and how much each counts stand in the configuration; only bins are made of such arrays.

    Raises:
        ModelError: They are no summary that bins can be made of.
    """
    if not isinstance(layer, keras.layers.Discretization) or not arrays:
        return
    if len(arrays) > 1 or arrays[0].ndim != 2:
        raise ModelError(
            f"The bins of {layer.name!r} cannot be made of what the file holds of it.",
            hint="Ask whoever made the file for another one.",
        )
    if is_count(layer.num_bins) and is_summary(arrays[0]):
        layer.summary = arrays[0]
        layer.finalize_state()


def is_summary(array: Array) -> bool:
    """Whether an array is what Discretization gathers of its data: numbers and how much each counts."""
    return array.ndim == 2 and array.shape[0] == 2 and array.shape[1] > 0 and array.dtype.kind == "f"


def is_count(value: object, most: int = 1 << 20) -> TypeGuard[int]:
    """Whether a value of a configuration is a number of things."""
    return type(value) is int and 0 < value <= most


def bins_of(summary: Array, num_bins: int) -> list[float]:
    """The limits of the bins that Discretization makes of its summary."""
    limits: list[float] = get_bin_boundaries(summary, num_bins).tolist()
    return limits


def finish(layer: keras.Layer) -> None:
    """Has a layer work out what it computes with, after its weights were set: Normalization and its kind."""
    if hasattr(layer, "finalize_state") and not holds_state(layer):
        layer.finalize_state()


def note_of_empty(model: keras.Model) -> tuple[str, ...]:
    """Says which layers came without the words or bins that they need; nothing if all have theirs."""
    empty = [*without_words(model), *(str(layer.name) for layer in model._flatten_layers() if lacks_bins(layer))]
    if not empty:
        return ()
    return (
        f"The file does not hold the vocabulary or bins of {_listed(empty)}, without which the model cannot compute;"
        " give them in Python (set_vocabulary, adapt), and save it as .keras there.",
    )


def check_words(model: keras.Model) -> None:
    """Refuses to write a `.keras` file that Keras could not open again for want of words.

    Raises:
        ModelError: A table is empty.
    """
    empty = without_words(model)
    if empty:
        raise ModelError(
            f"The vocabulary of {_listed(empty)} is missing, and Keras opens no .keras file with an empty one.",
            hint="Give it in Python (set_vocabulary or adapt), or save as .h5, which will not hold it either.",
        )


def without_words(model: keras.Model) -> list[str]:
    """Names of the layers whose table is empty."""
    layers = list(model._flatten_layers())
    inside = [layer._lookup_layer for layer in layers if isinstance(layer, keras.layers.TextVectorization)]
    found = []
    for layer in layers:
        lookup = getattr(layer, "_lookup_layer", layer)
        is_inside = any(layer is other for other in inside)
        if isinstance(lookup, _LOOKUPS) and not is_inside and not int(lookup.lookup_table.size()):
            found.append(str(layer.name))
    return found


def _listed(names: Sequence[str]) -> str:
    return some_of([*map(repr, names)], _MOST_NAMES)


def words_of(model: keras.Model) -> list[tuple[Any, ...]]:
    """What each table looks up and what each index counts, and the bins, in the order of the layers."""
    found = []
    for layer in model._flatten_layers():
        if isinstance(layer, _LOOKUPS):
            found.append((*_vocabulary(layer), *(_counts(layer) or ())))
        elif isinstance(layer, keras.layers.Discretization):
            found.append(tuple(layer.bin_boundaries or ()))
    return found


@contextmanager
def words_in_config(model: keras.Model, *, only_where_lost: bool = False) -> Iterator[None]:
    """Has the layers write their words into their configurations meanwhile.

    Keras writes those of adapted layers into files within a `.keras` archive, a word a line, and into nothing else.

    Args:
        model: A live model; it is as before afterwards.
        only_where_lost: Only those that do not come back from lines, as words with other line ends in them.
    """
    layers = [layer for layer in model._flatten_layers() if isinstance(layer, _LOOKUPS)]
    lacking = [layer for layer in layers if layer.input_vocabulary is None and int(layer.lookup_table.size())]
    changed = [layer for layer in lacking if not only_where_lost or not _comes_back_from_lines(layer)]
    for layer in changed:
        layer.input_vocabulary, layer.input_idf_weights = _vocabulary(layer), _counts(layer)
    try:
        yield
    finally:
        for layer in changed:
            layer.input_vocabulary = layer.input_idf_weights = None


def _vocabulary(layer: Any) -> list[str | int]:
    """The words; before them what stands for unknown ones, where that counts something, too."""
    words = layer.get_vocabulary(include_special_tokens=counts_words(layer))
    return [word if isinstance(word, str) else int(word) for word in words]


def _counts(layer: Any) -> list[float] | None:
    weights = getattr(layer, "idf_weights_const", None)
    return None if weights is None else np.asarray(weights).tolist()[: len(_vocabulary(layer))]


def _comes_back_from_lines(layer: Any) -> bool:
    words = [str(word) for word in layer.get_vocabulary()]
    return "\n".join(words).splitlines() == words
