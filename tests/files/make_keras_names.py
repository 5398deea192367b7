"""Writes `editor/files/keras_names.py` from the installed Keras: `python -m tests.files.make_keras_names`."""

from __future__ import annotations

import importlib
import inspect
import textwrap
from pathlib import Path
from types import ModuleType

from keras.src import (
    activations,
    api_export,
    constraints,
    dtype_policies,
    initializers,
    losses,
    metrics,
    optimizers,
    quantizers,
    regularizers,
)
from keras.src.saving.keras_saveable import KerasSaveable

import editor.files

_CLASS_MODULES = frozenset(
    {
        "keras",
        "keras._legacy.layers",
        "keras.constraints",
        "keras.distillation",
        "keras.dtype_policies",
        "keras.initializers",
        "keras.layers",
        "keras.losses",
        "keras.metrics",
        "keras.optimizers",
        "keras.optimizers.schedules",
        "keras.quantizers",
        "keras.random",
        "keras.regularizers",
        "keras.utils",
    }
)
_FUNCTION_MODULES = frozenset(
    {"keras.activations", "keras.layers", "keras.losses", "keras.metrics", "keras.ops", "keras.ops.image"}
)
# They load another file, unpickle, or call code that stands in the configuration.
_RUN_OTHER_CODE = frozenset({"FlaxLayer", "JaxLayer", "TFSMLayer", "TorchModuleWrapper"})
_NOT_FOR_MODELS = frozenset({"deserialize", "get", "serialize"})
_IDENTIFIERS: dict[str, ModuleType] = {
    "activation": activations,
    "constraint": constraints,
    "initializer": initializers,
    "loss": losses,
    "metric": metrics,
    "optimizer": optimizers,
    "quantizer": quantizers,
    "regularizer": regularizers,
}

_HEAD = '''"""What Keras {version} has by name. Written by `python -m tests.files.make_keras_names`, not by hand."""

CLASSES = {{
{classes}
}}
"""Classes that a configuration may name, by module: layers, operations, losses and so on; separated by blanks."""

FUNCTIONS = {{
{functions}
}}
"""Functions that a configuration may name, by module."""

IDENTIFIERS = {{
{identifiers}
}}
"""Strings that stand for an object, by the kind of argument: `relu` for an activation."""
'''


def keras_names() -> str:
    """The text of the module with the names that the installed Keras has."""
    return _HEAD.format(
        version=api_export.REGISTERED_NAMES_TO_OBJS["keras.version"](),
        classes=_table(_classes()),
        functions=_table(_functions()),
        identifiers=_table({kind: set(module.ALL_OBJECTS_DICT) for kind, module in _IDENTIFIERS.items()}),
    )


def _classes() -> dict[str, set[str]]:
    assert dtype_policies  # it registers its classes
    found: dict[str, set[str]] = {}
    for symbol, value in api_export.REGISTERED_NAMES_TO_OBJS.items():
        module, _, name = symbol.rpartition(".")
        if _is_made_from_config(value) and module in _CLASS_MODULES:
            found.setdefault(module, set()).add(name)
    for module in _CLASS_MODULES - {"keras._legacy.layers"}:
        public = vars(importlib.import_module(module)).items()
        found.setdefault(module, set()).update(name for name, value in public if _is_made_from_config(value))
    for cls in _below(KerasSaveable):
        if cls not in api_export.REGISTERED_OBJS_TO_NAMES and cls.__module__.startswith("keras.src."):
            found.setdefault(cls.__module__, set()).add(cls.__name__)
    return {module: names - _RUN_OTHER_CODE for module, names in found.items()}


def _is_made_from_config(value: object) -> bool:
    return inspect.isclass(value) and hasattr(value, "from_config")


def _below(cls: type) -> set[type]:
    children = set(cls.__subclasses__())
    return children.union(*map(_below, children))


def _functions() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for symbol, value in api_export.REGISTERED_NAMES_TO_OBJS.items():
        module, _, name = symbol.rpartition(".")
        if inspect.isfunction(value) and module in _FUNCTION_MODULES and name not in _NOT_FOR_MODELS:
            found.setdefault(module, set()).add(name)
    return found


def _table(names: dict[str, set[str]]) -> str:
    return "\n".join(f'    "{key}": """\n{_wrapped(names[key])}\n    """,' for key in sorted(names))


def _wrapped(names: set[str]) -> str:
    return textwrap.fill(
        " ".join(sorted(names)), 118, initial_indent=" " * 8, subsequent_indent=" " * 8, break_on_hyphens=False
    )


if __name__ == "__main__":
    (Path(editor.files.__path__[0]) / "keras_names.py").write_text(keras_names(), encoding="utf-8")
