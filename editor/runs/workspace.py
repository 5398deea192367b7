"""The workspace folder of an open document: weights and edits that outlive the process that made them."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import platformdirs
from filelock import FileLock, Timeout

from editor.errors import FileError
from editor.files.atomic import write_atomically
from editor.files.options import OpenOptions
from editor.files.saved_model.place import FileState, file_state

ROOT_VARIABLE = "FROSTLINE_WORKSPACES"
"""Environment variable with another folder for all workspaces."""

DOCUMENT_FILE = "document.json"
JOURNAL_FILE = "journal.jsonl"
LOCK_FILE = "lock"
WEIGHTS_FOLDER = "weights"
STRUCTURES_FOLDER = "structures"

_REVISION_NAME = re.compile(r"revision-(\d+)\.npz")
_STRUCTURE_NAME = re.compile(r"structure-(\d+)\.keras")
_FOLDER_NAME = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}")
_ROOT_SECONDS = 10.0


class DocumentInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The document that a workspace belongs to.

    Attributes:
        source: Absolute path of the model file that was opened.
        size: Size in bytes of the model's file when it was opened or last saved.
        mtime_ns: Its time of change then, in nanoseconds.
        options: What was given and allowed for it.
        opened_at: When it was opened, ISO 8601, UTC.
        saved_as: Absolute path of the file that it was last saved to; None before the first save.
        saved_revision: Number of the weights in that file; 0 before the first save.
        suggestion: Where a model that was made here would be saved; its file is in the workspace folder until then.
            Empty for one that was opened.
        structure: Number of the structure that the edits and the weights are of; see `structure_path`.
        saved_structure: Number of the structure in the model's file; 0 for the file as it was opened.
    """

    source: str
    size: int
    mtime_ns: int
    options: OpenOptions = OpenOptions()
    opened_at: str
    saved_as: str | None = None
    saved_revision: int = 0
    suggestion: str = ""
    structure: int = 0
    saved_structure: int = 0

    @classmethod
    def of(cls, source: Path, options: OpenOptions | None = None) -> DocumentInfo:
        """Describes a file that is being opened now.

        Raises:
            FileError: The file is gone.
        """
        try:
            found = file_state(source)
        except OSError as error:
            raise FileError(f"There is no file {source}.", hint="Check its name and folder.") from error
        return cls(
            source=str(source.absolute()),
            size=found.size,
            mtime_ns=found.mtime_ns,
            options=options or OpenOptions(),
            opened_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    @property
    def path(self) -> Path:
        """The model's file: what was opened, or what it was saved to since."""
        return Path(self.saved_as or self.source)

    @property
    def is_untitled(self) -> bool:
        """Whether it was made here and has no file that a person knows of."""
        return bool(self.suggestion) and self.saved_as is None

    @property
    def title(self) -> str:
        """What it is called: the name of its file, or `Untitled (MobileNetV2)`."""
        return f"Untitled ({Path(self.suggestion).stem})" if self.is_untitled else self.path.name

    def after_save(self, path: Path, revision: int, structure: int = 0) -> DocumentInfo:
        """The document when it has just been saved to a file with the weights of `revision`.

        Raises:
            FileError: The file is gone already.
        """
        found = DocumentInfo.of(path)
        return msgspec.structs.replace(
            self,
            saved_as=found.source,
            saved_revision=revision,
            saved_structure=structure,
            size=found.size,
            mtime_ns=found.mtime_ns,
        )

    def check_file(self) -> None:
        """Holds the model's file against what it was when it was opened or last saved.

        Raises:
            FileError: It is gone, or another one.
        """
        if not self.is_file_unchanged:
            what = "was changed by another program" if self.path.exists() else "is no longer there"
            raise FileError(
                f"{self.path} {what}, so the unsaved work cannot be put back onto it.",
                hint="The work is kept. Put the file back as it was, then try again.",
            )

    @property
    def state(self) -> FileState:
        """The state of the model's file when it was opened or last saved."""
        return FileState(self.size, self.mtime_ns)

    @property
    def is_file_unchanged(self) -> bool:
        """Whether the model's file is still the same, by size and time of change."""
        try:
            return file_state(self.path) == self.state
        except OSError:
            return False


def workspaces_root() -> Path:
    """The folder of all workspaces of this user."""
    chosen = os.environ.get(ROOT_VARIABLE)
    return Path(chosen) if chosen else platformdirs.user_state_path("frostline", appauthor=False) / "workspaces"


def revision_path(folder: Path, revision: int) -> Path:
    """The file of a revision in the workspace folder `folder`."""
    return folder / WEIGHTS_FOLDER / f"revision-{revision:06d}.npz"


def structure_path(folder: Path, structure: int) -> Path:
    """The file of a structure, a model with weights of some moment, in the workspace folder `folder`.

    Structure 0 is that of the model's file as it was opened; it has one here as soon as there is another.
    """
    return folder / STRUCTURES_FOLDER / f"structure-{structure:03d}.keras"


def newest_structure_in(folder: Path) -> int:
    """The greatest number of a structure that has a file in a workspace folder; 0 where there is none."""
    names = (_STRUCTURE_NAME.fullmatch(path.name) for path in (folder / STRUCTURES_FOLDER).glob("*.keras"))
    return max((int(match[1]) for match in names if match), default=0)


def revision_of(path: Path) -> int:
    """The number of the revision in a file of a workspace folder; 0 for another file."""
    match = _REVISION_NAME.fullmatch(path.name)
    return int(match[1]) if match else 0


def document_of(folder: Path) -> DocumentInfo | None:
    """The document that a workspace folder belongs to; None where nothing tells."""
    try:
        return msgspec.json.decode((folder / DOCUMENT_FILE).read_bytes(), type=DocumentInfo)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None


class Workspace:
    """The workspace folder of an open document, held by a lock for as long as its owner lives."""

    def __init__(self, folder: Path, info: DocumentInfo, lock: FileLock) -> None:
        """Not called directly: see `create`, and `AbandonedWorkspace.adopt`."""
        self.folder = folder
        self._info = info
        self._lock = lock

    @classmethod
    def create(cls, root: Path, info: DocumentInfo) -> Workspace:
        """Makes a folder that only this user can read (mode 0700), and holds it.

        Raises:
            FileError: The folder cannot be made.
        """
        folder = root / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
        try:
            with hold_root(root):
                folder.mkdir(mode=0o700)
                (folder / WEIGHTS_FOLDER).mkdir(mode=0o700)
                lock = lock_of(folder)
                lock.acquire(blocking=False)
        except (OSError, Timeout) as error:
            raise FileError(
                f"The folder for unsaved work {root} cannot be used: {getattr(error, 'strerror', None) or error}.",
                hint=f"Free some space, or set {ROOT_VARIABLE} to another folder.",
                details=repr(error),
            ) from error
        workspace = cls(folder, info, lock)
        try:
            workspace.update(info)
        except FileError:
            workspace.clean()
            raise
        return workspace

    @property
    def info(self) -> DocumentInfo:
        """The document, as last updated."""
        return self._info

    @property
    def journal_path(self) -> Path:
        """The file of the journal."""
        return self.folder / JOURNAL_FILE

    def update(self, info: DocumentInfo) -> None:
        """Writes what is known of the document.

        Raises:
            FileError: The file cannot be written.
        """
        with write_atomically(self.folder / DOCUMENT_FILE) as temporary:
            temporary.write_bytes(msgspec.json.encode(info))
        self._info = info

    def revision_path(self, revision: int) -> Path:
        """The file of a revision."""
        return revision_path(self.folder, revision)

    def revisions(self) -> tuple[Path, ...]:
        """All revision files, the current one last: the one that was written or marked last."""
        return revisions_in(self.folder)

    def drop_made(self) -> None:
        """Removes the file that was made in the folder: the document has one of its own now."""
        source = Path(self._info.source)
        if not self._info.is_untitled and source.parent == self.folder.absolute():
            with suppress(OSError):
                source.unlink()

    @property
    def newest_revision(self) -> int:
        """The greatest number of a revision that has a file; 0 where there is none."""
        return newest_revision_in(self.folder)

    def mark_current(self, revision_file: Path) -> None:
        """Notes that the model has the weights of an older revision again, after an undo."""
        with suppress(OSError):
            os.utime(revision_file)

    def prune_revisions(self, keep: int, needed: Collection[Path] = ()) -> None:
        """Removes old revision files.

        Args:
            keep: Number of files to keep, counted from the current one back; at least the current one stays.
            needed: Further files that stay, for undo.
        """
        old = self.revisions()[: -max(keep, 1)]
        for path in set(old) - set(needed):
            with suppress(OSError):
                path.unlink()

    def prune_structures(self, needed: Collection[int]) -> None:
        """Removes the files of all structures but those needed."""
        kept = {structure_path(self.folder, structure) for structure in needed}
        for path in (self.folder / STRUCTURES_FOLDER).glob("*.keras"):
            if path not in kept:
                with suppress(OSError):
                    path.unlink()

    def release(self) -> None:
        """Lets go of the folder and leaves it; the next start will offer it."""
        self._lock.release()

    def clean(self) -> None:
        """Removes the folder and lets go of it, when the document is saved and closed; its journal is closed before."""
        remove_folder(self.folder, self._lock)


def hold_root(root: Path) -> FileLock:
    """The lock under which workspaces are made and judged: a folder that is being made looks abandoned.

    Raises:
        OSError: The root cannot be made.
    """
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    return FileLock(root / ".lock", timeout=_ROOT_SECONDS, thread_local=False)


def lock_of(folder: Path) -> FileLock:
    """The lock of one workspace. The system frees it with its owner's last breath, however that dies."""
    # By default a lock that one thread took would be unknown to another.
    return FileLock(folder / LOCK_FILE, thread_local=False)


def is_workspace_name(name: str) -> bool:
    """Whether a folder is called as `Workspace.create` calls them."""
    return _FOLDER_NAME.fullmatch(name) is not None


def remove_folder(folder: Path, lock: FileLock) -> None:
    """Removes a workspace that `lock` holds.

    What could be offered goes first, so that a removal that was broken off is completed by the next start; the
    lock's file goes last, as Windows keeps a locked file.
    """
    shutil.rmtree(folder / WEIGHTS_FOLDER, ignore_errors=True)
    for name in (JOURNAL_FILE, DOCUMENT_FILE):
        with suppress(OSError):
            (folder / name).unlink()
    lock.release()
    shutil.rmtree(folder, ignore_errors=True)


def revisions_in(folder: Path) -> tuple[Path, ...]:
    """The revision files of a workspace folder, by time of writing or marking, then by number."""
    return tuple(path for _, _, path in sorted(_dated_revisions_in(folder)))


def newest_revision_in(folder: Path) -> int:
    """The greatest number of a revision that has a file in a workspace folder; 0 where there is none."""
    return max((number for _, number, _ in _dated_revisions_in(folder)), default=0)


def _dated_revisions_in(folder: Path) -> list[tuple[int, int, Path]]:
    found: list[tuple[int, int, Path]] = []
    with suppress(OSError):
        for path in (folder / WEIGHTS_FOLDER).iterdir():
            match = _REVISION_NAME.fullmatch(path.name)
            if match:
                found.append((path.stat().st_mtime_ns, int(match[1]), path))
    return found
