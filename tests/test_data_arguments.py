import argparse

import pytest

from editor.data_arguments import add_data_options, data_notes, data_options
from editor.errors import UsageError
from editor.training.data_options import Augmentation, DataOptions
from editor.training.data_report import DataReport, Skipped


def parsed(*arguments):
    parser = argparse.ArgumentParser()
    add_data_options(parser)
    return data_options(parser.parse_args(["--data", "table.csv", *arguments]))


def test_that_nothing_said_is_what_the_window_starts_with():
    assert parsed() == DataOptions()


def test_that_columns_and_arrays_are_named():
    options = parsed(
        *("--target", "a", "--target", "b", "--column", "id=ignore", "--column", "a=b=number", "--missing", "age=mean"),
        *("--input-columns", "left=x,y", "--output-columns", "out=z", "--task", "multi-label"),
        *("--validation", "v.csv", "--test", "t.csv", "--series", "--no-standardize", "--no-stratify"),
        *("--split-seed", "3"),
    )
    assert options == DataOptions(
        targets=("a", "b"),
        columns={"id": "ignore", "a=b": "number"},
        missing={"age": "mean"},
        inputs={"left": ("x", "y")},
        outputs={"out": ("z",)},
        task="multi-label",
        validation="v.csv",
        test="t.csv",
        is_series=True,
        split_seed=3,
        standardize=False,
        is_stratified=False,
    )


def test_that_augmentation_takes_the_arguments_of_its_layer():
    options = parsed("--augment", "RandomFlip", "--augment", "RandomRotation:factor=0.1/0.2,fill_mode=wrap,data=true")
    assert options.augmentation == (
        Augmentation(layer="RandomFlip"),
        Augmentation(layer="RandomRotation", config={"factor": [0.1, 0.2], "fill_mode": "wrap", "data": True}),
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--column", "age"], "equals sign"),
        (["--column", "age=often"], "number, category, target, ignore"),
        (["--missing", "age=guess"], "drop, mean, most-frequent, category"),
        (["--input-columns", "left"], "equals sign"),
    ],
)
def test_that_what_has_not_the_form_is_said(arguments, words):
    with pytest.raises(UsageError, match=words):
        parsed(*arguments)


def test_that_what_is_left_out_is_counted_and_named():
    skipped = tuple(Skipped(f"row {row}", "no value") for row in range(5))
    report = DataReport(kind="table", text="", notes=("A note.",), skipped=skipped, num_skipped=7)
    assert data_notes(report) == ("A note.", "7 left out (row 0: no value; row 1: no value; row 2: no value; …)")
    assert data_notes(None) == ()
