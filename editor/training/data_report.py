"""What is told about data before anything trains: plain data, without Keras."""

from __future__ import annotations

from typing import Literal

import msgspec

from editor.training.data_options import ColumnUse, MissingTreatment, Task

DataKind = Literal["images", "table", "series", "arrays", "function"]


class ColumnFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A column of a table.

    Attributes:
        kind: What its values are.
        use: What it is used as.
        missing: How its missing values are treated.
        num_missing: Rows without a value in it.
        num_distinct: Different values, as far as they were counted.
        value_range: `(lowest, highest)`; None for what is no number.
        examples: Some of its values as they stand in the file.
        categories: In the order of their numbers, where it is used as categories.
        mean: What was subtracted from its numbers.
        scale: What they were divided by then, above 0.
    """

    name: str
    kind: Literal["number", "category", "text"]
    use: ColumnUse
    missing: MissingTreatment
    num_missing: int = 0
    num_distinct: int = 0
    value_range: tuple[float, float] | None = None
    examples: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    mean: float = 0.0
    scale: float = 1.0


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """Samples of a class, or with a target in a stretch of values.

    Attributes:
        name: The class, or the stretch such as `0.5 to 1`.
        num_train: Samples to train on.
        num_validation: Samples to validate on.
    """

    name: str
    num_train: int
    num_validation: int = 0


class SampleView(msgspec.Struct, frozen=True, kw_only=True):
    """One sample as the model will receive it.

    Attributes:
        label: Its class or target, in words.
        source: Where it comes from: a file's name, or `row 12`.
        picture: PNG bytes; empty for what is no image.
        series: The values of a time series; empty for what is none.
        values: `(name, value)` of a row, in words; empty for what is no table.
    """

    label: str
    source: str = ""
    picture: bytes = b""
    series: tuple[float, ...] = ()
    values: tuple[tuple[str, str], ...] = ()


class Skipped(msgspec.Struct, frozen=True):
    """A file or row that is left out, and why, in words."""

    name: str
    reason: str


class DataReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in the data, as the settings and the model have it read.

    Attributes:
        text: All in one line, such as `1,797 samples of 8 × 8 × 1 · 10 classes`.
        task: What is learned, by the first output.
        tasks: What is learned by each output, where there are several.
        target_names: What each output learns, in words such as `column species`.
        num_train: Samples to train on; None where that is not known, as for a function.
        num_validation: Samples to validate on.
        num_test: Samples to evaluate at the end.
        bars: Samples by class or by stretches of the target, for each target; the first is of the first output.
        columns: Of a table, in the order of the file.
        can_standardize: Whether any numbers of a table could be standardized: not those of pictures or for an
            Embedding, nor where the model has a Normalization.
        samples: Some training samples, after preprocessing and augmentation.
        value_range: `(lowest, highest)` of what the model will receive; None for text.
        preprocessing: What is done to the values, one of `PREPROCESSINGS` or a module of `keras.applications`.
        preprocessing_reason: Why that is offered, in a sentence.
        skipped: Files or rows left out, the first hundred.
        num_skipped: All that are left out.
        notes: What a person should know, a sentence each.
    """

    kind: DataKind
    text: str
    task: Task = "auto"
    tasks: tuple[Task, ...] = ()
    target_names: tuple[str, ...] = ()
    num_train: int | None = None
    num_validation: int = 0
    num_test: int = 0
    bars: tuple[tuple[Bar, ...], ...] = ()
    columns: tuple[ColumnFacts, ...] = ()
    can_standardize: bool = True
    samples: tuple[SampleView, ...] = ()
    value_range: tuple[float, float] | None = None
    preprocessing: str = "none"
    preprocessing_reason: str = ""
    skipped: tuple[Skipped, ...] = ()
    num_skipped: int = 0
    notes: tuple[str, ...] = ()
