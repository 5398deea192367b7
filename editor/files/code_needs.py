"""Finds what a model's configuration names and Keras does not have: what only consented code can make.

Plain JSON goes in; nothing is imported, unmarshalled or called to find out.
"""

from __future__ import annotations

import builtins
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

import msgspec

from editor.files.facts import CodeNeed
from editor.files.graph_nodes import node_definition
from editor.files.keras_knows import (
    FUNCTION_CLASSES,
    has_class,
    has_function,
    has_identifier,
    is_pure_operation,
    is_pure_tensorflow,
)
from editor.files.lambda_listing import is_runnable, parts_listing
from editor.files.lambda_parts import LambdaPart, is_lambda, lambda_parts, part_of
from editor.layers.paths import escape, join

COMPILE_KEY = "compile_config"
"""Where a `.keras` has the compile settings, in the root of its configuration."""

# Keras makes plain values of these.
_DATA = frozenset({"__keras_tensor__", "__tensor__", "__numpy__", "__bytes__", "__ellipsis__"})
_LAMBDA = "__lambda__"
_TYPE = "__typespec__"

_COMPILE_PLACES = {
    "optimizer": ("optimizer", "optimizer"),
    "optimizer_config": ("optimizer", "optimizer"),
    "loss": ("loss", "loss"),
    "metrics": ("metrics", "metric"),
    "weighted_metrics": ("metrics", "metric"),
}
# Arguments that take something by name, by how they end: `kernel_initializer`; Keras 1 called it `init`.
_KINDS = {
    "activation": "activation",
    "initializer": "initializer",
    "init": "initializer",
    "regularizer": "regularizer",
    "constraint": "constraint",
}
_NAMED_CHILDREN = frozenset({"Functional", "Model", "Network", "Sequential", "Graph"})
_GRAPH_KEYS = frozenset({"input_layers", "build_input_shape"})
_SUBLAYER_KEYS = frozenset({"layer", "layers", "cell", "cells", "forward_layer", "backward_layer"})
_ATTRIBUTES = {("Bidirectional", "layer"): "forward_layer"}
_NOT_BELOW = frozenset({"class_name", "module", "registered_name", "name", "config"})
_HOLDERS = frozenset({dict, list})
_MAX_NAME = 300


class CodePlace(NamedTuple):
    """One place where a configuration needs code.

    Attributes:
        need: What it needs; `paths` has this place alone.
        entry: The serialized object there, or what holds the string at `key`.
        key: Where the string is that stands for a function; None: `entry` is the object.
    """

    need: CodeNeed
    entry: Any
    key: str | int | None = None


class _Place(NamedTuple):
    """Where a value stands.

    Attributes:
        path: Path of the layer that it belongs to, or what stands for it.
        child: Name of a sublayer here; None: its own name; empty: what is here is no sublayer.
        kind: What a string here stands for, a key of `IDENTIFIERS`; empty: nothing.
        holder: What the value is in.
        key: And where in it.
    """

    path: str
    child: str | None = ""
    kind: str = ""
    holder: Any = None
    key: str | int | None = None


def code_needs(config: Mapping[str, Any], *, compiled: Mapping[str, Any] | None = None) -> tuple[CodeNeed, ...]:
    """What a model names and Keras does not have, in the order in which it occurs.

    Args:
        config: The whole serialized model (`{"class_name": …, "config": …}`) of any Keras, as plain JSON values.
        compiled: Its compile settings, where they are apart: `training_config` of an HDF5 file. Those in a `.keras`
            are found in `config`.
    """
    found: dict[CodeNeed, dict[str, None]] = {}
    for place in code_places(config, compiled=compiled):
        paths = found.setdefault(msgspec.structs.replace(place.need, paths=()), {})
        paths.update(dict.fromkeys(place.need.paths))
    return tuple(msgspec.structs.replace(need, paths=tuple(paths)) for need, paths in found.items())


def code_places(config: Mapping[str, Any], *, compiled: Mapping[str, Any] | None = None) -> list[CodePlace]:
    """Each place where a model needs code, with the part of `config` or `compiled` there; see `code_needs`."""
    search = _Search()
    search.run({key: value for key, value in config.items() if key != COMPILE_KEY}, _Place(""))
    for key, value in (compiled or config.get(COMPILE_KEY) or {}).items():
        place, kind = _COMPILE_PLACES.get(key, (key, ""))
        search.run(value, _Place(place, kind=kind, holder=compiled, key=key))
    return search.found


