"""What a run reports to a file (`train --report`)."""

from __future__ import annotations

from typing import Any

import msgspec

from editor.layers.tree import LayerTree
from editor.training.data_report import DataReport
from editor.training.marks import BestEpoch, Mark
from editor.training.phases import Phase
from editor.training.run import RunResult


def run_report(result: RunResult, tree: LayerTree) -> dict[str, Any]:
    """The report of a run as plain values.

    Args:
        result: How the run ended.
        tree: The state that it had.
    """
    account = tree.account(tree.root)
    settings = result.plan.settings
    trainable, frozen = account.trainable.parameters, account.frozen.parameters
    return {
        "run_id": result.plan.run_id,
        "settings": msgspec.to_builtins(settings),
        "seed": result.plan.seed,
        "loss": result.plan.report.loss,
        "data": _data(result.plan.report.data),
        "epochs": [{"epoch": at + 1, **metrics} for at, metrics in enumerate(result.epochs)],
        "phases": [_phase(phase) for phase in result.phases],
        "outcome": result.outcome,
        "kept": result.kept,
        "best": _best(result.best),
        "reason": result.reason,
        "events": [_event(mark) for mark in result.marks],
        "test": result.test_metrics,
        "device": result.plan.device,
        "trainable": trainable,
        "frozen": frozen,
        "statistics": account.statistics.parameters,
        "seconds": {"features": 0.0, **result.seconds},
        "feature_cache": {"used": False, "cut": None, "reason": "This version has no feature cache."},
        "proof": msgspec.to_builtins(result.proof),
    }


def _phase(phase: Phase) -> dict[str, Any]:
    return {
        "first_epoch": phase.first_epoch + 1,
        "epochs": phase.num_epochs,
        "learning_rate": phase.learning_rate,
        "trainable": phase.trainable,
        "frozen": phase.frozen,
    }


def _best(best: BestEpoch | None) -> dict[str, Any] | None:
    return {"epoch": best.epoch + 1, "metric": best.metric, "value": best.value} if best else None


def _event(mark: Mark) -> dict[str, Any]:
    at = mark.at
    return {"epoch": at.epoch + 1, "batch": at.batch, "kind": mark.kind, "text": mark.text, "seconds": at.seconds}


def _data(report: DataReport | None) -> dict[str, Any] | None:
    """What was found in the data, without the samples that are shown; scales and categories are needed to predict."""
    return None if report is None else msgspec.to_builtins(msgspec.structs.replace(report, samples=()))
