"""The coloured bar: what of a model is frozen, what trains, what is statistics."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Slot
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from editor.layers.accounts import Account
from widgets.numbers import account_lines, percent
from widgets.theme import Theme

_LEAST_SHARE_WIDTH = 2.0
"""Width in pixels below which a part that is not empty would be invisible."""


class AccountBar(QWidget):
    """Frozen, trainable and statistics as lengths, from left to right."""

    def __init__(self, theme: Theme, height: int = 12, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._account = Account()
        self.setFixedHeight(height)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Share of trainable parameters")
        theme.changed.connect(self._on_theme_changed)

    @property
    def account(self) -> Account:
        """What is shown."""
        return self._account

    def show_account(self, account: Account) -> None:
        """Shows other numbers."""
        self._account = account
        self.setToolTip(account_lines(account) if account.total.parameters else "")
        self.setAccessibleDescription(f"{percent(account.trainable_share)} of the parameters are trainable")
        self.update()

    def widths(self, length: float) -> tuple[float, float, float]:
        """Pixels of frozen, trainable and statistics; together `length`, and no part that exists vanishes."""
        account = self._account
        parts = [tally.parameters for tally in (account.frozen, account.trainable, account.statistics)]
        total = sum(parts)
        if not total:
            return (0.0, 0.0, 0.0)
        widths = [max(_LEAST_SHARE_WIDTH, length * part / total) if part else 0.0 for part in parts]
        widths[widths.index(max(widths))] -= sum(widths) - length
        return (widths[0], widths[1], widths[2])

    @Slot()
    def _on_theme_changed(self) -> None:
        self.update()

    @override
    def sizeHint(self) -> QSize:
        return QSize(240, self.height())

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(60, self.height())

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        whole = QRectF(self.rect())
        outline = QPainterPath()
        outline.addRoundedRect(whole, whole.height() / 2, whole.height() / 2)
        painter.setClipPath(outline)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.fillRect(whole, self._theme.colour("line"))
        left = 0.0
        for width, token in zip(self.widths(whole.width()), ("frozen", "trainable", "statistics"), strict=True):
            painter.fillRect(QRectF(left, 0, width, whole.height()), self._theme.colour(token))
            left += width
