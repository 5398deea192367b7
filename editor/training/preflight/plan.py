"""What is known of a run that has not started."""

from __future__ import annotations

from dataclasses import dataclass

from editor.layers.nodes import LayerNode
from editor.layers.tree import LayerTree
from editor.training.data_report import DataReport
from editor.training.model_facts import ModelFacts
from editor.training.settings import TrainSettings


@dataclass(frozen=True, slots=True)
class Plan:
    """What is held against each other.

    Attributes:
        tree: The flags that the run would have.
        settings: What it is asked to do.
        facts: Of the model.
        report: Of the data.
        losses: The loss it would use for each output.
        learned: The layers that were trained before the model was opened, as far as their weights told then.
    """

    tree: LayerTree
    settings: TrainSettings
    facts: ModelFacts
    report: DataReport
    losses: tuple[str, ...]
    learned: tuple[LayerNode, ...] = ()
