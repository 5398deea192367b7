"""What the comparison of the weights before and after a run found, in words."""

from __future__ import annotations

from editor.training.settings import Proof
from editor.wording import counted


def proof_line(proof: Proof) -> str:
    """The result in a line."""
    if not proof.is_kept:
        return f"⚠ {counted(len(proof.violations), 'weight')} moved that should have stood still"
    if proof.frozen_total == 0:
        return "No weight was frozen"
    unchanged, total = f"{proof.frozen_unchanged:,}", counted(proof.frozen_total, "frozen weight")
    return f"✓ {unchanged} of {total} unchanged"


def proof_tip(proof: Proof) -> str:
    """A few lines for the tool tip."""
    return "\n".join(proof_details(proof).splitlines()[:22])


def proof_details(proof: Proof) -> str:
    """Which weights moved that should not have, what stood still, and which layers learned."""
    parts = []
    if not proof.is_kept:
        parts.append("These weights should not have changed:\n" + "\n".join(proof.violations))
    changed = counted(len(proof.changed_layers), "layer")
    parts.append(f"Compared bit for bit before and after the run. {changed} changed.")
    parts.append(f"{proof.frozen_unchanged:,} of {counted(proof.frozen_total, 'frozen weight')} unchanged.")
    if proof.still_total:
        parts.append(f"{proof.still_unchanged:,} of {counted(proof.still_total, 'still statistic')} unchanged.")
    if proof.changed_layers:
        parts.append("Layers that changed:\n" + "\n".join(path or "(the model)" for path in proof.changed_layers))
    return "\n".join(parts)
