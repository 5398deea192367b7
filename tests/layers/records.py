"""Builds layer records for tests: by hand, and at random for property tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from hypothesis import settings
from hypothesis import strategies as st

from editor.layers.nodes import Node
from editor.layers.paths import escape
from editor.layers.records import LayerRecord, WeightRecord
from editor.layers.tree import FlagChange, LayerTree

thoroughly = settings(deadline=None, max_examples=120)

Edits = list[tuple[list[int], bool]]
"""Each: positions in the walk over the tree (modulo its length), and whether these nodes train from then on."""


class Builder:
    """Hands out ids, as a walk over a model does."""

    def __init__(self) -> None:
        self.num_weights = 0
        self.num_layers = 0

    def weight(self, name="kernel", shape=(2, 3), *, is_statistics=False, is_trainable=True) -> WeightRecord:
        self.num_weights += 1
        record = WeightRecord(
            weight_id=self.num_weights - 1,
            name=name,
            shape=shape,
            dtype="float32",
            num_bytes=0,
            is_statistics=is_statistics,
            is_trainable=is_trainable and not is_statistics,
        )
        return msgspec.structs.replace(record, num_bytes=4 * record.num_parameters)

    def layer(self, name, class_name="Dense", *, weights=(), children=(), is_flag_set=True) -> LayerRecord:
        self.num_layers += 1
        return LayerRecord(
            layer_id=self.num_layers - 1,
            name=name,
            class_name=class_name,
            store=f"layers/{class_name.lower()}_{self.num_layers - 1}",
            is_flag_set=is_flag_set,
            weights=tuple(weights),
            children=tuple(children),
        )

    def dense(self, name, *, is_trainable=True) -> LayerRecord:
        """6 + 3 parameters."""
        kernel = self.weight("kernel", (2, 3), is_trainable=is_trainable)
        return self.layer(name, weights=(kernel, self.weight("bias", (3,), is_trainable=is_trainable)))

    def normalization(self, name, *, is_flag_set=True) -> LayerRecord:
        """4 + 4 parameters, and 4 + 4 of statistics."""
        trained = [self.weight(part, (4,), is_trainable=is_flag_set) for part in ("gamma", "beta")]
        return self.layer(name, "BatchNormalization", weights=(*trained, *self.statistics()), is_flag_set=is_flag_set)

    def statistics(self) -> list[WeightRecord]:
        return [self.weight(part, (4,), is_statistics=True) for part in ("moving_mean", "moving_variance")]

    def container(self, name, *children, weights=(), class_name="Functional") -> LayerRecord:
        return self.layer(name, class_name, weights=weights, children=children)

    def model(self, *children, weights=()) -> LayerTree:
        return LayerTree(self.container("", *children, weights=weights))


def renamed(record: LayerRecord, name: str) -> LayerRecord:
    """The same layer at another place."""
    return msgspec.structs.replace(record, name=name)


def base_and_head() -> LayerTree:
    """`base` with conv1, bn, conv2 (frozen), and `head`."""
    build = Builder()
    base = build.container("base", build.dense("conv1"), build.normalization("bn"), build.dense("conv2"))
    return build.model(base, build.dense("head"))


# -- at random ------------------------------------------------------------------------------------------------


class _Draws:
    """Draws one model; keeps what was drawn, so that layers and weights turn up again elsewhere."""

    def __init__(self, draw: Callable) -> None:
        self.draw = draw
        self.build = Builder()
        self.layers: list[LayerRecord] = []
        self.weights: list[WeightRecord] = []

    def children(self, depth: int) -> list[LayerRecord]:
        return [self.child(self.name(at), depth) for at in range(self.draw(st.integers(0, 4)))]

    def name(self, at: int) -> str:
        kind = self.draw(st.sampled_from(["conv", "käse", "a b", "with/slash", "with.dot", "star*", "item"]))
        return f"items/{at}" if kind == "item" else escape(f"{kind}_{at}")

    def child(self, name: str, depth: int) -> LayerRecord:
        kinds = ["plain", "norm", "statistics", "weightless", "tied", "shared"]
        if depth > 0:
            kinds += ["container"] * 4
        kind = self.draw(st.sampled_from(kinds))
        if kind == "shared" and self.layers:
            return renamed(self.draw(st.sampled_from(self.layers)), name)
        made = self.container(name, depth) if kind == "container" else self.leaf(name, kind)
        self.layers.append(made)
        return made

    def container(self, name: str, depth: int) -> LayerRecord:
        weights = self.trained("scale") if self.draw(st.booleans()) else []
        return self.build.layer(
            name, "Functional", children=self.children(depth - 1), weights=weights, is_flag_set=self.draw(st.booleans())
        )

    def leaf(self, name: str, kind: str) -> LayerRecord:
        class_name = {"norm": "BatchNormalization", "statistics": "Normalization"}.get(kind, "Dense")
        weights: list[WeightRecord] = []
        if kind in ("plain", "norm", "tied"):
            weights += self.trained("kernel", "part/bias")
        if kind == "tied" and self.weights:
            tied = self.draw(st.sampled_from(self.weights))
            if all(weight.weight_id != tied.weight_id for weight in weights):
                weights.append(msgspec.structs.replace(tied, name="tied"))
        if kind in ("norm", "statistics") or (kind == "tied" and self.draw(st.booleans())):
            weights += self.build.statistics()
        return self.build.layer(name, class_name, weights=weights, is_flag_set=self.draw(st.booleans()))

    def trained(self, *names: str) -> list[WeightRecord]:
        made = [
            self.build.weight(name, (2, 1 + at), is_trainable=self.draw(st.booleans())) for at, name in enumerate(names)
        ]
        self.weights += made
        return made


@st.composite
def models(draw) -> LayerRecord:
    """A model: nested, with shared layers, tied weights, layers of statistics alone, weights of containers."""
    draws = _Draws(draw)
    own = draws.trained("scale") if draw(st.booleans()) else []
    return draws.build.layer("", "Functional", children=draws.children(3), weights=own)


def edits() -> st.SearchStrategy[Edits]:
    """A sequence of freezing and thawing."""
    return st.lists(st.tuples(st.lists(st.integers(0, 500), min_size=1, max_size=4), st.booleans()), max_size=6)


def picked(tree: LayerTree, positions: Sequence[int]) -> list[Node]:
    """The nodes at some positions of the walk."""
    nodes = list(tree.walk())
    return [nodes[at % len(nodes)] for at in positions]


def make_edits(tree: LayerTree, wishes: Edits) -> list[FlagChange]:
    """Plans and applies each edit."""
    changes = []
    for positions, trainable in wishes:
        changes.append(tree.plan(picked(tree, positions), trainable=trainable))
        tree.apply(changes[-1])
    return changes
