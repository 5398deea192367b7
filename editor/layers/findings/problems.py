"""All findings about a tree."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from editor.layers.findings.finding import Finding, KnownFacts
from editor.layers.findings.learning import learning_rate_after_thaw, nothing_trainable, without_gradient
from editor.layers.findings.places import forgotten_flags, lora, shared_across
from editor.layers.findings.randomness import active_randomness
from editor.layers.findings.statistics import moving_statistics, overridden_calls, rewritten_weights
from editor.layers.mapping import MapReport
from editor.layers.tree import LayerTree

_CHECKS: tuple[Callable[[LayerTree, KnownFacts], Iterator[Finding]], ...] = (
    nothing_trainable,
    without_gradient,
    moving_statistics,
    rewritten_weights,
    overridden_calls,
    shared_across,
    lora,
    learning_rate_after_thaw,
    active_randomness,
    forgotten_flags,
)
"""In the order in which a person wants to know."""


def find_problems(tree: LayerTree, facts: KnownFacts | None = None) -> tuple[Finding, ...]:
    """What a person should know about the flags as they are: warnings first, each kind in the order of the tree.

    Quick enough to be asked after each edit. A code and a path name one finding, from edit to edit.
    """
    known = facts or KnownFacts()
    found = [finding for check in _CHECKS for finding in check(tree, known)]
    return tuple(sorted(found, key=lambda finding: finding.severity != "warning"))


def map_findings(report: MapReport, *, is_preview: bool = False) -> tuple[Finding, ...]:
    """What of a file's freeze map did not fit the model."""
    title, text = "is not in the model", "The file's freeze map names it, but the model does not have it."
    if is_preview:
        title = "is not found in the preview"
        text = "The file's freeze map names it; which layer it is, and so its state, may take the model's code to tell."
    missing = (Finding("warning", "map-entry", path, f"{path} {title}", text) for path in report.unmatched)
    others = (
        Finding(
            "warning",
            "map-shape",
            misfit.path,
            f"{misfit.path} has another shape",
            f"It has shape {misfit.shape_in_map} in the file's freeze map and {misfit.shape_in_model} in the model. "
            "Its flag was left as it is.",
        )
        for misfit in report.misfits
    )
    return (*missing, *others)
