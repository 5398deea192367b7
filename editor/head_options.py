"""The options of `train` that give a model a new head, in the words of the window's dialog."""

from __future__ import annotations

import argparse

from editor.errors import UsageError
from editor.layers.structure import POOLINGS, Head, Pooling
from editor.training.settings import WantedOutput

_USUAL_DROPOUT = 0.2
_OF_HEAD = ("head_pooling", "head_hidden_units", "head_dropout")
FOUND = ""
"""The place to cut is the last layer before the head."""


def add_head_options(parser: argparse.ArgumentParser) -> None:
    """Adds them to the parser of the command."""
    parser.add_argument(
        "--replace-head",
        nargs="?",
        const=FOUND,
        metavar="LAYER",
        help="first put a new head, with the units and the activation that the data ask for, behind LAYER, the last "
        "layer that stays; without LAYER behind the last one before the head; --freeze and --thaw see the new layers",
    )
    parser.add_argument("--head-pooling", choices=POOLINGS, help="of the new head (average, or none for a vector)")
    parser.add_argument("--head-hidden-units", type=int, metavar="N", help="a hidden layer in the new head (none)")
    parser.add_argument("--head-dropout", type=float, metavar="X", help="share of values dropped in the new head (0.2)")


def check_head_options(options: argparse.Namespace) -> None:
    """Refuses what means nothing.

    Raises:
        UsageError: An option of a head without a new head, or a number that no head can have.
    """
    given = [name for name in _OF_HEAD if getattr(options, name) is not None]
    if options.replace_head is None and given:
        raise UsageError(f"{_option(given[0])} is for a new head.", hint="Add --replace-head.")
    for field, problem in new_head(options, WantedOutput(task="binary", units=1), "none").problems().items():
        raise UsageError(f"{_option(f'head_{field}')}: {problem}")


def new_head(options: argparse.Namespace, wanted: WantedOutput, pooling: Pooling) -> Head:
    """The head that is asked for.

    Args:
        options: Of the command.
        wanted: What the data ask for.
        pooling: The usual one where none is asked for.
    """
    return Head(
        units=wanted.units,
        activation=wanted.activation,
        pooling=options.head_pooling or pooling,
        hidden_units=options.head_hidden_units or 0,
        dropout=_USUAL_DROPOUT if options.head_dropout is None else options.head_dropout,
    )


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
