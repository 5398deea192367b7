"""The hard sigmoid of Keras 1 and 2, which is a steeper one than that of Keras 3."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from editor.errors import ModelError
from editor.files.repair.arguments import Subject
from editor.files.repair.kinds import RepairNotes
from editor.files.repair.stored_weights import HARD_SIGMOID_SCALE

Config = dict[str, Any]

_NAME = "hard_sigmoid"
_GATED = {"LSTM": "lstm", "GRU": "gru", "LSTMCell": "lstm", "GRUCell": "gru"}
_CONV_LSTM = frozenset({"ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"})
_WHOLE = frozenset(
    {
        "Dense", "EinsumDense", "Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose",
        "Conv3DTranspose", "DepthwiseConv1D", "DepthwiseConv2D", "SimpleRNN", "SimpleRNNCell",
    }
)  # fmt: skip
_SEPARABLE = frozenset({"SeparableConv1D", "SeparableConv2D"})


def _as_it_is(entry: Config) -> Config:
    return entry


@dataclass(frozen=True)
class HardSigmoid:
    """What a layer needs so that today's hard sigmoid gives what the old one gave.

    Attributes:
        steps: What becomes of its weights.
        around: What becomes of the layer itself.
    """

    steps: tuple[str, ...] = ()
    around: Callable[[Config], Config] = _as_it_is


def repair_hard_sigmoid(entry: Config, subject: Subject, notes: RepairNotes) -> HardSigmoid:
    """Tells how a layer with the old hard sigmoid is made to give the same.

    Keras 2: clip(0.2 x + 0.5, 0, 1); Keras 3: clip(x / 6 + 0.5, 0, 1), so that 1.2 x goes in. Where weights give x,
    they are multiplied.

    Raises:
        ModelError: x comes from somewhere else.
    """
    settings = entry["config"]
    is_own, is_of_gates = (_name_of(settings.get(key)) == _NAME for key in ("activation", "recurrent_activation"))
    if not subject.is_of_old_keras or not (is_own or is_of_gates):
        return HardSigmoid()
    name, class_name = subject.name, subject.class_name
    notes.add("hard-sigmoid", "The hard sigmoid of Keras 2 is kept: what goes into today's is multiplied by 1.2", name)
    if class_name == "Activation":
        return HardSigmoid(around=_with_rescaling)
    if class_name in _GATED or class_name in _CONV_LSTM:
        return HardSigmoid(steps=_gates(class_name, subject, is_own=is_own, is_of_gates=is_of_gates))
    if class_name in _WHOLE or class_name in _SEPARABLE:
        return HardSigmoid(steps=("scale-separable" if class_name in _SEPARABLE else "scale-all",))
    raise _refused(subject)


def _gates(class_name: str, subject: Subject, *, is_own: bool, is_of_gates: bool) -> tuple[str, ...]:
    kind = _GATED.get(class_name, "lstm")
    if is_own and kind == "lstm":
        # It acts on the cell's state too, which no weight multiplies.
        raise _refused(subject)
    steps = (f"scale-{kind}",) if is_of_gates else ()
    return (*steps, "scale-gru-state") if is_own else steps


def _refused(subject: Subject) -> ModelError:
    return ModelError(
        f"The {subject.class_name} {subject.name!r} uses the hard sigmoid of Keras 2, which is another one today.",
        hint="Open it with the Keras that wrote it.",
    )


def _name_of(activation: Any) -> str:
    match activation:
        case str(name):
            return name
        case {"config": str(name)} | {"class_name": str(name)}:
            return name
    return ""


def _with_rescaling(entry: Config) -> Config:
    """The activation and what multiplies its input, as one model of the activation's name."""
    name = entry["config"]["name"]
    factor = {"name": f"{name}_factor", "scale": HARD_SIGMOID_SCALE, "offset": 0.0}
    inner = {**entry, "config": {**entry["config"], "name": f"{name}_itself"}}
    for key in ("inbound_nodes", "name"):
        inner.pop(key, None)
    rescaling = {"module": "keras.layers", "class_name": "Rescaling", "config": factor, "registered_name": None}
    return {
        **entry,
        "module": "keras",
        "class_name": "Sequential",
        "config": {"name": name, "layers": [rescaling, inner]},
        "registered_name": None,
    }
