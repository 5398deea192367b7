"""TensorFlow operations that Keras 2 kept as layers, as operations of Keras 3."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from editor.errors import ModelError
from editor.files.repair.making import REBUILD_HINT, Making, Step
from editor.files.repair.nodes import Call
from editor.files.repair.operation_images import IMAGE_RULES
from editor.files.repair.operation_nodes import node_function
from editor.files.repair.operation_numbers import NUMBER_RULES
from editor.files.repair.operation_shapes import SHAPE_RULES
from editor.files.repair.operation_tables import PLAIN, Plain

OPERATION_LAYERS = frozenset({"TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer"})

_RULES = MappingProxyType({**NUMBER_RULES, **SHAPE_RULES, **IMAGE_RULES})
_OLD_PLACE = re.compile(r"^(compat\.v[12]\.|dtypes\.)+")
_LOST = frozenset({"__operators__.eq", "__operators__.ne", "einsum", "meshgrid"})
"""Of these Keras 2 writes the first argument alone, whatever they were called with."""


def function_of(class_name: str, config: Mapping[str, Any]) -> str:
    """TensorFlow's name of the operation in such a layer."""
    if class_name == "SlicingOpLambda":
        return str(config.get("function", "__operators__.getitem"))
    if class_name == "TFOpLambda":
        return str(config.get("function", ""))
    return node_function(config)


def short_name(function: str) -> str:
    """TensorFlow's name without where its older versions had it."""
    return _OLD_PLACE.sub("", function)


def todays_operations(make: Making, call: Call) -> tuple[Step, ...]:
    """The operations of Keras that do what TensorFlow's did; the last one has the name of the layer.

    Args:
        make: Makes them.
        call: TensorFlow's arguments.

    Raises:
        ModelError: Keras has none that is known to do the same, or it is called with something that they do not take.
    """
    short = short_name(make.function)
    args, kwargs = call[0], {key: value for key, value in call[1].items() if value is not None and key != "name"}
    if short in _LOST and len(args) + len(kwargs) < 2:
        raise _lost(make)
    if short in PLAIN:
        return make.finished(_plain(make, PLAIN[short], list(args), kwargs))
    if short not in _RULES:
        raise _unknown(make)
    rule = _RULES[short]
    known = inspect.signature(rule).parameters
    if not any(each.kind is each.VAR_KEYWORD for each in known.values()):
        # What is switched off asks for nothing.
        kwargs = {key: value for key, value in kwargs.items() if key in known or value is not False}
        if left := kwargs.keys() - known:
            raise make.refused(*left)
    try:
        bound = inspect.signature(rule).bind(make, *args, **kwargs)
    except TypeError as error:
        raise _lost(make) from error
    return make.finished(rule(*bound.args, **bound.kwargs))


def _plain(make: Making, known: Plain, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """An operation for an operation."""
    for key in known.tensors[len(args) - 1 :]:
        if key not in kwargs:
            raise _lost(make)
        args.append(kwargs.pop(key))
    settings = {**known.defaults}
    for old, new in known.settings.items():
        if old in kwargs:
            settings[new] = kwargs.pop(old)
    left = [key for key, value in kwargs.items() if value is not False and key not in known.passed_over]
    if left or len(args) > 1 + len(known.tensors):
        raise make.refused(*left)
    return make(known.place, *args, **settings)


def _unknown(make: Making) -> ModelError:
    what = f"The layer {make.name!r} computes TensorFlow's {make.function or 'unnamed'!r}"
    if make.function.startswith("random."):
        return ModelError(f"{what}, and Keras 3 draws no random numbers in a graph.", hint=REBUILD_HINT)
    return ModelError(f"{what}, for which there is no repair.", hint=REBUILD_HINT)


def _lost(make: Making) -> ModelError:
    return ModelError(
        f"The file does not say with what the layer {make.name!r} calls TensorFlow's {make.function!r}: Keras 2 left"
        " it out.",
        hint="No Keras can read it; build the model with its own code, and load the weights.",
    )
