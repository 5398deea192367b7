import h5py
import numpy as np
import pytest

from editor.errors import DataError
from editor.training.progress import GivenUpError, heard_by
from tests.processes.damaged_files import write_hanging_hdf5
from tests.training.tables import facts, prepared, problems

X = np.arange(24, dtype=np.float32).reshape(6, 4)
Y = np.array([0, 1, 2, 0, 1, 2])
MODEL = facts(((4,),))
TWO = facts(
    ((4,), (2,)),
    ((3,), (1,)),
    input_names=("picture", "size"),
    output_names=("kind", "price"),
    activations=("softmax", "linear"),
)


def write_h5(path, **arrays):
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name.replace("__", "/")] = array
    return path


def write_npz(path, **arrays):
    np.savez(path, **arrays)
    return path


def write_npy(path, **arrays):
    for name, array in arrays.items():
        np.save(path.parent / f"{path.stem}_{name}.npy", array)
    return path.parent / f"{path.stem}_x.npy"


# -- files ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("write", "name"), [(write_h5, "data.h5"), (write_h5, "data.hdf5"), (write_npz, "data.npz"), (write_npy, "data")]
)
def test_that_arrays_are_read_from_every_kind_of_file(tmp_path, write, name):
    path = write(tmp_path / name, x=X, y=Y, x_val=X[:2], y_val=Y[:2], x_test=X[:1], y_test=Y[:1])
    data = prepared(path, MODEL)
    assert np.array_equal(data.train.inputs[0], X)
    assert np.array_equal(data.train.targets[0], Y)
    assert (data.validation.num_samples, data.test.num_samples) == (2, 1)
    assert data.has_own_validation
    assert [bar.num_train for bar in data.report.bars[0]] == [2, 2, 2]
    assert problems(path, MODEL) == {}


def test_that_a_folder_of_arrays_is_read_and_mapped(tmp_path):
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", Y)
    for path in (tmp_path, tmp_path / "x.npy", tmp_path / "y.npy"):
        data = prepared(path, MODEL)
        assert np.array_equal(data.train.inputs[0], X)
        assert isinstance(data.train.inputs[0], np.memmap)


@pytest.mark.parametrize(
    "names",
    [
        ("x_train", "y_train", "x_test", "y_test"),
        ("X_train", "Y_train", "X_test", "Y_test"),
        ("train_images", "train_labels", "test_images", "test_labels"),
        ("arr_0", "arr_1", "", ""),
    ],
)
def test_that_arrays_are_found_by_the_names_that_people_give(tmp_path, names):
    arrays = dict(zip(names, (X, Y, X[:2], Y[:2]), strict=True))
    arrays.pop("", None)
    data = prepared(write_npz(tmp_path / "data.npz", **arrays), MODEL)
    assert np.array_equal(data.train.inputs[0], X)
    assert np.array_equal(data.train.targets[0], Y)
    assert data.validation is None
    assert (data.test.num_samples if data.test else 0) == (2 if names[2] else 0)


def test_that_groups_of_a_file_are_parts(tmp_path):
    path = write_h5(tmp_path / "data.h5", train__x=X, train__y=Y, val__x=X[:3], val__y=Y[:3])
    assert prepared(path, MODEL).validation.num_samples == 3


def test_that_text_in_h5_is_read(tmp_path):
    path = write_h5(tmp_path / "data.h5", x=X, y=np.array(["b", "a", "c"] * 2, dtype="S1"))
    data = prepared(path, MODEL)
    assert data.train.targets[0].tolist() == [1, 0, 2, 1, 0, 2]
    assert data.class_names == ("a", "b", "c")


def test_that_arrays_of_other_names_are_chosen_for_a_model_of_one_input(tmp_path):
    path = write_npz(tmp_path / "data.npz", pictures=X, y=Y, other=Y)
    data = prepared(path, MODEL, inputs={"scan": ("pictures",)}, outputs={"kind": ("other",)})
    assert np.array_equal(data.train.inputs[0], X)
    assert data.target_names == ("other",)


def test_that_a_file_that_hangs_hdf5_is_refused(tmp_path):
    path = write_hanging_hdf5(tmp_path / "data.h5")
    with pytest.raises(DataError, match=r"data.h5 cannot be read: HDF5 got stuck"):
        prepared(path, MODEL)


def test_that_looking_through_a_file_can_be_given_up(tmp_path):
    def give_up(doing, *_):
        assert doing == "Looking through data.h5"
        raise GivenUpError

    with heard_by(give_up), pytest.raises(GivenUpError):
        prepared(write_hanging_hdf5(tmp_path / "data.h5"), MODEL)


def test_that_large_arrays_are_read_piece_by_piece(tmp_path):
    x = np.arange(6_000_000, dtype=np.float32).reshape(-1, 4)
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file.create_dataset("x", data=x, chunks=(7_000, 4))
        file["y"] = np.arange(len(x)) % 3
    told = []
    with heard_by(lambda *step: told.append(step)):
        data = prepared(tmp_path / "data.h5", MODEL)
    assert np.array_equal(data.train.inputs[0], x)
    assert [step[1:] for step in told if step[0] == "Reading MB of data.h5" and step[2] == 24] == [(0, 24), (16, 24)]


def test_that_links_out_of_a_file_are_refused(tmp_path):
    write_h5(tmp_path / "secret.h5", x=X)
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"] = h5py.ExternalLink("secret.h5", "x")
        file["y"] = Y
    with pytest.raises(DataError, match="link to another file") as caught:
        prepared(tmp_path / "data.h5", MODEL)
    assert "plain datasets" in caught.value.hint


