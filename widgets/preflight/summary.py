"""What will train, and what memory it takes beside what the machine has, in a few lines and a bar."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget
from typing_extensions import override

from editor.training.preflight.estimate import MemoryEstimate, RunEstimate
from editor.wording import counted
from widgets.numbers import byte_size
from widgets.theme import CORNER, Theme, number_font, set_tone
from widgets.training.wording import words_for

_BAR_HEIGHT = 10
_PARTS = (
    ("weights", "Weights", "frozen"),
    ("gradients", "Gradients", "trainable"),
    ("optimizer", "Optimizer", "validation"),
    ("activations", "Activations", "statistics"),
    ("data", "Data", "success"),
)


class MemoryBar(QWidget):
    """The parts of a run's memory as lengths of what the machine has."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._memory: MemoryEstimate | None = None
        self.setFixedHeight(_BAR_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Memory of the run")
        theme.changed.connect(self.update)

    def show_memory(self, memory: MemoryEstimate | None) -> None:
        """Shows other numbers."""
        self._memory = memory
        self.update()

    @override
    def sizeHint(self) -> QSize:
        return QSize(200, _BAR_HEIGHT)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.colour("line"))
        memory = self._memory
        if memory is None:
            return
        held = memory.weights + memory.data
        whole = max((memory.available or 0) + held, memory.total, 1)
        left = 0.0
        for name, _title, token in _PARTS:
            width = self.width() * getattr(memory, name) / whole
            painter.fillRect(QRectF(left, 0, width, self.height()), self._theme.colour(token))
            left += width
        painter.end()


class RunSummary(QWidget):
    """The numbers of a `RunEstimate`."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("runSummary")
        self._theme = theme
        self._bar = MemoryBar(theme)
        self._texts: dict[str, QLabel] = {}
        self._names: dict[str, QLabel] = {}
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(2 * CORNER)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(1, 1)
        for title in ("Trains", "Stays frozen", "Data", "Loss", "Tried", "Memory"):
            self._add_row(title)
        self._legend = QLabel()
        self._legend.setTextFormat(Qt.TextFormat.RichText)
        self._legend.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(CORNER // 2)
        layout.addLayout(self._grid)
        layout.addWidget(self._bar)
        layout.addWidget(self._legend)
        self._estimate: RunEstimate | None = None
        theme.changed.connect(self._show_legend)

    def _add_row(self, title: str) -> None:
        row = self._grid.rowCount()
        name, text = QLabel(title), QLabel()
        set_tone(name, "secondary")
        text.setWordWrap(True)
        text.setFont(number_font(text.font()))
        text.setTextFormat(Qt.TextFormat.PlainText)
        self._grid.addWidget(name, row, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(text, row, 1)
        self._texts[title], self._names[title] = text, name

    def text(self, title: str) -> str:
        """What a row says."""
        return self._texts[title].text()

    def show_estimate(self, estimate: RunEstimate | None) -> None:
        """Shows other numbers; nothing while none are known."""
        self._estimate = estimate
        self.setVisible(estimate is not None)
        if estimate is None:
            return
        memory = estimate.memory
        texts = {
            "Trains": f"{counted(estimate.num_layers, 'layer')} · {counted(estimate.num_trainable, 'parameter')}"
            + _moving(estimate.num_moving_statistics),
            "Stays frozen": counted(estimate.num_frozen, "parameter"),
            "Data": _data(estimate),
            "Loss": ", ".join(words_for(name) for name in estimate.loss.split(" + ") if name),
            "Tried": estimate.tried,
            "Memory": _memory(memory) if memory else "",
        }
        for title, text in texts.items():
            self._texts[title].setText(text)
            self._texts[title].setVisible(bool(text))
            self._names[title].setVisible(bool(text))
        self._bar.show_memory(memory)
        self._show_legend()

    def _show_legend(self) -> None:
        memory = self._estimate.memory if self._estimate else None
        if memory is None:
            self._legend.clear()
            return
        palette = self._theme.palette
        self._legend.setText(
            "&nbsp;&nbsp; ".join(
                f'<span style="color:{getattr(palette, token)}">■</span>&nbsp;'
                f'<span style="color:{palette.secondary}">{title}&nbsp;{_size(memory, name)}</span>'
                for name, title, token in _PARTS
            )
        )


def _moving(number: int) -> str:
    return f" · statistics of {counted(number, 'layer')} move" if number else ""


def _data(estimate: RunEstimate) -> str:
    if estimate.num_samples is None:
        return ""
    batches = f"{counted(estimate.num_batches, 'batch', 'batches')} an epoch" if estimate.num_batches else ""
    validation = f"{estimate.num_validation:,} to validate on" if estimate.num_validation else ""
    test = f"{estimate.num_test:,} to test on" if estimate.num_test else ""
    told = (f"{counted(estimate.num_samples, 'sample')} to train on", batches, validation, test)
    return " · ".join(part for part in told if part)


def _memory(memory: MemoryEstimate) -> str:
    left = f"; the machine has {byte_size(memory.available)} left" if memory.available is not None else ""
    return f"about {byte_size(memory.total)} in all{left}"


def _size(memory: MemoryEstimate, name: str) -> str:
    """The size of a part that is not broken over two lines."""
    return byte_size(getattr(memory, name)).replace(" ", "&nbsp;")
