"""What is bundled: icons, the sample model and its data."""

from __future__ import annotations

from pathlib import Path


def resource_path(*names: str) -> Path:
    """The file or folder under `resources/`, also in an installed copy: `resource_path("icons", "open.svg")`."""
    return Path(__file__).parent.joinpath(*names)