def test_that_parts_of_their_own_are_read_from_their_files(tmp_path):
    path, held = write_npz(tmp_path / "a.npz", x=X, y=Y), write_npz(tmp_path / "b.npz", x=X[:3], y=Y[:3])
    data = prepared(path, MODEL, share=0.5, validation=str(held), test=str(held))
    assert (data.train.num_samples, data.validation.num_samples, data.test.num_samples) == (6, 3, 3)


def test_that_a_number_beyond_what_a_model_can_take_is_told_with_its_sample(tmp_path):
    path = write_npz(tmp_path / "data.npz", x=np.where(np.arange(24).reshape(6, 4) == 17, -1e300, X.astype(float)), y=Y)
    with pytest.raises(DataError, match=r"holds -1e\+300 in sample 4, counted from 0, which is too large"):
        prepared(path, MODEL)


def test_that_samples_of_arrays_are_told_by_their_places(tmp_path):
    data = prepared(write_npz(tmp_path / "data.npz", x=X, y=Y), MODEL, share=0.5)
    assert [data.sources[at] for at in range(3)] == [f"x[{row[0] / 4:.0f}]" for row in data.train.inputs[0]]


def test_that_an_array_that_is_lacking_is_called_as_the_others_are(tmp_path):
    path = write_npz(tmp_path / "data.npz", x_train=X, y_train=Y, x_test=X[:2])
    with pytest.raises(DataError, match="has x_test but no y_test"):
        prepared(path, MODEL)


def test_that_the_way_to_number_labels_anew_is_told(tmp_path):
    path = write_npz(tmp_path / "data.npz", x=X, y=np.array([0, 1, 3] * 2))
    assert "numpy.unique(y, return_inverse=True)[1]" in problems(path, MODEL)["data"]


def test_that_a_model_is_told_from_data(tmp_path):
    with h5py.File(tmp_path / "model.h5", "w") as file:
        file.attrs["model_config"] = "{}"
        file["model_weights/dense/kernel"] = X
    with pytest.raises(DataError, match=r"model.h5 is a Keras model, which is not read as data"):
        prepared(tmp_path / "model.h5", MODEL)


def test_that_a_single_value_is_told_from_an_empty_array(tmp_path):
    with pytest.raises(DataError, match="is one single value and no array of samples"):
        prepared(write_npz(tmp_path / "data.npz", x=np.float32(3), y=Y), MODEL)


# -- labels ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "units", "expected"),
    [(Y + 1, 3, Y), (np.array([-1, 1] * 3), 1, [0, 1] * 3), ((Y + 1)[:, np.newaxis].astype(float), 3, Y)],
)
def test_that_classes_numbered_from_elsewhere_are_numbered_from_0_and_said(tmp_path, labels, units, expected):
    model = facts(((4,),), ((units,),), "softmax" if units > 1 else "sigmoid")
    path = write_npz(tmp_path / "data.npz", x=X, y=labels)
    data = prepared(path, model)
    assert data.train.targets[0].tolist() == list(expected)
    assert "numbered from 0" in data.report.notes[0]
    assert problems(path, model) == {}


def test_that_rows_of_zeros_and_ones_are_told_as_classes(tmp_path):
    path = write_npz(tmp_path / "data.npz", x=X, y=np.eye(3)[Y])
    data = prepared(path, MODEL, share=0.5)
    assert [(bar.name, bar.num_train, bar.num_validation) for bar in data.report.bars[0]] == [
        ("0", 1, 1),
        ("1", 1, 1),
        ("2", 1, 1),
    ]


def test_that_a_class_that_training_does_not_have_is_named(tmp_path):
    path = write_npz(tmp_path / "data.npz", x=X, y=np.array(list("abcabc")), x_val=X[:2], y_val=np.array(["a", "z"]))
    with pytest.raises(DataError, match="Sample 1 of y_val, counted from 0, has the label z"):
        prepared(path, MODEL)


def test_that_arrays_of_one_class_are_told(tmp_path):
    path = write_npz(tmp_path / "data.npz", x=X, y=np.zeros(6))
    assert "All samples to train on are of one class, 0" in prepared(path, MODEL).report.notes[-1]


# -- several inputs and outputs -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "options"),
    [
        (("picture", "size", "kind", "price"), {}),
        (("x1", "x2", "y1", "y2"), {}),
        (
            ("a", "b", "c", "d"),
            {"inputs": {"size": ("b",), "picture": ("a",)}, "outputs": {"kind": ("c",), "price": ("d",)}},
        ),
        (("a", "b", "c", "d"), {"inputs": {"picture": ("a",), "size": ("b",)}, "targets": ("c", "d")}),
    ],
)
def test_that_several_inputs_and_outputs_are_found_by_name_then_by_order(tmp_path, names, options):
    values = (X, X[:, :2], Y, X[:, 0])
    path = write_npz(tmp_path / "data.npz", **dict(zip(names, values, strict=True)))
    data = prepared(path, TWO, **options)
    for found, expected in zip((*data.train.inputs, *data.train.targets), values, strict=True):
        assert np.array_equal(found, expected)
    assert problems(path, TWO, **options) == {}


def test_that_problems_of_a_second_input_name_its_array(tmp_path):
    path = write_npz(tmp_path / "data.npz", picture=X, size=X, kind=Y, price=X[:, 0])
    assert problems(path, TWO)["data"].startswith("One sample of size has shape (4,), but the model takes (2,).")
