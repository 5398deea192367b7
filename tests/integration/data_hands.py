"""What a person does in the dialog *Data…*: clicks its buttons, picks from its lists, and reads what it says."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QMenu, QTabBar

from tests.integration.driver import Driver
from widgets.data.dialog import DataDialog
from widgets.data.source import PathField
from widgets.training.form_row import Message


class DataHands:
    """The hands in the dialog that is open."""

    def __init__(self, driver: Driver) -> None:
        driver.wait(lambda: driver.app.data.dialog)
        dialog = driver.app.data.dialog
        assert dialog
        self.dialog: DataDialog = dialog
        self._driver = driver

    def wait_until_read(self) -> None:
        """Waits until what is shown is what is chosen."""
        self._driver.wait(lambda: not self.dialog.is_busy)

    def choose(self, data: Path) -> None:
        """Chooses a file or a folder by the button for it."""
        source = self.dialog.source
        self._driver.click_on(source.folder_button if data.is_dir() else source.file_button)
        self._driver.choose_file(data)
        self.wait_until_read()

    def choose_part(self, field: PathField, data: Path) -> None:
        """Chooses a part of its own, such as the test part, by the menu of its button."""
        menu, words = field.button.menu(), "Folder…" if data.is_dir() else "File…"
        # A menu is a loop of its own, which only what is said beforehand gets into.
        shown = menu.aboutToShow.connect(lambda: QTimer.singleShot(0, lambda: self._pick_entry(menu, words)))
        self._driver.click_on(field.button)
        menu.disconnect(shown)
        self._driver.choose_file(data)
        self.wait_until_read()

    def use(self, column: str, words: str) -> None:
        """Says what a column of a table is used as, such as `Target`."""
        self._show_columns()
        self._driver.pick(self.dialog.view.columns.use_box(column), words)
        self.wait_until_read()

    def treat(self, column: str, words: str) -> None:
        """Says what becomes of a column's missing values, such as `Drop the rows`."""
        self._show_columns()
        self._driver.pick(self.dialog.view.columns.treatment_box(column), words)
        self.wait_until_read()

    @property
    def problem(self) -> str:
        """What is said to be wrong, wherever in the dialog; empty if nothing is."""
        said = [each for each in self.dialog.findChildren(Message) if each.is_problem() and each.isVisible()]
        return " ".join(each.text() for each in said)

    def agree(self) -> None:
        """Clicks OK when all is read."""
        self.wait_until_read()
        self._driver.click_on(self.dialog.ok_button)
        self._driver.wait(lambda: self._driver.app.data.dialog is None)

    def _show_columns(self) -> None:
        tabs = self.dialog.view.tabs.tabBar()
        assert isinstance(tabs, QTabBar)
        self._driver.click_on(tabs, tabs.tabRect(1).center())

    def _pick_entry(self, menu: QMenu, text: str) -> None:
        entry = next(action for action in menu.actions() if action.text() == text)
        self._driver.click_on(menu, menu.actionGeometry(entry).center())
