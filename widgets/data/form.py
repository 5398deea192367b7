"""What a person chooses for the data: task, parts, images, inputs and outputs."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from msgspec.structs import replace
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QLineEdit, QSpinBox, QVBoxLayout, QWidget

from editor.training.data_options import DataOptions
from editor.training.data_report import ColumnFacts, DataKind, DataReport
from editor.training.settings import TrainSettings
from editor.training.words import AUTOMATIC
from widgets.data.augmentation_list import AugmentationList
from widgets.data.column_choices import with_target
from widgets.data.columns import MOST_COLUMNS
from widgets.data.fields import Row, Section, choice, choose
from widgets.data.source import PathField
from widgets.data.words import FITTINGS, TASKS, preprocessing_words
from widgets.icons import Icons
from widgets.spin_boxes import inset
from widgets.theme import CORNER
from widgets.training.form_row import WheelGuard

_SERIES = {None: "Found by their names", True: "Yes, in their order", False: "No"}
_OF_NAMES = frozenset({"inputs", "outputs"})
_OF_IMAGES = frozenset({"fitting", "preprocessing", "augmentation"})


class DataForm(QWidget):
    """Fields for what `DataOptions` and the split hold; those that a kind of data has no use for are not shown.

    Signals:
        edited: A person changed something.
    """

    edited = Signal()

    def __init__(self, icons: Icons, preprocessings: tuple[str, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._options = DataOptions()
        self._share = 0.2
        self._is_filling = False
        self._guard = WheelGuard(self)
        self._make_fields(preprocessings)
        self._sections = {
            "learned": self._learned(icons),
            "parts": self._parts(icons),
            "images": self._images(icons),
            "augmentation": Section("Augmentation of training images", icons),
            "names": Section("Inputs and outputs by name", icons),
        }
        self._sections["augmentation"].add_wide("augmentation", self.augmentation)
        self._names: dict[tuple[str, str], QLineEdit] = {}
        self._has_several = False
        self._kind: DataKind | None = None
        self._has_pictures = False
        self._data = ""
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, CORNER, 0)
        layout.setSpacing(CORNER)
        for section in self._sections.values():
            layout.addWidget(section)
        layout.addStretch()
        self._sections["names"].hide()
        self._connect()
        self.show_kind(None)

    # -- putting together ---------------------------------------------------------------------------------------

    def _make_fields(self, preprocessings: tuple[str, ...]) -> None:
        self.target = choice((("", "Automatic"),))
        self.target.setToolTip("The column that the model is to tell from the others")
        self.task = choice(TASKS.items())
        self.is_series = choice(_SERIES.items())
        self.standardize = QCheckBox("Standardize numbers")
        self.standardize.setToolTip("Brings them to mean 0 and standard deviation 1 of the training samples")
        self.balance = QCheckBox("Balance classes")
        self.balance.setToolTip("Samples of rare classes weigh more in the loss")
        self.validation = PathField("A share of the training data")
        self.share = QSpinBox()
        self.share.setRange(0, 99)
        self.share.setSuffix(" %")
        # A style sheet's padding does not reach the left side of the box inside.
        inset(self.share)
        self.is_stratified = QCheckBox("Keep the shares of the classes")
        self.split_seed = QSpinBox()
        self.split_seed.setRange(0, 2**31 - 1)
        self.split_seed.setToolTip("Another number draws other samples. Keep it for runs that follow one another.")
        inset(self.split_seed)
        self.test = PathField("None")
        self.fitting = choice(FITTINGS.items())
        self.preprocessing = choice((name, preprocessing_words(name)) for name in preprocessings)
        self.augmentation = AugmentationList()

    def _learned(self, icons: Icons) -> Section:
        section = Section("What is learned", icons)
        section.add("targets", "Target", self.target)
        section.add("task", "Task", self.task)
        section.add("is_series", "Time series", self.is_series)
        section.add("standardize", "", self.standardize)
        section.add("balance_classes", "", self.balance)
        return section

    def _parts(self, icons: Icons) -> Section:
        section = Section("Parts", icons)
        section.add("validation", "Validation", self.validation)
        section.add("validation_split", "Share", self.share)
        section.add("is_stratified", "", self.is_stratified)
        section.add("split_seed", "Split seed", self.split_seed)
        section.add("test", "Test", self.test)
        return section

    def _images(self, icons: Icons) -> Section:
        section = Section("Images", icons)
        section.add("fitting", "Other shapes", self.fitting)
        section.add("preprocessing", "Values", self.preprocessing)
        return section

    def _connect(self) -> None:
        for box in (self.task, self.is_series, self.fitting, self.preprocessing):
            box.currentIndexChanged.connect(self._on_edited)
            self._guard.guard(box)
        self.target.activated.connect(self._on_target_activated)
        self._guard.guard(self.target)
        for tick in (self.standardize, self.balance, self.is_stratified):
            tick.toggled.connect(self._on_edited)
        for number in (self.share, self.split_seed):
            self._guard.guard(number)
            number.valueChanged.connect(self._on_edited)
        for field in (self.validation, self.test, self.augmentation):
            field.edited.connect(self._on_edited)

    # -- values -------------------------------------------------------------------------------------------------

    def set_settings(self, settings: TrainSettings) -> None:
        """Fills the fields."""
        self._is_filling = True
        if settings.data != self._data:
            self._data, self._kind, self._has_pictures = settings.data, None, False
        options = self._options = settings.data_options
        choose(self.target, ", ".join(options.targets))
        choose(self.task, options.task)
        choose(self.is_series, options.is_series)
        self.standardize.setChecked(options.standardize)
        self.balance.setChecked(options.balance_classes)
        self.validation.set_path(options.validation)
        self._share = settings.validation_split
        self.share.setValue(round(100 * settings.validation_split))
        self.is_stratified.setChecked(options.is_stratified)
        self.split_seed.setValue(options.split_seed)
        self.test.set_path(options.test)
        choose(self.fitting, options.fitting)
        choose(self.preprocessing, options.preprocessing)
        self.augmentation.set_augmentation(options.augmentation)
        for (kind, name), line in self._names.items():
            chosen = options.inputs if kind == "inputs" else options.outputs
            line.setText(", ".join(chosen.get(name, ())))
        self._is_filling = False

    def applied_to(self, settings: TrainSettings) -> TrainSettings:
        """Settings with what is chosen here."""
        shown = self.share.value()
        return replace(
            settings,
            data_options=self.options(),
            validation_split=self._share if round(100 * self._share) == shown else shown / 100,
        )

    def options(self) -> DataOptions:
        """What is chosen here; what is chosen in the table of columns is kept."""
        return replace(
            self._options,
            task=self.task.currentData(),
            is_series=self.is_series.currentData(),
            standardize=self.standardize.isChecked(),
            balance_classes=self.balance.isChecked(),
            validation=self.validation.path(),
            split_seed=self.split_seed.value(),
            is_stratified=self.is_stratified.isChecked(),
            test=self.test.path(),
            fitting=self.fitting.currentData(),
            preprocessing=self.preprocessing.currentData(),
            augmentation=self.augmentation.augmentation(),
            inputs=self._named("inputs"),
            outputs=self._named("outputs"),
        )

    def set_options(self, options: DataOptions) -> None:
        """Takes what was chosen elsewhere, such as the use of a column."""
        self._options = options
        self._on_edited()

    def _named(self, kind: str) -> dict[str, tuple[str, ...]]:
        lines = {name: line for (of, name), line in self._names.items() if of == kind}
        split = {name: tuple(part.strip() for part in line.text().split(",")) for name, line in lines.items()}
        kept = getattr(self._options, kind) if not lines else {}
        return {**kept, **{name: parts for name, parts in split.items() if any(parts)}}

    # -- what is shown --------------------------------------------------------------------------------------------

    def set_names(self, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> None:
        """Asks for columns or arrays by name, for several inputs or outputs and where none are found for one."""
        self._has_several = len(inputs) > 1 or len(outputs) > 1
        for kind, name in self._names:
            self._sections["names"].show_row(f"{kind}/{name}", is_shown=False)
        self._names.clear()
        for kind, names in (("inputs", inputs or ("input",)), ("outputs", outputs or ("output",))):
            for name in names:
                line = QLineEdit()
                line.setPlaceholderText("Found by name, then by order")
                line.textChanged.connect(self._on_edited)
                title = name if len(names) > 1 else kind.removesuffix("s").capitalize()
                self._sections["names"].add(f"{kind}/{name}", title, line)
                self._names[kind, name] = line
        self._show_names(())

    def _show_names(self, problems: Collection[str]) -> None:
        is_chosen = any(line.text() for line in self._names.values())
        is_asked = self._has_several or is_chosen or not _OF_NAMES.isdisjoint(problems)
        self._sections["names"].setVisible(is_asked)

    def show_kind(self, kind: DataKind | None, *, has_pictures: bool = False, can_standardize: bool = True) -> None:
        """Shows the fields that data of a kind have a use for."""
        is_table, is_function = kind in ("table", "series"), kind == "function"
        learned, parts = self._sections["learned"], self._sections["parts"]
        num_outputs = sum(kind == "outputs" for kind, _ in self._names)
        # Several outputs have their columns named one by one.
        learned.show_row("targets", is_shown=is_table and num_outputs < 2)
        learned.show_row("is_series", is_shown=is_table)
        learned.show_row("standardize", is_shown=is_table and can_standardize)
        self._sections["images"].setVisible(has_pictures)
        self._sections["augmentation"].setVisible(has_pictures)
        self._sections["images"].show_row("fitting", is_shown=kind == "images")
        parts.setVisible(not is_function)

    def show_report(self, report: DataReport | None, problems: Collection[str] = ()) -> None:
        """Says what the choices amount to.

        Args:
            report: None where the data cannot be read as chosen; the fields stay then for another choice.
            problems: Fields with something wrong.
        """
        if report:
            self._kind = report.kind
        if report and report.samples:
            self._has_pictures = any(sample.picture for sample in report.samples)
        self.show_kind(
            self._kind,
            has_pictures=self._has_pictures or not _OF_IMAGES.isdisjoint(problems),
            can_standardize=report.can_standardize if report else True,
        )
        self._show_names(problems)
        if report and report.columns:
            self._show_targets(report.columns)
        images = self._sections["images"].rows["preprocessing"]
        chosen = self.preprocessing.currentData()
        found = report.preprocessing if report else ""
        is_found = bool(report) and chosen == AUTOMATIC
        self.preprocessing.setItemText(0, f"Automatic ({preprocessing_words(found)})" if is_found else "Automatic")
        images.show_note(report.preprocessing_reason if report else "")
        task = f"Automatic ({TASKS[report.task]})" if report and report.task != "auto" else "Automatic"
        self.task.setItemText(0, task if self.task.currentData() == "auto" else "Automatic")

    def _show_targets(self, columns: Sequence[ColumnFacts]) -> None:
        chosen = self._options.targets
        found = ", ".join(column.name for column in columns if column.use == "target")
        self.target.clear()
        self.target.addItem(f"Automatic ({found})" if found and not chosen else "Automatic", "")
        for column in columns[:MOST_COLUMNS]:
            self.target.addItem(column.name, column.name)
        choose(self.target, ", ".join(chosen))

    def clear_problems(self) -> None:
        """Says of nothing any more that it is wrong."""
        for row in self._rows.values():
            row.show_problem("")

    def show_problem(self, field: str, name: str, text: str) -> QWidget | None:
        """Says beside a field what is wrong with it.

        Args:
            field: As settings call it.
            name: The input or output that it is about; empty for all.
            text: What is wrong.

        Returns:
            What it was said beside; None where there is no such field.
        """
        named = [key for key in self._rows if key.startswith(f"{field}/")]
        keys = [f"{field}/{name}", field, *named]
        rows = (row for key in keys if (row := self._rows.get(key)) and row.editor.isVisibleTo(self))
        row = next(rows, None)
        if row is None:
            return None
        row.show_problem(text)
        return row.editor

    @property
    def _rows(self) -> dict[str, Row]:
        found: dict[str, Row] = {}
        for section in self._sections.values():
            found |= section.rows
            found |= section.wide
        return found

    def set_folder(self, folder: str) -> None:
        """Where data to validate or to test on are looked for at first."""
        for field in (self.validation, self.test):
            field.set_folder(folder)

    def _on_target_activated(self) -> None:
        chosen = self.target.currentData()
        # Several columns that were chosen in the table are an entry of their own, which changes nothing.
        if chosen != ", ".join(self._options.targets):
            self.set_options(with_target(self.options(), chosen))

    def _on_edited(self) -> None:
        if not self._is_filling:
            for field in (self.share, self.split_seed):
                field.setEnabled(not self.validation.path())
            self.edited.emit()
