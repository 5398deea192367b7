from __future__ import annotations

import os
import queue
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from editor.errors import EngineError, FileError, Problem
from editor.files.facts import FileFacts
from editor.files.freeze_json import write_freeze_json
from editor.files.keras_archive import add_freeze_map
from editor.files.trained_weights_file import TrainedWeights, WeightKey, write_trained_weights
from editor.layers.freeze_map import FreezeMap, LayerFlags
from editor.processes.limits import ReaderLimits
from editor.processes.reader_client import ReaderClient
from tests.files.samples import ALL_FILES, H5_FILE, KERAS_FILE
from tests.processes.damaged_files import write_hanging_hdf5, write_memory_eater

WAIT_SECONDS = 60
needs_fifo = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
needs_posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
ROOT = Path(__file__).parent.parent.parent


def readers_below(process: psutil.Process) -> list[psutil.Process]:
    return [child for child in process.children(recursive=True) if is_reader(child)]


def is_reader(process: psutil.Process) -> bool:
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except psutil.Error:  # it has just ended
        return False


@pytest.fixture(autouse=True)
def no_reader_is_left() -> Iterator[None]:
    before = set(readers_below(psutil.Process()))
    yield
    assert set(readers_below(psutil.Process())) <= before
    assert not [thread for thread in threading.enumerate() if thread.name == "reader-client"]


@pytest.fixture
def client() -> Iterator[ReaderClient]:
    with ReaderClient() as client:
        yield client


@pytest.fixture
def hasty_client() -> Iterator[ReaderClient]:
    with ReaderClient(limits=ReaderLimits(seconds=0.5)) as client:
        yield client


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "pipe.keras"
    os.mkfifo(path)
    return path


