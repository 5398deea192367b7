"""What memory a run takes, from the shapes of weights and outputs; without Keras."""

from __future__ import annotations

from math import prod

from editor.layers.nodes import LayerNode
from editor.layers.tree import LayerTree
from editor.training.preflight.estimate import MemoryEstimate
from editor.training.preflight.machine import available_memory

SLOTS = {"adam": 2, "adamw": 2, "nadam": 2, "sgd": 1, "rmsprop": 1, "adagrad": 1, "lion": 1}
"""Values that Keras's optimizers keep for each trained one, with their default arguments; SGD has room for momentum."""

_BYTES_PER_VALUE = 4
_COPIES = 2
"""The backward pass holds the gradient of an output beside it, of most layers only for a moment."""
_USABLE = 0.9


def estimate_memory(tree: LayerTree, optimizer: str, batch_size: int, num_data_bytes: int) -> MemoryEstimate:
    """What a run with these flags takes, beside what the machine has left.

    Args:
        tree: The flags, and the shapes of all outputs.
        optimizer: One of `OPTIMIZERS`.
        batch_size: Samples in one step.
        num_data_bytes: Size of the arrays in memory.
    """
    account = tree.account(tree.root)
    trained = account.trainable.num_bytes
    sample = _BYTES_PER_VALUE * num_kept_values(tree)
    fixed = trained + trained * SLOTS.get(optimizer, 2)
    available = available_memory()
    return MemoryEstimate(
        weights=account.total.num_bytes,
        gradients=trained,
        optimizer=fixed - trained,
        activations=sample * batch_size,
        data=num_data_bytes,
        available=available,
        batch_size_that_fits=_fitting(sample, batch_size, available * _USABLE - fixed) if available else None,
    )


def does_fit(memory: MemoryEstimate) -> bool:
    """Whether what a run takes beside what is in memory already is there."""
    more = memory.gradients + memory.optimizer + memory.activations
    return memory.available is None or more <= _USABLE * memory.available


def num_kept_values(tree: LayerTree) -> int:
    """Values of one sample that the backward pass needs: outputs from the first layer on that trains.

    A size that is free counts as 1. Before that layer nothing is kept but what is being computed.
    """
    leaves = [layer for layer in tree.walk_layers() if not layer.children]
    first = next((at for at, layer in enumerate(leaves) if _trains(tree, layer)), len(leaves))
    largest = max((_num_values(layer) for layer in leaves), default=0)
    return largest + _COPIES * sum(_num_values(layer) for layer in leaves[first:])


def _trains(tree: LayerTree, layer: LayerNode) -> bool:
    return any(tree.is_trainable(weight) for weight in layer.record.weights)


def _num_values(layer: LayerNode) -> int:
    return sum(prod(size or 1 for size in shape[1:]) for shape in layer.record.output_shapes)


def _fitting(sample: int, batch_size: int, room: float) -> int | None:
    """The largest power of two of samples in the room; None where the batch fits, or not even one sample does."""
    if not sample or sample * batch_size <= room or sample > room:
        return None
    return 1 << (int(room // sample).bit_length() - 1)
