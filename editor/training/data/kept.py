"""Keeps the data that were prepared last, as long as nothing that they were made of has changed."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from editor.training.data.parts import Prepared
from editor.training.data.prepare import finish, prepare, read
from editor.training.data_options import DataOptions
from editor.training.function_code import function_name
from editor.training.model_facts import ModelFacts
from editor.training.progress import note_progress
from editor.training.settings import TrainSettings

WAIT_SECONDS = 0.1
"""Between two looks whether somebody else's reading is over, or the own one given up."""

_Key = tuple[object, ...]


class KeptData:
    """Prepares data for whoever asks, on any thread, one after the other; at most one set is kept.

    What is done to values batch by batch is no part of what is kept: another augmentation reads nothing again.
    """

    def __init__(self) -> None:
        self._reading = threading.Lock()
        self._under_way: _Key | None = None
        self._kept: tuple[_Key, Prepared] | None = None

    def prepare(self, settings: TrainSettings, facts: ModelFacts, seed: int) -> Prepared:
        """As `editor.training.data.prepare`, of what is kept if it is still the same.

        Raises:
            DataError: The data cannot be read, or nothing that the model takes can be made of them.
            GivenUpError: Nobody waits for them any more.
        """
        key = _key(settings, facts, seed)
        with self._alone(key):
            kept = self._kept
            if kept is None or kept[0] != key:
                # Two sets may be more than the memory holds.
                self._kept = kept = None
                self._kept = kept = (key, read(settings, facts, seed))
        return finish(kept[1], settings, facts)

    def prepare_for_run(self, settings: TrainSettings, facts: ModelFacts, seed: int) -> Prepared:
        """As `prepare`, but never behind the reading of other data: a person's function may take for ever.

        Such a function is called again for each run, as nobody knows what it reads.
        """
        is_function = function_name(settings.data) is not None
        if is_function:
            self.forget()
        if is_function or self._under_way not in (None, _key(settings, facts, seed)):
            return prepare(settings, facts, seed)
        return self.prepare(settings, facts, seed)

    def forget(self) -> None:
        """Lets go of what is kept."""
        self._kept = None

    @contextmanager
    def _alone(self, key: _Key) -> Iterator[None]:
        while not self._reading.acquire(timeout=WAIT_SECONDS):
            note_progress("Waiting for other data to be read", 0, 0)
        self._under_way = key
        try:
            note_progress("Reading data", 0, 0)
            yield
        finally:
            self._under_way = None
            self._reading.release()


def _key(settings: TrainSettings, facts: ModelFacts, seed: int) -> _Key:
    """All that the result of `read` depends on."""
    plain = DataOptions()
    options = msgspec.structs.replace(
        settings.data_options, preprocessing=plain.preprocessing, augmentation=plain.augmentation
    )
    paths = (settings.data, options.validation, options.test)
    batch_size = settings.batch_size if function_name(settings.data) else 0
    return settings.data, options, settings.validation_split, batch_size, facts, seed, state_of(paths)


def state_of(paths: tuple[str, ...]) -> str:
    """The names, sizes and times of change of all files that data are in, as one digest.

    Args:
        paths: Files and folders; what is neither counts by its name alone.
    """
    digest = hashlib.blake2b()
    for path in filter(None, paths):
        for place in _places(Path(path)):
            states = _states_in(str(place), set()) if place.is_dir() else [_state(place)]
            for state in states:
                digest.update(f"{state}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()


def _places(path: Path) -> list[Path]:
    """A file of arrays `.npy` stands for all beside it that may belong to it."""
    return sorted(path.parent.glob("*.npy")) if path.suffix.lower() == ".npy" else [path]


def _states_in(folder: str, seen: set[tuple[int, int]]) -> Iterator[str]:
    """Those of all files in a folder and in its subfolders; a link may lead back to one above."""
    try:
        status = Path(folder).stat()
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError:
        return
    place = (status.st_dev, status.st_ino)
    if place in seen:
        return
    seen.add(place)
    note_progress("Looking for changes", len(seen), 0)
    for entry in entries:
        if entry.is_dir():
            yield from _states_in(entry.path, seen)
        else:
            yield _state(entry)


def _state(file: Path | os.DirEntry[str]) -> str:
    try:
        status = file.stat()
    except OSError:
        return f"{os.fspath(file)} is not there"
    return f"{os.fspath(file)} {status.st_size} {status.st_mtime_ns}"
