"""The tree of layers: shows what is frozen, and turns clicks and keys into wishes."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import (
    QByteArray,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QMenu, QStyleOptionViewItem, QTreeView, QWidget
from typing_extensions import override

from editor.layers.nodes import Node
from widgets.icons import Icons
from widgets.layer_tree.columns import fill_columns, set_up_columns
from widgets.layer_tree.cut_look import CutLook
from widgets.layer_tree.delegate import LayerDelegate, tick_rect
from widgets.layer_tree.filter import LayerFilter
from widgets.layer_tree.folding import Folding
from widgets.layer_tree.marks import Marks
from widgets.layer_tree.menu import tree_menu
from widgets.layer_tree.model import NODE_ROLE, Column, LayerTreeModel
from widgets.layer_tree.moves import Moves
from widgets.layer_tree.picking import Picking
from widgets.layer_tree.selection import nodes_in, rows_of
from widgets.layer_tree.wish import ToggleWish, toggle, with_weights
from widgets.theme import Theme

Index = QModelIndex | QPersistentModelIndex
Flag = QItemSelectionModel.SelectionFlag

_INDENTATION = 17
_CHEVRON_SIZE = 12


class LayerTreeView(QTreeView):
    """Layers as a tree. Works with nodes throughout; indexes stay inside.

    Signals:
        toggle_requested: `ToggleWish`, by a click on a tick box, by Space, by the menu or by assistive technology.
        selection_nodes_changed: The selected nodes from the top down, as a tuple.

    Attributes:
        fill_menu: Puts what else can be done with the selection into the context menu.
        picking: Has the place to cut chosen here; nothing can be edited meanwhile.
    """

    toggle_requested = Signal(object)
    selection_nodes_changed = Signal(object)

    def __init__(self, model: LayerTreeModel, theme: Theme, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = model
        self._theme = theme
        self._icons = icons
        self._filter = LayerFilter(model, self)
        self.folding = Folding(self, model, self._filter)
        self.picking = Picking(self)
        self.fill_menu: Callable[[QMenu], None] = lambda _menu: None
        self._pressed: Node | None = None
        self._selected: tuple[Node, ...] | None = None
        self._is_focus_shown = False
        self.setObjectName("layerTree")
        self.setAccessibleName("Layers")
        self.setAccessibleDescription("Ticked layers are trainable. Space freezes or thaws the selected ones.")
        self.setModel(self._filter)
        self._delegate = LayerDelegate(model, theme, icons, self)
        self.setItemDelegate(self._delegate)
        self._set_up_rows()
        set_up_columns(self.header())
        model.toggle_requested.connect(self.toggle_requested)
        theme.changed.connect(self._on_theme_changed)

    def _set_up_rows(self) -> None:
        self.setUniformRowHeights(True)
        self.setIndentation(_INDENTATION)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setFrameShape(QTreeView.Shape.NoFrame)

    # -- nodes ----------------------------------------------------------------------------------------------

    def selected_nodes(self) -> tuple[Node, ...]:
        """The selected nodes, from the top down."""
        if self._selected is None:
            self._selected = nodes_in(self.selectionModel().selection(), self._filter)
        return self._selected

    def current_node(self) -> Node | None:
        """The node that the keyboard stands on."""
        return self._node_at(self.currentIndex())

    def select_nodes(self, nodes: Iterable[Node]) -> None:
        """Selects nodes, shows the first one and makes it current. What the filter hides is left out."""
        indexes = [index for index in map(self.index_of, nodes) if index.isValid()]
        self.selectionModel().select(rows_of(indexes), Flag.ClearAndSelect)
        if indexes:
            self.selectionModel().setCurrentIndex(indexes[0], Flag.NoUpdate)
            self.scrollTo(indexes[0])

    def mark_nodes(self, nodes: Iterable[Node]) -> None:
        """Lets the names of nodes stand out."""
        self._delegate.marks = Marks(nodes)
        self.viewport().update()

    def reveal_marks(self) -> None:
        """Opens what holds the first marked node that the filter leaves, and scrolls to it."""
        first = next((node for node in self.marks if self.index_of(node).isValid()), None)
        self.folding.reveal(first)
        if first is not None:
            self.scrollTo(self.index_of(first))

    def show_cut(self, look: CutLook | None) -> None:
        """Shows where the model would be cut; None shows no cut."""
        self._source.cut = look
        self.viewport().update()

    @property
    def marks(self) -> Marks:
        """The nodes that stand out."""
        return self._delegate.marks

    def show_moves(self, moves: Moves) -> None:
        """Shows how far each layer moved in the last run, in a column of its own; with none it is hidden."""
        self._source.set_moves(moves)
        self.header().setSectionHidden(Column.MOVED, not moves)
        fill_columns(self.header(), self.viewport().width())
        self.viewport().update()

    def restore_columns(self, state: QByteArray) -> None:
        """Puts the columns where they were in an earlier session, in which a run may have moved something."""
        self.header().restoreState(state)
        self.header().setSectionHidden(Column.MOVED, True)

    def index_of(self, node: Node, column: int = 0) -> QModelIndex:
        """The place of a node in this view; invalid where the filter hides it."""
        return self._filter.mapFromSource(self._source.index_of(node, column))

    def tick_rect_of(self, node: Node) -> QRect:
        """Where a node's tick box stands, in the viewport's coordinates."""
        return tick_rect(self.visualRect(self.index_of(node)))

    def node_at(self, position: QPoint) -> Node | None:
        """The node of the row at a place in the viewport; None below the last one."""
        return self._node_at(self.indexAt(position))

    def _node_at(self, index: Index) -> Node | None:
        node: Node | None = index.data(NODE_ROLE) if index.isValid() else None
        return node

    # -- wishes ---------------------------------------------------------------------------------------------

    def ask_for(self, *, trainable: bool) -> None:
        """Asks for the whole selection to be trainable, or frozen."""
        nodes = with_weights(self.selected_nodes())
        if nodes:
            self.toggle_requested.emit(ToggleWish(nodes, trainable))

    def _ask_by_click(self, clicked: Node) -> None:
        selected = self.selected_nodes()
        self._ask_to_toggle(selected if clicked in selected else (clicked,), clicked)

    def _ask_by_key(self) -> None:
        current = self.current_node()
        nodes = self.selected_nodes() or ((current,) if current else ())
        if nodes:
            self._ask_to_toggle(nodes, current if current in nodes else nodes[0])

    def _ask_to_toggle(self, nodes: tuple[Node, ...], decider: Node) -> None:
        tree = self._source.tree
        wish = toggle(tree, nodes, decider) if tree else None
        if wish is not None:
            self.toggle_requested.emit(wish)

    def _tick_at(self, position: QPoint) -> Node | None:
        index = self.indexAt(position)
        node = self._node_at(index)
        if node is None or index.column() != Column.LAYER or not node.weights_below:
            return None
        # A little more than the box, so that a click beside it does not select instead.
        return node if tick_rect(self.visualRect(index)).adjusted(-2, -4, 2, 4).contains(position) else None

    def _press_tick(self, node: Node) -> None:
        self._pressed = node
        index = self.index_of(node)
        is_selected = self.selectionModel().isRowSelected(index.row(), index.parent())
        self.selectionModel().setCurrentIndex(index, Flag.NoUpdate if is_selected else Flag.ClearAndSelect | Flag.Rows)

    @Slot()
    def _on_theme_changed(self) -> None:
        self.viewport().update()

    # -- Qt -------------------------------------------------------------------------------------------------

    @override
    def reset(self) -> None:
        super().reset()
        self._selected = None

    @override
    def selectAll(self) -> None:
        """Under a filter only what matches: its parents are there to show the place, and hold what is hidden."""
        if self._filter.text:
            self.select_nodes(self._filter.matches)
        else:
            super().selectAll()

    @override
    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        self._selected = None
        self.selection_nodes_changed.emit(self.selected_nodes())

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._is_focus_shown:
            self._is_focus_shown = False
            self.viewport().update()  # Qt draws only the first column of the row that was current again.
        is_plain = event.button() == Qt.MouseButton.LeftButton and not event.modifiers()
        if self.picking.is_on:
            super().mousePressEvent(event)
            if is_plain:
                self.picking.take_click(event.position().toPoint())
            return
        node = self._tick_at(event.position().toPoint()) if is_plain else None
        if node is None:
            super().mousePressEvent(event)
        else:
            self._press_tick(node)

    @override
    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Two quick clicks on a tick box are two clicks; elsewhere they fold."""
        if self.picking.is_on or self._tick_at(event.position().toPoint()) is None:
            super().mouseDoubleClickEvent(event)
        else:
            self.mousePressEvent(event)

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None and not self.picking.is_on:
            super().mouseMoveEvent(event)

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            super().mouseReleaseEvent(event)
            return
        pressed, self._pressed = self._pressed, None
        if self._tick_at(event.position().toPoint()) is pressed:
            self._ask_by_click(pressed)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        self._is_focus_shown = True
        self.viewport().update()
        if self.picking.is_on:
            before = self.current_node()
            super().keyPressEvent(event)
            self.picking.take_step(before)
        elif event.key() == Qt.Key.Key_Space and not event.modifiers():
            self._ask_by_key()
        else:
            super().keyPressEvent(event)

    @override
    def focusInEvent(self, event: QFocusEvent) -> None:
        self._is_focus_shown = event.reason() != Qt.FocusReason.MouseFocusReason
        super().focusInEvent(event)

    @override
    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self.picking.is_on:
            return
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            place = self.viewport().mapToGlobal(self.visualRect(self.currentIndex()).bottomLeft())
        else:
            place = event.globalPos()
        menu = tree_menu(self, self._icons)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(place)

    @override
    def drawRow(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        if self.selectionModel().isRowSelected(index.row(), index.parent()):
            painter.fillRect(option.rect, self._theme.colour("selection"))
        elif index.data(NODE_ROLE) in self.marks:
            painter.fillRect(option.rect, self._theme.colour("mark"))
        super().drawRow(painter, option, index)
        is_current = index.row() == self.currentIndex().row() and index.parent() == self.currentIndex().parent()
        if is_current and self._is_focus_shown and self.hasFocus():
            painter.setPen(self._theme.colour("frozen"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(option.rect.adjusted(0, 0, -1, -1))

    @override
    def drawBranches(self, painter: QPainter, rect: QRect, index: Index) -> None:
        if self._filter.hasChildren(index):
            name = "chevron-down" if self.isExpanded(index) else "chevron-right"
            pixmap = self._icons.pixmap(name, _CHEVRON_SIZE, painter.device().devicePixelRatioF())
            left = rect.right() - (_INDENTATION + _CHEVRON_SIZE) // 2
            painter.drawPixmap(left, rect.center().y() - _CHEVRON_SIZE // 2 + 1, pixmap)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._filter.text and not self._filter.rowCount():
            painter = QPainter(self.viewport())
            painter.setPen(self._theme.colour("secondary"))
            painter.drawText(self.viewport().rect(), Qt.AlignmentFlag.AlignCenter, "No layer matches the filter.")

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        """Shares the width out among the columns."""
        super().resizeEvent(event)
        fill_columns(self.header(), self.viewport().width())
