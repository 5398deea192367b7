"""The commands that edit a model's layers: asked for in dialogs, made by the engine, one step each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from editor.errors import Problem
from editor.layers.cutting import structure_obstacle
from editor.layers.nodes import LayerNode, Node
from editor.layers.selection import topmost
from editor.layers.structure import AddLayers, ReplaceHead
from editor.layers.tree import LayerTree
from editor.processes.edit_messages import EditModel, ModelEdited
from editor.processes.messages import RequestFailed
from editor.training.head_settings import settings_for_head
from editor.wording import some_of
from widgets.dialogs.rename_layer import ReinitialiseDialog, RenameLayerDialog
from widgets.dialogs.replace_head import HeadDialog
from widgets.dialogs.transfer_learning import TransferWizard
from widgets.document import Document
from widgets.engine_link import EngineLink
from widgets.layer_tree.cut_look import layer_of
from widgets.main_window import MainWindow
from widgets.notice_bar import Level
from widgets.notifier import Notifier
from widgets.places import select_paths
from widgets.surgery.beside_tree import BesideTree
from widgets.surgery.data_facts import DataFacts
from widgets.surgery.wish import EditWish, command_of, new_layers
from widgets.undo import push_weights


@dataclass(frozen=True)
class _Job:
    request_id: int
    document: Document
    wish: EditWish


class Surgery(QObject):
    """One edit at a time.

    Args:
        window: Has the actions, and the training panel whose settings the wizard may change.
        link: To the engine.
        notifier: Says what came of it.
        current: The document that is open.
        obstacle: Why the engine can do nothing now; empty if it can.

    Signals:
        busy_changed: An edit begins or has ended.
    """

    busy_changed = Signal()

    def __init__(
        self,
        window: MainWindow,
        link: EngineLink,
        *,
        notifier: Notifier,
        current: Callable[[], Document | None],
        obstacle: Callable[[], str],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._link = link
        self._notifier = notifier
        self._current = current
        self._obstacle = obstacle
        self._job: _Job | None = None
        self.data_facts = DataFacts(window.training, self)
        self._beside_tree = BesideTree(window)
        handlers: dict[str, Callable[[Document], None]] = {
            "replace_head": lambda document: self._ask_for_head(document, is_on_top=False),
            "add_layers": lambda document: self._ask_for_head(document, is_on_top=True),
            "transfer_learning": self._ask_for_transfer,
            "reinitialise": self._reinitialise,
            "rename_layer": self._ask_for_name,
        }
        for name, handler in handlers.items():
            window.actions_[name].triggered.connect(lambda _checked=False, run=handler: self._begin(run))
        link.model_edited.connect(self._on_model_edited)
        link.request_failed.connect(self._on_request_failed)
        link.engine_ended.connect(self._on_engine_ended)

    @property
    def is_busy(self) -> bool:
        """Whether the engine is at work on an edit."""
        return self._job is not None

    def fit_actions(self, tree: LayerTree | None, nodes: tuple[Node, ...]) -> None:
        """Lets those of the commands be used that mean something for the selection."""
        actions = self._window.actions_
        is_graph = tree is not None and not structure_obstacle(tree)
        layer = _only_layer(nodes)
        can = {
            "replace_head": is_graph,
            "add_layers": is_graph,
            "transfer_learning": is_graph,
            "reinitialise": any(node.weights_below for node in nodes),
            "rename_layer": layer is not None and layer.parent is not None and layer.parent.record.is_graph,
        }
        for name, is_possible in can.items():
            # A reason is better said than guessed: what subclassed models cannot have answers with a sentence.
            actions[name].setEnabled(tree is not None and not self.is_busy and (is_possible or name in _OF_THE_MODEL))

    # -- wishes -----------------------------------------------------------------------------------------------

    def _begin(self, ask: Callable[[Document], None]) -> None:
        document = self._current()
        if document is not None and not self._is_hindered():
            ask(document)

    def _is_hindered(self) -> bool:
        """Whether no edit can be made now; says why."""
        obstacle = "Another edit is being made." if self.is_busy else self._obstacle()
        if obstacle:
            self._notifier.say(Level.WARNING, f"{obstacle} The layers can be edited when that is over.")
        return bool(obstacle)

    def _ask_for_head(self, document: Document, *, is_on_top: bool) -> None:
        if self._refuses(document):
            return
        nodes = self._window.layers.selected_nodes()
        dialog = HeadDialog(
            document.tree, _only_layer(nodes), self.data_facts.now(), is_on_top=is_on_top, parent=self._window
        )
        dialog.edit_requested.connect(self.make)
        self.data_facts.changed.connect(dialog.take_advice)
        if is_on_top:
            dialog.ask()
        else:
            self._beside_tree.ask(dialog)

    def _ask_for_transfer(self, document: Document) -> None:
        if self._refuses(document):
            return
        settings = self._window.training.settings()
        wizard = TransferWizard(document.tree, self.data_facts.now(), settings, self._window)
        wizard.edit_requested.connect(self.make)
        self.data_facts.changed.connect(wizard.take_advice)
        wizard.data_page.data_requested.connect(self._window.actions_["data"].trigger)
        self._beside_tree.ask(wizard)

    def close(self) -> None:
        """The window ends."""
        self._beside_tree.close()

    def _refuses(self, document: Document) -> bool:
        obstacle = structure_obstacle(document.tree)
        if obstacle:
            self._notifier.say(Level.WARNING, f"{obstacle} Its weights can be re-initialised.")
        return bool(obstacle)

    def _reinitialise(self, document: Document) -> None:
        nodes = [layer_of(node) for node in topmost(self._window.layers.selected_nodes())]
        layers = list(dict.fromkeys(node for node in nodes if node and node.weights_below))
        if not layers:
            self._notifier.say(Level.WARNING, "Nothing with weights is selected. Select the layers first.")
            return
        dialog = ReinitialiseDialog(document.tree, tuple(layers), self._window)
        dialog.edit_requested.connect(self.make)
        dialog.ask()

    def _ask_for_name(self, document: Document) -> None:
        layer = _only_layer(self._window.layers.selected_nodes())
        if layer is None or self._refuses(document):
            return
        dialog = RenameLayerDialog(document.tree, layer, self._window)
        dialog.edit_requested.connect(self.make)
        dialog.ask()

    def make(self, wish: EditWish) -> None:
        """Has the engine make an edit of the document that is open."""
        document = self._current()
        if document is None or self._is_hindered():
            return
        self._set_job(_Job(self._link.new_request_id(), document, wish))
        assert self._job
        self._notifier.busy(f"{wish.text}: the model is written, changed and read back…")
        self._link.send(
            EditModel(
                request_id=self._job.request_id,
                document_id=document.document_id,
                edit=wish.edit,
                workspace=str(document.workspace.folder),
            )
        )

    # -- what the engine says ---------------------------------------------------------------------------------

    def _on_model_edited(self, event: ModelEdited) -> None:
        job = self._take(event.request_id)
        if not job or job.document is not self._current():
            return
        command = command_of(job.document, job.wish, event)
        push_weights(job.document, command)
        new = new_layers(command)
        told = (f"New: {some_of([layer.path for layer in new])}.",) if new else ()
        notes = (*told, *event.notes, *self._settle_settings(job.wish))
        self._notifier.say(Level.DONE, " ".join((f"{job.wish.text}: done.", *notes)))
        if new:
            # The notice has its place by now, so that it covers none of them.
            select_paths(self._window, job.document, [layer.path for layer in topmost(new)])
            self._window.layers.bring_into_view(new[-1])

    def _settle_settings(self, wish: EditWish) -> tuple[str, ...]:
        """Gives the training panel what goes with the layers; says what was chosen there and does not."""
        panel = self._window.training
        if not isinstance(wish.edit, ReplaceHead | AddLayers):
            return ()
        settings, notes = settings_for_head(wish.settings or panel.settings(), wish.edit.head.activation)
        if wish.settings or notes:
            panel.set_settings(settings)
        return notes

    def _on_request_failed(self, event: RequestFailed) -> None:
        if self._take(event.request_id):
            self._notifier.problem(event.problem)

    def _on_engine_ended(self, _exit_code: object) -> None:
        if self._job and (job := self._take(self._job.request_id)):
            problem = Problem(f"The engine ended before this was done: {job.wish.text}.", "Nothing changed. Try again.")
            self._notifier.problem(problem)

    def _take(self, request_id: int) -> _Job | None:
        job = self._job
        if not job or job.request_id != request_id:
            return None
        self._set_job(None)
        return job

    def _set_job(self, job: _Job | None) -> None:
        self._job = job
        self.busy_changed.emit()


_OF_THE_MODEL = ("replace_head", "add_layers", "transfer_learning")


def _only_layer(nodes: tuple[Node, ...]) -> LayerNode | None:
    """The layer that is selected alone, itself or by its weights."""
    layers = {layer for node in nodes if (layer := layer_of(node))}
    return layers.pop() if len(layers) == 1 else None
