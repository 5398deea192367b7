import gzip
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest

from editor.errors import DataError
from tests.training.tables import PETS, facts, prepared

PET_OPTIONS = {"targets": ("kind",), "columns": {"name": "ignore"}}


def write_zip(path, *members):
    with zipfile.ZipFile(path, "w") as archive:
        for member in members:
            archive.writestr(member, "content")


@pytest.mark.parametrize("name", ["pets", "pets.data", "pets.csv.bak", "pets.npz.txt"])
@pytest.mark.parametrize("pack", [lambda content: content, gzip.compress], ids=["plain", "packed"])
def test_that_a_table_is_read_whatever_its_name(tmp_path, name, pack):
    (tmp_path / name).write_bytes(pack(PETS.encode()))
    assert prepared(tmp_path / name, **PET_OPTIONS).train.num_samples == 6


def test_that_parquet_and_arrays_are_read_whatever_their_names(tmp_path):
    (tmp_path / "pets.csv").write_text(PETS)
    pq.write_table(pc.read_csv(tmp_path / "pets.csv"), tmp_path / "pets")
    assert prepared(tmp_path / "pets", **PET_OPTIONS).train.num_samples == 6
    (tmp_path / "pets.parquet").write_text(PETS)
    assert prepared(tmp_path / "pets.parquet", **PET_OPTIONS).train.num_samples == 6
    np.savez(tmp_path / "data.npz", x=np.zeros((3, 2)), y=np.array([0, 1, 2]))
    (tmp_path / "data.npz").rename(tmp_path / "data")
    assert prepared(tmp_path / "data").train.num_samples == 3


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("t.xlsx", ("[Content_Types].xml", "xl/workbook.xml"), "workbook, which is not read as data. Save it as CSV"),
        ("t.csv", ("[Content_Types].xml", "xl/workbook.xml"), "an Excel workbook"),
        ("t.ods", ("mimetype", "content.xml"), "LibreOffice"),
        ("m.keras", ("config.json", "model.weights.h5"), "a Keras model, which is not read as data"),
        ("images.zip", ("cats/1.png",), "a packed archive, which is not read as data. Unpack it"),
        ("t.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook"),
        ("t.jsonl", b'{"a": 1, "b": 2}\n', "JSON"),
        ("t", b'[{"a": 1}]', "JSON"),
        ("0.png", b"\x89PNG\r\n\x1a\n", "a single image, which is not read as data. Choose a folder"),
        ("data.py", b"import numpy\n", "data.py:NAME"),
        ("t.bin", bytes(100), "of an unknown kind"),
        ("t.pkl", b"\x80\x04\x95", "a Python pickle, which may run anything"),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value and " " not in value else "",
)  # fmt: skip
def test_that_what_is_not_read_is_called_by_its_kind(tmp_path, name, content, words):
    if isinstance(content, bytes):
        (tmp_path / name).write_bytes(content)
    else:
        write_zip(tmp_path / name, *content)
    with pytest.raises(DataError) as caught:
        prepared(tmp_path / name)
    assert words in str(caught.value)


def test_that_data_to_validate_on_are_of_the_kind_of_the_training_data(tmp_path):
    (tmp_path / "pets.csv").write_text(PETS)
    np.savez(tmp_path / "data.npz", x=np.zeros((3, 2)), y=np.array([0, 1, 2]))
    with pytest.raises(DataError, match=r"data\.npz is a file of arrays, but a table is needed here"):
        prepared(tmp_path / "pets.csv", validation=str(tmp_path / "data.npz"), **PET_OPTIONS)
    with pytest.raises(DataError, match=r"pets\.csv is a table, but a file of arrays is needed here"):
        prepared(tmp_path / "data.npz", facts(), validation=str(tmp_path / "pets.csv"))


def test_that_a_folder_of_tables_is_told_as_one(tmp_path):
    (tmp_path / "part-0.parquet").write_text(PETS)
    with pytest.raises(DataError, match="holds no images") as caught:
        prepared(tmp_path)
    assert caught.value.hint.startswith("It holds part-0.parquet: choose one of them.")


def test_that_a_table_without_rows_is_told(tmp_path):
    pq.write_table(pa.table({"a": pa.array([], pa.float64()), "y": pa.array([], pa.int64())}), tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r"^t.parquet has no rows\."):
        prepared(tmp_path / "t.parquet")
