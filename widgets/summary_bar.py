"""One row of truth: the document, and how much of it is frozen."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Slot
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QWidget
from typing_extensions import override

from editor.layers.accounts import Account, Tally
from widgets.account_bar import AccountBar
from widgets.numbers import NOT_TOLD, UNKNOWN, account_lines, byte_size, count, percent
from widgets.theme import Theme, bold_font, number_font

_WIDEST_NAME = 300
_SWATCH = 9
_SWATCH_GAP = 6


class SummaryBar(QFrame):
    """Name, bar, counts and bytes of the document; all is up to date when the call that changed it returns."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("summaryBar")
        self.setAccessibleName("Summary of the model")
        self._are_statistics_known = True
        self._name = ElidedName()
        self._preview = QLabel("Preview")
        self._preview.setProperty("tone", "tag")
        self._preview.setToolTip("Read from the file alone; the model itself is not loaded")
        self._bar = AccountBar(theme)
        self._bar.setMinimumWidth(120)
        self._frozen = Count("Frozen", "frozen", theme)
        self._trainable = Count("Trainable", "trainable", theme)
        self._statistics = Count("Statistics", "statistics", theme)
        self._total = QLabel()
        self._total.setFont(number_font(self._total.font()))
        self._total.setProperty("tone", "secondary")
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(14, 0, 14, 1)
        self._layout.setSpacing(16)
        self._layout.addWidget(self._name, 0, Qt.AlignmentFlag.AlignLeft)
        self._layout.addWidget(self._preview, 0, Qt.AlignmentFlag.AlignVCenter)
        for widget in self._parts[1:]:
            self._layout.addWidget(widget, int(widget is self._bar))
        self.setFixedHeight(44)
        self.show_account(None)
        self.show_document("", is_modified=False)

    @property
    def _parts(self) -> tuple[QWidget, ...]:
        return (self._name, self._bar, self._frozen, self._trainable, self._statistics, self._total)

    @property
    def text(self) -> str:
        """All that is written in the bar."""
        counts = (self._frozen.text, self._trainable.text, self._statistics.text)
        return " · ".join((self._name.full_text, *counts, self._total.text()))

    def show_account(self, account: Account | None) -> None:
        """Shows the whole model's parameters; None where no model is open."""
        shown = account or Account()
        self._bar.show_account(shown)
        self._frozen.show_tally(shown.frozen)
        if self._are_statistics_known:
            self._trainable.show_tally(shown.trainable, f"({percent(shown.trainable_share)})")
            self._statistics.show_tally(shown.statistics)
        else:
            self._trainable.show_tally(shown.trainable, "or fewer")
            self._statistics.show_unknown(shown.statistics, NOT_TOLD)
        total = shown.total
        least = "" if shown.are_weights_known else " or more"
        self._total.setText(f"{count(total.parameters)} parameters{least} · {byte_size(total.num_bytes)}")
        self._total.setToolTip(account_lines(shown))
        self._total.setAccessibleDescription(account_lines(shown))
        for widget in self._parts[1:]:
            widget.setVisible(account is not None)
        self._settle()

    def show_document(
        self, name: str, is_modified: bool, *, is_preview: bool = False, are_statistics_known: bool = True
    ) -> None:
        """Shows the document's name, with `*` while it is not saved; without a name no document is open.

        Accounts that are shown next say of statistics that they are unknown where the file does not tell of each weight
        if it is one of them.
        """
        self._are_statistics_known = are_statistics_known
        self._preview.setVisible(is_preview)
        self._name.set_text(f"{name}{'*' if is_modified else ''}" if name else "No model open")
        self._settle()

    def _settle(self) -> None:
        """Lays out now: left to the event loop, a longer number would be cut off for a frame."""
        self._layout.activate()


class ElidedName(QLabel):
    """A file name that gives way in its middle, so that its end stays readable."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.full_text = ""
        self.setFont(bold_font(self.font()))
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)

    def set_text(self, text: str) -> None:
        """Shows another name; the tool tip has all of it."""
        self.full_text = text
        self.setToolTip(text)
        self.setAccessibleName(text)
        shown = QFontMetrics(self.font()).elidedText(text, Qt.TextElideMode.ElideMiddle, _WIDEST_NAME)
        self.setText(shown)


class Count(QWidget):
    """A coloured square, a word, a number that stands out, and a remark: `Trainable 7,085,578 (48.1 %)`."""

    def __init__(self, word: str, token: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._word = word
        self._token = token
        self._theme = theme
        self._number = ""
        self._remark = ""
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        theme.changed.connect(self._on_theme_changed)

    @property
    def text(self) -> str:
        """What is written."""
        return f"{self._word} {self._number} {self._remark}".rstrip()

    def show_tally(self, tally: Tally, remark: str = "") -> None:
        """Shows a number of parameters; their bytes are in the tool tip."""
        self._number = count(tally.parameters)
        self._remark = remark
        self.setAccessibleName(self.text)
        self.setToolTip(
            f"{self._word}: {tally.parameters:,} parameters in {tally.weights:,} weights, {byte_size(tally.num_bytes)}"
        )
        self.updateGeometry()
        self.update()

    def show_unknown(self, least: Tally, why: str) -> None:
        """Shows that a number is not known, and what it is at least; `why` is in the tool tip."""
        self.show_tally(least)
        self._number, self._remark = (self._number, "or more") if least.parameters else (UNKNOWN, "")
        self.setAccessibleName(self.text)
        self.setToolTip(f"{self._word}: {why}")

    @Slot()
    def _on_theme_changed(self) -> None:
        self.update()

    def _pieces(self) -> list[tuple[str, bool]]:
        pieces = [(f"{self._word} ", False), (self._number, True)]
        return [*pieces, (f" {self._remark}", False)] if self._remark else pieces

    def _metrics(self, *, is_strong: bool) -> QFontMetrics:
        font = number_font(self.font())
        return QFontMetrics(bold_font(font) if is_strong else font)

    @override
    def sizeHint(self) -> QSize:
        width = sum(self._metrics(is_strong=strong).horizontalAdvance(text) for text, strong in self._pieces())
        return QSize(_SWATCH + _SWATCH_GAP + width + 1, self.fontMetrics().height() + 4)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.colour(self._token))
        painter.drawRoundedRect(QRectF(0, (self.height() - _SWATCH) / 2, _SWATCH, _SWATCH), 2, 2)
        painter.setPen(self._theme.colour("text"))
        left = _SWATCH + _SWATCH_GAP
        font = number_font(self.font())
        for text, is_strong in self._pieces():
            painter.setFont(bold_font(font) if is_strong else font)
            place = self.rect().adjusted(left, 0, 0, 0)
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
            left += painter.fontMetrics().horizontalAdvance(text)
