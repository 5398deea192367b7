"""Frostline without a screen: runs with neither PySide6 nor pyqtgraph installed."""

__version__ = "0.1.0"
