"""Where a long name may go on in the next line: Qt breaks at spaces, slashes and hyphens alone."""

from __future__ import annotations

import re

_LONG_RUN = re.compile(r"[^\s/\u200b]{50}(?=[^\s/\u200b])")
_BREAK = "\u200b"


def breakable(text: str) -> str:
    """`text` with places where a path or a file's name may go on, for narrow columns."""
    return with_short_runs(text.replace("/", f"/{_BREAK}").replace("_", f"_{_BREAK}"))


def with_short_runs(text: str) -> str:
    """`text` with such places only where a window would grow with a name; what is copied is the text, as a rule."""
    return _LONG_RUN.sub(lambda run: f"{run[0]}{_BREAK}", text)
