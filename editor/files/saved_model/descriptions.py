"""Keras's description of a layer in a SavedModel: JSON, with tuples and shapes as objects."""

from __future__ import annotations

from typing import Any

from editor.files.safe_json import MAX_JSON_BYTES, MAX_VALUES, parse_json_object
from editor.files.saved_model.wire import WireError

_TUPLES = frozenset({"__tuple__", "TensorShape"})


class Descriptions:
    """Parses the descriptions of one file, under limits for all of them together."""

    def __init__(self, name: str) -> None:
        """Begins a file.

        Args:
            name: What the file is called in a refusal.
        """
        self._name = name
        self._num_bytes = self._num_values = 0

    def parse(self, text: str) -> dict[str, Any]:
        """The description of a layer.

        Raises:
            FileError: It is no JSON object, or a hostile one.
            WireError: There are more of them than any model has.
        """
        self._num_bytes += len(text)
        # Commas and brackets in texts count too; no model comes near.
        self._num_values += sum(text.count(sign) for sign in ",[{")
        if self._num_bytes > MAX_JSON_BYTES or self._num_values > MAX_VALUES:
            raise WireError("there is more about its layers than in any model")
        return {key: plain_tuples(value) for key, value in parse_json_object(text, self._name).items()}


def plain_tuples(value: Any) -> Any:
    """Tuples and shapes that stand as objects, as lists; for values whose depth was checked."""
    if isinstance(value, list):
        return [plain_tuples(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("class_name") in _TUPLES and isinstance(value.get("items"), list):
        return [plain_tuples(item) for item in value["items"]]
    return {key: plain_tuples(item) for key, item in value.items()}
