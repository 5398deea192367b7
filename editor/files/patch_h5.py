"""Changes the flags in an `.h5` model without Keras: its values stay where they are, and are told in another order.

Keras reads the weights of each top-level layer in the order of `weight_names`, those first that train by the flags in
`model_config` (fact F17).
"""

from __future__ import annotations

import json
import posixpath
import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np

from editor.errors import FileError, PatchError
from editor.files.hdf5_copy import (
    Changes,
    Content,
    NewGroup,
    OpenFile,
    changed_contents,
    copy_objects,
    first_difference,
    fresh_data,
)
from editor.files.optimizer_slots import Kept, Variable
from editor.files.patch_flags import UNPLACED, FlagPatch, check_as_read, flag_patch, is_open, optimizer_patch
from editor.files.probe_hdf5 import MAP_ATTRIBUTE
from editor.files.stored_weights import read_names
from editor.files.stored_weights import text_of as _text
from editor.layers.nodes import LayerNode
from editor.layers.patch_plan import PatchPlan, PatchResult
from editor.layers.paths import escape
from editor.layers.plain_keras import PlainReload, by_position
from editor.layers.records import WeightRecord
from editor.layers.tree import LayerTree

_CONFIG = "model_config"
_TRAINING = "training_config"
_WEIGHTS = "model_weights"
_OPTIMIZER = "optimizer_weights"
_NAMES = "weight_names"
_LAYERS = "layer_names"
_HEADER_LIMIT = 64512  # Keras's HDF5_OBJECT_HEADER_LIMIT: longer lists of names are cut in pieces
_FULL_SAVE = "Save it as a .keras file instead."

MOST_WASTED = 16 << 20
"""A file with more than so many bytes besides its values is written anew instead of copied."""


@dataclass(frozen=True)
class _Edits:
    """What becomes of an `.h5` file.

    Attributes:
        texts: New attributes of the root.
        stored: The `weight_names` of each layer's group in the source, by path.
        names: New `weight_names` of groups, by path.
        changes: The optimizer's group, if it differs.
        notes: What is to be said.
    """

    texts: Mapping[str, str]
    stored: dict[str, list[str]] = field(default_factory=dict)
    names: dict[str, list[str]] = field(default_factory=dict)
    changes: dict[str, NewGroup | None] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def patch_h5(plan: PatchPlan, tree: LayerTree, target: Path) -> PatchResult:
    """Writes a copy of an `.h5` model with other flags, and compares it with what it should be.

    Raises:
        PatchError: The order of its weights cannot be told without Keras.
        FileError: The copy is not what it should be.
    """
    source = Path(plan.source)
    with h5py.File(source, "r") as file:
        patch = flag_patch(tree, json.loads(_text(file.attrs[_CONFIG])))
        texts = {_CONFIG: json.dumps(patch.config), MAP_ATTRIBUTE: plan.freeze_map.to_json().decode()}
        edits = _Edits(texts)
        weight_paths = _order_weights(patch, file, edits)
        _order_optimizer(patch, file, weight_paths, edits)
        if edits.names or edits.changes:
            check_as_read(plan, patch)
        is_anew = bool(edits.changes) or _num_wasted(tree, file, plan.num_bytes) > MOST_WASTED
        if is_anew:
            with h5py.File(target, "w") as copy:
                copy_objects(file, copy, edits.changes, without=edits.texts.keys())
    if not is_anew:
        shutil.copyfile(source, target)
    with h5py.File(target, "r+") as copy:
        _put(copy, edits)
    _verify(source, target, edits)
    return PatchResult(forgotten=patch.forgotten, notes=tuple(edits.notes))


# -- the weights ----------------------------------------------------------------------------------------------


