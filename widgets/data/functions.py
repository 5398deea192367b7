"""Python functions that give data: asked for, shown, and run only with consent, as custom code is."""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from editor.files.code_text import visible_lines
from editor.training.function_code import function_name
from widgets.consents import Consent
from widgets.dialogs.code_source import CodeSource
from widgets.elided_label import ElidedLabel
from widgets.settings import Settings
from widgets.theme import CORNER, mono_font, set_tone

FIRST_LINES = 2000
_SIZE = (820, 620)
_MARGIN = 2 * CORNER
_INTRODUCTION = (
    "The function returns a tf.data.Dataset of inputs and targets, or two of them, to train and to validate on. It is "
    "run on this computer, with all that you may do here. Run it only if you trust whoever wrote it."
)
_CHANGED = "The code has changed since you agreed to run it. Look at it before you agree again."


def consent_for(settings: Settings, data: str) -> tuple[str, bool]:
    """The digest that was agreed to for a function, empty if none is; and whether its code has changed since."""
    consent = settings.consent(_needs(data)) if function_name(data) else None
    if consent is None:
        return "", False
    return (consent.code_digest, False) if consent.is_current else ("", True)


def remember_consent(settings: Settings, data: str, digest: str) -> None:
    """Remembers that a function may be run as long as its code is the same."""
    name = function_name(data)
    if name:
        custom_code, module = (name.place, None) if name.is_file else (None, name.place)
        consent = Consent(needs=_needs(data), custom_code=custom_code, module=module, code_digest=digest)
        settings.add_consent(consent)


def _needs(data: str) -> str:
    return hashlib.sha256(f"data function {data}".encode()).hexdigest()


class FunctionDialog(QDialog):
    """Asks for the function and for the consent to run it, beside the very text.

    Args:
        folder: Where files are looked for at first.
        data: A function that was chosen before; shown, not taken for granted.
        has_changed: Whether its code is other than what was agreed to.
        parent: The window.

    Signals:
        agreed: The function as `TrainSettings.data` has it, and the digest of its code.
    """

    agreed = Signal(str, str)

    def __init__(
        self, folder: Path, data: str = "", *, has_changed: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("functionDialog")
        self.setWindowTitle("Data from a Python Function")
        self.resize(*_SIZE)
        self._given = data if has_changed else ""
        self.source = CodeSource(folder)
        self.function = QComboBox()
        self.function.setObjectName("dataFunctionName")
        self.function.setEditable(True)
        self.function.setAccessibleName("Name of the function")
        self.text = QPlainTextEdit()
        self.text.setObjectName("dataFunctionText")
        self.text.setAccessibleName("The code that would be run")
        self.about = ElidedLabel()
        self.lacking = QLabel()
        self.lacking.setObjectName("dataFunctionLacking")
        self.warning = QLabel(_CHANGED)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.run_button = self.buttons.addButton("Run This Code", QDialogButtonBox.ButtonRole.ActionRole)
        self.run_button.setObjectName("runFunctionButton")
        self._arrange()
        self.source.changed.connect(self._on_source_changed)
        self.function.editTextChanged.connect(self._refresh)
        self.run_button.clicked.connect(self._on_run_clicked)
        self.buttons.rejected.connect(self.reject)
        self._show_given(data)

    def _arrange(self) -> None:
        introduction = QLabel(_INTRODUCTION)
        introduction.setWordWrap(True)
        set_tone(introduction, "secondary")
        for label, tone in ((self.about, "secondary"), (self.lacking, "secondary"), (self.warning, "error")):
            set_tone(label, tone)
        self.text.setReadOnly(True)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setFont(mono_font(self.text.font()))
        self.run_button.setAutoDefault(False)
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setDefault(True)
        title = QLabel("Function")
        title.setBuddy(self.function)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        layout.setSpacing(CORNER)
        for widget in (introduction, self.warning, self.source, title, self.function, self.about):
            layout.addWidget(widget)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.lacking)
        layout.addWidget(self.buttons)

    def _show_given(self, data: str) -> None:
        name = function_name(data)
        place = name.place if name else None
        is_file = bool(name and name.is_file)
        self.source.show_given(place if is_file else None, None if is_file else place)
        self._on_source_changed()
        if name:
            self.function.setEditText(name.function)
        self._refresh()

    @property
    def data(self) -> str:
        """The function that is chosen, as settings name it."""
        code = self.source.custom_code or self.source.module or ""
        return f"{code}:{self.function.currentText().strip()}" if code else ""

    @Slot()
    def _on_source_changed(self) -> None:
        names = function_names(self.source.text or "")
        shown = self.function.currentText()
        self.function.clear()
        self.function.addItems(names)
        if shown in names:
            self.function.setCurrentText(shown)
        lines = visible_lines(self.source.text) if self.source.text else []
        more = [f"… and {len(lines) - FIRST_LINES:,} more lines"] if len(lines) > FIRST_LINES else []
        self.text.setPlainText("\n".join([*lines[:FIRST_LINES], *more]))
        self._refresh()

    @Slot()
    def _refresh(self) -> None:
        code = self.source.code
        self.about.setText(f"SHA-256 {code.digest}   {code.path}" if code else "What you choose is shown here.")
        self.lacking.setText(self._lacking)
        self.lacking.setVisible(bool(self._lacking))
        self.warning.setVisible(bool(self._given) and self.data == self._given)
        self.run_button.setEnabled(not self._lacking)

    @property
    def _lacking(self) -> str:
        if self.source.trouble:
            return self.source.trouble
        if not self.source.code:
            return "Choose the Python file, or the installed module, that defines the function."
        name = self.function.currentText().strip()
        if not name.isidentifier():
            return "Choose the function by its name."
        if name not in function_names(self.source.text or ""):
            return f"{Path(self.source.code.path).name} defines no function {name!r}."
        return ""

    @Slot()
    def _on_run_clicked(self) -> None:
        code = self.source.code
        if code:
            data = self.data
            self.accept()
            self.agreed.emit(data, code.digest)


def function_names(text: str) -> list[str]:
    """The functions that Python code defines at its top, without running it."""
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [node.name for node in body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]
