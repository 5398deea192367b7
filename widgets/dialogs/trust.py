"""Names what a model needs and Keras does not have, and asks before any of it is run."""

from __future__ import annotations

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
from editor.files.code_text import visible_lines
from editor.files.facts import CodeNeed, Preview
from editor.files.lambda_parts import replacement_name
from editor.files.options import OpenOptions
from widgets.dialogs.code_coverage import lacking_words, uncovered
from widgets.dialogs.code_source import CodeSource
from widgets.dialogs.needs_list import NeedsList
from widgets.elided_label import ElidedLabel
from widgets.theme import CORNER, mono_font, set_tone

FIRST_LINES = 2000
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
        self._changed = (options.custom_code, options.module) if has_changed else None
        self.warning = QLabel()
        self.warning.setObjectName("codeWarning")
        self.list = NeedsList(preview.needs, options.allowed_lambdas)
        num_lambdas = len(self.list.runnable)
        which = "both" if num_lambdas == 2 else f"all {num_lambdas}"
        self.all_lambdas = QCheckBox(f"Run the code of {which} Lambdas in the model file")
        self.all_lambdas.setObjectName("allLambdasBox")
        self.source = CodeSource(path.parent)
        self.about = ElidedLabel()
        self.about.setObjectName("codeAbout")
        self.text = QPlainTextEdit()
        self.text.setObjectName("codeText")
        self.text.setAccessibleName("The code that would be run")
        self.lacking = QLabel()
        self.lacking.setObjectName("codeLacking")
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
        for label in (self._heading, introduction, self.warning, self.lacking):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        set_tone(self._heading, "strong")
        set_tone(introduction, "secondary")
        set_tone(self.warning, "error")
        set_tone(self.about, "secondary")
        set_tone(self.lacking, "secondary")
        self.list.setFixedHeight(_LIST_HEIGHT)
        self.all_lambdas.setVisible(len(self.list.runnable) > 1)
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
        layout.addWidget(self.lacking)
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
        self.all_lambdas.clicked.connect(self.list.allow_all)
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
            self._show(self._lambda_words(chosen), "\n".join(visible_lines(chosen.listing)))
        else:
            has_lambdas = any(need.kind == "lambda" for need in self.list.loading)
            words = _code_words(self.source.code, self.source.trouble, has_lambdas=has_lambdas)
            self._show(words, _first_lines(self.source.text))
        self.all_lambdas.setChecked(set(self.list.runnable) <= set(self.list.allowed))
        self.warning.setText(_CHANGED if self._is_changed else "")
        self.warning.setVisible(self._is_changed)
        lacking = self._lacking
        self.lacking.setText(lacking)
        self.lacking.setVisible(bool(lacking))
        self.run_button.setText(self._run_words())
        self.run_button.setEnabled(not lacking)

    def _show(self, about: str, text: str) -> None:
        self.about.setText(about)
        if self.text.toPlainText() != text:
            self.text.setPlainText(text)

    @property
    def _is_changed(self) -> bool:
        """Whether what is chosen is what was agreed to, in another version."""
        return self._changed == (self.source.custom_code, self.source.module)

    @property
    def _lacking(self) -> str:
        """Why the model cannot be opened yet; empty when there may be all that it needs."""
        source = self.source
        if source.trouble:
            return source.trouble
        is_module = bool(source.module)
        needs = uncovered(self._needs, self.list.allowed, text=source.text, is_module=is_module)
        is_file = source.text is not None
        if not needs and not is_file and not is_module and not self.list.allowed:
            return "Choose code to run, or keep the preview."
        return " ".join(lacking_words(needs, is_chosen=is_file))

    def _run_words(self) -> str:
        is_lambda = bool(self.list.allowed) or all(need.kind == "lambda" for need in self.list.loading)
        if not self.source.is_chosen and is_lambda and self.list.loading:
            return "Run the Ticked Lambdas and Open"
        if self.list.allowed:
            return "Run This Code and the Ticked Lambdas and Open"
        return "Import This Module and Open" if self.source.module else "Run This File and Open"

    def _lambda_words(self, need: CodeNeed) -> str:
        name = replacement_name(need.paths[0])
        if need not in self.list.loading:
            return f"The compile settings hold the Lambda {need.name!r}. The model opens without it; it is never run."
        if not need.is_runnable:
            return f"{need.name!r} cannot run here. A file that defines {name} can replace it."
        return f"What the Lambda {need.name!r} would run, if it is ticked; a file that defines {name} replaces it:"

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


def _code_words(code: CodeFile | None, trouble: str, *, has_lambdas: bool) -> str:
    if code is None:
        also = "; so is the code of a Lambda above" if has_lambdas else ""
        return trouble or f"What you choose is shown here, before anything is run{also}."
    if code.num_files == 0:
        return f"{code.path}   SHA-256 of this file alone, as its package is too large: {code.digest}"
    if code.num_files > 1:
        return f"The first of {code.num_files:,} Python files, {code.path}   SHA-256 of all {code.digest}"
    return f"SHA-256 {code.digest}   {code.path}"


def _first_lines(text: str | None) -> str:
    lines = visible_lines(text) if text else []
    more = [f"… and {len(lines) - FIRST_LINES:,} more lines"] if len(lines) > FIRST_LINES else []
    return "\n".join([*lines[:FIRST_LINES], *more])


def _installed(needs: tuple[CodeNeed, ...]) -> str:
    """The package that the file says the first class is from: a suggestion for a person, never imported by itself."""
    named = [need.module.partition(".")[0] for need in needs if need.module]
    return next((name for name in named if name not in ("keras", "tensorflow", "builtins", "__main__")), "")
