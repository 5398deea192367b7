"""Finds and reads code that a person may give, without running or importing it."""

from __future__ import annotations

import hashlib
import importlib.machinery
import sys
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from editor.errors import FileError

MAX_CODE_BYTES = 4 << 20
"""Greatest size of a file of code: it is read whole, and its digest is taken of what is run."""


MAX_PACKAGE_BYTES = 32 << 20
MAX_PACKAGE_FILES = 5_000
"""Greatest package of which a digest is taken."""


class CodeFile(NamedTuple):
    """A file of code that was read once.

    Attributes:
        path: Where it is.
        content: Its bytes.
        digest: SHA-256 of them, hexadecimal; of all Python files of its package for an installed module.
        num_files: Of how many files the digest is; 0: of this one alone, as its package is too large.
    """

    path: Path
    content: bytes
    digest: str
    num_files: int = 1


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
    """The file of an installed module, with the digest of its whole package; nothing is imported to find it.

    What its package imports from elsewhere is not in the digest.

    Args:
        name: Of a package or module, with dots: `keras_hub`, `my_package.layers`.

    Raises:
        FileError: No such module is installed, or it is not written in Python.
    """
    places: list[str] = []
    package: list[str] = []
    spec = None
    for end in range(1, name.count(".") + 2):
        part = ".".join(name.split(".")[:end])
        spec = importlib.machinery.PathFinder.find_spec(part, places if end > 1 else sys.path)
        if spec is None:
            break
        places = list(spec.submodule_search_locations or [])
        package = places if end == 1 else package
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        raise FileError(
            f"No Python module {name!r} is installed here.",
            hint="Check its name, or give the Python file that defines the classes.",
        )
    code = read_code_file(Path(spec.origin))
    return _of_package(code, Path(package[0])) if package else code


def _of_package(code: CodeFile, folder: Path) -> CodeFile:
    """A file of a package with the digest of all of its Python files, by their places in it."""
    try:
        paths = sorted(islice(folder.rglob("*.py"), MAX_PACKAGE_FILES + 1))
        if len(paths) > MAX_PACKAGE_FILES or sum(path.stat().st_size for path in paths) > MAX_PACKAGE_BYTES:
            return code._replace(num_files=0)
        digest = hashlib.sha256()
        for path in paths:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    except OSError as error:
        raise FileError(f"The package in {str(folder)!r} cannot be read: {error}.", hint="Install it anew.") from error
    return code._replace(digest=digest.hexdigest(), num_files=len(paths))
