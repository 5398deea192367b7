"""The runs of this session, the newest on top."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QColor, QFont, QIcon, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget
from typing_extensions import override

from widgets.theme import ROW_HEIGHT, Theme, number_font

OTHER_RUN_COLOURS = ("#20755a", "#7f8894", "#c2408c", "#5b4bb7", "#8a7000")
"""Of runs that are not the newest, by run id; the newest has the colour of the training line."""

_RUN, _DESCRIPTION, _VALUE, _OUTCOME = range(4)
_EMPTY_TEXT = "The runs of this session will be listed here."


class RunsTable(QTableWidget):
    """A row for each run: its colour and number, what was frozen, its validation value, how it ended."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(0, 4, parent)
        self.setObjectName("runsTable")
        self.setAccessibleName("Runs of this session")
        self._theme = theme
        self._rows: list[_Row] = []
        self._set_up_view()
        self._set_up_columns()
        theme.changed.connect(self._on_theme_changed)

    def _set_up_view(self) -> None:
        self.setShowGrid(False)
        self.setFrameShape(QTableWidget.Shape.NoFrame)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setIconSize(QSize(10, 10))
        self.setStyleSheet("QTableView::item { padding: 0 5px; }")

    def _set_up_columns(self) -> None:
        self.setHorizontalHeaderLabels(["Run", "Frozen", "Value", "Outcome"])
        self.horizontalHeader().hide()
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = self.horizontalHeader()
        header.setMinimumSectionSize(20)
        for column in (_RUN, _VALUE, _OUTCOME):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(_DESCRIPTION, QHeaderView.ResizeMode.Stretch)

    def add_run(self, run_id: int, description: str) -> None:
        """Adds a run on top and selects it; `description` is what was frozen, in short."""
        row = _Row(run_id, self.font(), f"run {run_id}", description, "", "running")
        self._rows.insert(0, row)
        self.insertRow(0)
        for column, item in enumerate(row.items):
            self.setItem(0, column, item)
        self._paint_rows()
        self.selectRow(0)
        self.scrollToTop()

    def update_run(self, run_id: int, *, value: str, outcome: str) -> None:
        """Sets what is known of a run by now; an id that was never added is passed over."""
        for row in self._rows:
            if row.run_id == run_id:
                row.items[_VALUE].setText(value)
                row.items[_OUTCOME].setText(outcome)

    def clear_runs(self) -> None:
        """Forgets all runs, as for another document."""
        self._rows.clear()
        self.setRowCount(0)

    def _paint_rows(self) -> None:
        secondary = self._theme.colour("secondary")
        for index, row in enumerate(self._rows):
            row.items[_RUN].setIcon(_dot(self._colour_of(index, row.run_id)))
            for column in (_DESCRIPTION, _OUTCOME):
                row.items[column].setForeground(secondary)

    def _colour_of(self, row: int, run_id: int) -> QColor:
        if row == 0:
            return self._theme.colour("trainable")
        return QColor(OTHER_RUN_COLOURS[run_id % len(OTHER_RUN_COLOURS)])

    def _on_theme_changed(self) -> None:
        self._paint_rows()
        self.viewport().update()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._rows:
            painter = QPainter(self.viewport())
            painter.setPen(self._theme.colour("secondary"))
            area = self.viewport().rect().adjusted(16, 12, -16, -12)
            painter.drawText(area, int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), _EMPTY_TEXT)
            painter.end()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self.resizeColumnsToContents()


class _Row:
    """The cells of a run, from left to right; the table owns them."""

    def __init__(self, run_id: int, font: QFont, *texts: str) -> None:
        self.run_id = run_id
        self.items = tuple(QTableWidgetItem(text) for text in texts)
        self.items[_VALUE].setFont(number_font(font))
        self.items[_VALUE].setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.items[_VALUE].setToolTip("Validation value")
        self.items[_DESCRIPTION].setToolTip(self.items[_DESCRIPTION].text())


def _dot(colour: QColor) -> QIcon:
    """A filled circle; drawn at three times its size for dense screens."""
    picture = QPixmap(30, 30)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawEllipse(2, 2, 26, 26)
    painter.end()
    icon = QIcon()
    for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):
        icon.addPixmap(picture, mode)
    return icon
