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
    DescribeData,
    PrepareRun,
    RunPrepared,
)
from editor.processes.document import Document
from editor.processes.messages import CheckSettings, Event, RequestFailed, SettingsChecked
from editor.training.checks import check
from editor.training.compiling import model_facts
from editor.training.data import Prepared
from editor.training.data.kept import KeptData
from editor.training.data.unfit import UnfitDataError
from editor.training.data_options import DataOptions
from editor.training.data_report import DataReport
from editor.training.model_facts import ModelFacts
from editor.training.preflight.look import look_ahead
from editor.training.progress import GivenUpError, Listener, heard_by, note_progress
from editor.training.run import check_settings
from editor.training.sample_views import with_samples
from editor.training.settings import TrainSettings

PROGRESS_SECONDS = 0.1
"""Least time between two `DataProgressed`."""

_OF_DATA = ("data", "validation_split", *DataOptions.__struct_fields__)
_NO_MODEL = ModelFacts((), (), None, "", ())
Question = CheckSettings | DescribeData | PrepareRun


class DataAnswers:
    """One answer of each kind at a time: a newer request makes the older one give up.

    Args:
        send: Takes the answers, on the answering thread.
        data: Prepares the data, and has those that were read last.
        document: Gives a document as soon as it is loaded.
        between_batches: Does a job while nothing changes a document's weights.
    """

    def __init__(
        self,
        send: Callable[[Event], None],
        data: KeptData,
        document: Callable[[int], Document],
        between_batches: Callable[[Document, Callable[[], Any]], Any],
    ) -> None:
        self._send = send
        self._data = data
        self._document = document
        self._between_batches = between_batches
        self._under_way: dict[type[Question], tuple[int, threading.Event]] = {}

    def begin(self, request: Question) -> None:
        """Starts the thread; the answer comes as an event."""
        if older := self._under_way.get(type(request)):
            older[1].set()
        cancelled = threading.Event()
        self._under_way[type(request)] = (request.request_id, cancelled)
        name = f"data {request.request_id}"
        threading.Thread(target=self._answer, args=(request, cancelled), name=name, daemon=True).start()

    def give_up(self, request_id: int) -> None:
        """Ends the work on a question as soon as it tells how far it is; it is not answered."""
        for number, cancelled in self._under_way.values():
            if number == request_id:
                cancelled.set()

    def _answer(self, request: Question, cancelled: threading.Event) -> None:
        answer: Event
        try:
            with heard_by(self._listener(request, cancelled)):
                answer = self._answer_to(request)
        except GivenUpError:
            return
        except EditorError as error:
            answer = RequestFailed(request_id=request.request_id, problem=error.problem)
        # The edge of the thread: a person's own function, and what pictures hold, may raise anything.
        except BaseException as error:  # noqa: BLE001
            summary = f"Something unexpected went wrong: {type(error).__name__}: {first_sentence(error)}"
            problem = Problem(summary, "The log has the details.", traceback.format_exc())
            answer = RequestFailed(request_id=request.request_id, problem=problem)
        if not cancelled.is_set():
            self._send(answer)

    def _answer_to(self, question: Question) -> Event:
        match question:
            case CheckSettings():
                return self._check(question)
            case DescribeData():
                return self._describe(question)
            case PrepareRun():
                return self._prepare(question)

    def _check(self, request: CheckSettings) -> SettingsChecked:
        index = self._document(request.document_id).index
        report = check_settings(index, request.settings, self._data.prepare)
        return SettingsChecked(request_id=request.request_id, report=report)

    def _describe(self, request: DescribeData) -> DataDescribed:
        facts = _NO_MODEL
        if request.document_id is not None:
            facts = model_facts(self._document(request.document_id).index)
        try:
            prepared = self._prepared(request.settings, facts)
        except DataError as error:
            report = error.report if isinstance(error, UnfitDataError) else None
            if report is None and facts is not _NO_MODEL:
                report = self._without_model(request)
            return DataDescribed(
                request_id=request.request_id,
                report=report,
                problems={error.field: str(error)},
                names={error.field: error.name} if error.name else {},
            )
        problems = check(request.settings, prepared, facts).problems if request.document_id is not None else {}
        told = {field: text for field, text in problems.items() if field in _OF_DATA}
        try:
            report = self._with_samples(prepared, request.sample_seed)
        except DataError as error:
            report, told = prepared.report, {**told, "augmentation": str(error)}
        return DataDescribed(request_id=request.request_id, report=report, problems=told)

    def _without_model(self, request: DescribeData) -> DataReport | None:
        """What there is in data that do not go with the model, so that a person sees what to choose otherwise."""
        try:
            return self._with_samples(self._prepared(request.settings, _NO_MODEL), request.sample_seed)
        except DataError:
            return None

    def _prepare(self, request: PrepareRun) -> RunPrepared:
        document = self._document(request.document_id)
        tree = tree_with_map(document.index, request.freeze_map)
        prepared = self._prepared(request.settings, model_facts(document.index))
        with document.calling:
            note_progress("Trying a batch", 0, 0)
            look = partial(look_ahead, document.index, tree, request.settings, prepared, document.learned)
            findings, estimate = self._between_batches(document, look)
        return RunPrepared(request_id=request.request_id, findings=findings, estimate=estimate)

    def _with_samples(self, prepared: Prepared, seed: int) -> DataReport:
        note_progress("Drawing samples", 0, 0)
        return with_samples(prepared, seed=seed)

    def _prepared(self, settings: TrainSettings, facts: ModelFacts) -> Prepared:
        return self._data.prepare(settings, facts, settings.data_options.split_seed)

    def _listener(self, request: Question, cancelled: threading.Event) -> Listener:
        last = time.monotonic()

        def listen(doing: str, done: int, total: int) -> None:
            nonlocal last
            if cancelled.is_set():
                raise GivenUpError
            if time.monotonic() - last >= PROGRESS_SECONDS:
                last = time.monotonic()
                self._send(DataProgressed(request_id=request.request_id, doing=doing, done=done, total=total))

        return listen
