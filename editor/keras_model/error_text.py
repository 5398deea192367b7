"""What an error of Keras or TensorFlow says, in one sentence, without what they put around it."""

from __future__ import annotations

import re

_MAX_LENGTH = 200
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_CALLING = re.compile(r"^Exception encountered when calling [^\n]*\n+")
_ABOUT_THE_GRAPH = ("Graph execution error", "Detected at", "<stack", " ", "\t", "[[", "Original stack", "Hint:")


def first_sentence(error: BaseException) -> str:
    """The first sentence of an error's text, with its full stop; the error's name where there is no text."""
    text = _COLOUR.sub("", str(error)).strip()
    # Each object around the one that is wrong says so too.
    text = text.rpartition("Exception encountered:")[2].strip() or text
    text = _CALLING.sub("", text).partition("\n\nArguments received by")[0]
    if text.startswith("in user code:"):
        text = text.rpartition("\n\n")[2].strip().partition(": ")[2] or text
    if text.startswith("Graph execution error"):
        lines = [line for line in text.splitlines() if line and not line.startswith(_ABOUT_THE_GRAPH)]
        text = " ".join(lines) or text
    sentence = re.split(r"(?<=[.!?])\s", " ".join(text.split()), maxsplit=1)[0] or type(error).__name__
    if len(sentence) > _MAX_LENGTH:
        return sentence[:_MAX_LENGTH] + "…"
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."
