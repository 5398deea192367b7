"""The pane of the layer tree: filter and tree, or what to do first."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QIcon, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from editor.layers.nodes import Node
from editor.layers.tree import LayerTree
from widgets.icons import Icons
from widgets.layer_tree.carrying import Carrying
from widgets.layer_tree.cut_look import CutLook
from widgets.layer_tree.model import LayerTreeModel
from widgets.layer_tree.pattern_bar import PatternBar
from widgets.layer_tree.view import LayerTreeView
from widgets.preview_bar import PreviewBar
from widgets.theme import CORNER, Theme, set_tone

_PICTURE_SIZE = QSize(160, 110)


class LayerTreePanel(QFrame):
    """Filter above the tree; with no model open, an invitation to open one.

    Signals:
        toggle_requested: `ToggleWish`.
        selection_nodes_changed: The selected nodes from the top down, as a tuple.
        open_requested: The user wants to open a model.
        edit_requested: The `Edit` that the pattern bar asks for.
        place_picked: The `LayerNode` that was chosen while a place to cut is asked for.

    Attributes:
        preset_button: Opens the menu of presets, which whoever knows them gives to it.
        preview_bar: Says that the layers are a preview.
    """

    toggle_requested = Signal(object)
    selection_nodes_changed = Signal(object)
    edit_requested = Signal(object)
    open_requested = Signal()
    place_picked = Signal(object)

    def __init__(self, theme: Theme, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("pane", True)
        self._icons = icons
        self.model = LayerTreeModel(self)
        self.view = LayerTreeView(self.model, theme, icons)
        self.filter_edit = _filter_edit()
        self._search_action = self.filter_edit.addAction(QIcon(), QLineEdit.ActionPosition.LeadingPosition)
        self.preset_button = _preset_button()
        self.pattern_bar = PatternBar(theme, icons)
        self.preview_bar = PreviewBar()
        self._pick_hint = _pick_hint()
        self._empty_page = EmptyPage(theme, icons)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._empty_page)
        self._pages.addWidget(self._tree_page())
        layout = QVBoxLayout(self)
        # The margins leave the pane's rounded corners to be seen.
        layout.setContentsMargins(1, 1, 1, CORNER // 2)
        layout.addWidget(self._pages)
        self._connect(theme)
        self._on_theme_changed()

    def _tree_page(self) -> QWidget:
        page = QWidget()
        top = QHBoxLayout()
        top.setContentsMargins(CORNER, CORNER - 1, CORNER, CORNER - 2)
        top.addWidget(self.filter_edit)
        top.addWidget(self.preset_button)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(self.pattern_bar)
        layout.addWidget(self._pick_hint)
        layout.addWidget(self.view)
        layout.addWidget(self.preview_bar)
        return page

    def _connect(self, theme: Theme) -> None:
        theme.changed.connect(self._on_theme_changed)
        self.view.toggle_requested.connect(self.toggle_requested)
        self.view.selection_nodes_changed.connect(self.selection_nodes_changed)
        self.view.picking.picked.connect(self.place_picked)
        self.filter_edit.textChanged.connect(self._on_filter_text_changed)
        bar = self.pattern_bar
        bar.matched.connect(self.view.mark_nodes)
        bar.settled.connect(self.view.reveal_marks)
        bar.select_requested.connect(self._on_bar_select_requested)
        bar.edit_requested.connect(self.edit_requested)
        bar.closed.connect(self.view.setFocus)
        self._empty_page.open_requested.connect(self.open_requested)
        for key, handler in ((Qt.Key.Key_Escape, self.filter_edit.clear), (Qt.Key.Key_Down, self.view.setFocus)):
            shortcut = QShortcut(QKeySequence(key), self.filter_edit)
            shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
            shortcut.activated.connect(handler)

    # -- the tree -------------------------------------------------------------------------------------------

    def set_tree(self, tree: LayerTree | None, model_name: str = "") -> None:
        """Shows another model; None shows the invitation to open one."""
        # In this order nothing of the old tree is said or opened any more when the filter's rows come back.
        self.view.folding.forget()
        self.model.set_tree(tree, model_name)
        self.filter_edit.clear()
        self.pattern_bar.set_tree(tree)
        self.view.folding.open_at_first()
        self._pages.setCurrentIndex(int(tree is not None))
        # A reset clears the selection without a word.
        self.selection_nodes_changed.emit(())

    def replace_tree(self, tree: LayerTree, model_name: str, place_of: Callable[[Node], Node | None]) -> None:
        """Shows the tree that takes the place of the one shown; what is open, selected and in sight stays so.

        Args:
            tree: The other tree of the same model.
            model_name: What its root is called.
            place_of: The node of `tree` that stands where one of the old nodes stood; None where it has none.
        """
        carrying = Carrying(self.view, place_of)
        self.model.set_tree(tree, model_name)
        carrying.restore()
        self.pattern_bar.replace_tree(tree)
        # A reset clears the selection without a word.
        self.selection_nodes_changed.emit(self.view.selected_nodes())

    def refresh(self, nodes: Iterable[Node]) -> None:
        """Paints anew the nodes that `LayerTree.apply` returned."""
        self.model.refresh(nodes)
        self.pattern_bar.refresh()

    def selected_nodes(self) -> tuple[Node, ...]:
        """The selected nodes, from the top down."""
        return self.view.selected_nodes()

    def select_nodes(self, nodes: Iterable[Node]) -> None:
        """Selects nodes and shows the first one."""
        self.view.select_nodes(nodes)

    def ask_for(self, *, trainable: bool) -> None:
        """Emits the wish that the selection becomes trainable, or frozen; for actions of menus and toolbars."""
        self.view.ask_for(trainable=trainable)

    def focus_filter(self) -> None:
        """Puts the keyboard into the filter, its text selected."""
        self.filter_edit.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filter_edit.selectAll()

    def open_pattern_bar(self) -> None:
        """Puts the keyboard into the pattern bar."""
        self.pattern_bar.open_bar()

    def show_marked(self, nodes: Iterable[Node]) -> None:
        """Lets nodes stand out and shows the first one; with none those of the pattern bar do."""
        self.view.mark_nodes(tuple(nodes) or self.pattern_bar.matches)
        self.view.reveal_marks()

    def bring_into_view(self, node: Node) -> None:
        """Opens what holds a node and scrolls to it; what is selected stays so."""
        self.view.folding.reveal(node)
        self.view.scrollTo(self.view.index_of(node))

    # -- a place to cut -------------------------------------------------------------------------------------

    def begin_picking(self) -> None:
        """Has a place to cut chosen in the tree, which cannot be edited meanwhile."""
        self.preset_button.setEnabled(False)
        self.pattern_bar.setEnabled(False)
        self.view.picking.begin()

    def end_picking(self) -> None:
        """Leaves the tree as it was."""
        self.show_cut(None)
        self.view.picking.end()
        self.preset_button.setEnabled(True)
        self.pattern_bar.setEnabled(True)

    def show_cut(self, look: CutLook | None) -> None:
        """Shows where the model would be cut; None while there is nothing to choose."""
        self._pick_hint.setVisible(look is not None)
        self.view.picking.show(look)

    @Slot(object)
    def _on_bar_select_requested(self, nodes: tuple[Node, ...]) -> None:
        self.select_nodes(nodes)
        self.view.setFocus()

    @Slot(str)
    def _on_filter_text_changed(self, text: str) -> None:
        self.view.folding.set_filter_text(text)

    @Slot()
    def _on_theme_changed(self) -> None:
        self._search_action.setIcon(self._icons.icon("search"))


class EmptyPage(QWidget):
    """What to do first.

    Signals:
        open_requested: The button was pressed.
    """

    open_requested = Signal()

    def __init__(self, theme: Theme, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        self._picture = QLabel()
        words = QLabel("Open a Keras model to see its layers")
        words.setProperty("tone", "strong")
        hint = QLabel("or drop a .keras, .h5, .hdf5 or .json file, or a SavedModel folder, here")
        hint.setProperty("tone", "secondary")
        self.open_button = QPushButton("Open Model…")
        self.open_button.setProperty("tone", "primary")
        self.open_button.setAccessibleName("Open a Keras model")
        self.open_button.clicked.connect(self.open_requested)
        layout = QVBoxLayout(self)
        layout.setSpacing(CORNER)
        layout.addStretch(2)
        for widget, gap in ((self._picture, CORNER), (words, 0), (hint, CORNER), (self.open_button, 0)):
            layout.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
            layout.addSpacing(gap)
        layout.addStretch(3)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    @Slot()
    def _on_theme_changed(self) -> None:
        self._picture.setPixmap(self._icons.pixmap("drop-model", _PICTURE_SIZE, self.devicePixelRatioF()))


def _filter_edit() -> QLineEdit:
    edit = QLineEdit()
    edit.setObjectName("layerFilter")
    edit.setAccessibleName("Filter layers by name or type")
    edit.setPlaceholderText("Filter layers by name or type")
    edit.setClearButtonEnabled(True)
    return edit


def _pick_hint() -> QLabel:
    label = QLabel("Click the last layer that stays. What is struck out goes; behind a grey layer there is no cut.")
    label.setObjectName("pickHint")
    label.setWordWrap(True)
    label.setContentsMargins(CORNER + 4, 0, CORNER, CORNER // 2)
    set_tone(label, "frozen")
    label.hide()
    return label


def _preset_button() -> QToolButton:
    button = QToolButton()
    button.setObjectName("presetButton")
    button.setText("Preset")
    button.setToolTip("Bring the whole model into a common state")
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    return button
