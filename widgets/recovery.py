"""Offers at the start what a window that was killed has left."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from editor.errors import EditorError
from editor.runs.abandoned import AbandonedWorkspace, find_abandoned
from editor.wording import counted
from widgets.notifier import Notifier
from widgets.opening import OpenWish


def offer_recovery(workspaces: Path, notifier: Notifier, on_recover: Callable[[OpenWish], None]) -> None:
    """Asks about the newest abandoned document, if there is one; the others are offered at later starts."""
    try:
        found = find_abandoned(workspaces)
    except EditorError as error:
        notifier.problem(error.problem)
        return
    if found:
        wish = _wish(found[0])
        notifier.ask_recovery(
            f"Recover the unsaved work on {found[0].info.title}?",
            f"Frostline ended without saving it. {_contents(found[0])}",
            on_recover=lambda: on_recover(wish),
            on_discard=found[0].discard,
        )


def _wish(abandoned: AbandonedWorkspace) -> OpenWish:
    info = abandoned.info
    return OpenWish(info.path, info.options, abandoned)


def _contents(abandoned: AbandonedWorkspace) -> str:
    parts = []
    if abandoned.num_steps:
        parts.append(counted(abandoned.num_steps, "edit"))
    if abandoned.newer_weights:
        parts.append("trained weights")
    when = abandoned.changed_at.astimezone()
    verb = "is" if abandoned.num_steps == 1 else "are"
    return f"There {verb} {' and '.join(parts)} from {when:%d %B, %H:%M}."
