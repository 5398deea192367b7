"""What can be asked of a run while it is under way, against plain Keras doing the same by hand."""

from __future__ import annotations

import threading
import time

import keras
import numpy as np
import pytest

from editor.keras_model.optimizer_state import optimizer_state
from editor.keras_model.walk import walk_model
from editor.layers.tree import LayerTree
from editor.training.control import RunControl
from editor.training.data import Part
from editor.training.pipeline import Recipe, training_batches
from editor.training.run import ReadingCancelledError, RunWatcher, run_training
from editor.training.settings import TrainSettings
from editor.training.snapshot import live_variables

SEED, BATCH, NUM_SAMPLES = 7, 8, 20
LOSS = "sparse_categorical_crossentropy"
X = np.random.default_rng(2).normal(size=(NUM_SAMPLES, 6)).astype("float32")
Y = np.arange(NUM_SAMPLES) % 3


def dropping_net():
    """Dropout, and statistics that move."""
    keras.utils.set_random_seed(5)
    layers = [
        keras.layers.Dense(5, activation="relu", name="one"),
        keras.layers.Dropout(0.4),
        keras.layers.BatchNormalization(name="norm"),
        keras.layers.Dense(4, name="two"),
        keras.layers.Dense(3, activation="softmax", name="head"),
    ]
    return keras.Sequential([keras.Input((6,)), *layers])


class Asker(RunWatcher):
    """Asks things of a run at its batches, and keeps what it is told."""

    def __init__(self, control, at_batch=None):
        self.control, self.at_batch = control, at_batch or {}
        self.told, self.marks, self.refused, self.epochs = [], [], [], []
        self.batches = []

    def run_started(self, plan):
        self.told.append("started")
        self.plan = plan

    def batch_ended(self, at, metrics):
        self.batches.append((at.epoch, at.batch))
        if ask := self.at_batch.get((at.epoch, at.batch)):
            ask(self.control)

    def epoch_ended(self, at, metrics, learning_rate):
        self.told.append(f"epoch {at.epoch}")
        self.epochs.append((metrics, learning_rate))

    def marked(self, mark):
        self.told.append(mark.kind)
        self.marks.append(mark)

    def change_refused(self, change, problem):
        self.refused.append((change, problem.summary))


class Trial:
    def __init__(self, folder, model=None, **arrays):
        self.index = walk_model(model or dropping_net())
        self.tree = LayerTree(self.index.root)
        np.savez(folder / "data.npz", **{"x": X, "y": Y, **arrays})
        self.data = str(folder / "data.npz")

    def map_without(self, *paths):
        tree = LayerTree(self.index.root)
        tree.apply(tree.plan([tree.find(path) for path in paths], trainable=False))
        return tree.freeze_map()

    def run(self, at_batch=None, **settings):
        self.control = RunControl()
        self.watcher = Asker(self.control, at_batch)
        chosen = {
            "data": self.data,
            "epochs": 2,
            "batch_size": BATCH,
            "validation_split": 0,
            "seed": SEED,
            "loss": LOSS,
        }
        return run_training(
            self.index,
            TrainSettings(**chosen | settings),
            self.tree.freeze_map(),
            watcher=self.watcher,
            control=self.control,
        )

    @property
    def state(self):
        """All bits of the model and of its optimizer."""
        values = [keras.ops.convert_to_numpy(value).tobytes() for value in live_variables(self.index.model)]
        found = optimizer_state(self.index)
        slots = {role: value.tobytes() for role, value in found.values.items()} if found else None
        return values, slots


@pytest.fixture
def trial(tmp_path):
    return Trial(tmp_path)


def resume_soon(control):
    """Pauses, and resumes from another thread as soon as the run is held: a job is done only while it is."""
    control.pause()

    def resume():
        control.between_batches(lambda: None)
        control.resume()

    threading.Thread(target=resume, daemon=True).start()


# -- exactness ------------------------------------------------------------------------------------------------


