"""The window's process never imports what only the engine and the reader may."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

PROGRAM = """
import json, sys
imported = set()

def note(event, arguments):
    if event == "import":
        imported.add(arguments[0].partition(".")[0])

sys.addaudithook(note)
sys.argv = ["main.py", "--demo"]
import main
status = main.main()
print("IMPORTED", json.dumps(sorted(imported)))
sys.exit(status)
"""
"""An import is audited whoever asks for it and whether it succeeds or not; `sys.modules` would forget."""


def test_that_a_whole_demo_imports_neither_tensorflow_nor_keras_nor_h5py_into_the_window(tmp_path: Path):
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "TMPDIR": str(tmp_path)}
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stdout + result.stderr
    told = dict(line.partition(" ")[::2] for line in result.stdout.splitlines())
    imported = told["IMPORTED"]
    assert '"PySide6"' in imported
    for package in ("tensorflow", "keras", "h5py"):
        assert f'"{package}"' not in imported
    assert Path(told["Model:"]).is_file()
    assert Path(told["Screenshot:"]).is_file()
    assert "Traceback" not in result.stderr
