"""Findings about the last layer: its activation, its size, and the names on the way to it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from editor.layers.findings.finding import Cure, Finding
from editor.training.labels import CROSSENTROPIES
from editor.training.preflight.plan import Plan
from editor.training.words import AUTOMATIC

_NAME = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*")
"""What a TensorFlow graph takes as the name of a scope (tf.name_scope, `_VALID_SCOPE_NAME_REGEX`)."""
_HEAD = Cure("Replace Head…", action="replace_head")
_BOUNDED = {"sigmoid": (0.0, 1.0), "softmax": (0.0, 1.0), "tanh": (-1.0, 1.0)}


def activation(plan: Plan) -> Iterator[Finding]:
    """A last activation that does not go with the loss."""
    last, loss = plan.facts.last_activation, plan.losses[0] if len(plan.losses) == 1 else ""
    shapes = plan.facts.output_shapes
    if last == "softmax" and shapes and shapes[0][-1] == 1:
        text = "Softmax over a single unit is 1 whatever the input, so nothing can be learned. Use sigmoid there."
        yield Finding("error", "lone-softmax", "", "The last layer always gives 1", text)
    elif last == "softmax" and loss not in CROSSENTROPIES and loss != "kl_divergence" and loss:
        chosen = plan.settings.loss != AUTOMATIC
        cure = Cure("Let the Loss Be Found", settings=(("loss", AUTOMATIC),)) if chosen else None
        text = f"Softmax gives probabilities of classes, which {loss} compares as mere numbers; it learns slowly."
        yield Finding("warning", "output-loss", "", "Softmax with a loss for numbers", text, cure=cure)
    elif last in ("relu", "tanh") and loss in CROSSENTROPIES:
        text = f"A cross-entropy takes probabilities or raw outputs; {last} cuts off half of what raw outputs say."
        yield Finding("warning", "output-loss", "", f"The last layer ends in {last}", text)
    if last in _BOUNDED and plan.report.task == "regression":
        lowest, highest = _BOUNDED[last]
        text = f"{last} gives values from {lowest:g} to {highest:g} only. A linear layer reaches every target."
        yield Finding("warning", "bounded-output", "", f"The last layer ends in {last}, the targets are numbers", text)


def size(plan: Plan) -> Iterator[Finding]:
    """More outputs than classes: what a new head is for."""
    shapes = plan.facts.output_shapes
    num_outputs = shapes[0][-1] if len(shapes) == 1 and shapes[0] else None
    bars = plan.report.bars[0] if plan.report.bars else ()
    is_numbered = plan.losses == ("sparse_categorical_crossentropy",)
    if num_outputs and is_numbered and 1 < len(bars) < num_outputs:
        text = f"The other {num_outputs - len(bars):,} are never right. A new head would have one for each class."
        title = f"The model has {num_outputs:,} outputs, the data have {len(bars):,} classes"
        yield Finding("note", "spare-outputs", "", title, text, cure=_HEAD)
    elif num_outputs and is_numbered and len(bars) > num_outputs:
        text = "Each class needs an output of its own. A new head has as many as there are classes."
        title = f"The data have {len(bars):,} classes, the model has {num_outputs:,} outputs"
        yield Finding("error", "missing-outputs", "", title, text, cure=_HEAD)


def names(plan: Plan) -> Iterator[Finding]:
    """Layer names with which Keras fails in `fit`, as no graph takes them."""
    for layer in plan.tree.walk_layers():
        name = layer.record.config.get("name", layer.name)
        if layer.parent is None or not isinstance(name, str) or _NAME.fullmatch(name):
            continue
        plain = re.sub(r"[^A-Za-z0-9_.-]+", "_", name).strip("_") or "layer"
        text = "TensorFlow takes letters, digits, points, dashes and underscores in names; Keras fails in training."
        cure = Cure(f"Rename It to {plain}", rename=(layer.path, plain))
        yield Finding("error", "layer-name", layer.path, f"{name!r} cannot be trained under this name", text, cure=cure)
