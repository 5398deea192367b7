"""A process that looks through one `.h5` file of data under limits, says what is wrong, and ends.

A plain child, as the engine that starts it may have none of `multiprocessing`; see `editor.training.data.hdf5_check`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from editor.errors import FileError, Problem
from editor.native import forbid_hdf5_plugins
from editor.processes.limits import ReaderLimits, enforce

_BYTES_PER_CPU_SECOND = 20 << 20
_CPU_SECONDS, _SECONDS = 2.0, 12.0
_SLOWEST_BYTES_PER_SECOND = 5 << 20


def main() -> None:
    """Takes the path as its argument and writes the problem, or null, to standard output."""
    forbid_hdf5_plugins()
    path = Path(sys.argv[1])
    problem = _look(path)
    sys.stdout.buffer.write(msgspec.json.encode(problem))


def limits_of(num_bytes: int) -> ReaderLimits:
    """Time for a slow drive, and for unpacking what is packed well; as much memory as for a look at a model."""
    return ReaderLimits(
        seconds=_SECONDS + num_bytes / _SLOWEST_BYTES_PER_SECOND,
        cpu_seconds=_CPU_SECONDS + num_bytes / _BYTES_PER_CPU_SECOND,
    )


def _look(path: Path) -> Problem | None:
    """The edge of this process: whatever a damaged file makes the libraries raise becomes a sentence."""
    import h5py

    from editor.files.hdf5_guard import check_hdf5

    try:
        num_bytes = path.stat().st_size
        enforce(limits_of(num_bytes))
        with h5py.File(path, "r") as file:
            check_hdf5(file, path.name, num_bytes)
    except FileError as error:
        return Problem(error.summary, "Write the arrays again as plain datasets, such as x and y.", error.details)
    except Exception as error:  # noqa: BLE001
        return Problem(
            f"{path.name} cannot be read; it is damaged or not an .h5 file.",
            "Write or copy it again.",
            f"{type(error).__name__}: {error}",
        )
    return None


if __name__ == "__main__":
    main()
