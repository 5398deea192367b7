"""Choices about data in human words."""

from __future__ import annotations

TASKS: dict[object, str] = {
    "auto": "Automatic",
    "binary": "Two classes",
    "multi-class": "One class of several",
    "multi-label": "Several labels at once",
    "regression": "Numbers",
}
FITTINGS: dict[object, str] = {
    "stretch": "Stretch to the size",
    "crop": "Crop the middle",
    "pad": "Pad the sides",
}
_PREPROCESSINGS = {
    "auto": "Automatic",
    "none": "As they are",
    "zero-to-one": "From 0 to 1",
    "minus-one-to-one": "From −1 to 1",
}


def preprocessing_words(name: str) -> str:
    """What is done to the values of an image; the name of a module of keras.applications as Keras calls it."""
    return _PREPROCESSINGS.get(name) or f"preprocess_input of {name}"
