"""Gives mutations of good files to readers, and what a reader passes to an engine.

`python -m tests.hostile.mutations [--count N] [--seed S]` prints a table; it ends with 1 if anything crashed
unannounced, hung, ran something of a file, or went beyond its bounds.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import Any

import psutil

from editor.processes.messages import CloseDocument, ModelOpened, OpenFailed, OpenModel
from tests.hostile.good_files import collect, make_apart
from tests.hostile.mutants import mutate
from tests.hostile.trick import MARK
from tests.processes.engine_driver import EngineDriver

MEMORY_BYTES = 256 << 20
"""Of a reader, above what it takes for the good file."""
READER_SECONDS = 5.0
ENGINE_SECONDS = 60.0
ENGINE_BYTES = 2 << 30
"""Of the engine, above what it takes when it has started: it keeps what TensorFlow has built."""

Told = dict[str, Any]


@dataclass
class Findings:
    """What came of all mutations.

    Attributes:
        counts: How often each outcome came, by kind of change.
        faults: What must not be, a line for each.
        sentences: What was said of refused files, for a look.
    """

    counts: dict[str, Counter[str]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)
    sentences: Counter[str] = field(default_factory=Counter)
    reader_seconds: float = 0.0
    reader_peak: int = 0
    engine_seconds: float = 0.0
    engine_peak: int = 0

    @property
    def num_tried(self) -> int:
        return sum(counts.total() for counts in self.counts.values())

    def count(self, kind: str, outcome: str) -> None:
        self.counts.setdefault(kind, Counter())[outcome] += 1

    def table(self) -> str:
        outcomes = sorted({outcome for counts in self.counts.values() for outcome in counts})
        rows = [["change", *outcomes], ["---"] * (len(outcomes) + 1)]
        rows += [[kind, *(str(counts[each]) for each in outcomes)] for kind, counts in sorted(self.counts.items())]
        total: Counter[str] = sum(self.counts.values(), Counter())
        rows.append(["all", *(str(total[each]) for each in outcomes)])
        return "\n".join(f"| {' | '.join(row)} |" for row in rows)


class Reader:
    """Forks readers in a process of its own, which has no threads."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.hostile.forked_reader"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def read(self, path: Path) -> Told:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{path}\n")
        self._process.stdin.flush()
        told: Told = json.loads(self._process.stdout.readline())
        return told

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


class Engine:
    """A real engine; another one takes its place when it dies."""

    def __init__(self) -> None:
        self._driver = EngineDriver()
        self._base = 0

    def open(self, path: Path) -> tuple[str, float, str]:
        """The outcome, how long it took, and what was said: `opened`, `failed`, `crashed` or `hung`."""
        driver = self._driver
        request = OpenModel(document_id=driver.next_number(), path=str(path))
        begin = time.perf_counter()
        driver.send(request)
        outcome, text = self._wait(request.document_id)
        seconds = time.perf_counter() - begin
        if outcome in {"crashed", "hung"}:
            text += "\n".join(driver.log[-20:])
            self.close()
            self._driver, self._base = EngineDriver(), 0
        else:
            driver.send(CloseDocument(document_id=request.document_id))
        return outcome, seconds, text

    def _wait(self, document_id: int) -> tuple[str, str]:
        until = time.monotonic() + ENGINE_SECONDS
        while time.monotonic() < until:
            try:
                event = self._driver.events.get(timeout=0.05)
            except Empty:
                if not self._driver.ends.empty():
                    return "crashed", f"exit {self._driver.ends.get()} "
                continue
            if isinstance(event, ModelOpened) and event.document_id == document_id:
                return "opened", ""
            if isinstance(event, OpenFailed) and event.document_id == document_id:
                return "failed", f"{event.problem.summary} {event.problem.hint}"
        return "hung", ""

    def growth(self) -> int:
        """Bytes of memory above what the engine had after its first file."""
        assert self._driver.client.pid
        now: int = psutil.Process(self._driver.client.pid).memory_info().rss
        self._base = self._base or now
        return now - self._base

    def close(self) -> None:
        self._driver.close()


