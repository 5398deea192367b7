"""Saves that change flags alone: a model file is copied with other flags, without Keras, verified, and put in place."""

from __future__ import annotations

from pathlib import Path

from editor.errors import FileError, PatchError
from editor.files.atomic import write_atomically
from editor.files.hdf5_superblock import superblock_offset
from editor.files.keras_archive import usable_freeze_map
from editor.files.patch_flags import tree_of
from editor.files.patch_h5 import patch_h5
from editor.files.patch_keras import patch_keras
from editor.files.signatures import ZIP_SIGNATURES
from editor.layers.patch_plan import PatchPlan, PatchResult


def patch_file(plan: PatchPlan) -> PatchResult:
    """Carries out a plan; the target is replaced only when the copy beside it has been read back and compared.

    Raises:
        PatchError: Keras has to write this model anew.
        FileError: The source is not what it was, or the target cannot be written.
    """
    source, target = Path(plan.source), Path(plan.target)
    if source.is_dir():
        raise PatchError(f"{source.name} is a SavedModel, which is left as it is.", hint="Save to another file.")
    _check_source(plan)
    _check_names(plan)
    tree = tree_of(plan)
    with write_atomically(target) as temporary:
        with source.open("rb") as stream:
            is_archive = stream.read(4) in ZIP_SIGNATURES
            is_hdf5 = not is_archive and superblock_offset(stream, plan.num_bytes) is not None
        if is_archive:
            result = patch_keras(plan, tree, temporary)
        elif is_hdf5:
            result = patch_h5(plan, tree, temporary)
        else:
            raise PatchError(f"{source.name} is neither a .keras nor an HDF5 file.")
        _check_source(plan)
    return result


def _check_names(plan: PatchPlan) -> None:
    """A preview does not know the names of what custom classes hold; the map in the file may, and would lose them."""
    found, _ = usable_freeze_map(Path(plan.source))
    if found is None:
        return
    layers = plan.freeze_map.layers
    stores = {flags.store for flags in layers.values() if flags.store}
    unnamed = {_first(path) for path, flags in layers.items() if not flags.class_name and path not in found.layers}
    lost = [path for path, flags in found.layers.items() if path not in layers and flags.store not in stores]
    hidden = [path for path in lost if _first(path) in unnamed]
    if hidden:
        raise PatchError(
            f"{Path(plan.source).name} has a freeze map with layers that only the model's code can find: "
            f"{', '.join(hidden[:3])}{'…' * (len(hidden) > 3)}.",
            hint="Give the code, so that the model can be loaded.",
        )


def _first(path: str) -> str:
    return path.partition("/")[0]


def _check_source(plan: PatchPlan) -> None:
    """Another program may have written it since its model was loaded."""
    try:
        found = Path(plan.source).stat()
    except OSError as error:
        raise FileError(f"There is no file {plan.source}.", hint="Save the model to another file.") from error
    if (found.st_size, found.st_mtime_ns) != (plan.num_bytes, plan.mtime_ns):
        raise PatchError(
            f"{Path(plan.source).name} was changed by another program.", hint="Save when the engine is ready."
        )
