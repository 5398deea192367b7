"""Real work beside plain Keras: `python -m tests.real_work [--window] [--seeds N] [CASE…]`; non-zero on failure.

Each case trains the same new model with the program and with a script in plain Keras, for each seed, and holds the
accuracies on a part that neither has seen against each other: the program's median has to be within the spread of the
plain ones from seed to seed, or above it. The program is the command `train`, or with `--window` the window, in which
a person clicks and types; plain Keras then has to find the same accuracy in the file that was saved there.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import math
import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from editor import cli
from tests.integration.data_hands import DataHands
from tests.integration.person import Person
from tests.real_work import files, model_files, plain
from tests.real_work.window import person_at_work


@dataclass(frozen=True)
class Case:
    """Some real work.

    Attributes:
        write_data: Writes what is trained on and what is tested on into a folder.
        write_model: Writes the model that a seed begins with, and says where.
        read: What plain Keras trains on and tests on.
        options: Of the command line, beside model, data and seed.
        choose: What a person chooses in *Data…* beside the files.
        problem: What is said to be wrong with the data until the model is edited.
        edit: What a person does to the model before it is trained; what is saved then is what all begin with.
    """

    name: str
    write_data: Callable[[Path], tuple[Path, Path]]
    write_model: Callable[[Path, int], Path]
    read: Callable[[Path, Path], plain.Parts]
    epochs: int
    options: tuple[str, ...] = ()
    choose: Callable[[DataHands], None] = lambda _data: None
    problem: str = ""
    edit: Callable[[Person], None] | None = None


@dataclass(frozen=True)
class Files:
    """What one seed works with: a person opens `opened`, all train `model`."""

    opened: Path
    model: Path
    train: Path
    test: Path
    pictures: Path | None = None

    @property
    def trained(self) -> Path:
        return self.model.with_suffix(".trained.keras")


def _new_head(person: Person) -> None:
    person.replace_head(units=10)
    person.freeze_before("head_pool")


CASES = (
    Case(
        "digits as a table", files.write_digits_tables, model_files.digits, plain.digits_table, 8, ("--target", "digit")
    ),
    Case("digits as pictures", files.write_digits_pictures, model_files.digits, plain.digits_pictures, 8),
    Case(
        "penguins",
        files.write_penguins,
        model_files.penguins,
        plain.penguins,
        30,
        ("--target", "species"),
        choose=lambda data: data.use("species", "Target"),
    ),
    Case("GunPoint", files.write_gun_point, model_files.gun_point, plain.gun_point, 150),
    Case(
        "fer with a new head",
        files.write_digits_pictures,
        model_files.emotions,
        partial(plain.digits_pictures, size=64),
        8,
        problem="There are 10 classes in train (digit 0, digit 1, digit 2, digit 3, digit 4, …), but the model has 7 "
        "outputs. Give it an output for each class (Replace Head… in the window), or leave out classes.",
        edit=_new_head,
    ),
)


def main() -> int:
    """Does the work and prints a line for each case."""
    parser = argparse.ArgumentParser(prog="python -m tests.real_work", description=__doc__)
    parser.add_argument("cases", nargs="*", help="names of the cases to take (all)")
    parser.add_argument("--seeds", type=int, default=5, help="runs of each case (5); one alone has no spread")
    parser.add_argument("--window", action="store_true", help="work in the window instead of with `train`")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="draw the steps of the first seed in the window")
    arguments = parser.parse_args()
    chosen = [case for case in CASES if not arguments.cases or case.name in arguments.cases]
    work = _in_window if arguments.window else _by_command
    are_right = [_do(case, work, arguments.seeds, arguments.pictures) for case in chosen]
    return int(not all(are_right))


def _do(case: Case, work: Callable[[Case, Files, int], float], num_seeds: int, pictures: Path | None) -> bool:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["FROSTLINE_RUNS"] = str(folder / "runs")  # Not among those of whoever works here.
        train, test = case.write_data(folder)
        parts = case.read(train, test)
        plain_ones, ours = [], []
        for seed in range(1, num_seeds + 1):
            opened = case.write_model(folder / f"model_{seed}", seed)
            model = folder / f"edited_{seed}.keras" if case.edit else opened
            drawn = pictures / case.name.replace(" ", "-") if pictures and seed == 1 else None
            ours.append(work(case, Files(opened, model, train, test, drawn), seed))
            plain_ones.append(plain.fit(model, parts, seed=seed, epochs=case.epochs))
            held = plain.accuracy(model.with_suffix(".trained.keras"), parts)
            if not math.isclose(held, ours[-1], abs_tol=1e-4):
                sys.exit(f"{case.name}: {ours[-1]} was told, but plain Keras finds {held} in the file")
    is_right = statistics.median(ours) >= min(plain_ones)
    way = "window" if work is _in_window else "train"
    print(
        f"{case.name}: plain {_told(plain_ones)}; {way} {_told(ours)}: {'right' if is_right else 'TOO LOW'}", flush=True
    )
    return is_right


def _told(accuracies: list[float]) -> str:
    return f"{statistics.median(accuracies):.3f} ({min(accuracies):.3f} to {max(accuracies):.3f})"


def _in_window(case: Case, held: Files, seed: int) -> float:
    with person_at_work(held.model.parent / f"program_{seed}", held.pictures) as person:
        _begin(person, case, held)
        person.set_run(epochs=case.epochs, seed=seed)
        person.train_to_the_end()
        accuracy = person.test_accuracy()
        person.save_as(held.trained)
        person.open(held.trained)
        person.wait_for_engine()
        person.look("opened again")
    return accuracy


def _begin(person: Person, case: Case, held: Files) -> None:
    """Opens the model, chooses the data, and edits the model, which is saved then."""
    person.open(held.opened)
    person.wait_for_engine()
    person.choose_data(held.train, held.test, case.choose, problem=case.problem)
    if case.edit:
        case.edit(person)
        person.look("edited")
        person.save_as(held.model)


def _by_command(case: Case, held: Files, seed: int) -> float:
    if case.edit:
        with person_at_work(held.model.parent / f"program_{seed}", held.pictures) as person:
            _begin(person, case, held)
    report = held.model.with_suffix(".json")
    words = ["train", str(held.model), "--data", str(held.train), "--test", str(held.test), "-o", str(held.trained)]
    words += ["--epochs", str(case.epochs), "--seed", str(seed), "--validation-split", "0", "--report", str(report)]
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        status = cli.main([*words, *case.options])
    if status:
        sys.exit(f"{case.name}: train ended with status {status}\n{said.getvalue()}")
    return float(json.loads(report.read_text())["test"]["accuracy"])


if __name__ == "__main__":
    sys.exit(main())
