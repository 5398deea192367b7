"""The question to a reader and its answer: plain data over a pipe."""

from __future__ import annotations

from typing import Literal

import msgspec

from editor.errors import Problem
from editor.files.facts import FileFacts
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


class FileProbed(msgspec.Struct, frozen=True, tag=True):
    """The file is sound."""

    facts: FileFacts


class ProbeFailed(msgspec.Struct, frozen=True, tag=True):
    """The file is not what it should be."""

    problem: Problem


ReaderEvent = ReaderReady | FileProbed | ProbeFailed

encode = msgspec.msgpack.Encoder().encode
decode_request = msgspec.msgpack.Decoder(ProbeFile).decode
decode_event = msgspec.msgpack.Decoder(ReaderEvent).decode
