from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from editor.errors import FileError
from editor.layers.accounts import StatisticsMode
from editor.layers.nodes import LayerNode, Node
from editor.layers.policies import RuleKind, StatisticsPolicy
from editor.layers.tree import LayerTree
from editor.runs.journal import Journal, JournalStep, plan_steps, read_journal, step_of
from tests.runs.trees import small_tree

steps = st.builds(
    JournalStep,
    st.text(),
    st.dictionaries(st.integers(0, 9999), st.booleans()),
    st.dictionaries(st.integers(0, 9999), st.sampled_from(StatisticsMode)),
    st.lists(st.tuples(st.integers(0, 9999), st.sampled_from(RuleKind), st.booleans()), max_size=3).map(tuple),
)
PATHS = ["block", "block/conv", "twin/conv", "block/norm", "block/norm:gamma", "head", "head:kernel", "twin"]


def node_at(tree: LayerTree, path: str) -> Node:
    node = tree.find(path)
    assert node is not None
    return node


def write(path: Path, *written: JournalStep) -> None:
    journal = Journal(path)
    for step in written:
        journal.append(step)
    journal.close()


STEPS = (
    JournalStep("Freeze block", {0: False}, {2: StatisticsMode.STILL}),
    JournalStep("Thaw head", {4: True}),
    JournalStep("Grüße 冷", {}),
)


@settings(deadline=None)
@given(st.lists(steps, max_size=6))
def test_that_steps_come_back(tmp_path_factory: pytest.TempPathFactory, written: list[JournalStep]) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    write(path, *written)
    assert read_journal(path) == tuple(written)


def test_that_a_step_can_be_read_while_the_journal_is_open(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    for number, step in enumerate(STEPS, 1):
        journal.append(step)
        assert read_journal(tmp_path / "journal.jsonl") == STEPS[:number]
    journal.close()


def test_that_a_missing_journal_has_no_steps(tmp_path: Path) -> None:
    assert read_journal(tmp_path / "nowhere.jsonl") == ()


def test_that_a_journal_cut_anywhere_gives_all_whole_steps_before(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    write(path, *STEPS)
    content = path.read_bytes()
    for num_bytes in range(len(content)):
        path.write_bytes(content[:num_bytes])
        whole = content[:num_bytes].count(b"\n")
        # A line that lacks nothing but its end is whole too.
        assert read_journal(path) in (STEPS[:whole], STEPS[: whole + 1])


def test_that_a_journal_goes_on_after_a_line_that_was_cut(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    write(path, *STEPS[:2])
    path.write_bytes(path.read_bytes()[:-7])
    write(path, STEPS[2])
    assert read_journal(path) == (STEPS[0], STEPS[2])


def test_that_a_broken_line_does_not_take_the_later_ones_along(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    write(path, *STEPS)
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([lines[0], b"\xff\xfe{", b'{"text": 1}', *lines[1:]]))
    assert read_journal(path) == STEPS


def test_that_a_journal_that_cannot_be_written_is_an_expected_error(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be written"):
        Journal(tmp_path / "nowhere" / "journal.jsonl")
    journal = Journal(tmp_path / "journal.jsonl")
    journal.close()
    with pytest.raises(FileError, match="cannot be written"):
        journal.append(STEPS[0])


def test_that_a_step_holds_the_values_after_it() -> None:
    tree = small_tree()
    change = tree.plan([node_at(tree, "twin/conv"), node_at(tree, "block/norm")], trainable=False)
    tree.apply(change)
    step = step_of(change, "Freeze 2 layers")
    names = {node.record.weight_id: node.path for node in tree.walk_weights()}
    assert {names[key]: flag for key, flag in step.weights.items()} == {
        "block/conv:kernel": False,
        "block/conv:bias": False,
        "block/norm:gamma": False,
        "block/norm:beta": False,
    }
    norm = node_at(tree, "block/norm").record.layer_id
    assert step.statistics == {norm: StatisticsMode.STILL}
    assert step_of(change.reverted, "Undo").statistics == {norm: StatisticsMode.UPDATE}


@settings(deadline=None)
@given(st.lists(st.tuples(st.lists(st.sampled_from(PATHS), min_size=1), st.booleans(), st.booleans()), max_size=8))
def test_that_the_steps_lead_another_tree_to_the_same_flags(edits: list[tuple[list[str], bool, bool]]) -> None:
    tree, recorded = small_tree(), []
    for paths, trainable, is_undone in edits:
        change = tree.plan([node_at(tree, path) for path in paths], trainable=trainable)
        tree.apply(change)
        recorded.append(step_of(change, "edit"))
        if is_undone:
            tree.apply(change.reverted)
            recorded.append(step_of(change.reverted, "undo"))
    again = small_tree()
    again.apply(plan_steps(again, recorded))
    assert again.freeze_map() == tree.freeze_map()
    assert not plan_steps(again, recorded)


def test_that_what_the_tree_does_not_have_is_passed_over() -> None:
    tree = small_tree()
    mean = node_at(tree, "block/norm:moving_mean").record.weight_id
    head = node_at(tree, "head").record.layer_id
    foreign = JournalStep("Freeze", {9999: False, mean: True}, {9999: StatisticsMode.STILL, head: StatisticsMode.STILL})
    assert not plan_steps(tree, [foreign])


def test_that_rules_of_editing_are_steps_too() -> None:
    tree, other = small_tree(), small_tree()
    norm = node_at(tree, "block/norm")
    assert isinstance(norm, LayerNode)
    written = []
    for change in (
        tree.plan_policy([norm], StatisticsPolicy.UPDATE),
        tree.plan_rule([norm], RuleKind.STAYS_FROZEN, holds=True),
    ):
        tree.apply(change)
        written.append(step_of(change, "a step"))
    other.apply(plan_steps(other, written))
    assert other.freeze_map() == tree.freeze_map()
    assert len(other.freeze_map().rules) == 2
