"""Opens a model file in a process of its own, by plain Keras, as somebody else's Python would.

No automatic names and no objects of this process are there. It is a plain child and not one of `multiprocessing`:
the engine is a daemon there, which may have no children.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec

from editor.errors import ModelError, Problem
from editor.files.options import OpenOptions

_MODULE = "editor.keras_model.plain_reload"
_SECONDS = 900.0
_MAX_DETAILS = 4000


class ReloadFile(msgspec.Struct, frozen=True):
    """The question: open `path` by `keras.saving.load_model` and tell what is there.

    Attributes:
        path: An `.h5` or `.keras` file with a freeze map.
        options: What was given and allowed for the model; nothing else is run.
    """

    path: str
    options: OpenOptions = OpenOptions()


class FileReloaded(msgspec.Struct, frozen=True, tag=True):
    """The answer.

    Attributes:
        digests: Of each weight as plain Keras loaded it, by `weight_id`.
        weight_paths: The path of each, by `weight_id`.
        forgotten: Paths of the weights that the map has frozen and plain Keras trains.
        is_map_whole: Whether the file's map, brought onto the model, is the model's map again, entry by entry.
    """

    digests: tuple[str, ...]
    weight_paths: tuple[str, ...]
    forgotten: tuple[str, ...]
    is_map_whole: bool


class ReloadFailed(msgspec.Struct, frozen=True, tag=True):
    """Plain Keras cannot open the file, or its flags do not hold."""

    problem: Problem


encode = msgspec.msgpack.Encoder().encode
decode_request = msgspec.msgpack.Decoder(ReloadFile).decode
_decode_answer = msgspec.msgpack.Decoder(FileReloaded | ReloadFailed).decode


def reload_in_clean_process(path: Path, options: OpenOptions | None = None) -> FileReloaded:
    """Opens a file in a new process and waits for the answer; takes as long as Keras takes to import, and more.

    Args:
        path: The file.
        options: What was given and allowed for the model in it.

    Raises:
        ModelError: Plain Keras cannot open the file there.
    """
    question = ReloadFile(str(path), options or OpenOptions())
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", _MODULE],
            input=encode(question),
            capture_output=True,
            env=child_environment(),
            timeout=_SECONDS,
            check=False,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        answer: FileReloaded | ReloadFailed = _decode_answer(done.stdout)
    except (OSError, subprocess.SubprocessError) as error:
        raise ModelError(f"No process to check the file could be run: {error}.", hint="Try again.") from error
    except msgspec.MsgspecError as error:
        raise ModelError(
            f"Keras ended while it opened the file in a new process (status {done.returncode}).",
            hint="The log has what it printed.",
            details=done.stderr.decode(errors="replace")[-_MAX_DETAILS:],
        ) from error
    if isinstance(answer, ReloadFailed):
        raise ModelError.from_problem(answer.problem)
    return answer


def child_environment() -> dict[str, str]:
    """For a process that opens a model: this one's, with its path of modules, and no GPU, whose memory is in use."""
    # An empty entry stands for the current folder, here; in PYTHONPATH it would be passed over.
    modules = [str(Path(entry).absolute()) for entry in sys.path]
    return os.environ | {"PYTHONPATH": os.pathsep.join(modules), "CUDA_VISIBLE_DEVICES": "-1"}
