"""Runs a person's own Python file for the classes a model needs. Giving the file is the consent to run it."""

from __future__ import annotations

import importlib.util
import inspect
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from editor.errors import FileError, ModelError


def load_custom_objects(path: Path) -> dict[str, Any]:
    """The classes and functions that a Python file defines, by name, as Keras's `custom_objects` takes them.

    Raises:
        FileError: The file is missing or not Python.
        ModelError: The file's own code failed.
    """
    if not path.is_file():
        raise FileError(f"There is no file {str(path)!r} with custom code.", hint="Check the path.")
    module = _run(path)
    return {
        name: value
        for name, value in vars(module).items()
        if (inspect.isclass(value) or inspect.isfunction(value)) and value.__module__ == module.__name__
    }


def _run(path: Path) -> ModuleType:
    # The file's own name, unless another module has it: a saved model's configuration says where its classes were.
    there = sys.modules.get(path.stem)
    is_free = there is None or getattr(there, "__file__", None) == str(path)
    name = path.stem if is_free else f"custom_code_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise FileError(f"{str(path)!r} is not a Python file.", hint="Give a file that ends in .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    # A person's own code may raise anything, even SystemExit.
    except BaseException as error:
        del sys.modules[name]
        raise ModelError(
            f"The custom code in {path.name!r} failed: {type(error).__name__}: {error}",
            hint="Mend the file and open the model again.",
            details=traceback.format_exc(),
        ) from error
    return module
