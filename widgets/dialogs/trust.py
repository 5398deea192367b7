"""Names what a model needs and Keras does not have, and asks before any of it is run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import QModelIndex, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from editor.files.code_files import CodeFile
from editor.files.code_needs import needed_to_load
from editor.files.facts import CodeNeed, Preview
from editor.files.lambda_parts import replacement_name
from editor.files.options import OpenOptions
from widgets.dialogs.code_source import CodeSource
from widgets.dialogs.needs_list import NeedsList
from widgets.elided_label import ElidedLabel
from widgets.theme import CORNER, mono_font, set_tone

FIRST_LINES = 200
"""How much of a file of code is shown."""

_SIZE = (860, 660)
_MARGIN = 2 * CORNER
_LIST_HEIGHT = 130
_INTRODUCTION = (
    "The preview runs nothing. To load the model, code has to be run on this computer, with all that you may do here."
    " Run it only if you trust whoever wrote it."
)
_CHANGED = "The code has changed since you agreed to run it. Look at it before you agree again."


class TrustDialog(QDialog):
    """Asks for the code that a model needs, and for the consent to run it.

    Args:
        preview: The model.
        options: What was given before; shown, not taken for granted.
        has_changed: Whether that code is other than what was agreed to.
        parent: The window.

    Signals:
        agreed: A dict with the fields of `OpenOptions` about code.
    """

    agreed = Signal(object)

    def __init__(
        self, preview: Preview, options: OpenOptions, *, has_changed: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("trustDialog")
        self.setWindowTitle("Code of the Model")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(*_SIZE)
        path = Path(preview.facts.path)
        self._needs = preview.needs
        self._heading = QLabel(_heading(path.name, preview.needs))
        self._has_changed = has_changed
        self.warning = QLabel()
        self.warning.setObjectName("codeWarning")
        self.list = NeedsList(preview.needs, options.allowed_lambdas)
        self.all_lambdas = QCheckBox("Run the code of all Lambdas that is in the model file")
        self.all_lambdas.setObjectName("allLambdasBox")
        self.source = CodeSource(path.parent)
        self.about = ElidedLabel()
        self.about.setObjectName("codeAbout")
        self.text = QPlainTextEdit()
        self.text.setObjectName("codeText")
        self.text.setAccessibleName("The code that would be run")
        self.run_button = QPushButton()
        self.run_button.setObjectName("runCodeButton")
        self.keep_button = QPushButton("Keep the Preview Only")
        self.keep_button.setObjectName("keepPreviewButton")
        self._arrange()
        self._connect()
        self.source.show_given(options.custom_code, options.module)
        if not options.module:
            self.source.suggest_module(_installed(preview.needs))
        self.list.setCurrentIndex(self.list.model().index(0, 0))
        self._refresh()
        self.keep_button.setFocus()

    # -- putting together -------------------------------------------------------------------------------------

    def _arrange(self) -> None:
        introduction = QLabel(_INTRODUCTION)
        for label in (self._heading, introduction, self.warning):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        set_tone(self._heading, "strong")
        set_tone(introduction, "secondary")
        set_tone(self.warning, "error")
        set_tone(self.about, "secondary")
        self.list.setFixedHeight(_LIST_HEIGHT)
        self.all_lambdas.setVisible(any(need.kind == "lambda" and need.is_runnable for need in self._needs))
        self.text.setReadOnly(True)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setFont(mono_font(self.text.font()))
        self.run_button.setAutoDefault(False)
        self.keep_button.setDefault(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        layout.setSpacing(CORNER)
        for widget in (self._heading, introduction, self.warning, self.list, self.all_lambdas, self.source):
            layout.addWidget(widget)
        layout.addWidget(self.about)
        layout.addWidget(self.text, 1)
        layout.addWidget(self._buttons())

    def _buttons(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox()
        buttons.addButton(self.run_button, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.addButton(self.keep_button, QDialogButtonBox.ButtonRole.RejectRole)
        buttons.rejected.connect(self.reject)
        return buttons

    def _connect(self) -> None:
        self.run_button.clicked.connect(self._on_run_clicked)
        self.list.ticked.connect(self._refresh)
        self.list.currentItemChanged.connect(lambda _now, _before: self._refresh())
        self.all_lambdas.toggled.connect(self.list.allow_all)
        self.source.changed.connect(self._on_source_changed)

    # -- what is shown ----------------------------------------------------------------------------------------

    @Slot()
    def _on_source_changed(self) -> None:
        if self.source.code and self.list.chosen and self.list.chosen.kind == "lambda":
            self.list.setCurrentIndex(QModelIndex())
        self._refresh()

    @Slot()
    def _refresh(self) -> None:
        chosen = self.list.chosen
        if chosen and chosen.kind == "lambda":
            self._show(_lambda_words(chosen), chosen.listing)
        else:
            self._show(_code_words(self.source.code, self.source.trouble), _first_lines(self.source.code))
        warning = self._warning()
        self.warning.setText(warning)
        self.warning.setVisible(bool(warning))
        self.run_button.setText(self._run_words())
        self.run_button.setEnabled(self._is_enough)

    def _show(self, about: str, text: str) -> None:
        self.about.setText(about)
        if self.text.toPlainText() != text:
            self.text.setPlainText(text)

    def _warning(self) -> str:
        changed = [_CHANGED] if self._has_changed else []
        return " ".join([*changed, *_lacking(self.source.code, self._needs, is_file=bool(self.source.custom_code))])

    def _run_words(self) -> str:
        if self.source.code is None and self.list.allowed:
            return "Run the Ticked Lambdas and Open"
        if self.list.allowed:
            return "Run This Code and the Ticked Lambdas and Open"
        return "Import This Module and Open" if self.source.module else "Run This File and Open"

    @property
    def _is_enough(self) -> bool:
        """Whether there may be all that the model needs; a file may replace Lambdas that are not ticked."""
        allowed = self.list.allowed
        is_chosen = bool(self.source.custom_code or self.source.module)
        if self.source.code or is_chosen:
            return self.source.code is not None
        needed = needed_to_load(self._needs)
        return bool(allowed) and all(need.kind == "lambda" and need.digest in allowed for need in needed)

    @Slot()
    def _on_run_clicked(self) -> None:
        code = self.source.code
        given = {
            "custom_code": self.source.custom_code,
            "module": self.source.module,
            "code_digest": code.digest if code else "",
            "allowed_lambdas": self.list.allowed,
        }
        self.accept()
        self.agreed.emit(given)


def _heading(name: str, needs: tuple[CodeNeed, ...]) -> str:
    kinds = {need.kind for need in needs}
    if kinds == {"lambda"}:
        return f"{name} holds Python code of its own in Lambda layers."
    return f"{name} needs code that is not part of Keras."


def _lambda_words(need: CodeNeed) -> str:
    what = f"What the Lambda {need.name!r} would run"
    if not need.is_runnable:
        return f"{need.name!r} cannot run here. A file that defines {replacement_name(need.paths[0])} can replace it."
    return f"{what}; a file that defines {replacement_name(need.paths[0])} replaces it:"


def _code_words(code: CodeFile | None, trouble: str) -> str:
    if code is None:
        return trouble or "What you choose is shown here, before anything is run; so is the code of a Lambda above."
    return f"SHA-256 {code.digest}   {code.path}"


def _lacking(code: CodeFile | None, needs: tuple[CodeNeed, ...], *, is_file: bool) -> Iterator[str]:
    """Says which names do not occur in a file; a module may have them from others that it imports."""
    text = code.content.decode("utf-8", "replace") if code and is_file else ""
    names = [need.name for need in needed_to_load(needs) if need.kind != "lambda"] if text else []
    lacking = [name for name in names if not re.search(rf"\b{re.escape(name)}\b", text)]
    if lacking:
        yield f"This file does not have {', '.join(dict.fromkeys(lacking[:3]))}."


def _first_lines(code: CodeFile | None) -> str:
    if code is None:
        return ""
    lines = code.content.decode("utf-8", "replace").splitlines()
    more = [f"… and {len(lines) - FIRST_LINES:,} more lines"] if len(lines) > FIRST_LINES else []
    return "\n".join([*(line[:400] for line in lines[:FIRST_LINES]), *more])


def _installed(needs: tuple[CodeNeed, ...]) -> str:
    """The package that the file says the first class is from: a suggestion for a person, never imported by itself."""
    named = [need.module.partition(".")[0] for need in needs if need.module]
    return next((name for name in named if name not in ("keras", "tensorflow", "builtins", "__main__")), "")
