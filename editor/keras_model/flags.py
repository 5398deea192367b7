"""Puts the state of a layer tree onto a live model, and checks that it holds there."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import keras
import msgspec

from editor.errors import FreezeMapError
from editor.keras_model.walk import ModelIndex
from editor.layers.freeze_map import FreezeMap, LayerFlags
from editor.layers.mapping import is_same_class
from editor.layers.patterns import exact
from editor.layers.tree import LayerTree


def apply_tree(index: ModelIndex, tree: LayerTree) -> None:
    """Sets every flag: containers first, then each layer's, then each variable's (facts F1, F2, F5).

    Args:
        index: The live model.
        tree: The state; its ids are those of `index`.

    Raises:
        FreezeMapError: Keras would train something else than the tree says.
    """
    for layer in tree.walk_layers():
        index.layers[layer.record.layer_id].trainable = tree.layer_flag(layer)
    for layer in tree.walk_layers():
        # A shared layer's flag was overwritten by the container of a later place.
        index.layers[layer.record.layer_id]._trainable = tree.layer_flag(layer)
    for weight in tree.root.weights_below:
        if not weight.is_statistics:
            index.variables[weight.weight_id].trainable = tree.is_trainable(weight)
    _check(index, tree)


def _check(index: ModelIndex, tree: LayerTree) -> None:
    expected = {
        id(index.variables[weight.weight_id])
        for weight in tree.root.weights_below
        if not weight.is_statistics and tree.is_trainable(weight)
    }
    found = {id(variable): variable for variable in index.model.trainable_variables}
    wrong = [found[key].path for key in found.keys() - expected]
    missing = [variable.path for variable in index.variables if id(variable) in expected - found.keys()]
    if wrong or missing:
        raise FreezeMapError(
            f"Keras does not hold the flags it was given: {', '.join((wrong + missing)[:3])}.",
            hint="Please report this model; nothing was trained or saved.",
        )


def rebased(tree: LayerTree, freeze_map: FreezeMap) -> FreezeMap:
    """A map of this very model or file, with the paths that `tree` has for its layers.

    In a subclassed model automatic names change from process to process (fact F9): the `zoom/dense_1` of one may be
    the `zoom/dense` of another. So the store key decides, and the path where the key is of no use.
    """
    by_store = {
        layer.record.store: layer for layer in tree.walk_layers() if layer.record.store and tree.is_first_place(layer)
    }
    by_path: dict[str, LayerFlags] = {}
    found: dict[str, LayerFlags] = {}
    moves: dict[str, str] = {}
    for path, flags in freeze_map.layers.items():
        layer = by_store.get(flags.store)
        if layer is None or not is_same_class(flags.class_name, layer.record.class_name):
            by_path[path] = flags
        else:
            others = tuple(place.path for place in tree.places(layer)[1:])
            found[layer.path] = msgspec.structs.replace(flags, also_at=others)
            moves.update(_moves(path, layer.path))
    rules = tuple(
        msgspec.structs.replace(rule, select=moves.get(rule.select, rule.select)) for rule in freeze_map.rules
    )
    return msgspec.structs.replace(freeze_map, layers=by_path | found, rules=rules)


def _moves(was: str, now: str) -> Iterator[tuple[str, str]]:
    """The pattern of a path that has moved, and of each layer above it, with what it is now."""
    names = zip(was.split("/"), now.split("/"), strict=False)
    for above in itertools.accumulate(names, lambda path, name: (f"{path[0]}/{name[0]}", f"{path[1]}/{name[1]}")):
        yield exact(above[0]), exact(above[1])


def tree_with_map(index: ModelIndex, freeze_map: FreezeMap) -> LayerTree:
    """A tree of the model with a map of it brought onto it; see `rebased`.

    Raises:
        FreezeMapError: The map names weights that the model does not have.
    """
    tree = LayerTree(index.root)
    change, report = tree.plan_map(rebased(tree, freeze_map))
    if report.lines:
        raise FreezeMapError(
            f"The freeze map does not fit the model: {', '.join(report.lines[:3])}.",
            hint="Use a map that was written for this model.",
        )
    tree.apply(change)
    return tree


@contextmanager
def flags_applied(index: ModelIndex, tree: LayerTree) -> Iterator[None]:
    """The flags of `tree` on the live model for a while; then every flag is what it was.

    Between two batches this leaves no trace in a run, whose train step has its variables already (fact F10).
    """
    layer_flags = [layer.trainable for layer in index.layers]
    variable_flags = [variable.trainable for variable in index.variables]
    try:
        apply_tree(index, tree)
        yield
    finally:
        for layer, flag in zip(index.layers, layer_flags, strict=True):
            layer._trainable = flag
        for variable, flag in zip(index.variables, variable_flags, strict=True):
            variable.trainable = flag


def forgotten_by_keras(reloaded: keras.Model, index: ModelIndex, expected: LayerTree) -> tuple[str, ...]:
    """Paths of the weights that a plain reload left trainable although they are frozen (fact F16).

    Args:
        reloaded: The model as `keras.saving.load_model` gave it.
        index: The walk of `reloaded`.
        expected: The state that was saved; its ids are those of `index`.
    """
    trains = {id(variable) for variable in reloaded.trainable_variables}
    return tuple(
        node.path
        for node in expected.walk_weights()
        if not node.record.is_statistics
        and not expected.is_trainable(node.record)
        and id(index.variables[node.record.weight_id]) in trains
    )
