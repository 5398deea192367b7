"""What is known of the data that are chosen in the training panel: how many classes a head must tell."""

from __future__ import annotations

import re
from dataclasses import dataclass

from PySide6.QtCore import QObject

from editor.layers.structure import HeadActivation
from editor.processes.messages import SettingsChecked
from editor.training.settings import SettingsReport
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
        self._report = SettingsReport()
        link.settings_checked.connect(self._on_settings_checked)

    def now(self) -> HeadAdvice:
        """The advice of this moment."""
        return advice_of(self._report)

    def _on_settings_checked(self, event: SettingsChecked) -> None:
        self._report = event.report


def advice_of(report: SettingsReport) -> HeadAdvice:
    """The advice that what was found in the data gives."""
    text, data = report.data_text, report.data
    num_bars = len(data.bars[0]) if data and data.bars else 0
    match data.task if data else "auto":
        case "regression":
            return HeadAdvice(text, 1, "linear")
        case "multi-label":
            return HeadAdvice(text, num_bars or None, "sigmoid")
        case "binary":
            return HeadAdvice(text, 1, "sigmoid")
        case "multi-class" if num_bars:
            return HeadAdvice(text, num_bars)
    # Where no task is told, the line about the data tells the classes.
    found = _CLASSES.search(text)
    return HeadAdvice(text, int(found[1].replace(",", "")) if found else None)
