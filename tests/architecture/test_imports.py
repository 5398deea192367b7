import pkgutil
import subprocess
import sys

import pytest

import editor.layers

LIGHT = [
    "editor",
    *(f"editor.layers.{module.name}" for module in pkgutil.iter_modules(editor.layers.__path__)),
    "editor.layers",
    "editor.errors",
    "editor.processes.messages",
    "editor.training.settings",
]
HEAVY = ["tensorflow", "keras", "h5py", "PySide6"]

CODE = """
import importlib, sys
names, heavy = sys.argv[1].split(","), sys.argv[2].split(",")
for name in names:
    importlib.import_module(name)
sys.stdout.write(",".join(name for name in heavy if name in sys.modules))
"""


def loaded_by(names, heavy):
    """Which of the heavy packages a fresh interpreter has loaded after importing the names."""
    command = [sys.executable, "-W", "error", "-c", CODE, ",".join(names), ",".join(heavy)]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return result.stdout


def test_that_plain_data_modules_load_neither_keras_nor_qt():
    assert len(LIGHT) > len(HEAVY)
    assert loaded_by(LIGHT, HEAVY) == ""


def test_that_data_and_checks_load_neither_keras_nor_qt():
    assert loaded_by(["editor.training.data", "editor.training.checks"], HEAVY) == ""


def test_that_only_asking_for_the_script_function_loads_keras():
    assert editor.restore_freeze.__module__ == "editor.keras_model.restore"
    assert "restore_freeze" not in vars(editor)
    with pytest.raises(AttributeError, match="no attribute 'restore'"):
        _ = editor.restore


def test_that_a_loaded_package_would_be_noticed():
    assert loaded_by(["editor.errors", "json"], ["json", "h5py"]) == "json"
