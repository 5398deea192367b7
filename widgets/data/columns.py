"""The columns of a table: what each holds, what it is used as, and how its gaps are treated."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QComboBox, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from editor.training.data_report import ColumnFacts
from widgets.theme import ROW_HEIGHT, set_tone

USE_WORDS: dict[str, str] = {
    "number": "Number",
    "category": "Category",
    "target": "Target",
    "ignore": "Ignore",
}
TREATMENT_WORDS: dict[str, str] = {
    "drop": "Drop the rows",
    "mean": "Take the mean",
    "most-frequent": "Take the most frequent",
    "category": "A category of its own",
}
KIND_WORDS = {"number": "Numbers", "category": "Categories", "text": "Text"}
_HEADERS = ("Column", "Holds", "Used as", "Missing", "Missing values", "Different", "Examples")
_USE, _MISSING, _TREATMENT, _EXAMPLES = 2, 3, 4, 6
MOST_COLUMNS = 300
"""More boxes than these take seconds to make; nobody sets them one by one."""


class ColumnsTable(QTableWidget):
    """A row for each column, with boxes for what can be chosen.

    Signals:
        use_chosen: A column's name and what it is to be used as.
        treatment_chosen: A column's name and how its missing values are to be treated.
    """

    use_chosen = Signal(str, str)
    treatment_chosen = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(_HEADERS), parent)
        self.setObjectName("columnsTable")
        self.setAccessibleName("Columns of the table")
        self.setHorizontalHeaderLabels(list(_HEADERS))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setShowGrid(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT + 5)
        self.horizontalHeader().setSectionResizeMode(_EXAMPLES, QHeaderView.ResizeMode.Stretch)
        self.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self._facts: tuple[ColumnFacts, ...] = ()

    def show_columns(self, columns: tuple[ColumnFacts, ...]) -> None:
        """Shows other columns; boxes that are there already are kept, so that one that was just used stays."""
        shown = columns[:MOST_COLUMNS]
        is_same = [fact.name for fact in shown] == [fact.name for fact in self._facts]
        self._facts = shown
        if not is_same:
            self.clearContents()
            self.setRowCount(len(shown))
        for row, facts in enumerate(shown):
            self._fill(row, facts)
        if not is_same:
            for column in range(_EXAMPLES):
                self.resizeColumnToContents(column)
            self.setColumnWidth(_USE, max(self.columnWidth(_USE), 110))
            self.setColumnWidth(_TREATMENT, max(self.columnWidth(_TREATMENT), 185))

    def use_box(self, name: str) -> QComboBox:
        """The box of what a column is used as."""
        return self._box(self._row_of(name), _USE)

    def treatment_box(self, name: str) -> QComboBox:
        """The box of how missing values of a column are treated."""
        return self._box(self._row_of(name), _TREATMENT)

    def mark(self, name: str, *, is_missing: bool) -> QWidget | None:
        """Outlines the box of what is wrong with a column; gives it, None where there is no such box."""
        self.clear_marks()
        if name not in [facts.name for facts in self._facts]:
            return None
        box = self.treatment_box(name) if is_missing else self.use_box(name)
        set_tone(box, "wrong")
        # Making it the current one would take the keys from where they are.
        self.scrollTo(self.model().index(self._row_of(name), 0))
        return box

    def clear_marks(self) -> None:
        """Outlines nothing any more."""
        for row in range(self.rowCount()):
            for column in (_USE, _TREATMENT):
                set_tone(self._box(row, column), "")

    def _row_of(self, name: str) -> int:
        return [facts.name for facts in self._facts].index(name)

    def _fill(self, row: int, facts: ColumnFacts) -> None:
        examples = ", ".join(facts.examples)
        if facts.value_range:
            examples = f"{facts.value_range[0]:g} to {facts.value_range[1]:g} · {examples}"
        missing = f"{facts.num_missing:,}" if facts.num_missing else "none"
        texts = {0: facts.name, 1: KIND_WORDS[facts.kind], _MISSING: missing, 5: f"{facts.num_distinct:,}"}
        for column, text in {**texts, _EXAMPLES: examples}.items():
            item = QTableWidgetItem(text)
            item.setToolTip(text)
            if column in (_MISSING, 5):
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.setItem(row, column, item)
        self._fill_box(row, _USE, USE_WORDS, facts.use)
        self._fill_box(row, _TREATMENT, TREATMENT_WORDS, facts.missing)
        self._box(row, _TREATMENT).setEnabled(bool(facts.num_missing) and facts.use != "ignore")

    def _fill_box(self, row: int, column: int, words: dict[str, str], chosen: str) -> None:
        if not isinstance(self.cellWidget(row, column), QComboBox):
            box = QComboBox()
            for value, text in words.items():
                box.addItem(text, value)
            box.setAccessibleName(f"{_HEADERS[column]}: {self._facts[row].name}")
            box.setProperty("row", row)
            box.activated.connect(self._on_use_activated if column == _USE else self._on_treatment_activated)
            self.setCellWidget(row, column, box)
        self._box(row, column).setCurrentIndex(self._box(row, column).findData(chosen))

    def _box(self, row: int, column: int) -> QComboBox:
        box = self.cellWidget(row, column)
        assert isinstance(box, QComboBox)
        return box

    def _on_use_activated(self, _index: int) -> None:
        box = self.sender()
        assert isinstance(box, QComboBox)
        self.use_chosen.emit(self._facts[box.property("row")].name, box.currentData())

    def _on_treatment_activated(self, _index: int) -> None:
        box = self.sender()
        assert isinstance(box, QComboBox)
        self.treatment_chosen.emit(self._facts[box.property("row")].name, box.currentData())
