"""The layers of a graph that only tell sizes, such as `tf.shape`: Keras 3 has no operations for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from editor.files.repair.nodes import Call, Reference
from editor.files.repair.operations import OPERATION_LAYERS, function_of, short_name
from editor.files.repair.sizes import computed, shape_of

Config = dict[str, Any]


@dataclass
class Sizes:
    """What such layers tell.

    Attributes:
        entries: The layers of TensorFlow's operations, by their names in the file.
        calls: Of each of them.
    """

    entries: Mapping[str, Config]
    calls: Mapping[str, list[Call]]
    _told: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: Mapping[str, Config], calls: Mapping[str, list[Call]]) -> Sizes:
        """Those of a graph.

        Args:
            entries: Its layers, by their names in the file.
            calls: Of each of them.
        """
        own = {name: entry for name, entry in entries.items() if entry.get("class_name") in OPERATION_LAYERS}
        return cls(own, {name: calls[name] for name in own if name in calls})

    def is_told(self, name: str) -> bool:
        """Whether a layer only tells sizes."""
        return self._value(name) is not None

    def filled(self, call: Call) -> Call:
        """A call with the sizes in the places of the layers that tell them."""
        args, kwargs = call
        return [self._filled(value) for value in args], {key: self._filled(value) for key, value in kwargs.items()}

    def _filled(self, value: Any) -> Any:
        match value:
            case Reference() if self.is_told(value.layer):
                told = self._value(value.layer)
                if self._function(value.layer) != "unstack":
                    return told
                return computed("__operators__.getitem", [told], {"slice_spec": value.tensor})
            case list():
                return [self._filled(each) for each in value]
            case dict():
                return {key: self._filled(each) for key, each in value.items()}
        return value

    def _function(self, name: str) -> str:
        entry = self.entries[name]
        return short_name(function_of(str(entry["class_name"]), entry["config"]))

    def _value(self, name: str) -> Any:
        if name not in self.entries:
            return None
        if name not in self._told:
            # A graph that leads back to itself is told by Keras.
            self._told[name] = None
            self._told[name] = self._worked_out(name)
        return self._told[name]

    def _worked_out(self, name: str) -> Any:
        calls = self.calls[name]
        function = self._function(name)
        if len(calls) != 1 or not calls[0][0]:
            return None
        args, kwargs = self.filled(calls[0])
        if function == "shape" and isinstance(args[0], Reference):
            return shape_of(args[0], (self.entries[name].get("build_config") or {}).get("input_shape"))
        tensors = _tensors([*calls[0][0], *calls[0][1].values()])
        if not tensors or not all(self.is_told(tensor.layer) for tensor in tensors):
            return None
        return args[0] if function == "unstack" else computed(function, args, kwargs)


def _tensors(value: Any) -> list[Reference]:
    """The tensors in an argument."""
    if isinstance(value, Reference):
        return [value]
    return [tensor for each in value for tensor in _tensors(each)] if isinstance(value, list) else []
