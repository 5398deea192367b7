"""What settings of a run do: early stopping, the best weights, losses that are no numbers, logs, precision."""

from __future__ import annotations

import keras
import msgspec
import numpy as np
import pytest
import tensorflow as tf

from editor.errors import SettingsError
from editor.keras_model.values import weight_values
from editor.training.data_options import DataOptions
from editor.training.precision import Precision, mixed_policy
from editor.training.report import run_report
from editor.training.settings import EarlyStopping, ReduceOnPlateau
from tests.training.test_control import BATCH, NUM_SAMPLES, Trial, X, Y


@pytest.fixture
def trial(tmp_path):
    """With a validation part of its own that gets worse and worse, as its labels are wrong."""
    return Trial(tmp_path, x_val=X, y_val=(Y + 1) % 3)


def best_of(result, metric="val_loss"):
    values = [metrics[metric] for metrics in result.epochs]
    return values.index(min(values)), min(values)


def test_that_early_stopping_keeps_the_best_weights_as_keras_does(tmp_path, trial):
    settings = {"epochs": 20, "learning_rate": 0.05, "early_stopping": EarlyStopping(patience=2), "keep": "best"}
    result = trial.run(**settings)
    epoch, value = best_of(result)
    assert (result.best.epoch, result.best.metric, result.best.value) == (epoch, "val_loss", value)
    assert len(result.epochs) == epoch + 3
    assert (result.outcome, result.kept) == ("finished", "best")
    assert result.reason == "val_loss got no better for 2 epochs."
    assert [mark.kind for mark in result.marks] == ["early-stop", "best-restored"]
    until_best = Trial(tmp_path)
    until_best.run(epochs=epoch + 1, learning_rate=0.05)
    assert trial.state == until_best.state


def test_that_a_stop_keeps_the_best_weights_where_asked(tmp_path, trial):
    result = trial.run({(4, 1): lambda control: control.stop("best")}, epochs=20, learning_rate=0.05)
    assert (result.outcome, result.kept, result.best.epoch) == ("stopped", "best", best_of(result)[0])
    assert len(result.epochs) == 4
    until_best = Trial(tmp_path)
    until_best.run(epochs=result.best.epoch + 1, learning_rate=0.05)
    assert trial.state == until_best.state


def test_that_without_a_whole_epoch_the_last_weights_are_kept(trial):
    result = trial.run({(0, 2): lambda control: control.stop("best")})
    assert (result.outcome, result.kept, result.best, result.epochs) == ("stopped", "last", None, ())


def test_that_the_learning_rate_is_lowered_over_a_change_of_flags(trial):
    """Keras's own callback would begin to wait anew with the new phase (fact F26)."""
    flags = trial.map_without("one")
    plateau = ReduceOnPlateau(patience=3, factor=0.1)
    asked = {(1, 1): lambda control: control.change(freeze_map=flags)}
    result = trial.run(asked, epochs=6, learning_rate=1e-9, monitor="loss", reduce_on_plateau=plateau)
    rates = [rate for _, rate in trial.watcher.epochs]
    assert rates[0] == pytest.approx(1e-9)
    assert rates[-1] < rates[0]
    assert [(phase.first_epoch, phase.num_epochs) for phase in result.phases] == [(0, 2), (2, 4)]


def test_that_an_unknown_monitor_is_refused(trial):
    with pytest.raises(SettingsError, match="There is no 'val_auc' to tell the best epoch by"):
        trial.run(monitor="val_auc")


# -- losses that are no numbers -------------------------------------------------------------------------------


def exploding():
    """Computes infinity as soon as its weight is large."""
    keras.utils.set_random_seed(5)
    layers = [keras.layers.Dense(3, name="one"), keras.layers.Activation(lambda x: keras.ops.exp(x * 1e4))]
    return keras.Sequential([keras.Input((6,)), *layers])


def test_that_a_loss_that_is_no_number_ends_the_run_and_names_the_batch(tmp_path):
    trial = Trial(tmp_path, exploding(), y=np.ones((NUM_SAMPLES, 3)))
    before = trial.state
    result = trial.run(loss="mean_squared_error", epochs=3)
    assert result.outcome == "failed"
    assert "The loss became NaN or infinite in batch 1 of epoch 1, which held x[" in result.problem.summary
    assert "the weights from before the run are back" in result.problem.summary
    assert trial.state == before
    assert [mark.kind for mark in result.marks] == ["nan"]


