"""Keeps the chatter of native libraries off the terminal, so that a command's own words can be read."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


@contextmanager
def quiet_native_output() -> Iterator[TextIO]:
    """Sends standard error to nowhere for a while, C++ code's too, and gives the real one for our own words."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    try:
        with os.fdopen(os.dup(kept), "w", encoding=sys.stderr.encoding, errors="replace", buffering=1) as errors:
            yield errors
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
