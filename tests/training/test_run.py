from __future__ import annotations

import keras
import numpy as np
import pytest

from editor.errors import DataError, FreezeMapError, SettingsError
from editor.keras_model.flags import apply_tree
from editor.keras_model.saving import weight_values
from editor.keras_model.walk import walk_model
from editor.layers.accounts import StatisticsMode
from editor.layers.freeze_map import FreezeMap, LayerFlags
from editor.layers.tree import FlagChange, LayerTree
from editor.runs.revisions import RevisionMeta, read_revision
from editor.training.compiling import model_facts
from editor.training.control import RunControl
from editor.training.data_options import DataOptions
from editor.training.function_code import code_of, function_name
from editor.training.report import run_report
from editor.training.run import RunWatcher, check_settings, run_training
from editor.training.settings import TrainSettings
from editor.training.snapshot import restore, write_snapshot
from tests import models


class Watcher(RunWatcher):
    """Keeps what it is told, and may do something at a batch."""

    def __init__(self, at_batch=None):
        self.plans, self.epochs, self.batches = [], [], []
        self.at_batch = at_batch

    def run_started(self, plan):
        self.plans.append(plan)

    def batch_ended(self, at, metrics):
        self.batches.append((at.epoch, at.batch - 1))
        if self.at_batch:
            self.at_batch(metrics)

    def epoch_ended(self, at, metrics, learning_rate):
        self.epochs.append(metrics)


@pytest.fixture
def data_for(tmp_path):
    """Writes an `.npz` that fits a model and gives its path."""

    def write(model, num_samples=16, **arrays):
        x = models.sample_inputs(model, num_samples)
        num_outputs = models.outputs_of(model).shape[-1]
        y = np.arange(num_samples) % num_outputs if num_outputs > 1 else np.linspace(0, 1, num_samples)
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.npz"
        np.savez(path, **{"x": x, "y": y, **arrays})
        return str(path)

    return write


def opened(builder):
    index = walk_model(models.seeded(builder))
    return index, LayerTree(index.root)


def freeze(tree, *paths):
    tree.apply(tree.plan([tree.find(path) for path in paths], trainable=False))


def train(index, tree, data, *, watcher=None, control=None, **settings):
    settings = TrainSettings(
        **{"data": data, "epochs": 1, "batch_size": 8, "validation_split": 0, "seed": 3} | settings
    )
    return run_training(index, settings, tree.freeze_map(), watcher=watcher or Watcher(), control=control)


def moved(index, tree, before):
    """Paths of the weights whose bytes are others than before."""
    now = weight_values(index)
    return {
        node.path
        for node in tree.walk_weights()
        if now[node.record.weight_id].tobytes() != before[node.record.weight_id].tobytes()
    }


# -- what moves and what does not -----------------------------------------------------------------------------

CASES = [
    (models.digits_cnn, ["conv"], {"digit:kernel", "digit:bias"}),
    (models.digits_cnn, ["conv:kernel", "digit:bias"], {"conv:bias", "digit:kernel"}),
    (models.small_cnn, [], {"conv2:kernel", "conv2:bias", "dense:kernel", "dense:bias"}),
    (models.deep_nest, ["outer"], {"logits:kernel", "logits:bias"}),
    (models.shared_twice, ["first"], {"head:kernel", "head:bias"}),
    (models.siamese, ["tower"], {"same:kernel", "same:bias"}),
]


@pytest.mark.parametrize(("builder", "frozen", "expected"), CASES)
def test_that_frozen_weights_stay_and_all_others_move(builder, frozen, expected, data_for):
    index, tree = opened(builder)
    freeze(tree, *frozen)
    before = weight_values(index)
    result = train(index, tree, data_for(index.model))
    assert moved(index, tree, before) == expected
    assert result.proof.is_kept
    assert result.proof.frozen_unchanged == result.proof.frozen_total == tree.account(tree.root).frozen.weights
    assert set(result.proof.changed_layers) == {path.partition(":")[0] for path in expected}


