"""Finds and reads code that a person may give, without running or importing it."""

from __future__ import annotations

import hashlib
import importlib.machinery
import sys
from pathlib import Path
from typing import NamedTuple

from editor.errors import FileError

MAX_CODE_BYTES = 4 << 20
"""Greatest size of a file of code: it is read whole, and its digest is taken of what is run."""


class CodeFile(NamedTuple):
    """A file of code that was read once.

    Attributes:
        path: Where it is.
        content: Its bytes.
        digest: SHA-256 of them, hexadecimal.
    """

    path: Path
    content: bytes
    digest: str


def read_code_file(path: Path) -> CodeFile:
    """A Python file's bytes and their digest.

    Raises:
        FileError: The file is missing, too large, or cannot be read.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_CODE_BYTES + 1)
    except OSError as error:
        raise FileError(f"There is no file {str(path)!r} with custom code.", hint="Check the path.") from error
    if len(content) > MAX_CODE_BYTES:
        raise FileError(
            f"{path.name!r} has more than {MAX_CODE_BYTES:,} bytes, which is no file of classes.",
            hint="Choose the Python file that defines the classes.",
        )
    return CodeFile(path, content, hashlib.sha256(content).hexdigest())


def find_module(name: str) -> CodeFile:
    """The file that an import of an installed module would run first; nothing is imported to find it.

    Args:
        name: Of a package or module, with dots: `keras_hub`, `my_package.layers`.

    Raises:
        FileError: No such module is installed, or it is not written in Python.
    """
    places: list[str] | None = None
    spec = None
    for end in range(1, name.count(".") + 2):
        part = ".".join(name.split(".")[:end])
        spec = importlib.machinery.PathFinder.find_spec(part, places if end > 1 else sys.path)
        if spec is None:
            break
        places = list(spec.submodule_search_locations or [])
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        raise FileError(
            f"No Python module {name!r} is installed here.",
            hint="Check its name, or give the Python file that defines the classes.",
        )
    return read_code_file(Path(spec.origin))
