"""One run: apply the flags, recompile, train, and prove what moved."""

from __future__ import annotations

import threading
import time
import traceback
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import keras
import msgspec
import numpy as np

from editor.errors import DataError, ModelError, Problem, SettingsError
from editor.keras_model.error_text import first_sentence
from editor.keras_model.flags import apply_tree
from editor.keras_model.walk import ModelIndex
from editor.layers.freeze_map import FreezeMap
from editor.layers.tree import LayerTree
from editor.training.changes import trainable_tree
from editor.training.checks import check
from editor.training.compiling import compile_model, model_facts, unwrap_optimizer
from editor.training.control import RunControl
from editor.training.data import Prepared, prepare
from editor.training.follower import Progress
from editor.training.marks import BestEpoch, Mark, Outcome
from editor.training.model_facts import ModelFacts
from editor.training.monitoring import resolve_monitor
from editor.training.not_finite import not_finite_problem
from editor.training.origin import Origin
from editor.training.phases import Phase, PhaseRunner
from editor.training.pipeline import num_batches
from editor.training.precision import Precision, device_text, layers_without_xla, mixed_policy, precision_note
from editor.training.progress import GivenUpError, heard_by
from editor.training.proof import Prover
from editor.training.recipe import recipe_of
from editor.training.running import Running, sample_of
from editor.training.settings import Keep, Proof, SettingsReport, TrainSettings
from editor.training.wanted_output import wanted_by_unfit_data
from editor.training.watching import Metrics, RunPlan, RunWatcher, log_names
from editor.training.words import AUTOMATIC

__all__ = [
    "Metrics",
    "Read",
    "ReadingCancelledError",
    "RunPlan",
    "RunResult",
    "RunWatcher",
    "check_settings",
    "failure_of",
    "run_training",
]


class ReadingCancelledError(DataError):
    """The run was asked to end before its data were read."""


Read = Callable[[TrainSettings, ModelFacts, int], Prepared]


@dataclass(frozen=True)
class RunResult:
    """How a run ended.

    Attributes:
        outcome: After `cancelled` and `failed` the model is as it was before the run, bit for bit.
        epochs: The metrics of each whole epoch.
        seconds: Time by part: `data`, `compile`, `training`, and `test` where there is a test part.
        proof: What moved; None where everything was put back.
        kept: Which weights the model has now.
        reason: Why it ended by itself before its last epoch, in a sentence.
        problem: Why it failed.
    """

    plan: RunPlan
    outcome: Outcome
    epochs: tuple[Metrics, ...]
    phases: tuple[Phase, ...]
    marks: tuple[Mark, ...]
    seconds: dict[str, float]
    proof: Proof | None = None
    kept: Keep = "last"
    best: BestEpoch | None = None
    reason: str = ""
    test_metrics: Metrics = field(default_factory=dict)
    problem: Problem | None = None

    @property
    def is_stopped(self) -> bool:
        """Whether somebody stopped it, or a loss that was no number."""
        return self.outcome == "stopped"


@dataclass
class _Clock:
    seconds: dict[str, float] = field(default_factory=dict)
    _since: float = field(default_factory=time.perf_counter)

    def lap(self, part: str) -> None:
        now = time.perf_counter()
        self.seconds[part] = now - self._since
        self._since = now


def check_settings(index: ModelIndex, settings: TrainSettings, read: Read = prepare) -> SettingsReport:
    """Holds settings against the data and the model; a data file that cannot be read is a problem of field `data`.

    Args:
        index: The live model.
        settings: To be checked.
        read: Reads the data, or has them still; as `prepare`.
    """
    problems = settings.problems()
    if "data" in problems:
        return SettingsReport(problems=problems)
    facts = model_facts(index)
    try:
        data = read(settings, facts, settings.data_options.split_seed)
    except DataError as error:
        wanted = wanted_by_unfit_data(settings, facts, error, read)
        return SettingsReport(problems={**problems, "data": str(error)}, wanted_outputs=wanted)
    return _checked(settings, data, facts)


def run_training(
    index: ModelIndex,
    settings: TrainSettings,
    freeze_map: FreezeMap,
    *,
    watcher: RunWatcher,
    control: RunControl | None = None,
    read: Read = prepare,
) -> RunResult:
    """Trains a model with the flags of a map; returns when the run is over.

    The same weights, the same state of the optimizer, the same settings and seed give the same result, bit for bit,
    also over pauses; changes of the learning rate and of flags are part of that when they come at the same batches.

    Args:
        index: The live model; its flags belong to the run while it lasts.
        settings: What to do.
        freeze_map: What trains and what does not.
        watcher: Told of each step.
        control: What other threads ask of the run.
        read: Reads the data, or has them still; as `prepare`.

    Raises:
        DataError: The data cannot be read.
        SettingsError: Settings, data and model do not fit, or nothing is trainable.
        FreezeMapError: The map is not of this model.
    """
    clock, control = _Clock(), control or RunControl()
    tree = trainable_tree(index, freeze_map)
    plan, data = _plan(index, settings, watcher, control.ended, read)
    clock.lap("data")
    origin = Origin.of(index)
    precision = Precision(index.model, mixed_policy() if settings.mixed_precision else None)
    progress = Progress.of(plan)
    recipe = recipe_of(index.model, data, settings.batch_size, plan.seed)
    running = Running(index, plan, data, watcher, control, precision, recipe)
    try:
        with precision.applied():
            running = _compiled(running, tree)
            clock.lap("compile")
            watcher.run_started(running.plan)
            result = _trained(running, tree, Prover(index, origin.weights(index)), progress, clock)
    except BaseException:
        if not progress.num_batches_trained:
            origin.put_back()
        raise
    if result.proof is None or not progress.num_batches_trained:
        origin.put_back()
    else:
        unwrap_optimizer(index.model)
    return result


