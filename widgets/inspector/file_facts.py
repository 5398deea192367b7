"""What the inspector says of the file as a whole: format, version, date, compile settings, repairs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from editor.files.facts import FileFormat, Preview, Repair
from widgets.inspector.facts import Fact
from widgets.numbers import byte_size

_FORMATS: dict[FileFormat, str] = {
    "keras": "Keras archive (.keras)",
    "h5": "HDF5 model",
    "saved-model": "SavedModel folder",
    "json": "Architecture as JSON, without weights",
    "weights": "Weights without an architecture",
    "trained-weights": "Trained weights",
}


def file_facts(preview: Preview, repairs: Iterable[Repair] = (), *, path: Path | None = None) -> list[Fact]:
    """What a file told, and what was changed in memory to load it.

    Args:
        preview: Of the file that was opened.
        repairs: What was changed.
        path: The file that the model is saved in by now; None for that one.
    """
    facts = preview.facts
    is_elsewhere = path is not None and path != Path(facts.path)
    origin = [Path(facts.path).name] if is_elsewhere else []
    version = f"Keras {facts.keras_version}" if facts.keras_version else "Keras version unknown"
    lines = [repair.line for repair in repairs]
    size = byte_size(facts.num_bytes)
    return [
        Fact("Opened from" if is_elsewhere else "File", " · ".join((*origin, _FORMATS[facts.format], version, size))),
        *([Fact("Saved", _date(preview.saved_at))] if preview.saved_at else []),
        Fact("Compiled", _compiled(preview.compiled)),
        *([Fact("Repaired" if len(lines) == 1 else f"{len(lines)} repairs", "\n".join(lines))] if lines else []),
    ]


def _date(text: str) -> str:
    """Keras writes `2026-11-22@14:15:26`."""
    return text.replace("@", " ")


def _compiled(compiled: dict[str, Any]) -> str:
    """Of the file: a run, and a new head, compile anew."""
    parts = (
        _optimizer(compiled.get("optimizer")),
        _names(compiled.get("loss")),
        _names([compiled.get("metrics"), compiled.get("weighted_metrics")]),
    )
    told = " · ".join(filter(None, parts))
    return f"in the file, with {told}" if told else "not in the file"


def _optimizer(value: Any) -> str:
    name = _names(value)
    config = value.get("config") if isinstance(value, dict) else None
    rate = config.get("learning_rate", config.get("lr")) if isinstance(config, dict) else None
    return f"{name}, learning rate {rate:g}" if name and isinstance(rate, int | float) else name


def _names(value: Any) -> str:
    """The names in whatever Keras wrote: a name, an object with its class, a list or a dict of such."""
    return ", ".join(dict.fromkeys(_each_name(value)))


def _each_name(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _each_name(item)
    elif isinstance(value, dict):
        config = value.get("config")
        inner = config.get("name", config.get("fn")) if isinstance(config, dict) else config
        class_name = value.get("class_name")
        if class_name == "function" or (class_name in ("MeanMetricWrapper", "LossFunctionWrapper") and inner):
            yield from _each_name(inner)
        elif isinstance(class_name, str):
            yield class_name
        else:
            for item in value.values():
                yield from _each_name(item)
