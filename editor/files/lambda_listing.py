"""A Lambda's code as text for people, from its bytes alone: never unmarshalled, never run."""

from __future__ import annotations

import binascii
import dis
import opcode
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from editor.files.lambda_parts import LambdaPart
from editor.files.marshalled_code import LAYOUTS, CodeFields, Items, UnreadableCodeError, read_code

MAX_LISTING = 20_000
"""Greatest length of a listing in characters."""

_MAX_VALUE = 200
_INDENT = "    "
_CACHE = opcode.opmap["CACHE"]
_EXTENDED = opcode.opmap["EXTENDED_ARG"]
_RESUME = opcode.opmap["RESUME"]
_BEFORE_RESUME = frozenset(
    opcode.opmap[name] for name in ("COPY_FREE_VARS", "MAKE_CELL", "RETURN_GENERATOR", "POP_TOP")
)
_NUM_CACHES: Sequence[int] = opcode._inline_cache_entries  # type: ignore[attr-defined]
_OPERATORS: Sequence[tuple[str, str]] = opcode._nb_ops  # type: ignore[attr-defined]
# Their argument counts names in twos: the lowest bit says that a NULL is pushed too.
_NAME_AND_BIT = frozenset({opcode.opmap["LOAD_GLOBAL"]})


class Instruction(NamedTuple):
    """One instruction of this Python's bytecode; `offset` is in bytes."""

    offset: int
    code: int
    argument: int


def code_bytes(code: str) -> bytes:
    """The marshalled bytes of a function in a configuration, decoded as Keras decodes them."""
    try:
        return binascii.a2b_base64(code.encode("ascii"))
    except (UnicodeEncodeError, binascii.Error):
        return code.encode("raw_unicode_escape", "replace")


def parts_listing(parts: Iterable[LambdaPart]) -> str:
    """The functions of one Lambda layer as text."""
    texts = []
    for part in parts:
        head = "" if part.role in ("", "function") else f"{part.role}:\n"
        values = [
            f"{title}: {_clip(repr(value))}\n"
            for title, value in (("Default values", part.defaults), ("Values of the enclosing function", part.closure))
            if value is not None
        ]
        body = f"the function {part.code!r} by name" if part.is_named else listing(part.code)
        texts.append(f"{head}{body}\n{''.join(values)}")
    return _clip("\n".join(texts).strip(), MAX_LISTING)


def listing(code: str) -> str:
    """A function in a configuration as text: what it uses, and its instructions where they are this Python's.

    Args:
        code: As in the file: base64 of marshalled code.
    """
    try:
        fields = read_code(code_bytes(code))
    except UnreadableCodeError as error:
        return f"This code cannot be shown: {error}."
    return _clip("\n".join(_lines(fields, "")), MAX_LISTING)


def is_runnable(code: str) -> bool:
    """Whether a function in a configuration is bytecode of the running Python; other bytecode crashes it."""
    try:
        return instructions(read_code(code_bytes(code))) is not None
    except UnreadableCodeError:
        return False


def instructions(fields: CodeFields) -> list[Instruction] | None:
    """The bytecode of a function and its inner ones taken apart; None if it is not that of the running Python."""
    inner = [value for value in fields.consts if isinstance(value, CodeFields)]
    if fields.layout is not LAYOUTS[0] or any(instructions(value) is None for value in inner):
        return None
    found = list(_decoded(fields.code))
    is_sound = (
        len(fields.code) % 2 == 0
        and _first(found) == _RESUME
        and all(_is_sound(step, fields) for step in found)
        and _has_its_caches(fields.code)
    )
    return found if is_sound else None


# -- bytecode -------------------------------------------------------------------------------------------------


def _decoded(code: bytes) -> Iterator[Instruction]:
    extended = 0
    for offset in range(0, len(code) - 1, 2):
        operation, argument = code[offset], code[offset + 1] | extended
        extended = argument << 8 & 0xFFFFFFFF if operation == _EXTENDED else 0
        if operation not in (_CACHE, _EXTENDED):
            yield Instruction(offset, operation, argument)


