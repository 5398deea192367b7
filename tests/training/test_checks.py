import numpy as np
import pytest

from editor.training.checks import check, suggest_loss, suggest_metrics
from editor.training.data import Part, Prepared
from editor.training.data.samples import read_sample
from editor.training.data_report import DataReport
from editor.training.labels import Labels
from editor.training.model_facts import ModelFacts
from editor.training.settings import LOSSES, TrainSettings
from editor.training.words import AUTOMATIC

SPARSE, CATEGORICAL, BINARY, SQUARED = LOSSES[:4]
SETTINGS = TrainSettings(data="data.npz")


def prepared(x, y, x_val=None, y_val=None):
    validation = None if x_val is None else Part((x_val,), (y_val,))
    report = DataReport(kind="arrays", text="some data")
    return Prepared(Part((x,), (y,)), report, validation=validation, has_own_validation=validation is not None)


SAMPLE = read_sample("sample:digits").train
SAMPLES, DIGIT_LABELS = SAMPLE.inputs[0], SAMPLE.targets[0]
DIGITS = prepared(SAMPLES, DIGIT_LABELS)
LABELS = np.array([0, 1, 2, 0, 1, 2])
ONE_HOT = np.eye(3, dtype=np.float32)[LABELS]
DECIMALS = np.array([0.5, 1.5, -2.0, 3.25, 0.1, 0.2])


def facts(output=(10,), activation="softmax", shape=(8, 8, 1), dtype="float32"):
    return ModelFacts(
        input_shapes=((None, *shape),),
        output_shapes=((None, *output),),
        last_activation=activation,
        last_class="Dense",
        input_dtypes=(dtype,),
    )


def data_with(labels, sample_shape=(8, 8, 1), dtype=np.float32):
    return prepared(np.zeros((len(labels), *sample_shape), dtype), labels)


def problems(labels, output=(3,), activation="softmax", loss=AUTOMATIC, metrics=(AUTOMATIC,)):
    settings = TrainSettings(data="data.npz", loss=loss, metrics=metrics)
    return check(settings, data_with(labels), facts(output, activation)).problems


def sample_problem(sample_shape, model_shape, **changes):
    data = data_with(LABELS, sample_shape, **changes)
    return check(SETTINGS, data, facts((3,), shape=model_shape)).problems.get("data", "")


# -- what is right --------------------------------------------------------------------------------------------


def test_that_the_digits_fit_a_model_of_ten_classes():
    report = check(SETTINGS, DIGITS, facts())
    assert report.problems == {}
    assert report.data_text == "some data"
    assert (report.loss, report.metrics) == (SPARSE, ("accuracy",))
    assert not report.has_validation_data


def test_that_free_sizes_take_any_sample():
    assert sample_problem((17, 40, 3), (None, None, 3)) == ""


def test_that_a_batch_larger_than_the_data_is_fine():
    settings = TrainSettings(data="data.npz", batch_size=10_000)
    assert check(settings, DIGITS, facts()).problems == {}


def test_that_labels_in_a_column_are_taken_like_a_row():
    assert problems(LABELS[:, np.newaxis]) == {}


def test_that_whole_numbers_fit_a_model_of_tokens():
    report = check(SETTINGS, data_with(LABELS, (20,), np.int64), facts((3,), shape=(None,), dtype="int32"))
    assert report.problems == {}


def test_that_whole_numbers_saved_as_decimals_fit_a_model_of_tokens():
    report = check(SETTINGS, data_with(LABELS, (20,)), facts((3,), shape=(20,), dtype="int32"))
    assert report.problems == {}


def test_that_a_model_that_tells_nothing_is_not_held_against_the_data():
    unknown = ModelFacts((), (), None, "Custom", ())
    assert check(SETTINGS, DIGITS, unknown).problems == {}


def test_that_labels_for_every_step_fit_an_output_for_every_step():
    steps = np.tile(LABELS, (6, 2))[:, :5]
    for labels in (steps, steps[..., np.newaxis], np.eye(3)[steps]):
        for output in ((5, 3), (None, 3)):
            assert problems(labels, output) == {}


