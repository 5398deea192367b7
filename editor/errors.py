"""The errors that a person reads: what happened, what was expected, what to do."""

from __future__ import annotations

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """An `EditorError` as plain data, so that it can cross a process boundary.

    Attributes:
        summary: One plain sentence, with names and values.
        hint: What to do about it; may be empty.
        details: For the log panel, such as the text of Keras's own error; may be empty.
    """

    summary: str
    hint: str = ""
    details: str = ""


class EditorError(Exception):
    """Base of all expected errors. Raised by the core, caught once at each edge, shown to a person."""

    def __init__(self, summary: str, *, hint: str = "", details: str = "") -> None:
        super().__init__(summary)
        self.summary = summary
        self.hint = hint
        self.details = details

    def __str__(self) -> str:
        return f"{self.summary} {self.hint}".rstrip()

    @property
    def problem(self) -> Problem:
        """The error as plain data."""
        return Problem(self.summary, self.hint, self.details)

    @classmethod
    def from_problem(cls, problem: Problem) -> EditorError:
        """The error that `problem` was made of, as an instance of this class."""
        return cls(problem.summary, hint=problem.hint, details=problem.details)


class FileError(EditorError):
    """A file is missing, damaged, of another kind, or cannot be written."""


class ModelError(EditorError):
    """Keras cannot build, run or save this model."""


class MissingCodeError(ModelError):
    """A model needs code that was not given; the window and the command line each have their way to give it."""


class MissingLambdaError(MissingCodeError):
    """All that it needs is code in the file itself, in Lambda layers."""


class LoadError(ModelError):
    """The model in a file cannot be built here; what the file itself tells is there all the same."""


class SelectionError(EditorError):
    """A pattern is malformed or selects nothing."""


class FreezeMapError(EditorError):
    """A freeze map cannot be read, or does not hold for the model it was applied to."""


class DataError(EditorError):
    """Training data cannot be read, or do not fit the model.

    Attributes:
        field: The choice that it stems from, by its name in `DataOptions` or `TrainSettings`; `data` for the data.
        name: The column, input or output that was chosen for; empty where the choice is for all of them.
    """

    def __init__(self, summary: str, *, hint: str = "", details: str = "", field: str = "data", name: str = "") -> None:
        super().__init__(summary, hint=hint, details=details)
        self.field = field
        self.name = name


class SettingsError(EditorError):
    """A training setting is out of range."""


class EngineError(EditorError):
    """The engine or the reader process ended, hung, or answered what was not asked."""


class UsageError(EditorError):
    """A command was called with words or numbers that it does not take."""


class NotBuiltYetError(UsageError):
    """A promised option whose feature this version does not have."""


class PatchError(EditorError):
    """The flags in a file cannot be changed in place; writing the model anew may do."""
