"""Makes mutations of good files: what damage and malice leave of them. Each is told by a seed and a number alone."""

from __future__ import annotations

import copy
import json
import random
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py

from editor.files.saved_model.wire import fields_of
from tests.hostile.trick import CONFIG, MARK, METADATA, WEIGHTS

HEAD_BYTES = 4096
"""Where the first records of an HDF5 file are; damage does most there."""
_HDF5_WORDS = (b"OHDR", b"TREE", b"SNOD", b"HEAP", b"GCOL", b"FRHP", b"BTHD", b"OCHK")
_ATTRIBUTES = ("model_config", "training_config", "keras_version")
_LONG = "x" * 5_000

KERAS_METADATA = "keras_metadata.pb"
"""Of a SavedModel: https://github.com/keras-team/tf-keras/blob/master/tf_keras/protobuf/saved_metadata.proto."""
_DESCRIPTION = 5

Change = Callable[[Path, random.Random], None]


def mutate(source: Path, folder: Path, generator: random.Random) -> tuple[Path, str]:
    """Writes one mutation of a file, or of a folder, into a folder.

    Returns:
        The mutation, and the kind of change.
    """
    target = folder / source.name
    if source.is_dir():
        shutil.copytree(source, target)
        if (target / KERAS_METADATA).exists() and generator.random() < 0.7:
            _edit_description(target / KERAS_METADATA, generator)
            return target, "folder: JSON"
        inner = generator.choice([path for path in sorted(target.rglob("*")) if path.is_file()])
        name, change = generator.choice(_BYTES)
        change(inner, generator)
        return target, f"folder: {name}"
    shutil.copyfile(source, target)
    kinds = _BYTES + _OF_ENDING.get(source.suffix, [])
    # Changes of meaning get further than changes of bytes.
    name, change = generator.choice(kinds + _OF_ENDING.get(source.suffix, []))
    change(target, generator)
    return target, name


# -- bytes --------------------------------------------------------------------------------------------------------


def _flip_bits(path: Path, generator: random.Random) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(generator.choice([1, 1, 2, 8])):
        content[_place(content, generator)] ^= 1 << generator.randrange(8)
    path.write_bytes(content)


def _place(content: bytearray, generator: random.Random) -> int:
    """Anywhere, in the head or the tail, or close to a record of HDF5."""
    match generator.randrange(4):
        case 0:
            return generator.randrange(len(content))
        case 1:
            return generator.randrange(min(HEAD_BYTES, len(content)))
        case 2:
            return len(content) - 1 - generator.randrange(min(512, len(content)))
    found = content.find(generator.choice(_HDF5_WORDS), generator.randrange(len(content)))
    return min(max(0, found) + generator.randrange(128), len(content) - 1)


def _cut(path: Path, generator: random.Random) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: generator.randrange(len(content))])


def _overwrite(path: Path, generator: random.Random) -> None:
    """Some bytes are all ones, zeros, or noise, such as an address or a size."""
    content = bytearray(path.read_bytes())
    length = generator.choice([1, 2, 4, 8, 16, 512])
    start = _place(content, generator)
    value = generator.choice([bytes(length), b"\xff" * length, generator.randbytes(length)])
    content[start : start + length] = value[: len(content) - start]
    path.write_bytes(content)


def _repeat(path: Path, generator: random.Random) -> None:
    """A piece of the file stands in another place of it."""
    content = bytearray(path.read_bytes())
    length = generator.choice([8, 64, 1024])
    start, to = _place(content, generator), _place(content, generator)
    piece = content[start : start + length]
    content[to : to + len(piece)] = piece
    path.write_bytes(content)


# -- members ------------------------------------------------------------------------------------------------------


def _swap_members(path: Path, generator: random.Random) -> None:
    members = _members(path)
    first, second = generator.sample(sorted(members), 2)
    members[first], members[second] = members[second], members[first]
    _write(path, members)


def _drop_member(path: Path, generator: random.Random) -> None:
    members = _members(path)
    del members[generator.choice(sorted(members))]
    _write(path, members)


def _damage_weights(path: Path, generator: random.Random) -> None:
    """Damage in the weights alone, with checksums that are right."""
    members = _members(path)
    inner = path.with_name("inner.h5")
    inner.write_bytes(members[WEIGHTS])
    generator.choice([_flip_bits, _overwrite, _repeat])(inner, generator)
    members[WEIGHTS] = inner.read_bytes()
    inner.unlink()
    _write(path, members)


def _edit_member(path: Path, generator: random.Random) -> None:
    members = _members(path)
    name = generator.choice([CONFIG, CONFIG, CONFIG, METADATA])
    members[name] = _edited(members[name], generator, path.parent)
    _write(path, members)


