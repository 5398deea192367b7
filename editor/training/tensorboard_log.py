"""A log of the curves that TensorBoard shows.

Keras's own callback needs the package `tensorboard`, which TensorFlow 2.21 no longer brings. A curve is no more than
records of numbers, which TensorFlow writes by itself; so nothing has to be installed where the log is written.
"""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf

from editor.errors import FileError
from editor.training.watching import Metrics


class TensorBoardLog:
    """Writes `epoch_…` curves into `train` and `validation` below a folder, as Keras's callback does."""

    def __init__(self, folder: str) -> None:
        """Begins a log; files that are in the folder stay.

        Raises:
            FileError: The folder cannot be used.
        """
        try:
            self._writers = {name: tf.summary.create_file_writer(str(Path(folder) / name)) for name in _PARTS}
        except (OSError, tf.errors.OpError) as error:
            raise FileError(
                f"The folder for the TensorBoard log {folder} cannot be written to.",
                hint="Choose another folder, or leave the log out.",
                details=repr(error),
            ) from error

    def write(self, epoch: int, metrics: Metrics, learning_rate: float) -> None:
        """Adds the values of an epoch."""
        training = {name: value for name, value in metrics.items() if not name.startswith(_VALIDATION)}
        validation = {name.removeprefix(_VALIDATION): metrics[name] for name in metrics.keys() - training.keys()}
        for part, values in zip(_PARTS, ({**training, "learning_rate": learning_rate}, validation), strict=True):
            with self._writers[part].as_default():
                for name, value in values.items():
                    tf.summary.write(f"epoch_{name}", tf.constant(value, tf.float32), epoch, _scalar())
            self._writers[part].flush()

    def close(self) -> None:
        """Lets go of the files."""
        for writer in self._writers.values():
            writer.close()


_PARTS = ("train", "validation")
_VALIDATION = "val_"


def _scalar() -> tf.compat.v1.SummaryMetadata:
    """What tells TensorBoard that a record is a point of a curve."""
    metadata = tf.compat.v1.SummaryMetadata(data_class=1)
    metadata.plugin_data.plugin_name = "scalars"
    return metadata
