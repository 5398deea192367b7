"""Looks at an architecture in a `.json` file, as `model.to_json()` of any Keras writes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from editor.errors import FileError
from editor.files.architecture_guard import check_architecture
from editor.files.facts import FileFacts
from editor.files.look import Look
from editor.files.safe_json import MAX_JSON_BYTES, parse_json_object

_STARTS = (b"{", b"\xef\xbb\xbf{")


def is_json(head: bytes) -> bool:
    """Whether a file that begins so may be a JSON object."""
    return head.lstrip().startswith(_STARTS)


def look_at_json(path: Path, num_bytes: int) -> Look:
    """The facts of an architecture, and itself.

    Raises:
        FileError: It is damaged, hostile, or something else.
    """
    config = read_architecture(path)
    version = config.get("keras_version")
    facts = FileFacts(
        path=str(path),
        format="json",
        keras_version=version if isinstance(version, str) else None,
        num_bytes=num_bytes,
        has_model_config=True,
        has_freeze_map=False,
    )
    return Look(facts, config)


def read_architecture(path: Path) -> dict[str, Any]:
    """The configuration in a `.json`.

    Raises:
        FileError: It is damaged, hostile, or something else.
    """
    if path.stat().st_size > MAX_JSON_BYTES:
        raise FileError(f"{path.name} is too large for an architecture.", hint="Choose what model.to_json() wrote.")
    config = parse_json_object(path.read_bytes(), path.name)
    if "class_name" not in config and "layers" in config and "schema" in config:
        raise FileError(f"{path.name} is a freeze map, not a model.", hint="Open the model, then apply the map to it.")
    if not {"class_name", "config"} <= config.keys():
        raise FileError(f"{path.name} holds no architecture of Keras.", hint="Choose what model.to_json() wrote.")
    check_architecture(config, path.name)
    return config
