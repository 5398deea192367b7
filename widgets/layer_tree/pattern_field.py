"""The field that a pattern is typed into, and the patterns it offers."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget
from typing_extensions import override

from editor.layers.patterns import exact, matcher
from editor.layers.tree import LayerTree

_CTRL, _SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier

SYNTAX = """<table cellspacing="4">
<tr><td><b>base</b></td><td>the layer at that path, with all below it</td></tr>
<tr><td><b>*</b></td><td>any text within one name: <b>base/block4_*</b></td></tr>
<tr><td><b>**</b></td><td>any depth: <b>base/**</b> is everything below base</td></tr>
<tr><td><b>:</b></td><td>a weight by its name: <b>**:bias</b> is every bias</td></tr>
<tr><td><b>class:</b></td><td>all layers of a class: <b>class:*Normalization</b></td></tr>
<tr><td><b>re:</b></td><td>a regular expression for the whole path: <b>re:.*_(conv|bn)</b></td></tr>
</table>"""


class PatternField(QLineEdit):
    """A line for a pattern. The keys that freeze and thaw the selection concern what matches while one types here.

    Signals:
        key_pressed: One of the keys that stand for a button was pressed; carries the button's name.
    """

    key_pressed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("patternField")
        self.setAccessibleName("Pattern")
        self.setPlaceholderText("base/**   class:Conv2D   **:bias")
        self.setToolTip(SYNTAX)
        self.setClearButtonEnabled(True)

    @override
    def event(self, event: QEvent) -> bool:
        """Claims its keys before the window's shortcuts of the same keys have them."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and _button_of(event):
            event.accept()
            return True
        return super().event(event)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        button = _button_of(event)
        if button:
            self.key_pressed.emit(button)
        else:
            super().keyPressEvent(event)


def _button_of(event: QKeyEvent) -> str:
    """The button that a key stands for; empty if for none."""
    modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    keys: dict[tuple[int, Qt.KeyboardModifier], str] = {
        (Qt.Key.Key_E, _CTRL): "freeze",
        (Qt.Key.Key_E, _CTRL | _SHIFT): "thaw",
        (Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier): "select",
        (Qt.Key.Key_Enter, Qt.KeyboardModifier.NoModifier): "select",
        (Qt.Key.Key_Escape, Qt.KeyboardModifier.NoModifier): "close",
    }
    return keys.get((event.key(), modifiers), "")


def examples(tree: LayerTree) -> tuple[tuple[str, str], ...]:
    """Patterns that match something in a model, each with what that is."""
    layers = [layer for layer in tree.walk_layers() if layer.parent]
    container = next((layer.path for layer in layers if layer.children and exact(layer.path) == layer.path), "")
    weighted = next((layer.record.class_name for layer in layers if layer.weights), "")
    offered = [(f"{container}/**", f"everything below {container}")] if container else []
    offered += [(f"class:{weighted}", f"all of class {weighted}")] if weighted else []
    offered += [("class:*Normalization", "all normalization layers"), ("**:bias", "every bias")]
    return tuple((pattern, meaning) for pattern, meaning in offered if any(map(matcher(pattern), tree.walk())))
