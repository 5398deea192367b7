"""Findings about learning rate and batch size."""

from __future__ import annotations

from collections.abc import Iterator

from editor.layers.accounts import StatisticsMode
from editor.layers.findings.finding import Cure, Finding
from editor.training.preflight.plan import Plan

_ADAPTIVE = {"adam": "Adam", "adamw": "AdamW", "nadam": "Nadam", "rmsprop": "RMSprop"}
"""What takes steps of its own size, by the name that Keras knows it by and the one that people do."""
_HIGH_FOR_LEARNED = 5e-4
"""From here on, what has learned already is commonly spoilt in the first epoch (keras.io, guide to transfer learning,
fine-tunes at 1e-5)."""
_GENTLE = 1e-4
_HIGH_FOR_ADAPTIVE = 1e-2
_LOW_FOR_SGD = 1e-3
_USUAL = 1e-3
_USUAL_FOR_SGD = 1e-2
_SMALL_BATCH = 8
"""Statistics of fewer samples are mostly noise (Wu and He, Group Normalization, 2018, figure 1)."""
_USUAL_BATCH = 32


def learning_rate(plan: Plan) -> Iterator[Finding]:
    """A rate that does not fit the optimizer, or what has learned already."""
    rate, optimizer = plan.settings.learning_rate, plan.settings.optimizer
    learned = _learned_share(plan)
    if optimizer in _ADAPTIVE and rate >= _HIGH_FOR_ADAPTIVE:
        text = (
            f"Rates of 0.01 and more are those of SGD; {_ADAPTIVE[optimizer]} takes steps of its own size, commonly at "
            "0.001."
        )
        yield _of_rate("The learning rate is high for this optimizer", text, _USUAL)
    elif optimizer != "sgd" and rate >= _HIGH_FOR_LEARNED and learned > 0.5:
        text = (
            f"{learned:.0%} of the parameters that train have learned already. At {rate:g} the first steps undo much "
            "of it. Freeze those layers, or use a smaller rate."
        )
        yield _of_rate("The learning rate is high for what has learned already", text, _GENTLE)
    elif optimizer == "sgd" and rate <= _LOW_FOR_SGD and learned <= 0.5:
        text = f"{rate:g} is a usual rate for Adam. With SGD, training will be very slow; 0.01 is common."
        yield _of_rate("The learning rate is low for SGD", text, _USUAL_FOR_SGD, severity_is_note=True)


def _of_rate(title: str, text: str, rate: float, *, severity_is_note: bool = False) -> Finding:
    cure = Cure(f"Use a Learning Rate of {rate:g}", learning_rate=rate)
    return Finding("note" if severity_is_note else "warning", "learning-rate", "", title, text, cure=cure)


def _learned_share(plan: Plan) -> float:
    """The share of the parameters that train which stand in layers that have learned."""
    tree = plan.tree
    total = tree.account(tree.root).trainable.parameters
    weights = {weight.weight_id: weight for layer in plan.learned for weight in layer.record.weights}
    learned = sum(weight.num_parameters for weight in weights.values() if tree.is_trainable(weight))
    return learned / total if total else 0.0


def batch_size(plan: Plan) -> Iterator[Finding]:
    """More than there is, or too little for statistics."""
    size, num_train = plan.settings.batch_size, plan.report.num_train
    if num_train and size > num_train:
        cure = Cure(f"Use a Batch Size of {num_train:,}", settings=(("batch_size", num_train),))
        text = f"There are {num_train:,} samples to train on, so an epoch is one batch of {num_train:,}."
        yield Finding("note", "batch-size", "", f"The batch of {size:,} is larger than the data", text, cure=cure)
    moving = moving_statistics(plan)
    if not moving or num_train is None:
        return
    named = moving[0] if len(moving) == 1 else f"{len(moving)} layers"
    smallest = min(size, num_train)
    if smallest < _SMALL_BATCH:
        enough = min(_USUAL_BATCH, num_train)
        larger = Cure(f"Use a Batch Size of {enough}", settings=(("batch_size", enough),))
        text = (
            f"{named} will take mean and variance from {smallest} samples at a time, which is mostly noise. Use larger "
            "batches, or let the statistics stand still."
        )
        title = f"Batches of {smallest} are small for BatchNormalization"
        yield Finding("warning", "small-batch", "", title, text, moving, larger if enough > size else None)
    elif num_train % size == 1:
        cure = Cure(f"Use a Batch Size of {size + 1}", settings=(("batch_size", size + 1),))
        text = f"{num_train:,} samples in batches of {size:,} leave one over, and {named} cannot tell a variance of it."
        yield Finding("note", "last-batch", "", "The last batch has one sample only", text, moving, cure)


def moving_statistics(plan: Plan) -> tuple[str, ...]:
    """The paths of the normalizations whose statistics follow the data."""
    tree = plan.tree
    return tuple(
        layer.path
        for layer in tree.walk_layers()
        if layer.record.class_name.endswith("BatchNormalization")
        and tree.is_first_place(layer)
        and tree.statistics_mode(layer) is StatisticsMode.UPDATE
    )
