"""Asks tf_keras, which is Keras 2, in a process of its own: what an old model holds, and what it computes.

Two Keras in one process would share names; and an old file is read where it can do the engine no harm. The process has
a limit of time, sees no GPU, and goes to no network: nothing that it calls downloads.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from editor.errors import ModelError, Problem
from editor.keras_model.clean_process import child_environment

Array = npt.NDArray[Any]

INSTALL_HINT = 'Install it with: pip install -e ".[legacy]"'
_MODULE = "editor.keras_model.legacy_process"
_SECONDS = 300.0
_MAX_DETAILS = 4000
_ENVIRONMENT = {"TF_USE_LEGACY_KERAS": "1", "TF_ENABLE_ONEDNN_OPTS": "0", "TF_CPP_MIN_LOG_LEVEL": "3"}


class LegacyQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """The question: build a model in tf_keras and compute with it.

    Attributes:
        arrays: The `.npz` file that the arrays of the answer go into.
        config: The model's configuration as JSON; None where it is in `h5`.
        checkpoint: TensorFlow's name of the checkpoint with its weights.
        h5: The HDF5 file with model and weights, instead of both.
        seed: For the inputs.
    """

    arrays: str
    config: str | None = None
    checkpoint: str | None = None
    h5: str | None = None
    seed: int = 0


class StoredLayerNames(msgspec.Struct, frozen=True):
    """The names of the weights that a layer owns; the values are `weight_<number>`, `first` upwards."""

    path: str
    first: int
    names: tuple[str, ...]


class LegacyComputed(msgspec.Struct, frozen=True, tag=True):
    """The answer.

    Attributes:
        num_inputs: Arrays `input_0` upwards.
        num_outputs: Arrays `output_0` upwards; 0 where tf_keras cannot run the model here.
        config: The configuration as tf_keras writes it, where an HDF5 file was asked about.
        layers: Its weights, likewise.
        obstacle: Why there are no outputs; empty if there are.
        input_names: Of the inputs, in their order.
    """

    num_inputs: int = 0
    num_outputs: int = 0
    config: str = ""
    layers: tuple[StoredLayerNames, ...] = ()
    obstacle: str = ""
    input_names: tuple[str, ...] = ()


class LegacyFailed(msgspec.Struct, frozen=True, tag=True):
    """tf_keras cannot build the model, or it would run code of the file."""

    problem: Problem


encode = msgspec.msgpack.Encoder().encode
decode_question = msgspec.msgpack.Decoder(LegacyQuestion).decode
_decode_answer = msgspec.msgpack.Decoder(LegacyComputed | LegacyFailed).decode


@dataclass(frozen=True)
class LegacyReference:
    """What tf_keras made of a model.

    Attributes:
        answer: What it said.
        arrays: The arrays by their names.
    """

    answer: LegacyComputed
    arrays: dict[str, Array]

    @property
    def inputs(self) -> Sequence[Array]:
        """The inputs that it was given."""
        return [self.arrays[f"input_{number}"] for number in range(self.answer.num_inputs)]

    @property
    def outputs(self) -> Sequence[Array]:
        """What it computed; none where it could not."""
        return [self.arrays[f"output_{number}"] for number in range(self.answer.num_outputs)]


def has_tf_keras() -> bool:
    """Whether tf_keras is installed; it is not imported."""
    return importlib.util.find_spec("tf_keras") is not None


class LegacyProcess:
    """A process that imports tf_keras, which takes seconds, and waits for its question; it knows nothing of a file yet.

    A context manager: on leaving, a process that was not asked is ended.
    """

    def __init__(self) -> None:
        """Starts it.

        Raises:
            ModelError: tf_keras is not installed, or there can be no process.
        """
        if not has_tf_keras():
            raise ModelError("tf_keras, which reads files of Keras 2, is not installed.", hint=INSTALL_HINT)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", _MODULE],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=child_environment() | _ENVIRONMENT,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise ModelError(f"No process with tf_keras could be run: {error}.", hint="Try again.") from error

    def __enter__(self) -> LegacyProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Ends the process, whatever it is doing."""
        self._process.kill()
        self._process.communicate()

    def ask(
        self, *, config: str | None = None, checkpoint: str | None = None, h5: Path | None = None
    ) -> LegacyReference:
        """Has a model built and computed; can be asked once.

        Args:
            config: The configuration as JSON, with `checkpoint`.
            checkpoint: TensorFlow's name of the checkpoint with the weights.
            h5: The HDF5 file with both, instead.

        Raises:
            ModelError: tf_keras cannot build the model without running code.
        """
        with tempfile.TemporaryDirectory(prefix="frostline-") as folder:
            arrays = Path(folder) / "arrays.npz"
            path = str(h5.absolute()) if h5 else None
            answer = self._answer(LegacyQuestion(arrays=str(arrays), config=config, checkpoint=checkpoint, h5=path))
            if isinstance(answer, LegacyFailed):
                raise ModelError.from_problem(answer.problem)
            with np.load(arrays, allow_pickle=False) as found:
                return LegacyReference(answer, {name: found[name] for name in found.files})

    def _answer(self, question: LegacyQuestion) -> LegacyComputed | LegacyFailed:
        try:
            output, log = self._process.communicate(encode(question), timeout=_SECONDS)
            answer: LegacyComputed | LegacyFailed = _decode_answer(output)
        except (OSError, subprocess.SubprocessError) as error:
            raise ModelError(f"No process with tf_keras could be run: {error}.", hint="Try again.") from error
        except msgspec.MsgspecError as error:
            raise ModelError(
                f"tf_keras ended while it read the model (status {self._process.returncode}).",
                hint="The log has what it printed.",
                details=log.decode(errors="replace")[-_MAX_DETAILS:],
            ) from error
        return answer


def ask_tf_keras(
    *, config: str | None = None, checkpoint: str | None = None, h5: Path | None = None
) -> LegacyReference:
    """Asks a process that is started for it; see `LegacyProcess.ask`.

    Raises:
        ModelError: tf_keras is not installed, or cannot build the model without running code.
    """
    with LegacyProcess() as process:
        return process.ask(config=config, checkpoint=checkpoint, h5=h5)
