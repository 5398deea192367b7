"""The dialog that chooses data and shows what is in them, as the model will receive them."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from editor.files.applications import applications
from editor.processes.data_messages import DataDescribed, DataProgressed
from editor.training.data_options import PREPROCESSINGS, ColumnUse, DataOptions
from editor.training.data_report import DataReport
from editor.training.settings import TrainSettings
from widgets.data.column_choices import with_use
from widgets.data.form import DataForm
from widgets.data.source import SourceBar
from widgets.data.view import DataView
from widgets.elided_label import ElidedLabel
from widgets.icons import Icons
from widgets.theme import CORNER, Theme, set_tone
from widgets.training.form_row import Message

SETTLE_INTERVAL_MS = 300
"""Time without a further edit before the data are read as chosen now."""

_SIZE = (1040, 720)
_FORM_WIDTH = 360
_ROOM_BELOW = 80
"""For the message below a field."""
_MARGIN = 2 * CORNER
_NOTHING = "Choose a file, a folder with a subfolder of images for each class, a Python function, or the sample."


class DataDialog(QDialog):
    """Choices on the left, what they amount to on the right; *OK* takes them over.

    Args:
        theme: Colours.
        icons: Icons.
        parent: The window, which can be used meanwhile.

    Signals:
        description_wanted: The settings whose data are to be read, and the seed of the samples to show.
        function_wanted: A Python function is to be chosen.
        agreed: The settings that were agreed to.
    """

    description_wanted = Signal(object, int)
    function_wanted = Signal()
    agreed = Signal(object)

    def __init__(self, theme: Theme, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("dataDialog")
        self.setWindowTitle("Data")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(*_SIZE)
        self._settings = TrainSettings(data="")
        self._remembered: dict[str, DataOptions] = {}
        self._sample_seed = 0
        modules = sorted({facts.module for facts in applications() if not facts.has_preprocessing})
        self.source = SourceBar()
        self.form = DataForm(icons, (*PREPROCESSINGS, *modules))
        self.view = DataView(theme, icons)
        self.message = Message(icons)
        self.message.setObjectName("dataMessage")
        self._busy = QProgressBar()
        self._busy.setObjectName("dataProgress")
        self._busy.setTextVisible(False)
        self._doing = ElidedLabel()
        set_tone(self._doing, "secondary")
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, parent=self
        )
        self._timer = QTimer(self, singleShot=True, interval=SETTLE_INTERVAL_MS)
        self._arrange()
        self._connect()
        theme.changed.connect(self.message.repaint_icon)
        self._show_busy("")

    def _arrange(self) -> None:
        area = self._area = QScrollArea()
        area.setObjectName("dataFormArea")
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFixedWidth(_FORM_WIDTH)
        area.setWidget(self.form)
        middle = QHBoxLayout()
        middle.setSpacing(_MARGIN)
        middle.addWidget(area)
        middle.addWidget(self.view, 1)
        foot = QHBoxLayout()
        foot.setSpacing(CORNER)
        self._busy.setFixedWidth(160)
        foot.addWidget(self._busy)
        foot.addWidget(self._doing, 1)
        foot.addWidget(self.buttons)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        layout.setSpacing(CORNER)
        layout.addWidget(self.source)
        layout.addWidget(self.message)
        layout.addLayout(middle, 1)
        layout.addLayout(foot)

    def _connect(self) -> None:
        self.buttons.accepted.connect(self._on_accepted)
        self.buttons.rejected.connect(self.reject)
        self._timer.timeout.connect(self._on_timer_timeout)
        self.source.chosen.connect(self._on_source_chosen)
        self.source.function_wanted.connect(self.function_wanted)
        self.form.edited.connect(self._on_form_edited)
        self.view.samples_wanted.connect(self._on_samples_wanted)
        self.view.columns.use_chosen.connect(self._on_use_chosen)
        self.view.columns.treatment_chosen.connect(self._on_treatment_chosen)

    # -- what others tell it --------------------------------------------------------------------------------------

    def begin(
        self,
        settings: TrainSettings,
        *,
        recent: tuple[str, ...] = (),
        remembered: dict[str, DataOptions] | None = None,
        names: tuple[tuple[str, ...], tuple[str, ...]] = ((), ()),
    ) -> None:
        """Shows the settings to begin with.

        Args:
            settings: Those of the training panel.
            recent: What was used before.
            remembered: Options that data had when they were used last.
            names: Of the inputs and of the outputs of the model.
        """
        self._settings = settings
        self._remembered = dict(remembered or {})
        self.form.set_names(*names)
        self.form.set_settings(settings)
        self.source.box.set_recent(recent)
        self.source.box.blockSignals(True)
        self.source.box.choose(settings.data)
        self.source.box.blockSignals(False)
        self.form.set_folder(self.source.folder)
        self.ok_button.setFocus()
        self._ask()

    def choose(self, data: str, options: DataOptions | None = None) -> None:
        """Chooses other data, as after a drop; without options those that they had last."""
        if options is not None:
            self._remembered[data] = options
        if data == self._settings.data:
            self._take(data)
        else:
            self.source.box.choose(data)

    def take_names(self, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> None:
        """Has the data held against a model of other inputs and outputs, or one that is known only now."""
        settings = self.settings()
        self.form.set_names(inputs, outputs)
        self.form.set_settings(settings)
        self._ask()

    def ask_again(self) -> None:
        """Has the data read once more, as by another engine."""
        self._ask()

    @property
    def is_busy(self) -> bool:
        """Whether what is shown is not yet what is chosen."""
        return self._timer.isActive() or self.is_reading

    @property
    def is_reading(self) -> bool:
        """Whether an answer of the engine is awaited."""
        return bool(self._doing.text())

    def settings(self) -> TrainSettings:
        """What is chosen now."""
        return self.form.applied_to(self._settings)

    def show_description(self, event: DataDescribed) -> None:
        """Shows what the engine found."""
        self._show_busy("")
        self._show(event.report, event.problems, event.names)

    def show_progress(self, event: DataProgressed) -> None:
        """Shows how far the engine is."""
        done = f" {event.done:,} of {event.total:,}" if event.total else ""
        self._show_busy(f"{event.doing}…{done}")
        self._busy.setRange(0, event.total)
        self._busy.setValue(event.done)

    def show_failure(self, text: str) -> None:
        """Says why nothing was found."""
        self._show_busy("")
        self._show(None, {"data": text})

    # -- inside ---------------------------------------------------------------------------------------------------

    def _show(
        self, report: DataReport | None, problems: Mapping[str, str], names: Mapping[str, str] | None = None
    ) -> None:
        self.view.show_report(report)
        self.form.show_report(report, problems)
        self.form.clear_problems()
        places: list[QWidget] = []
        others: list[str] = []
        for field, text in problems.items():
            told = (field, (names or {}).get(field, ""), text)
            place = self.form.show_problem(*told) or self.view.show_problem(*told)
            if place:
                places.append(place)
            else:
                others.append(text)
        text = " ".join(others) or (report.text if report else "")
        self.message.show_text(text, is_problem=bool(others))
        set_tone(self.source.box, "wrong" if others else "")
        if places and not others:
            self._turn_to(places[0])

    def _turn_to(self, place: QWidget) -> None:
        """Brings what is wrong into view, and the keys to it unless somebody uses them elsewhere."""
        if self.form.isAncestorOf(place):
            self._area.ensureWidgetVisible(place, 0, _ROOM_BELOW)
        if isinstance(self.focusWidget(), QPushButton | None):
            place.setFocus(Qt.FocusReason.OtherFocusReason)

    def _ask(self) -> None:
        self._timer.stop()
        if self._settings.data:
            self._show_busy("Reading data…")
            self.description_wanted.emit(self.settings(), self._sample_seed)
        else:
            self._show_busy("")
            self._show(None, {})
            self.message.show_text(_NOTHING)

    def _show_busy(self, text: str) -> None:
        self._busy.setVisible(bool(text))
        self._busy.setRange(0, 0)
        self._doing.setText(text)

    def _take(self, data: str) -> None:
        self._remembered[self._settings.data] = self.form.options()
        options = self._remembered.get(data, DataOptions())
        self._settings = replace(self.form.applied_to(self._settings), data=data, data_options=options)
        self.form.set_settings(self._settings)
        self.form.set_folder(self.source.folder)
        self._ask()

    def _on_source_chosen(self, data: str) -> None:
        self._take(data)

    def _on_form_edited(self) -> None:
        self._timer.start()

    def _on_timer_timeout(self) -> None:
        self._ask()

    def _on_samples_wanted(self) -> None:
        self._sample_seed += 1
        self._ask()

    def _on_use_chosen(self, column: str, use: ColumnUse) -> None:
        self.form.set_options(with_use(self.form.options(), column, use))

    def _on_treatment_chosen(self, column: str, treatment: str) -> None:
        options = self.form.options()
        self.form.set_options(replace(options, missing={**options.missing, column: treatment}))

    def _on_accepted(self) -> None:
        self.agreed.emit(self.settings())
        self.accept()

    @property
    def ok_button(self) -> QPushButton:
        """The button that takes the choices over."""
        return self.buttons.button(QDialogButtonBox.StandardButton.Ok)
