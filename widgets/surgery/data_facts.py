"""What is known of the data that are chosen in the training panel: how many classes a head must tell."""

from __future__ import annotations

import re
from dataclasses import dataclass

from PySide6.QtCore import QObject

from editor.layers.structure import HeadActivation
from editor.processes.messages import SettingsChecked
from widgets.engine_link import EngineLink

_CLASSES = re.compile(r"([\d,]+) classes")


@dataclass(frozen=True)
class HeadAdvice:
    """What the data ask of a head.

    Attributes:
        text: The data in one line; empty where none are known.
        units: None where it is not known.
        activation: That fits them.
    """

    text: str = ""
    units: int | None = None
    activation: HeadActivation = "softmax"


class DataFacts(QObject):
    """Listens to what the engine says of the data."""

    def __init__(self, link: EngineLink, parent: QObject) -> None:
        super().__init__(parent)
        self._text = ""
        link.settings_checked.connect(self._on_settings_checked)

    def now(self) -> HeadAdvice:
        """The advice of this moment."""
        return advice_of_text(self._text)

    def _on_settings_checked(self, event: SettingsChecked) -> None:
        self._text = event.report.data_text


def advice_of_text(text: str) -> HeadAdvice:
    """The advice that the line about the data gives, such as `1,797 samples of 8 × 8 × 1 · 10 classes`."""
    found = _CLASSES.search(text)
    units = int(found[1].replace(",", "")) if found else None
    return HeadAdvice(text, units)
