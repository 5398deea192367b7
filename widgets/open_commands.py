"""Opening, from what a person chose to the live model: asks for what a file needs, and says what came of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QObject, Signal

from editor.errors import Problem
from editor.files.code_needs import needed_to_load
from editor.files.facts import NO_ARCHITECTURE, Preview
from editor.files.options import OpenOptions
from widgets.dialogs.architecture import ArchitectureQuestion
from widgets.dialogs.files import choose_code, choose_folder, choose_model
from widgets.document import Document, Stage, lacks_architecture
from widgets.loading import Loader
from widgets.main_window import MainWindow
from widgets.notifier import Notifier
from widgets.opening import Opener, OpenWish
from widgets.opening_words import needs_words, opened_words
from widgets.preview_bar import Remedy
from widgets.recent_models import RecentModels

OnOptions = Callable[[OpenOptions], None]


class Asker(Protocol):
    """Asks a person for what a file needs before it can be loaded: consent to its code, or its architecture."""

    def decide(self, preview: Preview, options: OpenOptions, on_options: OnOptions) -> None:
        """Calls `on_options` with what the file may be loaded with.

        At once where no question is open, else when a person has answered; never if the answer is no.
        """


class OpenCommands(QObject):
    """Opens files, and loads what is open.

    Args:
        window: Has the actions and takes drops.
        opener: Makes a document of a file.
        loader: Makes the document live.
        recent: Knows where the last model was.
        notifier: Says what came of it.
        current: The document that is open.

    Attributes:
        trust: Asks about code; to be set before the first file is opened.
        may_choose: Whether another model may be opened now; says why not.
        architectures: Asks for the architecture of a file of weights.
    """

    open_requested = Signal(object)
    """Carries the `OpenWish` that a person chose."""

    trust: Asker

    def __init__(
        self,
        window: MainWindow,
        opener: Opener,
        loader: Loader,
        *,
        recent: RecentModels,
        notifier: Notifier,
        current: Callable[[], Document | None],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._opener = opener
        self._loader = loader
        self._recent = recent
        self._notifier = notifier
        self._current = current
        self.may_choose: Callable[[], bool] = lambda: True
        self.architectures: Asker = ArchitectureQuestion(window)
        self._connect()

    def _connect(self) -> None:
        actions, window = self._window.actions_, self._window
        actions["open"].triggered.connect(lambda _checked=False: self.choose())
        actions["open_folder"].triggered.connect(lambda _checked=False: self._choose_folder())
        actions["open_with_code"].triggered.connect(lambda _checked=False: self._choose_with_code())
        actions["give_code"].triggered.connect(lambda _checked=False: self._on_remedy_chosen(Remedy.GIVE_CODE))
        self._recent.chosen.connect(lambda path: self._request(path, self._recent.options_of(path)))
        window.model_dropped.connect(self._request)
        window.layers.open_requested.connect(self.choose)
        window.layers.preview_bar.remedy_chosen.connect(self._on_remedy_chosen)
        self._opener.progressed.connect(self._on_progressed)
        self._loader.stayed.connect(self._on_stayed)

    # -- what a person chooses --------------------------------------------------------------------------------

    def choose(self) -> None:
        """Asks for a file."""
        if self.may_choose():
            choose_model(self._window, self._recent.folder, self._request)

    def _choose_folder(self) -> None:
        if self.may_choose():
            choose_folder(self._window, self._recent.folder, self._request)

    def _choose_with_code(self) -> None:
        def code_for(model: Path) -> None:
            choose_code(self._window, model.parent, lambda code: self._request(model, OpenOptions.of_code(code)))

        if self.may_choose():
            choose_model(self._window, self._recent.folder, code_for)

    def _request(self, path: Path, options: OpenOptions | None = None) -> None:
        self.open_requested.emit(OpenWish(path, options or OpenOptions()))

    # -- from preview to live model ---------------------------------------------------------------------------

    def begin(self, document: Document) -> None:
        """Loads a document that was just opened, if nothing stands against it, or asks for what it needs."""
        trouble = self._standing_against(document)
        if trouble is None:
            self._loader.load(document)
            return
        document.stay_preview(trouble)
        self._ask(document)
        if document.stage is Stage.PREVIEW:
            self.say(document)

    def _standing_against(self, document: Document) -> Problem | None:
        preview = document.preview
        if preview.obstacle:
            return Problem(preview.obstacle)
        if lacks_architecture(document):
            return Problem(NO_ARCHITECTURE)
        return Problem(needs_words(preview)) if needed_to_load(preview.needs) else None

    def _ask(self, document: Document) -> None:
        """Asks for what the document needs; an answer that comes when another one is open is of no use any more."""
        if lacks_architecture(document):
            self._ask_for_architecture(document)
        elif needed_to_load(document.preview.needs) and not document.preview.obstacle:
            self._ask_for_code(document)

    def _ask_for_architecture(self, document: Document) -> None:
        """With an architecture the same file has other layers: it is read anew."""
        self.architectures.decide(
            document.preview,
            document.options,
            lambda given: self._if_open(document, lambda: self._request(document.path, given)),
        )

    def _ask_for_code(self, document: Document) -> None:
        self.trust.decide(
            document.preview,
            document.options,
            lambda given: self._if_open(document, lambda: self._load(document, given)),
        )

    def _load(self, document: Document, options: OpenOptions | None = None) -> None:
        """Loads it since a person asks for that; why it could not be loaded before is no news any more."""
        self._notifier.clear()
        self._loader.load(document, options)

    def _if_open(self, document: Document, go_on: Callable[[], None]) -> None:
        if self._current() is document and not document.is_live:
            go_on()

    def _on_remedy_chosen(self, remedy: Remedy) -> None:
        document = self._current()
        if not document or document.is_live:
            return
        if remedy is Remedy.STOP:
            self._loader.stop()
        elif remedy is Remedy.TRY_AGAIN:
            self._load(document)
        elif remedy is Remedy.GIVE_CODE:
            self._ask_for_code(document)
        else:
            self._ask_for_architecture(document)

    # -- what is said -----------------------------------------------------------------------------------------

    def _on_progressed(self, text: str) -> None:
        self._notifier.busy(text, on_cancel=self._opener.cancel)

    def _on_stayed(self, document: Document) -> None:
        if document is self._current():
            self.say(document)

    def say(self, document: Document, *, lost: tuple[str, ...] = (), differing: tuple[str, ...] = ()) -> None:
        """Says what a person should know about what was opened; nothing where all is well.

        Args:
            document: What is open.
            lost: Paths of weights whose edits the live model has no place for.
            differing: Paths of weights that the preview had shown in another state.
        """
        said = opened_words(document, lost=lost, differing=differing)
        if said:
            self._notifier.say(said.level, said.text, details=said.details)
