"""Writes new models to files: one of `keras.applications`, with the weights of a file put onto it."""

from __future__ import annotations

from pathlib import Path

from editor.files.atomic import write_atomically
from editor.files.options import Application
from editor.keras_model.applications import build
from editor.keras_model.weights_matching import put_weights


def make(application: Application, target: Path, weights: Path | None = None) -> tuple[str, ...]:
    """Builds a model and writes it to a `.keras` file.

    Args:
        application: What to build.
        target: The file; its folder is there.
        weights: A file of weights to put onto it as far as they fit, which a reader has found sound; None takes the
            application's.

    Returns:
        What is doubtful of the weights from the file, a sentence each.

    Raises:
        FileError: A file of weights is not there or damaged, or the target cannot be written.
        ModelError: The model cannot be built, or none of the weights fits it.
    """
    model = build(application)
    notes = put_weights(model, weights).doubts if weights else ()
    with write_atomically(target) as path:
        model.save(path)
    return notes