def failure_of(error: BaseException) -> ModelError:
    """What a person is told when a run was ended by an error of Keras, TensorFlow or a custom layer.

    To be called while `error` is being handled.
    """
    return ModelError(
        f"Training failed: {first_sentence(error)}",
        hint="Check the data and the model's own layers, then start again.",
        details=traceback.format_exc(),
    )


def _plan(
    index: ModelIndex, settings: TrainSettings, watcher: RunWatcher, ended: threading.Event, read: Read
) -> tuple[RunPlan, Prepared]:
    facts = model_facts(index)
    seed = settings.seed if settings.seed is not None else int(np.random.default_rng().integers(2**31))

    def listen(doing: str, done: int, total: int) -> None:
        if ended.is_set():
            raise GivenUpError
        watcher.data_progressed(doing, done, total)

    # A person's own function may draw samples, and a dataset takes the seed of now when it is made.
    keras.utils.set_random_seed(seed)
    try:
        with heard_by(listen):
            data = read(settings, facts, settings.data_options.split_seed)
    except GivenUpError as error:
        raise ReadingCancelledError("Reading the data was cancelled.") from error
    report = _checked(settings, data, facts)
    if report.problems:
        raise SettingsError(" ".join(report.problems.values()))
    has_validation = data.validation is not None
    return RunPlan(
        uuid.uuid4().hex,
        settings,
        seed,
        num_batches(data.train, settings.batch_size),
        has_validation,
        report,
        facts.output_names if facts.num_outputs > 1 else (),
        resolve_monitor(settings.monitor, has_validation=has_validation),
    ), data


def _checked(settings: TrainSettings, data: Prepared, facts: ModelFacts) -> SettingsReport:
    """What `check` finds, and whether there is what the best epoch is to be told by."""
    report = check(settings, data, facts)
    names = log_names(report, facts.output_names if facts.num_outputs > 1 else ())
    known = (*(f"val_{name}" for name in names if data.validation), *names)
    if settings.monitor in (AUTOMATIC, *known):
        return report
    problem = f"There is no {settings.monitor!r} to tell the best epoch by. Use one of: {', '.join(known)}."
    return msgspec.structs.replace(report, problems={"monitor": problem, **report.problems})


def _compiled(running: Running, tree: LayerTree) -> Running:
    """Gives the model its seeds, its flags and an optimizer; returns what is said about that too."""
    index, plan, settings = running.index, running.plan, running.plan.settings
    keras.utils.set_random_seed(plan.seed)
    reset_seed_generators(index.model, plan.seed)
    apply_tree(index, tree)
    without_xla = layers_without_xla(index.model) if settings.jit_compile else ()
    notes = list(compile_model(index, settings, plan.report, sample_of(running)))
    if settings.mixed_precision and (note := precision_note(running.precision.policy)):
        notes.append(note)
    if without_xla:
        notes.append(f"XLA is not used, as it cannot compile {', '.join(without_xla[:3])}.")
    device = device_text(policy=running.precision.policy, is_compiled=settings.jit_compile and not without_xla)
    return replace(running, plan=replace(plan, device=device, notes=tuple(notes)))


def _trained(running: Running, tree: LayerTree, prover: Prover, progress: Progress, clock: _Clock) -> RunResult:
    """Trains all phases, and gives the model the weights that it is to have then."""
    runner = PhaseRunner(running, progress)
    last_tree = runner.train(tree, prover)
    clock.lap("training")
    result = RunResult(
        running.plan,
        _outcome(running.control, progress),
        tuple(progress.epochs),
        tuple(runner.phases),
        tuple(progress.marks),
        clock.seconds,
        best=progress.best.best,
        reason=progress.reason,
    )
    if result.outcome == "cancelled":
        return result
    if progress.not_finite:
        problem = not_finite_problem(running, *progress.not_finite, best=progress.best.best)
        if progress.best_state is None:
            return replace(result, outcome="failed", problem=problem)
        result = replace(result, reason=f"{problem.summary} {problem.hint}")
    kept = _keep(running, runner)
    test_metrics: Metrics = {}
    if running.data.test:
        test_metrics = runner.evaluate(running.data.test)
        clock.lap("test")
    if running.control.ending == "cancel":
        return replace(result, outcome="cancelled")
    marks = tuple(progress.marks)
    return replace(result, proof=prover.proof(last_tree), kept=kept, test_metrics=test_metrics, marks=marks)


def _outcome(control: RunControl, progress: Progress) -> Outcome:
    if control.ending == "cancel":
        return "cancelled"
    return "finished" if control.ending is None and progress.not_finite is None else "stopped"


def _keep(running: Running, runner: PhaseRunner) -> Keep:
    """Puts the weights of the best epoch back where they are asked for; which weights the model has then."""
    progress = runner.progress
    wanted = running.control.ending or running.plan.settings.keep
    if progress.best_state is None or progress.best.best is None or (wanted != "best" and not progress.not_finite):
        return "last"
    if not runner.is_at_best:
        progress.best_state.put_back(running.index)
        runner.mark("best-restored", f"weights of epoch {progress.best.best.epoch + 1}")
        running.watcher.weights_replaced()
    return "best"


def reset_seed_generators(model: keras.Model, seed: int) -> None:
    """Gives every seed generator of a model a state drawn from `seed` (fact F27), so that a run can be repeated."""
    source = np.random.default_rng(seed)
    weights = {id(weight) for weight in model.weights}
    for variable in model.variables:
        if id(variable) not in weights:
            variable.assign(source.integers(2**31, size=variable.shape).astype(variable.dtype))
