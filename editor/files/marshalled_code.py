"""Reads marshalled code objects as plain data: nothing is unmarshalled, so nothing can be run.

The format is CPython's own (`Python/marshal.c`); the order of the fields of a code object changed with Python 3.8
and 3.11. The parsers that others have made (xdis: GPL; marshalparser) trust the sizes in their input.
"""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

MAX_BYTES = 1 << 20
"""Greatest size of a marshalled function; a lambda of one line has some 300 bytes."""

MAX_DEPTH = 30
MAX_OBJECTS = 20_000
MAX_DIGITS = 200
MAX_NAME = 1000

_FLAG = 0x80
_MISSING = object()
_SIMPLE = {b"N": None, b"F": False, b"T": True, b"S": StopIteration, b".": ..., b"0": _MISSING}
_SEQUENCES = {b"(": "tuple", b")": "tuple", b"[": "list", b"<": "set", b">": "frozenset", b":": "slice"}


class UnreadableCodeError(ValueError):
    """The bytes are no marshalled code that is known here."""


class Layout(NamedTuple):
    """The fields of a code object in a range of Python versions.

    Attributes:
        versions: The versions, in words.
        integers: Names of the leading 32-bit integers.
        values: Names of the values after them; `firstlineno` is an integer again.
    """

    versions: str
    integers: tuple[str, ...]
    values: tuple[str, ...]


_OLD_VALUES = tuple("code consts names varnames freevars cellvars filename name firstlineno lnotab".split())  # noqa: SIM905

LAYOUTS = (
    Layout(
        "Python 3.11 or newer",
        ("argcount", "posonlyargcount", "kwonlyargcount", "stacksize", "flags"),
        tuple(
            "code consts names varnames kinds filename name qualname firstlineno linetable exceptiontable".split()  # noqa: SIM905
        ),
    ),
    Layout(
        "Python 3.8 to 3.10",
        ("argcount", "posonlyargcount", "kwonlyargcount", "nlocals", "stacksize", "flags"),
        _OLD_VALUES,
    ),
    Layout("Python 3.7 or older", ("argcount", "kwonlyargcount", "nlocals", "stacksize", "flags"), _OLD_VALUES),
    Layout("Python 2", ("argcount", "nlocals", "stacksize", "flags"), _OLD_VALUES),
)
"""The newest first."""

PYTHON_2 = LAYOUTS[-1]


class Items(NamedTuple):
    """A container among the constants; those of a dict are pairs."""

    kind: str
    items: tuple[Any, ...]


class CodeFields(NamedTuple):
    """A code object as data.

    Attributes:
        layout: Which Pythons write it so.
        name: Of the function.
        arguments: Names of its positional and keyword-only arguments.
        variables: Names of all its variables, in the order in which its bytecode counts them.
        names: Names of globals and attributes that it uses.
        consts: Its constants: plain values, bytes, `Items`, and inner functions.
        code: The bytecode.
    """

    layout: Layout
    name: str
    arguments: tuple[str, ...]
    variables: tuple[str, ...]
    names: tuple[str, ...]
    consts: tuple[Any, ...]
    code: bytes


def read_code(data: bytes) -> CodeFields:
    """A marshalled function's code.

    Raises:
        UnreadableCodeError: The bytes are no code object of Python 2.7 or 3.6 to 3.14, or one beyond the bounds.
    """
    if len(data) > MAX_BYTES:
        raise UnreadableCodeError(f"the code has {len(data):,} bytes; at most {MAX_BYTES:,} are read")
    for layout in LAYOUTS:
        reader = _Reader(data, layout)
        try:
            value = reader.value(0)
        # IndexError and struct.error: the data end, UnicodeDecodeError is a ValueError.
        except (ValueError, IndexError, struct.error, OverflowError):
            continue
        if isinstance(value, CodeFields) and reader.is_at_end:
            return value
    raise UnreadableCodeError("it is no code that any known Python writes")


