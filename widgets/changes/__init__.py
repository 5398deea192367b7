"""What has changed since the file was opened, and the way back."""

from widgets.changes.panel import ChangesPanel

__all__ = ["ChangesPanel"]
