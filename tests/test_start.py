"""Starting the program where something is missing: one sentence that says what to install, and no abort."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def start(*arguments: str, python: tuple[str, ...] = (), **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs main.py without a display, and with what `environment` adds."""
    kept = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    kept.pop("QT_QPA_PLATFORM", None)
    return subprocess.run(
        [sys.executable, *python, str(ROOT / "main.py"), *arguments],
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def is_one_sentence(text: str) -> bool:
    return text.startswith("frostline: ") and text.count("\n") == 1 and "Traceback" not in text


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a display")
def test_that_a_missing_display_is_said():
    done = start()
    assert done.returncode == 1
    assert is_one_sentence(done.stderr)
    assert "no display" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a display")
def test_that_a_display_that_does_not_answer_is_said():
    done = start(DISPLAY=":983")
    assert done.returncode == 1
    assert is_one_sentence(done.stderr)


def test_that_a_missing_package_is_said():
    # -S leaves the installed packages out of sight, -I the folder of the project's tests.
    done = start("inspect", "model.keras", python=("-S",))
    assert done.returncode == 1
    assert is_one_sentence(done.stderr)
    assert "tensorflow" in done.stderr
    assert "pip install" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="only there Qt's libraries come from the system")
def test_that_a_missing_system_library_is_said(tmp_path: Path):
    # A Qt plugin that needs what no system has stands for one whose library was not installed.
    fake = tmp_path / "PySide6" / "Qt" / "plugins" / "platforms"
    fake.mkdir(parents=True)
    (tmp_path / "PySide6" / "__init__.py").touch()
    (fake / "libqoffscreen.so").write_bytes(b"no library")
    shutil.copy(fake / "libqoffscreen.so", fake / "libqxcb.so")
    done = start("--demo", PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert is_one_sentence(done.stderr)
    assert "install: lib" in done.stderr


def test_that_a_wrong_option_ends_with_status_2():
    assert start("--no-such-option").returncode == 2
