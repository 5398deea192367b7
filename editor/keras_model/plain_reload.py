"""What runs in the clean process: opens one file by plain Keras and says what is there; see `clean_process`."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import Any

from editor.errors import EditorError, Problem
from editor.files.options import OpenOptions
from editor.keras_model.child_process import end_with_parent
from editor.keras_model.clean_process import FileReloaded, ReloadFailed, ReloadFile, decode_request, encode


def main() -> None:
    """Reads the question from standard input and writes the answer to standard output, and nothing else there."""
    end_with_parent()
    # What Keras and custom code print must not get between the bytes of the answer.
    answer_stream = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    question = decode_request(sys.stdin.buffer.read())
    answer: FileReloaded | ReloadFailed
    try:
        answer = _answer(question)
    except EditorError as error:
        answer = ReloadFailed(error.problem)
    # The edge of the process: a custom layer may raise anything, sys.exit too.
    except BaseException as error:  # noqa: BLE001
        answer = ReloadFailed(Problem(f"{type(error).__name__}: {error}", details=traceback.format_exc()))
    with answer_stream:
        answer_stream.write(encode(answer))


def _answer(question: ReloadFile) -> FileReloaded:
    from editor.files.keras_archive import read_freeze_map
    from editor.keras_model.flags import apply_tree, forgotten_by_keras, rebased, tree_with_map
    from editor.keras_model.values import weight_digests
    from editor.keras_model.walk import walk_model
    from editor.keras_model.written import load_written
    from editor.layers.freeze_map import FreezeMap

    path = Path(question.path)
    model = load_written(path, _given(path, question.options))
    index = walk_model(model)
    freeze_map = read_freeze_map(path) or FreezeMap(layers={})
    tree = tree_with_map(index, freeze_map)
    forgotten = forgotten_by_keras(model, index, tree)
    apply_tree(index, tree)
    paths = {node.record.weight_id: node.path for node in tree.walk_weights()}
    return FileReloaded(
        digests=weight_digests(index),
        weight_paths=tuple(paths[key] for key in range(len(index.variables))),
        forgotten=forgotten,
        is_map_whole=tree.freeze_map().layers == rebased(tree, freeze_map).layers,
    )


def _given(path: Path, options: OpenOptions) -> dict[str, Any]:
    """What was given and allowed for the model, made again here as it was where the model was opened."""
    from editor.files.model_config import read_model_config
    from editor.keras_model.consent import consented

    found = read_model_config(path)
    return consented(found.config, options, path.name).custom_objects if found and options.has_code else {}


if __name__ == "__main__":
    main()
