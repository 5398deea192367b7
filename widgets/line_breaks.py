"""Where a long name may go on in the next line."""

from __future__ import annotations


def breakable(text: str) -> str:
    """`text` with places where a path or a file's name may go on in the next line; Qt breaks at spaces alone."""
    return text.replace("/", "/\u200b").replace("_", "_\u200b")