def _order_weights(patch: FlagPatch, file: h5py.File, edits: _Edits) -> dict[int, str]:
    """Notes the `weight_names` as they are and as they are to be; gives the dataset of each weight, by id."""
    paths: dict[int, str] = {}
    weights = file[_WEIGHTS]
    moved: set[int] = set()
    by_name = {name: read_names(weights[name], _NAMES) for name in read_names(weights, _LAYERS)}
    edits.stored.update((posixpath.join(_WEIGHTS, name), names) for name, names in by_name.items())
    for layer, name in _top_layers(patch.tree, [name for name, names in by_name.items() if names]):
        stored = by_name[name]
        group = weights[name].id
        was, now = (_order_in_file(layer, reload) for reload in (patch.before, patch.after))
        shapes = [h5py.h5d.open(group, each.encode()).shape for each in stored]
        if shapes != [weight.shape for weight in was]:
            raise PatchError(
                f"The weights of {layer.name!r} stand in an order of their own in this file.", hint=_FULL_SAVE
            )
        by_id = {weight.weight_id: each for weight, each in zip(was, stored, strict=True)}
        if was != now or patch.unsure_in(layer):
            _refuse_unknown(patch, layer)
        if was != now:
            moved.update(by_id)
            edits.names[posixpath.join(_WEIGHTS, name)] = [by_id[weight.weight_id] for weight in now]
        if moved & paths.keys() & by_id.keys():
            raise PatchError(f"Some weights of {layer.name!r} stand in the file twice.", hint=_FULL_SAVE)
        paths.update((key, posixpath.join(_WEIGHTS, name, each)) for key, each in by_id.items())
    return paths


def _top_layers(tree: LayerTree, names: list[str]) -> list[tuple[LayerNode, str]]:
    """The root's children with weights, each with its group, as Keras matches them: in order."""
    layers = [child for child in tree.root.children if child.weights_below]
    if not tree.root.record.is_graph or [escape(name) for name in names] != [layer.name for layer in layers]:
        raise PatchError("The layers of this model stand in an order of their own in its file.", hint=_FULL_SAVE)
    return list(zip(layers, names, strict=True))


def _order_in_file(layer: LayerNode, reload: PlainReload) -> list[WeightRecord]:
    """The order in which Keras reads the weights of a top-level layer: those first that train."""
    weights = by_position(layer.weights_below)
    if not reload.layer_flags[layer.record.layer_id]:
        return weights
    return sorted(weights, key=lambda weight: weight.weight_id not in reload.trainable)


def _refuse_unknown(patch: FlagPatch, top: LayerNode) -> None:
    """A composite of a class that is not Keras's may give its layers any flags, by which the order would be others."""
    for layer in patch.tree.walk(top):
        if isinstance(layer, LayerNode) and (is_open(layer) or any(w.position < 0 for w in layer.record.weights)):
            raise PatchError(
                f"The order of the weights in {layer.path!r} can be told by Keras only, as its class is "
                f"{layer.record.class_name!r}.",
                hint=_FULL_SAVE,
            )


# -- the optimizer --------------------------------------------------------------------------------------------


def _order_optimizer(patch: FlagPatch, file: h5py.File, weight_paths: dict[int, str], edits: _Edits) -> None:
    if _OPTIMIZER not in file:
        return
    group = file[_OPTIMIZER]
    stored = read_names(group, _NAMES)
    training = json.loads(_text(file.attrs[_TRAINING])) if _TRAINING in file.attrs else {}
    shapes = [tuple(group[name].shape) for name in stored]
    root = patch.tree.root
    unplaced = patch.unplaced_in(root) or patch.unsure_in(root)
    if unplaced is not None and patch.may_differ(root):
        _leave_out(UNPLACED.format(path=repr(unplaced.path)), edits)
        return
    moved = optimizer_patch(training.get("optimizer_config"), shapes, *patch.trained(root))
    if moved is None:
        return
    if moved.variables is None:
        _leave_out(moved.reason, edits)
        return
    names = _variable_names(stored, moved.variables, weight_paths)
    contents: dict[str, Content] = {
        name: posixpath.join(_OPTIMIZER, stored[variable.index])
        if isinstance(variable, Kept)
        else fresh_data(variable, weight_paths)
        for name, variable in zip(names, moved.variables, strict=True)
    }
    edits.changes[_OPTIMIZER] = NewGroup(contents)
    edits.names[_OPTIMIZER] = names
    if moved.num_fresh:
        edits.notes.append("The optimizer's state is kept; it starts anew for the weights that plain Keras trains now.")


