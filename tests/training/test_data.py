import hashlib
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from editor.errors import DataError
from editor.training.data import TrainData, hold_out, load_data
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


def refusal(name):
    """The refusal of a file: one sentence, with a hint."""
    with pytest.raises(DataError) as caught:
        load_data(name)
    assert caught.value.hint
    assert caught.value.summary.endswith(".")
    return str(caught.value)


# -- the sample -----------------------------------------------------------------------------------------------


def test_that_the_digits_are_images_from_0_to_1_with_ten_classes():
    digits = load_data("sample:digits")
    assert digits.x.shape == (1797, 8, 8, 1)
    assert digits.x.dtype == np.float32
    assert (digits.x.min(), digits.x.max()) == (0, 1)
    assert digits.y.dtype == np.int64
    assert sorted(set(digits.y.tolist())) == list(range(10))
    assert not digits.has_validation
    assert digits.describe() == "1,797 samples of 8 × 8 × 1 · 10 classes"


def test_that_an_unknown_sample_is_refused():
    assert refusal("sample:letters") == "There is no sample called 'letters'. Use sample:digits."


def test_that_the_digits_are_the_published_file():
    content = resource_path("demo", "digits.csv.gz").read_bytes()
    assert hashlib.sha256(content).hexdigest() == "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22"


# -- files ----------------------------------------------------------------------------------------------------


def test_that_arrays_come_back_as_saved(saved):
    data = load_data(saved(x=X, y=Y, x_val=X[:2], y_val=Y[:2], other=np.zeros(3)))
    assert np.array_equal(data.x, X)
    assert np.array_equal(data.y, Y)
    assert np.array_equal(data.x_val, X[:2])
    assert np.array_equal(data.y_val, Y[:2])
    assert data.num_samples == 6


def test_that_compressed_files_are_read(tmp_path):
    np.savez_compressed(tmp_path / "data.npz", x=X, y=Y)
    assert np.array_equal(load_data(str(tmp_path / "data.npz")).x, X)


def test_that_text_is_read(saved):
    data = load_data(saved(x=np.array(["good", "bad"]), y=np.array(["yes", "no"])))
    assert data.y.tolist() == ["yes", "no"]


def test_that_a_missing_file_is_refused(tmp_path):
    assert "There is no file" in refusal(str(tmp_path / "nowhere.npz"))


def test_that_a_folder_is_refused(tmp_path):
    assert "There is no file" in refusal(str(tmp_path))


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


@pytest.mark.parametrize("values", [np.zeros((0, 4)), np.array(3.0)], ids=["no rows", "a single number"])
def test_that_arrays_without_samples_are_refused(saved, values):
    assert "x in data.npz holds no samples" in refusal(saved(x=values, y=values))


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
        loaded = load_data(str(folder / "damaged.npz"))
    except DataError as error:
        assert error.hint
    else:
        assert np.array_equal(loaded.x, X)
        assert np.array_equal(loaded.y, Y)


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
    assert TrainData(x, y).describe() == text


def test_that_a_validation_part_is_described():
    assert TrainData(X, Y, X[:2], Y[:2]).describe() == "6 samples of 4 · 3 classes · 2 more for validation"


# -- holding out ----------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.integers(2, 200), st.floats(0.0, 0.999), st.integers(0, 2**32 - 1))
def test_that_holding_out_keeps_every_sample_once_and_beside_its_label(total, share, seed):
    x = np.arange(total, dtype=float)
    parts = hold_out(TrainData(x, x * 10), share, seed)
    if share == 0:
        assert parts.x_val is None
        return
    assert sorted([*parts.x.tolist(), *parts.x_val.tolist()]) == x.tolist()
    assert np.array_equal(parts.y, parts.x * 10)
    assert np.array_equal(parts.y_val, parts.x_val * 10)
    assert len(parts.x) >= 1
    assert len(parts.x_val) >= 1
    assert abs(len(parts.x_val) - total * share) <= 1


def test_that_the_seed_decides_what_is_held_out():
    data = load_data("sample:digits")
    first, same, other = (hold_out(data, 0.2, seed) for seed in (7, 7, 8))
    assert np.array_equal(first.x_val, same.x_val)
    assert not np.array_equal(first.y_val, other.y_val)
    assert len(first.x_val) == 359


def test_that_data_with_their_own_validation_part_stay_as_they_are():
    data = TrainData(X, Y, X[:2], Y[:2])
    assert hold_out(data, 0.5, 1) is data


def test_that_a_single_sample_cannot_be_shared():
    with pytest.raises(DataError, match="One sample"):
        hold_out(TrainData(X[:1], Y[:1]), 0.2, 1)
