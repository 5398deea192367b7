"""What a person should know about the flags as they are, and the clicks that mend it."""

from widgets.findings.panel import FindingsPanel

__all__ = ["FindingsPanel"]
