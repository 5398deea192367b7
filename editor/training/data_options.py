"""How data are read and prepared: plain data, without Keras."""

from __future__ import annotations

from typing import Literal

import msgspec

from editor.training.words import AUTOMATIC

Task = Literal["auto", "binary", "multi-class", "multi-label", "regression"]
ColumnUse = Literal["number", "category", "target", "ignore"]
MissingTreatment = Literal["drop", "mean", "most-frequent", "category"]
Fitting = Literal["stretch", "crop", "pad"]

PREPROCESSINGS = (AUTOMATIC, "none", "zero-to-one", "minus-one-to-one")
"""Beside these, the name of a module of `keras.applications`, such as `mobilenet_v2`."""


class Augmentation(msgspec.Struct, frozen=True, kw_only=True):
    """One of Keras's random layers for images, applied to training samples alone.

    Attributes:
        layer: Its class, such as `RandomFlip`.
        config: Arguments that are not the layer's own defaults.
    """

    layer: str
    config: dict[str, str | float | bool | list[float]] = {}


class DataOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a person chose for the data; what is left out is found from the data and the model.

    Attributes:
        validation: A folder or file of the same kind that is validated on; empty takes the data's own validation
            part, else a share of the training samples.
        test: One that is evaluated once, when a run is over; empty for none.
        task: What is learned; `auto` finds it from the targets and the last layer.
        targets: Columns or arrays to learn, by name: one for each output of the model, or several for one
            multi-label or multi-value output. Empty takes `y`, or the column that `target`, `label`, `class` or
            the last place points to.
        inputs: Columns or arrays of each input, by the input's name; left out are found by name, then by order.
        outputs: Columns or arrays of each output, by the output's name; as `inputs`.
        columns: What a column of a table is used as, where that is not what was found.
        missing: How missing values of a column are treated; left out, rows with a missing target are dropped,
            numbers take the mean of the training part, categories become a category of their own. In a column that is
            learned, `category` keeps words such as `none` or `NA` as classes.
        is_series: Whether the columns of a table are one time series a row, in their order.
        standardize: Whether numbers of a table are brought to mean 0 and standard deviation 1 of the training part.
        split_seed: Decides which samples are drawn for the validation part. It is not the run's own seed: else each
            run would validate on samples that the run before had trained on.
        is_stratified: Whether a validation part that is drawn keeps the shares of the classes.
        fitting: How an image of another shape is brought to the size that the model takes.
        preprocessing: One of `PREPROCESSINGS`, or the name of a module of `keras.applications`.
        augmentation: Applied to training samples, in this order.
        balance_classes: Whether samples of rare classes weigh more in the loss, so that all classes weigh the same.
        consent: SHA-256 of the file of a Python function that a person has agreed to run; empty for none.
    """

    validation: str = ""
    test: str = ""
    task: Task = "auto"
    targets: tuple[str, ...] = ()
    inputs: dict[str, tuple[str, ...]] = {}
    outputs: dict[str, tuple[str, ...]] = {}
    columns: dict[str, ColumnUse] = {}
    missing: dict[str, MissingTreatment] = {}
    is_series: bool | None = None
    standardize: bool = True
    split_seed: int = 0
    is_stratified: bool = True
    fitting: Fitting = "stretch"
    preprocessing: str = AUTOMATIC
    augmentation: tuple[Augmentation, ...] = ()
    balance_classes: bool = False
    consent: str = ""