def test_that_all_but_one_sublayer_of_a_composite_moves(data_for):
    index, tree = opened(models.composites)
    freeze(tree, "mha/query_dense", "stacked/cell/cells/0", "composite:scale#1")
    before = weight_values(index)
    result = train(index, tree, data_for(index.model), learning_rate=0.05)
    still = {node.path for node in tree.walk_weights()} - moved(index, tree, before)
    expected = {node.path for node in tree.walk_weights() if not tree.is_trainable(node.record)}
    # No gradient reaches the bias of the keys: softmax takes a constant in every score away.
    assert still - {"mha/key_dense:bias"} == expected
    assert result.proof.is_kept


def test_that_a_weight_that_its_own_layer_overwrites_is_told(data_for):
    """SpectralNormalization assigns its kernel in every training step, whatever the flag says."""
    index, tree = opened(models.spectral)
    freeze(tree, "spectral")
    result = train(index, tree, data_for(index.model))
    assert not result.proof.is_kept
    assert "spectral:kernel" in " ".join(result.proof.violations) or "spectral/layer:kernel" in result.proof.violations
    assert result.proof.frozen_unchanged < result.proof.frozen_total


# -- statistics -----------------------------------------------------------------------------------------------


def with_policy(tree, path, *, trains, mode):
    layer = tree.find(path)
    now = tree.statistics_mode(layer)
    weights = [weight.record for weight in layer.weights if not weight.record.is_statistics]
    tree.apply(
        FlagChange(
            tuple((weight.weight_id, tree.is_trainable(weight), weight.name in trains) for weight in weights),
            ((layer.record.layer_id, now, mode),),
        )
    )


@pytest.mark.parametrize(
    ("trains", "mode", "expected"),
    [
        ({"gamma", "beta"}, StatisticsMode.UPDATE, {"gamma", "beta", "moving_mean", "moving_variance"}),
        ({"gamma", "beta"}, StatisticsMode.STILL, {"gamma", "beta"}),
        ({"gamma"}, StatisticsMode.STILL, {"gamma"}),
        (set(), StatisticsMode.UPDATE, {"moving_mean", "moving_variance"}),
        (set(), StatisticsMode.STILL, set()),
    ],
    ids=["all", "over-still-statistics", "gamma-only", "statistics-alone", "still"],
)
def test_that_a_normalization_follows_its_policy(trains, mode, expected, data_for):
    index, tree = opened(models.bare_normalization)
    with_policy(tree, "bn", trains=trains, mode=mode)
    before = weight_values(index)
    result = train(index, tree, data_for(index.model))
    assert {path for path in moved(index, tree, before) if path.startswith("bn:")} == {f"bn:{n}" for n in expected}
    assert result.proof.is_kept


@pytest.mark.parametrize(("mode", "expected"), [(StatisticsMode.UPDATE, 2), (StatisticsMode.STILL, 0)])
def test_that_a_layer_of_statistics_alone_follows_its_policy(mode, expected, data_for):
    index, tree = opened(models.bare_normalization)
    with_policy(tree, "bare", trains=set(), mode=mode)
    before = weight_values(index)
    result = train(index, tree, data_for(index.model))
    assert len([path for path in moved(index, tree, before) if path.startswith("bare:")]) == expected
    assert result.proof.still_unchanged == result.proof.still_total == 2 - expected


# -- repeating, stopping, going on ----------------------------------------------------------------------------


def test_that_a_seeded_run_can_be_repeated(data_for):
    """Dropout too, whose generators stand outside the weights (fact F27)."""
    ends = []
    for _ in range(2):
        index, tree = opened(models.bare_normalization)
        data = data_for(index.model)
        watcher = Watcher()
        train(index, tree, data, watcher=watcher, epochs=2, validation_split=0.25)
        ends.append(([value.tobytes() for value in weight_values(index)], watcher.epochs))
    assert ends[0] == ends[1]


def test_that_a_seed_repeats_a_function_that_shuffles_for_itself(tmp_path):
    path = tmp_path / "data.py"
    path.write_text(
        "import tensorflow as tf\n"
        "def load(): return tf.data.Dataset.from_tensor_slices((tf.eye(16, 6), tf.range(16) % 3)).shuffle(16)"
    )
    options = DataOptions(consent=code_of(function_name(f"{path}:load")).digest)
    losses = []
    for before in range(2):
        index, tree = opened(models.bare_normalization)
        keras.utils.set_random_seed(before)
        result = train(index, tree, f"{path}:load", data_options=options, batch_size=4, epochs=2)
        losses.append([epoch["loss"] for epoch in result.epochs])
    assert losses[0] == losses[1]


