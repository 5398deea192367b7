"""Flags changed in a file by a reader process."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from editor.errors import EngineError, FileError, PatchError
from editor.files.atomic import remove_unfinished
from editor.files.keras_archive import read_freeze_map
from editor.layers.patch_plan import PatchPlan, PatchResult
from editor.layers.tree import LayerTree
from editor.processes.reader_client import ReaderClient
from editor.processes.reader_messages import PatchFailed
from tests import models
from tests.files import patching

WAIT_SECONDS = 60


@pytest.fixture
def client() -> Iterator[ReaderClient]:
    with ReaderClient(start=False) as client:
        yield client


@pytest.fixture
def opened(tmp_path: Path) -> tuple[Path, LayerTree]:
    path = tmp_path / "model.keras"
    models.seeded(models.small_cnn).save(path)
    _, tree = patching.opened(path)
    patching.set_state(tree, "conv2")
    return path, tree


@pytest.fixture
def plan(opened) -> PatchPlan:
    path, tree = opened
    return patching.plan_of(tree, path)


def test_that_the_file_has_the_flags_of_the_plan(client, opened, plan):
    path, tree = opened
    result = client.patch_now(plan)
    assert set(result.forgotten) == {"conv2:kernel", "conv2:bias"}
    assert read_freeze_map(path) == tree.freeze_map()


def test_that_the_outcome_is_told_on_a_thread(client, plan):
    told: queue.Queue[Any] = queue.Queue()
    client.patch(plan, lambda outcome: told.put((outcome, threading.current_thread())))
    outcome, thread = told.get(timeout=WAIT_SECONDS)
    assert isinstance(outcome, PatchResult)
    assert thread is not threading.current_thread()


def test_that_what_keras_has_to_write_is_told_apart_from_what_nobody_can(client, plan, tmp_path):
    changed = msgspec.structs.replace(plan, mtime_ns=1)
    with pytest.raises(PatchError, match="changed by another program"):
        client.patch_now(changed)
    told: queue.Queue[Any] = queue.Queue()
    client.patch(changed, told.put)
    outcome = told.get(timeout=WAIT_SECONDS)
    assert isinstance(outcome, PatchFailed)
    assert outcome.needs_full_save
    with pytest.raises(FileError, match=r"nowhere"):
        client.patch_now(msgspec.structs.replace(plan, target=str(tmp_path / "nowhere" / "model.keras")))


def test_that_a_cancelled_patch_is_not_told_and_leaves_the_file(client, opened, plan):
    path, _ = opened
    before = path.read_bytes()
    told: queue.Queue[Any] = queue.Queue()
    client.patch(plan, told.put).cancel()
    client.close()
    remove_unfinished(path)
    assert told.empty()
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert not [child for child in psutil.Process().children() if "spawn_main" in " ".join(child.cmdline())]
    with pytest.raises(EngineError, match="closed"):
        client.patch_now(plan)
