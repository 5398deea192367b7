"""Changes the flags in a `.keras` archive without Keras: other members stay as they are, bit for bit."""

from __future__ import annotations

import json
import posixpath
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

import h5py

from editor.errors import FileError, PatchError
from editor.files.archive_copy import copy_member, stored_in_place
from editor.files.hdf5_copy import (
    Changes,
    NewGroup,
    OpenFile,
    changed_contents,
    contents_of,
    copy_objects,
    first_difference,
    is_same_range,
)
from editor.files.optimizer_slots import AS_THE_WEIGHT, Fresh, Variable
from editor.files.patch_flags import LEFT_OUT, UNPLACED, FlagPatch, check_as_read, flag_patch, optimizer_patch
from editor.files.zip_members import (
    CONFIG_MEMBER,
    MAP_MEMBER,
    WEIGHTS_MEMBER,
    member_range,
    read_json_member,
    weights_stream,
)
from editor.layers.nodes import LayerNode
from editor.layers.patch_plan import PatchPlan, PatchResult
from editor.layers.tree import LayerTree

_COMPILE_KEY = "compile_config"
_OPTIMIZER = "optimizer"
_VARIABLES = "vars"


def patch_keras(plan: PatchPlan, tree: LayerTree, target: Path) -> PatchResult:
    """Writes a copy of a `.keras` archive with other flags, and compares it with what it should be.

    Args:
        plan: The source, and the map that goes into the copy.
        tree: The model with the flags to write.
        target: A temporary file.

    Raises:
        PatchError: Keras has to write this model anew.
        FileError: The copy is not what it should be.
    """
    with Path(plan.source).open("rb") as raw, zipfile.ZipFile(raw) as archive:
        patch = flag_patch(tree, json.loads(read_json_member(archive, CONFIG_MEMBER)))
        changes, notes = _optimizer_changes(plan, patch, raw, archive)
        config = json.dumps(patch.config).encode()
        freeze_map = plan.freeze_map.to_json()
        _write(raw, archive, target, {CONFIG_MEMBER: config, MAP_MEMBER: freeze_map}, changes)
        _verify(raw, archive, target, {CONFIG_MEMBER: config, MAP_MEMBER: freeze_map}, changes)
    return PatchResult(forgotten=patch.forgotten, notes=notes)


# -- the optimizer --------------------------------------------------------------------------------------------


def _optimizer_changes(
    plan: PatchPlan, patch: FlagPatch, raw: IO[bytes], archive: zipfile.ZipFile
) -> tuple[Changes, tuple[str, ...]]:
    """The groups of the weights file that change, and what is to be said; what cannot stay leaves the configuration."""
    compiled = [
        layer
        for layer in patch.tree.walk_layers()
        if patch.tree.is_first_place(layer)
        and any(place.get(_COMPILE_KEY) for place in patch.places.get(layer.record.layer_id, ()))
    ]
    moved = [layer for layer in compiled if patch.may_differ(layer)]
    if not moved:
        return {}, ()
    check_as_read(plan, patch)
    changes: dict[str, NewGroup | None] = {}
    notes: list[str] = []
    with _weights(raw, archive, archive.getinfo(WEIGHTS_MEMBER)) as weights:
        for layer in moved:
            _change_optimizer(patch, layer, weights.file, changes, notes)
    return changes, tuple(dict.fromkeys(notes))


def _change_optimizer(
    patch: FlagPatch, layer: LayerNode, weights: h5py.File, changes: dict[str, NewGroup | None], notes: list[str]
) -> None:
    variables = posixpath.join(layer.record.store, _OPTIMIZER, _VARIABLES)
    if variables not in weights:
        return
    unplaced = patch.unplaced_in(layer)
    if unplaced is not None:
        _leave_out(patch, layer, UNPLACED.format(path=repr(unplaced.path)), changes, notes)
        return
    if unsure := patch.unsure_in(layer):
        raise PatchError(
            f"What trains in {unsure.path!r} with another flag is decided by its class, so Keras has to write the "
            "optimizer's state.",
            hint="Save when the engine is ready.",
        )
    place = next(place for place in patch.places[layer.record.layer_id] if place.get(_COMPILE_KEY))
    stored = weights[variables]
    shapes = [tuple(stored[str(number)].shape) for number in range(len(stored))]
    moved = optimizer_patch(place[_COMPILE_KEY].get("optimizer"), shapes, *patch.trained(layer))
    if moved is None:
        return
    paths = _weight_paths(patch.tree, weights, moved.variables or [])
    if moved.variables is None or paths is None:
        reason = moved.reason or "the weights that its averages start with are not found"
        _leave_out(patch, layer, reason, changes, notes)
    else:
        changes[variables] = NewGroup(contents_of(moved.variables, variables, paths))
        if moved.num_fresh:
            notes.append("The optimizer's state is kept; it starts anew for the weights that plain Keras trains now.")


