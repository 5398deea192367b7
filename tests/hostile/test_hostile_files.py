"""Each file is refused in one sentence with a hint, or harmlessly previewed; in bounds, and nothing of it is run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from editor.processes.reader_client import ReaderClient
from tests.hostile.gallery import TRICKS, write_trick
from tests.hostile.reading import read_real
from tests.hostile.trick import GOOD_ARCHIVE, MARK

MEMORY_BYTES = 256 << 20
SECONDS = 5.0
PATIENCE_SECONDS = 30.0
"""For a process that comes up while others are busy, which is not what is measured here."""
ROOT = Path(__file__).parents[2]
REAL = ("zip bomb in the weights", "os.system for a class", "link to another file", "one text, 3,000 times")

Told = dict[str, Any]
needs_fork = pytest.mark.skipif(sys.platform != "linux", reason="forks readers, and limits their memory from inside")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


@pytest.fixture(scope="module")
def told(folder: Path) -> dict[str, Told]:
    """What readers said of each file."""
    command = [sys.executable, "-m", "tests.hostile.reading", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["name"]: line for line in lines}


@pytest.fixture(scope="module")
def client() -> Iterator[ReaderClient]:
    with ReaderClient() as client:
        yield client


def check_sentence(name: str, found: Told) -> None:
    assert found["kind"] == "FileError", found
    assert TRICKS[name].words in found["summary"]
    assert found["file"] in found["summary"]
    assert found["summary"].endswith(".")
    assert ". " not in found["summary"]
    assert found["hint"].endswith(".")
    assert "\n" not in found["summary"] + found["hint"]


def test_that_there_are_at_least_fifty() -> None:
    assert len(TRICKS) >= 50


@needs_fork
@pytest.mark.parametrize("name", [name for name, trick in TRICKS.items() if trick.words])
def test_that_it_is_refused_in_one_sentence_with_a_hint(told: dict[str, Told], name: str) -> None:
    check_sentence(name, told[name])


@needs_fork
@pytest.mark.parametrize("name", [name for name, trick in TRICKS.items() if not trick.words])
def test_that_it_is_previewed_as_nothing_hostile_in_it_is_used(told: dict[str, Told], name: str) -> None:
    assert told[name]["kind"] == "preview", told[name]


@needs_fork
@pytest.mark.parametrize("name", [name for name in TRICKS if name.startswith("layer of ")])
def test_that_what_would_take_all_memory_is_not_for_the_engine(told: dict[str, Told], name: str) -> None:
    assert "'units'" in told[name]["obstacle"]


@needs_fork
@pytest.mark.parametrize("name", TRICKS)
def test_that_time_and_memory_are_bounded(told: dict[str, Told], name: str) -> None:
    assert told[name]["seconds"] < told["good"]["seconds"] + SECONDS
    assert told[name]["peak"] < told["good"]["peak"] + MEMORY_BYTES


@needs_fork
def test_that_nothing_is_executed_or_written(told: dict[str, Told], folder: Path) -> None:
    assert len(told) > len(TRICKS)
    for place in (folder, ROOT, Path.cwd()):
        assert not (place / MARK).exists()
    assert not list(folder.parent.rglob("escaped*"))
    assert not Path("/tmp/escaped.txt").exists()


@pytest.mark.parametrize("name", REAL)
def test_that_a_real_reader_says_the_same_and_the_next_one_works(
    client: ReaderClient, tmp_path: Path, name: str
) -> None:
    found = read_real(client, write_trick(name, tmp_path))
    assert found["seconds"] < PATIENCE_SECONDS
    if TRICKS[name].words:
        check_sentence(name, found)
    assert not (tmp_path / MARK).exists()
    assert read_real(client, GOOD_ARCHIVE)["kind"] == "preview"
