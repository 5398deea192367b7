"""Says many assignments by few loops: over a slice, names that begin alike, a list of names, items of a list."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from editor.layers.nodes import LayerNode, Node, WeightNode
from editor.layers.python_access import Link, graph_layers, is_from_file, links_to, name_of, quoted, steps_to
from editor.layers.python_plan import Assignment, Target
from editor.layers.python_statements import Items, Line, Statement, assign, cost_of, merge_loops

_MAX_PREFIXES = 3


@dataclass(frozen=True, slots=True)
class _Group:
    """Nodes that are reached alike but for one step, and get one value.

    Attributes:
        nodes: The nodes.
        links: The step of each that differs from the others'.
        rest: The steps after it, which are the same for all.
        value: What their flag is set to.
    """

    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    rest: str
    value: bool

    @property
    def anchor(self) -> LayerNode:
        return self.links[0].anchor

    @property
    def effects(self) -> tuple[tuple[tuple[Assignment, ...], ...], ...]:
        return (tuple((Assignment(node, self.value),) for node in self.nodes),)

    def loop(self, header: Line, variable: str) -> Statement:
        return Statement((header,), (self.body(variable),), self.effects)

    def body(self, *start: str | Node) -> Line:
        return (*start, f"{self.rest}.trainable = {self.value}")


def loops_for(plan: Sequence[Assignment], target: Target) -> list[Statement]:
    """Statements that make the assignments of a plan, and others that do no harm.

    The order is that of the plan only as far as the groups allow: the caller has to try the result.
    """
    statements: list[Statement] = []
    for group in _groups(plan):
        singles = [assign(node, group.value) for node in group.nodes]
        options = [singles] if len(group.nodes) == 1 else [singles, *([loop] for loop in _loops(group, target))]
        statements += min(options, key=cost_of)
    return merge_loops(statements)


def _groups(plan: Sequence[Assignment]) -> Iterator[_Group]:
    chains = [links_to(assignment.node) for assignment in plan]
    members: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for at, assignment in enumerate(plan):
        for key in _keys(assignment, chains[at]):
            members[key].append(at)
    done: set[int] = set()
    for at, assignment in enumerate(plan):
        if at in done:
            continue
        found = [[other for other in members[key] if other not in done] for key in _keys(assignment, chains[at])]
        # Of equally large groups the one whose members differ in the last step.
        position = max(range(len(found)), key=lambda position: (len(found[position]), position))
        group = found[position]
        done.update(group)
        yield _Group(
            tuple(plan[other].node for other in group),
            tuple(chains[other][position] for other in group),
            "".join(link.step for link in chains[at][position + 1 :]),
            assignment.value,
        )


def _keys(assignment: Assignment, chain: Sequence[Link]) -> Iterator[tuple[object, ...]]:
    kind = isinstance(assignment.node, WeightNode)
    for at, link in enumerate(chain):
        rest = "".join(later.step for later in chain[at + 1 :])
        yield id(link.anchor), link.before, link.kind, rest, assignment.value, kind


# -- loops ----------------------------------------------------------------------------------------------------


def _loops(group: _Group, target: Target) -> Iterator[Statement]:
    kind = group.links[0].kind
    literals = Items(tuple((link.literal,) for link in group.links))
    before = group.links[0].before
    if kind == "name":
        yield Statement(
            (("for name in ", literals, ":"),),
            (group.body(group.anchor, ".get_layer(name)"),),
            group.effects,
        )
        yield from _slices(group, target)
        if not group.rest:
            yield from _prefixes(group, target)
    elif kind == "attribute":
        variable = "weight" if isinstance(group.nodes[0], WeightNode) and not group.rest else "layer"
        if not group.rest:
            yield group.loop((f"for {variable} in ", Items(tuple((node,) for node in group.nodes)), ":"), variable)
        else:
            holders = tuple((group.anchor, link.before + link.step) for link in group.links)
            yield group.loop(("for layer in ", Items(holders), ":"), "layer")
    elif kind == "index":
        numbers = Statement((("for i in ", literals, ":"),), (group.body(group.anchor, f"{before}[i]"),), group.effects)
        yield next(_slices(group, target), numbers)
    else:
        yield Statement((("for key in ", literals, ":"),), (group.body(group.anchor, f"{before}[key]"),), group.effects)


def _slices(group: _Group, target: Target) -> Iterator[Statement]:
    """A loop over neighbours in `anchor.layers` or in a list; weightless layers in between do not matter."""
    by_name = group.links[0].kind == "name"
    if by_name and not group.anchor.record.is_graph:
        return
    items, total = _row(group)
    wanted = sorted(int(link.literal) if link.kind == "index" else link.child.row for link in group.links)
    first, last = wanted[0], wanted[-1]
    if group.rest:
        if wanted != list(range(first, last + 1)):
            return
        effects = group.effects
    else:

        def is_harmless(at: int) -> bool:
            return at in items and target.needs(items[at]) <= {group.value}

        if not all(is_harmless(at) for at in range(first, last + 1)):
            return
        if total is not None and all(is_harmless(at) for at in range(last, total)):
            last = total - 1
        if all(is_harmless(at) for at in range(first)):
            first = 0
        effects = (tuple((Assignment(items[at], group.value),) for at in range(first, last + 1)),)
    before = ".layers" if by_name else group.links[0].before
    part = _part(first, last + 1, total)
    remark = _remark(items[wanted[0]], items[wanted[-1]], part) if part and by_name else ""
    header: Line = ("for layer in ", group.anchor, f"{before}{part}:", remark)
    yield Statement((header,), (group.body("layer"),), effects)


def _row(group: _Group) -> tuple[dict[int, LayerNode], int | None]:
    """The layers among which a slice is taken, by index; and how many there are, where that is known."""
    link = group.links[0]
    if link.kind == "name" or (link.before == ".layers" and link.anchor.record.is_graph):
        layers = graph_layers(link.anchor)
        return dict(enumerate(layers)), len(layers)
    found: dict[int, LayerNode] = {}
    for child in link.anchor.children:
        *steps, last = steps_to(child)
        if "".join(steps) == link.before and last[1:-1].isdigit():
            found[int(last[1:-1])] = child
    return found, None


def _part(first: int, end: int, total: int | None) -> str:
    if first == 0:
        return "" if end == total else f"[:{end}]"
    return f"[-{end - first}:]" if end == total else f"[{first}:{end}]"


def _remark(first: LayerNode, last: LayerNode, part: str) -> str:
    """Names the ends of a slice, since numbers say little."""
    start, end = name_of(first), name_of(last)
    if not f"{start}{end}".isprintable():
        return ""
    if part.startswith("[:"):
        return f"  # up to {end}"
    return f"  # from {start}" if part.endswith(":]") else f"  # {start} to {end}"


def _prefixes(group: _Group, target: Target) -> Iterator[Statement]:
    """A loop over the layers of a graph whose names begin alike."""
    layers = graph_layers(group.anchor)
    if not is_from_file(group.anchor):
        return
    others = [name_of(layer) for layer in layers if not target.needs(layer) <= {group.value}]
    prefixes = sorted({_prefix(name_of(node), others) for node in group.nodes if isinstance(node, LayerNode)})
    if "" in prefixes or len(prefixes) > _MAX_PREFIXES or len(group.nodes) < 3 * len(prefixes):
        return
    chosen = tuple(layer for layer in layers if name_of(layer).startswith(tuple(prefixes)))
    texts = Items(tuple((quoted(prefix),) for prefix in prefixes))
    test: Line = ("if layer.name.startswith(", texts if len(prefixes) > 1 else quoted(prefixes[0]), "):")
    effects = (tuple((Assignment(layer, group.value),) for layer in chosen),)
    yield Statement((("for layer in ", group.anchor, ".layers:"), test), (group.body("layer"),), effects)


def _prefix(name: str, others: Sequence[str]) -> str:
    """The shortest beginning of a name, up to the end of a word in it, that no other name has; empty if none."""
    for end in (match.end() for match in re.finditer(r"[^\W_]+[\W_]*", name)):
        if not any(other.startswith(name[:end]) for other in others):
            return name[:end]
    return ""
