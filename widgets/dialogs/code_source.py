"""Where the code that a model needs comes from: a Python file, or an installed module."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QLineEdit, QPushButton, QRadioButton, QWidget

from editor.errors import FileError
from editor.files.code_files import CodeFile
from editor.files.code_text import python_text
from widgets.consents import read_given
from widgets.dialogs.files import choose_code
from widgets.elided_label import ElidedLabel
from widgets.theme import CORNER, set_tone

_NO_FILE = "none chosen"
_TITLE = "Choose the Python File with What the Model Needs (it is shown first)"


class CodeSource(QWidget):
    """A choice of one of the two.

    Signals:
        changed: Another file or module was chosen.

    Attributes:
        code: What was chosen, read and not run; None as long as nothing is.
        text: Its text, as Python reads it.
        trouble: Why there is no code although some was chosen.
    """

    changed = Signal()

    def __init__(self, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._folder = folder
        self._path: str | None = None
        self.code: CodeFile | None = None
        self.text: str | None = None
        self.trouble = ""
        self.file_button = QRadioButton("A Python file")
        self.file_button.setObjectName("codeFromFile")
        self.module_button = QRadioButton("An installed module")
        self.module_button.setObjectName("codeFromModule")
        self.choose_button = QPushButton("Choose…")
        self.choose_button.setObjectName("chooseCodeButton")
        self.choose_button.setAutoDefault(False)
        set_tone(self.choose_button, "small")
        self.module_field = QLineEdit()
        self.module_field.setObjectName("moduleField")
        self.module_field.setAccessibleName("Name of the installed module")
        self.module_field.setPlaceholderText("such as keras_hub")
        self._file_name = ElidedLabel(_NO_FILE)
        self._arrange()
        self._connect()

    def show_given(self, custom_code: str | None, module: str | None) -> None:
        """Shows what was given before."""
        self._path = custom_code
        self.module_field.setText(module or "")
        (self.module_button if module else self.file_button).setChecked(True)
        self._read()

    def suggest_module(self, name: str) -> None:
        """Fills in a name, without choosing it."""
        self.module_field.setText(name)

    @property
    def custom_code(self) -> str | None:
        """Path of the file, if it is a file."""
        return self._path if self.file_button.isChecked() else None

    @property
    def module(self) -> str | None:
        """Name of the module, if it is a module."""
        return self.module_field.text().strip() or None if self.module_button.isChecked() else None

    @property
    def is_chosen(self) -> bool:
        """Whether anything was chosen, whether it can be read or not."""
        return bool(self.custom_code or self.module)

    def _arrange(self) -> None:
        group = QButtonGroup(self)
        group.addButton(self.file_button)
        group.addButton(self.module_button)
        self.file_button.setChecked(True)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setHorizontalSpacing(CORNER)
        layout.setColumnStretch(2, 1)
        layout.addWidget(self.file_button, 0, 0)
        layout.addWidget(self.choose_button, 0, 1)
        layout.addWidget(self._file_name, 0, 2)
        layout.addWidget(self.module_button, 1, 0)
        layout.addWidget(self.module_field, 1, 1, 1, 2)

    def _connect(self) -> None:
        self.choose_button.clicked.connect(self._on_choose_clicked)
        self.file_button.toggled.connect(self._read)
        self.module_field.editingFinished.connect(self._read)
        self.module_field.textEdited.connect(self._on_module_edited)

    @Slot()
    def _on_choose_clicked(self) -> None:
        choose_code(self.window(), self._folder, self.choose_file, title=_TITLE)

    def choose_file(self, path: Path) -> None:
        """Takes a file."""
        self._path = str(path.absolute())
        self.file_button.setChecked(True)
        self._read()

    @Slot()
    def _on_module_edited(self) -> None:
        self.module_button.setChecked(True)
        self._read()

    @Slot()
    def _read(self) -> None:
        self.code, self.text, self.trouble = None, None, ""
        try:
            code = read_given(self.custom_code, self.module)
            self.text = python_text(code) if code else None
            self.code = code
        except FileError as error:
            self.trouble = error.summary
        self._file_name.setText(self._path or _NO_FILE)
        self.changed.emit()
