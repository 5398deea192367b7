"""What follows from the values of the epochs, against Keras's own callbacks."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from editor.training.monitoring import BestSoFar, EarlyStop, Plateau, is_more_better, resolve_monitor
from editor.training.settings import EarlyStopping, ReduceOnPlateau

VALUES = st.lists(st.sampled_from([0.1, 0.2, 0.20005, 0.3, 0.5, 0.8, float("nan"), float("inf")]), max_size=12)
MONITORS = st.sampled_from(["val_loss", "loss", "val_accuracy", "accuracy", "val_auc"])


@pytest.fixture(scope="module")
def model():
    """Compiled with the metrics, so that Keras's callbacks know which direction is better."""
    found = keras.Sequential([keras.Input((1,)), keras.layers.Dense(2, activation="softmax")])
    found.compile("sgd", "categorical_crossentropy", metrics=["accuracy", keras.metrics.AUC(name="auc")])
    found.fit(np.ones((2, 1)), np.eye(2), verbose=0)
    return found


@settings(max_examples=60, deadline=None)
@given(VALUES, MONITORS, st.integers(1, 3), st.sampled_from([0.0, 0.05]))
def test_that_early_stopping_decides_as_keras_does(model, values, monitor, patience, min_delta):
    theirs = keras.callbacks.EarlyStopping(monitor, patience=patience, min_delta=min_delta)
    theirs.set_model(model)
    theirs.on_train_begin()
    ours = EarlyStop(EarlyStopping(patience=patience, min_delta=min_delta), monitor)
    for epoch, value in enumerate(values):
        model.stop_training = False
        theirs.on_epoch_end(epoch, {monitor: value})
        assert ours.is_due(epoch, value) == model.stop_training


@settings(max_examples=60, deadline=None)
@given(VALUES, MONITORS, st.integers(1, 3), st.sampled_from([0.0, 0.02]))
def test_that_the_learning_rate_is_lowered_as_keras_does(model, values, monitor, patience, lowest):
    model.optimizer.learning_rate = 0.1
    theirs = keras.callbacks.ReduceLROnPlateau(monitor, factor=0.5, patience=patience, min_lr=lowest)
    theirs.set_model(model)
    theirs.on_train_begin()
    ours = Plateau(ReduceOnPlateau(factor=0.5, patience=patience, min_learning_rate=lowest), monitor)
    for epoch, value in enumerate(values):
        before = float(model.optimizer.learning_rate.numpy())
        lowered = ours.lowered(value, before)
        theirs.on_epoch_end(epoch, {monitor: value})
        now = float(model.optimizer.learning_rate.numpy())
        assert np.float32(before if lowered is None else lowered) == np.float32(now)


def test_that_the_best_epoch_is_the_first_of_the_best_values():
    best = BestSoFar("val_accuracy")
    improved = [best.improves(epoch, value) for epoch, value in enumerate([float("nan"), 0.5, 0.7, 0.7, 0.6])]
    assert improved == [False, True, True, False, False]
    assert (best.best.epoch, best.best.metric, best.best.value) == (2, "val_accuracy", 0.7)


@pytest.mark.parametrize(
    ("metric", "is_better"),
    [
        ("loss", False),
        ("val_loss", False),
        ("accuracy", True),
        ("val_top_5_accuracy", True),
        ("val_auc", True),
        ("mean_absolute_error", False),
        ("val_digit_accuracy", True),
        ("val_accuracy_loss", False),
        ("val_auction_mean_absolute_error", False),
    ],
)
def test_that_the_direction_of_a_metric_is_known(metric, is_better):
    assert is_more_better(metric) is is_better


def test_that_the_monitor_is_the_loss_of_the_validation_where_there_is_one():
    assert resolve_monitor("auto", has_validation=True) == "val_loss"
    assert resolve_monitor("auto", has_validation=False) == "loss"
    assert resolve_monitor("val_accuracy", has_validation=True) == "val_accuracy"
