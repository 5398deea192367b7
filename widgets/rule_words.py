"""Rules of editing in words."""

from __future__ import annotations

from editor.layers.freeze_map import Rule
from editor.layers.policies import RuleKind

NO_RULE = "no rule"

_WORDS: dict[str, str] = {
    RuleKind.STAYS_FROZEN: "stays frozen",
    RuleKind.STATISTICS_UPDATE: "always updates",
    RuleKind.STATISTICS_STILL: "always still",
}


def rule_words(rule: Rule) -> str:
    """What a rule does, as the chips in the tree say it; a rule of a later version by its own name."""
    return _WORDS.get(rule.rule, rule.rule)


def rule_place(rule: Rule) -> str:
    """What it holds for: a path, or every layer of a class."""
    is_class = rule.select.startswith("class:")
    return f"every {rule.select.removeprefix('class:')}" if is_class else rule.select
