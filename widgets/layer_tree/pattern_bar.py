"""Selects, freezes and thaws by pattern: the matches are marked in the tree as one types."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QMenu, QPushButton, QToolButton, QWidget

from editor.errors import SelectionError
from editor.layers.edits import Edit, freeze_pattern, look
from editor.layers.nodes import LayerNode, Node
from editor.layers.patterns import matcher
from editor.layers.selection import similar
from editor.layers.tree import LayerTree
from editor.wording import counted
from widgets.elided_label import ElidedLabel
from widgets.icons import Icons
from widgets.layer_tree.pattern_field import PatternField, examples
from widgets.theme import CORNER, Theme, set_tone

SETTLE_INTERVAL_MS = 200
"""Time without another key before the first match is shown, or a similar name is looked for.

Among 1,700 paths the search takes 50 ms, and opening a model of 566 layers 30 ms: too long for each key.
"""

_INVITATION = "Type a path or a pattern; what it matches is marked in the tree."
_NO_MATCH = "Nothing matches."
_SYNTAX = (
    "base  with all below it   ·   *  within a name   ·   **  any depth",
    "class:Name   ·   re:expression   ·   **:bias  every bias",
)
_TIPS = {
    "select": "Turn what matches into the selection (Enter)",
    "freeze": "Freeze what matches, with all below it (Ctrl+E)",
    "thaw": "Thaw what matches, with all below it (Ctrl+Shift+E)",
}


class PatternBar(QFrame):
    """A pattern, how many nodes it matches, what freezing or thawing them would change, and buttons that do so.

    Signals:
        matched: The nodes that the pattern matches now, from the top down, as a tuple; empty when the bar closes.
        settled: What matched last is to be shown: no key was pressed for a moment.
        select_requested: The nodes to select, as a tuple.
        edit_requested: The `Edit` to make.
        closed: The bar was closed.
    """

    matched = Signal(object)
    settled = Signal()
    select_requested = Signal(object)
    edit_requested = Signal(object)
    closed = Signal()

    def __init__(self, theme: Theme, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("patternBar")
        self.setAccessibleName("Select by pattern")
        self._icons = icons
        self._tree: LayerTree | None = None
        self._matches: tuple[Node, ...] = ()
        self._edits: dict[str, Edit] = {}
        self._settle_timer = QTimer(self, singleShot=True, interval=SETTLE_INTERVAL_MS)
        self._make_parts()
        self._arrange()
        self._connect()
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self.hide()

    def _make_parts(self) -> None:
        self.field = PatternField()
        self._summary = ElidedLabel()
        self._summary.setObjectName("patternSummary")
        self._details = (ElidedLabel(), ElidedLabel())
        for label in self._details:
            set_tone(label, "secondary")
        self._examples = QToolButton()
        self._examples.setText("Examples")
        self._examples.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._examples.setMenu(QMenu(self._examples))
        self._close = QToolButton()
        self._close.setAccessibleName("Close")
        self._close.setToolTip("Close (Esc)")
        self._buttons = {
            "select": _button("Select These"),
            "freeze": _button("Freeze"),
            "thaw": _button("Thaw"),
        }
        for name, button in self._buttons.items():
            button.setObjectName(f"{name}MatchesButton")
            button.setToolTip(_TIPS[name])

    def _arrange(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(CORNER // 2)
        for widget in (self.field, self._examples, self._close):
            top.addWidget(widget)
        below = QGridLayout()
        below.setHorizontalSpacing(CORNER)
        below.setVerticalSpacing(1)
        below.setColumnStretch(0, 1)
        labels = (self._summary, *self._details)
        for row, label in enumerate(labels):
            below.addWidget(label, row, 0)
        for column, button in enumerate(self._buttons.values(), start=1):
            below.addWidget(button, 0, column, len(labels), 1)
        layout = QGridLayout(self)
        layout.setContentsMargins(CORNER, CORNER - 2, CORNER, CORNER)
        layout.setVerticalSpacing(CORNER - 2)
        layout.addLayout(top, 0, 0)
        layout.addLayout(below, 1, 0)

    def _connect(self) -> None:
        self.field.textChanged.connect(self._on_text_changed)
        self.field.key_pressed.connect(self._on_key_pressed)
        self._settle_timer.timeout.connect(self._on_settle_timer_timeout)
        self._examples.menu().aboutToShow.connect(self._on_examples_opened)
        self._close.clicked.connect(self.close_bar)
        self._buttons["select"].clicked.connect(self._on_select_clicked)
        self._buttons["freeze"].clicked.connect(self._on_freeze_clicked)
        self._buttons["thaw"].clicked.connect(self._on_thaw_clicked)

    # -- what is shown --------------------------------------------------------------------------------------

    @property
    def matches(self) -> tuple[Node, ...]:
        """The nodes that the pattern matches, from the top down; none while the bar is closed."""
        return () if self.isHidden() else self._matches

    @property
    def summary(self) -> str:
        """What the bar says of the pattern."""
        return self._summary.text()

    @property
    def details(self) -> str:
        """What edits would change, or how to mend the pattern; in up to two lines."""
        return "\n".join(label.text() for label in self._details if label.text())

    def set_tree(self, tree: LayerTree | None) -> None:
        """Matches in another model."""
        self._tree = tree
        self.field.clear()
        self.close_bar()

    def replace_tree(self, tree: LayerTree) -> None:
        """Matches in the tree that took the place of the one before; the pattern stays."""
        self._tree = tree
        self._matches, self._edits = (), {}
        if not self.isHidden():
            self._match()

    def open_bar(self) -> None:
        """Shows the bar and puts the keyboard into it, the last pattern selected."""
        self.show()
        self.field.setFocus()
        self.field.selectAll()
        self._match()

    @Slot()
    def close_bar(self) -> None:
        """Hides the bar and takes the marks away."""
        if self.isHidden():
            return
        self._settle_timer.stop()
        self.hide()
        self.matched.emit(())
        self.closed.emit()

    def refresh(self) -> None:
        """Looks again at what edits would change, after flags have changed."""
        if not self.isHidden() and self._matches:
            self._look()

    def _match(self) -> None:
        self._settle_timer.start()
        self._edits = {}
        problem = self._find()
        set_tone(self.field, "wrong" if problem else "")
        self.matched.emit(self._matches)
        if problem:
            self._say(problem.summary, problem.hint, tone="error")
        elif self._matches:
            self._look()
        elif self.field.text().strip():
            self._say(_NO_MATCH)
        else:
            self._say(_INVITATION, *_SYNTAX)

    def _find(self) -> SelectionError | None:
        """Matches the pattern; returns what is wrong with it, if anything."""
        pattern = self.field.text().strip()
        self._matches = ()
        if pattern and self._tree:
            try:
                matches = matcher(pattern)
            except SelectionError as error:
                return error
            self._matches = tuple(node for node in self._tree.walk() if matches(node))
        return None

    def _look(self) -> None:
        """Says how many nodes match and what could be done to them."""
        assert self._tree
        tree, pattern = self._tree, self.field.text()
        edits = {
            "freeze": freeze_pattern(tree, pattern, trainable=False),
            "thaw": freeze_pattern(tree, pattern, trainable=True),
        }
        self._edits = {name: edit for name, edit in edits.items() if edit.change}
        said = {name: str(look(tree, edit.change)) for name, edit in self._edits.items()}
        self._say(_matched_words(self._matches), *said.values() or ("Nothing here could change.",))
        for name, words in said.items():
            self._buttons[name].setToolTip(f"{_TIPS[name]}\n{words}")

    def _say(self, summary: str, *details: str, tone: str = "strong") -> None:
        self._summary.setText(summary)
        for label, text in zip(self._details, (*details, "", ""), strict=False):
            label.setText(text)
        set_tone(self._summary, tone)
        for name, button in self._buttons.items():
            button.setEnabled(bool(self._matches) if name == "select" else name in self._edits)

    # -- handlers -------------------------------------------------------------------------------------------

    @Slot()
    def _on_text_changed(self) -> None:
        if not self.isHidden():
            self._match()

    @Slot()
    def _on_settle_timer_timeout(self) -> None:
        if self._matches:
            self.settled.emit()
        elif self.summary == _NO_MATCH and self._tree:
            near = similar(self._tree, self.field.text())
            self._say(_NO_MATCH, *([f"Did you mean {' or '.join(near)}?"] if near else _SYNTAX))

    @Slot(str)
    def _on_key_pressed(self, name: str) -> None:
        if name == "close":
            self.close_bar()
        else:
            self._buttons[name].click()

    @Slot()
    def _on_select_clicked(self) -> None:
        self.select_requested.emit(self._matches)

    @Slot()
    def _on_freeze_clicked(self) -> None:
        self.edit_requested.emit(self._edits["freeze"])

    @Slot()
    def _on_thaw_clicked(self) -> None:
        self.edit_requested.emit(self._edits["thaw"])

    @Slot()
    def _on_examples_opened(self) -> None:
        menu = self._examples.menu()
        menu.clear()
        for pattern, meaning in examples(self._tree) if self._tree else ():
            action = menu.addAction(f"{pattern}\t{meaning}")
            action.triggered.connect(lambda _checked=False, text=pattern: self.field.setText(text))

    @Slot()
    def _on_theme_changed(self) -> None:
        self._close.setIcon(self._icons.icon("close"))
        for name in ("freeze", "thaw"):
            self._buttons[name].setIcon(self._icons.icon(name))


def _button(text: str) -> QPushButton:
    button = QPushButton(text)
    button.setAutoDefault(False)
    set_tone(button, "small")
    return button


def _matched_words(nodes: tuple[Node, ...]) -> str:
    """`13 layers match`, `1 layer and 2 weights match`."""
    num_layers = sum(isinstance(node, LayerNode) for node in nodes)
    num_weights = len(nodes) - num_layers
    parts = [counted(num_layers, "layer")] if num_layers else []
    parts += [counted(num_weights, "weight")] if num_weights else []
    return f"{' and '.join(parts)} {'matches' if len(nodes) == 1 else 'match'}"