def test_that_a_repeat_in_one_model_needs_the_weights_and_the_optimizer(data_for, tmp_path):
    index, tree = opened(models.bare_normalization)
    data, ends = data_for(index.model), []
    train(index, tree, data, seed=8)
    write_snapshot(index, tmp_path / "before.npz", RevisionMeta(revision=1))
    for _ in range(2):
        restore(index, read_revision(tmp_path / "before.npz"))
        train(index, tree, data)
        ends.append([value.tobytes() for value in weight_values(index)])
    assert ends[0] == ends[1]


def test_that_without_a_seed_one_is_drawn_and_told(data_for):
    index, tree = opened(models.bare_normalization)
    data = data_for(index.model)
    seeds = [train(index, tree, data, seed=None).plan.seed for _ in range(2)]
    assert seeds[0] != seeds[1]


def test_that_runs_with_other_seeds_validate_on_the_same_samples(data_for):
    index, tree = opened(models.digits_cnn)
    still = {"learning_rate": 1e-30, "validation_split": 0.25}
    runs = [train(index, tree, data_for(index.model), seed=seed, **still) for seed in (None, 7)]
    other = train(index, tree, data_for(index.model), data_options=DataOptions(split_seed=1), **still)
    first, second, third = (run.epochs[0]["val_loss"] for run in (*runs, other))
    assert first == second != third


def test_that_a_stop_ends_the_run_after_the_batch_and_keeps_the_weights(data_for):
    index, tree = opened(models.bare_normalization)
    control = RunControl()
    at_stop = []

    def note_and_stop(_metrics):
        control.stop()
        at_stop.append(weight_values(index))

    watcher = Watcher(note_and_stop)
    before = weight_values(index)
    result = train(
        index, tree, data_for(index.model), watcher=watcher, control=control, epochs=5, validation_split=0.25
    )
    assert result.is_stopped
    assert watcher.batches == [(0, 0)]
    assert result.epochs == ()
    assert moved(index, tree, before)
    assert [v.tobytes() for v in weight_values(index)] == [v.tobytes() for v in at_stop[0]]


def test_that_a_run_after_a_stopped_one_has_its_own_validation_data(data_for):
    index, tree = opened(models.bare_normalization)
    control = RunControl()
    data = data_for(index.model)
    train(index, tree, data, watcher=Watcher(lambda _: control.stop()), control=control, validation_split=0.5)
    result = train(index, tree, data, validation_split=0.25)
    again = train(index, tree, data, validation_split=0)
    assert "val_loss" in result.epochs[0]
    assert "val_loss" not in again.epochs[0]


def test_that_newly_thawed_layers_train_in_the_next_run(data_for):
    index, tree = opened(models.deep_nest)
    data = data_for(index.model)
    freeze(tree, "outer")
    train(index, tree, data)
    tree.apply(tree.plan([tree.find("outer/middle/wrap/core/start")], trainable=True))
    freeze(tree, "logits")
    before = weight_values(index)
    train(index, tree, data)
    core = "outer/middle/wrap/core/start"
    assert moved(index, tree, before) == {f"{core}:kernel", f"{core}:bias"}


# -- what is refused ------------------------------------------------------------------------------------------


def flags_of(index):
    return [layer.trainable for layer in index.layers], [variable.trainable for variable in index.variables]


@pytest.mark.parametrize(
    ("arrays", "error"),
    [
        ({"x": np.zeros((16, 7), "float32")}, SettingsError),
        ({"y": np.arange(16) + 50}, SettingsError),
        ({"x": np.full((16, 6), np.nan, "float32")}, DataError),
    ],
    ids=["shape", "labels", "not-finite"],
)
def test_that_data_problems_are_refused_before_anything_is_touched(arrays, error, data_for):
    index, tree = opened(models.bare_normalization)
    freeze(tree, "dense")
    before, flags = weight_values(index), flags_of(index)
    with pytest.raises(error):
        train(index, tree, data_for(index.model, **arrays))
    assert not moved(index, tree, before)
    assert flags_of(index) == flags
    assert not index.model.compiled


