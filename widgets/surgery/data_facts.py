"""What is known of the data that are chosen in the training panel: what a head must tell."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from editor.training.settings import SettingsReport, WantedOutput
from editor.wording import counted
from widgets.training.panel import TrainingPanel

_WORDS = {"multi-class": ("class", "classes"), "multi-label": ("label", "labels"), "regression": ("target", "targets")}


@dataclass(frozen=True)
class HeadAdvice:
    """What the data ask of a head.

    Attributes:
        text: The data in one line; empty where none can be read for the model as it is.
        outputs: What each target asks for; empty where nothing is known.
        names: Keras's names of the model's outputs, in the order of the targets, where there are several.
        is_awaited: Whether data are chosen that have yet to be read.
        problem: Why the data that are chosen cannot be read.
    """

    text: str = ""
    outputs: tuple[WantedOutput, ...] = ()
    names: tuple[str, ...] = ()
    is_awaited: bool = False
    problem: str = ""

    def wanted(self, gone: Collection[str] = ()) -> WantedOutput | None:
        """What is asked of a head in the place of the first output of those that go; of the first, if none is named.

        Args:
            gone: Names of layers that are taken off.
        """
        at = next((at for at, name in enumerate(self.names) if name in gone), 0)
        return self.outputs[at] if at < len(self.outputs) else None

    def words(self, wanted: WantedOutput | None) -> str:
        """What is said beside the units."""
        if self.is_awaited:
            return "The data that are chosen are being read…"
        if wanted is None:
            return "As many as there are classes, or targets. The data that are chosen do not tell."
        what = "yes or no" if wanted.task == "binary" else counted(wanted.units, *_WORDS[wanted.task])
        return f"As the data have it: {what}."


class DataFacts(QObject):
    """Follows what the training panel knows of the data.

    Signals:
        changed: Carries the `HeadAdvice` of this moment.
    """

    changed = Signal(object)

    def __init__(self, panel: TrainingPanel, parent: QObject) -> None:
        super().__init__(parent)
        self._panel = panel
        panel.report_shown.connect(self._on_report_shown)

    def now(self) -> HeadAdvice:
        """The advice of this moment."""
        report = self._panel.report
        return advice_of(report) if report else HeadAdvice(is_awaited=bool(self._panel.settings().data))

    def _on_report_shown(self) -> None:
        self.changed.emit(self.now())


def advice_of(report: SettingsReport) -> HeadAdvice:
    """The advice that what was found in the data gives."""
    problem = "" if report.data_text else report.problems.get("data", "")
    return HeadAdvice(report.data_text, report.wanted_outputs, report.output_names, problem=problem)
