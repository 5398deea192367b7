"""Menus and buttons are in title case, all of them."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractButton, QMenu, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from editor.layers.presets import PRESETS
from widgets.capitals import SMALL_WORDS, in_title_case
from widgets.icons import Icons
from widgets.main_window import MainWindow
from widgets.theme import Mode, Theme

NAMES = ("keras.applications", "Log y", "(.weights.h5)", "Mean absolute error", "Mean squared error", "Top 5 accuracy")
"""What has its own capitals: files, and what is measured, as it stands in sentences too."""


def test_that_small_words_begin_small_within_a_title():
    assert in_title_case("Stand still with the layer") == "Stand Still with the Layer"


def test_that_menus_and_buttons_are_in_title_case(qtbot: QtBot):
    theme = Theme(Mode.LIGHT)
    window = MainWindow(theme, Icons(theme))
    qtbot.addWidget(window)
    texts = {text.replace("&", "") for text in said(window)}
    assert {preset.title for preset in PRESETS} <= texts
    assert [text for text in sorted(texts) if has_small_word(text)] == []


def said(window: MainWindow) -> Iterator[str]:
    yield from (action.text() for action in window.findChildren(QAction))
    yield from (menu.title() for menu in window.findChildren(QMenu))
    buttons = window.findChildren(QAbstractButton)
    yield from (button.text() for button in buttons if isinstance(button, QPushButton | QToolButton))


def has_small_word(text: str) -> bool:
    for name in NAMES:
        text = text.replace(name, "")
    words = [word for word in text.split() if word not in SMALL_WORDS | {"up"}]
    return any(word[0].islower() for word in words)
