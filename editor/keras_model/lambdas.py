"""Makes functions of the code of Lambda layers that a person has allowed to run."""

from __future__ import annotations

import builtins
import importlib
import linecache
import marshal
import math
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import CellType, CodeType, FunctionType, SimpleNamespace
from typing import Any

import keras
import numpy as np

# Keras has no public switch for it but safe mode, which files of Keras 2 do not go through everywhere.
from keras.src.utils import python_utils

from editor.errors import ModelError
from editor.files.lambda_listing import code_bytes, is_runnable
from editor.files.lambda_parts import LambdaPart, replacement_name

_loading = threading.local()
_func_load = python_utils.func_load
_func_dump = python_utils.func_dump
_AS_IN_FILE = "__code_as_in_file__"
_SHOWN_AS = "<code of a Lambda>"


def _guarded_func_load(*arguments: Any, **keywords: Any) -> Any:
    if getattr(_loading, "is_guarded", False):
        raise ValueError("The file holds Python code in a place that was not expected; it was not run.")
    return _func_load(*arguments, **keywords)


# The one way by which Keras makes functions of code in a file.
python_utils.func_load = _guarded_func_load


def _faithful_func_dump(function: Any) -> Any:
    code, *rest = _func_dump(function)
    return vars(function).get(_AS_IN_FILE, code), *rest


# Marshalled anew, the same code has other bytes, and what a person has allowed would be asked for again.
python_utils.func_dump = _faithful_func_dump
# Keras quotes the source of a lambda while it writes it, and fails where it finds none.
linecache.cache[_SHOWN_AS] = (0, None, ["lambda: ...\n"], _SHOWN_AS)


@contextmanager
def unmarshalling_forbidden() -> Iterator[None]:
    """Within, Keras unmarshals no code on this thread, whatever a configuration says. The last line, not the first."""
    was_guarded, _loading.is_guarded = getattr(_loading, "is_guarded", False), True
    try:
        yield
    finally:
        _loading.is_guarded = was_guarded


def lambda_function(part: LambdaPart, layer: str, given: Mapping[str, Any]) -> FunctionType:
    """The function in a Lambda layer, with the usual names for what it uses: `tf`, `keras`, `K`, `np`, `math`.

    Keras itself would run it without any of them.

    Args:
        part: A function that a person has allowed to run.
        layer: Path of the layer.
        given: Classes and functions of the person's own, which it may use too.

    Raises:
        ModelError: It is of another Python, whose bytecode would crash this one, or uses names that are unknown here.
    """
    if not is_runnable(part.code):
        raise ModelError(
            f"The Lambda {layer!r} holds bytecode of another version of Python, which would crash this one.",
            hint=f"Give a Python file with a function or a Layer class {replacement_name(layer)!r} instead.",
        )
    code = marshal.loads(code_bytes(part.code))
    names = {**_usual_names(), **given}
    if missing := [name for name in _globals_of(code) if name not in names and not hasattr(builtins, name)]:
        raise ModelError(
            f"The Lambda {layer!r} uses {missing[0]!r}, and the file does not tell what that is.",
            hint=f"Give a Python file that defines it, or one with a function {replacement_name(layer)!r} instead.",
        )
    if len(code.co_freevars) != len(_listed(part.closure)):
        raise ModelError(
            f"The values that the Lambda {layer!r} takes from around it are not in the file.",
            hint=f"Give a Python file with a function or a Layer class {replacement_name(layer)!r} instead.",
        )
    defaults = _defaults(part)
    closure = tuple(CellType(value) for value in _listed(part.closure)) or None
    code = code.replace(co_filename=_SHOWN_AS, co_firstlineno=1)
    # By this name Keras knows that its code is to be written into a file.
    function = FunctionType(code, {"__builtins__": builtins, **names}, "<lambda>", defaults, closure)
    setattr(function, _AS_IN_FILE, part.code)
    return function


def is_made_of(value: Any, part: LambdaPart) -> bool:
    """Whether `lambda_function` made an object of the same code, default values and enclosed values."""
    if not isinstance(value, FunctionType) or vars(value).get(_AS_IN_FILE) != part.code:
        return False
    enclosed = [cell.cell_contents for cell in value.__closure__ or ()]
    return bool(value.__defaults__ == _defaults(part) and enclosed == _listed(part.closure))


def _defaults(part: LambdaPart) -> tuple[Any, ...] | None:
    return tuple(map(_tupled, _listed(part.defaults))) or None


def _globals_of(code: CodeType) -> list[str]:
    """Names that a function looks up outside, in itself and in its inner functions."""
    import dis

    own = [step.argval for step in dis.get_instructions(code) if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")]
    inner = [value for value in code.co_consts if isinstance(value, CodeType)]
    return [*dict.fromkeys(own), *(name for value in inner for name in _globals_of(value))]


def _usual_names() -> dict[str, Any]:
    tensorflow = importlib.import_module("tensorflow")
    # What `from keras import backend as K` was before Keras 3.
    old_backend = importlib.import_module("keras.src.legacy.backend")
    backend = SimpleNamespace(**{**vars(old_backend), **vars(keras.backend)})
    return {
        "tf": tensorflow,
        "tensorflow": tensorflow,
        "keras": keras,
        "layers": keras.layers,
        "ops": keras.ops,
        "K": backend,
        "backend": backend,
        "np": np,
        "numpy": np,
        "math": math,
    }


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []


def _tupled(value: Any) -> Any:
    """JSON has no tuples; Keras takes lists among default values for them too."""
    return tuple(map(_tupled, value)) if isinstance(value, list) else value
