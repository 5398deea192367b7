"""Asks reader processes about files: killable, under limits, one spare always warm. Imports neither Keras nor h5py."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from editor.errors import EditorError, EngineError, FileError, PatchError, Problem
from editor.files.facts import FileFacts, Preview
from editor.files.options import OpenOptions
from editor.layers.freeze_map import FreezeMap
from editor.layers.patch_plan import PatchPlan, PatchResult
from editor.processes.limits import ReaderLimits, is_too_late, limits_of_look, limits_of_patch
from editor.processes.reader_messages import (
    FilePatched,
    FileProbed,
    MapRead,
    PatchFailed,
    PatchFile,
    PreviewRead,
    ProbeFailed,
    ProbeFile,
    ProbeKind,
    ReaderRequest,
    ReadMap,
    ReadPreview,
)
from editor.processes.reader_process import ReaderProcess

OnDone = Callable[[FileFacts | Problem], None]
"""Told the outcome of a look, on a thread of the client."""

OnPreviewed = Callable[[Preview | Problem], None]
"""Told what a file tells, or what is wrong with it, on a thread of the client."""

OnPatched = Callable[[PatchResult | PatchFailed], None]
"""Told the outcome of a change of flags, on a thread of the client."""

OnMapRead = Callable[[FreezeMap | Problem], None]
"""Told the map of a file, or what stands against it, on a thread of the client."""

Found = FileFacts | Preview | FreezeMap | PatchResult
Outcome = Found | EditorError

_WAKE_SECONDS = 0.2


class ReaderTicket:
    """A request that is under way. Any thread may cancel it."""

    def __init__(self, request: ReaderRequest) -> None:
        self.request = request
        self._lock = threading.Lock()
        self._reader: ReaderProcess | None = None
        self._is_told_or_cancelled = False
        self._outcome: Outcome | None = None
        self._ended = threading.Event()

    def cancel(self) -> None:
        """Ends the request and its process; its `on_done` is not called any more, unless it has been already."""
        with self._lock:
            self._is_told_or_cancelled = True
            reader = self._reader
        if reader is not None:
            reader.kill()

    def _attach(self, reader: ReaderProcess) -> None:
        """Gives the request its process, which a cancel must find from now on."""
        with self._lock:
            self._reader = reader
            is_cancelled = self._is_told_or_cancelled
        if is_cancelled:
            reader.kill()

    def _claim(self) -> bool:
        """Whether the outcome may be told: once, and not after a cancel."""
        with self._lock:
            was_over, self._is_told_or_cancelled = self._is_told_or_cancelled, True
        return not was_over

    def _wait(self) -> Outcome | None:
        """The outcome; None if the request was cancelled."""
        # On Windows, Ctrl+C does not interrupt a wait without an end.
        while not self._ended.wait(_WAKE_SECONDS):
            pass
        return self._outcome


class ReaderClient:
    """Looks at files through readers: each process answers once, then another takes its place.

    All methods may be called from any thread. `close` is to be called, or the client used in a `with` block; what was
    not closed is closed at the interpreter's end.
    """

    def __init__(self, *, start: bool = True, limits: ReaderLimits | None = None) -> None:
        """Makes a client.

        Args:
            start: Whether to keep a spare process warm from now on, so that no look has to wait for imports. A
                command that looks at one file does without.
            limits: Of each look; None for those that fit the size of its file.
        """
        self._keeps_spare = start
        self._fixed_limits = limits
        self._lock = threading.Lock()
        self._is_closed = False
        self._spare: ReaderProcess | None = None
        self._under_way: dict[ReaderTicket, threading.Thread] = {}
        # At the interpreter's end multiprocessing ends its children, and each that ends would have a spare follow.
        atexit.register(self.close)
        self._start_spare()

    def probe(self, path: Path | str, on_done: OnDone, *, kind: ProbeKind = "model") -> ReaderTicket:
        """Looks at a file without waiting for it.

        Args:
            path: The file.
            on_done: Called once on a thread of the client with the facts, or with what is wrong with the file.
            kind: What the file is expected to hold.

        Raises:
            EngineError: The client is closed.
        """
        # The reader is another process and need not stand in the same folder.
        request = ProbeFile(str(Path(path).absolute()), ReaderLimits(), kind)

        def tell(outcome: Outcome) -> None:
            assert isinstance(outcome, (FileFacts, EditorError))
            on_done(outcome.problem if isinstance(outcome, EditorError) else outcome)

        return self._begin(request, tell)

    def preview(self, path: Path | str, on_done: OnPreviewed, *, options: OpenOptions | None = None) -> ReaderTicket:
        """Reads a model file's layers without waiting for it.

        Args:
            path: The file, or the folder of a SavedModel.
            on_done: Called once on a thread of the client with what the file tells, or with what is wrong with it.
            options: What was given with it.

        Raises:
            EngineError: The client is closed.
        """

        def tell(outcome: Outcome) -> None:
            assert isinstance(outcome, (Preview, EditorError))
            on_done(outcome.problem if isinstance(outcome, EditorError) else outcome)

        return self._begin(ReadPreview(str(Path(path).absolute()), ReaderLimits(), options or OpenOptions()), tell)

    def preview_now(self, path: Path | str, *, options: OpenOptions | None = None) -> Preview:
        """Reads a model file's layers and waits.

        Raises:
            FileError: The file is missing, damaged, no model, or could not be read within the limits.
            EngineError: No process could be started, or the client was closed.
        """
        outcome = self._await(self.preview(path, lambda _: None, options=options))
        assert isinstance(outcome, Preview)
        return outcome

    def read_map(self, path: Path | str, on_done: OnMapRead) -> ReaderTicket:
        """Reads the freeze map of a model file or a `.freeze.json` without waiting for it.

        Raises:
            EngineError: The client is closed.
        """

        def tell(outcome: Outcome) -> None:
            assert isinstance(outcome, (FreezeMap, EditorError))
            on_done(outcome.problem if isinstance(outcome, EditorError) else outcome)

        return self._begin(ReadMap(str(Path(path).absolute()), ReaderLimits()), tell)

    def patch(self, plan: PatchPlan, on_done: OnPatched) -> ReaderTicket:
        """Changes the flags in a model file without waiting for it.

        Cancelled in its midst it leaves the target as it was, and may leave a file beside it: see `remove_unfinished`.

        Args:
            plan: What is to be written.
            on_done: Called once on a thread of the client with the outcome.

        Raises:
            EngineError: The client is closed.
        """

        def tell(outcome: Outcome | PatchFailed) -> None:
            assert isinstance(outcome, (PatchResult, PatchFailed, EditorError))
            if isinstance(outcome, EditorError):
                outcome = PatchFailed(outcome.problem, isinstance(outcome, PatchError))
            on_done(outcome)

        return self._begin(PatchFile(plan, limits_of_patch(plan.num_bytes)), tell)

    def patch_now(self, plan: PatchPlan) -> PatchResult:
        """Changes the flags in a model file and waits.

        Raises:
            PatchError: Keras has to write this model anew.
            FileError: The file could not be written.
            EngineError: No process could be started, or the client was closed.
        """
        outcome = self._await(self._begin(PatchFile(plan, limits_of_patch(plan.num_bytes)), lambda _: None))
        assert isinstance(outcome, PatchResult)
        return outcome

    def probe_now(self, path: Path | str, *, kind: ProbeKind = "model") -> FileFacts:
        """Looks at a file and waits.

        Raises:
            FileError: The file is missing, damaged, no model, or could not be read within the limits.
            EngineError: No process could be started, or the client was closed.
        """
        outcome = self._await(self.probe(path, lambda _: None, kind=kind))
        assert isinstance(outcome, FileFacts)
        return outcome

    def close(self) -> None:
        """Ends all processes, also in the middle of a look, and waits for the client's threads."""
        with self._lock:
            self._is_closed = True
            spare, self._spare = self._spare, None
            under_way = dict(self._under_way)
        for ticket in under_way:
            ticket.cancel()
        if spare is not None:
            spare.end()
        for thread in under_way.values():
            if thread is not threading.current_thread():  # closed by an on_done
                thread.join()
        atexit.unregister(self.close)

    def __enter__(self) -> ReaderClient:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    # -- one request, on a thread of its own ----------------------------------------------------------------

    def _begin(self, request: ReaderRequest, tell: Callable[[Outcome], None]) -> ReaderTicket:
        ticket = ReaderTicket(request)
        thread = threading.Thread(
            target=self._carry_out_and_tell, args=(ticket, tell), name="reader-client", daemon=True
        )
        with self._lock:
            self._check_open()
            self._under_way[ticket] = thread
            thread.start()
        return ticket

    def _await(self, ticket: ReaderTicket) -> Found:
        try:
            outcome = ticket._wait()
        finally:
            ticket.cancel()
        if outcome is None:
            raise _closed_error()
        if isinstance(outcome, EditorError):
            raise outcome
        return outcome

    def _carry_out_and_tell(self, ticket: ReaderTicket, tell: Callable[[Outcome], None]) -> None:
        outcome: Outcome
        try:
            try:
                outcome = self._carry_out(ticket)
            except EditorError as error:
                outcome = error
            if ticket._claim():
                ticket._outcome = outcome
                tell(outcome)
        finally:
            ticket._ended.set()
            with self._lock:
                self._under_way.pop(ticket, None)

    def _carry_out(self, ticket: ReaderTicket) -> Found:
        """Uses up one process. Whatever happens, it has ended at the end."""
        reader = self._take_reader()
        try:
            ticket._attach(reader)
            return self._ask(reader, self._limited(ticket.request))
        finally:
            reader.end()
            self._start_spare()

    def _limited(self, request: ReaderRequest) -> ReaderRequest:
        """The request with its limits. To ask for the size of a file may take its time, hence not earlier."""
        if isinstance(request, PatchFile):
            return request
        return msgspec.structs.replace(request, limits=self._fixed_limits or limits_of_look(_size(Path(request.path))))

    def _ask(self, reader: ReaderProcess, request: ReaderRequest) -> Found:
        reader.wait_until_ready()
        try:
            reader.send(request)
        except UnicodeEncodeError:  # Messages are UTF-8.
            raise _name_error(request.path) from None
        name = Path(request.path).name
        try:
            answer = reader.receive(request.limits.seconds)
        except TimeoutError:
            raise late_error(name, request, request.limits.seconds) from None
        except EOFError:
            status = reader.exit_status()
            raise dead_error(name, request, status) from None
        match answer:
            case FileProbed(found) | PreviewRead(found) | MapRead(found):
                return found
            case FilePatched(result):
                return result
            case ProbeFailed(problem):
                raise FileError.from_problem(problem)
            case PatchFailed(problem, needs_full_save):
                raise (PatchError if needs_full_save else FileError).from_problem(problem)
        raise EngineError("The reader answered what was not asked.", details=repr(answer))

    # -- processes ------------------------------------------------------------------------------------------

    def _take_reader(self) -> ReaderProcess:
        with self._lock:
            self._check_open()
            reader, self._spare = self._spare, None
        if reader is None:
            return ReaderProcess()
        if reader.is_alive():
            return reader
        reader.end()  # the system may have ended it, for want of memory
        return ReaderProcess()

    def _start_spare(self) -> None:
        """Puts a warm process in place; that it cannot be started now is said by the next look, if it still holds."""
        with self._lock:
            if self._keeps_spare and not self._is_closed and self._spare is None:
                with suppress(EngineError):
                    self._spare = ReaderProcess()

    def _check_open(self) -> None:
        if self._is_closed:
            raise _closed_error()