def test_that_labels_for_every_pixel_fit_an_output_for_every_pixel():
    pixels = np.ones((6, 8, 8), dtype=np.uint8)
    assert problems(pixels, (8, 8, 3)) == {}
    assert problems(pixels, (8, 8, 1), "sigmoid") == {}


def test_that_a_validation_part_is_told():
    data = prepared(SAMPLES[:9], DIGIT_LABELS[:9], SAMPLES[9:12], DIGIT_LABELS[9:12])
    report = check(SETTINGS, data, facts())
    assert report.has_validation_data
    assert report.problems == {}


# -- suggestions ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "output", "activation", "loss"),
    [
        (LABELS, (3,), "softmax", SPARSE),
        (LABELS, (3,), "linear", SPARSE),
        (LABELS[:, np.newaxis], (3,), "softmax", SPARSE),
        (LABELS.astype(np.float32), (3,), "softmax", SPARSE),
        (ONE_HOT, (3,), "softmax", CATEGORICAL),
        (ONE_HOT, (3,), "linear", CATEGORICAL),
        (ONE_HOT, (3,), "sigmoid", BINARY),
        (np.array([[1, 1, 0]] * 6), (3,), "sigmoid", BINARY),
        (np.full((6, 3), 1 / 3), (3,), "softmax", CATEGORICAL),
        (LABELS % 2, (1,), "sigmoid", BINARY),
        (LABELS % 2 == 1, (1,), "sigmoid", BINARY),
        ((LABELS % 2).astype(np.float32)[:, np.newaxis], (1,), "sigmoid", BINARY),
        (LABELS, (1,), "linear", SQUARED),
        (DECIMALS, (1,), "linear", SQUARED),
        (DECIMALS, (1,), None, SQUARED),
        (np.stack([DECIMALS] * 3, axis=1), (3,), "linear", SQUARED),
        (np.tile(LABELS, (6, 1)), (6, 3), "softmax", SPARSE),
        (np.array(["a", "b"] * 3), (3,), "softmax", SPARSE),
    ],
)
def test_that_the_loss_follows_from_the_last_layer_and_the_labels(labels, output, activation, loss):
    assert suggest_loss(Labels("y", labels, output), activation) == loss


@pytest.mark.parametrize(
    ("loss", "metrics"),
    [
        (SPARSE, ("accuracy",)),
        (CATEGORICAL, ("accuracy",)),
        (BINARY, ("accuracy",)),
        (SQUARED, ("mean_absolute_error",)),
        ("huber", ("mean_absolute_error",)),
    ],
)
def test_that_metrics_follow_from_the_loss(loss, metrics):
    assert suggest_metrics(Labels("y", LABELS, (10,)), loss) == metrics


def test_that_named_loss_and_metrics_are_kept():
    settings = TrainSettings(data="data.npz", loss=BINARY, metrics=("auc", "accuracy"))
    report = check(settings, data_with(LABELS % 2), facts((1,), "sigmoid"))
    assert (report.loss, report.metrics, report.problems) == (BINARY, ("auc", "accuracy"), {})


def test_that_automatic_metrics_can_stand_beside_named_ones():
    settings = TrainSettings(data="data.npz", metrics=("auto", "auc", "accuracy"))
    assert check(settings, data_with(LABELS % 2), facts((1,), "sigmoid")).metrics == ("accuracy", "auc")


# -- settings -------------------------------------------------------------------------------------------------


def test_that_problems_of_the_settings_themselves_are_told():
    settings = TrainSettings(data="data.npz", epochs=0, learning_rate=-1.0, loss="magic")
    assert set(check(settings, DIGITS, facts()).problems) == {"epochs", "learning_rate", "loss"}


def test_that_one_sample_cannot_be_split():
    data = prepared(SAMPLES[:1], DIGIT_LABELS[:1])
    assert "Use a share of 0" in check(SETTINGS, data, facts()).problems["validation_split"]
    without = TrainSettings(data="data.npz", validation_split=0.0)
    assert check(without, data, facts()).problems == {}


