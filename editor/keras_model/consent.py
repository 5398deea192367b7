"""Lets Keras see a configuration only when all code that it needs was given or allowed, and no name of a module."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from editor.errors import MissingCodeError, MissingLambdaError, ModelError
from editor.files.code_needs import COMPILE_KEY, CodePlace, code_places
from editor.files.facts import CodeNeed
from editor.files.lambda_parts import LambdaPart, lambda_parts, part_of, replacement_name
from editor.files.options import OpenOptions
from editor.files.origins import without_origins
from editor.files.outside_files import check_stays_inside, graph_obstacle
from editor.keras_model.custom_code import given_objects
from editor.keras_model.lambdas import is_made_of, lambda_function

_ALLOWED = "lambda at "
_HINT = "Open it together with the Python file that defines {}."
_UNNAMED_HINT = " '<lambda>' was a function without a name; write it there as 'activation = lambda x: …'."


@dataclass(frozen=True)
class Consented:
    """A configuration that Keras may see.

    Attributes:
        config: It names modules of Keras alone, and no code but what stands in `custom_objects`.
        custom_objects: What was given and allowed, by every name that `config` has for it.
    """

    config: dict[str, Any]
    custom_objects: dict[str, Any]


def consented(config: dict[str, Any], options: OpenOptions, name: str) -> Consented:
    """Runs the code that a person gave with a model file, and makes the configuration safe for Keras.

    Args:
        config: The whole serialized model, as in the file.
        options: What was given and allowed.
        name: Of the file.

    Raises:
        FileError: The code that was given is missing or not Python.
        ModelError: The code failed, or the model needs more than was given and allowed; nothing was built.
    """
    architecture = {key: value for key, value in config.items() if key != COMPILE_KEY}
    check_stays_inside(architecture, name)
    places = code_places(architecture)
    needs = [place.need for place in code_places(config)]
    objects = given_objects(options, needs)
    _check(places, objects, options, name)
    objects |= _by_other_names(needs, objects)
    objects |= _allowed(places, objects, options)
    changed = substituted(without_origins(architecture, of_keras_too=False), objects)
    return Consented(changed, objects)


def substituted(config: dict[str, Any], custom_objects: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a configuration in which what is in `custom_objects` stands for Lambdas and functions by name.

    A Lambda's place is taken by what was allowed for its path, or by the function or class that replaces it.
    """
    changed = copy.deepcopy(config)
    for place in code_places(changed):
        if place.need.kind == "lambda":
            _substitute_lambda(place, custom_objects)
        elif place.key is not None and place.need.name in custom_objects:
            place.entry[place.key] = _function(place.need.name)
    return changed


def _check(places: Iterable[CodePlace], objects: Mapping[str, Any], options: OpenOptions, name: str) -> None:
    missing: dict[CodeNeed, None] = {}
    for place in places:
        if not _is_covered(place.need, objects, options):
            missing.setdefault(place.need)
    if obstacle := graph_obstacle(missing):
        raise ModelError(obstacle)
    if missing:
        raise _missing(list(missing), name)


def _is_covered(need: CodeNeed, objects: Mapping[str, Any], options: OpenOptions) -> bool:
    if need.kind == "lambda":
        return need.digest in options.allowed_lambdas or replacement_name(need.paths[0]) in objects
    return need.name in objects


def _missing(needs: list[CodeNeed], name: str) -> MissingCodeError:
    lambdas = [need for need in needs if need.kind == "lambda"]
    others = [need for need in needs if need.kind != "lambda"]
    details = "\n".join(f"{need.kind} {need.name} {_where(need)}\n{need.listing}".rstrip() for need in needs)
    held = "a Lambda layer" if len(lambdas) == 1 else f"{len(lambdas)} Lambda layers"
    held = f"{held} ({_list(_path(need) for need in lambdas)})"
    if not others:
        return MissingLambdaError(
            f"{name!r} holds {held}, and opening it would run Python code from the file.",
            hint=f"It was not opened. Allow the code, or define {replacement_name(lambdas[0].paths[0])} in a Python"
            " file and give that.",
            details=details,
        )
    named: dict[tuple[str, str], list[CodeNeed]] = {}
    for need in others:
        named.setdefault((need.kind, need.name), []).append(need)
    names = _list(f"{kind} {own!r} {_where(*places)}" for (kind, own), places in named.items())
    code = "it" if len(named) == 1 else "them"
    unnamed = _UNNAMED_HINT if ("function", "<lambda>") in named else ""
    return MissingCodeError(
        f"{name!r} needs the {names}, which Keras does not know{f', and holds {held}' if lambdas else ''}.",
        hint=_HINT.format(f"{code}, and allow the code of its Lambda layers" if lambdas else code) + unnamed,
        details=details,
    )