def _size(path: Path) -> int:
    """Bytes of a file, or of the files in a folder; 0 where there is none."""
    try:
        return (
            sum(_size(inside) for inside in path.iterdir() if inside.is_file())
            if path.is_dir()
            else path.stat().st_size
        )
    except (OSError, ValueError):
        return 0


def late_error(name: str, request: ReaderRequest, seconds: float) -> FileError:
    """What is said of a reader that did not answer in time."""
    if isinstance(request, PatchFile):
        return FileError(
            f"{name} could not be written within {seconds:,.0f} seconds.",
            hint="Nothing was replaced. The drive may be slow; save to another one.",
        )
    return FileError(
        f"{name} could not be read within {round(seconds, 1):g} seconds.",
        hint="It may be damaged, or on a slow drive. Copy it to this computer, or download it again.",
    )


def dead_error(name: str, request: ReaderRequest, exit_status: int | None) -> EditorError:
    """What is said of a reader that ended without an answer."""
    if is_too_late(exit_status):
        return late_error(name, request, request.limits.cpu_seconds or request.limits.seconds)
    details = f"The reader process ended with status {exit_status}."
    if isinstance(request, PatchFile):
        return PatchError(
            f"The flags in {name} could not be changed.", hint="Nothing was replaced. Save again.", details=details
        )
    # Where memory ends within native code, the system ends the process before it could say so.
    megabytes = request.limits.memory_bytes >> 20
    return FileError(
        f"{name} could not be read: it is damaged, or takes more than {megabytes:,} MB of memory.",
        hint="Copy or download it again.",
        details=details,
    )


def _name_error(path: str) -> FileError:
    name = os.fsencode(path).decode("utf-8", errors="replace")
    return FileError(f"{name} has a name that is not written in UTF-8.", hint="Rename the file or its folder.")


def _closed_error() -> EngineError:
    return EngineError("The reader is closed.", hint="Start the program again.")
