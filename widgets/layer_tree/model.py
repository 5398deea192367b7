"""The layer tree as an item model: a thin adapter, the truth stays in `LayerTree`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from typing_extensions import override

from editor.layers.accounts import State
from editor.layers.nodes import LayerNode, Node
from editor.layers.tree import LayerTree
from widgets.layer_tree.cut_look import CutLook
from widgets.layer_tree.moves import NO_MOVES, Moved, Moves
from widgets.layer_tree.rows import Row, row_of
from widgets.layer_tree.wish import ToggleWish

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
NO_INDEX = QModelIndex()

NODE_ROLE = Role.UserRole + 1
"""The node itself."""


class Column(IntEnum):
    """The columns, from the left."""

    LAYER = 0
    TYPE = 1
    SHAPE = 2
    PARAMETERS = 3
    TRAINABLE = 4
    MOVED = 5


TITLES = ("Layer", "Type", "Output shape", "Parameters", "Trainable", "Moved")

_CHECK = {
    State.TRAINABLE: Qt.CheckState.Checked,
    State.FROZEN: Qt.CheckState.Unchecked,
    State.MIXED: Qt.CheckState.PartiallyChecked,
}
_NUMBERS = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_WORDS = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_CHANGING = [Role.DisplayRole, Role.CheckStateRole, Role.ToolTipRole, Role.AccessibleTextRole]


class LayerTreeModel(QAbstractItemModel):
    """Layers and weights of a `LayerTree`, the root as the one row of the top level.

    Indexes carry the node itself: nodes live as long as the tree, and the tree as long as the model holds it.

    Signals:
        toggle_requested: `ToggleWish`; the model never edits the tree.

    Attributes:
        cut: Where the model would be cut, while that is asked for.
    """

    toggle_requested = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tree: LayerTree | None = None
        self._model_name = ""
        self._rows: dict[Node, Row] = {}
        self._moves = NO_MOVES
        self._moved: dict[Node, Moved | None] = {}
        self.cut: CutLook | None = None

    @property
    def tree(self) -> LayerTree | None:
        """The tree shown."""
        return self._tree

    def set_tree(self, tree: LayerTree | None, model_name: str) -> None:
        """Shows another tree; `model_name` is what the root is called."""
        self.beginResetModel()
        # Indexes into the old tree are alive until the reset has ended, so the old tree must be too.
        before, self._tree = self._tree, tree
        self._model_name = model_name
        self._rows.clear()
        self._moves = NO_MOVES
        self._moved.clear()
        self.cut = None
        self.endResetModel()
        del before

    def refresh(self, nodes: Iterable[Node]) -> None:
        """Says that numbers or states of these nodes changed, in the smallest ranges of rows.

        A row that nobody has read since its last change is passed over: nobody can hold a stale copy of it, and
        each range costs a view more than drawing it. Toggling 5,000 layers costs as much as those on the screen.
        """
        rows_by_parent: dict[LayerNode | None, list[Node]] = defaultdict(list)
        for node in _with_statistics(nodes):
            if self._rows.pop(node, None) is not None:
                rows_by_parent[node.parent].append(node)
        for changed in rows_by_parent.values():
            for first, last in _runs(changed):
                self.dataChanged.emit(self.index_of(first), self.index_of(last, Column.TRAINABLE), _CHANGING)

    def node_of(self, index: Index) -> Node | None:
        """The node of an index of this model; None for an invalid one."""
        node: Node | None = index.internalPointer() if index.isValid() else None
        return node

    def index_of(self, node: Node, column: int = 0) -> QModelIndex:
        """The index of a node."""
        return self.createIndex(node.row, column, node)

    def row_of(self, node: Node) -> Row:
        """Words and numbers of a node's row; kept until `refresh` names it."""
        row = self._rows.get(node)
        if row is None:
            assert self._tree is not None, "a node without its tree"
            row = self._rows[node] = row_of(self._tree, node, self._model_name)
        return row

    def set_moves(self, moves: Moves) -> None:
        """Says how far each node moved in the last run."""
        self._moves = moves
        self._moved.clear()

    def moved(self, node: Node) -> Moved | None:
        """How far a node moved in the last run; None where it did not."""
        if node not in self._moved:
            self._moved[node] = self._moves.of(node)
        return self._moved[node]

    # -- Qt -------------------------------------------------------------------------------------------------

    @override
    def index(self, row: int, column: int, parent: Index = NO_INDEX) -> QModelIndex:
        # Qt asks this often, and hasIndex() would come back to Python twice for each answer.
        holder = self.node_of(parent)
        rows = holder.rows if holder else self._top
        if not 0 <= row < len(rows) or not 0 <= column < len(TITLES) or parent.column() > 0:
            return QModelIndex()
        return self.createIndex(row, column, rows[row])

    # QObject.parent() is another function of the same name, which PySide's stub joins to this one.
    @override
    def parent(self, index: Index) -> QModelIndex:  # type: ignore[override]
        node = self.node_of(index)
        return self.index_of(node.parent) if node and node.parent else QModelIndex()

    @override
    def rowCount(self, parent: Index = NO_INDEX) -> int:
        if parent.column() > 0:
            return 0
        node = self.node_of(parent)
        return len(node.rows if node else self._top)

    @override
    def columnCount(self, parent: Index = NO_INDEX) -> int:
        return len(TITLES)

    @override
    def flags(self, index: Index) -> Qt.ItemFlag:
        node = self.node_of(index)
        if node is None:
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled
        if self.cut is None or self.cut.can_be_chosen(node):
            flags |= Qt.ItemFlag.ItemIsSelectable
        if index.column() == Column.LAYER and node.weights_below:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        if not node.rows:
            flags |= Qt.ItemFlag.ItemNeverHasChildren
        return flags

    @override
    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        node = self.node_of(index)
        if node is None:
            return None
        column = index.column()
        if role == NODE_ROLE:
            return node
        if role == Role.DisplayRole:
            return self._text(node, column)
        if role == Role.TextAlignmentRole:
            return _NUMBERS if column >= Column.PARAMETERS else _WORDS
        if role == Role.ToolTipRole:
            return self._hint(node, column)
        return self._layer_data(node, role) if column == Column.LAYER else None

    def _text(self, node: Node, column: int) -> str:
        if column != Column.MOVED:
            return self.row_of(node).texts[column]
        moved = self.moved(node)
        return moved.text if moved else ""

    def _hint(self, node: Node, column: int) -> str:
        moved = self.moved(node) if column == Column.MOVED else None
        hint = f"Last run: {moved.sentence}" if moved else self.row_of(node).hint
        return f"{hint}\n{self.cut.words(node)}" if self.cut else hint

    def _layer_data(self, node: Node, role: int) -> Any:
        row = self.row_of(node)
        if role == Role.CheckStateRole:
            if row.state is State.STATISTICS:
                return Qt.CheckState.Checked if row.is_ticked else Qt.CheckState.Unchecked
            return _CHECK.get(row.state)
        if role == Role.AccessibleTextRole:
            return f"{row.spoken}. {self.cut.words(node)}" if self.cut else row.spoken
        return None

    @override
    def setData(self, index: Index, value: Any, role: int = Role.EditRole) -> bool:
        node = self.node_of(index)
        if node is None or role != Role.CheckStateRole or index.column() != Column.LAYER:
            return False
        if not node.weights_below:
            return False
        # The value arrives as a plain int; compared as such it never equals a member of the enum.
        self.toggle_requested.emit(ToggleWish((node,), Qt.CheckState(value) == Qt.CheckState.Checked))
        return True

    @override
    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and 0 <= section < len(TITLES):
            if role == Role.DisplayRole:
                return TITLES[section]
            if role == Role.TextAlignmentRole:
                return _NUMBERS if section >= Column.PARAMETERS else _WORDS
        return None

    @property
    def _top(self) -> tuple[Node, ...]:
        """The rows of the top level: the root, where there is a tree."""
        return (self._tree.root,) if self._tree else ()


def _with_statistics(nodes: Iterable[Node]) -> Iterator[Node]:
    """The nodes, and the statistics of the layers among them, whose rows say whether they update."""
    for node in nodes:
        yield node
        if isinstance(node, LayerNode):
            yield from (weight for weight in node.weights if weight.record.is_statistics)


def _runs(nodes: list[Node]) -> Iterator[tuple[Node, Node]]:
    """First and last of each run of neighbours."""
    nodes.sort(key=lambda node: node.row)
    first = last = nodes[0]
    for node in nodes[1:]:
        if node.row != last.row + 1:
            yield first, last
            first = node
        last = node
    yield first, last
