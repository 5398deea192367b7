"""The freeze map: the frozen state of every weight, as it travels in files and between processes."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from editor import __version__
from editor.errors import FreezeMapError

SCHEMA = 1
"""The schema's version; a reader refuses a greater one."""

WeightFlag = Literal["frozen", "trainable"]
StatisticsFlag = Literal["still", "update"]


class LayerFlags(msgspec.Struct, frozen=True, omit_defaults=True):
    """The flags of one layer.

    Attributes:
        store: The layer's group in Keras's weights file; the second key by which an entry is found.
        class_name: Name of the layer's class (`class` in JSON).
        weights: The flag of each weight that can train, by the weight's name.
        statistics: Whether the layer's statistics stand still; None where it has none.
        also_at: The further paths of a shared layer.
        shapes: The shape of each of `weights`, so that a map is not put onto other weights of the same name; maps of
            the first versions have none.
    """

    store: str
    class_name: str = msgspec.field(name="class")
    weights: dict[str, WeightFlag] = msgspec.field(default_factory=dict)
    statistics: StatisticsFlag | None = None
    also_at: tuple[str, ...] = ()
    shapes: dict[str, tuple[int, ...]] = msgspec.field(default_factory=dict)


class Rule(msgspec.Struct, frozen=True):
    """What editing does to the layers that `select` matches; it does not concern training. See `policies.RuleKind`."""

    select: str
    rule: str


class FreezeMap(msgspec.Struct, frozen=True, kw_only=True):
    """Every layer that owns weights or statistics, once, by its first path."""

    schema: int = SCHEMA
    tool: str = f"frostline {__version__}"
    layers: dict[str, LayerFlags]
    rules: tuple[Rule, ...] = ()

    def to_json(self) -> bytes:
        """The map as indented JSON (UTF-8), in the schema of the design."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1)

    @classmethod
    def from_json(cls, data: bytes | str) -> FreezeMap:
        """Reads a map.

        Raises:
            FreezeMapError: The text is no freeze map, or of a schema newer than this program.
        """
        try:
            schema = msgspec.json.decode(data, type=_Versioned).schema
            if schema > SCHEMA:
                raise FreezeMapError(
                    f"The freeze map has schema {schema}; this version reads up to {SCHEMA}.",
                    hint="Open it with a newer version of Frostline.",
                )
            return msgspec.json.decode(data, type=cls)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise FreezeMapError(
                f"This is not a freeze map: {_plain(error)}.",
                hint="Use a file that Frostline wrote, such as NAME.freeze.json.",
            ) from error


class _Versioned(msgspec.Struct):
    schema: int


def _plain(error: Exception) -> str:
    return re.sub(r"\s+", " ", str(error)).rstrip(".")
