"""Paths: the names of nodes and weights that people see, type and keep in files."""

from __future__ import annotations


def escape(name: str) -> str:
    """One name of a path; a `/` inside it is written `%2F`."""
    return name.replace("/", "%2F")


def join(parent: str, name: str) -> str:
    """The path of a child under the node at `parent`; `name` is escaped already, the root's path is empty."""
    return f"{parent}/{name}" if parent else name


def weight_path(layer_path: str, weight_name: str) -> str:
    """The path of a weight: `base/conv:kernel`."""
    return f"{layer_path}:{escape(weight_name)}"
