"""The bar above the plots: what they are drawn over, smoothing, log, outliers, which metrics, export."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QToolButton, QWidget, QWidgetAction
from typing_extensions import override

from widgets.training.plot_settings import PlotSettings, Resolution, XAxis
from widgets.training.smoothing_slider import SmoothingSlider
from widgets.training.wording import words_for

_AXES = {XAxis.EPOCHS: "Epochs", XAxis.BATCHES: "Batches", XAxis.TIME: "Time"}
_AXIS_TIPS = {
    XAxis.EPOCHS: "Over the epochs of the run",
    XAxis.BATCHES: "Over the batches since the start",
    XAxis.TIME: "Over the time since the start, without pauses",
}
_RESOLUTIONS = {Resolution.BATCH: "A Point for Each Batch", Resolution.EPOCH: "A Point for Each Epoch"}
_EXPORTS = {
    "csv": "Data on Show as CSV…",
    "png": "Picture as PNG…",
    "svg": "Picture as SVG…",
}
_SIDES = 16
_WHITE_TIP = "In the light colours also while the window is dark"
_LOG_TIP = "Logarithmic values: small differences near 0 can be seen"
_OUTLIERS_TIP = "Fit the value axis to most of the values; single wild ones may leave it"


class PlotBar(QWidget):
    """One row of flat buttons; where there is no room for it, one button with a menu of the same.

    Signals:
        settings_changed: Carries the `PlotSettings`.
        export_requested: `csv`, `png` or `svg`.
    """

    settings_changed = Signal(object)
    export_requested = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("plotBar")
        self.setAccessibleName("How the curves are shown")
        self._settings = PlotSettings()
        self._is_folded = False
        axes, resolutions = QActionGroup(self), QActionGroup(self)
        self._axes = {
            axis: self._choice(text, axes, {"x_axis": axis}, _AXIS_TIPS[axis]) for axis, text in _AXES.items()
        }
        self._resolutions = {
            each: self._choice(text, resolutions, {"resolution": each}) for each, text in _RESOLUTIONS.items()
        }
        self._log = self._switch("Log y", _LOG_TIP, "is_log")
        self._outliers = self._switch("Ignore Outliers", _OUTLIERS_TIP, "ignores_outliers")
        self._white = self._switch("Pictures on White Ground", _WHITE_TIP, "has_white_ground")
        self._metric_actions: dict[str, QAction] = {}
        self.smoothing = SmoothingSlider(self)
        self.smoothing.value_changed.connect(lambda value: self._change(smoothing=value))
        self._make_menus()
        self._lay_out()
        self._show_settings()

    # -- the settings ---------------------------------------------------------------------------------------

    @property
    def settings(self) -> PlotSettings:
        """What is chosen."""
        return self._settings

    def set_settings(self, settings: PlotSettings) -> None:
        """Shows other settings, without telling."""
        self._settings = settings
        was_blocked = self.blockSignals(True)
        self._show_settings()
        self.blockSignals(was_blocked)

    def set_metrics(self, metrics: Sequence[str]) -> None:
        """Offers these metrics, Keras's names, to be shown and hidden."""
        if tuple(self._metric_actions) == tuple(metrics):
            return
        self._metric_menu.clear()
        self._metric_actions = {metric: self._metric_menu.addAction(words_for(metric)) for metric in metrics}
        for metric, action in self._metric_actions.items():
            action.setCheckable(True)
            action.toggled.connect(lambda is_shown, name=metric: self._on_metric_toggled(name, is_shown))
        self._show_metrics()

    def _change(self, **changes: object) -> None:
        changed = replace(self._settings, **changes)
        if changed != self._settings:
            self._settings = changed
            self._axis_button.setText(_AXES[changed.x_axis])
            self.settings_changed.emit(changed)

    def _on_metric_toggled(self, metric: str, is_shown: bool) -> None:
        changed = self._settings.with_metric(metric, is_shown=is_shown)
        if any(changed.shows(name) for name in self._metric_actions):
            self._change(hidden_metrics=changed.hidden_metrics)
        else:
            # Without any plot nobody would find the way back.
            self._metric_actions[metric].setChecked(True)

    def _show_settings(self) -> None:
        settings = self._settings
        self._axes[settings.x_axis].setChecked(True)
        self._resolutions[settings.resolution].setChecked(True)
        self._log.setChecked(settings.is_log)
        self._outliers.setChecked(settings.ignores_outliers)
        self._white.setChecked(settings.has_white_ground)
        self._axis_button.setText(_AXES[settings.x_axis])
        self.smoothing.set_value(settings.smoothing)
        self._show_metrics()

    def _show_metrics(self) -> None:
        for metric, action in self._metric_actions.items():
            was_blocked = action.blockSignals(True)
            action.setChecked(self._settings.shows(metric))
            action.blockSignals(was_blocked)

    # -- the parts ------------------------------------------------------------------------------------------

    def _choice(self, text: str, group: QActionGroup, changes: dict[str, object], tip: str = "") -> QAction:
        action = QAction(text, group)
        action.setCheckable(True)
        action.setToolTip(tip)
        action.toggled.connect(lambda is_on: self._change(**changes) if is_on else None)
        return action

    def _switch(self, text: str, tip: str, field: str) -> QAction:
        action = QAction(text, self)
        action.setCheckable(True)
        action.setToolTip(tip)
        action.toggled.connect(lambda is_on: self._change(**{field: is_on}))
        return action

    def _make_menus(self) -> None:
        self._axis_menu = QMenu("Horizontal Axis", self)
        self._axis_menu.addActions(list(self._axes.values()))
        self._axis_menu.addSeparator()
        self._axis_menu.addActions(list(self._resolutions.values()))
        self._metric_menu = QMenu("Metrics", self)
        self._export_menu = QMenu("Export", self)
        for kind, text in _EXPORTS.items():
            action = self._export_menu.addAction(text)
            action.triggered.connect(lambda _=False, kind=kind: self.export_requested.emit(kind))
        self._export_menu.addSeparator()
        self._export_menu.addAction(self._white)
        self._all_menu = QMenu("Show", self)
        for menu in (self._axis_menu, self._metric_menu, self._export_menu, self._all_menu):
            menu.setToolTipsVisible(True)

    def _fill_all_menu(self) -> None:
        """Everything in one menu, with a slider of its own: a widget can only be in one place."""
        slider = SmoothingSlider(self._all_menu)
        slider.set_value(self._settings.smoothing)
        slider.value_changed.connect(self.smoothing.set_value)
        slider.setContentsMargins(6, 4, 6, 4)
        holder = QWidgetAction(self._all_menu)
        holder.setDefaultWidget(slider)
        self._all_menu.clear()
        self._all_menu.addMenu(self._axis_menu)
        self._all_menu.addAction(holder)
        self._all_menu.addActions([self._log, self._outliers])
        self._all_menu.addSeparator()
        self._all_menu.addMenu(self._metric_menu)
        self._all_menu.addMenu(self._export_menu)

    def _lay_out(self) -> None:
        self._axis_button = _menu_button("", "axisButton", "Horizontal Axis", self._axis_menu)
        metrics = _menu_button("Metrics", "metricsButton", "Metrics", self._metric_menu)
        export = _menu_button("Export", "exportButton", "Export", self._export_menu)
        self._fold_button = _menu_button("Show", "showButton", "How the curves are shown", self._all_menu)
        self._all_menu.aboutToShow.connect(self._fill_all_menu)
        log, outliers = (_switch_button(action) for action in (self._log, self._outliers))
        self._row = QWidget(self)
        inner = QHBoxLayout(self._row)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(2)
        for part in (self._axis_button, self.smoothing, log, outliers):
            inner.addWidget(part)
        inner.addStretch(1)
        inner.addWidget(metrics)
        inner.addWidget(export)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 3, 8, 0)
        layout.addWidget(self._row, 100)
        layout.addWidget(self._fold_button)
        layout.addStretch()
        self._fold_button.hide()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    @property
    def is_folded(self) -> bool:
        """Whether there is only the one button."""
        return self._is_folded

    @property
    def unfolded_width(self) -> int:
        """The width from which on all of it has room, in pixels."""
        margins = self.contentsMargins()
        name = 0 if self.smoothing.has_name else self.smoothing.name_width
        return self._row.sizeHint().width() + name + margins.left() + margins.right() + _SIDES

    def _fold(self) -> None:
        """First the name of the slider goes, then all goes into one menu."""
        needed, name = self.unfolded_width, self.smoothing.name_width
        self.smoothing.show_name(self.width() >= needed)
        is_folded = self.width() < needed - name
        if is_folded != self._is_folded:
            self._is_folded = is_folded
            self._row.setVisible(not is_folded)
            self._fold_button.setVisible(is_folded)

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(self._fold_button.sizeHint().width() + _SIDES, self.sizeHint().height())

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fold()


def _menu_button(text: str, name: str, accessible_name: str, menu: QMenu) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setObjectName(name)
    button.setAccessibleName(accessible_name)
    button.setMenu(menu)
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button


def _switch_button(action: QAction) -> QToolButton:
    button = QToolButton()
    button.setDefaultAction(action)
    button.setAccessibleName(action.text())
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
