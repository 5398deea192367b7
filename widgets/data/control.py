"""Between the data dialog, the training panel and the engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDialog

from editor.layers.tree import LayerTree
from editor.processes.data_messages import DataDescribed, DataProgressed, DescribeData, GiveUpData
from editor.processes.messages import RequestFailed
from editor.training.function_code import function_name
from editor.training.settings import TrainSettings
from widgets.data.functions import FunctionDialog, consent_for, remember_consent
from widgets.document import Document
from widgets.engine_link import EngineLink
from widgets.icons import Icons
from widgets.main_window import MainWindow
from widgets.settings import Settings
from widgets.theme import Theme

if TYPE_CHECKING:
    from widgets.data.dialog import DataDialog


class DataControl(QObject):
    """Opens the dialog, asks the engine for what it shows, and puts what was agreed to into the training panel.

    Args:
        window: Has the training panel.
        link: To the engine.
        settings: Remember what was chosen, and consents.
        theme: Colours.
        current: The document that is open.
    """

    def __init__(
        self,
        window: MainWindow,
        link: EngineLink,
        *,
        settings: Settings,
        theme: Theme,
        current: Callable[[], Document | None],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._link = link
        self._settings = settings
        self._theme = theme
        self._current = current
        self._dialog: DataDialog | None = None
        self._request_id = 0
        self._has_engine_ended = False
        link.data_described.connect(self._on_data_described)
        link.data_progressed.connect(self._on_data_progressed)
        link.request_failed.connect(self._on_request_failed)
        link.engine_ready.connect(self._on_engine_ready)
        link.engine_ended.connect(self._on_engine_ended)
        window.training.data_field.edit_requested.connect(self.open)
        window.training.data_field.data_changed.connect(self._on_data_changed)

    def restore(self) -> None:
        """Puts what earlier sessions chose into the training panel."""
        field = self._window.training.data_field
        field.set_all_options(self._settings.data_options())

    def remember(self) -> None:
        """Keeps what is chosen for the next session."""
        self._settings.set_data_options(self._window.training.data_field.all_options())

    @property
    def dialog(self) -> DataDialog | None:
        """The dialog, while it is open."""
        return self._dialog

    def open(self) -> None:
        """Opens the dialog on what the training panel says, or brings it to the front."""
        if self._dialog:
            # A wizard that asked for it had it stand still with all else.
            self._dialog.setEnabled(True)
            self._dialog.raise_()
            self._dialog.activateWindow()
            return
        # Its parts are not needed for the first paint.
        from widgets.data.dialog import DataDialog

        dialog = self._dialog = DataDialog(self._theme, Icons(self._theme, self), self._window)
        dialog.finished.connect(self._on_dialog_finished)
        dialog.description_wanted.connect(self._on_description_wanted)
        dialog.function_wanted.connect(self._ask_for_function)
        dialog.agreed.connect(self._on_agreed)
        field = self._window.training.data_field
        document = self._current()
        dialog.begin(
            self._window.training.settings(),
            recent=field.recent(),
            remembered=field.all_options(),
            names=model_names(document.tree) if document and document.is_live else ((), ()),
        )
        dialog.show()

    def open_with(self, data: str) -> None:
        """Chooses data and shows them, as after a drop."""
        self._window.training.set_data(data)
        if self._dialog:
            self._dialog.choose(data)
        self.open()

    def note_live(self, document: Document) -> None:
        """The engine has the document, or its layers are others: what was said of the data is looked at again."""
        if self._dialog:
            self._dialog.take_names(*model_names(document.tree))

    # -- the engine -----------------------------------------------------------------------------------------------

    def _on_description_wanted(self, settings: TrainSettings, sample_seed: int) -> None:
        document = self._current()
        is_live = document is not None and document.is_live
        self._request_id = self._link.new_request_id()
        self._has_engine_ended = False
        request = DescribeData(
            request_id=self._request_id,
            document_id=document.document_id if document and is_live else None,
            settings=self._with_consent(settings),
            sample_seed=sample_seed,
        )
        self._link.send(request)

    def _on_engine_ready(self, _event: object) -> None:
        """Another engine has not heard what the last one was asked; what ended that one is not asked again."""
        if self._dialog and not self._has_engine_ended:
            self._dialog.ask_again()

    def _on_engine_ended(self, _exit_code: object) -> None:
        if self._dialog and self._dialog.is_reading:
            self._has_engine_ended = True
            name = Path(self._dialog.settings().data).name
            self._dialog.show_failure(
                f"The engine ended while it read {name}; the model is as it was. If the memory was used up, take fewer "
                "or smaller samples; else choose other data."
            )

    def _on_data_described(self, event: DataDescribed) -> None:
        if self._dialog and event.request_id == self._request_id:
            self._dialog.show_description(event)

    def _on_data_progressed(self, event: DataProgressed) -> None:
        if self._dialog and event.request_id == self._request_id:
            self._dialog.show_progress(event)

    def _on_request_failed(self, event: RequestFailed) -> None:
        if self._dialog and event.request_id == self._request_id:
            self._dialog.show_failure(f"{event.problem.summary} {event.problem.hint}".strip())

    # -- consent --------------------------------------------------------------------------------------------------

    def _with_consent(self, settings: TrainSettings) -> TrainSettings:
        digest, _has_changed = consent_for(self._settings, settings.data)
        return replace(settings, data_options=replace(settings.data_options, consent=digest))

    def _on_data_changed(self) -> None:
        """A function that was used before comes with the consent that was given, if its code is still the same."""
        field = self._window.training.data_field
        if function_name(field.data()):
            digest, _has_changed = consent_for(self._settings, field.data())
            if digest != field.options().consent:
                field.choose(field.data(), replace(field.options(), consent=digest))

    def _ask_for_function(self) -> None:
        dialog = self._dialog
        if not dialog:
            return
        data = dialog.settings().data
        _digest, has_changed = consent_for(self._settings, data)
        question = FunctionDialog(Path(dialog.source.folder or "."), data, has_changed=has_changed, parent=dialog)
        question.agreed.connect(self._on_function_agreed)
        question.finished.connect(question.deleteLater)
        question.open()

    def _on_function_agreed(self, data: str, digest: str) -> None:
        remember_consent(self._settings, data, digest)
        if self._dialog:
            self._dialog.choose(data)

    # -- the end --------------------------------------------------------------------------------------------------

    def _on_agreed(self, chosen: TrainSettings) -> None:
        training = self._window.training
        options = self._with_consent(chosen).data_options
        training.set_settings(
            replace(
                training.settings(),
                data=chosen.data,
                data_options=options,
                validation_split=chosen.validation_split,
            )
        )

    def _on_dialog_finished(self, result: int) -> None:
        if result == QDialog.DialogCode.Rejected:
            # What was agreed to is asked for again, by the training panel.
            self._link.send(GiveUpData(request_id=self._request_id))
        self._dialog = None
        self._request_id = 0


def model_names(tree: LayerTree) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of a model's inputs and of its outputs, as Keras has them; as far as the tree tells."""
    layers = tree.root.children
    taken = {source for layer in layers for source in layer.record.takes_from}
    inputs = tuple(layer.name for layer in layers if layer.record.class_name == "InputLayer")
    outputs = tuple(layer.name for layer in layers if layer.record.layer_id not in taken)
    return inputs, outputs if tree.root.record.is_graph and len(inputs) else ()
