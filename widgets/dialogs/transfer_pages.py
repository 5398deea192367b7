"""The first and the last page of the transfer learning wizard: what is learned, and what trains first."""

from __future__ import annotations

from collections.abc import Collection

from msgspec.structs import replace
from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QLabel, QPushButton, QSizePolicy, QSpinBox, QWidget

from editor.layers.flow import weighted_layers
from editor.layers.structure import MOST_UNITS, HeadActivation
from editor.layers.tree import LayerTree
from editor.training.settings import TrainSettings, WantedOutput
from widgets.dialogs.fields import Rows, choice_box, note, number_box, radio_button
from widgets.surgery.data_facts import HeadAdvice
from widgets.training.number_fields import decimal_box, decimal_of, decimal_text

_TASKS = {
    "multi-class": ("One of several classes", "Classes"),
    "binary": ("Yes or no", "Outputs"),
    "multi-label": ("Several labels at once", "Labels"),
    "regression": ("Numbers (regression)", "Targets"),
}
_LEAST_UNITS = {"multi-class": 2, "multi-label": 2}
_NO_DATA = "No data are chosen yet."
_UNFIT = "The data that are chosen do not go with the model's head as it is."
_FINISH = (
    "Finish changes the model as one step, which Undo takes back, and fills in the training panel. Nothing trains "
    "before Start is clicked."
)


class DataPage(Rows):
    """What is learned, as the data have it or as a person says.

    Args:
        advice: What the data ask for.

    Signals:
        changed: Something else is to be learned.
        data_requested: The data are to be chosen, or looked at.
    """

    changed = Signal()
    data_requested = Signal()

    def __init__(self, advice: HeadAdvice, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._advice = advice
        self._is_advised = True
        self.task = choice_box("transferTask", "What is learned")
        for task, (words, _) in _TASKS.items():
            self.task.addItem(words, task)
        self.units = number_box("transferUnits", "Classes", 1, MOST_UNITS, 2)
        self._units_label = QLabel()
        self._problem = note("transferUnitsProblem", tone="error")
        self._data = note("transferData")
        self.data_button = QPushButton("Data…")
        self.data_button.setObjectName("transferDataButton")
        self.data_button.setAutoDefault(False)
        self.data_button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.data_button.clicked.connect(self.data_requested)
        self.add("Data", self._data, self.data_button)
        self.add("What is learned", self.task)
        self.add(self._units_label, self.units, self._problem)
        self.add_stretch()
        self.take_advice(advice)
        self.task.currentIndexChanged.connect(self._on_task_chosen)
        self.units.valueChanged.connect(self._on_units_chosen)

    @property
    def data_text(self) -> str:
        """What is said of the data."""
        return self._data.text()

    @property
    def wanted(self) -> WantedOutput:
        """What is to be learned."""
        return WantedOutput(task=self.task.currentData(), units=self.units.value())

    @property
    def activation(self) -> HeadActivation:
        """Of the head."""
        return self.wanted.activation

    @property
    def problem_text(self) -> str:
        """What does not fit."""
        return self._problem.text()

    def show_problem(self, text: str) -> None:
        """Says what does not fit; empty if all does."""
        self._problem.setText(text)
        self._problem.setVisible(bool(text))

    def take_advice(self, advice: HeadAdvice, gone: Collection[str] = ()) -> None:
        """Follows data that were read meanwhile; `gone` as for `follow_data`."""
        self._advice = advice
        unknown = advice.words(None) if advice.is_awaited else _UNFIT if advice.outputs else advice.problem or _NO_DATA
        self._data.setText(advice.text or unknown)
        self.follow_data(gone)

    def follow_data(self, gone: Collection[str] = ()) -> None:
        """Fills in what the data ask for, unless a person has chosen otherwise.

        Args:
            gone: Names of the layers that are taken off, where the model has several outputs.
        """
        wanted = self._advice.wanted(gone)
        if wanted is not None and self._is_advised:
            self.task.setCurrentIndex(self.task.findData(wanted.task))
            self.units.setValue(wanted.units)
            self._is_advised = True
        self._say_units()

    def _say_units(self) -> None:
        words = _TASKS[self.task.currentData()][1]
        self._units_label.setText(words)
        self.units.setAccessibleName(words)

    @Slot()
    def _on_task_chosen(self) -> None:
        task = self.task.currentData()
        self.units.setValue(1 if task == "binary" else max(_LEAST_UNITS.get(task, 1), self.units.value()))
        self._say_units()
        self._on_units_chosen()

    @Slot()
    def _on_units_chosen(self) -> None:
        self._is_advised = False
        self.changed.emit()


class FirstRunPage(Rows):
    """What is frozen, and the settings of the run that is to follow.

    Args:
        tree: The model's.
        settings: Of the training panel.

    Signals:
        changed: A field is another one.
    """

    changed = Signal()

    def __init__(self, tree: LayerTree, settings: TrainSettings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self.freeze_all = radio_button("freezeAll", "Freeze all that stays; only the new head trains")
        self.freeze_but = radio_button("freezeBut", "Freeze all that stays but its last layers")
        self.keep_flags = radio_button("keepFlags", "Leave the flags as they are")
        self.freeze_all.setChecked(True)
        self.last_layers = _last_layers_box(tree)
        self.freeze_but.toggled.connect(self.last_layers.setEnabled)
        self.learning_rate = decimal_box(self)
        self.learning_rate.setObjectName("transferLearningRate")
        self.learning_rate.setAccessibleName("Learning rate")
        self.learning_rate.setText(decimal_text(TrainSettings(data="").learning_rate))
        self._problem = note("learningRateProblem", tone="error")
        self.epochs = number_box("transferEpochs", "Epochs", 1, 100_000, settings.epochs)
        self.batch_size = number_box("transferBatchSize", "Batch size", 1, 1_000_000, settings.batch_size)
        self.add("Frozen", self.freeze_all, self.freeze_but, self.last_layers, self.keep_flags)
        self.add("Learning rate", self.learning_rate, self._problem)
        self.add("Epochs", self.epochs)
        self.add("Batch size", self.batch_size)
        self.add("", note("transferSummary", _FINISH))
        self.add_stretch()
        self.learning_rate.textChanged.connect(self._on_learning_rate_typed)
        self._on_learning_rate_typed()

    @property
    def settings(self) -> TrainSettings:
        """Those of the panel with what is said here."""
        return replace(
            self._settings,
            learning_rate=decimal_of(self.learning_rate.text()),
            epochs=self.epochs.value(),
            batch_size=self.batch_size.value(),
        )

    @property
    def problem_text(self) -> str:
        """What does not fit."""
        return self._problem.text()

    @property
    def num_spared(self) -> int:
        """As many of the last layers that stay train all the same."""
        return self.last_layers.value() if self.freeze_but.isChecked() else 0

    @Slot()
    def _on_learning_rate_typed(self) -> None:
        problem = self.settings.problems().get("learning_rate", "")
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))
        self.changed.emit()


def _last_layers_box(tree: LayerTree) -> QSpinBox:
    box = number_box("transferLastLayers", "Last layers that train", 1, max(1, len(weighted_layers(tree))), 2)
    box.setSuffix(" layers with weights")
    box.setEnabled(False)
    return box
