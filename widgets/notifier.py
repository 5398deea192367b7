"""The one place that speaks to the user; nothing here runs an event loop of its own."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from editor.errors import Problem
from editor.wording import counted
from widgets.dialogs.details import show_details
from widgets.line_breaks import with_short_runs
from widgets.notice_bar import Level, NoticeBar

Answer = QMessageBox.StandardButton


_Choice = tuple[str, Callable[[], None]]
"""The words of a button, and what a click on it does."""


class Notifier(QObject):
    """Sentences in the notice bar, questions in a box over the window."""

    def __init__(self, window: QWidget, bar: NoticeBar) -> None:
        super().__init__(window)
        self._window = window
        self._bar = bar
        self._details = ""
        self._on_action: Callable[[], None] | None = None
        bar.action_clicked.connect(self._on_action_clicked)
        bar.details_requested.connect(self._on_details_requested)

    @property
    def error_text(self) -> str:
        """The error that is shown; empty if there is none."""
        return self._bar.text if self._bar.level is Level.ERROR else ""

    def problem(self, problem: Problem, *, level: Level = Level.ERROR) -> None:
        """Says what went wrong and what to do."""
        self.say(level, f"{problem.summary} {problem.hint}".strip(), details=problem.details)

    def say(
        self,
        level: Level,
        text: str,
        *,
        details: str = "",
        action: str = "",
        on_action: Callable[[], None] | None = None,
    ) -> None:
        """Says a sentence, with a button of its own if `action` names one."""
        self._details = details
        self._on_action = on_action
        self._bar.show_notice(level, text, action=action, has_details=bool(details))

    def busy(self, text: str, *, on_cancel: Callable[[], None] | None = None) -> None:
        """Says what is going on, with a Cancel button if it can be cancelled."""
        self._on_action = on_cancel
        self._bar.show_busy(text, action="Cancel" if on_cancel else "")

    def clear(self) -> None:
        """Says nothing."""
        self._bar.clear()

    def end_news(self) -> None:
        """Says no more what was done, as something else begins; what is wrong, goes on or is offered stays."""
        if self._bar.is_news:
            self._bar.clear()

    def take_back(self, text: str) -> None:
        """Says no more what is not true any more; another notice stays."""
        if self._bar.text == text:
            self._bar.clear()

    def ask_save(self, name: str, why: str, on_answer: Callable[[Answer], None]) -> None:
        """Asks whether to save, discard or cancel."""
        box = self._box("saveQuestion", f"Save the changes to {name}?", why)
        box.setStandardButtons(Answer.Save | Answer.Discard | Answer.Cancel)
        box.setDefaultButton(Answer.Save)
        self._open(box, on_answer)

    def ask_recovery(
        self, text: str, why: str, *, on_recover: Callable[[], None], on_discard: Callable[[], None]
    ) -> None:
        """Asks whether to bring unsaved work back now, at a later start, or never."""
        box = self._box("recoverQuestion", text, why)
        self._ask_three(box, ("Recover", on_recover), ("Discard", on_discard), cancel="Ask Later")

    def ask_overwrite(self, name: str, *, on_overwrite: Callable[[], None], on_save_as: Callable[[], None]) -> None:
        """Asks what to do when a file was changed by another program since it was opened or saved here."""
        why = "Another program, or another window, has changed it since it was opened. Overwriting loses that."
        box = self._box("overwriteQuestion", f"Overwrite {name}?", why)
        self._ask_three(box, ("Save As…", on_save_as), ("Overwrite", on_overwrite))

    def ask_without_optimizer(self, name: str, *, on_save: Callable[[], None], on_save_as: Callable[[], None]) -> None:
        """Says before saving that an `.h5` file will not keep the optimizer's state."""
        why = "An .h5 file holds weights and flags only. A .keras file also keeps the optimizer's state."
        box = self._box("optimizerQuestion", f"Save {name} without the optimizer's state?", why)
        self._ask_three(box, ("Save as .keras…", on_save_as), ("Save Without", on_save))

    def ask_cancel_run(self, seconds: float, on_cancel: Callable[[], None]) -> None:
        """Asks whether a run of some minutes is to be thrown away."""
        minutes = counted(round(seconds / 60), "minute")
        why = f"The run has trained for {minutes}. What it learned in them will be gone."
        box = self._box("cancelRunQuestion", "Cancel the run and restore the weights from before it?", why)
        restore = box.addButton("Cancel and Restore", QMessageBox.ButtonRole.DestructiveRole)
        go_on = box.addButton("Go On Training", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(go_on)
        box.setEscapeButton(go_on)
        box.buttonClicked.connect(lambda button: on_cancel() if button is restore else None)
        box.open()

    def ask_replace_folder(self, name: str, *, on_replace: Callable[[], None]) -> None:
        """Asks whether a folder that is there may be replaced, with all that is in it."""
        box = self._box("replaceQuestion", f"Replace the folder {name}?", "All that is in it now will be gone.")
        replace = box.addButton("Replace", QMessageBox.ButtonRole.DestructiveRole)
        cancel = box.addButton("Cancel", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(cancel)
        box.setEscapeButton(cancel)
        box.buttonClicked.connect(lambda button: on_replace() if button is replace else None)
        box.open()

    def _ask_three(self, box: QMessageBox, safe: _Choice, destructive: _Choice, *, cancel: str = "Cancel") -> None:
        """Offers what loses nothing, which is the default, what loses something, and to do neither."""
        chosen = {
            box.addButton(destructive[0], QMessageBox.ButtonRole.DestructiveRole): destructive[1],
            (default := box.addButton(safe[0], QMessageBox.ButtonRole.AcceptRole)): safe[1],
        }
        box.setDefaultButton(default)
        box.setEscapeButton(box.addButton(cancel, QMessageBox.ButtonRole.RejectRole))
        box.buttonClicked.connect(lambda button: chosen.get(button, _nothing)())
        box.open()

    def _box(self, name: str, text: str, why: str) -> QMessageBox:
        box = QMessageBox(QMessageBox.Icon.NoIcon, "Frostline", with_short_runs(text), parent=self._window)
        box.setObjectName(name)
        box.setInformativeText(why)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return box

    def _open(self, box: QMessageBox, on_answer: Callable[[Answer], None]) -> None:
        box.finished.connect(lambda result: on_answer(Answer(result)))
        box.open()

    def _on_action_clicked(self) -> None:
        action, self._on_action = self._on_action, None
        self._bar.clear()
        if action:
            action()

    def _on_details_requested(self) -> None:
        show_details(self._window, self._bar.text, self._details)


def _nothing() -> None:
    """What *Ask Later* and *Cancel* do."""
