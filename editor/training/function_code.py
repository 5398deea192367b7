"""A Python function that gives data, by name: found and read, but not run; without Keras."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from editor.errors import DataError, FileError
from editor.files.code_files import CodeFile, find_module, read_code_file
from editor.training.words import SAMPLE_PREFIX


class FunctionName(NamedTuple):
    """A function in a Python file or an installed module.

    Attributes:
        place: Path of the file, or name of the module.
        function: Its name.
    """

    place: str
    function: str

    @property
    def is_file(self) -> bool:
        """Whether the place is a file."""
        return self.place.endswith(".py")

    @property
    def short(self) -> str:
        """What it is called in sentences, such as `data.py:load`."""
        return f"{Path(self.place).name if self.is_file else self.place}:{self.function}"


def function_name(data: str) -> FunctionName | None:
    """The function that data are named by, as `FILE.py:function` or `module:function`; None for any other data."""
    place, colon, function = data.rpartition(":")
    is_place = place.endswith(".py") or all(part.isidentifier() for part in place.split("."))
    if not colon or not is_place or not function.isidentifier() or data.startswith(SAMPLE_PREFIX):
        return None
    return None if Path(data).exists() else FunctionName(place, function)


def code_of(name: FunctionName) -> CodeFile:
    """The code that would be run, and the digest that stands for a person's consent to it.

    Raises:
        DataError: There is no such file or module.
    """
    try:
        return read_code_file(Path(name.place)) if name.is_file else find_module(name.place)
    except FileError as error:
        is_beside = not name.is_file and Path(f"{name.place}.py").is_file()
        raise DataError(
            f"The data are to come from {name.short}, but there is no such {'file' if name.is_file else 'module'}: "
            f"{name.place}.",
            hint=f"Write {name.place}.py:{name.function} for the file here."
            if is_beside
            else "Check its name, or choose a file or a folder.",
            details=str(error),
        ) from error


def check_consent(name: FunctionName, consent: str) -> None:
    """Refuses code that nobody agreed to run.

    Args:
        name: The function.
        consent: SHA-256 of the code that a person agreed to; empty for none.

    Raises:
        DataError: Nobody agreed to it, or it has been changed since.
    """
    digest = code_of(name).digest
    if not consent:
        raise DataError(
            f"{name.short} is Python code, which is run on this machine, and nobody has agreed to that.",
            hint="Look at the code and agree to it, or choose a file of data.",
        )
    if digest != consent:
        raise DataError(
            f"The code of {name.short} is not the code that was agreed to: it has been changed since.",
            hint="Look at it and agree to it again.",
            details=f"SHA-256 {digest} instead of {consent}.",
        )
