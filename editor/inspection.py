"""A model as the `inspect` command tells it."""

from __future__ import annotations

import msgspec

from editor.files.facts import FileFacts
from editor.layers.accounts import Account
from editor.layers.findings.finding import Finding, Severity
from editor.layers.nodes import LayerNode, Node
from editor.layers.records import Shape
from editor.layers.tree import LayerTree


class InspectedWeight(msgspec.Struct, frozen=True):
    """One weight; `state` is `trainable`, `frozen` or `statistics`, or `unknown` in a preview that cannot tell."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    state: str


class InspectedLayer(msgspec.Struct, frozen=True, kw_only=True):
    """One layer at its first place; counts include what is below it.

    Attributes:
        depth: 0 for the children of the root.
        state: As `State` has it; `unknown` in a preview that cannot tell whether any weight below ever trains. The
            numbers count such weights as trainable.
        class_name: None where a preview does not know it.
        is_path_known: False in a preview of a file that does not tell the layer's name: the path has the key by which
            the file has it; left out elsewhere.
        shared_with: Its other paths.
        are_weights_known: False in a preview that cannot tell all weights: the numbers are the least that there are;
            left out elsewhere.
        output_shape: One shape, a list of shapes for several outputs, None where it is not known.
    """

    path: str
    store: str
    class_name: str | None = msgspec.field(name="class")
    depth: int
    state: str
    parameters: int
    trainable: int
    frozen: int
    statistics: int
    statistics_mode: str | None
    shared_with: tuple[str, ...]
    output_shape: Shape | tuple[Shape, ...] | None
    weights: tuple[InspectedWeight, ...]
    is_path_known: bool | msgspec.UnsetType = msgspec.UNSET
    are_weights_known: bool | msgspec.UnsetType = msgspec.UNSET


class InspectedFinding(msgspec.Struct, frozen=True, kw_only=True):
    """A finding as `Finding` has it; `cure` is what its one click in the window does, None where there is none."""

    severity: Severity
    code: str
    path: str
    title: str
    text: str
    paths: tuple[str, ...]
    cure: str | None


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """A model file, its totals and its layers, depth-first.

    Attributes:
        source: `model` or `preview`: what Keras loaded, or what the file alone tells.
        notes: What else is to be known, a sentence each; left out where there is nothing.
    """

    file: str
    format: str
    keras_version: str | None
    source: str
    totals: dict[str, int]
    layers: tuple[InspectedLayer, ...]
    findings: tuple[InspectedFinding, ...] = ()
    notes: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET


def inspection(
    tree: LayerTree,
    facts: FileFacts,
    findings: tuple[Finding, ...] = (),
    *,
    source: str = "model",
    notes: tuple[str, ...] = (),
) -> Inspection:
    """Describes a model.

    Args:
        tree: The model with the flags of its file.
        facts: What a reader found out about the file.
        findings: What is to be said about its flags.
        source: Whether Keras loaded it (`model`) or the file alone was read (`preview`).
        notes: What else is to be known.
    """
    return Inspection(
        file=facts.path,
        format=facts.format,
        keras_version=facts.keras_version,
        source=source,
        notes=notes or msgspec.UNSET,
        totals=_counts(tree.account(tree.root)),
        layers=tuple(
            _layer(tree, node) for node in tree.walk_layers() if node is not tree.root and tree.is_first_place(node)
        ),
        findings=tuple(_finding(finding) for finding in findings),
    )


def _finding(finding: Finding) -> InspectedFinding:
    return InspectedFinding(
        severity=finding.severity,
        code=finding.code,
        path=finding.path,
        title=finding.title,
        text=finding.text,
        paths=finding.paths,
        cure=finding.cure.text if finding.cure else None,
    )


def _counts(account: Account) -> dict[str, int]:
    return {
        "parameters": account.total.parameters,
        "trainable": account.trainable.parameters,
        "frozen": account.frozen.parameters,
        "statistics": account.statistics.parameters,
    }


def _layer(tree: LayerTree, node: LayerNode) -> InspectedLayer:
    shapes = node.record.output_shapes
    mode = tree.statistics_mode(node)
    return InspectedLayer(
        path=node.path,
        store=node.record.store,
        class_name=node.record.class_name or None,
        is_path_known=msgspec.UNSET if _is_path_known(node) else False,
        are_weights_known=msgspec.UNSET if tree.account(node).are_weights_known else False,
        depth=node.depth,
        state=_state(tree, node),
        statistics_mode=mode.value if mode else None,
        shared_with=tuple(place.path for place in tree.places(node)[1:]),
        output_shape=(shapes[0] if len(shapes) == 1 else shapes) or None,
        weights=tuple(
            InspectedWeight(weight.name, weight.record.shape, weight.record.dtype, _state(tree, weight))
            for weight in node.weights
        ),
        **_counts(tree.account(node)),
    )


def _state(tree: LayerTree, node: Node) -> str:
    account = tree.account(node)
    return account.state.value if account.is_state_known else "unknown"


def _is_path_known(node: LayerNode) -> bool:
    return node.record.is_name_known and (node.parent is None or _is_path_known(node.parent))


def inspection_text(found: Inspection) -> str:
    """The same for people: a line a layer, aligned."""
    cells = [
        ("  " * layer.depth + name, layer.class_name or "unknown", layer.state)
        for layer, name in zip(found.layers, _names(found.layers), strict=True)
    ]
    widths = [max(map(len, column)) for column in zip(("layer", "class", "state"), *cells, strict=True)]
    lines = [
        _line(texts, widths, _number(layer, layer.parameters), _number(layer, layer.trainable))
        for texts, layer in zip(cells, found.layers, strict=True)
    ]
    totals = " · ".join(f"{value:,} {name}" for name, value in found.totals.items())
    if any(layer.are_weights_known is False for layer in found.layers):
        totals = f"at least {totals}"
    head = f"{found.file} ({found.format}, Keras {found.keras_version or 'unknown'})"
    titles = _line(("layer", "class", "state"), widths, "parameters", "trainable")
    findings = [f"{finding.severity}: {finding.title}. {finding.text}" for finding in found.findings]
    return "\n".join(map(_printable, (head, titles, *lines, totals, *(found.notes or ()), *findings)))


def _printable(line: str) -> str:
    """A line in which nothing of a file's names reaches a terminal as a command, or turns the text round."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in line)


def _number(layer: InspectedLayer, number: int) -> str:
    if layer.are_weights_known is not False:
        return f"{number:,}"
    return f"{number:,}+" if layer.parameters else "unknown"


def _names(layers: tuple[InspectedLayer, ...]) -> list[str]:
    """Each layer's path below the layer it stands under: `blocks/0` for an item of a list."""
    above: dict[int, str] = {}
    names = []
    for layer in layers:
        above[layer.depth] = layer.path
        names.append(layer.path.removeprefix(f"{above.get(layer.depth - 1, '')}/"))
    return names


def _line(texts: tuple[str, str, str], widths: list[int], parameters: str, trainable: str) -> str:
    left = "  ".join(f"{text:<{width}}" for text, width in zip(texts, widths, strict=True))
    return f"{left}  {parameters:>14}  {trainable:>14}"
