"""One of `keras.applications`, picked from the list, with its input and its top."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QFormLayout, QHBoxLayout, QLabel, QSpinBox, QVBoxLayout, QWidget

from editor.files.applications import IMAGENET_CHANNELS, IMAGENET_CLASSES, ApplicationFacts
from editor.files.options import Application
from widgets.dialogs.application_list import ApplicationList
from widgets.numbers import byte_size, count
from widgets.spin_boxes import inset
from widgets.theme import CORNER, set_tone

USUAL_NAME = "MobileNetV2"

_LARGEST_SIZE, _MOST_CHANNELS, _MOST_CLASSES = 4096, 1024, 1_000_000
_BYTES_PER_PARAMETER = 4  # Keras makes float32.
_FORM_WIDTH = 300


class ApplicationForm(QWidget):
    """The list on the left, the sizes beside it, and what it comes to.

    Attributes:
        side: Where a dialog may put more below the sizes.

    Signals:
        changed: What would be built is another one.
        activated: An application was clicked twice.
    """

    changed = Signal()
    activated = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.list_ = ApplicationList()
        self.height_field = _number(1, _LARGEST_SIZE, "applicationHeight", "Input height in pixels")
        self.width_field = _number(1, _LARGEST_SIZE, "applicationWidth", "Input width in pixels")
        self.channels_field = _number(1, _MOST_CHANNELS, "applicationChannels", "Input channels")
        self.top_box = QCheckBox("With its classifier (top)")
        self.top_box.setObjectName("applicationTop")
        self.classes_field = _number(1, _MOST_CLASSES, "applicationClasses", "Number of classes")
        self.side = QVBoxLayout()
        self._sum = _quiet_label("applicationSum", "strong")
        self._input_note = _quiet_label("applicationInputNote", "secondary")
        self._arrange()
        self.channels_field.setValue(IMAGENET_CHANNELS)
        self.classes_field.setValue(IMAGENET_CLASSES)
        self.top_box.setChecked(True)
        self._connect()
        self.list_.choose(USUAL_NAME)

    def _arrange(self) -> None:
        size = QHBoxLayout()
        size.setSpacing(CORNER // 2)
        for widget in (self.height_field, QLabel("×"), self.width_field, QLabel("×"), self.channels_field):
            size.addWidget(widget, 1 if isinstance(widget, QSpinBox) else 0)
        self.height_field.setToolTip("Height in pixels")
        self.width_field.setToolTip("Width in pixels")
        self.channels_field.setToolTip("Channels: 3 for colour, 1 for grey")
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setSpacing(CORNER)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        form.addRow("Input", size)
        form.addRow("", self.top_box)
        form.addRow("Classes", self.classes_field)
        self.side.setSpacing(CORNER)
        self.side.addLayout(form)
        self.side.addWidget(self._sum)
        self.side.addWidget(self._input_note)
        right = QWidget()
        right.setFixedWidth(_FORM_WIDTH)
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self.side)
        column.addStretch()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2 * CORNER)
        layout.addWidget(self.list_, 1)
        layout.addWidget(right)

    def _connect(self) -> None:
        self.list_.chosen.connect(self._on_chosen)
        self.list_.activated.connect(self.activated)
        self.top_box.toggled.connect(self._on_edited)
        for field in (self.height_field, self.width_field, self.channels_field, self.classes_field):
            field.valueChanged.connect(self._on_edited)

    @property
    def facts(self) -> ApplicationFacts | None:
        """What is known of the chosen one; None if none is."""
        return self.list_.facts

    @property
    def application(self) -> Application | None:
        """What would be built, with random weights; None if none is chosen."""
        facts = self.facts
        if not facts:
            return None
        shape = (self.height_field.value(), self.width_field.value(), self.channels_field.value())
        return Application(
            name=facts.name,
            alpha=facts.alpha,
            input_shape=shape,
            include_top=self.top_box.isChecked(),
            num_classes=self.classes_field.value(),
        )

    def show_application(self, application: Application) -> None:
        """Chooses an application and fills in its sizes."""
        self.list_.choose(application.name, application.alpha)
        shape = application.input_shape
        fields = (self.height_field, self.width_field, self.channels_field)
        for field, number in zip(fields, shape or (), strict=False):
            field.setValue(number)
        self.top_box.setChecked(application.include_top)
        self.classes_field.setValue(application.num_classes)

    @property
    def text(self) -> str:
        """What it comes to."""
        return self._sum.text()

    @Slot()
    def _on_chosen(self) -> None:
        """Another one: its own size, as that of the one before means nothing for it."""
        if facts := self.facts:
            for field in (self.height_field, self.width_field):
                field.setMinimum(facts.least_size)
                field.setValue(facts.size)
        self._on_edited()

    @Slot()
    def _on_edited(self) -> None:
        self.classes_field.setEnabled(self.top_box.isChecked())
        facts, application = self.facts, self.application
        if facts and application:
            num = facts.num_parameters(application)
            self._sum.setText(f"{count(num)} parameters, {byte_size(num * _BYTES_PER_PARAMETER)}")
            self._input_note.setText(_input_text(facts))
        else:
            self._sum.setText("No application of this name.")
            self._input_note.clear()
        self.changed.emit()


def _input_text(facts: ApplicationFacts) -> str:
    if facts.has_preprocessing:
        return "It takes pixels from 0 to 255 as they are."
    return f"Preprocess its images with preprocess_input of keras.applications.{facts.module}."


def _number(least: int, most: int, name: str, words: str) -> QSpinBox:
    field = QSpinBox()
    field.setRange(least, most)
    field.setGroupSeparatorShown(True)
    # A style sheet's padding does not reach the left side of the field inside.
    inset(field)
    field.setObjectName(name)
    field.setAccessibleName(words)
    return field


def _quiet_label(name: str, tone: str) -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    set_tone(label, tone)
    return label
