"""Draws every main state of the window to PNG files, offscreen: `python -m tests.screenshots DIR`."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from msgspec.structs import replace
from PySide6.QtCore import QEventLoop, QPoint, Qt, QTimer, qInstallMessageHandler
from PySide6.QtGui import QContextMenuEvent, QPainter, QPixmap
from PySide6.QtWidgets import QApplication, QDockWidget, QScrollArea, QToolButton, QWidget

from editor.files.facts import FileFacts, Preview
from editor.files.freeze_json import write_freeze_json
from editor.files.options import OpenOptions
from editor.layers.edits import set_policy, set_stays_frozen
from editor.layers.freeze_map import FreezeMap
from editor.layers.nodes import LayerNode
from editor.layers.policies import StatisticsPolicy
from editor.layers.records import LayerRecord, WeightRecord
from editor.training.settings import TrainSettings
from resources import resource_path
from tests.files.application_shapes import entry_of, filled
from tests.long_runs import PHASES, feed_run
from widgets.app import App
from widgets.dialogs.architecture import ArchitectureQuestion
from widgets.dialogs.compare_maps import CompareMapsDialog
from widgets.dialogs.new_application import NewApplicationDialog
from widgets.dialogs.replace_head import HeadDialog
from widgets.dialogs.transfer_learning import TransferWizard
from widgets.opening import OpenWish
from widgets.settings import Settings
from widgets.theme import Mode
from widgets.training.plot_settings import PlotSettings, XAxis
from widgets.training.run_state import RunState

SIZES = {"": (1280, 800), "-wide": (1440, 900)}
PATIENCE_MS = 120_000
DRAW_MS = 250
EPOCHS = 16
"""Enough for the run to be under way in all of its pictures."""


class Photographer:
    """Goes through the states of one window and takes a picture of each, in light and dark."""

    def __init__(self, folder: Path, scratch: Path, sizes: dict[str, tuple[int, int]]) -> None:
        self._folder = folder
        self._sizes = sizes
        self._scratch = scratch
        qt = QApplication.instance() or QApplication([])
        assert isinstance(qt, QApplication)
        self._app = App(qt, Settings(scratch / "settings.ini"), scratch / "workspaces")

    def take_all(self) -> None:
        """Takes every picture and ends the program."""
        self._app.show()
        for number, (name, reach) in enumerate(self._states(), start=1):
            reach()
            self._take(f"{number}-{name}", reach if name.endswith(("menu", "crosshair")) else None)
        self._app.leave()

    def _states(self) -> Iterator[tuple[str, Callable[[], None]]]:
        yield "empty", lambda: None
        yield "preview-loading", self._preview_while_the_engine_starts
        yield "trust", self._ask_for_code
        yield "preview-unknown", self._keep_the_preview
        yield "open", self._open
        yield "mixed", self._freeze
        yield "policies", self._choose_policies
        yield "pattern", lambda: self._look_for("class:BatchNormalization")
        yield "pattern-problem", lambda: self._look_for("re:conv_(1")
        yield "pattern-nothing", lambda: self._look_for("backbone/conv_9")
        yield "presets", self._open_presets
        yield "last-layers", self._ask_last_layers
        yield "layer-menu", self._open_layer_menu
        yield "replace-head", self._ask_for_head
        yield "transfer-head", self._ask_for_transfer
        yield "transfer-first-run", self._turn_page
        yield "new-head", self._make_new_head
        yield "findings", self._show_findings
        yield "changes", self._show_changes
        yield "compare", self._compare
        yield "apply-map", self._ask_to_apply
        yield "python", self._show_python
        yield "data", self._show_data
        yield "preflight", self._show_preflight
        yield "training", self._train
        yield "paused", self._pause_run
        yield "finished", self._finish_run
        yield "runs", self._compare_runs
        yield "more-settings", self._unfold_settings
        yield "curves-phases", self._show_phases
        yield "curves-crosshair", lambda: self._app.window.plots.plots[0].pointed.emit(7.3)
        yield "curves-log", lambda: self._show_curves(is_log=True, x_axis=XAxis.TIME, smoothing=0.95)
        yield "curves-overlays", self._show_overlays
        yield "curves-paused", self._show_paused
        yield "curves-narrow", lambda: self._widen_plots(380)
        yield "curves-menu", self._open_curves_menu
        yield "saved", self._save
        yield "settings-problem", self._spoil_settings
        yield "error", self._open_what_is_no_model
        yield "new-application", self._ask_for_new_model
        yield "architecture", self._ask_for_architecture

    def _preview_while_the_engine_starts(self) -> None:
        """The engine loads what no picture needs: code that never ends."""
        path, code = self._scratch / "digits_transfer.keras", self._scratch / "endless.py"
        shutil.copy(resource_path("demo", "digits_transfer.keras"), path)
        code.write_text("import time\nwhile True:\n    time.sleep(1)\n")
        self._app.open(path, OpenOptions.of_code(code))
        self._wait(lambda: self._app.document is not None)

    def _ask_for_code(self) -> None:
        before = self._app.document
        self._app.open(_subclassed_model(self._scratch))
        self._wait(lambda: self._app.document is not before and QApplication.activeModalWidget() is not None)

    def _keep_the_preview(self) -> None:
        self._close_what_is_above()
        window = self._app.window
        assert self._app.document
        window.layers.view.folding.expand_below([self._app.document.tree.root])
        node = self._app.document.tree.find("conv1")
        assert node
        window.layers.select_nodes([node])

    def _open(self) -> None:
        self._app.window.training.set_settings(TrainSettings(data="sample:digits", epochs=EPOCHS))
        self._app.open(resource_path("demo", "digits_transfer.keras"))
        self._wait(lambda: not self._app.window.training.start_obstacle())

    def _freeze(self) -> None:
        document, layers = self._app.document, self._app.window.layers
        assert document
        for paths in (("backbone",), ("backbone/conv_3", "backbone/bn_3:gamma")):
            nodes = [node for path in paths if (node := document.tree.find(path))]
            layers.select_nodes(nodes)
            layers.ask_for(trainable=paths[0] != "backbone")

    def _choose_policies(self) -> None:
        document, window = self._app.document, self._app.window
        assert document
        for path, policy in (("backbone/bn_1", StatisticsPolicy.UPDATE), ("backbone/bn_3", StatisticsPolicy.STILL)):
            layer = document.tree.find(path)
            assert isinstance(layer, LayerNode)
            document.make(set_policy(document.tree, [layer], policy))
            document.make(set_stays_frozen(document.tree, [layer], holds=path.endswith("1")))
            window.layers.select_nodes([layer])

    def _look_for(self, pattern: str) -> None:
        layers = self._app.window.layers
        backbone = self._app.document and self._app.document.tree.find("backbone")
        assert backbone
        layers.view.collapse(layers.view.index_of(backbone))
        layers.open_pattern_bar()
        layers.pattern_bar.field.setText(pattern)

    def _open_presets(self) -> None:
        layers = self._app.window.layers
        layers.pattern_bar.close_bar()
        layers.view.folding.open_at_first()
        button = layers.preset_button
        self._app.window.actions_.presets.popup(button.mapToGlobal(button.rect().bottomLeft()))

    def _ask_last_layers(self) -> None:
        self._close_what_is_above()
        self._app.window.actions_["last_layers"].trigger()

    def _open_layer_menu(self) -> None:
        self._close_what_is_above()
        layers = self._app.window.layers
        assert self._app.document
        layer = self._app.document.tree.find("backbone/bn_1")
        assert layer
        layers.select_nodes([layer])
        place = layers.view.visualRect(layers.view.currentIndex()).center()
        event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, layers.view.viewport().mapToGlobal(place))
        QApplication.sendEvent(layers.view.viewport(), event)

    def _show_data(self) -> None:
        self._close_what_is_above()
        self._app.data.open()
        dialog = self._app.data.dialog
        assert dialog
        self._wait(lambda: not dialog.is_busy)

    def _show_preflight(self) -> None:
        if dialog := self._app.data.dialog:
            dialog.reject()
        self._wait(lambda: self._app.preflight.is_current)
        self._app.preflight.open()

    def _ask_for_head(self) -> None:
        window = self._app.window
        self._wait(lambda: not window.training.start_obstacle())
        self._ask_for_edit("replace_head")
        dialog, document = self._beside_the_tree(), self._app.document
        assert dialog and document
        place = document.tree.find("backbone/conv_2")
        assert isinstance(place, LayerNode)
        dialog.choose_place(place)

    def _ask_for_edit(self, name: str) -> None:
        self._close_what_is_above()
        self._app.window.actions_[name].trigger()

    def _ask_for_transfer(self) -> None:
        self._ask_for_edit("transfer_learning")
        self._turn_page()

    def _turn_page(self) -> None:
        wizard = self._beside_the_tree()
        assert isinstance(wizard, TransferWizard)
        wizard.next_button.click()

    def _make_new_head(self) -> None:
        self._turn_page()
        self._wait(lambda: not self._app.surgery.is_busy)
        self._app.window.inspector.tabs.setCurrentWidget(self._app.window.changes)

    def _take_new_head_back(self) -> None:
        self._app.undo.undo()
        self._wait(lambda: not self._app.undo.is_busy)
        self._app.window.inspector.tabs.setCurrentIndex(0)

    def _show_findings(self) -> None:
        self._take_new_head_back()
        self._close_what_is_above()
        tabs, findings = self._app.window.inspector.tabs, self._app.window.findings
        tabs.setCurrentWidget(findings)
        self._wait(lambda: bool(findings.list_.cards))

    def _show_changes(self) -> None:
        changes = self._app.window.changes
        self._app.window.inspector.tabs.setCurrentWidget(changes)
        changes.view.expand(changes.model.index(0, 0))

    def _compare(self) -> None:
        assert self._app.document
        self._app.window.inspector.tabs.setCurrentIndex(0)
        self._write_other_map(self._scratch / "last_week.freeze.json")
        self._app.side_files.maps.compare(self._scratch / "last_week.freeze.json")
        self._wait(lambda: self._app.window.findChild(CompareMapsDialog) is not None)

    def _ask_to_apply(self) -> None:
        self._app.side_files.maps.end()
        self._app.side_files.maps.apply(self._scratch / "last_week.freeze.json")
        self._wait(lambda: QApplication.activeModalWidget() is not None)

    def _write_other_map(self, path: Path) -> None:
        """A map of the same model with other flags, a layer more and a weight of another shape."""
        document = self._app.document
        assert document
        layers = {
            name: replace(flags, weights=dict.fromkeys(flags.weights, "trainable" if "_3" in name else "frozen"))
            for name, flags in document.freeze_map().layers.items()
        }
        layers["digit"] = replace(layers["digit"], shapes={"kernel": (64, 12), "bias": (10,)})
        layers["backbone/conv_4"] = layers["backbone/conv_3"]
        layers["backbone/conv_4"] = replace(layers["backbone/conv_4"], store="")
        write_freeze_json(path, FreezeMap(layers=layers))

    def _show_python(self) -> None:
        self._close_what_is_above()
        self._app.window.actions_["copy_python"].trigger()
        self._app.window.notices.action_clicked.emit()

    def _close_what_is_above(self) -> None:
        above = QApplication.activePopupWidget() or QApplication.activeModalWidget() or self._beside_the_tree()
        if above:
            above.close()

    def _train(self) -> None:
        self._close_what_is_above()
        self._app.preflight.panel.hide()
        panel, plots = self._app.window.training, self._app.window.plots
        self._wait(lambda: not panel.start_obstacle())
        panel.request_start()
        self._wait(lambda: bool(plots.curves and len(plots.curves["loss"].validation) >= 3))

    def _show_phases(self) -> None:
        feed_run(self._app.window.plots, 1, 10, marks=PHASES)

    def _show_curves(self, **changes: object) -> None:
        self._app.window.plots.apply_settings(PlotSettings(**changes))

    def _show_overlays(self) -> None:
        plots = self._app.window.plots
        self._show_curves()
        feed_run(plots, 2, 12, speed=0.2)
        feed_run(plots, 3, 9, speed=0.5)
        feed_run(plots, 4, 8, marks=PHASES)
        plots.show_runs([1, 2, 3])
        plots.set_highlighted(3)

    def _show_paused(self) -> None:
        plots = self._app.window.plots
        plots.show_runs([])
        feed_run(plots, 5, 2, planned=200, marks=((1, 60, "paused", ""),))

    def _widen_plots(self, width: int) -> None:
        window = self._app.window
        docks = [dock for dock in window.findChildren(QDockWidget) if dock.objectName() in ("plotsDock", "runsDock")]
        docks.sort(key=lambda dock: dock.objectName())
        window.resizeDocks(docks, [width, window.width() - 300 - width], Qt.Orientation.Horizontal)

    def _open_curves_menu(self) -> None:
        self._close_what_is_above()
        self._widen_plots(700)
        self._pause()
        button = self._app.window.plots.bar.findChild(QToolButton, "axisButton")
        assert button and button.menu()
        button.menu().popup(button.mapToGlobal(button.rect().bottomLeft()))

    def _pause_run(self) -> None:
        """Held, with flags and a learning rate that the run does not have yet."""
        panel, runs = self._app.window.training, self._app.runs
        if not runs.is_active:
            # The pictures before have taken longer than the run.
            self._wait(lambda: not panel.start_obstacle())
            panel.request_start()
        self._wait(lambda: runs.state is not RunState.STARTING)
        panel.request_pause()
        self._wait(lambda: runs.state is RunState.PAUSED or not runs.is_active)
        layers = self._app.window.layers
        layer = self._app.document and self._app.document.tree.find("backbone/conv_1")
        assert layer
        layers.select_nodes([layer])
        layers.ask_for(trainable=True)
        panel.set_settings(replace(panel.settings(), learning_rate=0.0001))

    def _finish_run(self) -> None:
        self._app.window.training.request_pause()
        self._wait(lambda: not self._app.runs.is_active)

    def _compare_runs(self) -> None:
        """A second run that was taken back, both on the curves."""
        window = self._app.window
        window.training.set_settings(replace(window.training.settings(), epochs=2, learning_rate=0.001))
        self._wait(lambda: not window.training.start_obstacle())
        window.training.request_start()
        self._wait(lambda: not self._app.runs.is_active)
        self._app.undo.undo()
        self._wait(lambda: not self._app.undo.is_busy)
        window.runs.show_runs(window.runs.runs.entries, shown=True)

    def _unfold_settings(self) -> None:
        button = self._app.window.training.findChild(QToolButton, "moreButton")
        area = self._app.window.training.findChild(QScrollArea, "settingsArea")
        assert isinstance(button, QToolButton) and isinstance(area, QScrollArea)
        button.setChecked(True)
        self._pause()
        area.verticalScrollBar().setValue(area.verticalScrollBar().maximum())

    def _save(self) -> None:
        assert self._app.document
        self._close_what_is_above()
        self._app.saver.save(self._app.document, self._scratch / "digits_transfer.keras")
        self._wait(lambda: not self._app.saver.is_busy)

    def _spoil_settings(self) -> None:
        assert self._app.document
        self._app.window.training.set_data(str(self._scratch / "missing.npz"))
        layers = self._app.window.layers
        layers.select_nodes([self._app.document.tree.root])
        layers.ask_for(trainable=False)
        self._wait(lambda: "Data" in self._app.window.training.start_obstacle() or self._settle())

    def _open_what_is_no_model(self) -> None:
        path = self._scratch / "notes.keras"
        path.write_text("This is no model.")
        assert self._app.document
        self._app.document.stack.setClean()
        self._app.opener.open(OpenWish(path))
        self._wait(lambda: not self._app.opener.is_busy)

    def _ask_for_new_model(self) -> None:
        self._app.window.actions_["new"].trigger()
        dialog = self._app.window.findChild(NewApplicationDialog)
        assert isinstance(dialog, NewApplicationDialog)
        dialog.form.list_.field.setText("mobile")
        dialog.form.classes_field.setValue(10)

    def _ask_for_architecture(self) -> None:
        self._close_what_is_above()
        weights = tuple(
            WeightRecord(number, str(number), shape, "float32", 0, is_statistics=False, is_trainable=True)
            for number, shape in enumerate(filled(entry_of("MobileNetV2"), top=False))
        )
        facts = FileFacts(
            path=str(self._scratch / "backbone.weights.h5"),
            format="weights",
            keras_version=None,
            num_bytes=0,
            has_model_config=False,
            has_freeze_map=False,
        )
        preview = Preview(facts=facts, root=LayerRecord(layer_id=0, name="", class_name="", weights=weights))
        ArchitectureQuestion(self._app.window).decide(preview, OpenOptions(), lambda _options: None)

    def _settle(self) -> bool:
        self._pause()
        return True

    def _take(self, name: str, reach_again: Callable[[], None] | None = None) -> None:
        """Takes a picture in each theme and size; what goes or keeps its icons with another theme is reached anew."""
        for mode in (Mode.LIGHT, Mode.DARK):
            self._app.theme.set_mode(mode)
            if reach_again:
                reach_again()
            for suffix, size in self._sizes.items():
                self._app.window.resize(*size)
                self._pause()
                path = self._folder / f"{name}-{mode.value}{suffix}.png"
                self._picture().save(str(path))
                print(path)

    def _picture(self) -> QPixmap:
        """The window, with the menu or the dialog that stands over it."""
        window = self._app.window
        picture = window.grab()
        above = QApplication.activePopupWidget() or QApplication.activeModalWidget()
        above = above or window.findChild(CompareMapsDialog) or self._shown_above()
        if above:
            painter = QPainter(picture)
            painter.drawPixmap(window.mapFromGlobal(above.mapToGlobal(QPoint())), above.grab())
            painter.end()
        return picture

    def _shown_above(self) -> QWidget | None:
        """What stands over the window and lets it be used meanwhile."""
        panel = self._app.preflight.panel
        return self._app.data.dialog or self._beside_the_tree() or (panel if panel.isVisible() else None)

    def _beside_the_tree(self) -> HeadDialog | TransferWizard | None:
        dialogs = (*self._app.window.findChildren(HeadDialog), *self._app.window.findChildren(TransferWizard))
        return next((dialog for dialog in dialogs if dialog.isVisible()), None)

    def _pause(self) -> None:
        """Lets the window lay itself out and the plots draw."""
        loop = QEventLoop()
        QTimer.singleShot(DRAW_MS, loop.quit)
        loop.exec()

    def _wait(self, condition: Callable[[], bool]) -> None:
        loop = QEventLoop()
        timer = QTimer(interval=20)
        timer.timeout.connect(lambda: loop.quit() if condition() else None)
        timer.start()
        QTimer.singleShot(PATIENCE_MS, loop.quit)
        loop.exec()
        if not condition():
            raise TimeoutError("The window did not reach the state in time.")


def _subclassed_model(folder: Path) -> Path:
    """A model of a class of its own, made apart: this process never imports Keras."""
    code = (
        "import sys; from pathlib import Path; from tests.integration.files import SUBCLASSED; "
        "SUBCLASSED.write_model(Path(sys.argv[1]))"
    )
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True, capture_output=True)
    return folder / "small_cnn.keras"


def main() -> int:
    """Takes the pictures; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.screenshots", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--one-size", action="store_true", help="without the pictures of the wide window")
    arguments = parser.parse_args()
    folder: Path = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    sizes = {"": SIZES[""]} if arguments.one_size else SIZES
    qInstallMessageHandler(lambda *_message: None)
    with tempfile.TemporaryDirectory() as scratch:
        Photographer(folder, Path(scratch), sizes).take_all()
    return 0


if __name__ == "__main__":
    sys.exit(main())
