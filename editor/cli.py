"""The command line: what the window does, for scripts. Exit status 0 done, 1 an expected error, 2 wrong usage."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from editor.data_arguments import add_data_options
from editor.errors import EditorError, LoadError, MissingCodeError, MissingLambdaError, NotBuiltYetError, UsageError
from editor.head_options import add_head_options
from editor.native import prepare_tensorflow
from editor.quiet import quiet_native_output
from editor.run_options import add_run_options
from editor.training.settings import LOSSES, METRICS, OPTIMIZERS, TrainSettings
from editor.training.words import AUTOMATIC

COMMANDS = ("inspect", "freeze", "train")
"""First arguments that make this a command; anything else opens the window."""

DONE, FAILED, WRONG_USAGE = 0, 1, 2


def main(arguments: Sequence[str]) -> int:
    """Runs a command and returns the exit status."""
    options = _parser().parse_args(arguments)
    with quiet_native_output() as errors:
        try:
            _refuse_what_is_not_built(options)
            _run(options)
        except UsageError as error:
            print(f"frostline: {error}", file=errors)
            return WRONG_USAGE
        except MissingCodeError as error:
            print(f"frostline: {error} ({_ways_to_give(error)})", file=errors)
            return FAILED
        except EditorError as error:
            print(f"frostline: {error}", file=errors)
            return FAILED
        except KeyboardInterrupt:
            print("frostline: Interrupted.", file=errors)
            return FAILED
        # The edge of the process: a custom layer may raise anything, and call sys.exit.
        except BaseException as error:  # noqa: BLE001
            print(f"frostline: Something unexpected went wrong: {type(error).__name__}: {error}", file=errors)
            return FAILED
    return DONE


def _ways_to_give(error: MissingCodeError) -> str:
    if isinstance(error, MissingLambdaError):
        return "--allow-lambdas, or --custom-code FILE.py"
    lambdas = ", and --allow-lambdas" if "Lambda" in error.hint else ""
    return f"--custom-code FILE.py, or --module NAME{lambdas}"


def _run(options: argparse.Namespace) -> None:
    from editor import preview_commands

    if getattr(options, "preview", False):
        preview_commands.inspect(options)
        return
    # Keras and TensorFlow take seconds to import; a wrong word on the command line should not.
    prepare_tensorflow()
    from editor import commands

    try:
        getattr(commands, options.command)(options)
    except LoadError as error:
        preview_commands.freeze(options, error)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="main.py", description="Frostline's commands; without one the window opens.")
    commands = parser.add_subparsers(dest="command", required=True)
    _add_inspect(commands)
    _add_freeze(commands)
    _add_train(commands)
    return parser


def _add_inspect(commands: Any) -> None:
    parser = commands.add_parser("inspect", help="show the layers of a model and what is frozen")
    _add_model(parser)
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("--preview", action="store_true", help="read the file without running anything of it")


def _add_freeze(commands: Any) -> None:
    parser = commands.add_parser("freeze", help="freeze and thaw layers, and save the model")
    _add_model(parser)
    _add_output(parser)
    _add_patterns(parser)
    parser.add_argument("--map", type=Path, metavar="FREEZE.json", help="apply a freeze map first")


def _add_train(commands: Any) -> None:
    defaults = TrainSettings(data="")
    parser = commands.add_parser("train", help="train a model with the given layers frozen, and save it")
    _add_model(parser)
    _add_output(parser)
    _add_patterns(parser)
    add_data_options(parser)
    _add_numbers(parser)
    parser.add_argument(
        "--optimizer", choices=OPTIMIZERS, default=defaults.optimizer, help="Keras's optimizer (%(default)s)"
    )
    parser.add_argument(
        "--loss",
        choices=(AUTOMATIC, *LOSSES),
        default=defaults.loss,
        help="Keras's loss (%(default)s: what fits the labels and the last layer)",
    )
    parser.add_argument(
        "--metrics",
        default=AUTOMATIC,
        metavar="NAME,...",
        help=f"some of {', '.join(METRICS)} (%(default)s: accuracy for classes, mean_absolute_error for numbers)",
    )
    add_head_options(parser)
    add_run_options(parser)
    parser.add_argument("--report", type=Path, metavar="REPORT.json", help="write what happened to a file")
    parser.add_argument("--schedule", metavar="FILE", help="not built yet")
    parser.add_argument("--feature-cache", choices=("auto", "on", "off"), help="not built yet")


def _add_numbers(parser: argparse.ArgumentParser) -> None:
    defaults = TrainSettings(data="")
    numbers = (
        ("--epochs", int, defaults.epochs, "passes through the training samples (%(default)s)"),
        ("--batch-size", int, defaults.batch_size, "samples of one step (%(default)s)"),
        ("--learning-rate", float, defaults.learning_rate, "the optimizer's, at the start (%(default)s)"),
        (
            "--validation-split",
            float,
            defaults.validation_split,
            "share of the samples that is validated on where the data bring no part for it (%(default)s); 0 for none",
        ),
        ("--seed", int, None, "repeats shuffling, dropout and augmentation exactly on a CPU (random)"),
    )
    for option, kind, default, text in numbers:
        parser.add_argument(option, type=kind, default=default, metavar="N", help=text)


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "model",
        type=Path,
        metavar="MODEL",
        help="a .keras or .h5 file, a SavedModel folder, a file of weights, or a .json",
    )
    code = parser.add_mutually_exclusive_group()
    code.add_argument("--custom-code", type=Path, metavar="FILE.py", help="classes the model needs; it will be run")
    code.add_argument("--module", metavar="NAME", help="an installed module with them instead; it will be imported")
    parser.add_argument(
        "--allow-lambdas",
        action="store_true",
        help="run the Python code in the model's Lambda layers: only for a file whose author you trust",
    )
    parser.add_argument(
        "--architecture", type=Path, metavar="FILE.json", help="what a file of weights is of; also another model file"
    )


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="OUT", help="the .keras or .h5 file to write"
    )


def _add_patterns(parser: argparse.ArgumentParser) -> None:
    steps = {"--freeze": False, "--thaw": True}
    for option, trainable in steps.items():
        parser.add_argument(
            option,
            action=_Step,
            const=trainable,
            dest="steps",
            default=[],
            metavar="PATTERN",
            help=f"{option[2:]} what a pattern selects: a path, * ** class:NAME re:EXPRESSION; in the order given",
        )


class _Step(argparse.Action):
    """Keeps `--freeze` and `--thaw` in one list, in the order given."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: str | None = None
    ) -> None:
        setattr(namespace, self.dest, [*getattr(namespace, self.dest), (str(values), bool(self.const))])


def _refuse_what_is_not_built(options: argparse.Namespace) -> None:
    for name in ("schedule", "feature_cache"):
        if getattr(options, name, None):
            option = f"--{name.replace('_', '-')}"
            raise NotBuiltYetError(f"{option} is not built yet.", hint="Leave it out; it comes in a later version.")
