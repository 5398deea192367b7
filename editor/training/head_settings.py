"""Which settings of a run go on with another head: a loss that was chosen for the old one may not."""

from __future__ import annotations

from msgspec.structs import replace

from editor.layers.structure import HeadActivation
from editor.training.settings import TrainSettings
from editor.training.words import AUTOMATIC

_NUMBERS = ("mean_squared_error", "mean_absolute_error", "huber")
_LOSSES: dict[HeadActivation, tuple[str, ...]] = {
    "softmax": ("sparse_categorical_crossentropy", "categorical_crossentropy", "kl_divergence"),
    "sigmoid": ("binary_crossentropy", *_NUMBERS),
    "linear": _NUMBERS,
}
_ERRORS = ("mean_squared_error", "mean_absolute_error")
_METRICS: dict[HeadActivation, tuple[str, ...]] = {
    "softmax": ("accuracy", "top_k_categorical_accuracy", "auc"),
    "sigmoid": ("accuracy", "auc", *_ERRORS),
    "linear": _ERRORS,
}


def settings_for_head(settings: TrainSettings, activation: HeadActivation) -> tuple[TrainSettings, tuple[str, ...]]:
    """The settings with loss and metrics that go with a head, and what was changed, a sentence each.

    What a person has chosen stays where it fits; else it is found from the model and the data again.
    """
    notes = []
    if settings.loss not in (AUTOMATIC, *_LOSSES[activation]):
        notes.append(f"The loss {settings.loss} does not go with {activation}; it is found from the data now.")
        settings = replace(settings, loss=AUTOMATIC)
    unfit = [name for name in settings.metrics if name not in (AUTOMATIC, *_METRICS[activation])]
    if unfit:
        plural = len(unfit) > 1
        notes.append(
            f"The metric{'s' if plural else ''} {' and '.join(unfit)} {'do' if plural else 'does'} not go with "
            f"{activation} and {'are' if plural else 'is'} left out."
        )
        left = tuple(name for name in settings.metrics if name not in unfit)
        settings = replace(settings, metrics=left or (AUTOMATIC,))
    return settings, tuple(notes)
