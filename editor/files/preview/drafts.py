"""The layers of a model as a preview finds them, before they become records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from editor.files.preview.graph_order import Config
from editor.files.preview.keras_layers import OwnWeight
from editor.files.preview.snake_case import numbered, to_snake_case
from editor.layers.records import Shape


@dataclass(frozen=True)
class Variable:
    """A variable that was found in a file, or that the configuration tells for sure.

    Attributes:
        shape: Its shape.
        dtype: Keras dtype name.
        name: Keras's variable name if the file tells it; else the table of Keras's layers is asked, else it is unknown.
        is_statistics: Whether it never trains if the file tells it; None asks the table, and is False without one.
    """

    shape: tuple[int, ...]
    dtype: str
    name: str = ""
    is_statistics: bool | None = None


@dataclass(eq=False)
class Draft:
    """One layer object; the same one at all its places.

    Attributes:
        class_name: The class's own name, without package; empty if the file does not tell it.
        settings: The layer's arguments.
        place: The layer as it is serialized; None if the configuration does not have it by itself.
        is_keras: Whether it is of a class of Keras that the table knows, so that all that it holds is known.
        is_graph: Whether it is a Functional or Sequential model.
        parts: The layers that it holds, in the order of Keras's walk.
        made: The same layers in the order in which the layer makes them (`_layers`), which is the order of `weights`.
        takes_from: The siblings whose output it takes.
        sources: The layer and the number of its output for each input of the first call; empty if a bare operation is
            between.
        outputs: The same for the outputs of a graph.
        num_outputs: The number of outputs of its first call; None if only code knows it.
        fixed_training: As `LayerRecord` has it.
        input_shapes: Of its first call, or those that it was built with; empty if not told.
        output_shapes: Of its first call; empty if not told.
        store: Its group in Keras 3's weights file, by Keras's walk.
        group: The same in this file, where that is another.
        own: The weights that it owns by the table of Keras's layers; None if that is not known.
        variables: The variables that it itself owns, in the order of `own`; None if not known.
        are_weights_told: False where nothing tells what it owns: no file of weights, and no rule.
    """

    class_name: str
    settings: Config
    place: Config | None = None
    is_keras: bool = False
    is_graph: bool = False
    parts: list[Part] = field(default_factory=list)
    made: list[Draft] = field(default_factory=list)
    takes_from: list[Draft] = field(default_factory=list)
    sources: list[tuple[Draft, int]] = field(default_factory=list)
    outputs: list[tuple[Draft, int]] = field(default_factory=list)
    num_outputs: int | None = None
    fixed_training: bool | None = None
    input_shapes: tuple[Shape, ...] = ()
    output_shapes: tuple[Shape, ...] = ()
    store: str = ""
    group: str = ""
    own: tuple[OwnWeight, ...] | None = None
    variables: list[Variable] | None = None
    are_weights_told: bool = True

    @property
    def layer_name(self) -> str:
        """Keras's name of the layer; empty if the file does not tell it."""
        name = self.settings.get("name") or (self.place or {}).get("name")
        return name if isinstance(name, str) else ""


@dataclass(frozen=True)
class Part:
    """A layer at one place in another.

    Attributes:
        name: As `LayerRecord.name`.
        draft: The layer.
        access: As `LayerRecord.access`.
        attribute: The attribute that holds it; `layers` in a graph.
        is_listed: Whether the attribute is a list.
        is_name_known: As `LayerRecord` has it.
    """

    name: str
    draft: Draft
    access: tuple[str, ...] = ()
    attribute: str = ""
    is_listed: bool = False
    is_name_known: bool = True


def walk(root: Draft) -> Iterator[Draft]:
    """Each layer once, in the order in which the records are numbered."""
    seen: set[int] = set()
    stack = [root]
    while stack:
        draft = stack.pop()
        if id(draft) not in seen:
            seen.add(id(draft))
            yield draft
            stack.extend(part.draft for part in reversed(draft.parts))


def walk_made(root: Draft) -> Iterator[Draft]:
    """Each layer once, in the order in which Keras lists weights: before those in it, and these as they are made."""
    seen: set[int] = set()
    stack = [root]
    while stack:
        draft = stack.pop()
        if id(draft) not in seen:
            seen.add(id(draft))
            yield draft
            stack.extend(reversed(draft.made))


def walk_order(attribute: str) -> str:
    """A key that sorts attributes as Keras's walk does: public ones first."""
    return f"~{attribute}" if attribute.startswith("_") else attribute


def assign_stores(root: Draft) -> None:
    """Sets the store keys as Keras's own walk gives them; the first place that reaches a layer has it."""
    visited: set[int] = set()

    def visit(draft: Draft, path: str) -> None:
        if id(draft) in visited:
            return
        visited.add(id(draft))
        draft.store = path
        counts: dict[str, Counter[str]] = {}
        for part in draft.parts:
            inner = f"{path}/{part.attribute}" if path else part.attribute
            if part.is_listed:
                # Keras numbers by class before it looks whether it has the object already, and so do we.
                inner += "/" + numbered(
                    to_snake_case(part.draft.class_name), counts.setdefault(part.attribute, Counter())
                )
            visit(part.draft, inner)

    visit(root, "")
