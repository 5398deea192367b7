"""Draws the cells of the layer tree."""

from __future__ import annotations

from PySide6.QtCore import QAbstractItemModel as Model
from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem
from typing_extensions import override

from editor.layers.accounts import State
from editor.layers.nodes import Node
from widgets.icons import Icons, tick_name
from widgets.layer_tree.marks import Marks
from widgets.layer_tree.model import NODE_ROLE, Column, LayerTreeModel
from widgets.layer_tree.moves import Moved
from widgets.layer_tree.rows import Chip, Row
from widgets.numbers import UNKNOWN
from widgets.theme import ROW_HEIGHT, Theme, bold_font, mono_font, number_font, scaled_font

Index = QModelIndex | QPersistentModelIndex

TICK_SIZE = 16
_TICK_LEFT = 1
_NAME_LEFT = _TICK_LEFT + TICK_SIZE + 6
_CELL_PADDING = 8
_CHIP_PADDING = 6
_CHIP_GAP = 4
_CHIP_ROOM = 2 * _CHIP_PADDING + _CHIP_GAP
_CHIP_SCALE = 0.85
_BAR_HEIGHT = 3
_FLAGS = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine

_NAME_COLOURS = {
    State.FROZEN: "frozen",
    State.STATISTICS: "secondary",
    State.WEIGHTLESS: "secondary",
}
_NUMBER_COLOURS = {State.STATISTICS: "secondary"}


