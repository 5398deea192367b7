"""Entry point: one of the commands, or the window."""

from __future__ import annotations

import sys
from importlib.util import find_spec

PACKAGES = {
    "tensorflow": "tensorflow",
    "keras": "keras",
    "h5py": "h5py",
    "numpy": "numpy",
    "msgspec": "msgspec",
    "platformdirs": "platformdirs",
    "filelock": "filelock",
    "typing_extensions": "typing_extensions",
    "PySide6": "PySide6-Essentials",
    "pyqtgraph": "pyqtgraph",
}


def main() -> int:
    """Runs the program and returns its exit status."""
    missing = [package for module, package in PACKAGES.items() if find_spec(module) is None]
    if missing:
        sys.stderr.write(f"frostline: {', '.join(missing)} missing. Install with: python -m pip install -e .\n")
        return 1
    arguments = sys.argv[1:]
    from editor import cli

    if arguments and arguments[0] in cli.COMMANDS:
        return cli.main(arguments)
    from widgets.start import start_window

    return start_window(arguments)


if __name__ == "__main__":
    sys.exit(main())
