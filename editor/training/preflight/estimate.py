"""What will train, and what memory it takes: plain data, without Keras."""

from __future__ import annotations

import msgspec


class MemoryEstimate(msgspec.Struct, frozen=True, kw_only=True):
    """What a run takes, in bytes.

    Attributes:
        weights: All of the model.
        gradients: Of what trains.
        optimizer: Slots of the optimizer, of what trains.
        activations: Outputs of layers that the backward pass needs, for one batch.
        data: The arrays that are held in memory.
        available: What the machine has left for it; None where it does not tell.
        batch_size_that_fits: The largest power of two that fits; None where the chosen one does, or none would.
    """

    weights: int
    gradients: int
    optimizer: int
    activations: int
    data: int = 0
    available: int | None = None
    batch_size_that_fits: int | None = None

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.gradients + self.optimizer + self.activations + self.data


class RunEstimate(msgspec.Struct, frozen=True, kw_only=True):
    """What will train.

    Attributes:
        num_layers: Layers of which at least one weight trains.
        num_trainable: Parameters that train.
        num_frozen: Parameters that could and do not.
        num_moving_statistics: Layers whose statistics follow the data.
        num_samples: Samples to train on; None where that is not known.
        num_batches: Batches in one epoch; None as above.
        num_validation: Samples to validate on, as far as that is known.
        num_test: Samples to test on at the end; as above.
        loss: The loss that a run would use.
        first_loss: Of the batch that was tried; None if none was.
        tried: What was tried, in words, such as `A batch of 8 went through: loss 2.31, all gradients finite.`
    """

    num_layers: int
    num_trainable: int
    num_frozen: int
    num_moving_statistics: int = 0
    num_samples: int | None = None
    num_batches: int | None = None
    num_validation: int = 0
    num_test: int = 0
    loss: str = ""
    first_loss: float | None = None
    tried: str = ""
    memory: MemoryEstimate | None = None
