"""Arranges the panels; knows nothing of what they do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QDialog,
    QDockWidget,
    QFrame,
    QLabel,
    QMainWindow,
    QTabWidget,
    QToolBar,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from editor.files.saved_model.place import MODEL_FILE
from widgets.actions import Actions
from widgets.changes.panel import ChangesPanel
from widgets.findings.panel import FindingsPanel
from widgets.icons import Icons, app_icon
from widgets.inspector.inspector import Inspector
from widgets.layer_tree.panel import LayerTreePanel
from widgets.notice_bar import NoticeBar
from widgets.settings import Settings
from widgets.summary_bar import SummaryBar
from widgets.theme import CORNER, Theme
from widgets.tool_bar import FittingToolBar
from widgets.training.log_panel import LogPanel
from widgets.training.panel import TrainingPanel
from widgets.training.plots import RunPlots
from widgets.training.progress import RunProgress
from widgets.training.runs_table import RunsTable

MODEL_SUFFIXES = (".keras", ".h5", ".hdf5", ".json")
DATA_SUFFIXES = (".npz", ".npy", ".csv", ".tsv", ".parquet", ".gz")

_SIZE = (1280, 800)
_LAYOUT_VERSION = 1
_TOOL_ICON = 16
_DOCK_MARGINS = {
    "inspectorDock": (0, 0, CORNER, 0),
    "trainingDock": (CORNER, 0, 0, 0),
    "runsDock": (0, 0, CORNER, 0),
}
"""The gap between a pane and the window's edge, where the pane has its default place."""
_INSPECTOR_WIDTH, _TRAINING_WIDTH, _RUNS_WIDTH, _BOTTOM_HEIGHT = 470, 300, 300, 300


