import hashlib
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from editor.errors import DataError
from editor.training.data import prepare
from editor.training.data.reporting import describe
from editor.training.data.splitting import draw_validation
from editor.training.model_facts import ModelFacts
from editor.training.settings import TrainSettings
from resources import resource_path

X = np.arange(24, dtype=np.float32).reshape(6, 4)
Y = np.array([0, 1, 2, 0, 1, 2])


@pytest.fixture
def saved(tmp_path):
    """Writes arrays to an `.npz` and returns its path."""

    def save(**arrays):
        path = tmp_path / "data.npz"
        np.savez(path, **arrays)
        return str(path)

    return save


UNKNOWN = ModelFacts((), (), None, "Custom", ())


def load(name, share=0.0, seed=1, facts=UNKNOWN):
    return prepare(TrainSettings(data=str(name), validation_split=share), facts, seed)


def refusal(name):
    """The refusal of a file: one sentence, with a hint."""
    with pytest.raises(DataError) as caught:
        load(name)
    assert caught.value.hint
    assert caught.value.summary.endswith(".")
    return str(caught.value)


# -- the sample -----------------------------------------------------------------------------------------------


def test_that_the_digits_are_images_from_0_to_1_with_ten_classes():
    digits = load("sample:digits")
    x, y = digits.train.inputs[0], digits.train.targets[0]
    assert x.shape == (1797, 8, 8, 1)
    assert x.dtype == np.float32
    assert (x.min(), x.max()) == (0, 1)
    assert y.dtype == np.int64
    assert sorted(set(y.tolist())) == list(range(10))
    assert not digits.validation
    assert digits.report.text == "1,797 samples of 8 × 8 × 1 · 10 classes"


def test_that_an_unknown_sample_is_refused():
    assert refusal("sample:letters") == "There is no sample called 'letters'. Use sample:digits."


def test_that_the_digits_are_the_published_file():
    content = resource_path("demo", "digits.csv.gz").read_bytes()
    assert hashlib.sha256(content).hexdigest() == "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22"


# -- files ----------------------------------------------------------------------------------------------------


def test_that_arrays_come_back_as_saved(saved):
    data = load(saved(x=X, y=Y, x_val=X[:2], y_val=Y[:2], other=np.zeros(3)), 0.5)
    assert np.array_equal(data.train.inputs[0], X)
    assert np.array_equal(data.train.targets[0], Y)
    assert np.array_equal(data.validation.inputs[0], X[:2])
    assert np.array_equal(data.validation.targets[0], Y[:2])
    assert data.has_own_validation
    assert data.report.text == "6 samples of 4 · 3 classes · 2 more for validation"


def test_that_compressed_files_are_read(tmp_path):
    np.savez_compressed(tmp_path / "data.npz", x=X, y=Y)
    assert np.array_equal(load(tmp_path / "data.npz").train.inputs[0], X)


def test_that_text_is_read(saved):
    data = load(saved(x=np.array(["good", "bad"]), y=np.array(["yes", "no"])))
    assert data.train.inputs[0].tolist() == ["good", "bad"]
    assert data.train.targets[0].tolist() == [1, 0]
    assert "(no, yes) are numbered from 0" in data.report.notes[0]


def test_that_a_missing_file_is_refused(tmp_path):
    assert "There is no file" in refusal(str(tmp_path / "nowhere.npz"))


def test_that_an_empty_folder_is_refused(tmp_path):
    assert "holds no images" in refusal(str(tmp_path))


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\x80\x04N."], ids=["empty", "text", "pickle"])
def test_that_what_is_no_zip_is_refused(tmp_path, content):
    path = tmp_path / "data.npz"
    path.write_bytes(content)
    assert "is not a complete .npz file" in refusal(str(path))


