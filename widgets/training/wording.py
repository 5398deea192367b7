"""The names of optimizers, losses and metrics in human words; Keras's name where there are none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from editor.training.words import AUTOMATIC

_WORDS = {
    "adam": "Adam",
    "adamw": "AdamW",
    "sgd": "SGD",
    "rmsprop": "RMSprop",
    "adagrad": "Adagrad",
    "nadam": "Nadam",
    "lion": "Lion",
    "sparse_categorical_crossentropy": "Cross-entropy, class numbers",
    "categorical_crossentropy": "Cross-entropy, one-hot labels",
    "binary_crossentropy": "Binary cross-entropy",
    "mean_squared_error": "Mean squared error",
    "mean_absolute_error": "Mean absolute error",
    "huber": "Huber",
    "kl_divergence": "KL divergence",
    "poisson": "Poisson",
    "accuracy": "Accuracy",
    "top_k_categorical_accuracy": "Top 5 accuracy",
    "auc": "AUC",
    "loss": "Loss",
}

_LESS_IS_BETTER = ("loss", "error", "entropy", "divergence", "huber", "poisson")


def words_for(keras_name: str) -> str:
    """A name as it is shown: `mean_squared_error` is `Mean squared error`, an unknown one loses its underscores."""
    known = _WORDS.get(keras_name)
    if known:
        return known
    if keras_name.startswith("val_"):
        words = words_for(keras_name.removeprefix("val_"))
        return f"Validation {words if words[1:2].isupper() else words[:1].lower() + words[1:]}"
    plain = keras_name.replace("_", " ")
    return plain[:1].upper() + plain[1:]


def automatic_text(resolved: Iterable[str]) -> str:
    """The entry `Automatic`, with what it amounts to as soon as that is known."""
    known = ", ".join(words_for(name) for name in resolved if name and name != AUTOMATIC)
    return f"Automatic ({known})" if known else "Automatic"


def shortened(text: str) -> str:
    """An entry where the room is short: `Auto: Accuracy`, or without what stands in brackets."""
    before, _, inside = text.partition(" (")
    return f"Auto: {inside.removesuffix(')')}" if before == "Automatic" and inside else before


def metrics_text(metrics: Mapping[str, float]) -> str:
    """Values by the names that Keras gave them, in a line."""
    return ", ".join(f"{name} {value:.4g}" for name, value in metrics.items())


def is_less_better(metric: str) -> bool:
    """Whether a smaller value of the metric is the better one: losses and errors, but not accuracies."""
    return any(part in metric for part in _LESS_IS_BETTER)