def test_that_a_run_with_nothing_trainable_is_refused(data_for):
    index, tree = opened(models.bare_normalization)
    data = data_for(index.model)
    tree.apply(tree.plan([tree.root], trainable=False))
    with pytest.raises(SettingsError, match="Nothing is trainable"):
        train(index, tree, data)
    assert not index.model.compiled


def test_that_a_map_of_another_model_is_refused(data_for):
    index, _ = opened(models.bare_normalization)
    strange = FreezeMap(layers={"elsewhere": LayerFlags(store="no/where", class_name="Dense")})
    with pytest.raises(FreezeMapError, match="elsewhere"):
        run_training(
            index,
            TrainSettings(data=data_for(index.model)),
            strange,
            watcher=Watcher(),
        )


def test_that_a_missing_data_file_is_a_problem_of_its_field(tmp_path):
    index, _ = opened(models.digits_cnn)
    report = check_settings(index, TrainSettings(data=str(tmp_path / "nowhere.npz")))
    assert list(report.problems) == ["data"]


# -- losses ---------------------------------------------------------------------------------------------------


def classifier(*last):
    layers = [keras.Input((4,)), keras.layers.Dense(3, name="scores"), *last]
    return keras.Sequential(layers)


@pytest.mark.parametrize(
    ("builder", "from_logits"),
    [
        (lambda: classifier(), True),
        (lambda: classifier(keras.layers.Softmax()), False),
        (lambda: classifier(keras.layers.Activation("softmax")), False),
        (lambda: keras.Sequential([keras.Input((4,)), classifier(keras.layers.Softmax())]), False),
        (models.deep_nest, True),
        (models.small_cnn, False),
        (models.after_layers, True),
    ],
    ids=["logits", "softmax-layer", "activation", "nested", "nested-logits", "subclassed", "subclassed-logits"],
)
def test_that_the_loss_knows_logits_from_probabilities(builder, from_logits, data_for):
    index, tree = opened(builder)
    data = data_for(index.model)
    result = train(index, tree, data, loss="sparse_categorical_crossentropy")
    assert index.model.loss.get_config()["from_logits"] is from_logits
    assert np.isfinite(result.epochs[0]["loss"])


def test_that_the_last_activation_is_found_in_every_time_step():
    inputs = keras.Input((5, 4))
    steps = keras.layers.TimeDistributed(keras.layers.Dense(3, activation="softmax"))
    assert model_facts(walk_model(keras.Model(inputs, steps(inputs)))).last_activation == "softmax"


def test_that_the_last_activation_is_that_of_the_output_and_not_of_a_branch():
    inputs = keras.Input((4,))
    gate = keras.layers.Dense(3, activation="sigmoid")(inputs)
    scores = keras.layers.Dense(3)(inputs)
    model = keras.Model(inputs, keras.layers.Multiply()([gate, scores]))
    assert model_facts(walk_model(model)).last_activation not in ("sigmoid", "softmax")


class Labels(keras.Model):
    """Gives a probability, or a raw output, for each of several labels; the layers do not tell which."""

    def __init__(self, *, is_sigmoid):
        super().__init__()
        self.is_sigmoid = is_sigmoid
        between = keras.initializers.Constant(0.3)
        self.a_dense = keras.layers.Dense(2, kernel_initializer="zeros", bias_initializer=between)

    def build(self, input_shape):
        self.a_dense.build(input_shape)
        self.built = True

    def call(self, inputs):
        outputs = self.a_dense(inputs)
        return keras.ops.sigmoid(outputs) if self.is_sigmoid else outputs


@pytest.mark.parametrize("is_sigmoid", [True, False])
def test_that_probabilities_of_several_labels_are_told_from_raw_outputs(is_sigmoid, data_for):
    model = Labels(is_sigmoid=is_sigmoid)
    model.build((None, 4))
    index = walk_model(model)
    data = data_for(model, y=np.tile([[1, 0], [1, 1]], (8, 1)))
    result = train(index, LayerTree(index.root), data, loss="binary_crossentropy")
    assert model.loss.get_config()["from_logits"] is not is_sigmoid
    assert result.epochs[0]["accuracy"] == 0.75  # It says yes to both of them, and three of four are right.


# -- failures -------------------------------------------------------------------------------------------------


