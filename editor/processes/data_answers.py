"""Answers what is asked about data and about a run before it starts, each on a thread of its own."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any

from editor.errors import DataError, EditorError, Problem
from editor.keras_model.error_text import first_sentence
from editor.keras_model.flags import tree_with_map
from editor.processes.data_messages import (
    DataDescribed,
    DataProgressed,
    DataRequest,
    DescribeData,
    PrepareRun,
    RunPrepared,
)
from editor.processes.document import Document
from editor.processes.messages import Event, RequestFailed
from editor.training.checks import check
from editor.training.compiling import model_facts
from editor.training.data import Prepared, prepare
from editor.training.data_options import DataOptions
from editor.training.model_facts import ModelFacts
from editor.training.preflight.look import look_ahead
from editor.training.progress import GivenUpError, heard_by, note_progress
from editor.training.settings import TrainSettings

PROGRESS_SECONDS = 0.1
"""Least time between two `DataProgressed`."""

_OF_DATA = ("data", "validation_split", *DataOptions.__struct_fields__)
_NO_MODEL = ModelFacts((), (), None, "", ())
_Key = tuple[object, ...]


class DataAnswers:
    """One answer of each kind at a time: a newer request makes the older one give up.

    The data that were read last are kept, as a person changes other settings as a rule.

    Args:
        send: Takes the answers, on the answering thread.
        document: Gives a document as soon as it is loaded.
        between_batches: Does a job while nothing changes a document's weights.
    """

    def __init__(
        self,
        send: Callable[[Event], None],
        document: Callable[[int], Document],
        between_batches: Callable[[Document, Callable[[], Any]], Any],
    ) -> None:
        self._send = send
        self._document = document
        self._between_batches = between_batches
        self._newest: dict[type[DataRequest], int] = {}
        self._reading = threading.Lock()
        self._read: tuple[_Key, Prepared] | None = None

    def begin(self, request: DataRequest) -> None:
        """Starts the thread; the answer comes as an event."""
        self._newest[type(request)] = request.request_id
        name = f"data {request.request_id}"
        threading.Thread(target=self._answer, args=(request,), name=name, daemon=True).start()

    def _answer(self, request: DataRequest) -> None:
        try:
            with heard_by(self._listener(request)):
                self._send(self._describe(request) if isinstance(request, DescribeData) else self._prepare(request))
        except GivenUpError:
            pass
        except EditorError as error:
            self._refuse(request, error.problem)
        # The edge of the thread: a person's own function, and what pictures hold, may raise anything.
        except BaseException as error:  # noqa: BLE001
            summary = f"Something unexpected went wrong: {type(error).__name__}: {first_sentence(error)}"
            self._refuse(request, Problem(summary, "The log has the details.", traceback.format_exc()))

    def _describe(self, request: DescribeData) -> DataDescribed:
        facts = _NO_MODEL
        if request.document_id is not None:
            facts = model_facts(self._document(request.document_id).index)
        try:
            prepared = self._prepared(request.settings, facts, request.sample_seed)
        except DataError as error:
            return DataDescribed(request_id=request.request_id, problems={"data": str(error)})
        problems = check(request.settings, prepared, facts).problems if request.document_id is not None else {}
        told = {field: text for field, text in problems.items() if field in _OF_DATA}
        return DataDescribed(request_id=request.request_id, report=prepared.report, problems=told)

    def _prepare(self, request: PrepareRun) -> RunPrepared:
        document = self._document(request.document_id)
        tree = tree_with_map(document.index, request.freeze_map)
        prepared = self._prepared(request.settings, model_facts(document.index))
        with document.calling:
            note_progress("Trying a batch", 0, 0)
            look = partial(look_ahead, document.index, tree, request.settings, prepared)
            findings, estimate = self._between_batches(document, look)
        return RunPrepared(request_id=request.request_id, findings=findings, estimate=estimate)

    def _prepared(self, settings: TrainSettings, facts: ModelFacts, sample_seed: int = 0) -> Prepared:
        key = (settings.data, settings.data_options, settings.validation_split, settings.seed, facts, sample_seed)
        with self._reading:
            note_progress("Reading data", 0, 0)
            if self._read is None or self._read[0] != key:
                self._read = None
                self._read = (key, prepare(settings, facts, settings.seed or 0))
            return self._read[1]

    def _refuse(self, request: DataRequest, problem: Problem) -> None:
        if self._is_wanted(request):
            self._send(RequestFailed(request_id=request.request_id, problem=problem))

    def _is_wanted(self, request: DataRequest) -> bool:
        return self._newest[type(request)] == request.request_id

    def _listener(self, request: DataRequest) -> Callable[[str, int, int], None]:
        last = time.monotonic()

        def listen(doing: str, done: int, total: int) -> None:
            nonlocal last
            if not self._is_wanted(request):
                raise GivenUpError
            if time.monotonic() - last >= PROGRESS_SECONDS:
                last = time.monotonic()
                self._send(DataProgressed(request_id=request.request_id, doing=doing, done=done, total=total))

        return listen
