"""Asks how many of the last layers are to train; they are marked in the tree as the number changes."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QLabel, QSpinBox, QVBoxLayout, QWidget

from editor.layers.edits import look, train_last_layers
from editor.layers.flow import weighted_layers
from editor.layers.presets import last_layers
from editor.layers.tree import LayerTree
from widgets.spin_boxes import inset
from widgets.theme import CORNER, set_tone

_MARGIN = 2 * CORNER
_AT_FIRST = 3


class LastLayersDialog(QDialog):
    """A number with a look at what it would change.

    Signals:
        matched: The layers that would train, as a tuple; empty when the dialog has ended.
        edit_requested: The `Edit` to make.
    """

    matched = Signal(object)
    edit_requested = Signal(object)

    def __init__(self, tree: LayerTree, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("lastLayersDialog")
        self.setWindowTitle("Train the Last Layers Only")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._tree = tree
        num_layers = len(weighted_layers(tree))
        self.number = QSpinBox()
        inset(self.number)
        self.number.setObjectName("lastLayersNumber")
        self.number.setRange(min(1, num_layers), num_layers)
        self.number.setValue(_AT_FIRST)
        self.number.setAccessibleName("Number of layers")
        self._look = QLabel()
        set_tone(self._look, "secondary")
        self._arrange(num_layers)
        self.number.valueChanged.connect(self._on_number_changed)
        self.accepted.connect(self._on_accepted)
        self.finished.connect(self._on_finished)

    def _arrange(self, num_layers: int) -> None:
        row = QHBoxLayout()
        row.setSpacing(CORNER)
        row.addWidget(QLabel("Train the last"))
        row.addWidget(self.number)
        row.addWidget(QLabel(f"of {num_layers:,} layers with weights, and freeze the rest."))
        row.addStretch()
        buttons = QDialogButtonBox()
        train = buttons.addButton("Train These Only", QDialogButtonBox.ButtonRole.AcceptRole)
        train.setDefault(True)
        # Bold from the start, or the button would be measured for a thinner face.
        set_tone(train, "primary")
        buttons.addButton("Cancel", QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        layout.setSpacing(CORNER)
        layout.addLayout(row)
        layout.addWidget(self._look)
        layout.addSpacing(CORNER)
        layout.addWidget(buttons)

    def ask(self) -> None:
        """Opens the dialog over the window, which stays alive beneath it."""
        self.open()
        self.number.selectAll()
        self._on_number_changed()

    @property
    def look_text(self) -> str:
        """What the number would change."""
        return self._look.text()

    @Slot()
    def _on_number_changed(self) -> None:
        num_layers = self.number.value()
        self._look.setText(str(look(self._tree, train_last_layers(self._tree, num_layers).change)))
        self.matched.emit(last_layers(self._tree, num_layers))

    @Slot()
    def _on_accepted(self) -> None:
        self.edit_requested.emit(train_last_layers(self._tree, self.number.value()))

    @Slot()
    def _on_finished(self) -> None:
        self.matched.emit(())
