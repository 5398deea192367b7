"""The options of `train` that tell how a run goes on, ends, and computes."""

from __future__ import annotations

import argparse

import msgspec

from editor.training.settings import EarlyStopping, ReduceOnPlateau, TrainSettings


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Adds them to the parser of the command."""
    defaults = TrainSettings(data="")
    parser.add_argument(
        "--monitor",
        default=defaults.monitor,
        metavar="METRIC",
        help="what tells the best epoch, such as val_accuracy; auto takes the loss of the validation, or of training",
    )
    parser.add_argument(
        "--early-stopping", type=int, metavar="N", help="stop after N epochs without a better value of --monitor"
    )
    parser.add_argument(
        "--reduce-on-plateau", type=int, metavar="N", help="halve the learning rate after N epochs without a better one"
    )
    parser.add_argument(
        "--keep", choices=("last", "best"), default=defaults.keep, help="the weights that are saved (%(default)s)"
    )
    parser.add_argument(
        "--checkpoint-epochs",
        type=int,
        default=defaults.checkpoint_epochs,
        metavar="N",
        help="save every N epochs too, as OUT-epoch-N beside OUT",
    )
    parser.add_argument(
        "--mixed-precision", action="store_true", help="compute in 16 bits where the device is faster with it"
    )
    parser.add_argument("--xla", action="store_true", help="compile the train step by XLA")
    parser.add_argument("--tensorboard", default="", metavar="DIR", help="write a log for TensorBoard")


def with_run_options(settings: TrainSettings, options: argparse.Namespace) -> TrainSettings:
    """Settings with these options in them."""
    waits, plateau = options.early_stopping, options.reduce_on_plateau
    return msgspec.structs.replace(
        settings,
        monitor=options.monitor,
        early_stopping=None if waits is None else EarlyStopping(patience=waits),
        reduce_on_plateau=None if plateau is None else ReduceOnPlateau(patience=plateau),
        keep=options.keep,
        checkpoint_epochs=options.checkpoint_epochs,
        mixed_precision=options.mixed_precision,
        jit_compile=options.xla,
        tensorboard=options.tensorboard,
    )