def tick_rect(cell: QRect) -> QRect:
    """Where the tick box stands in a cell of the first column."""
    return QRect(cell.left() + _TICK_LEFT, cell.top() + (cell.height() - TICK_SIZE) // 2, TICK_SIZE, TICK_SIZE)


class LayerDelegate(QStyledItemDelegate):
    """Tick box, name and chips in the first column; words left and numbers right in the others.

    Attributes:
        marks: The nodes whose names stand out; a closed row says how many lie below it.
    """

    def __init__(self, model: LayerTreeModel, theme: Theme, icons: Icons, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._theme = theme
        self._icons = icons
        self.marks = Marks()
        self._base = QFont()
        self._set_fonts(self._base)

    def _set_fonts(self, base: QFont) -> None:
        self._base = QFont(base)
        self._numbers = number_font(base)
        self._mono = mono_font(base)
        self._small = scaled_font(base, _CHIP_SCALE)
        self._unknown = QFont(base)
        self._unknown.setItalic(True)

    def _paint_layer(self, painter: QPainter, cell: QRect, node: Node, *, is_open: bool) -> None:
        row, cut = self._model.row_of(node), self._model.cut
        num_below = 0 if is_open else self.marks.num_below(node)
        tick = tick_name(row.state, updates_statistics=row.is_ticked)
        if tick:
            ratio = painter.device().devicePixelRatioF()
            painter.drawPixmap(tick_rect(cell).topLeft(), self._icons.pixmap(tick, TICK_SIZE, ratio))
        place = cell.adjusted(_NAME_LEFT, 0, -_CELL_PADDING, 0)
        font = self._mono if row.is_weight else self._base
        painter.setFont(_font_of(font, is_bold=node in self.marks, is_struck=bool(cut and cut.goes(node))))
        is_dim = cut is not None and not cut.can_be_chosen(node)
        painter.setPen(self._theme.colour("disabled" if is_dim else _NAME_COLOURS.get(row.state, "text")))
        metrics = painter.fontMetrics()
        name = metrics.elidedText(row.texts[Column.LAYER], Qt.TextElideMode.ElideRight, place.width())
        painter.drawText(place, _FLAGS | Qt.AlignmentFlag.AlignLeft, name)
        place.setLeft(place.left() + metrics.horizontalAdvance(name) + _CELL_PADDING)
        marked = (Chip(f"{num_below:,} marked below", f"{num_below:,}", "text"),) if num_below else ()
        self._paint_chips(painter, place, (*(cut.chips(node) if cut else ()), *marked, *row.chips))

    def _paint_chips(self, painter: QPainter, place: QRect, chips: tuple[Chip, ...]) -> None:
        """Draws chips in full if there is room for all of them, else in short, as many as fit."""
        painter.setFont(self._small)
        widths = [painter.fontMetrics().horizontalAdvance(chip.text) + _CHIP_ROOM for chip in chips]
        has_room = sum(widths) <= place.width()
        for chip in chips:
            self._paint_chip(painter, place, chip.text if has_room else chip.short, chip.tone)

    def _paint_chip(self, painter: QPainter, place: QRect, text: str, tone: str) -> None:
        """Draws a chip at the left of `place` and cuts it off there; draws nothing where it does not fit."""
        metrics = painter.fontMetrics()
        width = metrics.horizontalAdvance(text) + 2 * _CHIP_PADDING
        if width > place.width():
            return
        height = metrics.height() + 2
        outline = QRectF(place.left(), place.center().y() - height / 2 + 0.5, width, height)
        painter.setPen(self._theme.colour("edge" if tone == "secondary" else tone))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.drawRoundedRect(outline.translated(QPointF(0.5, 0)), height / 2, height / 2)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(self._theme.colour(tone))
        painter.drawText(outline, _FLAGS | Qt.AlignmentFlag.AlignHCenter, text)
        place.setLeft(place.left() + width + _CHIP_GAP)

    def _paint_text(self, painter: QPainter, cell: QRect, row: Row, column: int) -> None:
        is_number = column >= Column.PARAMETERS
        painter.setFont(self._unknown if row.texts[column] == UNKNOWN else self._numbers)
        painter.setPen(self._theme.colour(_text_colour(row, column)))
        place = cell.adjusted(_CELL_PADDING, 0, -_CELL_PADDING, 0)
        text = painter.fontMetrics().elidedText(row.texts[column], Qt.TextElideMode.ElideRight, place.width())
        side = Qt.AlignmentFlag.AlignRight if is_number else Qt.AlignmentFlag.AlignLeft
        painter.drawText(place, _FLAGS | side, text)

    def _paint_moved(self, painter: QPainter, cell: QRect, moved: Moved) -> None:
        """A thin bar on a logarithmic scale below the number."""
        tone = "statistics" if moved.is_statistics else "trainable"
        painter.setFont(self._numbers)
        painter.setPen(self._theme.colour("secondary" if moved.is_statistics else "text"))
        place = cell.adjusted(_CELL_PADDING, 0, -_CELL_PADDING, -_BAR_HEIGHT - 1)
        painter.drawText(place, _FLAGS | Qt.AlignmentFlag.AlignRight, moved.text)
        width = cell.width() - 2 * _CELL_PADDING
        top = cell.bottom() - _BAR_HEIGHT - 1
        painter.fillRect(cell.left() + _CELL_PADDING, top, width, _BAR_HEIGHT, self._theme.colour("line"))
        filled = max(1, round(width * moved.fill))
        painter.fillRect(cell.left() + _CELL_PADDING, top, filled, _BAR_HEIGHT, self._theme.colour(tone))

    # -- Qt -------------------------------------------------------------------------------------------------

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        node = index.data(NODE_ROLE)
        if node is None:
            return
        if option.font != self._base:
            self._set_fonts(option.font)
        painter.save()
        if index.column() == Column.LAYER:
            is_open = bool(option.state & QStyle.StateFlag.State_Open)
            self._paint_layer(painter, option.rect, node, is_open=is_open)
        elif index.column() == Column.MOVED:
            if moved := self._model.moved(node):
                self._paint_moved(painter, option.rect, moved)
        else:
            self._paint_text(painter, option.rect, self._model.row_of(node), index.column())
        painter.restore()

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(120, max(ROW_HEIGHT, option.fontMetrics.height() + 6))

    @override
    def editorEvent(self, event: QEvent, model: Model, option: QStyleOptionViewItem, index: Index) -> bool:
        """Leaves clicks and keys to the view: Qt's own handler would toggle one row a second time."""
        return False


def _font_of(font: QFont, *, is_bold: bool, is_struck: bool) -> QFont:
    made = bold_font(font) if is_bold else QFont(font)
    made.setStrikeOut(is_struck)
    return made


def _text_colour(row: Row, column: int) -> str:
    if column < Column.PARAMETERS:
        return "secondary"
    if column == Column.TRAINABLE and row.state is State.FROZEN:
        return "frozen"
    return _NUMBER_COLOURS.get(row.state, "text")
