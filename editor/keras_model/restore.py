"""For scripts: the freeze map of a file put onto a model that plain Keras has loaded."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from pathlib import Path

import keras

from editor.errors import FileError, FreezeMapError
from editor.files.keras_archive import read_freeze_map
from editor.keras_model.flags import apply_tree, rebased
from editor.keras_model.walk import ModelIndex, walk_model
from editor.layers.freeze_map import FreezeMap, LayerFlags
from editor.layers.paths import weight_path
from editor.layers.tree import LayerTree
from editor.wording import some_of

_MAP_ENDING = ".freeze.json"
_WEIGHTS_ENDING = ".weights.h5"


@dataclass(frozen=True)
class RestoreReport:
    """What `restore_freeze` did.

    Attributes:
        num_frozen: Weights of the model that are frozen now.
        num_trainable: Weights of the model that train now.
        missed: What of the map did not fit, by name or by shape.
        uncovered: Paths of the model's layers that the map does not name; they have the flags that they had.
        must_compile: Whether the model was compiled before and its flags have changed.
    """

    num_frozen: int
    num_trainable: int
    missed: tuple[str, ...] = ()
    uncovered: tuple[str, ...] = ()
    must_compile: bool = False


def restore_freeze(model: keras.Model, path: str | os.PathLike[str]) -> RestoreReport:
    """Freezes and thaws each weight of a model as the freeze map in a file says.

    Plain Keras forgets some flags when it loads a file: those inside MultiHeadAttention and custom layers, in
    subclassed models, and of single weights. The map that Frostline writes into the file has them all::

        model = keras.saving.load_model("model.keras")
        restore_freeze(model, "model.keras")
        model.compile("adam", "mse")

    Compile comes after. A compiled model goes on training what it trained before, without a word, whatever its flags
    say since; so for a model that is compiled already, and whose flags change, there is a warning.

    Args:
        model: A built model, as a rule from `keras.saving.load_model`.
        path: A `.keras` or `.h5` file that Frostline saved, a `.freeze.json`, or weights or a SavedModel with a
            `.freeze.json` beside it.

    Raises:
        FileError: The file cannot be read.
        FreezeMapError: The file has no freeze map, or nothing of it fits the model.

    Warns:
        UserWarning: Some entries of the map did not fit, or the model must be compiled again.
    """
    freeze_map, is_of_model = _read(Path(path))
    index = _walked(model)
    tree = LayerTree(index.root)
    fitted = _fitted(tree, freeze_map, is_of_model=is_of_model)
    change, report = tree.plan_map(fitted)
    missed = frozenset((*report.unmatched, *(misfit.path for misfit in report.misfits)))
    if not any(_fits(where, flags, missed) for where, flags in fitted.layers.items()):
        raise FreezeMapError(
            f"Nothing in the freeze map of {Path(path).name!r} fits this model.",
            hint="Use the file that the model was loaded from.",
        )
    tree.apply(change)
    before = _flags(index, tree)
    apply_tree(index, tree)
    must_compile = bool(model.compiled) and _flags(index, tree) != before
    _warn(report.lines, must_compile=must_compile)
    account = tree.account(tree.root)
    return RestoreReport(
        account.frozen.weights, account.trainable.weights, report.lines, report.uncovered, must_compile
    )


def _read(path: Path) -> tuple[FreezeMap, bool]:
    """The map, and whether it travels in the model's own file, so that its store keys are the model's."""
    if path.is_dir() or path.name.endswith(_WEIGHTS_ENDING):
        path = path.with_name(path.name.removesuffix(_WEIGHTS_ENDING) + _MAP_ENDING)
    if path.suffix == ".json":
        return FreezeMap.from_json(_text(path)), False
    freeze_map = read_freeze_map(path)
    if freeze_map is None:
        raise FreezeMapError(
            f"{path.name!r} holds no freeze map.",
            hint="Plain Keras drops it when it saves the file again; use the file that Frostline saved.",
        )
    return freeze_map, True


def _text(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}.", hint="Check its name and folder.") from error


def _walked(model: keras.Model) -> ModelIndex:
    if not model.built:
        raise FreezeMapError(
            "The model is not built, so it has no weights yet.", hint="Call it once, or model.build(input_shape)."
        )
    return walk_model(model)


def _fitted(tree: LayerTree, freeze_map: FreezeMap, *, is_of_model: bool) -> FreezeMap:
    """The map with the model's paths.

    Automatic names inside a subclassed model differ from process to process (fact F9), so store keys decide for the
    model's own file. A map by itself may be of another model of the same shape.
    """
    return rebased(tree, freeze_map) if is_of_model else freeze_map


def _fits(path: str, flags: LayerFlags, missed: frozenset[str]) -> bool:
    if path in missed:
        return False
    return flags.statistics is not None or any(weight_path(path, name) not in missed for name in flags.weights)


def _flags(index: ModelIndex, tree: LayerTree) -> tuple[list[bool], list[bool]]:
    """All flags that decide what training does."""
    statistics = [layer.record.layer_id for layer in tree.walk_layers() if tree.statistics_mode(layer)]
    trained = {id(variable) for variable in index.model.trainable_variables}
    return [id(variable) in trained for variable in index.variables], [
        bool(index.layers[layer_id].trainable) for layer_id in statistics
    ]


def _warn(missed: tuple[str, ...], *, must_compile: bool) -> None:
    if missed:
        warnings.warn(f"Entries of the freeze map that do not fit the model: {some_of(missed, 5)}.", stacklevel=3)
    if must_compile:
        warnings.warn(
            "The model is compiled already and goes on training what it trained before: compile it again.",
            stacklevel=3,
        )
