"""What runs in the clean process: opens one file by plain Keras and says what is there; see `clean_process`."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

from editor.errors import EditorError, Problem
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
    from editor.keras_model.custom_code import load_custom_objects
    from editor.keras_model.flags import apply_tree, forgotten_by_keras, rebased, tree_with_map
    from editor.keras_model.loading import load_model
    from editor.keras_model.values import weight_digests
    from editor.keras_model.walk import walk_model
    from editor.layers.freeze_map import FreezeMap

    path = Path(question.path)
    custom_objects = load_custom_objects(Path(question.custom_code)) if question.custom_code else {}
    model = load_model(path, custom_objects)
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


if __name__ == "__main__":
    main()
