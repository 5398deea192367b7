"""A person who does whole errands in the window: clicks and types, and reads what it says."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QDialog, QPushButton, QSpinBox, QWidget

from tests.integration.data_hands import DataHands
from tests.integration.driver import Driver
from widgets.training.run_state import RunState

DRAW_MS = 300
"""Time for the window to be drawn as it is, before a picture of it is taken."""
_TEST_ACCURACY = re.compile(r"Test: .*\baccuracy ([0-9.]+)")

W = TypeVar("W", bound=QWidget)


class Person(Driver):
    """Does whole errands in the window.

    Attributes:
        pictures: Folder for a picture of each step; None takes none.
    """

    pictures: Path | None = None
    _num_pictures = 0

    def look(self, name: str) -> None:
        """Takes a picture of what is in front, if there is a folder for it."""
        if self.pictures:
            self.qtbot.wait(DRAW_MS)
            shown = [each for each in self.window.findChildren(QDialog) if each.isVisible()]
            self._num_pictures += 1
            in_front = shown[-1] if shown else self.window
            in_front.grab().save(str(self.pictures / f"{self._num_pictures:02}-{name}.png"))

    def choose_data(self, train: Path, test: Path, choose: Callable[[DataHands], None], *, problem: str = "") -> None:
        """Opens *Data…*, chooses the data and what is tested on, and whatever else the case needs.

        Args:
            problem: What is said to be wrong with them, and what to do.
        """
        self.click_on(self.window.training.data_field.edit_button)
        data = DataHands(self)
        data.choose(train)
        self.look("data as found")
        data.choose_part(data.dialog.form.test, test)
        self.replace_text(data.dialog.form.share, "0")
        choose(data)
        data.wait_until_read()
        self.look("data")
        assert data.problem == problem
        data.agree()

    def set_run(self, *, epochs: int, seed: int) -> None:
        """Types the settings of a run into the training panel."""
        self.type_into("epochs", str(epochs))
        self.type_into("seed", str(seed))

    def train_to_the_end(self) -> None:
        """Reads what is to be known, starts the run, and waits for its end."""
        self.wait(lambda: self.app.preflight.is_current)
        if self.pictures:
            self.click("preflightButton")
            self.look("findings")
            self.key_in(self.app.preflight.panel, Qt.Key.Key_Escape)
        self.train()
        assert self.run_state is RunState.FINISHED, self.notice
        self.look("finished run")

    def test_accuracy(self) -> float:
        """What the window says of the test part when a run has ended."""
        self.wait(lambda: _TEST_ACCURACY.search(self.notice))
        found = _TEST_ACCURACY.search(self.notice)
        assert found
        return float(found[1])

    def replace_head(self, units: int) -> None:
        """Gives the model a head for the data that are chosen, as their classes do not fit the one it has.

        Args:
            units: What the dialog is to find by itself.
        """
        self.wait(lambda: self.window.actions_["replace_head"].isEnabled() and not self.app._edit_obstacle())
        self.trigger("replace_head")
        dialog = self._part(self.window, QDialog, "replaceHeadDialog")
        found = self._part(dialog, QSpinBox, "headUnits")
        self.wait(lambda: found.value() == units)
        self.look("replace head as found")
        pooling = self._part(dialog, QComboBox, "headPooling")
        if pooling.isEnabled():
            self.pick(pooling, "Global average")
        self.pick(self._part(dialog, QComboBox, "headActivation"), "softmax: one of several classes")
        assert not self._part(dialog, QCheckBox, "freezeKept").isChecked()
        self.look("replace head")
        self.click_on(self._part(dialog, QPushButton, "makeEditButton"))
        self.wait(lambda: not self.app.surgery.is_busy)

    def freeze_before(self, path: str) -> None:
        """Selects all layers before one in the tree and freezes them, with the mouse, Shift and keys."""
        paths = [layer.path for layer in self.document.tree.root.children]
        last = paths[paths.index(path) - 1]
        self.click_row(paths[0])
        self.click_row(last, Qt.KeyboardModifier.ShiftModifier)
        self.trigger("freeze")
        tree = self.document.tree
        trains = [layer.path for layer in tree.root.children if tree.account(layer).trainable.parameters]
        assert trains == [name for name in trains if name.startswith("head_")]

    def _part(self, whole: QWidget, kind: type[W], name: str) -> W:
        self.wait(lambda: any(each.isVisible() for each in whole.findChildren(kind, name)))
        (found,) = [each for each in whole.findChildren(kind, name) if each.isVisible()]
        return found
