"""The owner of a workspace, for tests that kill it: `python -m tests.runs.workspace_owner ROOT SOURCE`."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import numpy as np

from editor.runs.journal import Journal, JournalStep
from editor.runs.revisions import RevisionMeta, write_revision
from editor.runs.workspace import DocumentInfo, Workspace


def main(root: str, source: str) -> None:
    workspace = Workspace.create(Path(root), DocumentInfo.of(Path(source)))
    journal = Journal(workspace.journal_path)
    journal.append(JournalStep("Freeze", {0: False}))
    for revision in (1, 2):
        meta = RevisionMeta(revision=revision)
        write_revision(workspace.revision_path(revision), [np.full(3, revision)], [], meta)
    sys.stdout.write(f"{workspace.folder}\n")
    sys.stdout.flush()
    threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