def run(sources: list[Path], count: int, seed: int, *, keep: Path | None = None) -> Findings:
    """Makes mutations, one after the other, of each source in turn."""
    findings = Findings()
    with _folder() as folder, _both() as (reader, engine):
        goods = {source: _good(reader, engine, source) for source in sources}
        sources = [source for source in sources if goods[source]["kind"] == "preview"]
        for number in range(count):
            source = sources[number % len(sources)]
            generator = random.Random(f"{seed} {number}")
            place = folder / str(number)
            place.mkdir()
            path, kind = mutate(source, place, generator)
            bad = len(findings.faults) + len(findings.crashes)
            _try(findings, reader, engine, path, f"{number} {source.name} {kind}", goods[source])
            if keep and len(findings.faults) + len(findings.crashes) > bad:
                shutil.copytree(place, keep / str(number), dirs_exist_ok=True)
            shutil.rmtree(place)
    return findings


def _good(reader: Reader, engine: Engine, source: Path) -> Told:
    told = reader.read(source)
    if told["kind"] == "preview":
        engine.open(source)
        engine.growth()
    return told


def _try(findings: Findings, reader: Reader, engine: Engine, path: Path, name: str, good: Told) -> None:
    kind = name.split(" ", 2)[2]
    told = reader.read(path)
    findings.reader_seconds = max(findings.reader_seconds, told["seconds"])
    findings.reader_peak = max(findings.reader_peak, told["peak"] - good["peak"])
    _check_reader(findings, told, good, name)
    if told["kind"] != "preview":
        findings.count(kind, "refused" if told["end"] == "answered" else f"refused, reader {told['end']}")
        findings.sentences[f"{told['summary']} {told['hint']}".replace(path.name, "FILE")] += 1
    elif told["obstacle"]:
        # The window does not give it to the engine.
        findings.count(kind, "previewed, obstacle")
    else:
        outcome, seconds, text = engine.open(path)
        findings.count(kind, f"previewed, {outcome}")
        findings.engine_seconds = max(findings.engine_seconds, seconds)
        findings.engine_peak = max(findings.engine_peak, engine.growth() if outcome in {"opened", "failed"} else 0)
        if outcome == "crashed":
            findings.crashes.append(f"{name}: the engine ended: {text}")
        if outcome == "hung":
            findings.faults.append(f"{name}: the engine hung")
        if outcome == "failed":
            findings.sentences[f"engine: {text[:150]}".replace(path.name, "FILE")] += 1
    if (path.parent / MARK).exists() or Path(MARK).exists():
        findings.faults.append(f"{name}: something was executed")


def _check_reader(findings: Findings, told: Told, good: Told, name: str) -> None:
    if told["seconds"] > good["seconds"] + READER_SECONDS:
        findings.faults.append(f"{name}: the reader took {told['seconds']:.1f} s")
    if told["peak"] > good["peak"] + MEMORY_BYTES:
        findings.faults.append(f"{name}: the reader took {told['peak'] >> 20} MB")
    if told["kind"] != "preview" and not (told["summary"].endswith(".") and told["hint"].endswith(".")):
        findings.faults.append(f"{name}: {told['summary']} {told['hint']}")
    if "\n" in told.get("summary", ""):
        findings.faults.append(f"{name}: more than one line")


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@contextmanager
def _both() -> Iterator[tuple[Reader, Engine]]:
    reader, engine = Reader(), Engine()
    try:
        yield reader, engine
    finally:
        reader.close()
        engine.close()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.mutations", description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=24)
    parser.add_argument("--only", default="", help="part of the name of the good files")
    parser.add_argument("--keep", type=Path, help="a folder for what went wrong")
    given = parser.parse_args()
    with _folder() as folder:
        (folder / "made").mkdir()
        sources = [path for path in collect(folder) + make_apart(folder / "made") if given.only in path.name]
        findings = run(sources, given.count, given.seed, keep=given.keep)
    print(findings.table())
    print(f"reader: at most {findings.reader_seconds:.1f} s, {findings.reader_peak >> 20} MB above a good file")
    print(
        f"engine: at most {findings.engine_seconds:.1f} s for a file, {findings.engine_peak >> 20} MB above its start"
    )
    for line, number in findings.sentences.most_common():
        print(f"{number:5} {line}")
    print(f"{len(findings.crashes)} announced ends of the engine", *findings.crashes, sep="\n")
    print(f"{len(findings.faults)} faults", *findings.faults, sep="\n")
    return 1 if findings.faults else 0


if __name__ == "__main__":
    sys.exit(main())
