"""The usual first step of transfer learning in three pages: the data, the new head, what is frozen."""

from __future__ import annotations

from msgspec.structs import replace
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QRadioButton,
    QSpinBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from editor.layers.flow import weighted_layers
from editor.layers.nodes import LayerNode
from editor.layers.structure import MOST_UNITS, HeadActivation, ReplaceHead
from editor.layers.tree import LayerTree
from editor.training.settings import TrainSettings
from editor.training.words import AUTOMATIC
from widgets.dialogs.cut_form import CutForm
from widgets.dialogs.head_form import HeadForm
from widgets.dialogs.replace_head import stand_aside
from widgets.spin_boxes import inset
from widgets.surgery.data_facts import HeadAdvice
from widgets.surgery.wish import EditWish
from widgets.theme import CORNER, set_tone

_MARGIN = 2 * CORNER
_WIDTH = 560
_TASKS: tuple[tuple[str, HeadActivation, str, int], ...] = (
    ("One of several classes", "softmax", "Classes", 2),
    ("Yes or no", "sigmoid", "Outputs", 1),
    ("Several labels at once", "sigmoid", "Labels", 2),
    ("Numbers (regression)", "linear", "Targets", 1),
)
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
        self._settings = settings
        self._title = QLabel()
        set_tone(self._title, "heading")
        self.pages = QStackedWidget()
        self._make_data_page(advice)
        self._make_head_page(advice)
        self._make_first_run_page()
        self._arrange()
        self.task.currentIndexChanged.connect(self._on_task_changed)
        self.units.valueChanged.connect(self._on_task_edited)
        self.cut_form.changed.connect(self._on_place_changed)
        self.head_form.changed.connect(self._refresh)
        self.finished.connect(self._on_finished)
        self._on_task_edited()
        self.head_form.set_shape(self.cut_form.cut.shape if self.cut_form.cut else ())
        self._refresh()

    # -- pages ------------------------------------------------------------------------------------------------

    def _make_data_page(self, advice: HeadAdvice) -> None:
        self.task = QComboBox()
        self.task.setObjectName("transferTask")
        self.task.setAccessibleName("What is learned")
        for words, *_rest in _TASKS:
            self.task.addItem(words)
        self.task.setCurrentIndex(next(at for at, each in enumerate(_TASKS) if each[1] == advice.activation))
        self.units = QSpinBox()
        self.units.setObjectName("transferUnits")
        self.units.setRange(1, MOST_UNITS)
        self.units.setGroupSeparatorShown(True)
        self.units.setValue(advice.units or 2)
        inset(self.units)
        self._units_label = QLabel()
        self._units_label.setBuddy(self.units)
        text = advice.text or "No data are chosen yet, or they cannot be read. Choose them in the training panel."
        self._units_problem = _note("", "error")
        rows = _Rows()
        rows.add("Data", _note(text, "secondary"))
        rows.add("What is learned", self.task)
        rows.add(self._units_label, self.units)
        rows.add("", self._units_problem)
        self.pages.addWidget(rows.page)

    def _make_head_page(self, advice: HeadAdvice) -> None:
        self.cut_form = CutForm(self._tree, None, self)
        self.head_form = HeadForm(advice, has_output=False, parent=self)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(CORNER)
        layout.addWidget(self.cut_form)
        layout.addWidget(self.head_form)
        layout.addStretch()
        self.pages.addWidget(page)

    def _make_first_run_page(self) -> None:
        self.freeze_all = _radio("Freeze all that stays; only the new head trains", "freezeAll")
        self.freeze_but = _radio("Freeze all that stays but its last layers", "freezeBut")
        self.keep_flags = _radio("Leave the flags as they are", "keepFlags")
        self.freeze_all.setChecked(True)
        self.last_layers = QSpinBox()
        self.last_layers.setObjectName("transferLastLayers")
        self.last_layers.setAccessibleName("Last layers that train")
        self.last_layers.setRange(1, max(1, len(weighted_layers(self._tree))))
        self.last_layers.setValue(2)
        self.last_layers.setSuffix(" layers with weights")
        self.last_layers.setEnabled(False)
        self.freeze_but.toggled.connect(self.last_layers.setEnabled)
        self.learning_rate = QDoubleSpinBox()
        self.learning_rate.setObjectName("transferLearningRate")
        self.learning_rate.setAccessibleName("Learning rate")
        self.learning_rate.setDecimals(6)
        self.learning_rate.setRange(0.000001, 10.0)
        self.learning_rate.setSingleStep(0.0005)
        self.learning_rate.setValue(0.001)
        inset(self.last_layers, self.learning_rate)
        self.epochs = _number("transferEpochs", "Epochs", 100_000, self._settings.epochs)
        self.batch_size = _number("transferBatchSize", "Batch size", 1_000_000, self._settings.batch_size)
        self._summary = _note("", "secondary")
        rows = _Rows()
        rows.add("Frozen", self.freeze_all)
        rows.add("", self.freeze_but)
        rows.add("", self.last_layers)
        rows.add("", self.keep_flags)
        rows.add("Learning rate", self.learning_rate)
        rows.add("Epochs", self.epochs)
        rows.add("Batch size", self.batch_size)
        rows.add("", self._summary)
        self.pages.addWidget(rows.page)

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
        self.task.setFocus()

    def choose_place(self, layer: LayerNode) -> None:
        """Cuts behind a layer that was clicked in the tree, while that is asked for."""
        if self.pages.currentIndex() == 1:
            self.cut_form.choose(layer)

    @property
    def wish(self) -> EditWish | None:
        """What the pages come to; None while something does not fit."""
        cut = self.cut_form.cut
        if cut is None or self.head_form.problems:
            return None
        settings = replace(
            self._settings,
            learning_rate=round(self.learning_rate.value(), 6),
            epochs=self.epochs.value(),
            batch_size=self.batch_size.value(),
            loss=AUTOMATIC,
            metrics=(AUTOMATIC,),
        )
        return EditWish(
            ReplaceHead(path=cut.layer.path, head=self.head_form.head),
            "Transfer learning",
            freezes=not self.keep_flags.isChecked(),
            but_last=self.last_layers.value() if self.freeze_but.isChecked() else 0,
            settings=settings,
        )

    @property
    def problem_text(self) -> str:
        """What does not fit on the first page."""
        return self._units_problem.text()

    @Slot()
    def _on_task_changed(self) -> None:
        self.units.setValue(max(_TASKS[self.task.currentIndex()][3], self.units.value()))
        if self.task.currentIndex() == 1:
            self.units.setValue(1)
        self._on_task_edited()

    @Slot()
    def _on_task_edited(self) -> None:
        _, activation, label, _ = _TASKS[self.task.currentIndex()]
        self._units_label.setText(label)
        self.units.setAccessibleName(label)
        self.head_form.set_output(self.units.value(), activation)
        self._refresh()

    @Slot()
    def _on_place_changed(self) -> None:
        self.head_form.set_shape(self.cut_form.cut.shape if self.cut_form.cut else ())
        self._show_place()

    @Slot()
    def _refresh(self) -> None:
        at = self.pages.currentIndex()
        problems = self.head_form.problems
        self._title.setText(_TITLES[at])
        self._units_problem.setText(problems.get("units") or problems.get("activation") or "")
        self.cut_form.show_look(self.head_form.head)
        is_first_right = not {"units", "activation"} & problems.keys()
        self.back_button.setEnabled(at > 0)
        self.next_button.setText("Finish" if at == 2 else "Next")
        self.next_button.setEnabled(is_first_right if at == 0 else self.wish is not None)
        self._summary.setText(
            "Finish changes the model as one step, which Undo takes back, and fills in the training panel. "
            "Nothing trains before Start is clicked."
        )

    def _show_place(self) -> None:
        self.cut_shown.emit(self.cut_form.look if self.pages.currentIndex() == 1 else None)

    def _go_to(self, page: int) -> None:
        self.pages.setCurrentIndex(page)
        self._refresh()
        self._show_place()
        (self.task, self.cut_form.box, self.freeze_all)[page].setFocus()

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


class _Rows:
    """A page of labels and fields; no form layout, which would cut off what is said in several lines."""

    def __init__(self) -> None:
        self.page = QWidget()
        self._grid = QGridLayout(self.page)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(2 * CORNER)
        self._grid.setVerticalSpacing(CORNER)
        self._grid.setColumnStretch(1, 1)
        self._num_rows = 0

    def add(self, title: str | QLabel, editor: QWidget) -> None:
        """Puts a row below the others."""
        row = self._num_rows
        self._num_rows += 1
        label = QLabel(title) if isinstance(title, str) else title
        label.setBuddy(editor)
        self._grid.addWidget(label, row, 0)
        self._grid.addWidget(editor, row, 1)
        self._grid.setRowStretch(row, 0)
        self._grid.setRowStretch(row + 1, 1)


def _note(text: str, tone: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    set_tone(label, tone)
    return label


def _radio(text: str, name: str) -> QRadioButton:
    button = QRadioButton(text)
    button.setObjectName(name)
    return button


def _number(name: str, title: str, most: int, value: int) -> QSpinBox:
    spin = QSpinBox()
    spin.setObjectName(name)
    spin.setAccessibleName(title)
    spin.setRange(1, most)
    spin.setValue(value)
    inset(spin)
    return spin
