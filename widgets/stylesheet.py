"""The one style sheet, made from the palette. Trees and tables draw their cells themselves."""

from __future__ import annotations

from dataclasses import asdict
from string import Template

from resources import resource_path
from widgets.palette import Palette


def style_sheet(palette: Palette) -> str:
    """The application's style sheet in the colours of `palette`."""
    icons = resource_path("icons").as_posix()
    mode, other = ("dark", "light") if palette.is_dark else ("light", "dark")
    signs = {
        "check": f"{icons}/check-on-{mode}.svg",
        "some": f"{icons}/check-some-{mode}.svg",
        # In a menu the sign stands on the pane, not in a filled box.
        "menu_check": f"{icons}/check-on-{other}.svg",
    }
    return Template(_BARS + _CONTROLS + _VIEWS).substitute(asdict(palette), icons=icons, **signs)


_BARS = """
QMainWindow, QDialog { background: $window; }
QMainWindow::separator { background: transparent; width: 8px; height: 8px; }
QSplitter::handle { background: transparent; }
QSplitter::handle:horizontal { width: 8px; }
QSplitter::handle:vertical { height: 8px; }

QMenuBar { background: $window; border-bottom: 1px solid $line; padding: 2px 4px; }
QMenuBar::item { background: transparent; padding: 5px 9px; border-radius: 6px; }
QMenuBar::item:selected, QMenuBar::item:pressed { background: $selection; }
QMenu { background: $pane; border: 1px solid $line; border-radius: 8px; padding: 5px; }
QMenu::item { padding: 5px 24px 5px 10px; border-radius: 5px; }
QMenu::item:selected { background: $selection; }
QMenu::item:disabled { color: $disabled; }
QMenu::icon { padding-left: 8px; }
QMenu::indicator { width: 12px; height: 12px; left: 5px; }
QMenu::indicator:checked { image: url("$menu_check"); }
QMenu::separator { height: 1px; background: $line; margin: 5px 6px; }

QToolBar { background: $pane; border: none; border-bottom: 1px solid $line; padding: 4px 8px; spacing: 4px; }
QToolBar#summaryToolBar { padding: 0; border: none; }
QToolBar::separator { background: $line; width: 1px; margin: 6px 6px; }
QToolButton { background: transparent; border: 1px solid transparent; border-radius: 6px; padding: 5px 8px; }
QToolBar QToolButton { padding: 5px 6px; }
QToolButton:hover { background: $hover; }
QToolButton:pressed, QToolButton:checked { background: $selection; }
QToolButton:focus { border-color: $frozen; }
QToolButton:disabled { color: $disabled; }
QToolButton[tone="frozen"] { color: $frozen; }
QToolButton[tone="trainable"] { color: $trainable; }
QToolButton[tone]:disabled { color: $disabled; }

QToolButton[popupMode="1"] { padding-right: 24px; }
QToolButton::menu-button { border: none; border-left: 1px solid $line; width: 17px; margin: 4px 0; }
QToolButton::menu-arrow { image: url("$icons/arrow-down.svg"); width: 10px; height: 10px; }
QToolButton::menu-arrow:disabled { image: none; }
QToolButton::menu-button:disabled { border: none; }
QToolButton#qt_toolbar_ext_button { image: url("$icons/arrow-right.svg"); padding: 4px; }
QToolButton[tone="button"] { background: $pane; color: $text; border: 1px solid $edge; padding: 3px 22px 3px 6px; }
QToolButton[tone="button"]:hover { background: $hover; }
QToolButton[tone="button"]:pressed { background: $selection; }
QToolButton[tone="button"]:focus { border-color: $frozen; }
QToolButton[tone="button"]:disabled { color: $disabled; border-color: $line; background: $window; }
QToolButton[tone="fold"] { color: $secondary; border: none; padding: 3px 0; background: transparent; }
QToolButton[tone="fold"]:hover, QToolButton[tone="fold"]:focus { color: $frozen; }
QToolButton[popupMode="2"] { padding: 4px 21px 4px 8px; }
QToolButton::menu-indicator {
    image: url("$icons/arrow-down.svg"); width: 10px; height: 10px;
    subcontrol-origin: padding; subcontrol-position: right center; right: 7px; }

QStatusBar { background: $window; color: $secondary; }
QStatusBar::item { border: none; }
QToolTip { background: $pane; color: $text; border: 1px solid $edge; padding: 5px 7px; }

QDockWidget { titlebar-close-icon: none; titlebar-normal-icon: none; }
QDockWidget::title { background: $window; color: $secondary; padding: 4px 8px; text-align: left; }
QDockWidget#trainingDock::title { padding-left: 16px; }
QFrame[pane="true"] { background: $pane; border: 1px solid $line; border-radius: 8px; }
QFrame#summaryBar { background: $pane; border: none; border-bottom: 1px solid $line; }
QFrame#patternBar { background: $window; border: none; border-top: 1px solid $line; }
QFrame#previewBar { background: $pane; border: none; border-top: 1px solid $line; }
QFrame#patternBar QLineEdit { background: $pane; }
QFrame#thinLine { background: $line; border: none; max-height: 1px; min-height: 1px; }
QFrame#findingCard {
    background: $pane; border: 1px solid $line; border-left: 3px solid $frozen; border-radius: 6px; }
QFrame#findingCard[severity="warning"] { border-left-color: $trainable; }
QFrame#findingCard[severity="error"] { border-left-color: $error; }
QLabel#tabBadge { color: $frozen; background: $frozen_fill; border-radius: 8px; padding: 0 6px; }
QLabel#tabBadge[tone="warning"] { color: $trainable; background: $trainable_fill; }
QLabel[tone="secondary"] { color: $secondary; }
QLabel[tone="tag"] { color: $secondary; border: 1px solid $edge; border-radius: 8px; padding: 0 7px; }
QLabel[tone="heading"] { color: $secondary; font-weight: 600; }
QLabel[tone="strong"] { font-weight: 600; }
QLabel[tone="error"] { color: $error; }
QLabel[tone="success"] { color: $success; }
QLabel[tone="trainable"] { color: $trainable; }
QLabel[tone="frozen"] { color: $frozen; }
QLabel:disabled { color: $disabled; }
"""

