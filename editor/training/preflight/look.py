"""Everything that a person should know before a run starts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

import numpy as np

from editor.keras_model.walk import ModelIndex
from editor.layers.findings.finding import Cure, Finding, KnownFacts
from editor.layers.findings.learning import nothing_trainable
from editor.layers.findings.statistics import moving_statistics as moving_in_frozen_blocks
from editor.layers.flow import weighted_layers
from editor.layers.tree import LayerTree
from editor.training.checks import check
from editor.training.compiling import model_facts
from editor.training.data import Prepared
from editor.training.pipeline import ordered_batches
from editor.training.preflight import outputs, samples, steps
from editor.training.preflight.estimate import MemoryEstimate, RunEstimate
from editor.training.preflight.memory import does_fit, estimate_memory
from editor.training.preflight.plan import Plan
from editor.training.preflight.random_values import frozen_at_random
from editor.training.preflight.trial import Trial, try_batch
from editor.training.recipe import recipe_of
from editor.training.settings import SettingsReport, TrainSettings

TRIED_SAMPLES = 8
"""Enough to see a loss, few enough to be quick with any model."""

_ORDER = ("error", "warning", "note")
_CHECKS: tuple[Callable[[Plan], Iterator[Finding]], ...] = (
    outputs.names,
    outputs.activation,
    steps.learning_rate,
    steps.batch_size,
    samples.values,
    samples.classes,
    outputs.size,
    samples.parts,
)


def look_ahead(
    index: ModelIndex, tree: LayerTree, settings: TrainSettings, prepared: Prepared, learned: Collection[str] = ()
) -> tuple[tuple[Finding, ...], RunEstimate]:
    """Holds flags, settings, data and model against each other, and tries a batch.

    Neither weights nor flags nor seeds change. Must not run beside anything else that calls the model.

    Args:
        index: The live model.
        tree: The flags that the run would have.
        settings: What it is asked to do.
        prepared: Its data.
        learned: Paths of the layers that were trained before the model was opened.

    Returns:
        What a person should know, errors first; and what will train.
    """
    facts = model_facts(index)
    report = check(settings, prepared, facts)
    trained = tuple(layer for layer in weighted_layers(tree) if layer.path in learned)
    plan = Plan(tree, settings, facts, prepared.report, report.losses, trained)
    memory = _memory(plan, prepared)
    found = [*_of_settings(report), *nothing_trainable(tree, KnownFacts()), *_of_memory(memory, settings)]
    found += [*moving_in_frozen_blocks(tree, KnownFacts()), *frozen_at_random(index, tree)]
    found += [each for look in _CHECKS for each in look(plan)]
    if any(finding.code == "missing-outputs" for finding in found):
        # The same is said of the data.
        found = [finding for finding in found if finding.code != "settings-data"]
    is_sound = does_fit(memory) and not any(finding.severity == "error" for finding in found)
    trial = _try(index, plan, prepared, report) if is_sound else Trial(unlike="No batch was tried.")
    found += _of_trial(trial)
    found.sort(key=lambda finding: _ORDER.index(finding.severity))
    return tuple(found), _estimate(plan, memory, trial)


def _memory(plan: Plan, prepared: Prepared) -> MemoryEstimate:
    parts = [part for part in (prepared.train, prepared.validation) if part]
    arrays = [array for part in parts for array in (*part.inputs, *part.targets)]
    num_bytes = sum(array.nbytes for array in arrays if not isinstance(array, np.memmap))
    size = min(plan.settings.batch_size, max(prepared.train.num_samples, 1))
    return estimate_memory(plan.tree, plan.settings.optimizer, size, num_bytes)


def _of_settings(report: SettingsReport) -> Iterator[Finding]:
    for field, text in report.problems.items():
        title = f"{field.replace('_', ' ').capitalize()} {'do' if field == 'data' else 'does'} not fit"
        yield Finding("error", f"settings-{field}", "", title, text)


def _of_memory(memory: MemoryEstimate, settings: TrainSettings) -> Iterator[Finding]:
    if does_fit(memory):
        return
    fitting = memory.batch_size_that_fits
    cure = Cure(f"Use a Batch Size of {fitting:,}", settings=(("batch_size", fitting),)) if fitting else None
    needed = memory.gradients + memory.optimizer + memory.activations
    text = (
        f"About {_giga(needed)} more are needed, of which {_giga(memory.activations)} for outputs of a batch of "
        f"{settings.batch_size:,}; the machine has {_giga(memory.available or 0)} left. "
        + (f"A batch of {fitting:,} would fit." if fitting else "Freeze more of the model.")
    )
    yield Finding("warning", "memory", "", "This will hardly fit into memory", text, cure=cure)


def _giga(num_bytes: int) -> str:
    return f"{num_bytes / 1024**3:,.1f} GB"


def _try(index: ModelIndex, plan: Plan, prepared: Prepared, report: SettingsReport) -> Trial:
    num = min(TRIED_SAMPLES, plan.settings.batch_size, prepared.train.num_samples)
    recipe = recipe_of(index.model, prepared, num, plan.settings.seed or 0)
    batch = next(iter(ordered_batches(prepared.train.take(np.arange(num)), recipe)))
    return try_batch(index, plan.tree, batch, report)


def _of_trial(trial: Trial) -> Iterator[Finding]:
    if trial.error:
        title = "A batch does not go through the model"
        text = f"{trial.error.rstrip('.')}. Training would end with the same error."
        yield Finding("error", "trial-error", "", title, text)
    elif trial.culprit:
        text = "It holds values that are not finite (NaN or infinity), so every weight would become NaN in one step. "
        is_weight = ":" in trial.culprit
        text += "Go back to weights from before that, or thaw others." if is_weight else "Look at the data there."
        path = trial.culprit if is_weight and not trial.culprit.startswith("the ") else ""
        title = f"{trial.culprit[:1].upper()}{trial.culprit[1:]} is not finite" if not path else f"{path} is not finite"
        yield Finding("warning", "not-finite", path, title, text)


def _estimate(plan: Plan, memory: MemoryEstimate, trial: Trial) -> RunEstimate:
    tree = plan.tree
    account = tree.account(tree.root)
    trained = [
        layer
        for layer in tree.walk_layers()
        if tree.is_first_place(layer) and any(tree.is_trainable(weight) for weight in layer.record.weights)
    ]
    num_train = plan.report.num_train
    return RunEstimate(
        num_layers=len(trained),
        num_trainable=account.trainable.parameters,
        num_frozen=account.frozen.parameters,
        num_moving_statistics=len(steps.moving_statistics(plan)),
        num_samples=num_train,
        num_batches=-(-num_train // plan.settings.batch_size) if num_train else None,
        num_validation=plan.report.num_validation,
        num_test=plan.report.num_test,
        loss=" + ".join(dict.fromkeys(plan.losses)),
        first_loss=trial.loss,
        tried=_tried(trial),
        memory=memory,
    )


def _tried(trial: Trial) -> str:
    if trial.unlike or trial.error or trial.culprit:
        return trial.unlike
    return f"A batch of {trial.num_samples} went through: loss {trial.loss:.3g}, all gradients finite."
