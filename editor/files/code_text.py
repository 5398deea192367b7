"""The text of a file of code as Python reads it, with all that could hide in it made visible."""

from __future__ import annotations

import io
import tokenize
import unicodedata

from editor.errors import FileError
from editor.files.code_files import CodeFile

MAX_WIDTH = 160
"""Columns of a line; what is longer goes on in the next, so that nothing stands beyond the edge of the window."""

_GOES_ON = "↪ "
# Control characters, those without a shape or that turn the direction of writing, separators of lines that are none
# to Python, and what no font has.
_HIDDEN = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs", "Co", "Cn"})


def python_text(code: CodeFile) -> str:
    """The text that is run, by the encoding that the file itself declares; line feeds alone part its lines.

    Raises:
        FileError: Python cannot read it.
    """
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(code.content).readline)
        text = code.content.decode(encoding)
    # No such encoding, two that contradict each other, or bytes that it does not have.
    except (SyntaxError, ValueError, LookupError) as error:
        raise FileError(
            f"Python cannot read {code.path.name!r}: {error}.", hint="Give the Python file that defines the classes."
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def visible_lines(text: str) -> list[str]:
    """The lines of a text for a person who is to judge it: no character is hidden, and no line runs out of sight."""
    shown: list[str] = []
    for line in text.removesuffix("\n").split("\n"):
        visible = "".join(map(_visible, line.expandtabs(4)))
        shown.append(visible[:MAX_WIDTH])
        shown += [_GOES_ON + visible[at : at + MAX_WIDTH] for at in range(MAX_WIDTH, len(visible), MAX_WIDTH)]
    return shown


def _visible(character: str) -> str:
    if character.isascii() and character.isprintable():
        return character
    is_hidden = unicodedata.category(character) in _HIDDEN
    return ascii(character)[1:-1] if is_hidden else character
