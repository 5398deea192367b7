"""For processes that an engine starts: they end with it, also where it is killed and can end nobody."""

from __future__ import annotations

import os
import threading
import time

_LOOK_SECONDS = 0.5


def end_with_parent() -> None:
    """Ends this process soon after the one that started it; to be called first of all."""
    threading.Thread(target=_watch, args=(os.getppid(),), name="parent-watch", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os._exit(1)
