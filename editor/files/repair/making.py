"""Makes the operations of Keras 3 that together do what one operation of TensorFlow did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from editor.errors import ModelError
from editor.files.repair.nodes import Reference
from editor.files.repair.sizes import Shape, Size

REBUILD_HINT = "Open it with the Keras that wrote it, and replace this by a layer of Keras."


@dataclass(frozen=True)
class Step:
    """One operation of Keras.

    Attributes:
        class_name: Such as `Add`.
        name: The layer's for the last one, whose outputs are those of the layer.
        settings: Arguments of the class.
        args: Of the call; tensors are `Reference`.
        kwargs: Of the call, by name.
    """

    module: str
    class_name: str
    name: str
    settings: Mapping[str, Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]

    @property
    def itself(self) -> tuple[Any, ...]:
        """What it is, whatever it is called with."""
        return self.module, self.class_name, self.name, self.settings


@dataclass
class Making:
    """The operations for one call of a layer.

    Attributes:
        name: Of the layer.
        function: TensorFlow's name of what it computes.
        node: The number of the call.
        input_shape: Of the first tensor, None where a size is free; None where the file does not tell.
        steps: What was made so far.
    """

    name: str
    function: str
    node: int = 0
    input_shape: Any = None
    steps: list[Step] = field(default_factory=list)

    def __call__(self, place: str, *args: Any, call: Mapping[str, Any] | None = None, **settings: Any) -> Reference:
        """Makes one operation and gives its first output.

        Args:
            place: Module and class in `keras.src.ops`, such as `numpy.Add`.
            args: Tensors and constants.
            call: Arguments of the call by name.
            settings: Arguments of the class.

        Raises:
            ModelError: A setting is a tensor, which no operation of Keras takes.
        """
        for key, value in settings.items():
            if not _is_plain(value):
                raise self.refused(key)
        module, _, class_name = place.partition(".")
        tensors = tuple(self._live(constant(value)) for value in args)
        name = f"{self.name}.step_{len(self.steps)}"
        self.steps.append(Step(f"keras.src.ops.{module}", class_name, name, settings, tensors, call or {}))
        return Reference(name, self.node, 0)

    def _live(self, value: Any) -> Any:
        """Sizes that are known only while the model runs are counted then."""
        match value:
            case list() if not any(isinstance(each, Size) for each in value):
                return [self._live(each) for each in value]
            case list() | Shape():
                raise self.refused("shape")
            case Size(of=None, place=place, parts=parts):
                return self(place, *parts)
            case Size(of=tensor, axis=axis):
                counted = self("numpy.Cumsum", self("numpy.OnesLike", tensor, dtype="int32"), axis=axis)
                return self("numpy.Max", counted, initial=0)
        return value

    def finished(self, result: Any) -> tuple[Step, ...]:
        """All operations; the last, which gives the result, has the name of the layer."""
        if not self.steps or not isinstance(result, Reference) or result.layer != self.steps[-1].name:
            self("numpy.Copy", result)
        *first, last = self.steps
        return (*first, Step(last.module, last.class_name, self.name, last.settings, last.args, last.kwargs))

    def refused(self, *what: str) -> ModelError:
        """That it is called with something that Keras's operations do not take."""
        return ModelError(
            f"The layer {self.name!r} calls TensorFlow's {self.function!r} in a way that Keras 3 cannot"
            f" ({', '.join(sorted(what))}).",
            hint=REBUILD_HINT,
        )


def constant(value: Any) -> Any:
    """A list of numbers as the array that TensorFlow would have made of it; anything else as it is."""
    if not isinstance(value, list) or not value or any(isinstance(each, Reference) for each in value):
        return value
    kinds = {type(each) for each in _leaves(value)}
    if not kinds <= {bool, int, float}:
        return value
    dtype = "bool" if kinds == {bool} else "int32" if kinds == {int} else "float32"
    return {"class_name": "__numpy__", "config": {"value": value, "dtype": dtype}}


def _leaves(value: Any) -> list[Any]:
    return [leaf for each in value for leaf in _leaves(each)] if isinstance(value, list) else [value]


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | int | float | str)
