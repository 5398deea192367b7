"""Reads every hostile file: `python -m tests.hostile.reading FOLDER [--real]` prints a line of JSON for each.

By forked readers, or with `--real` by processes that are started as the window starts them, which takes a minute.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path

if sys.platform != "win32":
    import resource

from editor.errors import EditorError
from editor.processes.reader_client import ReaderClient
from tests.hostile.gallery import TRICKS, write_trick
from tests.hostile.trick import GOOD_ARCHIVE


def main(folder: Path, *, is_real: bool) -> None:
    if is_real:
        _read_all_real(folder)
    else:
        _read_all_forked(folder)


def _read_all_forked(folder: Path) -> None:
    from tests.hostile.forked_reader import read_forked, warm_up

    warm_up()
    _print({"name": "good", **read_forked(GOOD_ARCHIVE)})
    for name in TRICKS:
        path = write_trick(name, folder)
        _print({"name": name, **read_forked(path)})
        _remove(path)


def _read_all_real(folder: Path) -> None:
    with ReaderClient() as client:
        client.preview_now(GOOD_ARCHIVE)
        _print({"name": "good", "peak": _peak_of_children()})
        for name in TRICKS:
            path = write_trick(name, folder)
            _print({"name": name, **read_real(client, path), "peak": _peak_of_children()})
            _remove(path)


def read_real(client: ReaderClient, path: Path) -> dict[str, object]:
    """What a real reader says of a file, as `read_forked` tells it."""
    begin = time.perf_counter()
    told: dict[str, object]
    try:
        preview = client.preview_now(path)
    except EditorError as error:
        told = {"kind": type(error).__name__, "summary": error.summary, "hint": error.hint}
    else:
        told = {"kind": "preview", "needs": [need.name for need in preview.needs]}
    return told | {"file": path.name, "seconds": time.perf_counter() - begin}


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _peak_of_children() -> int:
    """Bytes of memory of the greatest child that has ended; 0 where the system does not tell."""
    if sys.platform == "win32":
        return 0
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _print(told: dict[str, object]) -> None:
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), is_real="--real" in sys.argv)
