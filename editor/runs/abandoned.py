"""Finds the workspaces whose owner has died, so that the next start can offer them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from editor.errors import FileError
from editor.runs.journal import read_journal
from editor.runs.workspace import (
    DOCUMENT_FILE,
    JOURNAL_FILE,
    DocumentInfo,
    Workspace,
    document_of,
    hold_root,
    is_workspace_name,
    lock_of,
    newest_revision_in,
    remove_folder,
    revision_path,
    revisions_in,
)


@dataclass(frozen=True)
class AbandonedWorkspace:
    """A workspace that nobody holds and that has something to offer.

    Attributes:
        folder: The workspace folder.
        info: The document it belongs to.
        last_revision: File of the weights that the model had last; None where they were never changed.
        num_steps: Number of steps in the journal.
        changed_at: When the folder was last written to, UTC.
    """

    folder: Path
    info: DocumentInfo
    last_revision: Path | None
    num_steps: int
    changed_at: datetime

    @property
    def newest_revision(self) -> int:
        """The greatest number of a revision in it; 0 where there is none."""
        return newest_revision_in(self.folder)

    @property
    def newer_weights(self) -> Path | None:
        """The last revision, unless the document was opened or saved after it: then the model file has its weights."""
        if self.info.structure != self.info.saved_structure:
            # The file has other layers, and nothing of it would fit.
            return self.last_revision
        try:
            is_newer = (
                self.last_revision is not None
                and self.last_revision != revision_path(self.folder, self.info.saved_revision)
                # Clocks of file systems tick slowly: of two in one tick, the weights were marked after the note.
                and self.last_revision.stat().st_mtime_ns >= (self.folder / DOCUMENT_FILE).stat().st_mtime_ns
            )
        except OSError:
            return None
        return self.last_revision if is_newer else None

    def adopt(self) -> Workspace:
        """Makes it the workspace of this process.

        Raises:
            FileError: Another process has taken it meanwhile, or it is gone.
        """
        return Workspace(self.folder, self.info, self._take())

    def discard(self) -> None:
        """Removes it for good; one that another process has taken meanwhile is left alone."""
        try:
            remove_folder(self.folder, self._take())
        except FileError:
            return

    def _take(self) -> FileLock:
        lock = _try_lock(self.folder) if self.folder.is_dir() else None
        if lock is None:
            raise FileError(
                f"The unsaved work on {Path(self.info.source).name} is in use, or gone.",
                hint="Look whether another window has it.",
                details=str(self.folder),
            )
        return lock


def find_abandoned(root: Path) -> list[AbandonedWorkspace]:
    """The workspaces under `root` that a dead owner has left, the newest first; those without content are removed.

    Raises:
        FileError: The folder cannot be used.
    """
    if not root.is_dir():
        return []
    try:
        with hold_root(root):
            found = [workspace for folder in _folders(root) if (workspace := _judge(folder))]
    except (OSError, Timeout) as error:
        raise FileError(
            f"The folder for unsaved work {root} cannot be read.", hint="Check its permissions.", details=repr(error)
        ) from error
    return sorted(found, key=lambda workspace: workspace.changed_at, reverse=True)


def _folders(root: Path) -> Iterator[Path]:
    """Only what bears a workspace's name: a root that was chosen badly may hold other people's folders."""
    return (path for path in sorted(root.iterdir()) if is_workspace_name(path.name) and path.is_dir())


def _judge(folder: Path) -> AbandonedWorkspace | None:
    """What a folder has to offer; None if it is in use, or has nothing and is removed."""
    lock = _try_lock(folder)
    if lock is None:
        return None
    info = document_of(folder)
    num_steps = _count_steps(folder)
    revisions = revisions_in(folder)
    if info is None and revisions:
        lock.release()
        return None  # Trained weights of an unknown model: nothing that could be put back, but not ours to remove.
    last_revision = revisions[-1] if revisions else None
    found = AbandonedWorkspace(folder, info, last_revision, num_steps, _changed_at(folder)) if info else None
    if found is None or not (num_steps or found.newer_weights):
        remove_folder(folder, lock)
        return None
    lock.release()
    return found


def _try_lock(folder: Path) -> FileLock | None:
    lock = lock_of(folder)
    try:
        lock.acquire(blocking=False)
    except (OSError, Timeout):
        return None
    return lock


def _count_steps(folder: Path) -> int:
    try:
        return sum(step.is_edit for step in read_journal(folder / JOURNAL_FILE))
    except FileError:
        return 0


def _changed_at(folder: Path) -> datetime:
    files = [folder / DOCUMENT_FILE, folder / JOURNAL_FILE, *revisions_in(folder)]
    newest = max((path.stat().st_mtime for path in files if path.exists()), default=0.0)
    return datetime.fromtimestamp(newest, UTC)
