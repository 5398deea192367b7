"""Statements of Python that set flags: text with the assignments it makes, so that it can be tried on plain data."""

from __future__ import annotations

import keyword
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from editor.layers.nodes import LayerNode, Node
from editor.layers.python_access import steps_to
from editor.layers.python_plan import Assignment

_MAX_WIDTH = 100
_RESERVED = frozenset({"keras", "math", "model", "layer", "weight", "name", "key", "i", "sum"})


@dataclass(frozen=True, slots=True)
class Items:
    """The items of a tuple in a loop's header, which may take several lines."""

    items: tuple[Line, ...]


Line = tuple[str | Node | Items, ...]
"""Pieces of a line; a node stands for the expression that reaches it."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A plain assignment, or a loop.

    Attributes:
        header: The lines `for …:` and `if …:`; empty for a plain assignment.
        bodies: The lines inside.
        effects: What each line inside does, one tuple for each turn of the loop.
    """

    header: tuple[Line, ...]
    bodies: tuple[Line, ...]
    effects: tuple[tuple[tuple[Assignment, ...], ...], ...]

    @property
    def assignments(self) -> Iterator[Assignment]:
        """All that is set, in the order in which Python does it."""
        for turn in zip(*self.effects, strict=True):
            for assignments in turn:
                yield from assignments

    def merged(self, later: Statement) -> Statement:
        """One loop that does what this one and `later`, with the same header, do."""
        return Statement(self.header, self.bodies + later.bodies, self.effects + later.effects)

    @property
    def lines(self) -> Iterator[tuple[int, Line]]:
        """Each line with its indentation."""
        yield from enumerate(self.header)
        for body in self.bodies:
            yield len(self.header), body


def assign(node: Node, value: bool) -> Statement:
    """`node.trainable = value`."""
    return Statement((), ((node, f".trainable = {value}"),), (((Assignment(node, value),),),))


def merge_loops(statements: Iterable[Statement]) -> list[Statement]:
    """The statements, with neighbours of the same header made one loop."""
    merged: list[Statement] = []
    for statement in statements:
        if merged and statement.header and statement.header == merged[-1].header:
            merged[-1] = merged[-1].merged(statement)
        else:
            merged.append(statement)
    return merged


def text_of(statements: Iterable[Statement]) -> str:
    """The program, without the line that sets the root; layers that are used often get a name first."""
    lines = [line for statement in statements for line in statement.lines]
    names = _Names(lines)
    return "".join(f"{line}\n" for line in (*names.definitions(), *names.rendered(lines)))


def cost_of(statements: Iterable[Statement]) -> int:
    """How long a program is to read: a line weighs as much as some forty letters, what says little by itself more."""
    text = text_of(statements)
    obscure = 80 * text.count("._flatten_layers()") + 30 * text.count(".weights[")
    return sum(len(line.strip()) + 40 for line in text.split("\n")) + obscure


class _Names:
    """Which layers get a variable of their own, and the expression of each node."""

    def __init__(self, lines: Iterable[tuple[int, Line]]) -> None:
        self._aliases: dict[LayerNode, str] = {}
        uses: Counter[LayerNode] = Counter()
        for _, line in lines:
            for node in _nodes_in(line):
                uses.update(_with_parents(node))
        for layer in sorted(uses, key=lambda layer: -layer.depth):
            if uses[layer] >= 2 and layer.parent is not None and len(_path(layer)) > 20:
                self._aliases[layer] = ""
                for above in _with_parents(layer.parent):
                    uses[above] -= uses[layer] - 1
        taken = set(_RESERVED)
        for layer in sorted(self._aliases, key=lambda layer: layer.depth):
            self._aliases[layer] = _identifier(layer.name, taken)

    def of(self, node: Node, *, as_defined: bool = False) -> str:
        """The expression that reaches a node."""
        if isinstance(node, LayerNode) and node in self._aliases and not as_defined:
            return self._aliases[node]
        return self.of(node.parent) + "".join(steps_to(node)) if node.parent else "model"

    def definitions(self) -> Iterator[str]:
        for layer in sorted(self._aliases, key=lambda layer: layer.depth):
            yield f"{self._aliases[layer]} = {self.of(layer, as_defined=True)}"

    def rendered(self, lines: Iterable[tuple[int, Line]]) -> Iterator[str]:
        for depth, line in lines:
            text = self._text(line)
            if len(text) <= _MAX_WIDTH or not any(isinstance(piece, Items) for piece in line):
                yield "    " * depth + text
            else:
                yield from self._wrapped(line, "    " * depth)

    def _text(self, line: Line) -> str:
        return "".join(self._piece(piece) for piece in line)

    def _piece(self, piece: str | Node | Items) -> str:
        if isinstance(piece, str):
            return piece
        if isinstance(piece, Items):
            return f"({', '.join(self._text(item) for item in piece.items)})"
        return self.of(piece)

    def _wrapped(self, line: Line, indent: str) -> Iterator[str]:
        at = next(at for at, piece in enumerate(line) if isinstance(piece, Items))
        items = line[at]
        yield f"{indent}{self._text(line[:at])}("
        row = ""
        for item in items.items if isinstance(items, Items) else ():
            text = self._text(item) + ","
            if row and len(indent) + 4 + len(row) + 1 + len(text) > _MAX_WIDTH:
                yield f"{indent}    {row}"
                row = ""
            row = f"{row} {text}".lstrip()
        yield f"{indent}    {row}"
        yield f"{indent}){self._text(line[at + 1 :])}"


def _nodes_in(line: Line) -> Iterator[Node]:
    for piece in line:
        if isinstance(piece, Items):
            for item in piece.items:
                yield from _nodes_in(item)
        elif not isinstance(piece, str):
            yield piece


def _with_parents(node: Node) -> Iterator[LayerNode]:
    above: Node | None = node
    while above is not None:
        if isinstance(above, LayerNode):
            yield above
        above = above.parent


def _path(layer: LayerNode) -> str:
    return "model" + "".join("".join(steps_to(above)) for above in reversed(list(_with_parents(layer))))


def _identifier(name: str, taken: set[str]) -> str:
    """A Python name like the layer's own, not yet taken."""
    base = re.sub(r"\W+", "_", name.replace("%2F", "_"), flags=re.ASCII).strip("_") or "part"
    base = f"layer_{base}" if base[0].isdigit() or keyword.iskeyword(base) else base
    found, number = base, 1
    while found in taken:
        number += 1
        found = f"{base}_{number}"
    taken.add(found)
    return found
