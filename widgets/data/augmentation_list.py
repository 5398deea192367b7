"""Augmentation as a list: what is done to training images at random, in its order."""

from __future__ import annotations

from msgspec.structs import replace
from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from editor.training.augmentations import AUGMENTATIONS, Argument, augmentation_layer
from editor.training.data_options import Augmentation
from widgets.theme import CORNER, set_tone

_LIST_HEIGHT = 84
_STEP = 0.05


class AugmentationList(QWidget):
    """Layers that are added, removed and moved, and the arguments of the one that is selected.

    Signals:
        edited: Other layers, another order, or other arguments.
    """

    edited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layers: list[Augmentation] = []
        self.list_ = QListWidget()
        self.list_.setObjectName("augmentationList")
        self.list_.setAccessibleName("Augmentation, in its order")
        self.list_.setFixedHeight(_LIST_HEIGHT)
        self.add_button = _button("Add", "addAugmentation")
        self.menu = QMenu(self.add_button)
        for layer in AUGMENTATIONS:
            self.menu.addAction(layer.title).setData(layer.name)
        self.add_button.setMenu(self.menu)
        self.remove_button = _button("Remove", "removeAugmentation")
        self.up_button = _button("Up", "augmentationUp")
        self.down_button = _button("Down", "augmentationDown")
        self._arguments = QFormLayout()
        self._arrange()
        self.menu.triggered.connect(lambda action: self.add(str(action.data())))
        self.remove_button.clicked.connect(self._on_remove_clicked)
        self.up_button.clicked.connect(lambda: self._move(-1))
        self.down_button.clicked.connect(lambda: self._move(1))
        self.list_.currentRowChanged.connect(self._show_arguments)
        self.setFocusProxy(self.list_)
        self._fill(-1)

    def _arrange(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(CORNER // 2)
        for button in (self.add_button, self.remove_button, self.up_button, self.down_button):
            buttons.addWidget(button)
        buttons.addStretch()
        self._arguments.setContentsMargins(0, 0, 0, 0)
        self._arguments.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(CORNER // 2)
        layout.addWidget(self.list_)
        layout.addLayout(buttons)
        layout.addLayout(self._arguments)

    def augmentation(self) -> tuple[Augmentation, ...]:
        """The layers, in their order."""
        return tuple(self._layers)

    def set_augmentation(self, layers: tuple[Augmentation, ...]) -> None:
        """Shows other layers."""
        self._layers = list(layers)
        self._fill(0 if layers else -1)

    def add(self, name: str) -> None:
        """Adds a layer with the arguments that people begin with."""
        layer = augmentation_layer(name)
        if layer:
            self._layers.append(layer.augmentation())
            self._fill(len(self._layers) - 1)
            self.edited.emit()

    def _on_remove_clicked(self) -> None:
        at = self.list_.currentRow()
        if at >= 0:
            del self._layers[at]
            self._fill(min(at, len(self._layers) - 1))
            self.edited.emit()

    def _move(self, by: int) -> None:
        at = self.list_.currentRow()
        to = at + by
        if at >= 0 and 0 <= to < len(self._layers):
            self._layers[at], self._layers[to] = self._layers[to], self._layers[at]
            self._fill(to)
            self.edited.emit()

    def _fill(self, current: int) -> None:
        self.list_.blockSignals(True)
        self.list_.clear()
        self.list_.addItems([_words(layer) for layer in self._layers])
        self.list_.setCurrentRow(current)
        self.list_.blockSignals(False)
        self._show_arguments(current)

    def _show_arguments(self, at: int) -> None:
        while self._arguments.rowCount():
            self._arguments.removeRow(0)
        is_chosen = 0 <= at < len(self._layers)
        self.remove_button.setEnabled(is_chosen)
        self.up_button.setEnabled(is_chosen and at > 0)
        self.down_button.setEnabled(is_chosen and at < len(self._layers) - 1)
        layer = augmentation_layer(self._layers[at].layer) if is_chosen else None
        for argument in layer.arguments if layer else ():
            label = QLabel(argument.text[:1].upper() + argument.text[1:])
            set_tone(label, "secondary")
            self._arguments.addRow(label, self._editor(at, argument))

    def _editor(self, at: int, argument: Argument) -> QWidget:
        value = self._layers[at].config.get(argument.name, argument.default)
        if argument.choices:
            box = QComboBox()
            for choice in argument.choices:
                box.addItem(choice.replace("_", " ").capitalize(), choice)
            box.setCurrentIndex(max(box.findData(value), 0))
            box.activated.connect(lambda _at: self._set(at, argument.name, str(box.currentData())))
            return box
        number = QDoubleSpinBox()
        number.setRange(argument.lowest, argument.highest)
        number.setSingleStep(_STEP)
        number.setDecimals(2)
        number.setAlignment(Qt.AlignmentFlag.AlignRight)
        number.setValue(float(value) if isinstance(value, int | float) else float(argument.default))
        number.valueChanged.connect(lambda now: self._set(at, argument.name, round(now, 4)))
        return number

    def _set(self, at: int, name: str, value: str | float) -> None:
        layer = self._layers[at]
        self._layers[at] = replace(layer, config={**layer.config, name: value})
        item = self.list_.item(at)
        if item:
            item.setText(_words(self._layers[at]))
        self.edited.emit()

    @override
    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DynamicPropertyChange:
            set_tone(self.list_, str(self.property("tone") or ""))
        return super().event(event)


def _button(text: str, name: str) -> QPushButton:
    button = QPushButton(text)
    button.setObjectName(name)
    button.setAutoDefault(False)
    set_tone(button, "small")
    return button


def _words(layer: Augmentation) -> str:
    known = augmentation_layer(layer.layer)
    title = known.title if known else layer.layer
    values = ", ".join(str(value).replace("_", " ") for name, value in layer.config.items() if name != "fill_mode")
    return f"{title}: {values}" if values else title
