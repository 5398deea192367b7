"""The capitals of menus and buttons; fields and sentences have their first letter alone in capitals."""

from __future__ import annotations

SMALL_WORDS = frozenset(
    ("a", "an", "and", "as", "at", "but", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with")
)
"""Those that begin small, unless they begin the title."""


def in_title_case(text: str) -> str:
    """Words of a form as a menu or a button has them."""
    words = text.split()
    return " ".join(
        word if at and word in SMALL_WORDS else word[:1].upper() + word[1:] for at, word in enumerate(words)
    )
