"""Words that settings and what is said about them share."""

from __future__ import annotations

SAMPLE_PREFIX = "sample:"
AUTOMATIC = "auto"
"""What fits is found from the model and the data."""
