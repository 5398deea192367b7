"""What a run reports to a file (`train --report`)."""

from __future__ import annotations

from typing import Any

import msgspec

from editor.layers.tree import LayerTree
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
        "epochs": [{"epoch": at + 1, **metrics} for at, metrics in enumerate(result.epochs)],
        "phases": [
            {
                "epochs": len(result.epochs),
                "learning_rate": settings.learning_rate,
                "trainable": trainable,
                "frozen": frozen,
            }
        ],
        "trainable": trainable,
        "frozen": frozen,
        "statistics": account.statistics.parameters,
        "seconds": {"features": 0.0, **result.seconds},
        "feature_cache": {"used": False, "cut": None, "reason": "This version has no feature cache."},
        "proof": msgspec.to_builtins(result.proof),
    }
