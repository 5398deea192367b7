"""What a look at a model file tells: plain data that the window can hold without h5py."""

from __future__ import annotations

from typing import Literal

import msgspec

FileFormat = Literal["keras", "h5", "trained-weights"]


class FileFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A model file that was found sound.

    Attributes:
        path: The file that was read.
        format: What the content is, whatever the name says: a `.keras` archive, an HDF5 file, or trained weights.
        keras_version: The version that wrote it, such as `3.15.1`; None where the file does not tell.
        num_bytes: Size of the file.
        has_model_config: Whether the architecture is in the file.
        has_freeze_map: Whether a freeze map travels in the file.
    """

    path: str
    format: FileFormat
    keras_version: str | None
    num_bytes: int
    has_model_config: bool
    has_freeze_map: bool
