"""The compile settings of a model as a preview tells them, whichever Keras wrote them."""

from __future__ import annotations

from typing import Any

from editor.files.keras_knows import optimizer_class

_TODAY = {"optimizer_config": "optimizer", "sample_weight_mode": ""}
"""What older settings call otherwise than `compile_config`, or have and mean nothing by."""


def compile_facts(settings: Any) -> dict[str, Any]:
    """The settings under the names that Keras 3 has for them; empty where there are none.

    Args:
        settings: `compile_config` of a `.keras`, `training_config` of an HDF5 file or a SavedModel.
    """
    if not isinstance(settings, dict):
        return {}
    named = ((_TODAY.get(key, key), value) for key, value in settings.items())
    facts = {key: value for key, value in named if key and value not in (None, {}, [])}
    match facts.get("optimizer"):
        case {"class_name": str(name), **rest}:
            facts["optimizer"] = {"class_name": optimizer_class(name), **rest}
    return facts
