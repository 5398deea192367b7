"""Asks for a new head: where to cut, and what to put there; or for layers on top of all that is there."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from editor.layers.cutting import ends_in_probabilities, names_behind
from editor.layers.nodes import LayerNode
from editor.layers.structure import AddLayers, ReplaceHead, head_parameters
from editor.layers.tree import LayerTree
from widgets.dialogs.cut_form import CutForm
from widgets.dialogs.head_form import HeadForm
from widgets.numbers import count
from widgets.surgery.data_facts import HeadAdvice
from widgets.surgery.wish import EditWish
from widgets.theme import CORNER, set_tone

_MARGIN = 2 * CORNER
_WIDTH = 520
_ON_PROBABILITIES = (
    "The new layers take the probabilities that the model gives now. "
    "To have other classes in their place, replace the head."
)


def stand_aside(dialog: QDialog) -> None:
    """Moves a dialog to the right of its window, so that the tree can be seen."""
    window = dialog.parentWidget()
    if window:
        dialog.adjustSize()  # It has its size only once it is shown.
        place = window.frameGeometry()
        dialog.move(place.right() - dialog.width() - _MARGIN, place.top() + (place.height() - dialog.height()) // 2)


class HeadDialog(QDialog):
    """The place, which the tree shows too, the head, and what it comes to.

    Args:
        tree: The model's.
        wanted: The layer that is selected; None if none is alone.
        advice: What the data ask for.
        is_on_top: Whether the layers go on top of all that is there.
        parent: The window.

    Signals:
        cut_shown: The `CutLook` that the tree is to show; None when the dialog has ended.
        edit_requested: The `EditWish`.
    """

    cut_shown = Signal(object)
    edit_requested = Signal(object)

    def __init__(
        self,
        tree: LayerTree,
        wanted: LayerNode | None,
        advice: HeadAdvice,
        *,
        is_on_top: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("addLayersDialog" if is_on_top else "replaceHeadDialog")
        self.setWindowTitle("Add Layers on Top" if is_on_top else "Replace Head")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(_WIDTH)
        self._tree = tree
        self._is_on_top = is_on_top
        self.cut_form = CutForm(tree, wanted, self)
        self.head_form = HeadForm(advice, parent=self)
        self.freeze_box = QCheckBox("Freeze all that was there before" if is_on_top else "Freeze all that stays")
        self.freeze_box.setObjectName("freezeKept")
        self.freeze_box.setChecked(is_on_top)
        self._look = QLabel()
        self._look.setObjectName("headLook")
        self._look.setWordWrap(True)
        self._arrange()
        self.cut_form.changed.connect(self._on_place_changed)
        self.head_form.changed.connect(self._refresh)
        self.accepted.connect(self._on_accepted)
        self.finished.connect(self._on_finished)
        self._on_place_changed()

    def _arrange(self) -> None:
        title = QLabel("New layers" if self._is_on_top else "New head")
        set_tone(title, "heading")
        buttons = QDialogButtonBox()
        words = "Add Layers" if self._is_on_top else "Replace Head"
        self.make_button = buttons.addButton(words, QDialogButtonBox.ButtonRole.AcceptRole)
        self.make_button.setObjectName("makeEditButton")
        self.make_button.setDefault(True)
        set_tone(self.make_button, "primary")
        buttons.addButton("Cancel", QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        layout.setSpacing(CORNER)
        layout.addWidget(self.cut_form)
        layout.addWidget(title)
        layout.addWidget(self.head_form)
        layout.addWidget(self.freeze_box)
        layout.addWidget(self._look)
        layout.addSpacing(CORNER)
        layout.addWidget(buttons)
        self.cut_form.setVisible(not self._is_on_top)
        self._look.setVisible(self._is_on_top)

    def ask(self) -> None:
        """Opens the dialog beside the tree, in which the place can be chosen too; over the window if none is."""
        if self._is_on_top:
            self.open()
        else:
            self.show()
        stand_aside(self)
        (self.head_form.units if self._is_on_top else self.cut_form.box).setFocus()
        self._show_place()

    def choose_place(self, layer: LayerNode) -> None:
        """Cuts behind a layer that was clicked in the tree."""
        self.cut_form.choose(layer)

    @Slot(object)
    def take_advice(self, advice: HeadAdvice) -> None:
        """Follows data that were read meanwhile, unless a person has chosen otherwise."""
        self.head_form.take_advice(advice, self._gone)

    @property
    def wish(self) -> EditWish | None:
        """What is asked for; None while something does not fit."""
        if self.head_form.problems or not self._shape():
            return None
        head, freezes = self.head_form.head, self.freeze_box.isChecked()
        if self._is_on_top:
            return EditWish(AddLayers(head=head), "Add layers", freezes=freezes)
        cut = self.cut_form.cut
        assert cut is not None
        return EditWish(ReplaceHead(path=cut.layer.path, head=head), "Replace head", freezes=freezes)

    @property
    def look_text(self) -> str:
        """What it would come to."""
        return self._look.text() if self._is_on_top else self.cut_form.look_text

    def _shape(self) -> tuple[int | None, ...]:
        """Of the tensor that the new layers take; empty where there is none."""
        if self._is_on_top:
            shapes = self._tree.root.record.output_shapes
            return shapes[0] if len(shapes) == 1 else ()
        return self.cut_form.cut.shape if self.cut_form.cut else ()

    @property
    def _gone(self) -> Collection[str]:
        """Names of the layers that are taken off."""
        cut = self.cut_form.cut
        return names_behind(cut) if cut and not self._is_on_top else ()

    @Slot()
    def _refresh(self) -> None:
        if self._is_on_top:
            self._look.setText(self._look_on_top())
        else:
            self.cut_form.show_look(self.head_form.head)
        self.make_button.setEnabled(self.wish is not None)

    def _look_on_top(self) -> str:
        shape = self._shape()
        if not shape:
            num = len(self._tree.root.record.output_shapes)
            return f"The model has {num} outputs, and layers go on top of one. Replace the head instead."
        before = self._tree.account(self._tree.root).total.parameters
        new = head_parameters(self.head_form.head, shape)
        after = f", {count(before + new)} after" if new is not None else ""
        text = f"Nothing goes. Parameters: {count(before)} before{after}."
        return f"{text}\n{_ON_PROBABILITIES}" if ends_in_probabilities(self._tree) else text

    def _show_place(self) -> None:
        self.cut_shown.emit(None if self._is_on_top else self.cut_form.look)

    @Slot()
    def _on_place_changed(self) -> None:
        self.head_form.set_shape(self._shape())
        self.head_form.follow_data(self._gone)
        self._show_place()

    @Slot()
    def _on_accepted(self) -> None:
        if self.wish:
            self.edit_requested.emit(self.wish)

    @Slot()
    def _on_finished(self) -> None:
        self.cut_shown.emit(None)
