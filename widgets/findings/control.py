"""Between the findings and the window: shows them, selects what they name, carries out their cures."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace
from PySide6.QtCore import QObject

from editor.layers.findings.finding import Cure, Finding
from widgets.document import Document
from widgets.findings.watch import FindingsWatch
from widgets.main_window import MainWindow
from widgets.notice_bar import Level
from widgets.notifier import Notifier
from widgets.places import select_paths

_STALE = "The flags have changed since this was found. Here is what holds now."


class FindingsControl(QObject):
    """The findings of the document that is open.

    Args:
        window: Has the panel, and the tab's badge.
        watch: Finds.
        notifier: Says why a cure was not carried out.
        current: The document that is open.
    """

    def __init__(
        self, window: MainWindow, watch: FindingsWatch, notifier: Notifier, current: Callable[[], Document | None]
    ) -> None:
        super().__init__(window)
        self._window = window
        self._watch = watch
        self._notifier = notifier
        self._current = current
        watch.found.connect(self._on_found)
        window.training.settings_changed.connect(watch.schedule)
        for view in (window.findings, window.inspector):
            view.cure_requested.connect(self._on_cure_requested)
            view.places_chosen.connect(self._on_places_chosen)

    def _on_found(self, findings: tuple[Finding, ...]) -> None:
        window = self._window
        window.findings.show_findings(findings)
        window.inspector.set_findings(findings)
        has_warning = any(finding.severity == "warning" for finding in findings)
        window.inspector.tabs.set_number(window.findings, len(findings), tone="warning" if has_warning else "note")

    def _on_places_chosen(self, paths: tuple[str, ...]) -> None:
        select_paths(self._window, self._current(), paths)

    def _on_cure_requested(self, asked: Finding) -> None:
        """Never cures another state than the one that was shown."""
        findings = self._watch.look_now()
        if asked in findings and asked.cure:
            self._carry_out(asked.cure)
        else:
            self._on_found(findings)
            self._notifier.say(Level.INFO, _STALE)

    def _carry_out(self, cure: Cure) -> None:
        document, training = self._current(), self._window.training
        if cure.learning_rate is not None:
            training.set_settings(replace(training.settings(), learning_rate=cure.learning_rate))
        elif document:
            document.make(cure.edit(document.tree))
