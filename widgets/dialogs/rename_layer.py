"""Two small questions about layers: another name, and fresh weights."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QLineEdit, QSpinBox, QVBoxLayout, QWidget

from editor.layers.nodes import LayerNode
from editor.layers.structure import Reinitialise, RenameLayer, name_problem
from editor.layers.tree import LayerTree
from editor.wording import counted
from widgets.line_breaks import breakable
from widgets.numbers import count
from widgets.spin_boxes import inset
from widgets.surgery.wish import EditWish
from widgets.theme import CORNER, set_tone

_MARGIN = 2 * CORNER
_WIDTH = 420
_MOST_SEED = 2**31 - 1


class _Question(QDialog):
    """A form, what does not fit, and two buttons.

    Signals:
        edit_requested: The `EditWish`.
    """

    edit_requested = Signal(object)

    def __init__(self, name: str, title: str, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(_WIDTH)
        self.form = QFormLayout()
        self.form.setSpacing(CORNER)
        self.message = QLabel()
        self.message.setObjectName("questionMessage")
        self.message.setWordWrap(True)
        self.warning = QLabel()
        self.warning.setObjectName("questionWarning")
        self.warning.setWordWrap(True)
        self.warning.hide()
        set_tone(self.warning, "trainable")
        buttons = QDialogButtonBox()
        self.make_button = buttons.addButton(title, QDialogButtonBox.ButtonRole.AcceptRole)
        self.make_button.setObjectName("makeEditButton")
        self.make_button.setDefault(True)
        set_tone(self.make_button, "primary")
        cancel = buttons.addButton("Cancel", QDialogButtonBox.ButtonRole.RejectRole)
        # Enter means the other one, also while that cannot be used.
        cancel.setAutoDefault(False)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        layout.setSpacing(CORNER)
        layout.addLayout(self.form)
        layout.addWidget(self.message)
        layout.addWidget(self.warning)
        layout.addSpacing(CORNER)
        layout.addWidget(buttons)
        self.accepted.connect(self._on_accepted)

    def ask(self) -> None:
        """Opens the dialog over the window."""
        self.open()

    @property
    def wish(self) -> EditWish | None:
        """What is asked for; None while something does not fit."""
        raise NotImplementedError

    def say(self, text: str, tone: str) -> None:
        """Says something below the form; the dialog grows where it would have to squeeze the form for it."""
        self.message.setText(text)
        set_tone(self.message, tone)
        needed = self.heightForWidth(self.width())
        if needed > self.height():
            self.resize(self.width(), needed)

    @Slot()
    def _on_accepted(self) -> None:
        if self.wish:
            self.edit_requested.emit(self.wish)


class RenameLayerDialog(_Question):
    """Asks for another name of a layer."""

    def __init__(self, tree: LayerTree, layer: LayerNode, parent: QWidget | None = None) -> None:
        super().__init__("renameLayerDialog", "Rename", parent)
        self._tree = tree
        self._layer = layer
        self.field = QLineEdit(layer.name)
        self.field.setObjectName("layerName")
        self.field.setAccessibleName("Name")
        label = QLabel(breakable(layer.path))
        label.setWordWrap(True)
        self.form.addRow("Layer", label)
        self.form.addRow("Name", self.field)
        self.field.textChanged.connect(self._refresh)
        self.field.selectAll()
        self.field.setFocus()
        self._refresh()

    @property
    def problem(self) -> str:
        """Why the layer cannot be called so; empty if it can."""
        name = self.field.text()
        if problem := name_problem(name):
            return problem
        for place in self._tree.places(self._layer):
            others = place.parent.children if place.parent else ()
            if any(other is not place and other.name == name for other in others):
                return f"There is a layer {name} already. Choose another name."
        return ""

    @property
    def wish(self) -> EditWish | None:
        name = self.field.text()
        if self.problem or name == self._layer.name:
            return None
        return EditWish(RenameLayer(path=self._layer.path, name=name), f"Rename {self._layer.name} to {name}")

    @Slot()
    def _refresh(self) -> None:
        self.say(self.problem, "error")
        self.make_button.setEnabled(self.wish is not None)


class ReinitialiseDialog(_Question):
    """Says what would be fresh, and asks for a seed."""

    def __init__(self, tree: LayerTree, layers: tuple[LayerNode, ...], parent: QWidget | None = None) -> None:
        super().__init__("reinitialiseDialog", "Re-initialise", parent)
        self._layers = layers
        self.seed = QSpinBox()
        self.seed.setObjectName("reinitialiseSeed")
        self.seed.setAccessibleName("Seed")
        self.seed.setRange(-1, _MOST_SEED)
        self.seed.setValue(-1)
        inset(self.seed)
        self.seed.setSpecialValueText("Drawn")
        self.seed.setToolTip("The same seed gives the same values again")
        label = QLabel(breakable(self.name))
        label.setWordWrap(True)
        self.form.addRow("Layers", label)
        self.form.addRow("Seed", self.seed)
        weights = {weight.weight_id: weight for layer in layers for weight in layer.weights_below}
        could_train = [weight for weight in weights.values() if not weight.is_statistics]
        self._num_frozen = sum(not tree.is_trainable(weight) for weight in could_train)
        self._is_frozen = self._num_frozen == len(could_train)
        num_parameters = count(sum(weight.num_parameters for weight in weights.values()))
        self.message.setText(
            f"{counted(len(weights), 'weight')} with {num_parameters} parameters get fresh values, as a new layer has "
            "them; statistics go back to where they began. Flags stay as they are. Undo brings the values back."
        )
        set_tone(self.message, "secondary")
        self.warning.setText(self.frozen_text)
        self.warning.setVisible(bool(self.frozen_text))

    @property
    def frozen_text(self) -> str:
        """What comes of fresh values that never train; empty where all of them can."""
        if not self._num_frozen:
            return ""
        what = "This is" if self._is_frozen else counted(self._num_frozen, "weight of it is", "weights of it are")
        return f"{what} frozen: the new values stay random, and layers behind learn from noise. Thaw what is to learn."

    @property
    def name(self) -> str:
        """What would be fresh."""
        first = self._layers[0].path or "the whole model"
        return first if len(self._layers) == 1 else f"{first} and {len(self._layers) - 1} more"

    @property
    def wish(self) -> EditWish | None:
        seed = self.seed.value()
        edit = Reinitialise(paths=tuple(layer.path for layer in self._layers), seed=None if seed < 0 else seed)
        return EditWish(edit, f"Re-initialise {self.name}")