_CONTROLS = """
QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; } /* the coloured ones of another time, on Linux */
QPushButton { background: $pane; border: 1px solid $edge; border-radius: 6px; padding: 5px 14px; }
QPushButton:hover { background: $hover; }
QPushButton:pressed { background: $selection; }
QPushButton:focus { border-color: $frozen; }
QPushButton:disabled { color: $disabled; border-color: $line; background: $window; }
QPushButton[tone="small"] { padding: 3px 10px; }
QPushButton[tone="link"] { background: transparent; border: none; padding: 1px 0; color: $frozen; font-weight: 600;
    text-align: left; }
QPushButton[tone="link"]:hover, QPushButton[tone="link"]:focus { text-decoration: underline; }
QPushButton:default, QPushButton[tone="primary"] {
    background: $frozen; color: $on_accent; border-color: $frozen; }
QPushButton[tone="primary"] { font-weight: 600; } /* not :default, whose width Qt takes from the plain face */
QPushButton:default:focus, QPushButton[tone="primary"]:focus { border-color: $text; }
QPushButton:default:disabled, QPushButton[tone="primary"]:disabled {
    background: $window; color: $disabled; border-color: $line; }

QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox, QPlainTextEdit, QTextEdit {
    background: $window; border: 1px solid $line; border-radius: 6px;
    selection-background-color: $frozen; selection-color: $on_accent; }
QLineEdit, QComboBox { padding: 4px 8px; }
QSpinBox, QDoubleSpinBox { padding: 4px 2px 4px 8px; }
QLineEdit:hover, QSpinBox:hover, QDoubleSpinBox:hover, QComboBox:hover { border-color: $edge; }
QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus, QPlainTextEdit:focus, QTextEdit:focus {
    border-color: $frozen; }
QLineEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QComboBox:disabled { color: $disabled; }
QLineEdit[tone="plain"] { background: transparent; border: none; border-radius: 0; padding: 0; }
QLineEdit[tone="plain"]:focus { background: $hover; }
*[tone="wrong"] { border-color: $error; }
QAbstractSpinBox QLineEdit, QComboBox QLineEdit { background: transparent; border: none; padding: 0 0 0 6px; }
QSpinBox::up-button, QDoubleSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::down-button {
    border: none; background: transparent; width: 18px; }
QSpinBox::up-arrow, QDoubleSpinBox::up-arrow { image: url("$icons/arrow-up.svg"); width: 10px; height: 10px; }
QSpinBox::down-arrow, QDoubleSpinBox::down-arrow { image: url("$icons/arrow-down.svg"); width: 10px; height: 10px; }
QComboBox::drop-down { border: none; width: 22px; }
QComboBox::down-arrow { image: url("$icons/arrow-down.svg"); width: 10px; height: 10px; }
QComboBox QAbstractItemView {
    background: $pane; border: 1px solid $line; padding: 4px; outline: 0;
    selection-background-color: $selection; selection-color: $text; }

QCheckBox, QRadioButton { spacing: 7px; }
QCheckBox::indicator, QRadioButton::indicator, QTreeView#needsList::indicator {
    width: 14px; height: 14px; border: 1px solid $secondary; background: $pane; }
QCheckBox::indicator, QTreeView#needsList::indicator { border-radius: 4px; }
QRadioButton::indicator { border-radius: 8px; }
QCheckBox::indicator:checked, QTreeView#needsList::indicator:checked {
    background: $frozen; border-color: $frozen; image: url("$check"); }
QCheckBox::indicator:indeterminate { background: $frozen; border-color: $frozen; image: url("$some"); }
QRadioButton::indicator:checked { border: 5px solid $frozen; width: 6px; height: 6px; }
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled { border-color: $line; background: $window; }
QCheckBox:focus, QRadioButton:focus { color: $frozen; }

QProgressBar { background: $line; border: none; border-radius: 3px; min-height: 6px; max-height: 6px; }
QProgressBar::chunk { background: $frozen; border-radius: 3px; }

QTabWidget::tab-bar { left: 4px; }
QTabWidget::pane { border: none; border-top: 1px solid $line; }
QTabBar { background: transparent; qproperty-drawBase: 0; }
QTabBar::tab {
    background: transparent; color: $secondary; border: none; border-bottom: 2px solid transparent;
    padding: 8px 1px 6px 1px; margin: 0 9px; }
QTabBar::tab:hover { color: $text; }
QTabBar::tab:selected { color: $text; border-bottom-color: $frozen; }
QTabBar::tab:focus { color: $frozen; }
"""