class _Reader:
    """Reads values of one layout; raises ValueError, IndexError or struct.error over anything else."""

    def __init__(self, data: bytes, layout: Layout) -> None:
        self._data = data
        self._layout = layout
        self._at = 0
        self._num_objects = 0
        self._references: list[Any] = []
        self._interned: list[bytes] = []

    @property
    def is_at_end(self) -> bool:
        return self._at == len(self._data)

    def value(self, depth: int) -> Any:
        self._num_objects += 1
        if depth > MAX_DEPTH or self._num_objects > MAX_OBJECTS:
            raise UnreadableCodeError("it nests too deep or holds too much")
        byte = self._bytes(1)[0]
        kind = bytes([byte & ~_FLAG])
        # As CPython: these are never referred to, whatever their flag says.
        if not byte & _FLAG or kind in _SIMPLE or kind == b"r":
            return self._of_kind(kind, depth)
        slot = len(self._references)
        self._references.append(_MISSING)
        value = self._of_kind(kind, depth)
        self._references[slot] = value
        return value

    def _of_kind(self, kind: bytes, depth: int) -> Any:
        if kind in _SIMPLE:
            return _SIMPLE[kind]
        if kind in _SEQUENCES:
            return Items(_SEQUENCES[kind], tuple(self._filled(depth + 1) for _ in range(self._length(kind))))
        match kind:
            case b"r":
                return self._filled_reference(self._size())
            case b"{":
                return Items("dict", tuple(self._pairs(depth + 1)))
            case b"c":
                return self._code(depth + 1)
        return self._number(kind) if kind in b"iIlgy" else self._string(kind)

    def _length(self, kind: bytes) -> int:
        """The number of values in a container; a slice has three, a small tuple tells it in one byte."""
        if kind == b":":
            return 3
        return self._bytes(1)[0] if kind == b")" else self._size()

    def _number(self, kind: bytes) -> complex:
        match kind:
            case b"i":
                return self._integer()
            case b"l":
                return self._long()
            case b"y":
                return complex(*struct.unpack("<2d", self._bytes(16)))
        number: float = struct.unpack("<q" if kind == b"I" else "<d", self._bytes(8))[0]
        return number

    def _string(self, kind: bytes) -> str | bytes:
        if kind in b"zZ":
            return self._bytes(self._bytes(1)[0]).decode("ascii")
        if kind == b"R":
            return self._interned[self._size()]
        if kind not in b"aAstu":
            raise UnreadableCodeError(f"it holds an object of an unknown type {kind!r}")
        text = self._bytes(self._size())
        if kind == b"t" and self._layout is PYTHON_2:
            # Its interned strings are referred to by number.
            self._interned.append(text)
            return text
        return text if kind == b"s" else text.decode("ascii" if kind in b"aA" else "utf-8", "surrogatepass")

    def _code(self, depth: int) -> CodeFields:
        fields: dict[str, Any] = {name: self._integer() for name in self._layout.integers}
        for name in self._layout.values:
            fields[name] = self._integer() if name == "firstlineno" else self._filled(depth)
        variables = self._names(fields["varnames"])
        cells = () if "kinds" in fields else (*self._names(fields["cellvars"]), *self._names(fields["freevars"]))
        code, consts = fields["code"], fields["consts"]
        if not isinstance(code, bytes) or not isinstance(consts, Items) or consts.kind != "tuple":
            raise UnreadableCodeError("its fields are of other types")
        num_arguments = fields["argcount"] + fields.get("kwonlyargcount", 0)
        return CodeFields(
            layout=self._layout,
            name=_text(fields["name"]),
            arguments=variables[: max(0, num_arguments)],
            variables=(*variables, *cells),
            names=self._names(fields["names"]),
            consts=consts.items,
            code=code,
        )

    def _names(self, value: Any) -> tuple[str, ...]:
        if not isinstance(value, Items) or value.kind != "tuple":
            raise UnreadableCodeError("its names are no tuple")
        return tuple(map(_text, value.items))

    def _pairs(self, depth: int) -> list[tuple[Any, Any]]:
        pairs = []
        while (key := self.value(depth)) is not _MISSING:
            pairs.append((key, self._filled(depth)))
        return pairs

    def _filled(self, depth: int) -> Any:
        value = self.value(depth)
        if value is _MISSING:
            raise UnreadableCodeError("a value is missing in it")
        return value

    def _filled_reference(self, number: int) -> Any:
        value = self._references[number]
        if value is _MISSING:
            raise UnreadableCodeError("a value in it refers to itself")
        return value

    def _long(self) -> int:
        """An integer of any size, in digits of 15 bits."""
        size = self._integer()
        if abs(size) > MAX_DIGITS:
            raise UnreadableCodeError("an integer in it is too large")
        digits = struct.unpack(f"<{abs(size)}H", self._bytes(2 * abs(size)))
        if any(digit >> 15 for digit in digits):
            raise UnreadableCodeError("a digit of an integer is out of range")
        value = sum(int(digit) << (15 * place) for place, digit in enumerate(digits))
        return -value if size < 0 else value

    def _integer(self) -> int:
        return int(struct.unpack("<i", self._bytes(4))[0])

    def _size(self) -> int:
        size = self._integer()
        if not 0 <= size <= len(self._data):
            raise UnreadableCodeError("a size in it is out of range")
        return size

    def _bytes(self, size: int) -> bytes:
        if self._at + size > len(self._data):
            raise UnreadableCodeError("it ends too early")
        self._at += size
        return self._data[self._at - size : self._at]


def _text(value: Any) -> str:
    # Few bytes can refer to one long string many times.
    if isinstance(value, bytes | str) and len(value) > MAX_NAME:
        raise UnreadableCodeError("a name in it is too long")
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if not isinstance(value, str):
        raise UnreadableCodeError("a name in it is no text")
    return value
