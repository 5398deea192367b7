"""Starts the window: its own arguments, and one plain sentence where it cannot be shown."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from widgets.display import has_display, is_offscreen, library_problem

_EPILOG = "Commands that need no window: inspect, freeze, train (main.py COMMAND --help)."


def start_window(arguments: Sequence[str]) -> int:
    """Opens the window, or runs the demo offscreen where there is no display; returns the exit status."""
    options = _parser().parse_args(arguments)
    is_headless = is_offscreen() or not has_display()
    if is_headless and not is_offscreen():
        if not options.demo:
            return _refuse(
                "There is no display to show the window on. Start Frostline in a desktop session, "
                "use --demo to see it work without one, or the commands inspect, freeze and train."
            )
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    problem = library_problem()
    if problem:
        return _refuse(problem)
    try:
        from widgets.session import run
    except ImportError as error:
        return _refuse(f"Qt could not be loaded: {error}. README.md names the system packages it needs.")
    return run(options.model, options.custom_code, demo=options.demo, headless=is_headless)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="main.py", description="Frostline: freeze any part of a Keras model, train it, save it.", epilog=_EPILOG
    )
    parser.add_argument("model", nargs="?", type=Path, metavar="MODEL", help="a .keras, .h5 or .hdf5 file to open")
    parser.add_argument("--custom-code", type=Path, metavar="FILE.py", help="classes the model needs; it will be run")
    parser.add_argument("--demo", action="store_true", help="open the bundled sample model and data")
    return parser


def _refuse(sentence: str) -> int:
    print(f"frostline: {sentence}", file=sys.stderr)
    return 1