def by_hand(index, frozen, num_epochs_before, num_epochs):
    """Plain Keras: `fit`, other flags, a new optimizer with the old slots, `fit` again."""
    model, recipe = index.model, Recipe(BATCH, SEED)
    part = Part((X,), (Y,))
    keras.utils.set_random_seed(SEED)
    source = np.random.default_rng(SEED)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.seed_generator.state.assign(source.integers(2**31, size=(2,)).astype("uint32"))
    model.compile(keras.optimizers.Adam(1e-3), loss=LOSS)
    steps = {"steps_per_epoch": 3, "shuffle": False, "verbose": 0}
    model.fit(training_batches(part, recipe), epochs=num_epochs_before, **steps)
    old = model.optimizer
    pairs = zip(old._momentums, old._velocities, strict=True)
    slots = {id(weight): pair for weight, pair in zip(old._trainable_variables, pairs, strict=True)}
    model.get_layer(frozen).trainable = False
    model.compile(keras.optimizers.Adam(1e-3), loss=LOSS)
    new = model.optimizer
    new.build(model.trainable_variables)
    new.iterations.assign(old.iterations)
    for weight, momentum, velocity in zip(new._trainable_variables, new._momentums, new._velocities, strict=True):
        momentum.assign(slots[id(weight)][0])
        velocity.assign(slots[id(weight)][1])
    later = training_batches(part, recipe, epoch=num_epochs_before)
    model.fit(later, initial_epoch=num_epochs_before, epochs=num_epochs, **steps)


def test_that_a_run_paused_and_changed_equals_plain_keras_by_hand(tmp_path, trial):
    """Weight for weight and slot for slot, with Dropout in the model."""
    changes = {
        (0, 2): resume_soon,
        (1, 1): lambda control: control.change(freeze_map=trial.map_without("one")),
        (2, 1): resume_soon,
    }
    trial.run(changes, epochs=4)
    assert trial.watcher.told == [
        *("started", "paused", "resumed", "epoch 0", "epoch 1", "phase", "paused", "resumed", "epoch 2", "epoch 3")
    ]
    plain = Trial(tmp_path)
    by_hand(plain.index, "one", 2, 4)
    assert trial.state == plain.state


def test_that_a_phase_with_the_same_flags_changes_nothing(tmp_path, trial):
    trial.run({(0, 1): lambda control: control.change(freeze_map=trial.map_without())}, epochs=3)
    assert "phase" in trial.watcher.told
    whole = Trial(tmp_path)
    whole.run(epochs=3)
    assert trial.state == whole.state


def test_that_the_learning_rate_changes_with_the_next_batch(tmp_path, trial):
    result = trial.run({(0, 3): lambda control: control.change(learning_rate=0.25)}, epochs=2, optimizer="sgd")
    assert [rate for _, rate in trial.watcher.epochs] == [0.25, 0.25]
    (mark,) = result.marks
    assert (mark.kind, mark.at.epoch, mark.at.batch, mark.text) == ("learning-rate", 0, 3, "lr 0.25")
    first, second = Trial(tmp_path), Trial(tmp_path)
    first.run(epochs=1, optimizer="sgd")
    second.run(epochs=1, optimizer="sgd", learning_rate=0.25)
    assert trial.state[0] not in (first.state[0], second.state[0])


# -- changes that do not fit ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"learning_rate": 0.0}, "0 is no learning rate"),
        ({"learning_rate": float("nan")}, "nan is no learning rate"),
        ({"freeze_map": ["one", "norm", "two", "head"]}, "Nothing is trainable"),
    ],
)
def test_that_a_change_that_does_not_fit_is_refused_and_the_run_goes_on(change, said, trial):
    if "freeze_map" in change:
        change = {"freeze_map": trial.map_without(*change["freeze_map"])}
    result = trial.run({(0, 1): lambda control: control.change(**change)})
    (refused,) = trial.watcher.refused
    assert refused[0] == ("flags" if "freeze_map" in change else "learning-rate")
    assert said in refused[1]
    assert result.outcome == "finished"
    assert len(result.phases) == 1


def test_that_flags_for_an_epoch_that_never_comes_are_refused(trial):
    flags = trial.map_without("one")
    trial.run({(1, 1): lambda control: control.change(freeze_map=flags)}, epochs=2)
    ((change, said),) = trial.watcher.refused
    assert change == "flags" and "no further epoch" in said


# -- endings --------------------------------------------------------------------------------------------------