def _where(need: CodeNeed, *others: CodeNeed) -> str:
    origin = f" of {need.module}" if need.module else ""
    more = f" and {len(others)} more" if others else ""
    return f"(at {_path(need)}{more}{origin})"


def _path(need: CodeNeed) -> str:
    return need.paths[0] or "the model itself"


def _list(texts: Iterable[str], most: int = 5) -> str:
    listed = list(texts)
    rest = [f"{len(listed) - most} more"] if len(listed) > most else []
    return ", ".join(listed[:most] + rest)


def _by_other_names(needs: Iterable[CodeNeed], objects: Mapping[str, Any]) -> dict[str, Any]:
    """What was given also by the names under which the file says that it was registered."""
    return {need.registered_name: objects[need.name] for need in needs if need.registered_name and need.name in objects}


# -- Lambdas --------------------------------------------------------------------------------------------------


def _allowed(places: Iterable[CodePlace], objects: Mapping[str, Any], options: OpenOptions) -> dict[str, Any]:
    """The functions of the Lambdas that may run, by path and argument; not of those that the given code replaces."""
    found = {}
    for place in places:
        path = place.need.paths[0]
        if place.need.kind != "lambda" or replacement_name(path) in objects:
            continue
        for part in _parts(place.entry):
            if not part.is_named:
                found[_key(path, part)] = lambda_function(part, path, objects)
    return found


def _substitute_lambda(place: CodePlace, objects: Mapping[str, Any]) -> None:
    path = place.need.paths[0]
    name = replacement_name(path)
    parts = {part.role: _known(path, part, objects) for part in _parts(place.entry)}
    entry = place.entry
    if name in objects:
        _replace(entry, name, isinstance(objects[name], type))
    elif entry["class_name"] == "Lambda":
        known = {role: _function(key) for role, key in parts.items() if key in objects}
        entry["config"] |= known
    elif parts[""] in objects:
        entry |= _function(parts[""])


def _replace(entry: dict[str, Any], name: str, is_class: bool) -> None:
    if entry["class_name"] != "Lambda":
        entry.clear()
        entry |= _function(name)
    elif is_class:
        entry |= {"class_name": name, "config": _common(entry["config"])}
        if "module" in entry:
            entry |= {"module": None, "registered_name": name}
        _drop_empty_masks(entry)
    else:
        entry["config"] |= {"function": _function(name)}
        for role in ("output_shape", "mask"):
            entry["config"].pop(role, None)


def _drop_empty_masks(entry: dict[str, Any]) -> None:
    """A Lambda takes a mask in each call, and says so in the file; other layers need not."""
    for node in entry.get("inbound_nodes") or ():
        kwargs = node.get("kwargs") if isinstance(node, dict) else None
        if isinstance(kwargs, dict) and kwargs.get("mask", ...) is None:
            del kwargs["mask"]


def _common(config: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that every layer takes."""
    return {key: config[key] for key in ("name", "trainable", "dtype") if key in config}


def _parts(entry: dict[str, Any]) -> list[LambdaPart]:
    return lambda_parts(entry["config"]) if entry["class_name"] == "Lambda" else [part_of("", entry)]


def _key(path: str, part: LambdaPart) -> str:
    return f"{_ALLOWED}{path}:{part.role}"


def _known(path: str, part: LambdaPart, objects: Mapping[str, Any]) -> str:
    """The name of what was allowed for a place; the layer may have had another name in the file it was opened from."""
    key = _key(path, part)
    return key if key in objects else next((name for name in objects if is_made_of(objects[name], part)), key)


def _function(name: str) -> dict[str, Any]:
    """A serialized function by name, which Keras finds among the custom objects."""
    return {"module": "builtins", "class_name": "function", "config": name, "registered_name": name}
