"""Findings about the data: classes, parts, and values that do not fit."""

from __future__ import annotations

from collections.abc import Iterator

from editor.layers.findings.finding import Cure, Finding
from editor.training.data_report import Bar
from editor.training.preflight.plan import Plan
from editor.wording import some_of

_UNEVEN = 5
"""From this many times as many samples on, a model does well by guessing the larger class."""
_FEW_PER_CLASS = 10
_FEW_FOR_VALIDATION = 20
_SCALING = ("Rescaling", "Normalization")
_RAW_FROM = 2.0
_RAW_CONVENTION = 255.0


def classes(plan: Plan) -> Iterator[Finding]:
    """Classes that are rare, or not there at all."""
    for bars in plan.report.bars if plan.report.task != "regression" else ():
        if len(bars) < 2:
            continue
        yield from _absent(bars, has_validation=bool(plan.report.num_validation))
        present = [bar for bar in bars if bar.num_train]
        yield from _uneven(present, plan)
        few = [bar for bar in present if bar.num_train < _FEW_PER_CLASS]
        if few and len(bars) < 1000:
            title = f"{_counted(few)} fewer than {_FEW_PER_CLASS} samples to train on"
            text = f"{_named(few)}: so few tell little of what a class looks like. Collect more, or augment them."
            yield Finding("note", "few-samples", "", title, text)


def _absent(bars: tuple[Bar, ...], *, has_validation: bool) -> Iterator[Finding]:
    if absent := [bar for bar in bars if not bar.num_train]:
        text = f"{_named(absent)}: what is never seen cannot be learned. Check the split, or the folders."
        yield Finding("warning", "absent-class", "", f"{_counted(absent)} no sample to train on", text)
    absent = [bar for bar in bars if not bar.num_validation] if has_validation else []
    if absent:
        text = f"{_named(absent)}: the validation says nothing about them. A larger share, or a stratified one, would."
        cure = Cure("Draw It Stratified", settings=(("is_stratified", True),))
        yield Finding("note", "not-validated", "", f"{_counted(absent)} no sample to validate on", text, cure=cure)


def _uneven(present: list[Bar], plan: Plan) -> Iterator[Finding]:
    if len(present) < 2 or plan.settings.data_options.balance_classes:
        return
    most, least = (pick(present, key=lambda bar: bar.num_train) for pick in (max, min))
    if most.num_train < _UNEVEN * least.num_train:
        return
    share = most.num_train / sum(bar.num_train for bar in present)
    text = (
        f"{most.name} has {most.num_train:,} samples, {least.name} has {least.num_train:,}. Always guessing "
        f"{most.name} would be right {share:.0%} of the time. Balanced, samples of rare classes weigh more in the loss."
    )
    cure = Cure("Balance Classes", settings=(("balance_classes", True),))
    yield Finding("warning", "imbalance", "", "The classes are uneven", text, cure=cure)


def parts(plan: Plan) -> Iterator[Finding]:
    """A validation that says little."""
    num_validation = plan.report.num_validation
    if plan.report.num_train is None:
        return
    if not num_validation:
        cure = Cure("Validate on 20 %", settings=(("validation_split", 0.2),))
        text = "Without samples that are held out, nothing shows when the model learns them by heart."
        yield Finding("note", "no-validation", "", "Nothing is validated on", text, cure=cure)
    elif num_validation < _FEW_FOR_VALIDATION:
        title = f"{num_validation} samples are few to validate on"
        text = f"One sample more or less moves the accuracy by {1 / num_validation:.0%}. Read the curve with care."
        yield Finding("note", "few-validated", "", title, text)


def values(plan: Plan) -> Iterator[Finding]:
    """Values in a range that the model was hardly made for."""
    value_range = plan.report.value_range
    if value_range is None or plan.report.kind not in ("images", "arrays"):
        return
    lowest, highest = value_range
    is_image = any(len(shape) == 4 for shape in plan.facts.input_shapes)
    is_picture = is_image and lowest >= 0 and highest <= _RAW_CONVENTION
    scales = next((layer.path for layer in plan.tree.walk_layers() if layer.record.class_name in _SCALING), "")
    if is_picture and highest > _RAW_FROM and not scales and plan.report.preprocessing in ("none", ""):
        cure = Cure("Scale Them from 0 to 1", settings=(("preprocessing", "zero-to-one"),))
        can_scale = plan.report.kind == "images"
        text = "The model has no layer that scales them. Most image models learn from 0 to 1, or from −1 to 1."
        title = f"The values reach {highest:g}"
        yield Finding("warning", "value-range", "", title, text, cure=cure if can_scale else None)
    elif is_picture and highest <= 1 and scales and "rescaling" in scales.lower():
        cure = Cure("Leave the Values as They Are", settings=(("preprocessing", "none"),))
        text = f"{scales} in the model expects values from 0 to 255 and scales them itself; these are scaled already."
        can_leave = plan.report.kind == "images"
        title = "The values would be scaled twice"
        yield Finding("warning", "value-range", scales, title, text, cure=cure if can_leave else None)
    elif max(abs(lowest), abs(highest)) > _RAW_CONVENTION:
        text = "Inputs of that size make the first steps large. Bring them to mean 0 and deviation 1, if you can."
        yield Finding("note", "value-range", "", f"The values reach from {lowest:g} to {highest:g}", text)


def _counted(bars: list[Bar]) -> str:
    return "1 class has" if len(bars) == 1 else f"{len(bars):,} classes have"


def _named(bars: list[Bar]) -> str:
    return some_of([bar.name for bar in bars])
