"""Parses JSON from untrusted files: bounded in size and depth, no value of which is a trap for whoever reads on."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NoReturn

from editor.errors import FileError

MAX_JSON_BYTES = 32 << 20
"""The `config.json` of a model of 566 layers has less than 1 MB; a long vocabulary takes some more."""
MAX_VALUES = 2_000_000
"""They take some 200 MB as Python objects, where none is long."""
MAX_DEPTH = 200
"""A model in a model takes four levels. What reads the values may recurse, so that this is far below its limit."""

_LONGEST_NUMBER = 400
_GREATEST_INTEGER = 1 << 63
_DAMAGED_HINT = "Copy or download it again."
_HOSTILE_HINT = "No Keras writes that: get the model from its maker again."


def parse_json_object(text: bytes | str, name: str) -> dict[str, Any]:
    """The JSON object in a text. NaN and Infinity are taken, as Keras writes them.

    Args:
        text: The JSON.
        name: As a person knows it, such as `config.json in model.keras`.

    Raises:
        FileError: It is no JSON object, too large, too deep, or ambiguous.
    """
    _check_size(text, name)
    try:
        values = json.loads(text, object_pairs_hook=_object, parse_int=_integer)
    except _AmbiguousError as error:
        _refuse(f"{name} {error}")
    except RecursionError:
        _refuse(f"{name} nests values more than {MAX_DEPTH} deep")
    except ValueError as error:
        raise FileError(f"{name} is damaged: it is no JSON.", hint=_DAMAGED_HINT, details=str(error)) from error
    if not isinstance(values, dict):
        raise FileError(f"{name} is damaged: it holds no JSON object.", hint=_DAMAGED_HINT)
    _check_values(values, name, has_halves=_may_have_halves(text))
    return values


class _AmbiguousError(Exception):
    """Says what is ambiguous; not a ValueError, which stands for text that is no JSON."""


def _check_size(text: bytes | str, name: str) -> None:
    if len(text) > MAX_JSON_BYTES:
        _refuse(f"{name} has {len(text):,} bytes, at most {MAX_JSON_BYTES:,} are read")
    # Commas and brackets in texts count too; no model comes near.
    written = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if sum(written.count(sign) for sign in (b",", b"[", b"{")) > MAX_VALUES:
        _refuse(f"{name} has more than {MAX_VALUES:,} values")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _AmbiguousError(f"gives two values for one key, {twice[:60]!r}")
    return values


def _integer(text: str) -> int:
    value = int(text) if len(text) <= _LONGEST_NUMBER else _GREATEST_INTEGER
    if not -_GREATEST_INTEGER <= value < _GREATEST_INTEGER:
        raise _AmbiguousError(f"has a number that no computer word holds, {text[:30]}…")
    return value


def _may_have_halves(text: bytes | str) -> bool:
    """Whether half a character may be in a text; most JSON is plain ASCII without such escapes."""
    escape = "\\ud" if isinstance(text, str) else b"\\ud"
    return not text.isascii() or escape in text.lower()  # type: ignore[operator]


def _check_values(values: dict[str, Any], name: str, *, has_halves: bool) -> None:
    """Refuses values that nest too deep, and texts that cannot be written again. Level by level, not by recursion."""
    level: Iterable[Any] = [values]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for value in level:
            items = value.values() if type(value) is dict else value
            below += [item for item in items if type(item) is dict or type(item) is list]
            if has_halves:
                _check_texts(items, name)
                _check_texts(value, name)
        if not below:
            return
        level = below
    _refuse(f"{name} nests values more than {MAX_DEPTH} deep")


def _check_texts(items: Iterable[Any], name: str) -> None:
    for item in items:
        if type(item) is str and not item.isascii():
            try:
                item.encode()
            except UnicodeEncodeError:
                _refuse(f"{name} has half a character in a text")


def _refuse(what: str) -> NoReturn:
    raise FileError(f"{what}.", hint=_HOSTILE_HINT)