_VIEWS = """
QTreeView, QTableView, QListView {
    background: $pane; alternate-background-color: $pane; border: none; outline: 0; gridline-color: $line;
    selection-background-color: $selection; selection-color: $text; }
QTableView::item, QListView::item { padding: 0 8px; border: none; }
QListWidget#augmentationList { border: 1px solid $line; border-radius: 6px; }
QTreeView#needsList::item { height: 24px; padding: 0 5px; }
QTableView::item:selected, QListView::item:selected { background: $selection; color: $text; }
QListView::item:hover { background: $hover; }
QHeaderView { background: $pane; border: none; }
QHeaderView::section {
    background: $pane; color: $secondary; border: none; border-bottom: 1px solid $line;
    padding: 4px 8px; }
QHeaderView::section:hover { color: $text; }
QTreeView#layerTree QHeaderView::section { border-top: 1px solid $line; }
QTreeView#layerTree QHeaderView::section:first { padding-left: 27px; }
QTreeView#changesTree QHeaderView::section:first { padding-left: 14px; }
QTreeView#weightsTable::item, QTreeView#changesTree::item { padding: 0 6px; }
QTreeView#compareTable::item, QTreeView#applicationTable::item { padding: 0 6px; }
QTreeView#weightsTable::item:selected, QTreeView#configTree::item:selected,
QTreeView#changesTree::item:selected, QTreeView#compareTable::item:selected,
QTreeView#applicationTable::item:selected { background: $selection; color: $text; }
QTreeView#configTree::branch, QTreeView#changesTree::branch {
    background: transparent; image: none; border-image: none; }
QTreeView#configTree::branch:has-children:closed, QTreeView#changesTree::branch:has-children:closed {
    image: url("$icons/arrow-right.svg"); }
QTreeView#configTree::branch:has-children:open, QTreeView#changesTree::branch:has-children:open {
    image: url("$icons/arrow-down.svg"); }
QTableCornerButton::section { background: $pane; border: none; }
QAbstractScrollArea::corner { background: transparent; }
QScrollArea, QScrollArea > QWidget > QWidget#page { background: transparent; border: none; }

QScrollBar { background: transparent; border: none; margin: 0; }
QScrollBar:vertical { width: 11px; }
QScrollBar:horizontal { height: 11px; }
QScrollBar::handle { background: $handle; border-radius: 3px; margin: 3px; }
QScrollBar::handle:hover { background: $secondary; }
QScrollBar::handle:vertical { min-height: 28px; }
QScrollBar::handle:horizontal { min-width: 28px; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; border: none; background: transparent; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
"""