def test_that_the_best_weights_are_kept_when_a_later_loss_is_no_number(tmp_path, trial):
    result = trial.run({(1, 1): lambda control: control.change(learning_rate=1e38)}, epochs=5, optimizer="sgd")
    assert (result.outcome, result.kept, result.best.epoch) == ("stopped", "best", 0)
    assert "of epoch 2" in result.reason
    assert result.reason.endswith(
        "the weights of epoch 1 are kept. Use a lower learning rate, or look at those samples."
    )
    assert all(np.isfinite(value).all() for value in weight_values(trial.index))
    whole = Trial(tmp_path)
    whole.run(epochs=1, optimizer="sgd")
    assert trial.state == whole.state


def test_that_a_run_goes_on_over_a_loss_that_is_no_number_where_asked(tmp_path):
    trial = Trial(tmp_path, exploding(), y=np.ones((NUM_SAMPLES, 3)))
    result = trial.run(loss="mean_squared_error", epochs=1, stop_on_nan=False)
    assert result.outcome == "finished"
    assert not np.isfinite(result.epochs[0]["loss"])


# -- proof ----------------------------------------------------------------------------------------------------


def test_that_the_proof_tells_how_far_each_weight_moved(trial):
    trial.tree.apply(trial.tree.plan([trial.tree.find("one")], trainable=False))
    before = weight_values(trial.index)
    result = trial.run(epochs=1)
    now = weight_values(trial.index)
    moves = {move.weight_id: move for move in result.proof.moves}
    assert set(moves) == {at for at, value in enumerate(now) if value.tobytes() != before[at].tobytes()}
    for at, move in moves.items():
        assert move.distance == pytest.approx(np.linalg.norm((now[at] - before[at]).ravel()), rel=1e-5)
        assert move.norm == pytest.approx(np.linalg.norm(before[at].ravel()), rel=1e-5)


def test_that_what_stood_still_in_one_phase_only_is_no_violation(trial):
    trial.tree.apply(trial.tree.plan([trial.tree.find("one")], trainable=False))
    flags = trial.map_without("two")
    result = trial.run({(0, 1): lambda control: control.change(freeze_map=flags)}, epochs=2)
    assert result.proof.is_kept
    assert result.proof.frozen_total == 0
    assert {"one", "two"} <= set(result.proof.changed_layers)
    told = run_report(result, trial.tree)
    assert [(phase["first_epoch"], phase["epochs"]) for phase in told["phases"]] == [(1, 1), (2, 1)]
    assert [event["kind"] for event in told["events"]] == ["phase"]
    assert told["best"]["metric"] == "val_loss"


# -- data -----------------------------------------------------------------------------------------------------


def two_by_two():
    keras.utils.set_random_seed(5)
    inputs = [keras.Input((2,), name="place"), keras.Input((1,), name="weight")]
    joined = keras.layers.Concatenate()(inputs)
    outputs = [
        keras.layers.Dense(3, activation="softmax", name="kind")(joined),
        keras.layers.Dense(1, name="length")(joined),
    ]
    return keras.Model(inputs, outputs)


def write_table(path, num_rows):
    source = np.random.default_rng(num_rows)
    rows = (",".join([*(f"{value:.4f}" for value in source.normal(size=4)), "abc"[at % 3]]) for at in range(num_rows))
    path.write_text("\n".join(["x,y,weight,length,kind", *rows]))
    return str(path)


def test_that_several_inputs_and_outputs_train_and_a_test_part_is_evaluated(tmp_path):
    trial = Trial(tmp_path, two_by_two())
    options = DataOptions(
        test=write_table(tmp_path / "test.csv", 9),
        inputs={"place": ("x", "y"), "weight": ("weight",)},
        outputs={"kind": ("kind",), "length": ("length",)},
    )
    settings = {"data": write_table(tmp_path / "train.csv", 24), "data_options": options, "validation_split": 0.25}
    result = trial.run(**settings, loss="auto", epochs=1, monitor="val_kind_accuracy", keep="best")
    names = result.plan.metric_names
    assert set(names) == {"loss", "kind_loss", "kind_accuracy", "length_loss", "length_mean_absolute_error"}
    assert set(result.epochs[0]) == {*names, *(f"val_{name}" for name in names)}
    assert set(result.test_metrics) == set(names)
    assert result.best.metric == "val_kind_accuracy"
    assert set(trial.watcher.epochs[0][0]) >= set(names)