def _first(steps: Iterable[Instruction]) -> int | None:
    """The first operation after those that set up the variables: RESUME, whose number changes between versions."""
    return next((step.code for step in steps if step.code not in _BEFORE_RESUME), None)


def _has_its_caches(code: bytes) -> bool:
    """Whether each instruction is followed by the empty entries that this Python expects, and by no others."""
    left = 0
    for operation in code[::2]:
        if (operation == _CACHE) != (left > 0):
            return False
        left = left - 1 if left else _NUM_CACHES[operation]
    return left == 0


def _is_sound(step: Instruction, fields: CodeFields) -> bool:
    if opcode.opname[step.code].startswith("<"):
        return False
    table = _table(step.code, fields)
    return table is None or _index(step) < len(table)


def _table(operation: int, fields: CodeFields) -> Sequence[Any] | None:
    """What the argument of an operation counts in."""
    if operation in opcode.hasconst:
        return fields.consts
    if operation in opcode.hasname:
        return fields.names
    if operation in opcode.haslocal or operation in opcode.hasfree:
        return fields.variables
    return None


def _index(step: Instruction) -> int:
    return step.argument >> 1 if step.code in _NAME_AND_BIT else step.argument


# -- text -----------------------------------------------------------------------------------------------------


def _lines(fields: CodeFields, indent: str) -> Iterator[str]:
    steps = instructions(fields)
    versions = "this Python's bytecode" if steps is not None else f"bytecode of {fields.layout.versions}"
    if steps is None and fields.layout is LAYOUTS[0]:
        versions = "bytecode of another version of Python"
    yield f"{indent}{_printable(fields.name)}({', '.join(map(_printable, fields.arguments))}): {versions}"
    if fields.names:
        yield f"{indent}Uses: {', '.join(map(_printable, fields.names))}"
    plain = [value for value in fields.consts if not isinstance(value, CodeFields)]
    if plain:
        yield f"{indent}Constants: {', '.join(_clip(_shown(value)) for value in plain)}"
    for step in steps or ():
        yield f"{indent}{step.offset:>6} {dis.opname[step.code]:<24} {_argument(step, fields)}".rstrip()
    for value in fields.consts:
        if isinstance(value, CodeFields):
            yield f"{indent}Inside it:"
            yield from _lines(value, indent + _INDENT)


def _argument(step: Instruction, fields: CodeFields) -> str:
    table = _table(step.code, fields)
    if table is not None:
        value = table[_index(step)]
        return _printable(value) if table is not fields.consts else _clip(_shown(value))
    if step.code in opcode.hascompare and step.argument < len(opcode.cmp_op):
        return opcode.cmp_op[step.argument]
    if dis.opname[step.code] == "BINARY_OP" and step.argument < len(_OPERATORS):
        return _OPERATORS[step.argument][1]
    return str(step.argument) if step.code >= opcode.HAVE_ARGUMENT else ""


def _shown(value: Any, depth: int = 3) -> str:
    match value:
        case CodeFields():
            return f"the code of {_printable(value.name)}"
        case Items() if not depth:
            return "…"
        case Items("tuple", items):
            return f"({', '.join(_some(items, depth))}{',' if len(items) == 1 else ''})"
        case Items(kind, items):
            return f"{kind}({', '.join(_some(items, depth))})"
        case str() | bytes():
            return repr(value[:_MAX_VALUE]) + ("…" if len(value) > _MAX_VALUE else "")
    return "StopIteration" if value is StopIteration else repr(value)


def _some(items: Sequence[Any], depth: int) -> Iterator[str]:
    for item in items[:20]:
        is_pair = isinstance(item, tuple) and not isinstance(item, Items | CodeFields)
        yield _shown(Items("tuple", item) if is_pair else item, depth - 1)
    if len(items) > 20:
        yield "…"


def _printable(name: str) -> str:
    """A name of the file on one line: control characters, and those that change the reading order, are escaped."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in name)


def _clip(text: str, length: int = _MAX_VALUE) -> str:
    return text if len(text) <= length else f"{text[:length]}…"
