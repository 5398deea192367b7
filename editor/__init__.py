"""Frostline without a screen: runs with neither PySide6 nor pyqtgraph installed."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from editor.keras_model.restore import restore_freeze

__all__ = ["restore_freeze"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """`restore_freeze` brings Keras, so it is imported when a script asks for it; the window never does."""
    if name == "restore_freeze":
        return importlib.import_module("editor.keras_model.restore").restore_freeze
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