def newest_reader() -> psutil.Process:
    """The one that stands ready, which is started only after the answer to the look before was given."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not (readers := readers_below(psutil.Process())) and time.monotonic() < deadline:
        time.sleep(0.01)
    return max(readers, key=psutil.Process.create_time)


# -- answers ----------------------------------------------------------------------------------------------------


def test_that_the_client_gives_the_facts(client: ReaderClient) -> None:
    facts = client.probe_now(KERAS_FILE)
    assert facts == FileFacts(
        path=str(KERAS_FILE),
        format="keras",
        keras_version="3.3.3",
        num_bytes=KERAS_FILE.stat().st_size,
        has_model_config=True,
        has_freeze_map=False,
    )


def test_that_one_client_reads_file_after_file(client: ReaderClient) -> None:
    assert [client.probe_now(str(path)).path for path in ALL_FILES] == [str(path) for path in ALL_FILES]


def test_that_trained_weights_are_looked_through_when_asked_for(client: ReaderClient, tmp_path: Path) -> None:
    path = tmp_path / "it.trained.h5"
    key = WeightKey("head:kernel", "layers/dense", "Dense", 0)
    write_trained_weights(path, TrainedWeights(FreezeMap(layers={}), [(key, np.ones((2, 3), "float32"))], []))
    assert client.probe_now(path, kind="trained-weights").format == "trained-weights"
    with pytest.raises(FileError, match="without the rest of their model"):
        client.probe_now(path)
    with pytest.raises(FileError, match="holds no trained weights"):
        client.probe_now(H5_FILE, kind="trained-weights")


def test_that_a_relative_path_is_understood(client: ReaderClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(H5_FILE.parent)
    assert client.probe_now(H5_FILE.name).path == str(H5_FILE)


def test_that_a_client_without_a_spare_reads_too() -> None:
    with ReaderClient(start=False) as client:
        assert client.probe_now(H5_FILE).format == "h5"
        assert readers_below(psutil.Process()) == []


def test_that_an_expected_error_arrives_whole(client: ReaderClient, tmp_path: Path) -> None:
    with pytest.raises(FileError) as caught:
        client.probe_now(tmp_path / "nowhere.keras")
    assert "There is no file" in caught.value.summary
    assert caught.value.hint


def test_that_the_callback_is_told_once_on_another_thread(client: ReaderClient, tmp_path: Path) -> None:
    told: queue.Queue[tuple[Any, int]] = queue.Queue()
    for path in (H5_FILE, tmp_path / "nowhere.keras"):
        client.probe(path, lambda outcome: told.put((outcome, threading.get_ident())))
    outcomes = [told.get(timeout=WAIT_SECONDS) for _ in range(2)]
    assert {type(outcome) for outcome, _ in outcomes} == {FileFacts, Problem}
    assert threading.get_ident() not in {thread for _, thread in outcomes}
    client.close()
    assert told.empty()


def test_that_looks_run_beside_one_another(client: ReaderClient) -> None:
    told: queue.Queue[Any] = queue.Queue()
    for path in ALL_FILES:
        client.probe(path, told.put)
    outcomes = [told.get(timeout=WAIT_SECONDS) for _ in ALL_FILES]
    assert {outcome.path for outcome in outcomes} == {str(path) for path in ALL_FILES}


# -- limits -----------------------------------------------------------------------------------------------------


def test_that_native_code_that_hangs_is_ended_in_time(hasty_client: ReaderClient, tmp_path: Path) -> None:
    hanging = write_hanging_hdf5(tmp_path / "hanging.h5")
    with pytest.raises(FileError, match=r"within 0\.5 seconds"):
        hasty_client.probe_now(hanging)


@needs_fifo
def test_that_a_file_that_never_comes_is_given_up(hasty_client: ReaderClient, fifo: Path) -> None:
    with pytest.raises(FileError, match=r"pipe.keras could not be read within 0\.5 seconds"):
        hasty_client.probe_now(fifo)


def test_that_the_next_look_works_after_one_that_hung(tmp_path: Path) -> None:
    with ReaderClient(limits=ReaderLimits(seconds=5.0)) as client:
        with pytest.raises(FileError, match="within 5 seconds"):
            client.probe_now(write_hanging_hdf5(tmp_path / "hanging.h5"))
        assert client.probe_now(H5_FILE).format == "h5"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits a process's memory from inside")
def test_that_a_file_that_eats_memory_is_refused(tmp_path: Path) -> None:
    with ReaderClient(limits=ReaderLimits(memory_bytes=30 << 20)) as client:
        with pytest.raises(FileError, match=r"(within|more than) 30 MB of memory"):
            client.probe_now(write_memory_eater(tmp_path / "eater.keras"))
        assert client.probe_now(KERAS_FILE).format == "keras"


@pytest.mark.parametrize("source", [KERAS_FILE, H5_FILE], ids=["keras", "h5"])
def test_that_flipped_bits_always_get_an_answer(source: Path, tmp_path: Path) -> None:
    generator = random.Random(20)
    content = source.read_bytes()
    told: queue.Queue[FileFacts | Problem] = queue.Queue()
    with ReaderClient(limits=ReaderLimits(seconds=5.0)) as client:
        for number in range(30):
            flipped = bytearray(content)
            # The first and last bytes say where everything is; that is where damage does most.
            at = generator.choice([generator.randrange(4096), -1 - generator.randrange(512)])
            flipped[at] ^= 1 << generator.randrange(8)
            path = tmp_path / f"{number}{source.suffix}"
            path.write_bytes(flipped)
            client.probe(path, told.put)
            outcome = told.get(timeout=WAIT_SECONDS)
            assert isinstance(outcome, FileFacts) or outcome.summary.endswith(".")


# -- ends -------------------------------------------------------------------------------------------------------


@needs_fifo
def test_that_a_cancelled_look_ends_its_process_and_is_not_told(client: ReaderClient, fifo: Path) -> None:
    told: queue.Queue[Any] = queue.Queue()
    reader = newest_reader()
    ticket = client.probe(fifo, told.put)
    with fifo.open("wb"):  # returns when the reader has opened its side
        ticket.cancel()
        assert psutil.wait_procs([reader], timeout=WAIT_SECONDS)[1] == []
    assert client.probe_now(H5_FILE).format == "h5"
    client.close()
    assert told.empty()


def test_that_a_cancel_at_once_or_too_late_does_no_harm(client: ReaderClient) -> None:
    told: queue.Queue[Any] = queue.Queue()
    client.probe(H5_FILE, told.put).cancel()
    ticket = client.probe(KERAS_FILE, told.put)
    assert told.get(timeout=WAIT_SECONDS).format == "keras"
    ticket.cancel()
    ticket.cancel()


@needs_fifo
def test_that_a_reader_that_crashes_is_an_expected_error(client: ReaderClient, fifo: Path) -> None:
    told: queue.Queue[Any] = queue.Queue()
    reader = newest_reader()
    client.probe(fifo, told.put)
    with fifo.open("wb"):
        reader.kill()
        outcome = told.get(timeout=WAIT_SECONDS)
    assert "could not be read" in outcome.summary
    assert "status -9" in outcome.details


@needs_posix
def test_that_a_spare_that_died_is_replaced(client: ReaderClient) -> None:
    client.probe_now(H5_FILE)
    reader = newest_reader()
    reader.kill()
    while reader.status() != psutil.STATUS_ZOMBIE:  # its parent, which is this process, has not seen it off yet
        pass
    assert client.probe_now(KERAS_FILE).format == "keras"


@needs_fifo
def test_that_close_ends_looks_that_are_under_way(fifo: Path) -> None:
    told: queue.Queue[Any] = queue.Queue()
    client = ReaderClient()
    client.probe(fifo, told.put)
    raised: queue.Queue[Exception] = queue.Queue()

    def probe_and_wait() -> None:
        try:
            client.probe_now(fifo)
        except EngineError as error:
            raised.put(error)

    waiting = threading.Thread(target=probe_and_wait)
    waiting.start()
    with fifo.open("wb"):
        client.close()
    waiting.join(WAIT_SECONDS)
    assert "closed" in str(raised.get(timeout=WAIT_SECONDS))
    assert told.empty()


def test_that_a_closed_client_says_so() -> None:
    client = ReaderClient()
    client.close()
    client.close()
    with pytest.raises(EngineError, match="closed"):
        client.probe_now(H5_FILE)
    with pytest.raises(EngineError, match="closed"):
        client.probe(H5_FILE, lambda _: None)


def test_that_a_callback_may_close_the_client() -> None:
    client = ReaderClient()
    is_closed = threading.Event()
    client.probe(H5_FILE, lambda _: (client.close(), is_closed.set()))
    assert is_closed.wait(WAIT_SECONDS)
    for thread in threading.enumerate():
        if thread.name == "reader-client":
            thread.join(WAIT_SECONDS)


@needs_posix
def test_that_a_reader_does_not_mind_ctrl_c_at_any_moment(client: ReaderClient) -> None:
    reader = newest_reader()
    reader.send_signal(signal.SIGINT)  # while it comes up
    assert client.probe_now(H5_FILE).format == "h5"


# -- the parent's death -----------------------------------------------------------------------------------------


def start_parent(*arguments: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.processes.reader_parent", *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def kill_and_count_children_left(parent: subprocess.Popen[str]) -> int:
    children = psutil.Process(parent.pid).children(recursive=True)
    assert children
    parent.kill()
    parent.communicate()
    return len(psutil.wait_procs(children, timeout=WAIT_SECONDS)[1])


def test_that_an_idle_reader_ends_with_its_killed_parent() -> None:
    parent = start_parent("idle")
    assert parent.stdout is not None
    assert parent.stdout.readline() == "ready\n"
    assert kill_and_count_children_left(parent) == 0


@needs_fifo
def test_that_a_reading_reader_ends_with_its_killed_parent(fifo: Path) -> None:
    parent = start_parent("probe", fifo)
    with fifo.open("wb"):
        assert kill_and_count_children_left(parent) == 0


def test_that_a_hanging_reader_ends_by_itself_after_its_parent_was_killed(tmp_path: Path) -> None:
    parent = start_parent("probe", write_hanging_hdf5(tmp_path / "hanging.h5"))
    (reader,) = wait_for_readers(parent)
    while reader.cpu_times().user < 1.0:  # by then it runs in its circle
        pass
    assert kill_and_count_children_left(parent) == 0


def wait_for_readers(parent: subprocess.Popen[str]) -> list[psutil.Process]:
    assert parent.stdout is not None
    assert parent.stdout.readline() == "ready\n"
    return readers_below(psutil.Process(parent.pid))


def test_that_a_parent_that_just_leaves_leaves_nothing_behind() -> None:
    parent = start_parent("leave", H5_FILE)
    output, errors = parent.communicate(timeout=WAIT_SECONDS)
    assert (output, errors, parent.returncode) == ("left []\n", "", 0)


@needs_posix
def test_that_ctrl_c_in_a_terminal_makes_no_reader_speak(tmp_path: Path) -> None:
    parent = start_parent("probe", write_hanging_hdf5(tmp_path / "hanging.h5"))
    children = wait_for_readers(parent)
    os.killpg(parent.pid, signal.SIGINT)
    _, errors = parent.communicate(timeout=WAIT_SECONDS)
    assert errors.count("Traceback") == 1  # the parent's own
    assert "spawn" not in errors
    assert psutil.wait_procs(children, timeout=WAIT_SECONDS)[1] == []


# -- freeze maps --------------------------------------------------------------------------------------------------

MAP = FreezeMap(layers={"dense": LayerFlags("layers/dense", "Dense", {"kernel": "frozen"})})


def map_or_problem(client: ReaderClient, path: Path) -> Any:
    told: queue.Queue[Any] = queue.Queue()
    client.read_map(path, told.put)
    return told.get(timeout=WAIT_SECONDS)


def test_that_the_map_of_a_file_of_its_own_is_read(client: ReaderClient, tmp_path: Path) -> None:
    path = tmp_path / "model.freeze.json"
    write_freeze_json(path, MAP)
    assert map_or_problem(client, path) == MAP


@pytest.mark.parametrize("source", [KERAS_FILE, H5_FILE], ids=["keras", "h5"])
def test_that_the_map_in_a_model_file_is_read(client: ReaderClient, tmp_path: Path, source: Path) -> None:
    path = tmp_path / source.name
    path.write_bytes(source.read_bytes())
    add_freeze_map(path, MAP)
    assert map_or_problem(client, path) == MAP


def test_that_a_model_without_a_map_says_so(client: ReaderClient) -> None:
    problem = map_or_problem(client, KERAS_FILE)
    assert problem.summary == f"{KERAS_FILE.name} holds no freeze map: Frostline did not write it."


@pytest.mark.parametrize("text", ['{"layers": 3}', "my notes"])
def test_that_what_is_no_map_says_so(client: ReaderClient, tmp_path: Path, text: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(text)
    assert "not a freeze map" in map_or_problem(client, path).summary
