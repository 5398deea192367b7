"""Draws the samples that are validated on and never trained on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from editor.errors import DataError

Places = npt.NDArray[np.intp]


def draw_validation(
    total: int, share: float, seed: int, classes: npt.NDArray[np.integer] | None
) -> tuple[Places, Places]:
    """The samples to train on and those to validate on, each in the order of the data.

    Args:
        total: Samples in all.
        share: Part of them to validate on, 0 up to but not 1; each side gets at least one sample, but for 0.
        seed: Decides the draw.
        classes: `(total,)`, the class of each sample, whose shares are kept; None draws from all alike.

    Raises:
        DataError: One sample cannot be shared.
    """
    if share == 0:
        return np.arange(total), np.arange(0)
    if total == 1:
        raise DataError(
            "One sample leaves nothing to validate on.",
            hint="Use a validation share of 0, or more data.",
            field="validation_split",
        )
    num_held = min(max(round(total * share), 1), total - 1)
    order = np.random.default_rng(seed).permutation(total)
    held = order[:num_held] if classes is None else _stratified(order, classes, num_held)
    is_held = np.zeros(total, bool)
    is_held[held] = True
    return np.flatnonzero(~is_held), np.flatnonzero(is_held)


def _stratified(order: Places, classes: npt.NDArray[np.integer], num_held: int) -> Places:
    """From each class its share; what rounding leaves goes to the classes that lost most by it.

    A class keeps at least one sample to train on where the number to be held allows it.
    """
    names, counts = np.unique(classes, return_counts=True)
    wanted = counts * (num_held / len(classes))
    quotas = np.minimum(np.floor(wanted).astype(int), counts - 1)
    for at in np.argsort(quotas - wanted, kind="stable"):
        if quotas.sum() == num_held:
            break
        quotas[at] += quotas[at] < counts[at] - 1
    by_class = [order[classes[order] == name][:quota] for name, quota in zip(names, quotas, strict=True)]
    held = np.concatenate(by_class)
    if len(held) < num_held:  # Classes of one sample each: the rest is drawn from all.
        held = np.concatenate([held, np.setdiff1d(order, held)[: num_held - len(held)]])
    return held
