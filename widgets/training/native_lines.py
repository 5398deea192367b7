"""Which lines of the log are TensorFlow's own, and tell a person nothing about models or runs."""

from __future__ import annotations

import re

_NATIVE = re.compile(
    r"""
      [IW]\d{4}\ [\d:.]+\s+\d+\ \S+:\d+\]                     # I0000 00:00:1795394252.9  9132 port.cc:153] …
    | E\d{4}\ [\d:.]+\s+\d+\ \S*cuda\w*\.cc:\d+\]             # No graphics card is no error.
    | \d{4}-\d\d-\d\d\ [\d:.]+:\ [IW]\ \S+:\d+\]              # 2026-11-23 00:42:00.1: I tensorflow/port.cc:153] …
    | \d{4}-\d\d-\d\d\ [\d:.]+:\ E\ \S*cuda\w*\.cc:\d+\]
    | WARNING:\ All\ log\ messages\ before\ absl
    | WARNING:tensorflow:
    | To\ enable\ the\ following\ instructions:
    """,
    re.VERBOSE,
)
"""What its native code writes in both of its forms; all errors but those of a missing card are left to be seen."""


def is_native(line: str) -> bool:
    """Whether a line is one of those."""
    return _NATIVE.match(line) is not None
