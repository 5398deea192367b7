import gzip

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from editor.errors import DataError
from editor.training.data.table.dialect import find_dialect
from editor.training.data.table.reading import BLOCK_BYTES, TableFile
from editor.training.data.unfit import UnfitDataError
from editor.training.progress import GivenUpError, heard_by
from editor.training.sample_views import with_samples
from resources import resource_path
from tests.training.tables import PETS, facts, prepared, problems


@pytest.fixture
def pets(tmp_path):
    path = tmp_path / "pets.csv"
    path.write_text(PETS)
    return path


@pytest.fixture
def written(tmp_path):
    """Writes a table and gives its path."""

    def write(content, name="table.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(content.encode(encoding))
        return path

    return write


def progress_of(read, most=1_000):
    """What is told while something is read, which is given up after some steps."""
    told = []

    def listen(*step):
        told.append(step)
        if len(told) == most:
            raise GivenUpError

    with heard_by(listen):
        read()
    return told


PET_OPTIONS = {"targets": ("kind",), "columns": {"name": "ignore"}}

# -- progress -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["big.csv", "big.csv.gz"])
def test_that_a_table_tells_how_far_it_is_read_and_can_be_given_up(tmp_path, name):
    path = tmp_path / name
    content = b"a,b,kind\n" + b"0.123456789012,0.987654321098,dog\n0.1,0.2,cat\n" * 200_000
    path.write_bytes(gzip.compress(content, 1) if name.endswith(".gz") else content)
    total = path.stat().st_size // 10**6

    def read():
        prepared(path, facts(((2,),), ((2,),)), targets=("kind",))

    with pytest.raises(GivenUpError):
        progress_of(read, 2)
    told = progress_of(read)
    for doing in ("Checking", "Reading"):
        steps = [(done, whole) for words, done, whole in told if words == f"{doing} MB of {name}"]
        assert len(steps) >= 2
        assert steps == sorted(steps)
        assert steps[-1] == (total, total)


def test_that_parquet_tells_its_rows(tmp_path):
    path = tmp_path / "big.parquet"
    pq.write_table(pa.table({"a": np.arange(70_000.0), "kind": ["dog", "cat"] * 35_000}), path)
    told = progress_of(lambda: prepared(path, facts(((1,),), ((2,),)), targets=("kind",)))
    assert [step[1:] for step in told if step[0] == "Reading rows of big.parquet"] == [
        (0, 70_000),
        (32_768, 70_000),
        (65_536, 70_000),
    ]


# -- reading --------------------------------------------------------------------------------------------------


def test_that_text_classes_are_numbered_in_the_order_of_the_alphabet(pets):
    data = prepared(pets, **PET_OPTIONS)
    assert data.train.targets[0].tolist() == [2, 1, 0, 2, 1, 0]
    assert [bar.name for bar in data.report.bars[0]] == ["bird", "cat", "dog"]
    assert "numbered from 0" in data.report.notes[-1]
    assert data.tasks == ("multi-class",)


def test_that_numbers_are_brought_to_mean_0_and_deviation_1(pets):
    values = prepared(pets, **PET_OPTIONS).train.inputs[0]
    assert values.dtype == np.float32
    assert values.mean(axis=0) == pytest.approx([0, 0], abs=1e-6)
    assert values.std(axis=0) == pytest.approx([1, 1], abs=1e-6)


def test_that_the_scale_is_learned_from_the_training_rows_alone(pets):
    data = prepared(pets, share=0.34, is_stratified=False, **PET_OPTIONS)
    assert (data.train.num_samples, data.validation.num_samples) == (4, 2)
    assert data.train.inputs[0].mean(axis=0) == pytest.approx([0, 0], abs=1e-6)
    assert abs(data.validation.inputs[0].mean()) > 1e-3


def test_that_values_stay_as_they_are_where_that_is_chosen(pets):
    values = prepared(pets, standardize=False, **PET_OPTIONS).train.inputs[0]
    assert values[:4].tolist() == [[30, 4], [4, 4], [pytest.approx(0.1), 2], [25, 4]]
    assert values[4, 1] == pytest.approx(16 / 5)


@pytest.mark.parametrize(
    ("treatment", "num_rows", "filled"), [("drop", 5, None), ("mean", 6, 3.2), ("most-frequent", 6, 4)]
)
def test_that_missing_numbers_are_treated_as_chosen(pets, treatment, num_rows, filled):
    data = prepared(pets, standardize=False, missing={"legs": treatment}, **PET_OPTIONS)
    assert data.train.num_samples == num_rows
    if filled is None:
        assert data.report.skipped[0].name == "row 6 of pets.csv"
        assert data.report.num_skipped == 1
    else:
        assert data.train.inputs[0][4, 1] == pytest.approx(filled)


@pytest.mark.parametrize(("treatment", "width"), [("category", 3), ("most-frequent", 2), ("drop", 2)])
def test_that_missing_categories_are_treated_as_chosen(written, treatment, width):
    path = written("sex,y\nmale,0\nfemale,1\nNA,0\nmale,1\n")
    data = prepared(path, facts(((width,),), ((1,),), "sigmoid"), missing={"sex": treatment})
    assert data.train.inputs[0].shape == (3 if treatment == "drop" else 4, width)
    if treatment == "category":
        assert data.train.inputs[0][2].tolist() == [0, 0, 1]
    if treatment == "most-frequent":
        assert data.train.inputs[0][2].tolist() == [0, 1]


def test_that_columns_are_told_as_they_are(pets):
    columns = {column.name: column for column in prepared(pets, **PET_OPTIONS).report.columns}
    assert [column.use for column in columns.values()] == ["ignore", "target", "number", "number"]
    assert (columns["legs"].num_missing, columns["legs"].value_range) == (1, (2, 4))
    assert columns["kind"].examples == ("dog", "cat", "bird")
    assert columns["weight"].mean == pytest.approx(64.3 / 6)


def test_that_rows_are_shown_as_the_model_receives_them(pets):
    data = prepared(pets, **PET_OPTIONS)
    sample = with_samples(data).samples[1]
    assert (sample.label, sample.source) == ("cat", "row 3")
    assert sample.values[0] == ("weight", f"{data.train.inputs[0][1, 0]:.4g}")


def test_that_other_rows_are_shown_with_another_seed(written):
    rows = "".join(f"{at},{'ab'[at % 2]}\n" for at in range(40))
    data = prepared(written(f"size,kind\n{rows}"), facts(((1,),), ((2,),)), standardize=False)
    shown = [with_samples(data, seed=seed).samples for seed in (0, 1, 0)]
    assert shown[0] == shown[2] != shown[1]
    for sample in shown[1]:
        size = int(dict(sample.values)["size"])
        assert (sample.source, sample.label) == (f"row {size + 2}", "ab"[size % 2])


@pytest.mark.parametrize(
    ("name", "encoding", "change"),
    [
        ("t.csv", "utf-8", lambda text: text),
        ("t.csv", "utf-8-sig", lambda text: text),
        ("t.csv", "utf-16", lambda text: text),
        ("t.csv", "cp1252", lambda text: text.replace("bird", "vögel")),
        ("t.tsv", "utf-8", lambda text: text.replace(",", "\t")),
        ("t.csv", "utf-8", lambda text: text.replace(",", ";").replace(".", ",")),
        ("t.txt", "utf-8", lambda text: text.replace(",", "|")),
        ("t.csv", "utf-8", lambda text: text.replace("\n", "\r\n")),
    ],
    ids=["plain", "mark", "utf-16", "Latin", "tabs", "decimal comma", "bars", "Windows"],
)
def test_that_tables_are_read_however_they_are_written(written, name, encoding, change):
    data = prepared(written(change(PETS), name, encoding), standardize=False, **PET_OPTIONS)
    assert data.train.inputs[0][:, 0] == pytest.approx([30, 4, 0.1, 25, 5, 0.2])
    if encoding == "cp1252":
        assert "Windows-1252" in data.report.notes[0]
        assert data.report.bars[0][2].name == "vögel"


def test_that_a_table_that_is_no_utf_8_far_below_is_read_all_the_same(written):
    content = PETS + "Kim,cat,6,4\n" * 40_000 + "Ömer,cat,6,4\n"
    data = prepared(written(content, encoding="cp1252"), **PET_OPTIONS)
    assert data.train.num_samples == 40_007
    assert "Windows-1252" in data.report.notes[0]


def test_that_packed_tables_are_read(tmp_path):
    path = tmp_path / "pets.csv.gz"
    path.write_bytes(gzip.compress(PETS.encode()))
    assert prepared(path, **PET_OPTIONS).train.num_samples == 6


def test_that_parquet_is_read_with_its_own_types(tmp_path):
    table = pa.table(
        {
            "a": pa.array([1, 2, None, 4], pa.int32()),
            "flag": [True, False, True, None],
            "list": [[1], [2], [3], [4]],
            "kind": pa.array(["x", "y", "x", "y"]).dictionary_encode(),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    data = prepared(tmp_path / "t.parquet", facts(((4,),), ((2,),)), standardize=False)
    assert data.train.inputs[0][:2].tolist() == [[1, 0, 1, 0], [2, 1, 0, 0]]
    assert data.train.inputs[0][2, 0] == pytest.approx(7 / 3)
    assert data.train.targets[0].tolist() == [0, 1, 0, 1]
    assert "list" in data.report.notes[0]


# -- what is learned ------------------------------------------------------------------------------------------


def test_that_digits_in_columns_become_images():
    path = resource_path("demo", "digits.csv.gz")
    data = prepared(path, facts(((8, 8, 1),), ((10,),)), share=0.2)
    table = np.loadtxt(path, delimiter=",")
    assert data.train.inputs[0].shape == (1438, 8, 8, 1)
    assert data.train.inputs[0][0].ravel().tolist() == table[0, :-1].tolist()
    assert sum(bar.num_train + bar.num_validation for bar in data.report.bars[0]) == 1797
    assert [bar.name for bar in data.report.bars[0]] == [str(digit) for digit in range(10)]
    assert (data.report.preprocessing, data.report.value_range) == ("zero-to-one", (0, 1))
    sample = with_samples(data).samples[0]
    assert sample.picture.startswith(b"\x89PNG")
    assert sample.source.startswith("row ")


SERIES = "\n".join("\t".join(str(value) for value in (1 + at % 2, *np.sin(np.arange(12) + at))) for at in range(20))


@pytest.mark.parametrize(("outputs", "activation"), [(((2,),), "softmax"), (((1,),), "sigmoid")])
def test_that_series_with_labels_in_front_are_found(written, outputs, activation):
    data = prepared(written(SERIES, "series.tsv"), facts(((12, 1),), outputs, activation), share=0.2)
    assert data.report.kind == "series"
    assert data.train.inputs[0].shape == (16, 12, 1)
    assert (data.train.inputs[0].mean(), data.train.inputs[0].std()) == pytest.approx((0, 1), abs=1e-5)
    assert set(data.train.targets[0].tolist()) == {0, 1}
    assert len(with_samples(data).samples[0].series) == 12
    assert [(bar.name, bar.num_validation) for bar in data.report.bars[0]] == [("1", 2), ("2", 2)]


@pytest.mark.parametrize(
    ("labels", "activation", "units", "expected", "task"),
    [
        ("-1 1 1 -1", "sigmoid", 1, [0, 1, 1, 0], "binary"),
        ("1 2 3 1", "softmax", 3, [0, 1, 2, 0], "multi-class"),
        ("4 6 8 4", "softmax", 3, [0, 1, 2, 0], "multi-class"),
        ("0 2 1 2", "softmax", 3, [0, 2, 1, 2], "multi-class"),
        ("no yes yes no", "sigmoid", 1, [0, 1, 1, 0], "binary"),
        ("no yes yes no", "linear", 1, [0, 1, 1, 0], "binary"),
        ("0.5 1.5 2 3", "linear", 1, [0.5, 1.5, 2, 3], "regression"),
        ("1 2 3 4", "linear", 1, [1, 2, 3, 4], "regression"),
        ("true false true false", "sigmoid", 1, [1, 0, 1, 0], "binary"),
    ],
)
def test_that_what_is_learned_is_found_from_the_labels_and_the_last_layer(
    written, labels, activation, units, expected, task
):
    path = written("a,y\n" + "".join(f"{at},{label}\n" for at, label in enumerate(labels.split())))
    model = facts(((1,),), ((units,),), activation)
    data = prepared(path, model)
    assert data.train.targets[0].tolist() == expected
    assert data.tasks == (task,)
    assert problems(path, model) == {}


@pytest.mark.parametrize(
    ("header", "units", "activation", "target"),
    [
        ("kind,size,year", 3, "softmax", "kind"),
        ("size,kind,year", 3, "softmax", "year"),
        ("size,year,kind", 3, "softmax", "kind"),
        ("size,label,year", 3, "softmax", "label"),
        ("kind,size,year", 1, "linear", "year"),
        ("year,kind,size", 3, "softmax", "year"),
    ],
)
def test_that_what_is_learned_is_guessed_from_names_places_and_values(written, header, units, activation, target):
    values = {
        "kind": ["a", "b", "c", "a"],
        "size": ["0.5", "1.5", "2.5", "3.5"],
        "year": ["2007", "2008", "2009", "2007"],
    }
    values["label"] = values["kind"]
    names = header.split(",")
    rows = zip(*(values[name] for name in names), strict=True)
    path = written("\n".join([header, *(",".join(row) for row in rows)]))
    columns = prepared(path, facts((), ((units,),), activation)).report.columns
    assert [column.name for column in columns if column.use == "target"] == [target]


@pytest.mark.parametrize("task", ["auto", "multi-label"])
def test_that_several_labels_in_a_cell_are_learned_each_by_itself(written, tmp_path, task):
    path = written("a,tags\n1,red; round\n2,red\n3,\n4,round;big\n")
    held = written("a,tags\n5,big;red;round\n", "held.csv")
    data = prepared(path, facts(((1,),), ((3,),), "sigmoid"), task=task, standardize=False, validation=str(held))
    assert data.report.text.startswith("3 samples of 1 · 3 labels")
    assert data.class_names == ("big", "red", "round")
    assert data.train.targets[0].tolist() == [[0, 1, 1], [0, 1, 0], [1, 0, 1]]
    assert data.validation.targets[0].tolist() == [[1, 1, 1]]
    assert data.tasks == ("multi-label",)
    assert [(bar.name, bar.num_train) for bar in data.report.bars[0]] == [("big", 1), ("red", 2), ("round", 2)]
    assert [sample.label for sample in with_samples(data).samples] == ["red, round", "red", "big, round"]
    assert problems(path, facts(((1,),), ((3,),), "sigmoid"), task=task) == {}


def test_that_several_columns_are_learned_as_labels_of_one_output(written):
    path = written("a,red,round,y\n1,0,1,5\n2,1,1,6\n3,0,0,7\n")
    data = prepared(
        path, facts(((1,),), ((2,),), "sigmoid"), targets=("red", "round"), columns={"y": "ignore"}, standardize=False
    )
    assert data.train.targets[0].tolist() == [[0, 1], [1, 1], [0, 0]]
    assert data.tasks == ("multi-label",)
    assert [(bar.name, bar.num_train) for bar in data.report.bars[0]] == [("red", 1), ("round", 2)]


def test_that_inputs_and_outputs_are_found_by_their_names(written):
    path = written("price,age,town,y1,y2\n1,20,Rome,0,1.5\n2,30,Oslo,1,2.5\n3,40,Rome,0,3.5\n")
    model = facts(
        ((2,), (2,)),
        ((1,), (1,)),
        input_names=("town", "rest"),
        output_names=("y2", "y1"),
        activations=("linear", "sigmoid"),
    )
    data = prepared(path, model, standardize=False)
    assert data.train.inputs[0].tolist() == [[0, 1], [1, 0], [0, 1]]
    assert data.train.inputs[1].tolist() == [[1, 20], [2, 30], [3, 40]]
    assert [target.tolist() for target in data.train.targets] == [[1.5, 2.5, 3.5], [0, 1, 0]]
    assert data.tasks == ("regression", "binary")
    assert problems(path, model) == {}


def test_that_inputs_are_taken_as_named(written):
    path = written("a,b,c,y\n1,2,3,0\n4,5,6,1\n")
    model = facts(((1,), (2,)), ((1,),), "sigmoid", input_names=("left", "right"))
    data = prepared(path, model, inputs={"left": ("c",), "right": ("b", "a")}, standardize=False)
    assert data.train.inputs[0].tolist() == [[3], [6]]
    assert data.train.inputs[1].tolist() == [[2, 1], [5, 4]]


def test_that_an_embedding_takes_the_numbers_of_categories(written):
    path = written("town,y\nRome,0\nOslo,1\nRome,1\n")
    model = facts(((1,),), ((1,),), "sigmoid", vocabularies=(5,), input_dtypes=("int32",))
    data = prepared(path, model)
    assert data.train.inputs[0].tolist() == [[1], [0], [1]]
    assert data.train.inputs[0].dtype == np.int32


# -- parts ----------------------------------------------------------------------------------------------------


def test_that_a_table_to_validate_on_has_the_scale_and_the_categories_of_training(written):
    train = written("a,town,y\n0,Rome,no\n2,Oslo,yes\n", "train.csv")
    held = written("y,town,a\nyes,Paris,4\nno,Rome,1\n", "held.csv")
    data = prepared(train, facts(((3,),), ((1,),), "sigmoid"), share=0.5, validation=str(held), test=str(held))
    assert data.train.inputs[0].tolist() == [[-1, 0, 1], [1, 1, 0]]
    assert data.validation.inputs[0].tolist() == [[3, 0, 0], [0, 0, 1]]
    assert data.validation.targets[0].tolist() == [1, 0]
    assert data.has_own_validation
    assert data.report.num_test == 2
    assert "column town that the training data do not have" in data.report.notes[-1]
    assert "row 2" in data.report.notes[-1]


def test_that_a_drawn_part_keeps_the_shares_of_the_classes_and_follows_the_seed(written):
    path = written("a,y\n" + "".join(f"{at},{'rare' if at % 10 == 0 else 'usual'}\n" for at in range(100)))
    model = facts(((1,),), ((1,),), "sigmoid")
    first, same, other = (prepared(path, model, share=0.2, seed=seed) for seed in (1, 1, 2))
    assert [(bar.name, bar.num_train, bar.num_validation) for bar in first.report.bars[0]] == [
        ("rare", 8, 2),
        ("usual", 72, 18),
    ]
    assert np.array_equal(first.train.inputs[0], same.train.inputs[0])
    assert not np.array_equal(first.train.inputs[0], other.train.inputs[0])


def test_that_rare_classes_weigh_more_where_that_is_chosen(written):
    path = written("a,y\n" + "".join(f"{at},{'rare' if at % 4 == 0 else 'usual'}\n" for at in range(16)))
    data = prepared(path, facts(((1,),), ((1,),), "sigmoid"), balance_classes=True)
    assert data.class_weight == {0: pytest.approx(2.0), 1: pytest.approx(16 / 24)}


def test_that_columns_are_told_also_where_they_do_not_fit(pets):
    with pytest.raises(UnfitDataError, match="takes 5") as caught:
        prepared(pets, facts(((5,),)), **PET_OPTIONS)
    report = caught.value.report
    assert report.text == "6 rows of 4 columns"
    assert [column.use for column in report.columns] == ["ignore", "target", "number", "number"]


def test_that_more_classes_than_outputs_are_shown_and_said(pets):
    model = facts(((2,),), ((2,),))
    data = prepared(pets, model, **PET_OPTIONS)
    assert data.class_names == ("bird", "cat", "dog")
    assert "There are 3 classes in column kind (bird, cat, dog)" in problems(pets, model, **PET_OPTIONS)["data"]


def test_that_a_file_that_has_changed_is_read_again(pets):
    assert prepared(pets, **PET_OPTIONS).train.num_samples == 6
    pets.write_text(PETS + "Kim,cat,6,4\n")
    assert prepared(pets, **PET_OPTIONS).train.num_samples == 7


# -- rows and columns as people have them ---------------------------------------------------------------------


def test_that_line_breaks_in_quoted_cells_are_read_in_large_tables_too(written):
    text = '"first line\n\n' + 60 * "long, " + '"'
    path = written("a,note,y\n" + "".join(f"{at},{text},{at % 2}\n" for at in range(12_000)) + "x,short,1\n")
    assert path.stat().st_size > BLOCK_BYTES
    options = {"columns": {"note": "ignore"}}
    with pytest.raises(DataError, match=r"Row 12,002 of table.csv holds 'x' in column a"):
        prepared(path, facts(((1,),), ((2,),)), **options)
    path.write_text(path.read_text().replace("x,short", "7,short"))
    assert prepared(path, facts(((1,),), ((2,),)), **options).train.num_samples == 12_001


@pytest.mark.parametrize("num_rows", [3, 800_000])
def test_that_a_quotation_mark_that_is_not_closed_is_told_with_its_row(written, num_rows):
    path = written('a,b,y\n1,2,0\n\n1,"2,1\n' + "1,2,0\n" * num_rows)
    with pytest.raises(DataError, match=r"Row 4 of table[.]csv opens a quotation mark that is not closed"):
        prepared(path, facts(((2,),), ((2,),)))


@pytest.mark.parametrize("empty", ["\n", "  \n", ",,\n", "\r\n"])
def test_that_empty_rows_are_left_out_and_counted_in_row_numbers(written, empty):
    head = f"a,b,y\n{empty}" if empty == ",,\n" else f"{empty}a,b,y\n"
    path = written(f"{head}{3 * empty}1,2,0\n{empty}3,4,1\n5,6,\n{empty}5,6,0\n{empty}")
    data = prepared(path, facts(((2,),), ((2,),)), standardize=False)
    assert data.train.inputs[0].tolist() == [[1, 2], [3, 4], [5, 6]]
    assert [sample.source for sample in with_samples(data).samples] == ["row 6", "row 8", "row 11"]
    assert [(each.name, data.report.num_skipped) for each in data.report.skipped] == [("row 9 of table.csv", 1)]
    assert [column.num_missing for column in data.report.columns] == [0, 0, 1]


@pytest.mark.parametrize("content", ["a,b,y", "a,b,y\n", "a,b,y\n\n\n", "a,b,y\n,,\n"])
def test_that_a_header_alone_is_told(written, content):
    with pytest.raises(DataError, match="has a header, but no rows"):
        prepared(written(content))


@pytest.mark.parametrize("use", ["ignore", "number", "category"])
def test_that_a_column_with_a_chosen_use_is_not_guessed_to_be_learned(written, use):
    path = written("a,size,kind\n1,0,0\n2,1,1\n3,0,0\n")
    data = prepared(path, facts(((None,),), ((2,),)), columns={"kind": use})
    assert {column.name: column.use for column in data.report.columns} == {"a": "number", "size": "target", "kind": use}


def test_that_an_empty_column_is_not_guessed_to_be_learned(written):
    path = written("a,b,kind,\n1,2,x,\n3,4,y,\n")
    data = prepared(path, facts(((2,),), ((2,),)))
    assert [column.use for column in data.report.columns] == ["number", "number", "target", "ignore"]


def test_that_nothing_left_to_learn_is_told(written):
    with pytest.raises(DataError, match="no column left to be learned"):
        prepared(written("a,b\n1,2\n"), columns={"a": "number", "b": "ignore"})


# -- words and numbers as people write them -------------------------------------------------------------------

SEVERITY = "a,severity\n1,none\n2,mild\n3,severe\n4,None\n5,mild\n6,\n"


def test_that_a_class_that_looks_like_a_missing_value_is_told(written):
    data = prepared(written(SEVERITY), facts(((1,),), ((2,),)))
    assert data.class_names == ("mild", "severe")
    assert data.report.num_skipped == 3
    note = next(note for note in data.report.notes if "missing value" in note)
    assert note.startswith("'none' and 'None' in column severity (2 rows) are taken for a missing value")
    path = written(SEVERITY.replace("None", "none").replace("6,\n", "6,none\n"))
    skipped = prepared(path, facts(((1,),), ((2,),))).report.skipped
    assert skipped[0].reason == "'none' in column severity is taken for a missing value"


def test_that_a_class_that_looks_like_a_missing_value_can_be_kept(written):
    held = written("a,severity\n1,none\n2,mild\n", "held.csv")
    path = written(SEVERITY.replace("None", "none"))
    data = prepared(path, facts(((1,),)), missing={"severity": "category"}, validation=str(held))
    assert data.class_names == ("mild", "none", "severe")
    assert data.train.targets[0].tolist() == [1, 0, 2, 1, 0]
    assert data.validation.targets[0].tolist() == [1, 0]
    assert [each.name for each in data.report.skipped] == ["row 7 of table.csv"]
    assert {column.name: column.num_missing for column in data.report.columns} == {"a": 0, "severity": 1}


@pytest.mark.parametrize("treatment", ["mean", "most-frequent"])
def test_that_a_value_to_learn_is_never_made_up(written, treatment):
    with pytest.raises(DataError, match="Column severity is learned; a missing value in it cannot be made up"):
        prepared(written(SEVERITY), facts(((1,),), ((2,),)), missing={"severity": treatment})


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("${}.50", "numbers with a currency sign, such as '$0.50'"),
        ("{} %", "numbers with a percent sign, such as '0 %'"),
        ('"{},100"', "numbers with separators of thousands, such as '0,100'"),
        ("no {}", "text of too many kinds for a category, such as 'no 0'"),
        ("", "Column a is empty and left out"),
    ],
)
def test_that_a_column_left_out_is_named_where_the_width_does_not_fit(written, cell, words):
    path = written("a,b,kind\n" + "".join(f"{cell.format(at)},{at},{'xy'[at % 2]}\n" for at in range(30)))
    with pytest.raises(DataError, match=r"make 1 value for each row \(b: 1\)") as caught:
        prepared(path, facts(((2,),), ((2,),)))
    assert words in caught.value.hint


def test_that_numbers_taken_for_categories_by_a_sign_are_told(written):
    notes = prepared(written("a,kind\n5%,x\n6%,y\n5%,x\n"), facts(((2,),), ((2,),))).report.notes
    assert any("Column a holds numbers with a percent sign, such as '5%'" in note for note in notes)


@pytest.mark.parametrize("column", ["a", "y"])
def test_that_a_number_beyond_what_a_model_can_take_is_told_with_its_row(written, column):
    rows = "".join(f"{at},{at}.5\n" for at in range(5)) + ("4e39,1\n" if column == "a" else "1,-4e39\n")
    with pytest.raises(DataError, match=f"Row 7 of .* holds -?4e39 in column {column}, which is too large"):
        prepared(written(f"a,y\n{rows}"), facts(((1,),), ((1,),), "linear"))


# -- what is told ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "index", "Unnamed: 0"])
def test_that_a_column_that_counts_the_rows_is_no_input(written, name):
    rows = "".join(f"{at},{at % 3},{7 - at},{'xy'[at % 2]}\n" for at in range(6))
    path = written(f"{name},a,b,kind\n{rows}")
    data = prepared(path, facts(((2,),), ((2,),)))
    assert [column.use for column in data.report.columns] == ["ignore", "number", "number", "target"]
    assert any("only counts the rows and is left out" in note for note in data.report.notes)
    kept = prepared(path, facts(((3,),), ((2,),)), columns={name or "column 1": "number"})
    assert kept.train.inputs[0].shape == (6, 3)


def test_that_numbers_that_rise_without_counting_rows_are_inputs(written):
    data = prepared(written("index,a,kind\n0,1,x\n1,2,y\n3,3,x\n"), facts(((2,),), ((2,),)))
    assert data.report.columns[0].use == "number"


def test_that_samples_of_a_table_are_told_by_their_rows(written):
    path = written("a,kind\n" + "\n".join(f"{at},{'xy'[at % 2]}" for at in range(10)))
    data = prepared(path, facts(((1,),), ((2,),)), share=0.5, standardize=False)
    assert [data.sources[at] for at in range(5)] == [f"row {int(value) + 2}" for value in data.train.inputs[0][:, 0]]


def test_that_classes_are_counted_before_a_part_is_drawn(written):
    data = prepared(written("a,kind\n1,x\n2,y\n"), facts(((1,),), ((2,),)), share=0.5)
    assert data.report.text == "2 samples of 1 · 2 classes"


def test_that_whole_numbers_to_be_learned_as_numbers_are_no_classes(written):
    data = prepared(written("a,y\n1,1\n2,2\n3,4\n"), facts(((1,),), ((1,),), "linear"))
    assert data.report.text == "3 samples of 1 · targets of 1 value"


def test_that_outputs_without_a_class_are_explained(written):
    data = prepared(written("a,kind\n1,x\n2,y\n3,z\n"), facts(((1,),), ((10,),)))
    assert "10 outputs and the data 3 classes: outputs 4 to 10 stand for none of them" in data.report.notes[-1]


def test_that_rows_of_very_many_columns_are_read(written):
    numbers = ",".join(["0.1"] * 80_000)
    names = ",".join(f"g{at}" for at in range(80_000))
    path = written(f"{names},kind\n{numbers},x\n{numbers},y\n")
    dialect = find_dialect(path)
    assert (len(dialect.names), dialect.separator, dialect.has_header) == (80_001, ",", True)
    piece = next(TableFile(path).pieces(("g0", "kind")))
    assert piece.columns["kind"].to_pylist() == ["x", "y"]


def test_that_a_class_that_is_only_validated_on_is_named(written):
    path = written("a,kind\n1,x\n2,y\n")
    notes = prepared(path, facts(((1,),), ((2,),)), share=0.5).report.notes
    assert any(note.startswith("No sample of ") and "is left to train on" in note for note in notes)


def test_that_data_that_are_trained_and_validated_on_are_told(pets):
    notes = prepared(pets, validation=str(pets), test=f"{pets.parent}/../{pets.parent.name}/pets.csv", **PET_OPTIONS)
    told = [note for note in notes.report.notes if "are the training data themselves" in note]
    assert [note.split()[3] for note in told] == ["validate", "test"]


def test_that_a_column_that_is_learned_and_an_input_is_told(written):
    path = written("a,b,y\n1,2,0\n2,3,1\n")
    data = prepared(path, facts(((2,),), ((2,),), input_names=("left",)), inputs={"left": ("a", "y")})
    assert any(note.startswith("Both learned and an input") and note.endswith(": y.") for note in data.report.notes)


def test_that_the_column_that_is_learned_is_told_also_where_the_others_do_not_fit(written):
    path = written("kind,size\nx,0.5\ny,1.5\nx,2.5\n")
    with pytest.raises(
        UnfitDataError, match=r"^Column kind is learned; the other columns make 1 value .* 5\."
    ) as caught:
        prepared(path, facts(((5,),), ((2,),)))
    assert [column.use for column in caught.value.report.columns] == ["target", "number"]


def test_that_samples_to_test_on_are_counted(pets):
    text = prepared(pets, validation=str(pets), test=str(pets), **PET_OPTIONS).report.text
    assert text == "6 samples of 2 · 3 classes · 6 more for validation · 6 more for testing"


@pytest.mark.parametrize(
    ("content", "model", "expected"),
    [
        ("a,b,y\n1,2,0\n3,4,1\n", facts(((2,),), ((2,),)), True),
        ("a,b,y\n1,2,0\n3,4,1\n", facts(((2,),), ((2,),), has_normalization=True), False),
        ("a,b,y\n1,2,0\n3,4,1\n", facts(((1, 2, 1),), ((2,),)), False),
        ("a,b,y\nu,v,0\nu,v,1\n", facts(((2,),), ((2,),)), False),
    ],
    ids=["numbers", "Normalization", "pictures", "categories"],
)
def test_that_it_is_told_whether_numbers_can_be_standardized(written, content, model, expected):
    assert prepared(written(content), model).report.can_standardize == expected


def test_that_missing_values_of_what_is_learned_are_told_as_they_are_treated(written):
    path = written("kind,size\nx,1\n,2\ny,3\n")
    with pytest.raises(UnfitDataError) as caught:
        prepared(path, facts(((5,),), ((2,),)))
    told = caught.value.report.columns[0]
    assert (told.use, told.missing) == ("target", "drop")