def needed_to_load(needs: tuple[CodeNeed, ...]) -> tuple[CodeNeed, ...]:
    """The needs without which the model cannot be loaded: those not only of its compile settings."""
    places = {place for place, _ in _COMPILE_PLACES.values()}
    return tuple(need for need in needs if not places.issuperset(need.paths))


class _Search:
    """Goes through a configuration with a stack of its own: how deep a file nests is the file's choice."""

    def __init__(self) -> None:
        self.found: list[CodePlace] = []

    def run(self, value: Any, place: _Place) -> None:
        stack = [(value, place)]
        while stack:
            inside = self._look(*stack.pop())
            stack.extend(reversed(list(inside)))

    def _look(self, value: Any, place: _Place) -> Iterator[tuple[Any, _Place]]:
        """Adds what a value needs; gives the values in it."""
        match value:
            case str():
                if place.kind and value and not has_identifier(place.kind, value):
                    self._add("function", value, place.path, entry=place.holder, key=place.key)
            case list():
                for number, item in _telling(enumerate(value), place):
                    is_numbered = place.child and isinstance(item, dict)
                    child = f"{place.child}/{number}" if is_numbered else place.child
                    yield item, _Place(place.path, child, place.kind, value, number)
            case {"class_name": _, "config": _}:
                yield from self._object(value, place)
            case dict():
                for key, item in _telling(value.items(), place):
                    child = join(place.child, escape(str(key))) if place.child else ""
                    yield item, _Place(place.path, child, place.kind, value, key)

    def _object(self, entry: dict[str, Any], place: _Place) -> Iterator[tuple[Any, _Place]]:
        class_name, config = entry["class_name"], entry["config"]
        if not isinstance(class_name, str):
            self._add("class", repr(class_name), place.path, entry=entry)
        elif class_name in _DATA:
            return
        elif class_name == _LAMBDA:
            self._add_lambda(place, [part_of("", entry)], entry)
        elif class_name == _TYPE:
            self._add_entry("class", str(entry.get("spec_name")), entry, place.path)
        elif class_name in FUNCTION_CLASSES:
            if not has_function(entry):
                self._add_entry("function", str(config), entry, place.path)
        elif class_name == "__slice__":
            yield config, place._replace(child="")
        else:
            yield from self._instance(entry, place)

    def _instance(self, entry: dict[str, Any], place: _Place) -> Iterator[tuple[Any, _Place]]:
        """An object of a class: a layer, an initializer, a loss and so on."""
        path = _path(entry, place)
        is_known = has_class(entry)
        config = entry["config"]
        if not is_known:
            self._add_entry("class", entry["class_name"], entry, path)
        elif isinstance(config, dict):
            self._add_what_it_calls(entry, config, _Place(path))
        yield from _values(entry, path, is_known=is_known)
        for key, value in entry.items():
            if key not in _NOT_BELOW and type(value) in _HOLDERS:
                yield value, _Place(path)

    def _add_what_it_calls(self, entry: dict[str, Any], config: dict[str, Any], place: _Place) -> None:
        """Code or a function by name in the configuration of a class that Keras has."""
        match class_name := entry["class_name"]:
            case "Lambda":
                parts = lambda_parts(config)
                if is_lambda(config, parts):
                    self._add_lambda(place, parts, entry)
                for part in parts:
                    if part.is_named:
                        self._add("function", part.code, place.path, module=part.module, entry=config, key=part.role)
            case "TFOpLambda" | "SlicingOpLambda":
                # Either calls what it names; the other alone has slices among its arguments.
                name = str(config.get("function", "__operators__.getitem"))
                if not is_pure_tensorflow(name):
                    self._add("function", name, place.path, module="tensorflow", entry=entry)
            case "ClassMethod" | "InstanceMethod" | "InstanceProperty":
                # Any method or property of anything, by name.
                name = str(config.get("method_name", config.get("attr_name", class_name)))
                self._add("function", name, place.path, module=str(config.get("cls_symbol", "")), entry=entry)
            case "TensorFlowOpLayer":
                self._add_operation(config.get("node_def"), place.path, entry)

    def _add_operation(self, node: Any, path: str, entry: Any) -> None:
        text = node if isinstance(node, str) else json.dumps(node)
        own = node_definition(node).get("op")
        names = [*([own] if own else []), *re.findall(r"\"?op\"?\s*:\s*\"([^\"]*)\"", text)]
        for name in dict.fromkeys(map(str, names)) or ["TensorFlowOpLayer"]:
            if not names or not is_pure_operation(name):
                self._add("function", name, path, module="tensorflow", entry=entry)

    def _add_lambda(self, place: _Place, parts: list[LambdaPart], entry: dict[str, Any]) -> None:
        code = [(part.role, part.code, part.defaults, part.closure) for part in parts]
        settings = entry["config"] if isinstance(entry["config"], dict) else {}
        text = json.dumps([code, settings.get("arguments")], sort_keys=True)
        need = CodeNeed(
            kind="lambda",
            name=_clipped(place.path.rpartition("/")[2]),
            paths=(place.path,),
            digest=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
            listing=parts_listing(parts),
            is_runnable=all(part.is_named or is_runnable(part.code) for part in parts),
        )
        self.found.append(CodePlace(need, entry))

    def _add_entry(self, kind: Literal["class", "function"], name: str, entry: dict[str, Any], path: str) -> None:
        registered = str(entry.get("registered_name") or "")
        # A function's own name has that of its package before it; `registered_name` only says that it is a function.
        full = name if ">" in name or registered in FUNCTION_CLASSES else registered
        need = _need(kind, name, path, module=str(entry.get("module") or ""), registered=full)
        self.found.append(CodePlace(need, entry))

    def _add(
        self,
        kind: Literal["class", "function"],
        name: str,
        path: str,
        *,
        module: str = "",
        entry: Any = None,
        key: str | int | None = None,
    ) -> None:
        self.found.append(CodePlace(_need(kind, name, path, module=module), entry, key))


