"""Runs a person's own Python file, or imports a module, for the classes a model needs. Giving it is the consent."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import keras

from editor.errors import FileError, ModelError
from editor.files.code_files import CodeFile, find_module, read_code_file
from editor.files.code_text import python_text
from editor.files.facts import CodeNeed
from editor.files.options import OpenOptions
from editor.keras_model.error_text import first_sentence

_UNNAMED = "<lambda>"
_FRAMEWORKS = ("keras", "tensorflow", "tf_keras")


def load_custom_objects(path: Path, digest: str = "", needs: Iterable[CodeNeed] = ()) -> dict[str, Any]:
    """The classes and functions that a Python file defines, by name, as Keras's `custom_objects` takes them.

    Args:
        path: The file. It is read once: what is run is what the digest was taken of.
        digest: SHA-256 of the code that was consented to; empty: any.
        needs: What the model needs; of this it may also have what it imports or registers.

    Raises:
        FileError: The file is missing or not Python.
        ModelError: The file is not the one that was consented to, or its own code failed.
    """
    module = run_file(path, digest)
    found = _needed(needs, module, {}) | {
        name: value
        for name, value in vars(module).items()
        if (inspect.isclass(value) or inspect.isfunction(value)) and value.__module__ == module.__name__
    }
    lambdas = {name: value for name, value in found.items() if value.__name__ == _UNNAMED}
    for name, value in lambdas.items():
        # Keras writes a function without a name as code, which nobody reads back without consent.
        value.__name__ = value.__qualname__ = name
    # An old file may name an activation so, and have no code for it.
    return {**found, _UNNAMED: next(iter(lambdas.values()))} if len(lambdas) == 1 else found


def given_objects(options: OpenOptions, needs: Iterable[CodeNeed]) -> dict[str, Any]:
    """The classes and functions of what a person gave with a file; runs it.

    Raises:
        FileError: What was given is missing or not Python.
        ModelError: It is not what was consented to, or its own code failed.
    """
    if options.code_path:
        return load_custom_objects(options.code_path, options.code_digest, needs)
    return _of_module(options.module, options.code_digest, needs) if options.module else {}


def run_file(path: Path, digest: str) -> ModuleType:
    """Runs a person's Python file. It is read once: what is run is what the digest was taken of.

    Args:
        path: The file.
        digest: SHA-256 of the code that was consented to; empty: any.

    Raises:
        FileError: The file is missing or not Python.
        ModelError: The file is not the one that was consented to, or its own code failed.
    """
    code = read_code_file(path)
    _check_digest(code, digest, path.name)
    return _run(code)


def run_module(name: str, digest: str) -> ModuleType:
    """Imports an installed module.

    Raises:
        FileError: There is no such module.
        ModelError: It is not the one that was consented to, or its own code failed.
    """
    _check_digest(find_module(name), digest, name)
    try:
        module = importlib.import_module(name)
    # A module may raise anything, even SystemExit.
    except BaseException as error:
        raise ModelError(
            f"The module {name!r} could not be imported: {type(error).__name__}: {error}",
            hint="Mend it, or give the Python file that defines the classes.",
            details=traceback.format_exc(),
        ) from error
    return module


def _of_module(name: str, digest: str, needs: Iterable[CodeNeed]) -> dict[str, Any]:
    """What is needed and an installed module has: by its registered name, in the module, or in those it imported."""
    module = run_module(name, digest)
    package = name.partition(".")[0]
    return _needed(
        needs, module, {key: value for key, value in sys.modules.items() if key.partition(".")[0] == package}
    )


def _needed(needs: Iterable[CodeNeed], module: ModuleType, loaded: dict[str, ModuleType]) -> dict[str, Any]:
    """What of the needs is in a module, or in the loaded modules of its package."""
    found = {need.name: _in_module(need, module, loaded) for need in needs if need.kind != "lambda"}
    return {key: value for key, value in found.items() if value is not None}


def _in_module(need: CodeNeed, module: ModuleType, loaded: dict[str, ModuleType]) -> Any:
    places = [module, *(loaded[name] for name in (need.module,) if name in loaded)]
    found = [keras.saving.get_registered_object(need.registered_name)] if need.registered_name else []
    found += [vars(place).get(need.name) for place in places]
    # An `.h5` does not tell the module; of two that are called alike, neither is taken.
    alike = {id(value): value for each in loaded.values() if _is_own(value := vars(each).get(need.name))}
    found += alike.values() if len(alike) == 1 else ()
    return next((value for value in found if _is_own(value)), None)


def _is_own(value: Any) -> bool:
    """Whether it is a class or function, and none of Keras's own, which may only be called alike."""
    is_kind = inspect.isclass(value) or inspect.isfunction(value)
    return is_kind and str(value.__module__).partition(".")[0] not in _FRAMEWORKS


def _check_digest(code: CodeFile, digest: str, name: str) -> None:
    if digest and code.digest != digest:
        raise ModelError(
            f"The code in {name!r} is not the code that was agreed to: it has been changed since.",
            hint="Look at it and agree to it again.",
            details=f"SHA-256 {code.digest} instead of {digest}.",
        )


def _run(code: CodeFile) -> ModuleType:
    text = python_text(code)
    # The file's own name, unless another module has it: a saved model's configuration says where its classes were.
    path = code.path
    there = sys.modules.get(path.stem)
    is_free = there is None or getattr(there, "__file__", None) == str(path)
    name = path.stem if is_free else f"custom_code_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise FileError(f"{str(path)!r} is not a Python file.", hint="Give a file that ends in .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        # Not by the loader: it would read the file again, or run a compiled one that lies beside it. And from the text
        # that a person was shown, so that no encoding can make another of it.
        exec(compile(text, str(path), "exec", dont_inherit=True), vars(module))
    # A person's own code may raise anything, even SystemExit.
    except BaseException as error:
        del sys.modules[name]
        raise ModelError(
            f"The custom code in {path.name!r} failed: {type(error).__name__}: {first_sentence(error)}",
            hint="Mend the file and open the model again.",
            details=traceback.format_exc(),
        ) from error
    return module