# -- samples --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sample_shape", "model_shape", "cure"),
    [
        ((8, 8), (8, 8, 1), "Add a channel axis: x[..., numpy.newaxis]."),
        ((8, 8), (None, None, None), "Add a channel axis: x[..., numpy.newaxis]."),
        ((), (1,), "Add a channel axis: x[..., numpy.newaxis]."),
        ((8, 8, 1), (8, 8), "Drop the last axis: x[..., 0]."),
        ((3, 8, 8), (8, 8, 3), "Move the channels to the end: numpy.moveaxis(x, 1, -1)."),
        ((8, 8, 1), (8, 8, 3), "Repeat the channel: numpy.repeat(x, 3, axis=-1)."),
        ((64,), (8, 8, 1), "Reshape it: x.reshape(-1, 8, 8, 1)."),
        ((28, 28, 3), (32, 32, 3), "Resize the samples"),
        ((5,), (8, 8, 1), "Use samples of that shape"),
    ],
)
def test_that_another_sample_shape_is_told_with_both_shapes_and_a_cure(sample_shape, model_shape, cure):
    assert cure in sample_problem(sample_shape, model_shape)


def test_that_both_shapes_are_in_the_words():
    text = sample_problem((8, 8), (8, 8, 1))
    assert text.startswith("One sample of x has shape (8, 8), but the model takes (8, 8, 1).")
    assert "takes (any, 3)" in sample_problem((8, 8), (None, 3))
    assert "shape (5,)" in sample_problem((5,), (8, 8, 1))


def test_that_text_for_a_model_of_numbers_is_refused():
    data = prepared(np.array(["good", "bad"]), LABELS[:2])
    assert "x holds text" in check(SETTINGS, data, facts((3,), shape=())).problems["data"]


def test_that_numbers_for_a_model_of_text_are_refused():
    report = check(SETTINGS, data_with(LABELS, ()), facts((3,), shape=(), dtype="string"))
    assert "the model takes text" in report.problems["data"]


def test_that_decimals_for_a_model_of_tokens_are_refused():
    data = prepared(np.full((6, 20), 0.5), LABELS)
    assert "whole ones (int32)" in check(SETTINGS, data, facts((3,), shape=(20,), dtype="int32")).problems["data"]


def test_that_models_of_several_inputs_are_refused():
    model = ModelFacts(((None, 4), (None, 4)), ((None, 3),), "softmax", "Dense", ("float32",) * 2)
    text = check(SETTINGS, DIGITS, model).problems["data"]
    assert text == "This model has 2 inputs, but the data have 1 array for them: x. Give one for each input."


def test_that_models_of_several_outputs_are_refused():
    model = ModelFacts(((None, 8, 8, 1),), ((None, 3),) * 3, "softmax", "Dense", ("float32",))
    text = check(SETTINGS, DIGITS, model).problems["data"]
    assert text == "This model has 3 outputs, but the data have 1 array for them: y. Give one for each output."


def test_that_validation_samples_of_another_shape_are_refused():
    data = prepared(SAMPLES[:9], DIGIT_LABELS[:9], SAMPLES[:3, ..., 0], DIGIT_LABELS[:3])
    assert "x_val has shape (8, 8), but one of x has (8, 8, 1)" in check(SETTINGS, data, facts()).problems["data"]


def test_that_validation_labels_of_another_kind_are_refused():
    data = prepared(SAMPLES[:9], DIGIT_LABELS[:9], SAMPLES[:3], np.eye(10)[DIGIT_LABELS[:3]])
    assert "y_val has shape (10,), but one of y has ()" in check(SETTINGS, data, facts()).problems["data"]


def test_that_validation_labels_out_of_range_are_refused():
    data = prepared(SAMPLES[:9], DIGIT_LABELS[:9], SAMPLES[:3], np.array([3, 12, 0]))
    assert check(SETTINGS, data, facts()).problems["data"].startswith("The labels in y_val go up to 12")


# -- labels ---------------------------------------------------------------------------------------------------


def test_that_labels_above_the_number_of_outputs_are_refused():
    data = prepared(SAMPLES[:3], np.array([0, 12, 5]))
    assert check(SETTINGS, data, facts()).problems["data"] == (
        "The labels go up to 12, but the model's last layer has 10 outputs, so labels must be 0 to 9."
    )


def test_that_labels_that_start_at_1_are_told_so():
    assert problems(LABELS + 1)["data"].endswith("so labels must be 0 to 2. Subtract 1 from y.")


