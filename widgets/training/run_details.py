"""What is said of a run at length, and of several beside each other."""

from __future__ import annotations

from collections.abc import Sequence

from editor.wording import counted
from widgets.training.proof_words import proof_details, proof_line
from widgets.training.run_entry import RunEntry
from widgets.training.settings_text import setting_texts


def run_details(entry: RunEntry) -> tuple[str, str]:
    """A line, and all that is known of a run: what came of it, what was set, what moved."""
    title, _, rest = entry.summary.partition("\n")
    settings = "\n".join(f"{name}: {text}" for name, text in setting_texts(entry.settings).items())
    proof = f"{proof_line(entry.proof)}\n{proof_details(entry.proof)}" if entry.proof else ""
    return title, "\n\n".join(part for part in (rest, settings, proof) if part)


def compared_runs(entries: Sequence[RunEntry]) -> tuple[str, str]:
    """A line, and what differs between runs, the newest first, in blocks of a line for each run."""
    known = {entry: _facts(entry) for entry in entries}
    names = dict.fromkeys(name for facts in known.values() for name in facts)
    blocks = []
    for name in names:
        texts = [known[entry].get(name, "as usual") for entry in entries]
        if len(set(texts)) > 1:
            lines = (f"  {entry.name}: {text}" for entry, text in zip(entries, texts, strict=True))
            blocks.append("\n".join((name, *lines)))
    return f"How {counted(len(entries), 'run')} differ", "\n\n".join(blocks) or "In nothing."


def _facts(entry: RunEntry) -> dict[str, str]:
    return {
        "Outcome": entry.outcome_text,
        "Best": entry.best_sentence or "none",
        "Test": entry.test_text or "none",
        "Frozen": entry.frozen_text,
        "Epochs done": entry.epochs_text,
        "Learning rate changed": ", ".join(entry.rates) or "no",
        "Seed": str(entry.seed),
        **{"Test data" if name == "Test" else name: text for name, text in setting_texts(entry.settings).items()},
    }
