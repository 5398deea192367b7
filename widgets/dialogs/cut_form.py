"""Where to cut: a list of the layers behind which that can be, which the tree chooses from too, and what goes."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QComboBox, QLabel, QVBoxLayout, QWidget

from editor.layers.cutting import Cut, cut_at, found_cut, places_to_cut
from editor.layers.nodes import LayerNode
from editor.layers.structure import Head, head_parameters
from editor.layers.tree import LayerTree
from editor.wording import counted, some_of
from widgets.layer_tree.cut_look import CutLook
from widgets.line_breaks import breakable
from widgets.numbers import count, output_shape
from widgets.theme import CORNER, set_tone

_MOST_NAMED = 4


class CutForm(QWidget):
    """Asks behind which layer to cut.

    Args:
        tree: The model's.
        wanted: The layer that is selected; the found place is taken if it will not do.

    Signals:
        changed: Another place is chosen, or one was refused.
    """

    changed = Signal()

    def __init__(self, tree: LayerTree, wanted: LayerNode | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tree = tree
        self._places = places_to_cut(tree)
        self.box = QComboBox()
        self.box.setObjectName("cutPlace")
        self.box.setAccessibleName("The last layer that stays")
        self.box.setMaxVisibleItems(24)
        for layer in self._places:
            self.box.addItem(f"{layer.path}   {layer.record.class_name} {output_shape(layer.record.output_shapes)}")
        self._note = _label("cutNote", "secondary")
        self._look = _label("cutLook", "")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(CORNER // 2)
        title = QLabel("The last layer that stays: click it in the tree, or choose it here")
        title.setBuddy(self.box)
        for widget in (title, self.box, self._note, self._look):
            layout.addWidget(widget)
        self._cut = self._choose_first(wanted)
        self.box.currentIndexChanged.connect(self._on_chosen)

    def _choose_first(self, wanted: LayerNode | None) -> Cut | None:
        """What is selected, if something comes behind it; else the last layer before the head."""
        found = found_cut(self._tree)
        cut, note = found, "" if found is None else "Found: the last layer before the head."
        if wanted is not None and wanted is not self._tree.root:
            of_wanted = cut_at(self._tree, wanted)
            is_in_head = found is not None and wanted in found.goes
            if of_wanted.problem and not is_in_head:
                note = f"{of_wanted.problem} {note}".strip()
                nearest = self._tree.find(of_wanted.nearest) if of_wanted.nearest else None
                cut = cut_at(self._tree, nearest) if isinstance(nearest, LayerNode) else cut
            elif of_wanted.goes and not is_in_head:
                cut, note = of_wanted, "The layer that is selected."
                if found is not None:
                    note = f"{note} The head itself begins behind {found.layer.path}."
        if cut is None or cut.problem:
            cut = cut_at(self._tree, self._places[-1]) if self._places else None
            note = note or "No head was found. Choose the last layer that stays."
        if cut is not None:
            self.box.setCurrentIndex(self._places.index(self._tree.places(cut.layer)[0]))
        self._note.setText(breakable(note))
        return cut

    @property
    def cut(self) -> Cut | None:
        """The chosen place; None where the model has none."""
        return self._cut

    @property
    def look(self) -> CutLook | None:
        """How the tree shows the chosen place; None where there is none."""
        return CutLook(self._tree, self._cut, self._places) if self._cut else None

    def choose(self, layer: LayerNode) -> None:
        """Takes another place; where it cannot be cut the reason is said, and the place stays."""
        cut = cut_at(self._tree, layer)
        if cut.problem:
            nearest = f" The nearest place is behind {cut.nearest}." if cut.nearest else ""
            self._note.setText(breakable(cut.problem + nearest))
            self.changed.emit()
            return
        at = self._places.index(self._tree.places(layer)[0])
        if at == self.box.currentIndex():
            self._on_chosen(at)
        self.box.setCurrentIndex(at)

    @property
    def look_text(self) -> str:
        """What goes and what stays."""
        return self._look.accessibleName()

    @property
    def note_text(self) -> str:
        """Why this place was chosen."""
        return self._note.text().replace("\u200b", "")

    def show_look(self, head: Head) -> None:
        """Says what a cut here and a head would come to."""
        text = cut_look(self._tree, self._cut, head) if self._cut else "There is no place where this model can be cut."
        self._look.setAccessibleName(text)
        self._look.setText(breakable(text))

    @Slot(int)
    def _on_chosen(self, at: int) -> None:
        self._cut = cut_at(self._tree, self._places[at])
        self._note.clear()
        self.changed.emit()


def cut_look(tree: LayerTree, cut: Cut, head: Head) -> str:
    """What goes, what stays, and the parameters before and after."""
    num_after, num_left = num_parameters_after(tree, cut, head), _num_left(tree, cut)
    names = some_of([layer.path for layer in cut.goes], _MOST_NAMED)
    goes = f"Goes: {names}." if names else "Nothing goes: it is the model's output."
    now = f"{count(num_after)} after" if num_after is not None else "as many after as the sizes make"
    num_before = tree.account(tree.root).total.parameters
    return f"{goes}\nParameters: {count(num_before)} before, {now} ({counted(num_left, 'parameter')} stay)."


def num_parameters_after(tree: LayerTree, cut: Cut, head: Head) -> int | None:
    """Parameters of the model with another head; None where a size is free."""
    num_new = head_parameters(head, cut.shape)
    return None if num_new is None else _num_left(tree, cut) + num_new


def _num_left(tree: LayerTree, cut: Cut) -> int:
    """Parameters of what stays: a weight that is held elsewhere too does not go."""
    gone = {weight.weight_id: weight for layer in cut.goes for weight in layer.weights_below}
    stays = (layer for layer in tree.walk_layers() if not _is_in(layer, cut))
    held = {weight.weight_id for layer in stays for weight in layer.record.weights}
    num_gone = sum(weight.num_parameters for key, weight in gone.items() if key not in held)
    return tree.account(tree.root).total.parameters - num_gone


def _is_in(layer: LayerNode, cut: Cut) -> bool:
    above: LayerNode | None = layer
    while above is not None:
        if above in cut.goes:
            return True
        above = above.parent
    return False


def _label(name: str, tone: str) -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    label.setWordWrap(True)
    if tone:
        set_tone(label, tone)
    return label