class Trap(keras.layers.Layer):
    """Fails while training as long as it is set."""

    is_set = True

    def call(self, inputs, training=False):
        if training and Trap.is_set:
            raise RuntimeError("the trap closed")
        return inputs


def test_that_a_failing_run_raises_and_the_next_one_works(data_for):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax"), Trap()])
    index = walk_model(model)
    tree = LayerTree(index.root)
    data = data_for(model)
    Trap.is_set = True
    before = weight_values(index)
    with pytest.raises(RuntimeError, match="the trap closed"):
        train(index, tree, data, validation_split=0.5)
    assert not moved(index, tree, before)
    Trap.is_set = False
    result = train(index, tree, data, validation_split=0.25)
    assert "val_loss" in result.epochs[0]
    assert moved(index, tree, before)


def test_that_a_watcher_that_fails_leaves_a_model_that_can_train(data_for):
    """As a full disk does, when a checkpoint cannot be written in mid-run."""
    index, tree = opened(models.bare_normalization)
    data = data_for(index.model)

    def fail(_metrics):
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        train(index, tree, data, watcher=Watcher(fail), validation_split=0.5)
    watcher = Watcher()
    train(index, tree, data, watcher=watcher, validation_split=0.25)
    assert "val_loss" in watcher.epochs[0]


# -- plans and reports ----------------------------------------------------------------------------------------


def test_that_the_plan_tells_batches_and_metrics_as_they_come(data_for):
    index, tree = opened(models.digits_cnn)
    watcher = Watcher()
    data = data_for(index.model, 20)
    metrics = ("accuracy", "top_k_categorical_accuracy")
    train(index, tree, data, watcher=watcher, epochs=2, metrics=metrics, validation_split=0.2)
    (plan,) = watcher.plans
    assert plan.num_batches == 2
    assert watcher.batches == [(0, 0), (0, 1), (1, 0), (1, 1)]
    names = set(plan.metric_names)
    assert set(watcher.epochs[0]) == names | {f"val_{name}" for name in names}


def test_that_data_of_their_own_are_used_for_validation(data_for):
    index, tree = opened(models.bare_normalization)
    x_val = models.sample_inputs(index.model, 24)
    watcher = Watcher()
    data = data_for(index.model, x_val=x_val, y_val=np.arange(24) % 3)
    train(index, tree, data, watcher=watcher, validation_split=0.5)
    assert len(watcher.batches) == 2
    assert "val_loss" in watcher.epochs[0]


def test_that_a_model_whose_input_stands_in_a_list_trains_without_a_warning(data_for):
    inputs = keras.Input((4,))
    model = keras.Model([inputs], [keras.layers.Dense(3, activation="softmax")(inputs)])
    index = walk_model(model)
    result = train(index, LayerTree(index.root), data_for(model), validation_split=0.25)
    assert "val_loss" in result.epochs[0]


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adagrad", "nadam", "lion", "adamw"])
def test_that_every_optimizer_trains_at_the_given_rate(optimizer, data_for):
    index, tree = opened(models.bare_normalization)
    before = weight_values(index)
    train(index, tree, data_for(index.model), optimizer=optimizer, learning_rate=0.02)
    assert moved(index, tree, before)
    assert float(index.model.optimizer.learning_rate.numpy()) == pytest.approx(0.02)


def test_that_the_report_adds_up(data_for):
    index, tree = opened(models.deep_nest)
    freeze(tree, "outer")
    report = run_report(train(index, tree, data_for(index.model), epochs=2), tree)
    assert (report["trainable"], report["frozen"]) == (15, index.model.count_params() - 15)
    assert [epoch["epoch"] for epoch in report["epochs"]] == [1, 2]
    assert set(report["seconds"]) == {"data", "compile", "features", "training"}
    assert report["proof"]["frozen_unchanged"] == report["proof"]["frozen_total"] == 10
    assert report["feature_cache"]["used"] is False


def test_that_flags_changed_by_hand_before_a_run_do_not_matter(data_for):
    index, tree = opened(models.deep_nest)
    freeze(tree, "outer")
    apply_tree(index, tree)
    index.model.trainable = False
    before = weight_values(index)
    train(index, tree, data_for(index.model))
    assert moved(index, tree, before) == {"logits:kernel", "logits:bias"}
