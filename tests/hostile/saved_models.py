"""Hostile SavedModel folders. They hold no model: each is to be refused before that matters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tests.hostile.trick import Trick

MODEL, METADATA = "saved_model.pb", "keras_metadata.pb"
_EMPTY_GRAPH = b"\x08\x01\x12\x02\x0a\x00"


def tricks() -> Iterator[Trick]:
    for name, change, words in (
        ("device for a SavedModel", partial(_link, MODEL, "/dev/zero"), "is a folder, not a model"),
        ("link out of a SavedModel", partial(_link, "variables", "/etc"), "has a link to another place"),
        (
            "file of another place in a SavedModel",
            partial(_link, "assets/words.txt", "/etc/passwd"),
            "a link to another",
        ),
        ("link in a circle in a SavedModel", partial(_link, "again", "again"), "a link in a circle"),
        ("SavedModel of exabytes", partial(_write, MODEL, b"\x12" + b"\xff" * 8 + b"\x7f"), "damaged SavedModel"),
        ("SavedModel of many fields", partial(_write, MODEL, b"\x12\x00" * 2_000_000), ""),
        ("SavedModel nested deep", partial(_write, MODEL, _nested(50_000)), "damaged SavedModel"),
    ):
        yield Trick(name, partial(_folder, change), words, "")


def _folder(change: Callable[[Path], object], path: Path) -> None:
    (path / "assets").mkdir(parents=True)
    (path / MODEL).write_bytes(_EMPTY_GRAPH)
    change(path)


def _link(name: str, target: str, path: Path) -> None:
    (path / name).unlink(missing_ok=True)
    (path / name).symlink_to(target)


def _write(name: str, content: bytes, path: Path) -> None:
    (path / name).write_bytes(content)


def _nested(depth: int) -> bytes:
    """An object graph (field 7 of a meta graph, field 2 of a SavedModel) that says to be far longer than it is deep."""
    content = b""
    for _ in range(depth):
        size = len(content) + 1 if content else 0
        content = b"\x0a" + _varint(size) + content
        if len(content) > 60_000:
            break
    graph = b"\x3a" + _varint(len(content)) + content
    return b"\x12" + _varint(len(graph)) + graph


def _varint(number: int) -> bytes:
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])
