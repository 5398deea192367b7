"""Gives a model a head for other data, as `train --replace-head` does before it trains."""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from editor.errors import DataError, ModelError
from editor.head_options import FOUND, new_head
from editor.keras_model.surgery import edit_structure
from editor.keras_model.walk import ModelIndex
from editor.layers.cutting import Cut, cut_at, found_cut, names_behind, structure_obstacle
from editor.layers.kept import carry_flags, match_kept
from editor.layers.nodes import LayerNode
from editor.layers.structure import ReplaceHead, fitting_poolings
from editor.layers.tree import LayerTree
from editor.training.run import check_settings
from editor.training.settings import TrainSettings, WantedOutput
from editor.wording import counted, some_of


@dataclass(frozen=True)
class NewHead:
    """A model with another head.

    Attributes:
        tree: With the flags of what stays; what is new trains.
        line: What was done, in a sentence.
        notes: What else a person should know, a sentence each.
        report: What was done, for the report of the run.
    """

    index: ModelIndex
    tree: LayerTree
    line: str
    notes: tuple[str, ...]
    report: dict[str, Any]


def put_new_head(
    index: ModelIndex,
    tree: LayerTree,
    settings: TrainSettings,
    options: argparse.Namespace,
    custom_objects: dict[str, Any] | None,
) -> NewHead:
    """Cuts a model and puts a head there that fits the data.

    Args:
        index: The live model; it is left as it is.
        tree: Its layers, with the flags that hold.
        settings: Of the run; they name the data.
        options: Of the head.
        custom_objects: Classes and functions that the model needs.

    Raises:
        ModelError: The model cannot be cut there, or the head does not fit there.
        DataError: The data do not tell what the head must give.
    """
    cut = _cut(tree, options.replace_head)
    usual = (*fitting_poolings(cut.shape), "none")[0]
    head = new_head(options, _wanted(index, settings, cut), usual)
    edit = ReplaceHead(path=cut.layer.path, head=head, seed=settings.seed)
    with tempfile.TemporaryDirectory() as folder:
        before, after = (Path(folder) / f"{name}.keras" for name in ("before", "after"))
        changed = edit_structure(index, edit, before, after, custom_objects)
    made = LayerTree(changed.index.root)
    match = match_kept(tree, made, changed.kept)
    carry_flags(tree, made, match)
    new = [layer.path for layer in made.walk_layers() if layer.record.layer_id not in match.layers.values()]
    gone = [layer.path for layer in cut.goes]
    outputs = f"{counted(head.units, 'unit')}, {head.activation}"
    line = f"New head behind {cut.layer.path}: {outputs}, in place of {some_of(gone) or 'nothing'}."
    told = {"behind": cut.layer.path, "gone": gone, "new": new, **msgspec.to_builtins(head)}
    return NewHead(changed.index, made, line, changed.notes, told)


def _cut(tree: LayerTree, path: str) -> Cut:
    if obstacle := structure_obstacle(tree):
        raise ModelError(obstacle)
    if path == FOUND:
        found = found_cut(tree)
        if found is None:
            raise ModelError(
                "No head was found in this model.", hint="Name the last layer that stays: --replace-head LAYER."
            )
        return found
    layer = tree.find(path)
    if not isinstance(layer, LayerNode):
        raise ModelError(f"The model has no layer {path!r}.", hint="`inspect` lists its layers.")
    cut = cut_at(tree, layer)
    if cut.problem:
        raise ModelError(cut.problem, hint=f"Cut behind {cut.nearest}." if cut.nearest else "Name another layer.")
    return cut


def _wanted(index: ModelIndex, settings: TrainSettings, cut: Cut) -> WantedOutput:
    report = check_settings(index, settings)
    behind = names_behind(cut)
    at = next((at for at, name in enumerate(report.output_names) if name in behind), 0)
    if at < len(report.wanted_outputs):
        return report.wanted_outputs[at]
    raise DataError(
        report.problems.get("data") or "The data do not tell what the new head must give.",
        hint="" if "data" in report.problems else "Give one label, or one row of values, for each sample.",
    )