def _need(kind: Literal["class", "function"], name: str, path: str, *, module: str, registered: str = "") -> CodeNeed:
    """What is called `name`, which may be a registered one (`mine>my_fn`)."""
    short = name.rpartition(">")[2] or name  # A `<lambda>` was not registered.
    full = registered or name
    # Of any function Keras 3 writes that it is a builtin one.
    is_from_nowhere = module == "builtins" and not hasattr(builtins, short)
    return CodeNeed(
        kind=kind,
        name=_clipped(short),
        module="" if is_from_nowhere else _clipped(module),
        registered_name="" if full == short else _clipped(full),
        paths=(path,),
    )


def _telling(items: Iterable[tuple[Any, Any]], place: _Place) -> Iterator[tuple[Any, Any]]:
    """Those that may need code: most values are numbers and texts that name nothing."""
    return ((key, item) for key, item in items if place.kind or type(item) in _HOLDERS)


def _clipped(name: str) -> str:
    return name if len(name) <= _MAX_NAME else f"{name[:_MAX_NAME]}…"


def _path(entry: dict[str, Any], place: _Place) -> str:
    """The path of an object if it is a layer, else that of the layer that it belongs to."""
    config = entry["config"]
    if place.child is None:
        own = entry.get("name") or (config.get("name") if isinstance(config, dict) else None)
        return join(place.path, escape(str(own or entry["class_name"])))
    is_layer = isinstance(config, dict) and "trainable" in config
    is_held = place.child.partition("/")[0] in (*_SUBLAYER_KEYS, *_ATTRIBUTES.values())
    return join(place.path, place.child) if place.child and (is_layer or is_held) else place.path


def _values(entry: dict[str, Any], path: str, *, is_known: bool) -> Iterator[tuple[Any, _Place]]:
    """The arguments of an object, each with what it stands for."""
    config = entry["config"]
    class_name = entry["class_name"]
    if not isinstance(config, dict):
        # The layers of a Sequential of Keras 1 and 2.
        yield config, _Place(path, child=None)
        return
    has_names = class_name in _NAMED_CHILDREN or not _GRAPH_KEYS.isdisjoint(config)
    for key, value in config.items():
        if class_name == "Lambda" and is_known and key in ("function", "output_shape", "mask"):
            continue
        if key == "layers" and has_names:
            yield value, _Place(path, child=None)
            continue
        # What a class of somebody else makes of a string is not known.
        kind = _KINDS.get(key.rpartition("_")[2], "") if is_known else ""
        if not kind and type(value) not in _HOLDERS:
            continue
        child = _ATTRIBUTES.get((class_name, key)) or escape(key)
        yield value, _Place(path, child, kind, config, key)