class MainWindow(QMainWindow):
    """The window with its panels, menus and docks."""

    model_dropped = Signal(object)
    """Carries the `Path`."""
    data_dropped = Signal(object)
    """Carries the `Path`."""

    def __init__(self, theme: Theme, icons: Icons) -> None:
        super().__init__()
        self.setObjectName("mainWindow")
        self.setWindowIcon(app_icon())
        self.setAcceptDrops(True)
        self.setDockOptions(QMainWindow.DockOption.AnimatedDocks | QMainWindow.DockOption.AllowTabbedDocks)
        self.may_close: Callable[[], bool] = lambda: True
        self.actions_ = Actions(self, theme, icons)
        self.summary = SummaryBar(theme)
        self.notices = NoticeBar(theme, icons)
        self.layers = LayerTreePanel(theme, icons)
        self.inspector = Inspector(theme, icons)
        self.findings = FindingsPanel(theme, icons)
        self.changes = ChangesPanel(theme, icons)
        self.inspector.tabs.add_page(self.findings, "Findings")
        self.inspector.tabs.add_page(self.changes, "Changes")
        self.training = TrainingPanel(theme, icons)
        self.plots = RunPlots(theme)
        self.runs = RunsTable(theme)
        self.log = LogPanel()
        self.progress = RunProgress()
        self.status = QLabel()
        self._docks: dict[str, QDockWidget] = {}
        self._arrange()

    # -- places -----------------------------------------------------------------------------------------------

    def restore_layout(self, settings: Settings) -> None:
        """Puts the window and its panels where they were last, or where they belong."""
        self.resize(*_SIZE)
        self._default_sizes()
        self._default_state = self.saveState(_LAYOUT_VERSION)
        self.restoreGeometry(settings.layout("geometry"))
        self.restoreState(settings.layout("state"), _LAYOUT_VERSION)
        self.layers.view.restore_columns(settings.layout("columns"))

    def save_layout(self, settings: Settings) -> None:
        """Remembers where the window and its panels are."""
        settings.set_layout("geometry", self.saveGeometry())
        settings.set_layout("state", self.saveState(_LAYOUT_VERSION))
        settings.set_layout("columns", self.layers.view.header().saveState())

    def hold_edits(self, asking: QDialog | None) -> None:
        """Lets nothing be used but the tree of layers and a dialog beside it; None lets all be used again."""
        held = (self.menuBar(), *self.findChildren(QToolBar), *self._docks.values(), *self.findChildren(QDialog))
        for widget in held:
            widget.setEnabled(asking is None or widget is asking)
        self.setAcceptDrops(asking is None)

    def reset_layout(self) -> None:
        """Puts every panel where it belongs."""
        self.restoreState(self._default_state, _LAYOUT_VERSION)
        self._default_sizes()

    def _arrange(self) -> None:
        self.actions_.fill_menus(self.menuBar())
        self._add_toolbars()
        self.setCentralWidget(self._central())
        right, bottom = Qt.DockWidgetArea.RightDockWidgetArea, Qt.DockWidgetArea.BottomDockWidgetArea
        self._add_dock("inspectorDock", "Layer", self.inspector, right)
        self._add_dock("trainingDock", "Training", _pane(self.training), bottom)
        self._add_dock("plotsDock", "Curves", _pane(self.plots), bottom)
        self._add_dock("runsDock", "Runs and Log", _pane(self._runs_and_log()), bottom)
        self._add_status()

    def _add_toolbars(self) -> None:
        tools = FittingToolBar("Tools")
        self._add_bar("toolBar", tools)
        tools.setIconSize(QSize(_TOOL_ICON, _TOOL_ICON))
        self.actions_.fill_toolbar(tools)
        self.addToolBarBreak()
        row = QToolBar("Summary")
        self._add_bar("summaryToolBar", row)
        if layout := row.layout():
            layout.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.summary)

    def _add_bar(self, name: str, bar: QToolBar) -> None:
        bar.setObjectName(name)
        bar.setMovable(False)
        bar.toggleViewAction().setVisible(False)
        self.addToolBar(bar)

    def _central(self) -> QWidget:
        central = QWidget()
        layout = QVBoxLayout(central)
        layout.setContentsMargins(CORNER, CORNER, 0, 0)
        layout.setSpacing(CORNER)
        layout.addWidget(self.layers, 1)
        # Below them, as it comes and goes: above, it would move each row away from under the pointer.
        layout.addWidget(self.notices)
        return central

    def _runs_and_log(self) -> QTabWidget:
        tabs = QTabWidget()
        tabs.setObjectName("runsTabs")
        tabs.setDocumentMode(True)
        tabs.addTab(self.runs, "Runs")
        tabs.addTab(self.log, "Log")
        return tabs

    def _add_dock(self, name: str, title: str, widget: QWidget, area: Qt.DockWidgetArea) -> None:
        dock = QDockWidget(title, self)
        dock.setObjectName(name)
        dock.setWidget(_with_margins(widget, *_DOCK_MARGINS.get(name, (0, 0, 0, 0))))
        self.addDockWidget(area, dock)
        self.actions_.panels.addAction(dock.toggleViewAction())
        self._docks[name] = dock

    def _default_sizes(self) -> None:
        docks = self._docks
        bottom = [docks["trainingDock"], docks["plotsDock"], docks["runsDock"]]
        plots_width = self.width() - _TRAINING_WIDTH - _RUNS_WIDTH
        self.resizeDocks(bottom, [_TRAINING_WIDTH, plots_width, _RUNS_WIDTH], Qt.Orientation.Horizontal)
        self.resizeDocks([docks["inspectorDock"]], [_INSPECTOR_WIDTH], Qt.Orientation.Horizontal)
        self.resizeDocks(bottom, [_BOTTOM_HEIGHT] * 3, Qt.Orientation.Vertical)

    def _add_status(self) -> None:
        self.status.setObjectName("statusMessage")
        self.status.setAccessibleName("Status")
        bar = self.statusBar()
        bar.setSizeGripEnabled(False)
        bar.setContentsMargins(CORNER, 0, CORNER, 2)
        bar.addWidget(self.progress, 1)
        bar.addPermanentWidget(self.status)

    # -- Qt ---------------------------------------------------------------------------------------------------

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        event.setAccepted(self.may_close())

    @override
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _dropped(event):
            event.acceptProposedAction()

    @override
    def dropEvent(self, event: QDropEvent) -> None:
        path = _dropped(event)
        if path:
            event.acceptProposedAction()
            is_data = path.suffix.lower() in DATA_SUFFIXES or (path.is_dir() and not (path / MODEL_FILE).exists())
            (self.data_dropped if is_data else self.model_dropped).emit(path)


def _pane(widget: QWidget) -> QFrame:
    """A flat pane round a widget; its margins leave the rounded corners to be seen."""
    pane = QFrame()
    pane.setProperty("pane", True)
    layout = QVBoxLayout(pane)
    layout.setContentsMargins(1, 1, 1, CORNER // 2)
    layout.addWidget(widget)
    return pane


def _with_margins(widget: QWidget, *margins: int) -> QWidget:
    holder = QWidget()
    layout = QVBoxLayout(holder)
    layout.setContentsMargins(*margins)
    layout.addWidget(widget)
    return holder


def _dropped(event: QDropEvent) -> Path | None:
    """The first file, or folder of a SavedModel, of a drop that can be opened; None if there is none."""
    paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
    return next((path for path in paths if _can_be_opened(path)), None)


def _can_be_opened(path: Path) -> bool:
    is_map = path.name.lower().endswith(".freeze.json")
    is_file = path.suffix.lower() in MODEL_SUFFIXES + DATA_SUFFIXES or path.name == MODEL_FILE
    return path.is_dir() or (is_file and not is_map)
