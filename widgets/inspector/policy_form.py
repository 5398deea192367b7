"""Shows and lets one choose what happens to statistics, and whether a layer stays frozen when its block is thawed."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QButtonGroup, QCheckBox, QLabel, QRadioButton, QVBoxLayout, QWidget

from editor.layers.edits import set_policy, set_stays_frozen
from editor.layers.policies import StatisticsPolicy
from editor.wording import counted
from widgets.inspector.subject import Subject
from widgets.theme import CORNER, set_tone

POLICY_WORDS = {
    StatisticsPolicy.WITH_LAYER: "Stand still with the layer",
    StatisticsPolicy.UPDATE: "Keep updating",
    StatisticsPolicy.STILL: "Stand still while gamma and beta train",
}
POLICY_TIPS = {
    StatisticsPolicy.WITH_LAYER: "Mean and variance stand still while the layer is frozen, and update while it trains.",
    StatisticsPolicy.UPDATE: "Mean and variance follow the data in training, also while the layer is frozen.",
    StatisticsPolicy.STILL: "Mean and variance stay as they are, also while gamma and beta train.",
}
STAYS_FROZEN_WORDS = "Stays frozen when its block is thawed"
STAYS_FROZEN_TIP = "Thawing what holds the layer leaves it frozen; it is thawed by itself alone."


class PolicyForm(QWidget):
    """Three choices for the statistics and one check box; each is shown where it means something.

    Signals:
        edit_requested: The `Edit` that was chosen.
    """

    edit_requested = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("policyForm")
        self._subject: Subject | None = None
        self._title = QLabel()
        set_tone(self._title, "heading")
        self._choices = {policy: self._made_choice(policy) for policy in StatisticsPolicy}
        self._group = QButtonGroup(self)
        for button in self._choices.values():
            self._group.addButton(button)
        self._rule = QCheckBox()
        self._rule.setObjectName("staysFrozenBox")
        self._rule.setToolTip(STAYS_FROZEN_TIP)
        self._rule.clicked.connect(self._on_rule_clicked)
        self._group.buttonClicked.connect(self._on_choice_clicked)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, CORNER, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self._title)
        for button in self._choices.values():
            layout.addWidget(button)
        layout.addWidget(self._rule)

    def _made_choice(self, policy: StatisticsPolicy) -> QRadioButton:
        button = QRadioButton(POLICY_WORDS[policy])
        button.setObjectName(f"{policy.value}Choice")
        button.setToolTip(POLICY_TIPS[policy])
        return button

    def show_subject(self, subject: Subject | None) -> None:
        """Shows what applies to a subject now."""
        self._subject = subject
        num_owners = len(subject.statistics_owners) if subject else 0
        num_layers = len(subject.rule_layers) if subject else 0
        self._title.setText("Statistics in training" if num_owners == 1 else f"Statistics of {num_owners:,} layers")
        for widget in (self._title, *self._choices.values()):
            widget.setVisible(num_owners > 0)
        self._rule.setVisible(num_layers > 0)
        self._rule.setText(stays_frozen_words(num_layers))
        self.setVisible(num_owners + num_layers > 0)
        if subject:
            self._check(subject)

    def _check(self, subject: Subject) -> None:
        # An exclusive group would not let the last button be unchecked, as it must be where layers differ.
        self._group.setExclusive(False)
        for policy, button in self._choices.items():
            button.setChecked(subject.policy is policy)
        self._group.setExclusive(True)
        states = {True: Qt.CheckState.Checked, False: Qt.CheckState.Unchecked, None: Qt.CheckState.PartiallyChecked}
        self._rule.setCheckState(states[subject.stays_frozen])
        # A third state is shown where layers differ, and never chosen: the next click makes all of them alike.
        self._rule.setTristate(subject.stays_frozen is None)

    @Slot(object)
    def _on_choice_clicked(self, clicked: object) -> None:
        policy = next(policy for policy, button in self._choices.items() if button is clicked)
        if self._subject:
            self.edit_requested.emit(set_policy(self._subject.tree, self._subject.statistics_owners, policy))

    @Slot(bool)
    def _on_rule_clicked(self, holds: bool) -> None:
        if self._subject:
            self.edit_requested.emit(set_stays_frozen(self._subject.tree, self._subject.rule_layers, holds=holds))


def stays_frozen_words(num_layers: int) -> str:
    """The rule's name for one layer or several."""
    if num_layers < 2:
        return STAYS_FROZEN_WORDS
    return f"{counted(num_layers, 'layer')} stay frozen when their block is thawed"
