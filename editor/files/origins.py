"""Takes out of a configuration where its file says that classes and functions are from.

What Keras has is looked for in Keras, and all else only among the classes and functions that a person gave: Keras
itself would import `keras_hub`, `keras_cv`, `keras_nlp` and any module below `keras` that a file names.
"""

from __future__ import annotations

import copy
from typing import Any

from editor.files.keras_knows import FUNCTION_CLASSES, has_class, has_function, keras_module

_DATA = frozenset(
    {"__keras_tensor__", "__tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__", "__lambda__"}
)
_TYPE = "__typespec__"


def without_origins(config: Any, *, of_keras_too: bool = True) -> Any:
    """A copy of a configuration, or of compile settings, in which no object names a module but Keras's own.

    Args:
        config: Plain JSON values.
        of_keras_too: Whether what Keras has gets the module where today's Keras has it.
    """
    changed = copy.deepcopy(config)
    waiting = [changed]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            waiting += value.values()
            if "config" in value and isinstance(value.get("class_name"), str) and "module" in value:
                _mend(value, of_keras_too)
    return changed


def _mend(entry: dict[str, Any], of_keras_too: bool) -> None:
    class_name = entry["class_name"]
    if class_name in _DATA:
        return
    is_function = class_name in FUNCTION_CLASSES
    if has_function(entry) if is_function else class_name != _TYPE and has_class(entry):
        entry["module"] = keras_module(entry) if of_keras_too else entry["module"]
    else:
        entry |= {"module": None, "registered_name": entry["config"] if is_function else class_name}
