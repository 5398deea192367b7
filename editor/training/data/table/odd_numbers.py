"""Numbers that are written with more than a number: money, percentages, separated thousands, units."""

from __future__ import annotations

import re
from collections.abc import Sequence

_SIGNS = {
    "a currency sign": re.compile(r"[+-]?\s?[$€£¥₹]\s?[+-]?\d[\d.,' ]*|[+-]?\d[\d.,' ]*\s?[$€£¥₹]"),
    "a percent sign": re.compile(r"[+-]?\d[\d.,]*\s?%"),
    "separators of thousands": re.compile(r"[+-]?\d{1,3}([,.' ]\d{3})+([.,]\d+)?"),
    "a decimal comma": re.compile(r"[+-]?\d+,\d+"),
    "a unit": re.compile(r"[+-]?\d[\d.,]*\s[A-Za-z°µ]{1,3}"),
}


def odd_sign(texts: Sequence[str]) -> str:
    """What keeps most of some texts from being numbers, such as `a percent sign`; empty for what is no number."""
    for words, pattern in _SIGNS.items():
        if sum(bool(pattern.fullmatch(text)) for text in texts) > len(texts) / 2:
            return words
    return ""
