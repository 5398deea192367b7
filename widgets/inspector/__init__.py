"""The inspector: facts, configuration and weights of what is selected."""

from widgets.inspector.inspector import Inspector

__all__ = ["Inspector"]