def test_that_negative_labels_are_refused():
    assert "go down to -1" in problems(LABELS - 1)["data"]


def test_that_text_labels_are_refused_with_a_way_to_number_them():
    text = problems(np.array(["cat", "dog"] * 3))["data"]
    assert "are text" in text
    assert "numpy.unique(y, return_inverse=True)" in text


def test_that_one_hot_labels_with_the_sparse_loss_are_refused():
    text = problems(ONE_HOT, loss=SPARSE)["loss"]
    assert "one-hot (3 columns)" in text
    assert f"Use {CATEGORICAL}" in text


@pytest.mark.parametrize("loss", [CATEGORICAL, BINARY, SQUARED, "kl_divergence"])
def test_that_class_numbers_with_a_loss_of_one_value_for_each_output_are_refused(loss):
    assert f"Use {SPARSE}" in problems(LABELS, loss=loss)["loss"]


def test_that_decimal_labels_with_the_sparse_loss_are_refused():
    text = problems(DECIMALS, loss=SPARSE)["loss"]
    assert "decimal numbers" in text
    assert f"Use {SQUARED}" in text


@pytest.mark.parametrize("loss", [CATEGORICAL, BINARY])
def test_that_decimal_labels_outside_0_to_1_with_a_crossentropy_are_refused(loss):
    text = problems(np.stack([DECIMALS] * 3, axis=1), loss=loss)["loss"]
    assert "go from -2 to 3.25" in text
    assert f"Use {SQUARED}" in text


@pytest.mark.parametrize("loss", [SPARSE, CATEGORICAL])
def test_that_a_single_output_with_a_loss_of_many_classes_is_refused(loss):
    assert f"Use {BINARY}" in problems(LABELS % 2, (1,), "sigmoid", loss)["loss"]


def test_that_binary_labels_outside_0_and_1_are_refused():
    text = problems(LABELS, (1,), "sigmoid")["data"]
    assert text.startswith(f"The labels go from 0 to 2, but {BINARY} needs 0 and 1.")


def test_that_one_hot_labels_for_a_single_output_are_told_to_keep_one_column():
    assert "Keep the second column: y[..., 1:]." in problems(np.eye(2)[LABELS % 2], (1,), "sigmoid")["data"]


@pytest.mark.parametrize("loss", [AUTOMATIC, "huber"])
def test_that_targets_of_another_shape_are_refused(loss):
    text = problems(np.stack([DECIMALS] * 2, axis=1), (3,), "linear", loss)["data"]
    assert text.startswith("One sample of y has shape (2,), but the model's output needs (3,).")


def test_that_one_target_for_a_step_less_is_refused():
    assert "needs (5, 1)" in problems(DECIMALS, (5, 1), "linear")["data"]


@pytest.mark.parametrize("loss", ["poisson", "kl_divergence"])
def test_that_negative_targets_with_a_loss_of_counts_are_refused(loss):
    assert "needs 0 or more" in problems(DECIMALS, (1,), "softplus", loss)["loss"]


def test_that_poisson_over_a_linear_layer_is_refused():
    assert "needs outputs above 0" in problems(LABELS, (1,), "linear", "poisson")["loss"]
    assert problems(LABELS, (1,), "softplus", "poisson") == {}


# -- metrics --------------------------------------------------------------------------------------------------


def test_that_auc_of_class_numbers_is_refused():
    assert "auc needs 0 or 1" in problems(LABELS, metrics=("auc",))["metrics"]
    assert problems(ONE_HOT, metrics=("auc",)) == {}


def test_that_a_mean_error_of_class_numbers_is_refused():
    assert "use accuracy" in problems(LABELS, metrics=("mean_absolute_error",))["metrics"]


def test_that_an_accuracy_of_decimal_numbers_is_refused():
    assert "counts equal values" in problems(DECIMALS, (1,), "linear", metrics=("accuracy",))["metrics"]


def test_that_top_k_needs_classes():
    assert (
        "one class of several" in problems(DECIMALS, (1,), "linear", metrics=("top_k_categorical_accuracy",))["metrics"]
    )
    for labels in (LABELS, ONE_HOT):
        assert problems(labels, metrics=("top_k_categorical_accuracy",)) == {}