def test_that_a_truncated_file_is_refused(saved, tmp_path):
    content = (tmp_path / saved(x=X, y=Y)).read_bytes()
    (tmp_path / "half.npz").write_bytes(content[: len(content) // 2])
    assert "half.npz is not a complete .npz file" in refusal(str(tmp_path / "half.npz"))


def test_that_a_zip_with_another_content_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "data.npz", "w") as archive:
        archive.writestr("x.npy", "not an array")
        archive.writestr("y.npy", "not an array")
    assert "damaged" in refusal(str(tmp_path / "data.npz"))


def test_that_python_objects_are_refused_and_never_unpickled(saved, tmp_path):
    trap = tmp_path / "trap"

    class Trap:
        def __reduce__(self):
            return (open, (str(trap), "w"))

    text = refusal(saved(x=np.array([Trap(), Trap()], dtype=object), y=np.array([0, 1])))
    assert "x in data.npz holds Python objects; numbers are needed." in text
    assert "numpy.asarray" in text
    assert not trap.exists()


@pytest.mark.parametrize("values", [np.zeros(6, dtype="complex64"), np.zeros(6, dtype="datetime64[s]")])
def test_that_values_that_are_no_numbers_are_refused(saved, values):
    assert f"holds values of type {values.dtype}" in refusal(saved(x=X, y=values))


@pytest.mark.parametrize("name", ["x", "y"])
def test_that_a_missing_array_is_named(saved, name):
    arrays = {"x": X, "y": Y}
    del arrays[name]
    assert f"has no array {name}." in refusal(saved(**arrays))


def test_that_different_lengths_are_refused_with_both_numbers(saved):
    assert "x in data.npz has 6 samples, but y has 5." in refusal(saved(x=X, y=Y[:5]))


def test_that_different_lengths_of_the_validation_part_are_refused(saved):
    assert "x_val in data.npz has 6 samples, but y_val has 2." in refusal(saved(x=X, y=Y, x_val=X, y_val=Y[:2]))


@pytest.mark.parametrize(
    ("values", "said"),
    [(np.zeros((0, 4)), "x in data.npz holds no samples"), (np.array(3.0), "x in data.npz is one single value")],
    ids=["no rows", "a single number"],
)
def test_that_arrays_without_samples_are_refused(saved, values, said):
    assert said in refusal(saved(x=values, y=values))


@pytest.mark.parametrize("name", ["x", "y", "x_val", "y_val"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_that_values_that_are_not_finite_are_counted_and_refused(saved, name, value):
    arrays = {"x": X.copy(), "y": Y.astype(float), "x_val": X.copy(), "y_val": Y.astype(float)}
    arrays[name].flat[:2] = value
    assert f"{name} in data.npz holds 2 values that are not finite" in refusal(saved(**arrays))


@pytest.mark.parametrize(("given_name", "absent"), [("x_val", "y_val"), ("y_val", "x_val")])
def test_that_half_a_validation_part_is_refused(saved, given_name, absent):
    assert f"has {given_name} but no {absent}" in refusal(saved(x=X, y=Y, **{given_name: X}))


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_that_a_damaged_file_is_refused_or_read_right(tmp_path_factory, data):
    folder = tmp_path_factory.getbasetemp()
    path = folder / "whole.npz"
    np.savez_compressed(path, x=X, y=Y)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (folder / "damaged.npz").write_bytes(content)
    try:
        loaded = load(folder / "damaged.npz").train
    except DataError as error:
        assert error.hint
    else:
        assert np.array_equal(loaded.inputs[0], X)
        assert np.array_equal(loaded.targets[0], Y)


# -- words ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "y", "text"),
    [
        (X, Y, "6 samples of 4 · 3 classes"),
        (X, Y[:, np.newaxis], "6 samples of 4 · 3 classes"),
        (X[:, 0], Y.astype(float), "6 samples of 1 value · 3 classes"),
        (X[:1], Y[:1], "1 sample of 4 · 1 class"),
        (X, np.eye(3)[Y], "6 samples of 4 · 3 classes, one-hot"),
        (X, Y + 0.5, "6 samples of 4 · targets of 1 value"),
        (X, X, "6 samples of 4 · targets of 4 values"),
        (X, np.array(["a", "b", "a", "b", "a", "b"]), "6 samples of 4 · 2 classes"),
        (np.zeros((2, 1000, 3)), np.zeros((2, 5, 5), int), "2 samples of 1,000 × 3 · 1 class"),
        (np.zeros((150, 2)), np.arange(150.0), "150 samples of 2 · targets of 1 value"),
    ],
)
def test_that_data_are_described_in_one_line(x, y, text):
    assert describe([x], [y], len(x)) == text


# -- holding out ----------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(
    st.integers(2, 200),
    st.floats(0.0, 0.999),
    st.integers(0, 2**32 - 1),
    st.one_of(st.none(), st.integers(1, 12)),
)
def test_that_holding_out_keeps_every_sample_once(total, share, seed, num_classes):
    classes = None if num_classes is None else np.random.default_rng(seed).integers(num_classes, size=total)
    kept, held = draw_validation(total, share, seed, classes)
    assert sorted([*kept.tolist(), *held.tolist()]) == list(range(total))
    assert kept.tolist() == sorted(kept.tolist())
    assert held.tolist() == sorted(held.tolist())
    if share == 0:
        assert len(held) == 0
        return
    assert len(kept) >= 1
    assert len(held) >= 1
    assert abs(len(held) - total * share) <= 1


def test_that_a_stratified_part_has_the_shares_of_the_classes():
    classes = np.repeat([0, 1, 2], [50, 30, 20])
    _, held = draw_validation(100, 0.1, 3, classes)
    assert np.bincount(classes[held]).tolist() == [5, 3, 2]


def test_that_the_seed_decides_what_is_held_out():
    first, same, other = (load("sample:digits", 0.2, seed) for seed in (7, 7, 8))
    assert np.array_equal(first.validation.inputs[0], same.validation.inputs[0])
    assert not np.array_equal(first.validation.inputs[0], other.validation.inputs[0])
    assert first.validation.num_samples == 359
    assert [bar.num_validation for bar in first.report.bars[0]] == [bar.num_validation for bar in other.report.bars[0]]


def test_that_a_single_sample_is_not_shared(saved):
    data = load(saved(x=X[:1], y=Y[:1]), 0.2)
    assert (data.train.num_samples, data.validation) == (1, None)
