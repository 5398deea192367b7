"""Requests about data and about what a run would do, before it starts, and the engine's answers."""

from __future__ import annotations

import msgspec

from editor.layers.findings.finding import Finding
from editor.layers.freeze_map import FreezeMap
from editor.processes.message import Message
from editor.training.data_report import DataReport
from editor.training.preflight.estimate import RunEstimate
from editor.training.settings import TrainSettings


class DescribeData(Message, frozen=True, kw_only=True):
    """Read data as a run would; answered by `DataDescribed` or `RequestFailed`.

    A newer request makes an older one give up, which is not answered then.

    Attributes:
        document_id: The model whose input they are prepared for; None where none is open.
        sample_seed: Draws the samples that are shown; another number shows others.
    """

    request_id: int
    document_id: int | None
    settings: TrainSettings
    sample_seed: int = 0


class PrepareRun(Message, frozen=True, kw_only=True):
    """Find out what a run would do; answered by `RunPrepared` or `RequestFailed`.

    Neither weights nor flags nor seeds change. A newer request makes an older one give up.
    """

    request_id: int
    document_id: int
    settings: TrainSettings
    freeze_map: FreezeMap


class GiveUpData(Message, frozen=True, kw_only=True):
    """Nobody waits for the answer of a `DescribeData` or a `PrepareRun` any more; neither is answered.

    Attributes:
        request_id: Its number; one that is answered already, or that a newer one took the place of, is no matter.
    """

    request_id: int


DataRequest = DescribeData | PrepareRun | GiveUpData


class DataProgressed(Message, frozen=True, kw_only=True):
    """How far a `DescribeData` or a `PrepareRun` is.

    Attributes:
        doing: In words, such as `Reading images`.
        done: Files, rows or MB that are read.
        total: 0 where it is not known.
    """

    request_id: int
    doing: str
    done: int
    total: int


class DataDescribed(Message, frozen=True, kw_only=True):
    """The answer to `DescribeData`.

    Attributes:
        report: What was found; None if the data cannot be read.
        problems: What is wrong, by field of `TrainSettings` or of `DataOptions`, in words that tell what to do.
        names: The column, input or output that a problem is about, by the same field; left out where it is about all.
    """

    request_id: int
    report: DataReport | None = None
    problems: dict[str, str] = msgspec.field(default_factory=dict)
    names: dict[str, str] = msgspec.field(default_factory=dict)


class RunPrepared(Message, frozen=True, kw_only=True):
    """The answer to `PrepareRun`.

    Attributes:
        findings: What a person should know before the start; an `error` keeps a run from starting.
        estimate: What will train; None if data and model do not fit together.
    """

    request_id: int
    findings: tuple[Finding, ...] = ()
    estimate: RunEstimate | None = None


DataEvent = DataProgressed | DataDescribed | RunPrepared