# -- how it computes ------------------------------------------------------------------------------------------


def test_that_a_log_for_tensorboard_holds_the_curves(tmp_path, trial):
    trial.run(epochs=2, tensorboard=str(tmp_path / "log"))
    found = {}
    for part in ("train", "validation"):
        (path,) = (tmp_path / "log" / part).iterdir()
        for record in tf.data.TFRecordDataset(str(path)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                assert value.metadata.plugin_data.plugin_name in ("scalars", "")
                found[part, value.tag, event.step] = float(tf.make_ndarray(value.tensor))
    for epoch, (metrics, rate) in enumerate(trial.watcher.epochs):
        assert found["train", "epoch_loss", epoch] == np.float32(metrics["loss"])
        assert found["validation", "epoch_accuracy", epoch] == np.float32(metrics["val_accuracy"])
        assert found["train", "epoch_learning_rate", epoch] == np.float32(rate)


def test_that_layers_compute_in_16_bits_for_a_while_and_weights_stay(trial):
    model = trial.index.model
    before = [layer.dtype_policy for layer in model.layers]
    precision = Precision(model, "mixed_float16")
    with precision.applied():
        assert model.get_layer("one").compute_dtype == "float16"
        assert model.get_layer("head").compute_dtype == "float32"
        assert {weight.dtype for weight in model.weights} == {"float32"}
        assert model(X[:2]).dtype == "float32"
        with precision.lifted():
            assert model.get_layer("one").compute_dtype == "float32"
        assert model.get_layer("one").compute_dtype == "float16"
    assert [layer.dtype_policy for layer in model.layers] == before


def test_that_the_loss_is_scaled_in_16_bits_and_the_optimizer_goes_on_after_it(trial, monkeypatch):
    """The machine that tests run on has no fast 16 bits, so it is told that it has."""
    monkeypatch.setattr("editor.training.run.mixed_policy", lambda: "mixed_float16")
    trial.run(epochs=1)
    result = trial.run(epochs=1, mixed_precision=True)
    assert result.plan.device == "CPU, mixed precision"
    assert any("goes on from step 3" in note for note in result.plan.notes)
    assert np.isfinite(result.epochs[0]["loss"])
    assert type(trial.index.model.optimizer) is keras.optimizers.Adam
    assert trial.index.model.get_layer("one").compute_dtype == "float32"
    again = trial.run(epochs=1)
    assert any("goes on from step" in note for note in again.plan.notes)


def test_that_a_device_without_fast_16_bits_is_told(trial):
    if mixed_policy():
        pytest.skip("this device has them")
    result = trial.run(epochs=1, mixed_precision=True)
    assert result.plan.device == "CPU"
    assert any("mixed precision is not faster on a CPU" in note for note in result.plan.notes)


def test_that_the_train_step_is_compiled_by_xla_where_asked(trial):
    result = trial.run(epochs=1, jit_compile=True)
    assert result.plan.device.endswith("XLA")
    assert trial.index.model.jit_compile
    plain = trial.run(epochs=1)
    assert not trial.index.model.jit_compile
    assert plain.plan.device == "CPU"


def test_that_settings_out_of_range_are_problems_of_their_fields(trial):
    from editor.training.settings import TrainSettings

    settings = TrainSettings(
        data="x",
        early_stopping=EarlyStopping(patience=0),
        reduce_on_plateau=ReduceOnPlateau(factor=1.0),
        checkpoint_epochs=-1,
    )
    assert set(settings.problems()) == {"early_stopping", "reduce_on_plateau", "checkpoint_epochs"}
    assert msgspec.structs.replace(settings, early_stopping=None).problems().keys() == {
        "reduce_on_plateau",
        "checkpoint_epochs",
    }
    assert BATCH
