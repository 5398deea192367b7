"""The weights of what is selected: name, shape, type, parameters, state."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Slot
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtWidgets import QHeaderView, QTreeView, QWidget
from typing_extensions import override

from editor.layers.accounts import State
from widgets.icons import Icons, tick_name
from widgets.inspector.row_delegate import calm_table
from widgets.inspector.subject import Subject
from widgets.numbers import count, times
from widgets.theme import Theme, mono_font, number_font

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
NO_INDEX = QModelIndex()

TITLES = ("Name", "Shape", "Type", "Parameters", "State")
_NAME, _SHAPE, _DTYPE, _PARAMETERS, _STATE = range(5)
_NUMBERS = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_PADDING = 18
_WIDEST = {_SHAPE: "3 × 3 × 512 × 512", _DTYPE: "bfloat16", _PARAMETERS: "Parameters", _STATE: "mm trainable"}
"""The columns but the first are at first as wide as these."""
_COLOURS = {State.FROZEN: "frozen", State.STATISTICS: "secondary"}


class WeightsModel(QAbstractTableModel):
    """The weights of a subject, each once."""

    def __init__(self, theme: Theme, icons: Icons, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icons = icons
        self._subject: Subject | None = None
        self._fonts = {_NAME: mono_font(QFont()), _PARAMETERS: number_font(QFont()), _SHAPE: number_font(QFont())}
        theme.changed.connect(self._on_theme_changed)

    def set_subject(self, subject: Subject | None) -> None:
        """Shows the weights of another subject."""
        self.beginResetModel()
        self._subject = subject
        self.endResetModel()

    def refresh(self) -> None:
        """Reads the states again."""
        if self.rowCount():
            last = self.index(self.rowCount() - 1, _STATE)
            self.dataChanged.emit(self.index(0, _NAME), last, [Role.DisplayRole, Role.ForegroundRole])

    @Slot()
    def _on_theme_changed(self) -> None:
        self.refresh()

    def _text(self, subject: Subject, row: int, column: int) -> str:
        weight = subject.weights[row]
        match column:
            case 0:
                return subject.weight_name(weight)
            case 1:
                return times(weight.record.shape)
            case 2:
                return weight.record.dtype
            case 3:
                return count(weight.record.num_parameters)
            case _:
                return subject.state_of(weight.record).value

    # -- Qt -------------------------------------------------------------------------------------------------

    @override
    def rowCount(self, parent: Index = NO_INDEX) -> int:
        return len(self._subject.weights) if self._subject and not parent.isValid() else 0

    @override
    def columnCount(self, parent: Index = NO_INDEX) -> int:
        return 0 if parent.isValid() else len(TITLES)

    @override
    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        subject = self._subject
        if subject is None or not index.isValid():
            return None
        column = index.column()
        match role:
            case Role.DisplayRole | Role.ToolTipRole:
                return self._text(subject, index.row(), column)
            case Role.TextAlignmentRole:
                return _NUMBERS if column == _PARAMETERS else None
            case Role.FontRole:
                return self._fonts.get(column)
            case Role.ForegroundRole | Role.DecorationRole:
                return self._mark(subject.state_of(subject.weights[index.row()].record), column, role)
            case _:
                return None

    def _mark(self, state: State, column: int, role: int) -> Any:
        """Colour and tick box of a cell."""
        if role == Role.ForegroundRole:
            is_quiet = column in (_SHAPE, _DTYPE)
            return self._theme.colour("secondary" if is_quiet else _COLOURS.get(state, "text"))
        return self._icons.pixmap(tick_name(state), 14) if column == _STATE else None

    @override
    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Role.DisplayRole:
            return TITLES[section]
        if role == Role.TextAlignmentRole:
            return _NUMBERS if section == _PARAMETERS else Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None


class WeightsTable(QTreeView):
    """The table of weights."""

    def __init__(self, theme: Theme, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.weights_model = WeightsModel(theme, icons, self)
        self.setObjectName("weightsTable")
        self.setAccessibleName("Weights")
        self.setRootIsDecorated(False)
        self.setModel(self.weights_model)
        calm_table(self)
        # The end of a path tells weights apart.
        self.setTextElideMode(Qt.TextElideMode.ElideLeft)
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)
        metrics = QFontMetrics(number_font(self.font()))
        for column, widest in _WIDEST.items():
            header.resizeSection(column, metrics.horizontalAdvance(widest) + _PADDING)
