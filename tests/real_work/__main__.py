"""Real work through `train` beside plain Keras: `python -m tests.real_work [--seeds N] [CASE…]`; non-zero on failure.

Each case trains the same new model with the program and with a script in plain Keras, for each seed, and holds the
accuracies on a part that neither has seen against each other: the program's median has to be within the spread of the
plain ones from seed to seed, or above it.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from editor import cli
from tests.real_work import files, model_files, plain


@dataclass(frozen=True)
class Case:
    """Some real work.

    Attributes:
        write_data: Writes what is trained on and what is tested on into a folder.
        write_model: Writes the model that a seed begins with.
        plain: The script in plain Keras.
        options: Of the command line, beside model, data and seed.
    """

    name: str
    write_data: Callable[[Path], tuple[Path, Path]]
    write_model: Callable[[Path, int], None]
    plain: Callable[..., float]
    epochs: int
    options: tuple[str, ...] = ()


CASES = (
    Case(
        "digits as a table", files.write_digits_tables, model_files.digits, plain.digits_table, 8, ("--target", "digit")
    ),
    Case("digits as pictures", files.write_digits_pictures, model_files.digits, plain.digits_pictures, 8),
    Case("penguins", files.write_penguins, model_files.penguins, plain.penguins, 30, ("--target", "species")),
    Case("GunPoint", files.write_gun_point, model_files.gun_point, plain.gun_point, 150),
    Case(
        "fer with a new head",
        partial(files.write_digits_pictures, size=64),
        model_files.emotions,
        partial(plain.digits_pictures, size=64),
        8,
        ("--learning-rate", "0.001"),
    ),
)


def main() -> int:
    """Does the work and prints a line for each case."""
    parser = argparse.ArgumentParser(prog="python -m tests.real_work", description=__doc__)
    parser.add_argument("cases", nargs="*", help="names of the cases to take (all)")
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    chosen = [case for case in CASES if not arguments.cases or case.name in arguments.cases]
    are_right = [_do(case, arguments.seeds) for case in chosen]
    return int(not all(are_right))


def _do(case: Case, num_seeds: int) -> bool:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        train, test = case.write_data(folder)
        plain_ones, ours = [], []
        for seed in range(1, num_seeds + 1):
            model = folder / f"model_{seed}.keras"
            case.write_model(model, seed)
            plain_ones.append(case.plain(model, train, test, seed=seed, epochs=case.epochs))
            ours.append(_train(case, model, train, test, seed))
    is_right = statistics.median(ours) >= min(plain_ones)
    print(
        f"{case.name}: plain {_told(plain_ones)}; train {_told(ours)}: {'right' if is_right else 'TOO LOW'}", flush=True
    )
    return is_right


def _told(accuracies: list[float]) -> str:
    return f"{statistics.median(accuracies):.3f} ({min(accuracies):.3f} to {max(accuracies):.3f})"


def _train(case: Case, model: Path, train: Path, test: Path, seed: int) -> float:
    report = model.with_suffix(".json")
    words = ["train", str(model), "--data", str(train), "--test", str(test), "-o", str(model.with_suffix(".out.keras"))]
    words += ["--epochs", str(case.epochs), "--seed", str(seed), "--validation-split", "0", "--report", str(report)]
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        status = cli.main([*words, *case.options])
    if status:
        sys.exit(f"{case.name}: train ended with status {status}\n{said.getvalue()}")
    return float(json.loads(report.read_text())["test"]["accuracy"])


if __name__ == "__main__":
    sys.exit(main())
