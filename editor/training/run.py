"""One run: apply the flags, recompile, train, and prove what moved."""

from __future__ import annotations

import threading
import time
import traceback
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import keras
import numpy as np

from editor.errors import DataError, ModelError, SettingsError
from editor.keras_model.error_text import first_sentence
from editor.keras_model.flags import apply_tree, tree_with_map
from editor.keras_model.walk import ModelIndex
from editor.layers.freeze_map import FreezeMap
from editor.training.checks import check
from editor.training.compiling import compile_model, log_name, model_facts
from editor.training.data import Part, Prepared, prepare
from editor.training.proof import Before, prove
from editor.training.settings import Proof, SettingsReport, TrainSettings

Metrics = dict[str, float]


class RunWatcher(Protocol):
    """Told what happens in a run, on the thread that trains."""

    def run_started(self, plan: RunPlan) -> None:
        """The first batch is about to be trained."""

    def batch_ended(self, epoch: int, batch: int, metrics: Callable[[], Metrics]) -> None:
        """A batch is done; asking for the metrics costs some time."""

    def validation_batch_ended(self) -> None:
        """A batch of validation is done; no weights have changed."""

    def epoch_ended(self, epoch: int, metrics: Metrics) -> None:
        """An epoch is done, its validation too."""


@dataclass(frozen=True)
class RunPlan:
    """What a run is going to do.

    Attributes:
        run_id: A name that no other run has.
        seed: The seed it uses, drawn if the settings have none.
        num_batches: Batches in one epoch.
        report: The checked settings, with the loss and the metrics that are used.
        notes: What a person should know about the optimizer's state, a sentence each.
    """

    run_id: str
    settings: TrainSettings
    seed: int
    num_batches: int
    has_validation: bool
    report: SettingsReport
    notes: tuple[str, ...] = ()

    @property
    def metric_names(self) -> tuple[str, ...]:
        """Keras's names of the metrics in the logs, without `val_`, the loss first."""
        return ("loss", *(log_name(name) for name in self.report.metrics))


@dataclass(frozen=True)
class RunResult:
    """How a run ended.

    Attributes:
        epochs: The metrics of each whole epoch.
        seconds: Time by part: `data`, `compile`, `training`.
    """

    plan: RunPlan
    is_stopped: bool
    epochs: tuple[Metrics, ...]
    seconds: dict[str, float]
    proof: Proof


@dataclass
class _Clock:
    seconds: dict[str, float] = field(default_factory=dict)
    _since: float = field(default_factory=time.perf_counter)

    def lap(self, part: str) -> None:
        now = time.perf_counter()
        self.seconds[part] = now - self._since
        self._since = now


def check_settings(index: ModelIndex, settings: TrainSettings) -> SettingsReport:
    """Holds settings against the data and the model; a data file that cannot be read is a problem of field `data`."""
    problems = settings.problems()
    if "data" in problems:
        return SettingsReport(problems=problems)
    facts = model_facts(index)
    try:
        data = prepare(settings, facts, settings.seed or 0)
    except DataError as error:
        return SettingsReport(problems={**problems, "data": str(error)})
    return check(settings, data, facts)


