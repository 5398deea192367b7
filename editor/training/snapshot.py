"""All variables of a model as a revision of the workspace folder, and back (facts F12, F27)."""

from __future__ import annotations

from pathlib import Path

import keras

from editor.errors import FileError
from editor.runs.revisions import Array, Revision, RevisionMeta, write_revision


def write_snapshot(model: keras.Model, path: Path, meta: RevisionMeta) -> None:
    """Writes all `model.variables` (seed generators too) and the optimizer's variables.

    Raises:
        FileError: The file cannot be written.
    """
    optimizer = model.optimizer if model.compiled else None
    slots = _values(optimizer.variables) if optimizer else []
    write_revision(path, _values(model.variables), slots, meta)


def _values(variables: list[keras.Variable]) -> list[Array]:
    return [keras.ops.convert_to_numpy(variable) for variable in variables]


def restore(model: keras.Model, revision: Revision) -> int:
    """Puts the variables of a revision back.

    Returns:
        The number of the revision.

    Raises:
        FileError: The revision is of another model; nothing was changed.
    """
    variables = model.variables
    shapes = [tuple(variable.shape) for variable in variables]
    if shapes != [value.shape for value in revision.variables]:
        raise FileError(
            "The kept weights are of another model than the file that is open.",
            hint="The file was changed meanwhile; the kept weights were not used.",
        )
    for variable, value in zip(variables, revision.variables, strict=True):
        variable.assign(value)
    return revision.meta.revision