def _leave_out(reason: str, edits: _Edits) -> None:
    edits.changes[_OPTIMIZER] = None
    edits.notes.append(f"The optimizer's state is left out, its settings are kept: {reason}.")


def _variable_names(stored: list[str], variables: Sequence[Variable], weight_paths: dict[int, str]) -> list[str]:
    """Names as Keras would give them: `adam/sequential_dense_kernel_momentum`; each once."""
    optimizer = stored[0].rpartition("/")[0]
    names: list[str] = []
    for variable in variables:
        if isinstance(variable, Kept):
            names.append(stored[variable.index])
            continue
        path = posixpath.relpath(weight_paths[variable.weight.weight_id], _WEIGHTS).partition("/")[2]
        name = posixpath.join(optimizer, f"{path.replace('/', '_').replace(':', '_')}_{variable.slot.name}")
        names.append(name if name not in names and name not in stored else f"{name}_{variable.weight.weight_id}")
    return names


# -- writing and verifying --------------------------------------------------------------------------------------


def _num_wasted(tree: LayerTree, file: h5py.File, num_bytes: int) -> int:
    """Bytes of a file that hold no values: what it is made of, and texts of earlier saves, which HDF5 never reuses."""
    num_needed = sum(weight.num_bytes for weight in tree.root.weights_below)
    if _OPTIMIZER in file:
        num_needed += sum(file[_OPTIMIZER][name].nbytes for name in read_names(file[_OPTIMIZER], _NAMES))
    return num_bytes - num_needed


def _put(copy: h5py.File, edits: _Edits) -> None:
    for key, text in edits.texts.items():
        copy.attrs[key] = text
    for path, names in edits.names.items():
        _write_names(copy[path], names)


def _verify(source: Path, target: Path, edits: _Edits) -> None:
    changes: Changes = edits.changes
    with ExitStack() as stack:
        was, now = (
            OpenFile(stack.enter_context(h5py.File(path, "r")), stack.enter_context(path.open("rb")))
            for path in (source, target)
        )
        if path := first_difference(was, now, changed_contents(changes), changes):
            raise _unfaithful(f"{path} differs")
        for key, text in edits.texts.items():
            if _text(now.file.attrs[key]) != text:
                raise _unfaithful(f"{key} differs")
        _verify_attributes(was.file, now.file, edits)


def _verify_attributes(was: h5py.File, now: h5py.File, edits: _Edits) -> None:
    for key in was.attrs:
        if key not in edits.texts and _text(was.attrs[key]) != _text(now.attrs[key]):
            raise _unfaithful(f"{key} differs")
    if read_names(now[_WEIGHTS], _LAYERS) != [posixpath.relpath(path, _WEIGHTS) for path in edits.stored]:
        raise _unfaithful("the order of its layers differs")
    for path, names in (edits.stored | edits.names).items():
        if read_names(now[path], _NAMES) != names:
            raise _unfaithful(f"the order of {path} differs")


def _unfaithful(what: str) -> FileError:
    return FileError(
        f"The file was written, but reading it back gave something else: {what}.",
        hint="Nothing was replaced; the file that was there is untouched. Check the disk.",
    )


# -- attributes -------------------------------------------------------------------------------------------------


def _write_names(group: h5py.Group, names: list[str]) -> None:
    """Writes `weight_names` as Keras does (`save_attributes_to_hdf5_group`)."""
    number = 0
    while f"{_NAMES}{number}" in group.attrs:
        del group.attrs[f"{_NAMES}{number}"]
        number += 1
    if _NAMES in group.attrs:
        del group.attrs[_NAMES]
    data = np.asarray([name.encode() for name in names])
    num_pieces = 1
    while any(piece.nbytes > _HEADER_LIMIT for piece in np.array_split(data, num_pieces)):
        num_pieces += 1
    if num_pieces == 1:
        group.attrs[_NAMES] = [name.encode() for name in names]
    else:
        for at, piece in enumerate(np.array_split(data, num_pieces)):
            group.attrs[f"{_NAMES}{at}"] = piece