def run_training(
    index: ModelIndex,
    settings: TrainSettings,
    freeze_map: FreezeMap,
    *,
    watcher: RunWatcher,
    stop: threading.Event,
) -> RunResult:
    """Trains a model with the flags of a map; returns when finished or stopped.

    The same weights, the same state of the optimizer, the same settings and seed give the same result, bit for bit.

    Args:
        index: The live model; its flags belong to the run while it lasts.
        settings: What to do.
        freeze_map: What trains and what does not.
        watcher: Told of each step.
        stop: Looked at after every batch; the weights are kept.

    Raises:
        DataError: The data cannot be read.
        SettingsError: Settings, data and model do not fit, or nothing is trainable.
        FreezeMapError: The map is not of this model.
    """
    clock = _Clock()
    tree = tree_with_map(index, freeze_map)
    facts = model_facts(index)
    seed = settings.seed if settings.seed is not None else int(np.random.default_rng().integers(2**31))
    data = prepare(settings, facts, seed)
    report = check(settings, data, facts)
    if report.problems:
        raise SettingsError(" ".join(report.problems.values()))
    if not tree.account(tree.root).trainable.weights:
        raise SettingsError("Nothing is trainable.", hint="Thaw at least one layer, then start again.")
    num_batches = -(-data.train.num_samples // settings.batch_size)
    plan = RunPlan(uuid.uuid4().hex, settings, seed, num_batches, data.validation is not None, report)
    clock.lap("data")
    model = index.model
    keras.utils.set_random_seed(plan.seed)
    reset_seed_generators(model, plan.seed)
    apply_tree(index, tree)
    plan = replace(plan, notes=compile_model(index, settings, report, data.train.inputs[0][:2]))
    before = Before.of(index)
    clock.lap("compile")
    watcher.run_started(plan)
    epochs = _fit(model, plan, data, watcher=watcher, stop=stop)
    clock.lap("training")
    return RunResult(plan, stop.is_set(), epochs, clock.seconds, prove(before, index, tree))


def failure_of(error: BaseException) -> ModelError:
    """What a person is told when a run was ended by an error of Keras, TensorFlow or a custom layer.

    To be called while `error` is being handled.
    """
    return ModelError(
        f"Training failed: {first_sentence(error)}",
        hint="Check the data and the model's own layers, then start again.",
        details=traceback.format_exc(),
    )


def _fit(
    model: keras.Model, plan: RunPlan, data: Prepared, *, watcher: RunWatcher, stop: threading.Event
) -> tuple[Metrics, ...]:
    follower = _Follower(watcher, stop)
    try:
        model.fit(
            *_as_arguments(model, data.train),
            batch_size=plan.settings.batch_size,
            epochs=plan.settings.epochs,
            validation_data=_as_arguments(model, data.validation) if data.validation else None,
            callbacks=[follower],
            verbose=0,
        )
    except _StoppedError:
        pass
    finally:
        # Keras keeps the validation data of a fit that was left by an error, and the next fit would use them.
        model._eval_epoch_iterator = None
    return tuple(follower.epochs)


def _as_arguments(model: keras.Model, part: Part) -> tuple[Any, Any]:
    """Samples and targets in the structures of a model: old files have an only input in a list, and Keras warns."""
    structure = getattr(model, "_inputs_struct", None)
    inputs: Any = part.inputs if len(part.inputs) > 1 else part.inputs[0]
    if structure is not None:
        inputs = keras.tree.pack_sequence_as(structure, list(part.inputs))
    return inputs, list(part.targets) if len(part.targets) > 1 else part.targets[0]


def reset_seed_generators(model: keras.Model, seed: int) -> None:
    """Gives every seed generator of a model a state drawn from `seed` (fact F27), so that a run can be repeated."""
    source = np.random.default_rng(seed)
    weights = {id(weight) for weight in model.weights}
    for variable in model.variables:
        if id(variable) not in weights:
            variable.assign(source.integers(2**31, size=variable.shape).astype(variable.dtype))


class _StoppedError(Exception):
    """Leaves a validation that nobody waits for."""


class _Follower(keras.callbacks.Callback):  # type: ignore[misc]
    """Passes Keras's steps on and looks after every batch whether to stop."""

    def __init__(self, watcher: RunWatcher, stop: threading.Event) -> None:
        super().__init__()
        self.epochs: list[Metrics] = []
        self._watcher = watcher
        self._stop = stop
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._watcher.batch_ended(self._epoch, batch, lambda: _floats(logs))
        if self._stop.is_set():
            self.model.stop_training = True

    def on_test_begin(self, logs: Any = None) -> None:
        if self._stop.is_set():
            raise _StoppedError

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        self._watcher.validation_batch_ended()
        if self._stop.is_set():
            raise _StoppedError

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        metrics = _floats(logs)
        self.epochs.append(metrics)
        self._watcher.epoch_ended(epoch, metrics)


def _floats(logs: Any) -> Metrics:
    return {name: float(value) for name, value in (logs or {}).items()}
