"""How many outputs a call of a layer of Keras gives, by plain rules; a layer without a certain rule has no number."""

from __future__ import annotations

from editor.files.preview.keras_layers import OPAQUE, Settings, names_in, settings_of

_ATTENTIONS = names_in("AdditiveAttention Attention GroupedQueryAttention MultiHeadAttention")
_NUM_STATES = {"GRU": 1, "SimpleRNN": 1, "LSTM": 2, "ConvLSTM1D": 2, "ConvLSTM2D": 2, "ConvLSTM3D": 2}
_OF_MANY = _ATTENTIONS | names_in(
    "Add Average Bidirectional Concatenate Dot HashedCrossing Maximum Minimum Multiply RNN Subtract"
)
"""Layers that make one output of several inputs; others give an output for each, or what their code says."""


def num_outputs(class_name: str, settings: Settings, num_inputs: int = 1, *, gives_scores: bool = False) -> int | None:
    """The number of outputs; None if it is not certain.

    Args:
        class_name: A class of Keras.
        settings: Its arguments.
        num_inputs: How many tensors the call takes, masks aside.
        gives_scores: Whether an attention was asked for its scores too.
    """
    if class_name in OPAQUE or class_name in ("Lambda", "Layer", "TimeDistributed", "Wrapper"):
        return None
    if class_name in _NUM_STATES:
        return 1 + _NUM_STATES[class_name] * bool(settings.get("return_state"))
    if num_inputs > 1 and class_name not in _OF_MANY:
        return None
    match class_name:
        case "Bidirectional":
            return _both_ways(settings)
        case "RNN":
            return None if settings.get("return_state") else 1
    return 1 + (class_name in _ATTENTIONS and gives_scores)


def _both_ways(settings: Settings) -> int | None:
    if settings.get("merge_mode", "concat") is None or settings_of(settings.get("layer")).get("return_state"):
        return None
    return 1
