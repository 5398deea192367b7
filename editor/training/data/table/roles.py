"""Which columns of a table go into which input of a model, and which are learned by which output."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from editor.errors import DataError
from editor.training.data.table.dialect import spoken
from editor.training.data.table.odd_numbers import odd_sign
from editor.training.data.table.survey import ColumnSurvey
from editor.training.data_options import ColumnUse, DataOptions
from editor.training.model_facts import ModelFacts

TARGET_NAMES = ("target", "label", "labels", "class", "classes", "y", "outcome")
INDEX_NAMES = ("column 1", "unnamed: 0", "index", "rownames")
"""What the number of the row is called; `column 1` has no name in the file."""
NUM_NAMED = 8
"""Columns that are named in a sentence."""
NUM_LEFT_OUT = 3
"""Columns of which a sentence says why they are left out."""

Columns = Mapping[str, ColumnSurvey]
Names = tuple[str, ...]


@dataclass(frozen=True)
class Roles:
    """What each column is used for.

    Attributes:
        inputs: Columns of each input of the model.
        outputs: Columns of each output.
        uses: Of every column of the table.
        notes: What a person should know, a sentence each.
        left_out: Columns that nobody said to leave out, and why they are.
    """

    inputs: tuple[Names, ...]
    outputs: tuple[Names, ...]
    uses: dict[str, ColumnUse]
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def targets(self) -> Names:
        """All columns that are learned."""
        return tuple(name for names in self.outputs for name in names)

    @property
    def needed(self) -> Names:
        """All columns that are read, each once."""
        return tuple(dict.fromkeys([*(name for names in self.inputs for name in names), *self.targets]))


def find_roles(file_name: str, columns: Columns, options: DataOptions, facts: ModelFacts) -> Roles:
    """What each column is used for, as far as it is not said found by name and then by order.

    Raises:
        DataError: A named column is not there, or it cannot be told which columns belong where.
    """
    return _Finder(file_name, columns, options, facts).find()


def resolve(file_name: str, name: str, columns: Sequence[str], field: str, of: str = "") -> str:
    """The column that a person means.

    Args:
        file_name: Of the table.
        name: As the person wrote it.
        columns: All that there are.
        field: The choice in which it is named.
        of: The input or output that it is chosen for.

    Raises:
        DataError: There is no such column.
    """
    by_lower = {column.lower(): column for column in columns}
    found = name if name in columns else by_lower.get(name.strip().lower()) or by_lower.get(spoken(name.strip()))
    if found is not None:
        return found
    near = difflib.get_close_matches(name, columns, 1)
    raise DataError(
        f"{file_name} has no column {name!r}.",
        hint=f"{f'Did you mean {near[0]!r}? ' if near else ''}Its columns are: {listed(columns)}.",
        field=field,
        name=of,
    )


def listed(names: Sequence[str]) -> str:
    """Some of the names, for a sentence."""
    return ", ".join([*names[:NUM_NAMED], *(["…"] if len(names) > NUM_NAMED else [])])


def before_hint(left_out: Sequence[str]) -> str:
    """Why columns are left out, to be said before what to do about it."""
    return "".join(f"{each} " for each in left_out[:NUM_LEFT_OUT])


class _Finder:
    def __init__(self, file_name: str, columns: Columns, options: DataOptions, facts: ModelFacts) -> None:
        self._file_name = file_name
        self._columns = columns
        self._facts = facts
        self._options = options
        self._said = {self._resolve(name, "columns"): use for name, use in options.columns.items()}
        self._notes: list[str] = []
        self._left_out: list[str] = []

    def find(self) -> Roles:
        outputs = self._outputs()
        targets = [name for names in outputs for name in names]
        uses = {name: self._use(column, is_target=name in targets) for name, column in self._columns.items()}
        rest = [name for name, use in uses.items() if use in ("number", "category")]
        inputs = self._inputs(rest)
        used = {name for names in inputs for name in names}
        if both := [name for name in targets if name in used]:
            self._notes.append(f"Both learned and an input, so that the model need only copy it: {listed(both)}.")
        left_over = [name for name in rest if name not in used]
        if left_over:
            self._notes.append(f"No input of the model takes: {listed(left_over)}.")
            uses |= dict.fromkeys(left_over, "ignore")
        return Roles(inputs, outputs, uses, (*self._notes, *self._left_out), tuple(self._left_out))

    def _resolve(self, name: str, field: str, of: str = "") -> str:
        return resolve(self._file_name, name, list(self._columns), field, of)

    def _resolve_all(self, names: Sequence[str], field: str, of: str = "") -> Names:
        return tuple(dict.fromkeys(self._resolve(name, field, of) for name in names))

    def _use(self, column: ColumnSurvey, *, is_target: bool) -> ColumnUse:
        if is_target:
            return "target"
        if column.name in self._said:
            return self._said[column.name]
        if not column.num_present:
            self._left_out.append(f"{spoken(column.name, is_first=True)} is empty and left out.")
            return "ignore"
        return self._usual_use(column)

    def _usual_use(self, column: ColumnSurvey) -> ColumnUse:
        if self._is_index(column):
            self._left_out.append(f"{spoken(column.name, is_first=True)} only counts the rows and is left out.")
            return "ignore"
        said, kind, examples = spoken(column.name, is_first=True), column.kind, column.examples
        sign = odd_sign(examples) if kind != "number" else ""
        if kind == "text":
            why = f"numbers with {sign}" if sign else "text of too many kinds for a category"
            cure = f" Write them without {sign}." if sign else ""
            self._left_out.append(f"{said} holds {why}, such as {examples[0]!r}, and is left out.{cure}")
            return "ignore"
        if sign:
            self._notes.append(
                f"{said} holds numbers with {sign}, such as {examples[0]!r}, and is taken for categories. Write them "
                f"without {sign} to have numbers."
            )
        return kind

    def _is_index(self, column: ColumnSurvey) -> bool:
        """Whether a column is the number of the row, as pandas and R write one in front."""
        is_first = column.name == next(iter(self._columns))
        return is_first and column.counts_rows and column.num_rows > 2 and column.name.lower() in INDEX_NAMES

    # -- outputs ------------------------------------------------------------------------------------------------

    def _outputs(self) -> tuple[Names, ...]:
        names, count = self._facts.output_names, self._facts.num_outputs
        said = self._said_for("output", self._options.outputs, names)
        targets = self._resolve_all(
            [*self._options.targets, *(name for name, use in self._said.items() if use == "target")], "targets"
        )
        if count == 1:
            return (said.get(names[0] if names else "", ()) or targets or (self._guess_target(),),)
        by_name = {name: (name,) for name in names if name in self._columns and name not in self._said} | said
        if all(name in by_name for name in names) and names:
            return tuple(by_name[name] for name in names)
        if len(targets) == count:
            return tuple((target,) for target in targets)
        raise DataError(
            f"The model has {count} outputs ({listed(names)}), but {len(targets)} of the columns "
            f"{'is' if len(targets) == 1 else 'are'} chosen as targets.",
            hint=f"Choose one column for each output. The columns are: {listed(list(self._columns))}.",
            field="outputs",
        )

    def _guess_target(self) -> str:
        """A column with a usual name; else the last or the first one, of classes and best in words for a classifier."""
        columns = self._candidates()
        names = [column.name for column in columns]
        named = [name for name in names if name.lower() in TARGET_NAMES or name in self._facts.output_names]
        if named:
            return named[0]
        ends = [columns[-1], columns[0]]
        units = (self._facts.output_shape(0) or (None,))[-1]
        is_classifier = self._facts.activation(0) in ("softmax", "sigmoid") or (units or 0) > 1
        classes = [column for column in ends if is_classifier and _are_classes(column, units)]
        in_words = [column for column in classes if column.kind == "category"]
        target = [*in_words, *classes, ends[0]][0].name
        self._notes.append(f"{spoken(target, is_first=True)} is learned, as none is called target, label or class.")
        return target

    def _candidates(self) -> list[ColumnSurvey]:
        """Columns that could be learned: with something in them, and not said to be used for something else."""
        found = [column for name, column in self._columns.items() if name not in self._said and column.num_present]
        if not found:
            raise DataError(
                f"{self._file_name} has no column left to be learned; all are empty or used for something else.",
                hint="Choose the column to be learned as the target.",
            )
        return found

    # -- inputs -------------------------------------------------------------------------------------------------

    def _inputs(self, rest: list[str]) -> tuple[Names, ...]:
        names, count = self._facts.input_names, self._facts.num_inputs
        said = self._said_for("input", self._options.inputs, names)
        if count == 1:
            return (said.get(names[0] if names else "", ()) or self._all(rest),)
        found = {name: (name,) for name in names if name in rest} | said
        open_inputs = [name for name in names if name not in found]
        used = {column for columns in found.values() for column in columns}
        free = [column for column in rest if column not in used]
        if len(open_inputs) == 1 and free:
            found[open_inputs[0]] = tuple(free)
        elif len(open_inputs) == len(free):
            found |= {name: (column,) for name, column in zip(open_inputs, free, strict=True)}
        if len(found) < count:
            raise DataError(
                f"It cannot be told which columns go into the inputs {listed(open_inputs)} of the model.",
                hint=f"Name the columns of each input. Those not used yet are: {listed(free)}.",
                field="inputs",
                name=open_inputs[0],
            )
        return tuple(found[name] for name in names)

    def _all(self, rest: list[str]) -> Names:
        if not rest:
            raise DataError(
                f"{self._file_name} has no column left for the model's input beside what is learned.",
                hint=before_hint(self._left_out)
                + "Choose a table with columns of numbers or categories, or use more of its columns.",
                field="columns",
            )
        return tuple(rest)

    def _said_for(self, word: str, said: Mapping[str, Names], names: Names) -> dict[str, Names]:
        unknown = [name for name in said if name not in names]
        if unknown:
            raise DataError(
                f"The model has no {word} called {unknown[0]!r}.",
                hint=f"Its {word}s are: {listed(names) or 'unnamed'}.",
                field=f"{word}s",
            )
        return {name: self._resolve_all(columns, f"{word}s", name) for name, columns in said.items()}


def _are_classes(column: ColumnSurvey, units: int | None) -> bool:
    """Whether a column could be the classes that a model tells apart."""
    most = max(units or 0, 2)
    return column.has_all_counts and len(column.counts) <= most and (column.kind != "number" or column.is_whole)
