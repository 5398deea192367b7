"""Which arrays go into which input of a model, and which are learned by which output: by name, then by order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from editor.errors import DataError
from editor.training.data.array_files import PART_WORDS, ArrayFile
from editor.training.data_options import DataOptions
from editor.training.model_facts import ModelFacts

_SAMPLES = re.compile(r"(x|inputs?|images?|features?|samples?)[_-]?\d*|data", re.IGNORECASE)
_LABELS = re.compile(r"(y|outputs?|labels?|targets?|class(es)?)[_-]?\d*", re.IGNORECASE)
_WORDS = "|".join(PART_WORDS)
_PARTS = re.compile(rf"(?:(?P<before>{_WORDS})[_-])?(?P<base>.*?)(?:[_-](?P<after>{_WORDS}))?", re.IGNORECASE)
NUM_NAMED = 8

Names = tuple[str, ...]


@dataclass(frozen=True)
class ArrayRoles:
    """What each array is used for.

    Attributes:
        inputs: Arrays of the training part, one for each input of the model.
        outputs: One for each output.
        parts: Arrays of the other parts (`val`, `test`), the inputs first and then the outputs.
    """

    inputs: Names
    outputs: Names
    parts: dict[str, Names]


def find_array_roles(file: ArrayFile, options: DataOptions, facts: ModelFacts) -> ArrayRoles:
    """What each array is used for.

    Raises:
        DataError: An array is missing, or it cannot be told which belongs where.
    """
    found = _by_base(list(file.headers))
    bases = [base for base, parts in found.items() if "" in parts]
    inputs = _chosen(file, bases, "input", facts.input_names, facts.num_inputs, options.inputs)
    said = dict(options.outputs)
    if options.targets and not said:
        said = dict(zip(facts.output_names or ("output",), ((name,) for name in options.targets), strict=False))
    free = [base for base in bases if base not in inputs]
    outputs = _chosen(file, free, "output", facts.output_names, facts.num_outputs, said)
    trained = [*inputs, *outputs]
    parts = {part: _part(file, found, trained, part) for part in ("val", "test")}
    names = tuple(found[base][""] for base in trained)
    return ArrayRoles(
        names[: len(inputs)], names[len(inputs) :], {part: names for part, names in parts.items() if names}
    )


def _by_base(names: Sequence[str]) -> dict[str, dict[str, str]]:
    """The arrays by what their names have in common, and by part: `x` has `x` or `x_train`, and `x_val`."""
    found: dict[str, dict[str, str]] = {}
    for name in names:
        match = _PARTS.fullmatch(name)
        word = (match["before"] or match["after"] or "train").lower() if match else "train"
        base = match["base"].lower() if match else name.lower()
        found.setdefault(base, {}).setdefault(PART_WORDS[word], name)
    return found


def _chosen(
    file: ArrayFile, bases: list[str], word: str, names: Names, count: int, said: Mapping[str, Names]
) -> list[str]:
    """The arrays of the inputs or of the outputs."""
    usual = _SAMPLES if word == "input" else _LABELS
    by_order = sorted((base for base in bases if usual.fullmatch(base)), key=_natural)
    if said:
        return _said(file, bases, said, names, count, f"{word}s")
    if count > 1 and all(name.lower() in bases for name in names) and len(names) == count:
        return [name.lower() for name in names]
    if len(by_order) >= count:
        return by_order[:count]
    if by_order == [] and len(bases) == (count + 1 if word == "input" else count):
        return bases[:count]
    return _refuse(file, word, names, count)


def _said(
    file: ArrayFile, bases: list[str], said: Mapping[str, Names], names: Names, count: int, field: str
) -> list[str]:
    order = sorted(said, key=names.index) if all(name in names for name in said) else list(said)
    of = {name.lower(): key for key in order for name in said[key]}
    arrays = [name.lower() for key in order for name in said[key]]
    for name in arrays:
        if name not in bases:
            raise DataError(f"{file.name} has no array {name}.", hint=_hint(file), field=field, name=of[name])
    if len(arrays) != count:
        raise DataError(
            f"{len(arrays)} arrays are chosen ({', '.join(arrays)}), but the model takes {count}.",
            hint="Choose one array for each input and output.",
            field=field,
        )
    return arrays


def _refuse(file: ArrayFile, word: str, names: Names, count: int) -> NoReturn:
    letter = "x" if word == "input" else "y"
    if count == 1:
        raise DataError(f"{file.name} has no array {letter}.", hint=_hint(file), field=f"{word}s")
    wanted = ", ".join(names) if names else ", ".join(f"{letter}{at + 1}" for at in range(count))
    raise DataError(
        f"The model has {count} {word}s, but {file.name} does not have an array for each.",
        hint=f"Name the arrays {wanted}. {_has(file)}",
        field=f"{word}s",
    )


def _part(file: ArrayFile, found: dict[str, dict[str, str]], trained: Sequence[str], part: str) -> Names:
    """The arrays of a part; none where no array belongs to it."""
    names = [found[base].get(part) for base in trained]
    if not any(names):
        return ()
    for base, name in zip(trained, names, strict=True):
        if name is None:
            given = next(name for name in names if name)
            wanted = _named_for(part, found[base][""])
            raise DataError(
                f"{file.name} has {given} but no {wanted}.",
                hint=f"Add {wanted}, or leave {given} out as well.",
            )
    return tuple(name for name in names if name)


def _named_for(part: str, name: str) -> str:
    """What an array of a part is called beside that of the training part: `y_val` beside `y` and `y_train`."""
    return re.sub("train", part, name, flags=re.IGNORECASE) if "train" in name.lower() else f"{name}_{part}"


def _hint(file: ArrayFile) -> str:
    return f"{file.way_to_write} {_has(file)}"


def _has(file: ArrayFile) -> str:
    names = list(file.headers)
    more = ", …" if len(names) > NUM_NAMED else ""
    return f"It has: {', '.join(names[:NUM_NAMED])}{more}." if names else "It has no arrays."


def _natural(name: str) -> tuple[str, int]:
    """`x2` before `x10`."""
    number = re.search(r"\d+$", name)
    return name[: number.start()] if number else name, int(number[0]) if number else -1
