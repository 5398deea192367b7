"""The usual first step of transfer learning in three pages: the data, the new head, what is frozen."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from editor.layers.cutting import names_behind
from editor.layers.nodes import LayerNode
from editor.layers.structure import ReplaceHead
from editor.layers.tree import LayerTree
from editor.training.settings import TrainSettings
from widgets.dialogs.cut_form import CutForm
from widgets.dialogs.head_form import HeadForm
from widgets.dialogs.replace_head import stand_aside
from widgets.dialogs.transfer_pages import DataPage, FirstRunPage
from widgets.surgery.data_facts import HeadAdvice
from widgets.surgery.wish import EditWish
from widgets.theme import CORNER, set_tone

_MARGIN = 2 * CORNER
_WIDTH = 560
_TITLES = ("1 of 3: The data", "2 of 3: The new head", "3 of 3: What trains first")


class TransferWizard(QDialog):
    """Three pages; what they come to is one step, which nothing is trained by.

    Args:
        tree: The model's.
        advice: What the data ask for.
        settings: Of the training panel.
        parent: The window.

    Signals:
        cut_shown: The `CutLook` that the tree is to show; None while no place is asked for.
        edit_requested: The `EditWish`.
    """

    cut_shown = Signal(object)
    edit_requested = Signal(object)

    def __init__(
        self, tree: LayerTree, advice: HeadAdvice, settings: TrainSettings, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("transferWizard")
        self.setWindowTitle("Transfer Learning")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(_WIDTH)
        self._tree = tree
        self._title = QLabel()
        set_tone(self._title, "heading")
        self.data_page = DataPage(advice)
        self.cut_form = CutForm(tree, None, self)
        self.head_form = HeadForm(advice, has_output=False, parent=self)
        self.first_run = FirstRunPage(tree, settings)
        self.pages = QStackedWidget()
        for page in (self.data_page, self._head_page(), self.first_run):
            self.pages.addWidget(page)
        self._arrange()
        self.data_page.changed.connect(self._on_task_changed)
        self.cut_form.changed.connect(self._on_place_changed)
        self.head_form.changed.connect(self._refresh)
        self.first_run.changed.connect(self._refresh)
        self.finished.connect(self._on_finished)
        self._on_place_changed()

    def _head_page(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(CORNER)
        layout.addWidget(self.cut_form)
        layout.addWidget(self.head_form)
        layout.addStretch()
        return page

    def _arrange(self) -> None:
        self.back_button = QPushButton("Back")
        self.back_button.setObjectName("wizardBack")
        self.next_button = QPushButton("Next")
        self.next_button.setObjectName("wizardNext")
        self.next_button.setDefault(True)
        set_tone(self.next_button, "primary")
        cancel = QPushButton("Cancel")
        self.back_button.clicked.connect(self._on_back_clicked)
        self.next_button.clicked.connect(self._on_next_clicked)
        cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.setSpacing(CORNER)
        buttons.addStretch()
        for button in (self.back_button, self.next_button, cancel):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        layout.setSpacing(CORNER)
        layout.addWidget(self._title)
        layout.addWidget(self.pages, 1)
        layout.addSpacing(CORNER)
        layout.addLayout(buttons)

    # -- what it comes to -------------------------------------------------------------------------------------

    def ask(self) -> None:
        """Opens the wizard beside the tree, in which the place can be chosen too."""
        self.show()
        stand_aside(self)
        self.data_page.task.setFocus()

    def choose_place(self, layer: LayerNode) -> None:
        """Cuts behind a layer that was clicked in the tree, while that is asked for."""
        if self.pages.currentIndex() == 1:
            self.cut_form.choose(layer)

    @Slot(object)
    def take_advice(self, advice: HeadAdvice) -> None:
        """Follows data that were read meanwhile, unless a person has chosen otherwise."""
        cut = self.cut_form.cut
        self.data_page.take_advice(advice, names_behind(cut) if cut else ())
        self._on_task_changed()

    @property
    def wish(self) -> EditWish | None:
        """What the pages come to; None while something does not fit."""
        cut = self.cut_form.cut
        if cut is None or self.head_form.problems or self.first_run.problem_text:
            return None
        return EditWish(
            ReplaceHead(path=cut.layer.path, head=self.head_form.head),
            "Transfer learning",
            freezes=not self.first_run.keep_flags.isChecked(),
            but_last=self.first_run.num_spared,
            settings=self.first_run.settings,
        )

    @property
    def _are_right(self) -> tuple[bool, bool, bool]:
        """Whether each page can be left for the next one."""
        problems = self.head_form.problems.keys()
        is_data_right = not {"units", "activation"} & problems
        return is_data_right, self.cut_form.cut is not None and not problems, self.wish is not None

    @Slot()
    def _on_task_changed(self) -> None:
        self.head_form.set_output(self.data_page.wanted.units, self.data_page.activation)
        self._refresh()

    @Slot()
    def _on_place_changed(self) -> None:
        cut = self.cut_form.cut
        self.head_form.set_shape(cut.shape if cut else ())
        self.data_page.follow_data(names_behind(cut) if cut else ())
        self._on_task_changed()
        self._show_place()

    @Slot()
    def _refresh(self) -> None:
        at = self.pages.currentIndex()
        problems = self.head_form.problems
        self._title.setText(_TITLES[at])
        self.data_page.show_problem(problems.get("units") or problems.get("activation") or "")
        self.cut_form.show_look(self.head_form.head)
        self.back_button.setEnabled(at > 0)
        self.next_button.setText("Finish" if at == 2 else "Next")
        self.next_button.setEnabled(self._are_right[at])

    def _show_place(self) -> None:
        self.cut_shown.emit(self.cut_form.look if self.pages.currentIndex() == 1 else None)

    def _go_to(self, page: int) -> None:
        self.pages.setCurrentIndex(page)
        self._refresh()
        self._show_place()
        (self.data_page.task, self.cut_form.box, self.first_run.freeze_all)[page].setFocus()

    @Slot()
    def _on_back_clicked(self) -> None:
        self._go_to(self.pages.currentIndex() - 1)

    @Slot()
    def _on_next_clicked(self) -> None:
        if self.pages.currentIndex() < 2:
            self._go_to(self.pages.currentIndex() + 1)
        elif wish := self.wish:
            self.accept()
            self.edit_requested.emit(wish)

    @Slot()
    def _on_finished(self) -> None:
        self.cut_shown.emit(None)
