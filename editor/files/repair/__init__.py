"""Repairs the configurations of old and broken files in memory, as plain JSON and without Keras."""

from editor.files.repair.config import RepairedConfig, repair_config
from editor.files.repair.stored_weights import StoredLayer

__all__ = ["RepairedConfig", "StoredLayer", "repair_config"]
