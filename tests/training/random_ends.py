"""Runs in real engines that end at random moments: `python -m tests.training.random_ends --count N --seed N`.

Each run is held, changed and saved at random, and then stopped, cancelled, left alone, closed with its document, or
killed with its engine. After each the events, the revision and the record must agree, a cancel must have restored
every bit of the model and its optimizer, and the model must train again. Ends non-zero on failure.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from editor.processes.messages import CloseDocument, ModelSaved, SaveModel
from editor.processes.run_messages import (
    BatchEnded,
    CancelRun,
    ChangeRun,
    Checkpointed,
    EpochEnded,
    PauseRun,
    ResumeRun,
    RunChangeRefused,
    RunEnded,
    RunMarked,
    RunStarted,
    StopRun,
)
from editor.runs.history import history_root, read_run, run_folders
from editor.runs.revisions import read_revision
from editor.runs.workspace import WEIGHTS_FOLDER, revisions_in
from editor.training.settings import EarlyStopping, ReduceOnPlateau
from tests.processes.engine_driver import EngineDriver
from tests.processes.opened import Opened

ENDINGS = ("last", "best", "cancel", "wait", "close", "kill")
RUN_EVENTS = (RunStarted, BatchEnded, EpochEnded, RunMarked, RunChangeRefused, Checkpointed, RunEnded)
LATER = {"wait": 6, "kill": 30, "close": 30}
"""Events after which a run is ended at the latest, where there are fewer or more than 20."""


def write_files(folder: Path) -> None:
    """The model that is trained, with Dropout and statistics, and its data."""
    keras.utils.set_random_seed(5)
    layers = [
        keras.layers.Dense(5, activation="relu", name="one"),
        keras.layers.Dropout(0.4),
        keras.layers.BatchNormalization(name="norm"),
        keras.layers.Dense(3, activation="softmax", name="head"),
    ]
    keras.Sequential([keras.Input((6,)), *layers]).save(folder / "net.keras")
    x = np.random.default_rng(2).normal(size=(40, 6)).astype("float32")
    np.savez(folder / "data.npz", x=x, y=np.arange(40) % 3)


def contents(revision_file: str | Path) -> tuple[list[bytes], list[bytes]]:
    """All bits of a revision: the model's variables, and its optimizer's."""
    revision = read_revision(Path(revision_file))
    return [value.tobytes() for value in revision.variables], [value.tobytes() for value in revision.optimizer]


class Episode:
    """One run with what is done to it."""

    def __init__(self, engine: EngineDriver, folder: Path, number: int, seed: int) -> None:
        self.engine = engine
        self.random = random.Random(f"{seed}/{number}")
        self.folder = folder
        self.work = folder / f"work-{seed}-{number}"
        (self.work / WEIGHTS_FOLDER).mkdir(parents=True)
        self.ending = ENDINGS[number % len(ENDINGS)]
        self.events: list[object] = []
        self.document = Opened(engine, folder / "net.keras")
        self.folders_before = set(self._folders())

    def _folders(self) -> tuple[Path, ...]:
        return run_folders(history_root(), str(self.folder / "net.keras"))

    def take(self) -> None:
        """Runs it and checks what is left; raises AssertionError."""
        if self.random.random() < 0.5:
            self.document.train(self.folder / "data.npz", self.work, seed=1)
        self.run_id = self._start()
        for _ in range(self.random.randrange(LATER.get(self.ending, 20))):
            if self._is_over:
                break
            self._hear()
            if self.random.random() < 0.3:
                self._do_something()
        self._end()

    def _start(self) -> int:
        choose = self.random.choice
        return self.document.start(
            self.folder / "data.npz",
            self.work,
            epochs=choose([2, 5]) if self.ending == "wait" else 1_000_000,
            validation_split=choose([0.0, 0.25]),
            seed=self.random.randrange(100),
            optimizer=choose(["adam", "sgd"]),
            keep=choose(["last", "best"]),
            checkpoint_epochs=choose([0, 1, 3]),
            early_stopping=choose([None, EarlyStopping(patience=100_000)]),
            reduce_on_plateau=choose([None, ReduceOnPlateau(patience=2)]),
            checkpoint_seconds=choose([0.0, 120.0]),
        )

    @property
    def _is_over(self) -> bool:
        return bool(self.events) and isinstance(self.events[-1], RunEnded)

    def _hear(self) -> object:
        event = self.engine.wait_for(RUN_EVENTS, when=lambda event: event.run_id == self.run_id)
        self.events.append(event)
        return event

    def _do_something(self) -> None:
        """Pauses are always followed by a resume, or nothing would be heard any more."""
        match self.random.choice(["hold", "rate", "flags", "nothing trainable", "save"]):
            case "hold":
                self.engine.send(PauseRun(run_id=self.run_id))
                self.engine.send(ResumeRun(run_id=self.run_id))
            case "rate":
                rate = self.random.choice([0.1, 1e-4, -1.0])
                self.engine.send(ChangeRun(run_id=self.run_id, learning_rate=rate))
            case "flags":
                self.engine.send(ChangeRun(run_id=self.run_id, freeze_map=self._flags("one")))
            case "nothing trainable":
                self.engine.send(ChangeRun(run_id=self.run_id, freeze_map=self._flags("one", "norm", "head")))
            case "save":
                request_id = self.engine.next_number()
                self._save(request_id)

    def _flags(self, *frozen: str) -> object:
        tree = self.document.tree
        tree.apply(tree.plan([tree.root], trainable=True))
        flags = self.document.freeze(*frozen)
        tree.apply(tree.plan([tree.root], trainable=True))
        return flags

    def _save(self, request_id: int) -> None:
        self.engine.send(
            SaveModel(
                request_id=request_id,
                document_id=self.document.document_id,
                path=str(self.work / f"saved-{request_id}.keras"),
                freeze_map=self.document.tree.freeze_map(),
            )
        )
        event = None
        while not isinstance(event, ModelSaved):
            event = self.engine.wait_for((*RUN_EVENTS, ModelSaved))
            if not isinstance(event, ModelSaved):
                self.events.append(event)

    # -- endings ----------------------------------------------------------------------------------------------

    def _end(self) -> None:
        if self.random.random() < 0.3:
            # Nobody may come to resume it.
            self.engine.send(PauseRun(run_id=self.run_id))
            if self.ending == "wait":
                self.engine.send(ResumeRun(run_id=self.run_id))
        match self.ending:
            case "last" | "best":
                self.engine.send(StopRun(run_id=self.run_id, keep=self.ending))
            case "cancel":
                self.engine.send(CancelRun(run_id=self.run_id))
            case "close":
                self.engine.send(CloseDocument(document_id=self.document.document_id))
            case "kill":
                self._kill()
                return
        while not self._is_over:
            self._hear()
        self._check()

    def _kill(self) -> None:
        os.kill(self.engine.client.pid, signal.SIGKILL)
        self.engine.ends.get(timeout=60)
        for folder in set(self._folders()) - self.folders_before:
            record = read_run(folder)
            record.batches()
        revisions = revisions_in(self.work)
        for path in revisions:
            read_revision(path)
        self.engine.close()
        self.engine = EngineDriver()
        newest = str(revisions[-1]) if revisions else ""
        self.document = Opened(self.engine, self.folder / "net.keras", weights=newest)
        self._train_again()

    def _check(self) -> None:
        ended = self.events[-1]
        outcomes = {"last": "stopped", "best": "stopped", "cancel": "cancelled", "wait": "finished", "close": "stopped"}
        has_finished_before = any(isinstance(event, RunEnded) for event in self.events[:-1])
        assert not has_finished_before
        assert ended.outcome == outcomes[self.ending], (ended.outcome, ended.problem)
        self._check_order()
        record = read_run(Path(ended.record)) if ended.record else None
        assert record is None or record.end.outcome == ended.outcome
        assert record or not any(isinstance(event, RunStarted) for event in self.events)
        if self.ending == "close":
            self.document = Opened(self.engine, self.folder / "net.keras")
        else:
            revision = read_revision(Path(ended.revision_file))
            assert revision.meta.revision == ended.revision
        if ended.outcome == "cancelled":
            self._check_cancelled(ended)
        elif self.ending != "close" and record:
            assert ended.proof.is_kept
        self._train_again(ended)

    def _check_cancelled(self, ended: RunEnded) -> None:
        started = [event for event in self.events if isinstance(event, RunStarted)]
        assert not started or started[0].revision_file == ended.revision_file
        assert revisions_in(self.work)[-1] == Path(ended.revision_file)

    def _check_order(self) -> None:
        """Started first, then batches and epochs that grow, then the end."""
        kinds = [type(event) for event in self.events if not isinstance(event, Checkpointed)]
        assert kinds.count(RunStarted) <= 1
        assert kinds.index(RunStarted) == 0 if RunStarted in kinds else kinds == [RunEnded]
        batches = [(event.epoch, event.batch) for event in self.events if isinstance(event, BatchEnded)]
        assert batches == sorted(set(batches))
        epochs = [event.epoch for event in self.events if isinstance(event, EpochEnded)]
        assert epochs == list(range(len(epochs)))
        revisions = [event.revision for event in self.events if isinstance(event, BatchEnded)]
        assert revisions == sorted(set(revisions))

    def _train_again(self, ended: RunEnded | None = None) -> None:
        """In a folder of its own: what it writes before its first batch shows every bit that the model has now."""
        place = self.work / "again"
        (place / WEIGHTS_FOLDER).mkdir(parents=True)
        run_id = self.document.start(self.folder / "data.npz", place, epochs=1)
        heard: list[object] = []
        again = self.engine.wait_for(RunEnded, collect=heard)
        # The events of the run before are all told before its end.
        assert {event.run_id for event in heard if isinstance(event, RUN_EVENTS)} == {run_id}
        assert again.outcome == "finished", again.problem
        assert again.proof.is_kept
        if ended and ended.revision_file and self.ending != "close":
            started = next(event for event in heard if isinstance(event, RunStarted))
            assert contents(started.revision_file) == contents(ended.revision_file)
        self.document.close()


def main() -> int:
    """Takes all runs, prints a line for each, and gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.training.random_ends", description=__doc__)
    parser.add_argument("--count", type=int, default=100, help="runs (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of what is done to them (%(default)s)")
    arguments = parser.parse_args()
    started, failures = time.perf_counter(), 0
    with tempfile.TemporaryDirectory() as name:
        os.environ["FROSTLINE_RUNS"] = str(Path(name) / "runs")
        write_files(Path(name))
        engine = EngineDriver()
        for number in range(arguments.count):
            episode = Episode(engine, Path(name), number, arguments.seed)
            try:
                episode.take()
                said = "ok"
            except Exception as error:  # noqa: BLE001 - the others are to have their turn
                failures += 1
                traceback.print_exc()
                said = f"FAILED: {type(error).__name__}: {error}"
                episode.engine.close()
                episode.engine = EngineDriver()
            engine = episode.engine
            print(f"{number:4} {episode.ending:7} {len(episode.events):4} events  {said}", flush=True)
        engine.close()
    print(f"{arguments.count} runs, {failures} failures, {time.perf_counter() - started:.0f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
