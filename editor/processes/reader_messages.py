"""What a reader is asked and what it answers: plain data over a pipe."""

from __future__ import annotations

from typing import Literal

import msgspec

from editor.errors import Problem
from editor.files.facts import FileFacts, Preview
from editor.files.options import OpenOptions
from editor.layers.freeze_map import FreezeMap
from editor.layers.patch_plan import PatchPlan, PatchResult
from editor.processes.limits import ReaderLimits

ProbeKind = Literal["model", "trained-weights"]


class ReaderReady(msgspec.Struct, frozen=True, tag=True):
    """The imports are done; the reader waits for its one request."""


class ProbeFile(msgspec.Struct, frozen=True, tag=True):
    """Look at one file, then end.

    Attributes:
        kind: What the file is expected to hold.
    """

    path: str
    limits: ReaderLimits
    kind: ProbeKind = "model"


class ReadMap(msgspec.Struct, frozen=True, tag=True):
    """Read the freeze map of one file, then end."""

    path: str
    limits: ReaderLimits


class ReadPreview(msgspec.Struct, frozen=True, tag=True):
    """Read a model file's layers without running anything of it, then end.

    Attributes:
        options: Of these, only where the architecture of weights comes from matters here.
    """

    path: str
    limits: ReaderLimits
    options: OpenOptions = OpenOptions()


class PatchFile(msgspec.Struct, frozen=True, tag=True):
    """Write a file with other flags, then end."""

    plan: PatchPlan
    limits: ReaderLimits

    @property
    def path(self) -> str:
        """The file to write."""
        return self.plan.target


class FileProbed(msgspec.Struct, frozen=True, tag=True):
    """The file is sound."""

    facts: FileFacts


class PreviewRead(msgspec.Struct, frozen=True, tag=True):
    """The file is sound, and this is what it tells."""

    preview: Preview


class MapRead(msgspec.Struct, frozen=True, tag=True):
    """The map in the file."""

    freeze_map: FreezeMap


class ProbeFailed(msgspec.Struct, frozen=True, tag=True):
    """The file is not what it should be, or has not what was asked for."""

    problem: Problem


class FilePatched(msgspec.Struct, frozen=True, tag=True):
    """The file is verified and in its place."""

    result: PatchResult


class PatchFailed(msgspec.Struct, frozen=True, tag=True):
    """Nothing was replaced.

    Attributes:
        needs_full_save: Whether Keras could write the model anew.
    """

    problem: Problem
    needs_full_save: bool


ReaderRequest = ProbeFile | ReadPreview | ReadMap | PatchFile
ReaderEvent = ReaderReady | FileProbed | PreviewRead | MapRead | ProbeFailed | FilePatched | PatchFailed

encode = msgspec.msgpack.Encoder().encode
decode_request = msgspec.msgpack.Decoder(ReaderRequest).decode
decode_event = msgspec.msgpack.Decoder(ReaderEvent).decode