def _leave_out(
    patch: FlagPatch, layer: LayerNode, reason: str, changes: dict[str, NewGroup | None], notes: list[str]
) -> None:
    for place in patch.places[layer.record.layer_id]:
        place.pop(_COMPILE_KEY, None)
    changes[posixpath.join(layer.record.store, _OPTIMIZER)] = None
    notes.append(LEFT_OUT.format(reason=reason))


def _weight_paths(tree: LayerTree, weights: h5py.File, variables: list[Variable]) -> dict[int, str] | None:
    """Where the weights stand that slots start with; None if one of them is not where it should be."""
    wanted = {v.weight.weight_id: v.weight for v in variables if isinstance(v, Fresh) and v.slot.start == AS_THE_WEIGHT}
    paths: dict[int, str] = {}
    for layer in tree.walk_layers() if wanted else ():
        for number, weight in enumerate(layer.record.weights):
            path = posixpath.join(layer.record.store, _VARIABLES, str(number))
            if weight.weight_id in wanted and path in weights and weights[path].shape == weight.shape:
                paths[weight.weight_id] = path
    return paths if paths.keys() == wanted.keys() else None


# -- writing --------------------------------------------------------------------------------------------------


def _write(raw: IO[bytes], archive: zipfile.ZipFile, target: Path, texts: dict[str, bytes], changes: Changes) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as copy:
        for info in archive.infolist():
            if info.filename in texts or (info.filename == WEIGHTS_MEMBER and changes):
                continue
            copy_member(archive, raw, info, copy)
        for name, text in texts.items():
            copy.writestr(name, text)
        if changes:
            with (
                _weights(raw, archive, archive.getinfo(WEIGHTS_MEMBER)) as weights,
                stored_in_place(copy, WEIGHTS_MEMBER) as region,
                h5py.File(region, "w") as rewritten,
            ):
                copy_objects(weights.file, rewritten, changes)


@contextmanager
def _weights(raw: IO[bytes], archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[OpenFile]:
    """The weights of an archive, read in place (fact F20); the HDF5 file is closed before its stream."""
    with ExitStack() as stack:
        file = stack.enter_context(h5py.File(stack.enter_context(weights_stream(raw, archive, info)), "r"))
        if info.compress_type == zipfile.ZIP_STORED:
            yield OpenFile(file, raw, member_range(raw, info)[0])
        else:
            yield OpenFile(file, stack.enter_context(archive.open(info)))


# -- verifying ------------------------------------------------------------------------------------------------


def _verify(raw: IO[bytes], archive: zipfile.ZipFile, target: Path, texts: dict[str, bytes], changes: Changes) -> None:
    with target.open("rb") as copy_raw, zipfile.ZipFile(copy_raw) as copy:
        names = [info.filename for info in copy.infolist()]
        wanted = {info.filename for info in archive.infolist()} | texts.keys()
        if len(names) != len(set(names)) or set(names) != wanted:
            raise _unfaithful("its members are others")
        for name, text in texts.items():
            if copy.read(name) != text:
                raise _unfaithful(f"{name} differs")
        for info in archive.infolist():
            if info.filename == WEIGHTS_MEMBER and changes:
                _verify_weights(raw, archive, copy_raw, copy, changes)
            elif info.filename not in texts and not _is_same_member(raw, info, copy_raw, copy.getinfo(info.filename)):
                raise _unfaithful(f"{info.filename} differs")


def _is_same_member(raw: IO[bytes], info: zipfile.ZipInfo, copy_raw: IO[bytes], copied: zipfile.ZipInfo) -> bool:
    # The checksum of the copy was taken of what was written; that of the source comes from whoever wrote it.
    if (info.file_size, info.CRC) != (copied.file_size, copied.CRC):
        return False
    if info.compress_type != zipfile.ZIP_STORED:
        return True
    (offset, num_bytes), (copied_offset, _) = member_range(raw, info), member_range(copy_raw, copied)
    return is_same_range((raw, offset), (copy_raw, copied_offset), num_bytes)


def _verify_weights(
    raw: IO[bytes], archive: zipfile.ZipFile, copy_raw: IO[bytes], copy: zipfile.ZipFile, changes: Changes
) -> None:
    with (
        _weights(raw, archive, archive.getinfo(WEIGHTS_MEMBER)) as source,
        _weights(copy_raw, copy, copy.getinfo(WEIGHTS_MEMBER)) as target,
    ):
        path = first_difference(source, target, changed_contents(changes), changes)
    if path:
        raise _unfaithful(f"{path} in {WEIGHTS_MEMBER} differs")


def _unfaithful(what: str) -> FileError:
    return FileError(
        f"The file was written, but reading it back gave something else: {what}.",
        hint="Nothing was replaced; the file that was there is untouched. Check the disk.",
    )
