"""Where a flag means more than it seems: shared layers, LoRA, what plain Keras forgets (facts F7, F8, F16)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from editor.layers.accounts import State
from editor.layers.findings.blocks import Group, ancestors, grouped
from editor.layers.findings.finding import Cure, Finding, KnownFacts
from editor.layers.nodes import LayerNode, WeightNode
from editor.layers.tree import LayerTree
from editor.wording import counted

_LORA_BASES = frozenset({"kernel", "embeddings"})


# -- shared layers --------------------------------------------------------------------------------------------


def shared_across(tree: LayerTree, _facts: KnownFacts) -> Iterator[Finding]:
    """Layers that stand in a container that is otherwise frozen and in one that otherwise trains."""
    by_pair: dict[tuple[LayerNode, LayerNode], list[LayerNode]] = {}
    for layer in tree.walk_layers():
        for pair in _holders(tree, layer):
            by_pair.setdefault(pair, []).append(layer)
    for (one, other), layers in by_pair.items():
        match _rest(tree, one, layers), _rest(tree, other, layers):
            case State.FROZEN, State.TRAINABLE:
                yield _shared(tree, layers, one, other)
            case State.TRAINABLE, State.FROZEN:
                yield _shared(tree, layers, other, one)


def _holders(tree: LayerTree, layer: LayerNode) -> Iterator[tuple[LayerNode, LayerNode]]:
    """The pairs of different containers, neither inside the other, in which a layer stands."""
    places = tree.places(layer)
    if len(places) == 1 or places[0] is not layer or not layer.weights_below:
        return
    holders = dict.fromkeys(place.parent for place in places if place.parent)
    for one, other in itertools.combinations(holders, 2):
        is_same = one.record.layer_id == other.record.layer_id
        if not is_same and one not in ancestors(other) and other not in ancestors(one):
            yield one, other


def _rest(tree: LayerTree, holder: LayerNode, layers: list[LayerNode]) -> State:
    """The state of a container without some layers in it."""
    left_out = {weight.weight_id for layer in layers for weight in layer.weights_below}
    rest = [weight for weight in holder.weights_below if weight.weight_id not in left_out and not weight.is_statistics]
    flags = {tree.is_trainable(weight) for weight in rest}
    if len(flags) == 1:
        return State.TRAINABLE if flags.pop() else State.FROZEN
    return State.MIXED if flags else State.WEIGHTLESS


def _shared(tree: LayerTree, layers: list[LayerNode], frozen: LayerNode, trainable: LayerNode) -> Finding:
    group = Group(layers[0] if len(layers) == 1 else frozen, tuple(layers))
    trains = [layer for layer in layers if tree.state(layer) is not State.FROZEN]
    moves = (
        f"What trains with {trainable.path} so moves in {frozen.path} too, which is otherwise frozen."
        if trains
        else f"What is frozen with {frozen.path} so stands still in {trainable.path} too, which otherwise trains."
    )
    return Finding(
        "warning",
        "shared-with-frozen",
        group.path,
        f"Shared between {frozen.path} (frozen) and {trainable.path} (trainable)",
        f"{group.all_of_them('layer')} {'stands' if group.is_one else 'stand'} in two places with one set of weights, "
        f"which are frozen in both or in none. {moves}",
        tuple(place.path for layer in layers for place in tree.places(layer)),
        Cure.of("Freeze It in Both Places", tree.plan(trains, trainable=False)) if trains else None,
    )


# -- LoRA -----------------------------------------------------------------------------------------------------


def lora(tree: LayerTree, _facts: KnownFacts) -> Iterator[Finding]:
    """Layers with LoRA: what freezing means there, and a warning where the base trains."""
    layers = [layer for layer in tree.walk_layers() if layer.record.has_lora and tree.is_first_place(layer)]
    trained = [layer for layer in layers if any(tree.is_trainable(base.record) for base in _bases(layer))]
    for group in grouped(trained):
        yield _trained_base(tree, group)
    rest = set(trained)
    for group in grouped(layer for layer in layers if layer not in rest):
        yield Finding(
            "note",
            "lora",
            group.path,
            f"LoRA in {group.name}",
            f"{group.all_of_them('layer')} {'learns' if group.is_one else 'learn'} by two small matrices beside the "
            "kernel, which is frozen. Freezing such a layer freezes these too; thawing it thaws the kernel with "
            "them. Keras merges the matrices into the kernel when it saves.",
            group.paths,
        )


def _bases(layer: LayerNode) -> list[WeightNode]:
    return [weight for weight in layer.weights if weight.name in _LORA_BASES]


def _trained_base(tree: LayerTree, group: Group) -> Finding:
    bases = [base for node in group.nodes if isinstance(node, LayerNode) for base in _bases(node)]
    wishes = tuple((base.record.weight_id, False) for base in bases)
    names = "the Base Kernel" if len(bases) == 1 else f"{len(bases):,} Base Kernels"
    return Finding(
        "warning",
        "lora-base-trains",
        group.path,
        f"The base kernel trains beside LoRA: {group.name}",
        f"LoRA is there to train two small matrices instead of the kernel. In {group.all_of_them('layer')} "
        "the kernel itself trains too, and takes the memory that LoRA was to save.",
        group.paths,
        Cure(f"Freeze {names}", wishes),
    )


# -- plain Keras ----------------------------------------------------------------------------------------------


def forgotten_flags(_tree: LayerTree, facts: KnownFacts) -> Iterator[Finding]:
    """Frozen weights that plain Keras will load as trainable."""
    for group in grouped(facts.forgotten):
        num = counted(len(group.nodes), "frozen weight")
        what = f"that {group.name} is frozen" if group.is_one else f"{num} in {group.name}"
        yield Finding(
            "note",
            "plain-keras-forgets",
            group.path,
            f"Plain Keras will forget {what}",
            f"Keras does not keep these flags in a file and will load {group.all_of_them('weight')} as trainable. The "
            "freeze map in the file keeps them; restore_freeze and 'Copy as Python' set them.",
            group.paths,
        )
