"""The window is killed or told to end: no process is left over, and the next start offers what was not saved."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from editor.layers.accounts import State
from editor.runs.abandoned import find_abandoned
from tests.integration import plain_keras
from tests.integration.driver import Driver, left_over
from tests.integration.files import DEMO, SMALL_CNN_CODE, SUBCLASSED
from widgets.document import Stage

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 30


@contextmanager
def program(folder: Path, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A program with its settings and workspaces in a folder; nothing of it outlives the block."""
    environment = {
        **os.environ,
        "FROSTLINE_SETTINGS": str(folder / "settings.ini"),
        "FROSTLINE_WORKSPACES": str(folder / "workspaces"),
    }
    command = [sys.executable, *map(str, arguments)]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for_line(process: subprocess.Popen[str], start: str) -> str:
    """What follows `start` in the first line that begins with it."""
    seen = []
    for line in process.stdout or ():
        seen.append(line)
        if line.startswith(start):
            return line.removeprefix(start).strip()
    raise AssertionError("the program ended early:\n" + "".join(seen))


def end(process: subprocess.Popen[str], number: signal.Signals) -> None:
    """Sends a signal and sees that the program ends with all its processes."""
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    process.wait(PATIENCE_SECONDS)
    assert not left_over(family, with_tracker=True)


def test_that_the_work_of_a_killed_window_is_offered_until_it_is_taken(
    start_driver: Callable[[Path], Driver], tmp_path: Path
):
    recovered = tmp_path / "recovered.keras"
    with program(tmp_path, "-m", "tests.integration.window_process", "unsaved", DEMO) as window:
        trained = Path(wait_for_line(window, "READY"))
        end(window, signal.SIGKILL)
    expected = plain_keras.weights_of_revision(trained, DEMO)

    driver = start_driver(tmp_path)
    driver.answer("recoverQuestion", "Ask Later")
    driver.close()

    driver = start_driver(tmp_path)
    assert "2 edits and trained weights" in driver.question("recoverQuestion")
    driver.answer("recoverQuestion", "Recover")
    driver.wait_until_opened(None)
    assert driver.is_frozen("backbone")
    assert driver.is_frozen("digit")
    assert driver.window.isWindowModified()
    driver.save_as(recovered)
    assert plain_keras.weights(recovered) == expected
    driver.trigger("quit")
    driver.wait_until_closed()

    driver = start_driver(tmp_path)
    driver.wait(lambda: driver.app.link.pid)
    assert not driver.boxes("recoverQuestion")


def test_that_discarded_work_of_a_killed_window_is_gone(start_driver: Callable[[Path], Driver], tmp_path: Path):
    saved = tmp_path / "saved.keras"
    with program(tmp_path, "-m", "tests.integration.window_process", "saved", DEMO, saved) as window:
        wait_for_line(window, "READY")
        end(window, signal.SIGKILL)
    shutil.copytree(tmp_path / "workspaces", tmp_path / "again" / "workspaces")

    driver = start_driver(tmp_path)
    driver.answer("recoverQuestion", "Discard")
    assert not find_abandoned(tmp_path / "workspaces")
    assert driver.app.document is None
    driver.close()
    assert_saved_model_is_recovered(start_driver(tmp_path / "again"), saved)


def assert_saved_model_is_recovered(driver: Driver, saved: Path):
    """What comes back is the saved file with the edit made since; weights kept earlier do not get in the way."""
    expected = plain_keras.weights(saved)
    assert "There is 1 edit from" in driver.question("recoverQuestion")
    driver.answer("recoverQuestion", "Recover")
    driver.wait_until_opened(None)
    assert driver.document.path == saved
    assert driver.is_frozen("backbone")
    assert driver.is_frozen("digit")
    driver.undo()
    assert not driver.is_frozen("digit")
    assert not driver.window.isWindowModified()

    # As many batches as in the run before: its numbers must not be taken for those of the new one.
    driver.choose_digits()
    driver.type_into("epochs", "1")
    driver.train()
    driver.save()
    trained = plain_keras.weights(saved)
    assert trained != expected
    driver.undo()
    driver.save()
    assert plain_keras.weights(saved) == expected
    driver.redo()
    driver.save()
    assert plain_keras.weights(saved) == trained


def test_that_edits_of_a_preview_come_back_to_the_preview_and_to_the_live_model(
    start_driver: Callable[[Path], Driver], tmp_path: Path
):
    with program(
        tmp_path, "-m", "tests.integration.window_process", "preview", SUBCLASSED.write_model(tmp_path)
    ) as window:
        wait_for_line(window, "READY")
        end(window, signal.SIGKILL)

    driver = start_driver(tmp_path)
    driver.answer("recoverQuestion", "Recover")
    driver.keep_preview()
    assert driver.document.stage is Stage.PREVIEW
    assert driver.is_frozen("conv1")
    assert driver.state("dense") is State.TRAINABLE
    assert driver.window.isWindowModified()
    driver.click("giveCodeButton")
    driver.give_code(SMALL_CNN_CODE)
    driver.wait(lambda: driver.document.is_live)
    assert driver.is_frozen("conv1")
    assert driver.state("dense") is State.TRAINABLE
    driver.undo()
    assert driver.state("conv1") is State.TRAINABLE
    assert not driver.window.isWindowModified()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_that_a_demo_told_to_end_in_mid_run_ends_at_once_and_keeps_its_work(tmp_path: Path, number: signal.Signals):
    with program(tmp_path, "main.py", "--demo") as demo:
        wait_for_line(demo, "Epoch 1:")
        end(demo, number)
        assert "Traceback" not in demo.stdout.read()
    (found,) = find_abandoned(tmp_path / "workspaces")
    assert found.num_steps == 1


def test_that_a_window_told_to_end_before_it_has_begun_ends(tmp_path: Path):
    with program(tmp_path, "-m", "tests.integration.window_process", "early", DEMO) as window:
        assert window.wait(PATIENCE_SECONDS) == 0
    assert not find_abandoned(tmp_path / "workspaces")
