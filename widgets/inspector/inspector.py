"""The pane that describes what is selected."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from editor.layers.findings.finding import Finding
from editor.layers.nodes import Node, WeightNode
from editor.layers.tree import LayerTree
from widgets.findings.cards import FindingCards
from widgets.icons import Icons
from widgets.inspector.badged_tabs import BadgedTabs
from widgets.inspector.config_tree import ConfigTree
from widgets.inspector.fact_list import FactList
from widgets.inspector.facts import Fact, facts_of
from widgets.inspector.findings_here import findings_at
from widgets.inspector.policy_form import PolicyForm
from widgets.inspector.subject import Subject, subject_of
from widgets.inspector.weights_table import WeightsTable
from widgets.layer_tree.moves import NO_MOVES, Moves
from widgets.theme import CORNER, Theme

_MARGIN = 14
_HINT = "Select a layer for its details; click its box to freeze or thaw it."


class Inspector(QFrame):
    """Facts, policies, findings, configuration and weights of the selected nodes, or of the whole model.

    Signals:
        edit_requested: The `Edit` that was chosen.
        cure_requested: The `Finding` whose cure was clicked.
        places_chosen: The paths that a finding names, as a tuple.
    """

    edit_requested = Signal(object)
    cure_requested = Signal(object)
    places_chosen = Signal(object)

    def __init__(self, theme: Theme, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("inspector")
        self.setAccessibleName("Inspector")
        self.setProperty("pane", True)
        self._tree: LayerTree | None = None
        self._subject: Subject | None = None
        self._about: Sequence[Fact] = ()
        self._moves = NO_MOVES
        self._facts = FactList(theme)
        self._policies = PolicyForm()
        self._policies.edit_requested.connect(self.edit_requested)
        self._findings: tuple[Finding, ...] = ()
        self._findings_title = _heading("Findings here")
        self._findings_here = FindingCards(theme, names_lone_place=False)
        self._findings_here.cure_requested.connect(self.cure_requested)
        self._findings_here.places_chosen.connect(self.places_chosen)
        self._config = ConfigTree(theme)
        self._config_title = _heading("Configuration")
        self._hint = _note(_HINT)
        self._weights = WeightsTable(theme, icons)
        self.tabs = BadgedTabs()
        self.tabs.addTab(self._scrolled_facts(), "Model")
        self.tabs.addTab(self._weights, "Weights")
        self._pages = QStackedWidget()
        self._pages.addWidget(_empty_page())
        self._pages.addWidget(self.tabs)
        layout = QVBoxLayout(self)
        # The margins leave the pane's rounded corners to be seen.
        layout.setContentsMargins(1, 1, 1, CORNER // 2)
        layout.addWidget(self._pages)

    def _scrolled_facts(self) -> QScrollArea:
        page = QWidget()
        page.setObjectName("page")
        layout = QVBoxLayout(page)
        layout.setContentsMargins(_MARGIN, _MARGIN - 2, _MARGIN, 0)
        layout.setSpacing(CORNER)
        layout.addWidget(self._facts)
        layout.addWidget(self._policies)
        layout.addWidget(self._hint)
        layout.addSpacing(CORNER // 2)
        layout.addWidget(self._findings_title)
        layout.addWidget(self._findings_here)
        layout.addSpacing(CORNER // 2)
        layout.addWidget(self._config_title)
        layout.addWidget(self._config, 1)
        # Takes the room of a configuration that is not shown.
        layout.addStretch()
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setWidget(page)
        return area

    # -- what is shown --------------------------------------------------------------------------------------

    def set_tree(self, tree: LayerTree | None, about: Sequence[Fact] = ()) -> None:
        """Speaks of another model, as a whole at first.

        Args:
            tree: Its layers.
            about: What there is to say of its file.
        """
        self._tree = tree
        self._about = about
        self._moves = NO_MOVES
        self._pages.setCurrentIndex(int(tree is not None))
        self.show_nodes(())

    def set_about(self, about: Sequence[Fact]) -> None:
        """Says something else of the file; tree and selection stay."""
        self._about = about
        self.refresh()

    def show_nodes(self, nodes: tuple[Node, ...]) -> None:
        """Describes these nodes; none stands for the whole model."""
        self._subject = subject_of(self._tree, nodes) if self._tree else None
        self._weights.weights_model.set_subject(self._subject)
        config = self._subject.config if self._subject else {}
        self._config.config_model.set_config(config)
        self._config.setVisible(bool(config))
        self._config_title.setVisible(bool(config))
        self._hint.setVisible(not nodes)
        self._show_findings()
        self._name_tabs()
        self.refresh()

    def refresh(self) -> None:
        """Reads states and numbers again after flags have changed."""
        self._facts.show_facts(facts_of(self._subject, self._about, self._moves) if self._subject else ())
        self._policies.show_subject(self._subject)
        self._weights.weights_model.refresh()

    def set_moves(self, moves: Moves) -> None:
        """Says how far layers and weights moved in the last run."""
        self._moves = moves
        self.refresh()

    def set_findings(self, findings: tuple[Finding, ...]) -> None:
        """What is known about the model now; what concerns the selected layer or weight is shown with it."""
        self._findings = findings
        self._show_findings()

    def _show_findings(self) -> None:
        only = self._subject.only if self._subject else None
        here = findings_at(only, self._findings) if only else ()
        self._findings_here.show_findings(here)
        self._findings_title.setVisible(bool(here))
        self._findings_here.setVisible(bool(here))

    @property
    def findings_here(self) -> FindingCards:
        """What is shown of the findings beside the facts."""
        return self._findings_here

    @property
    def facts(self) -> dict[str, str]:
        """What is shown, by label."""
        return self._facts.texts

    def _name_tabs(self) -> None:
        if self._subject is None:
            return
        self.tabs.setTabText(0, _title(self._subject))
        self.tabs.setTabText(1, f"Weights {len(self._subject.weights):,}")


def _title(subject: Subject) -> str:
    if len(subject.nodes) > 1:
        return f"{len(subject.nodes):,} selected"
    if isinstance(subject.only, WeightNode):
        return "Weight"
    return "Layer" if subject.only and subject.only.parent else "Model"


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("tone", "heading")
    return label


def _note(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("tone", "secondary")
    label.setWordWrap(True)
    return label


def _empty_page() -> QWidget:
    page = QWidget()
    layout = QVBoxLayout(page)
    note = _note("What you select is described here, once a model is open.")
    note.setAlignment(Qt.AlignmentFlag.AlignCenter)
    layout.addWidget(note)
    return page
