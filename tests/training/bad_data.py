"""Tables and arrays with something wrong in them, each with the words that must name it."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from editor.training.model_facts import ModelFacts
from tests.training.tables import PETS, facts

PET_MODEL = facts(((2,),), ((3,),))
PET_OPTIONS = {"targets": ("kind",), "columns": {"name": "ignore"}}
ARRAY_MODEL = facts(((4,),), ((3,),))
X = np.arange(24, dtype=np.float32).reshape(6, 4)
Y = np.array([0, 1, 2, 0, 1, 2])


@dataclass(frozen=True)
class BadData:
    """Something that cannot be trained on.

    Attributes:
        name: What is wrong, in words.
        build: Writes it into a folder and gives its path.
        words: Must stand in the sentence.
        options: Of `DataOptions`; `HERE` in a path is the folder.
    """

    name: str
    build: Callable[[Path], Path]
    words: tuple[str, ...]
    model: ModelFacts = PET_MODEL
    options: dict[str, Any] = field(default_factory=lambda: dict(PET_OPTIONS))


def text(content: str, name: str = "pets.csv") -> Callable[[Path], Path]:
    """Writes a table of text."""
    return data(content.encode(), name)


def data(content: bytes, name: str = "pets.csv") -> Callable[[Path], Path]:
    """Writes bytes."""

    def build(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return build


def arrays(**values: Any) -> Callable[[Path], Path]:
    """Writes an `.npz`."""

    def build(folder: Path) -> Path:
        np.savez(folder / "data.npz", **values)
        return folder / "data.npz"

    return build


def table(name: str, content: str, words: tuple[str, ...], model: ModelFacts = PET_MODEL, **options: Any) -> BadData:
    """A bad table of text."""
    return BadData(name, text(content), words, model, PET_OPTIONS | options)


def array(name: str, words: tuple[str, ...], model: ModelFacts = ARRAY_MODEL, **values: Any) -> BadData:
    """Bad arrays."""
    return BadData(name, arrays(**{"x": X, "y": Y} | values), words, model, {})


def _parquet(folder: Path) -> Path:
    path = folder / "pets.parquet"
    pq.write_table(pa.table({"weight": np.arange(1000.0), "kind": ["a", "b"] * 500}), path)
    content = bytearray(path.read_bytes())
    content[100:3000] = b"\xff" * 2900
    path.write_bytes(content)
    return path


def _held_with_other_columns(folder: Path) -> Path:
    (folder / "held.csv").write_text("name,kind,weight\nRex,dog,30\n")
    return text(PETS)(folder)


def _held_with_another_class(folder: Path) -> Path:
    (folder / "held.csv").write_text("name,kind,weight,legs\nRex,dog,30,4\nNemo,fish,1,0\n")
    return text(PETS)(folder)


def _held_without_header(folder: Path) -> Path:
    (folder / "held.csv").write_text("Rex,dog,30,4\nTom,cat,4,4\n")
    return text(PETS)(folder)


def _held_with_text(folder: Path) -> Path:
    (folder / "held.csv").write_text("name,kind,weight,legs\nRex,dog,30,4\nTom,cat,heavy,4\n")
    return text(PETS)(folder)


def _hdf5_without_x(folder: Path) -> Path:
    with h5py.File(folder / "data.h5", "w") as file:
        file["pictures_of_cats"] = X
        file["y"] = Y
        file["other"] = Y
    return folder / "data.h5"


def _hdf5_with_a_link(folder: Path) -> Path:
    with h5py.File(folder / "data.h5", "w") as file:
        file["x"] = h5py.ExternalLink("/etc/passwd", "x")
        file["y"] = Y
    return folder / "data.h5"


def _x_without_y(folder: Path) -> Path:
    np.save(folder / "cats_x.npy", X)
    return folder / "cats_x.npy"


HEADER = PETS.splitlines()[0] + "\n"
TWO_INPUTS = facts(((1,), (1,)), ((3,),), input_names=("left", "right"))
TWO_OUTPUTS = facts(((2,),), ((3,), (1,)), output_names=("animal", "mass"), activations=("softmax", "linear"))

TABLES = [
    table("empty file", "", ("pets.csv is empty",)),
    table("blank lines only", "\n\n\n", ("pets.csv is empty",)),
    table("header only", HEADER, ("pets.csv has a header, but no rows",)),
    table("one class", PETS.replace("cat", "dog").replace("bird", "dog"), ("Column kind", "one class only, dog")),
    table("target that is not there", PETS, ("no column 'knid'", "Did you mean 'kind'?"), targets=("knid",)),
    table(
        "too many classes",
        PETS + "Kermit,frog,0.3,4\n",
        ("There are 4 classes in column kind", "bird, cat, dog, frog", "3 outputs", "Replace Head"),
    ),
    table("text among numbers", PETS.replace("25", "heavy"), ("Row 5 of pets.csv", "'heavy'", "column weight")),
    table("decimal comma among points", PETS.replace("0.1", '"0,1"'), ("Row 4", "'0,1'", "column weight")),
    table("infinity", PETS.replace("25", "inf"), ("Row 5 of pets.csv", "infinite", "column weight")),
    table(
        "a number beyond 32 bits", PETS.replace("25", "1e200"), ("Row 5", "holds 1e200", "too large", "column weight")
    ),
    table("a row with more cells", PETS.replace("25,4", "25,4,9"), ("Row 5 of pets.csv has 5 cells", "names 4")),
    table("a row with fewer cells", PETS.replace("25,4", "25"), ("Row 5 of pets.csv has 3 cells", "names 4")),
    table("two columns of one name", PETS.replace("legs", "weight", 1), ("2 columns called 'weight'",)),
    table(
        "more values than the model takes", PETS, ("2 values", "weight: 1, legs: 1", "takes 5"), facts(((5,),), ((3,),))
    ),
    table("columns that make no image", PETS, ("2 values", "takes 64, as (8, 8, 1)"), facts(((8, 8, 1),), ((3,),))),
    table("decimal numbers as classes", PETS, ("Column weight", "decimal numbers such as 0.1"), targets=("weight",)),
    table(
        "text to be learned as a number",
        PETS,
        ("Column kind holds text such as 'bird'", "column of numbers"),
        task="regression",
    ),
    table(
        "one number for several outputs",
        PETS,
        ("3 values for each row", "legs"),
        facts(((2,),), ((3,),), "linear"),
        targets=("legs",),
        task="regression",
        columns={"name": "ignore", "kind": "ignore"},
    ),
    table(
        "more labels than outputs",
        "a,tags\n1,red;round\n2,red\n3,big\n",
        ("There are 3 labels in column tags (big, red, round)", "2 outputs", "Replace Head"),
        facts(((1,),), ((2,),), "sigmoid"),
        task="multi-label",
        targets=("tags",),
        columns={},
    ),
    table("no column left", "kind\ndog\ncat\n", ("no column left for the model's input",), columns={}),
    table(
        "gaps in every target",
        "name,kind,weight,legs\na,,1,2\nb,NA,3,4\n",
        ("No row of pets.csv can be used", "column kind"),
    ),
    table(
        "a mean of categories",
        PETS,
        ("Column kind holds categories", "no mean"),
        facts(((5,),), ((1,),), "linear"),
        targets=("legs",),
        missing={"kind": "mean"},
    ),
    table("a column that is not there", PETS, ("no column 'colour'",), columns={"colour": "ignore"}),
    table(
        "an input that is not there",
        PETS,
        ("no input called 'middle'", "left, right"),
        TWO_INPUTS,
        inputs={"middle": ("legs",)},
    ),
    table(
        "columns that fit no input",
        PETS,
        ("cannot be told which columns go into the inputs left, right",),
        TWO_INPUTS,
        columns={},
    ),
    table(
        "too few targets",
        PETS,
        ("The model has 2 outputs (animal, mass), but 1 of the columns is chosen as target",),
        TWO_OUTPUTS,
    ),
    table(
        "more categories than an Embedding takes",
        PETS,
        ("Column name has 6 categories", "takes 3"),
        facts(((1,),), ((3,),), vocabularies=(3,)),
        columns={"name": "category", "weight": "ignore", "legs": "ignore"},
    ),
    table(
        "numbers outside of an Embedding",
        PETS,
        ("Row 2", "holds 30 in column weight", "0 to 9"),
        facts(((2,),), ((3,),), vocabularies=(10,)),
    ),
    BadData("no file", lambda folder: folder / "nowhere.csv", ("There is no file", "nowhere.csv")),
    BadData("binary garbage", data(bytes(range(256)) * 40), ("pets.csv is no table of text",)),
    BadData(
        "a picture with the name of a table",
        data(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(900)),
        ("pets.csv is a single image", "subfolder"),
    ),
    BadData(
        "cut gzip", data(gzip.compress(PETS.encode())[:40], "pets.csv.gz"), ("pets.csv.gz cannot be read", "damaged")
    ),
    BadData("damaged Parquet", _parquet, ("pets.parquet cannot be read", "damaged"), facts(((1,),), ((2,),)), {}),
    BadData(
        "validation table with other columns",
        _held_with_other_columns,
        ("held.csv has no column 'legs'", "pets.csv"),
        options=PET_OPTIONS | {"validation": "HERE/held.csv"},
    ),
    BadData(
        "validation table with another class",
        _held_with_another_class,
        ("Row 3 of held.csv", "column kind"),
        options=PET_OPTIONS | {"validation": "HERE/held.csv"},
    ),
    BadData(
        "test table with text among numbers",
        _held_with_text,
        ("Row 3 of held.csv", "'heavy'"),
        options=PET_OPTIONS | {"test": "HERE/held.csv"},
    ),
    BadData(
        "validation table without the header of the training table",
        _held_without_header,
        ("first row of held.csv holds no names", "pets.csv"),
        options=PET_OPTIONS | {"validation": "HERE/held.csv"},
    ),
    BadData(
        "a folder to validate on",
        text(PETS),
        ("is a folder, but a file",),
        options=PET_OPTIONS | {"validation": "HERE"},
    ),
    BadData(
        "no validation table",
        text(PETS),
        ("There is no file", "lost.csv"),
        options=PET_OPTIONS | {"validation": "HERE/lost.csv"},
    ),
]

ARRAYS = [
    array("0 samples", ("x in data.npz holds no samples",), x=X[:0], y=Y[:0]),
    array("NaN", ("y in data.npz holds 1 value", "not finite", "sample 2"), y=np.array([0, 1, np.nan, 0, 1, 2])),
    array(
        "infinity in an array", ("x in data.npz holds 1 value", "not finite", "sample 1"), x=np.where(X == 5, np.inf, X)
    ),
    array("different lengths", ("x in data.npz has 6 samples, but y has 4",), y=Y[:4]),
    BadData("no y", arrays(x=X, a=X, b=X), ("data.npz has no array y", "It has: x, a, b"), ARRAY_MODEL, {}),
    array(
        "another shape", ("One sample of x has shape (5,), but the model takes (4,)",), x=np.zeros((6, 5), "float32")
    ),
    array("labels above the outputs", ("The labels go up to 7", "3 outputs"), y=Y + 5 * (Y == 2)),
    array("too many classes", ("There are 6 classes in y", "3 outputs"), y=np.arange(6) + 1),
    array("one class in an array", ("The array y holds one class only, cat",), y=np.array(["cat"] * 6)),
    array("Python objects", ("x in data.npz holds Python objects",), x=np.array([{}] * 6, dtype=object)),
    array("text for a model of numbers", ("x holds text",), facts(((),), ((3,),)), x=np.array(list("abcdef"))),
    array("half a validation part", ("data.npz has x_val but no y_val",), x_val=X),
    array(
        "a class that is new in validation",
        ("Sample 0 of y_val", "label fish"),
        y=np.array(["cat", "dog"] * 3),
        x_val=X[:1],
        y_val=np.array(["fish"]),
    ),
    BadData(
        "damaged archive",
        data(b"PK\3\4" + bytes(200), "data.npz"),
        ("data.npz is not a complete .npz file",),
        ARRAY_MODEL,
        {},
    ),
    BadData("h5 without x", _hdf5_without_x, ("data.h5 has no array x", "pictures_of_cats"), ARRAY_MODEL, {}),
    BadData("h5 that leads out of itself", _hdf5_with_a_link, ("data.h5", "link to another file"), ARRAY_MODEL, {}),
    BadData("no h5", data(b"not HDF5 at all", "data.h5"), ("data.h5 cannot be read",), ARRAY_MODEL, {}),
    BadData("x without y", _x_without_y, ("has no array y",), ARRAY_MODEL, {}),
]
