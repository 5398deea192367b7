"""What a person asks for in one of the dialogs, and the step that it becomes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from editor.layers.kept import carry_flags, match_kept, opened_after, plan_freeze_kept
from editor.layers.nodes import LayerNode
from editor.layers.structure import StructureEdit
from editor.layers.tree import LayerTree
from editor.processes.edit_messages import ModelEdited
from editor.training.settings import TrainSettings
from widgets.document import Document
from widgets.undo import RunCommand, Structure, StructureCommand


@dataclass(frozen=True)
class EditWish:
    """An edit with what belongs to it.

    Attributes:
        text: Name of the step, as in the Edit menu.
        freezes: Whether all that stays is frozen in the same step.
        but_last: As many of the last layers of what stays train all the same.
        settings: Of the run that is to follow; None leaves those in the panel.
    """

    edit: StructureEdit
    text: str
    freezes: bool = False
    but_last: int = 0
    settings: TrainSettings | None = None


def command_of(document: Document, wish: EditWish, event: ModelEdited) -> RunCommand:
    """The step that the engine has made of a wish."""
    before = event.before, Path(event.before_file)
    after = event.revision, Path(event.revision_file)
    if event.root is None:
        return RunCommand(document, wish.text, before, after)
    tree = LayerTree(event.root)
    match = match_kept(document.tree, tree, event.kept)
    carry_flags(document.tree, tree, match)
    if wish.freezes:
        tree.apply(plan_freeze_kept(tree, match, but_last=wish.but_last))
    structures = (
        Structure(event.before_structure, document.tree, document.opened, document.has_optimizer),
        Structure(event.structure, tree, opened_after(document.opened, match), event.has_optimizer),
    )
    return StructureCommand(document, wish.text, before, after, structures=structures, match=match)


def new_layers(command: RunCommand) -> tuple[LayerNode, ...]:
    """The layers that a step has brought, each once."""
    if not isinstance(command, StructureCommand):
        return ()
    tree, stays = command.structures[1].tree, set(command.match.layers.values())
    return tuple(
        layer for layer in tree.walk_layers() if tree.is_first_place(layer) and layer.record.layer_id not in stays
    )
