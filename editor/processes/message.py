"""The base of all messages between the window and the engine."""

from __future__ import annotations

import msgspec


class Message(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Base of all messages; its class name is the tag."""
