"""Fields of the training form that are chosen from: a name out of some, and the metrics."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction, QFontMetrics, QPaintEvent
from PySide6.QtWidgets import QComboBox, QMenu, QStyle, QStyleOptionComboBox, QStylePainter, QWidget
from typing_extensions import override

from editor.training.settings import METRICS
from editor.training.words import AUTOMATIC
from widgets.training.wording import automatic_text, shortened, words_for


class NarrowBox(QComboBox):
    """A box that may be narrower than its entries: what does not fit ends in dots, and is in the list and tool tip."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)

    def text_for_width(self, width: int, metrics: QFontMetrics) -> str:
        """What the closed box shows in `width` pixels; dots follow where it is still too long."""
        text = self.currentText() or self.placeholderText()
        return text if metrics.horizontalAdvance(text) <= width else shortened(text)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QStylePainter(self)
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        room = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, self
        )
        shown = self.text_for_width(room.width() - 2, option.fontMetrics)
        option.currentText = option.fontMetrics.elidedText(shown, Qt.TextElideMode.ElideRight, room.width() - 2)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
        painter.end()


class ChoiceField(NarrowBox):
    """One of some Keras names in human words; may begin with `Automatic`.

    Args:
        names: Keras's names, in the order shown.
        has_automatic: Whether `AUTOMATIC` can be chosen, as the first entry.
    """

    def __init__(self, names: Iterable[str], *, has_automatic: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        if has_automatic:
            self.addItem(automatic_text(()), AUTOMATIC)
        for name in names:
            self.addItem(words_for(name), name)
        self.currentTextChanged.connect(self.setToolTip)

    def name(self) -> str:
        """Keras's name of the choice, or `AUTOMATIC`."""
        return str(self.currentData())

    def choose(self, name: str) -> None:
        """Chooses a name; one that is not among the entries is added, so that nothing is changed in silence."""
        if self.findData(name) < 0:
            self.addItem(words_for(name), name)
        self.setCurrentIndex(self.findData(name))

    @staticmethod
    def words(name: str) -> str:
        """A name as it is shown."""
        return words_for(name)

    def show_automatic(self, resolved: str) -> None:
        """Says what `Automatic` amounts to; an empty name when that is not known."""
        self.setItemText(self.findData(AUTOMATIC), automatic_text((resolved,)))


class MetricsField(NarrowBox):
    """Metrics: automatic, or those that are ticked in the menu that opens in place of a list.

    Signals:
        metrics_changed: Other metrics are chosen.
    """

    metrics_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._metrics: tuple[str, ...] = (AUTOMATIC,)
        self._resolved: tuple[str, ...] = ()
        self._menu = QMenu(self)
        self._menu.setObjectName("metricsMenu")
        self._actions = {name: self._add_action(name) for name in (AUTOMATIC, *METRICS)}
        self._menu.insertSeparator(self._actions[METRICS[0]])
        self.addItem("")
        self._show_choice()

    def _add_action(self, name: str) -> QAction:
        action = self._menu.addAction(words_for(name))
        action.setCheckable(True)
        action.setData(name)
        action.triggered.connect(self._on_action_triggered)
        return action

    def metrics(self) -> tuple[str, ...]:
        """Keras's names of the metrics, or `AUTOMATIC` alone."""
        return self._metrics

    def choose(self, metrics: Iterable[str]) -> None:
        """Chooses metrics; none at all is automatic."""
        chosen = tuple(metrics) or (AUTOMATIC,)
        if chosen != self._metrics:
            self._metrics = chosen
            self._show_choice()
            self.metrics_changed.emit()

    def show_automatic(self, resolved: tuple[str, ...]) -> None:
        """Says what `Automatic` amounts to; nothing when that is not known."""
        self._resolved = resolved
        self._show_choice()

    def _on_action_triggered(self) -> None:
        action = self.sender()
        if not isinstance(action, QAction):
            return
        if action.data() == AUTOMATIC:
            self.choose(())
        else:
            self.choose(name for name in METRICS if self._actions[name].isChecked())
        self._show_choice()

    def _show_choice(self) -> None:
        is_automatic = self._metrics == (AUTOMATIC,)
        automatic = automatic_text(self._resolved)
        text = automatic if is_automatic else ", ".join(words_for(name) for name in self._metrics)
        self.setItemText(0, text)
        self.setToolTip(text)
        self._actions[AUTOMATIC].setText(automatic)
        for name, action in self._actions.items():
            action.setChecked(name in self._metrics)

    @override
    def showPopup(self) -> None:
        self._menu.setMinimumWidth(self.width())
        self._menu.popup(self.mapToGlobal(QPoint(0, self.height())))

    @override
    def hidePopup(self) -> None:
        self._menu.hide()
        super().hidePopup()