def _members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _write(path: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


# -- HDF5 ---------------------------------------------------------------------------------------------------------


def _edit_attribute(path: Path, generator: random.Random) -> None:
    with h5py.File(path, "r+") as file:
        names = [name for name in _ATTRIBUTES if name in file.attrs]
        if not names:
            return
        name = generator.choice([names[0], *names])
        text = file.attrs[name]
        old = text if isinstance(text, bytes) else str(text).encode()
        file.attrs[name] = _edited(old, generator, path.parent).decode() if old[:1] == b"{" else _LONG


def _edit_objects(path: Path, generator: random.Random) -> None:
    """A group or a dataset is gone, stands for another one, or has another shape."""
    with h5py.File(path, "r+") as file:
        names: list[str] = []
        file.visit(names.append)
        first, second = generator.choice(names), generator.choice(names)
        match generator.randrange(3):
            case 0:
                del file[first]
            case 1 if not second.startswith(first) and not first.startswith(second):
                del file[first]
                file.copy(second, first)
            case _:
                attributes = file[first].attrs
                for key in attributes:
                    attributes[key] = generator.choice([3, "text", [b"one", b"two"]])


# -- SavedModel ---------------------------------------------------------------------------------------------------


def _edit_description(path: Path, generator: random.Random) -> None:
    """Keras's description of one layer is another one; the root's, which holds the architecture, most often."""
    with path.open("rb") as file:
        nodes = list(fields_of(file, 0, path.stat().st_size))
        node = generator.choice([nodes[0], nodes[0], *nodes])
        found = next(field for field in fields_of(file, node.start, node.end) if field.number == _DESCRIPTION)
    old = path.read_bytes()
    new = _edited(old[found.start : found.end], generator, path.parents[1])
    described = old[node.start : found.start - len(_varint(found.end - found.start))] + _varint(len(new)) + new
    described += old[found.end : node.end]
    head = old[: node.start - len(_varint(node.end - node.start))]
    path.write_bytes(head + _varint(len(described)) + described + old[node.end :])


def _varint(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])


# -- JSON ---------------------------------------------------------------------------------------------------------


def _edit_json(path: Path, generator: random.Random) -> None:
    path.write_bytes(_edited(path.read_bytes(), generator, path.parent))


def _edited(content: bytes, generator: random.Random, folder: Path) -> bytes:
    values = json.loads(content)
    for _ in range(generator.choice([1, 1, 2, 5])):
        places = list(_places(values))
        if places:
            _edit(*generator.choice(places), places, generator, folder)
    return json.dumps(values).encode()


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every value but the root, as its container and its key."""
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])


def _edit(container: Any, key: Any, places: list[Any], generator: random.Random, folder: Path) -> None:
    other, other_key = generator.choice(places)
    match generator.randrange(6):
        case 0:
            del container[key]
        case 1:
            container[key], other[other_key] = copy.deepcopy(other[other_key]), copy.deepcopy(container[key])
        case 2:
            container[key] = copy.deepcopy(other[other_key])
        case 3 if isinstance(container, list):
            container.insert(key, copy.deepcopy(container[key]))
        case 3 | 4:
            container[key] = generator.choice(_VALUES)
        case _:
            container[key] = copy.deepcopy(generator.choice(_hostile(folder / MARK)))


_VALUES = (None, True, False, 0, -1, 3, 2.5, 1e308, 10**9, 10**18, -(10**6), "", "a/b", _LONG, [], {}, [None], [[3]])


def _hostile(mark: Path) -> list[Any]:
    command = f"touch {mark}"
    return [
        {"module": "os", "class_name": "system", "config": {"command": command}, "registered_name": None},
        {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"},
        {"module": "builtins", "class_name": "eval", "config": {"source": f"open({str(mark)!r}, 'w')"}},
        {"module": "antigravity", "class_name": "Layer", "config": {}},
        {"class_name": "__lambda__", "config": {"code": "4wEAAAA=", "defaults": None, "closure": None}},
        {
            "class_name": "Lambda",
            "config": {"name": "x", "function": ["4wEAAAA=", None, None], "function_type": "lambda"},
        },
        "os.system",
        "os",
        "system",
        "Lambda",
        "function",
    ]


_BYTES: list[tuple[str, Change]] = [
    ("bits", _flip_bits),
    ("cut", _cut),
    ("bytes", _overwrite),
    ("piece", _repeat),
]
_HDF5: list[tuple[str, Change]] = [("JSON", _edit_attribute), ("objects", _edit_objects)]
_OF_ENDING: dict[str, list[tuple[str, Change]]] = {
    ".keras": [
        ("JSON", _edit_member),
        ("JSON", _edit_member),
        ("JSON", _edit_member),
        ("swapped members", _swap_members),
        ("missing member", _drop_member),
        ("damaged weights", _damage_weights),
    ],
    ".h5": [*_HDF5, *_HDF5],
    ".hdf5": [*_HDF5, *_HDF5],
    ".json": [("JSON", _edit_json)] * 3,
}