def test_that_a_cancel_restores_everything_bit_for_bit(trial):
    trial.run(epochs=1, seed=3)
    before, compiled = trial.state, trial.index.model.get_compile_config()
    flags = trial.map_without("two")
    asked = {
        (0, 1): lambda control: control.change(freeze_map=flags, learning_rate=0.1),
        (1, 2): lambda control: control.cancel(),
    }
    result = trial.run(asked, epochs=5, optimizer="sgd")
    assert (result.outcome, result.proof) == ("cancelled", None)
    assert trial.state == before
    assert trial.index.model.get_compile_config() == compiled
    trial.run(epochs=1, seed=4)
    other = trial.state
    assert other != before


def test_that_a_cancel_of_a_first_run_leaves_a_model_that_was_never_compiled(trial):
    before = trial.state
    trial.run({(0, 1): lambda control: control.cancel()})
    assert trial.state == before
    assert before[1] is None
    assert not trial.index.model.compiled


def test_that_a_cancel_restores_the_states_of_recurrent_layers(tmp_path):
    model = keras.Sequential([keras.Input((3, 2), batch_size=4), keras.layers.LSTM(3, stateful=True)])
    x = np.random.default_rng(1).normal(size=(8, 3, 2)).astype("float32")
    trial = Trial(tmp_path, model, x=x, y=np.ones((8, 3)))
    before = trial.state
    assert len(before[0]) > len(model.variables)
    settings = {"batch_size": 4, "loss": "mean_squared_error"}
    trial.run({(0, 2): lambda control: control.cancel()}, **settings)
    assert trial.state == before
    trial.run(**settings)
    assert trial.state[0][-1] != before[0][-1]


def test_that_a_held_run_does_jobs_and_ends_when_asked(trial):
    done = []

    def hold(control):
        control.pause()

        def ask():
            done.append(control.between_batches(lambda: "saved"))
            control.stop()

        threading.Thread(target=ask, daemon=True).start()

    result = trial.run({(0, 1): hold}, epochs=9)
    assert done == ["saved"]
    assert result.outcome == "stopped"
    assert trial.watcher.batches == [(0, 1)]
    assert trial.watcher.told == ["started", "paused"]


def test_that_time_held_is_not_counted(trial):
    held = []

    def hold(control):
        control.pause()

        def wait_and_resume():
            control.between_batches(lambda: None)
            since = time.perf_counter()
            threading.Event().wait(0.3)  # there has to be a time that is not counted
            held.append(time.perf_counter() - since)
            control.resume()

        threading.Thread(target=wait_and_resume, daemon=True).start()

    result = trial.run({(0, 1): hold}, epochs=1)
    paused, resumed = result.marks
    assert resumed.at.seconds - paused.at.seconds < held[0]


def test_that_a_stop_before_the_first_batch_trains_nothing(trial):
    before = trial.state[0]
    control = RunControl()

    class Stopping(RunWatcher):
        def run_started(self, plan):
            control.stop()

    settings = TrainSettings(data=trial.data, seed=1, validation_split=0)
    result = run_training(trial.index, settings, trial.tree.freeze_map(), watcher=Stopping(), control=control)
    assert result.outcome == "stopped"
    assert result.proof.is_kept
    weights = [weight.numpy().tobytes() for weight in trial.index.model.weights]
    assert set(weights) <= set(before)


def test_that_a_stop_before_the_data_are_read_is_told_and_leaves_the_model_as_it_was(trial):
    before = trial.state
    control = RunControl()
    control.stop()
    settings = TrainSettings(data=trial.data, seed=1, validation_split=0)
    with pytest.raises(ReadingCancelledError):
        run_training(trial.index, settings, trial.tree.freeze_map(), watcher=RunWatcher(), control=control)
    assert trial.state == before


def test_that_a_failing_run_that_trained_nothing_leaves_the_model_as_it_was(trial):
    trial.run(epochs=1)
    before = trial.state

    class Failing(RunWatcher):
        def run_started(self, plan):
            raise OSError("no space left")

    settings = TrainSettings(data=trial.data, seed=1, validation_split=0, optimizer="sgd")
    with pytest.raises(OSError, match="no space"):
        run_training(trial.index, settings, trial.tree.freeze_map(), watcher=Failing())
    assert trial.state == before
