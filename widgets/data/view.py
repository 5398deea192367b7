"""What was found in data: bars, samples, columns, and what is left out."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from editor.training.data_options import PREPROCESSINGS
from editor.training.data_report import DataReport
from editor.wording import counted
from widgets.data.bars import ScrolledBars
from widgets.data.columns import ColumnsTable
from widgets.data.samples import SamplesView
from widgets.data.words import preprocessing_words
from widgets.icons import Icons
from widgets.theme import CORNER, Theme, set_tone
from widgets.training.form_row import Message

_BARS_HEIGHT = 190
_COLUMNS = 1
"""The place of their tab."""
_OF_COLUMNS = ("targets", "columns", "missing")


class DataView(QWidget):
    """All that is known of the data, on panes.

    Signals:
        samples_wanted: Other samples are to be shown.
    """

    samples_wanted = Signal()

    def __init__(self, theme: Theme, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.bars = ScrolledBars(theme)
        self.samples = SamplesView(theme)
        self.columns = ColumnsTable()
        self.column_message = Message(icons)
        self.column_message.setObjectName("columnMessage")
        self.skipped = QListWidget()
        self.skipped.setObjectName("skippedList")
        self.skipped.setAccessibleName("Left out")
        self.new_samples = QPushButton("New Samples")
        self.new_samples.setObjectName("newSamplesButton")
        self.new_samples.setAutoDefault(False)
        set_tone(self.new_samples, "small")
        self.new_samples.clicked.connect(self.samples_wanted)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self._range = _label("secondary")
        self._range.setObjectName("valueRange")
        self._notes = _label("")
        self._notes.setObjectName("dataNotes")
        self._report: DataReport | None = None
        self.target = QComboBox()
        self.target.setObjectName("barsTarget")
        self.target.setAccessibleName("What the bars count")
        self.target.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.target.activated.connect(self._show_bars)
        self._legend = QLabel()
        self._legend.setTextFormat(Qt.TextFormat.RichText)
        self._bars_pane = self._pane("Samples of each class", self.bars, self._legend)
        self._arrange()
        theme.changed.connect(self._show_legend)
        theme.changed.connect(self.column_message.repaint_icon)
        self._show_legend()

    def _arrange(self) -> None:
        samples = QWidget()
        row = QHBoxLayout()
        row.setContentsMargins(CORNER, 0, CORNER, 0)
        row.addWidget(self._range, 1)
        row.addWidget(self.new_samples)
        column = QVBoxLayout(samples)
        column.setContentsMargins(0, CORNER, 0, 0)
        column.addLayout(row)
        column.addWidget(self.samples, 1)
        self.tabs.addTab(samples, "Samples")
        self.tabs.addTab(self._columns_pane(), "Columns")
        self.tabs.addTab(self.skipped, "Left out")
        tabs = QFrame()
        tabs.setProperty("pane", True)
        inner = QVBoxLayout(tabs)
        inner.setContentsMargins(1, 1, 1, 1)
        inner.addWidget(self.tabs)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(CORNER)
        layout.addWidget(self._notes)
        layout.addWidget(self._bars_pane)
        layout.addWidget(tabs, 1)

    def _columns_pane(self) -> QWidget:
        pane = QWidget()
        said = QHBoxLayout()
        said.setContentsMargins(CORNER, 0, CORNER, 0)
        said.addWidget(self.column_message)
        column = QVBoxLayout(pane)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(said)
        column.addWidget(self.columns, 1)
        return pane

    def _pane(self, title: str, widget: QWidget, beside: QWidget) -> QFrame:
        pane = QFrame()
        pane.setProperty("pane", True)
        self._bars_title = QLabel(title)
        set_tone(self._bars_title, "heading")
        head = QHBoxLayout()
        head.setContentsMargins(CORNER, 0, CORNER, 0)
        head.setSpacing(CORNER)
        head.addWidget(self._bars_title)
        head.addWidget(self.target)
        head.addStretch()
        head.addWidget(beside)
        layout = QVBoxLayout(pane)
        layout.setContentsMargins(1, CORNER, 1, 1)
        layout.setSpacing(2)
        layout.addLayout(head)
        layout.addWidget(widget)
        return pane

    def show_report(self, report: DataReport | None) -> None:
        """Shows other data; None while nothing is known."""
        self._report = report
        self._show_targets()
        self._show_bars()
        self.samples.show_samples(report.samples if report else ())
        self.new_samples.setEnabled(bool(report and report.samples))
        columns = report.columns if report else ()
        if columns:
            self.columns.show_columns(columns)
        self.columns.clear_marks()
        self.column_message.show_text("")
        self.tabs.setTabVisible(_COLUMNS, bool(columns))
        if not self.tabs.isTabVisible(self.tabs.currentIndex()):
            self.tabs.setCurrentIndex(0)
        self._show_skipped(report)
        self._range.setText(_range_words(report) if report else "")
        notes = "\n".join(report.notes) if report else ""
        self._notes.setText(notes)
        self._notes.setVisible(bool(notes))

    def _show_targets(self) -> None:
        """Offers the outputs, where several have bars; the one that was chosen stays."""
        names = self._report.target_names if self._report and len(self._report.bars) > 1 else ()
        self.target.setVisible(bool(names))
        if names != tuple(self.target.itemText(at) for at in range(self.target.count())):
            self.target.clear()
            self.target.addItems(names)

    def _show_bars(self) -> None:
        report, at = self._report, max(self.target.currentIndex(), 0)
        bars = report.bars[at] if report and at < len(report.bars) else ()
        task = report.tasks[at] if report and at < len(report.tasks) else report.task if report else "auto"
        self.bars.chart.show_bars(bars, is_histogram=task == "regression")
        self._bars_title.setText("Samples by target" if task == "regression" else "Samples of each class")
        self._bars_pane.setVisible(bool(report and any(report.bars)))
        self.bars.setFixedHeight(min(self.bars.chart.sizeHint().height() + 2, _BARS_HEIGHT))

    def show_problem(self, field: str, name: str, text: str) -> QWidget | None:
        """Says above the columns what is wrong with what they are used as, and marks the one that it is about.

        Args:
            field: As settings call it.
            name: The column; empty for all.
            text: What is wrong.

        Returns:
            What it was said beside; None where it is about no columns, or none are known.
        """
        if field not in _OF_COLUMNS or not self.tabs.isTabVisible(_COLUMNS):
            return None
        self.column_message.show_text(text, is_problem=True)
        self.tabs.setCurrentIndex(_COLUMNS)
        return self.columns.mark(name, is_missing=field == "missing") or self.columns

    def _show_skipped(self, report: DataReport | None) -> None:
        number = report.num_skipped if report else 0
        self.tabs.setTabVisible(2, bool(number))
        self.tabs.setTabText(2, f"Left out {number:,}" if number else "Left out")
        self.skipped.clear()
        told = report.skipped if report else ()
        self.skipped.addItems([f"{each.name}: {each.reason}" for each in told])
        if number > len(told):
            self.skipped.addItem(f"and {counted(number - len(told), 'more')}".replace("mores", "more"))

    def _show_legend(self) -> None:
        palette = self._theme.palette
        marks = ((palette.trainable, "training"), (palette.validation, "validation"))
        self._legend.setText(
            "&nbsp;&nbsp;".join(
                f'<span style="color:{colour}">■</span> <span style="color:{palette.secondary}">{text}</span>'
                for colour, text in marks
            )
        )


def _range_words(report: DataReport) -> str:
    words = "As the model receives them"
    if report.value_range:
        words += f" · values from {report.value_range[0]:.4g} to {report.value_range[1]:.4g}"
    if report.preprocessing and report.preprocessing not in PREPROCESSINGS:
        words += f" · after {preprocessing_words(report.preprocessing)}"
    return words


def _label(tone: str) -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    if tone:
        set_tone(label, tone)
    return label
