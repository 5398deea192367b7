from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from editor.errors import FileError
from editor.runs.revisions import Array, Revision, RevisionMeta, read_revision, write_revision

FOREIGN = [ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e5m2, ml_dtypes.int4]
shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
known = hnp.scalar_dtypes().flatmap(lambda dtype: hnp.arrays(dtype, shapes))
foreign = st.tuples(st.sampled_from(FOREIGN), hnp.arrays(np.int8, shapes, elements=st.integers(-8, 7))).map(
    lambda pair: pair[1].astype(pair[0])
)
arrays = st.lists(known | foreign, max_size=4)
optional_text = st.none() | st.text()
metas = st.builds(
    RevisionMeta,
    revision=st.integers(0, 2**63 - 1),
    run_id=st.none() | st.integers(0, 2**31),
    epoch=st.none() | st.integers(0, 2**31),
    outcome=optional_text,
    variable_paths=st.lists(st.text()).map(tuple),
    compile_config=optional_text,
    optimizer_roles=st.lists(st.tuples(st.text(), st.none() | st.integers(0, 2**31))).map(tuple),
    optimizer_weights=st.lists(st.integers(0, 2**31)).map(tuple),
    iterations=st.none() | st.integers(0, 2**62),
)
META = RevisionMeta(revision=3, run_id=1, epoch=2, variable_paths=("conv/kernel",), iterations=40)


def assert_same(found: tuple[Array, ...], expected: list[Any]) -> None:
    assert [array.dtype for array in found] == [array.dtype for array in expected]
    assert [array.shape for array in found] == [array.shape for array in expected]
    assert [array.tobytes() for array in found] == [array.tobytes() for array in expected]


@settings(deadline=None)
@given(arrays, arrays, metas)
def test_that_a_revision_comes_back_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, variables: list[Any], optimizer: list[Any], meta: RevisionMeta
) -> None:
    path = tmp_path_factory.mktemp("weights") / "revision-000001.npz"
    write_revision(path, variables, optimizer, meta)
    revision = read_revision(path)
    assert_same(revision.variables, variables)
    assert_same(revision.optimizer, optimizer)
    assert revision.meta == meta
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def written(path: Path) -> Path:
    values = np.random.default_rng(1).normal(size=(20, 10)).astype(np.float32)
    write_revision(path, [values, values.astype(ml_dtypes.bfloat16)], [values * 2, np.int64(40)], META)
    return path


def test_that_more_than_ten_arrays_keep_their_order(tmp_path: Path) -> None:
    values = [np.full(2, at) for at in range(25)]
    write_revision(tmp_path / "r.npz", values, values[::-1], META)
    revision = read_revision(tmp_path / "r.npz")
    assert [int(value[0]) for value in revision.variables] == list(range(25))
    assert [int(value[0]) for value in revision.optimizer] == list(range(24, -1, -1))


def test_that_objects_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="v0"):
        write_revision(tmp_path / "r.npz", [np.array([{}])], [], META)
    assert list(tmp_path.iterdir()) == []


def test_that_a_missing_revision_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="are gone"):
        read_revision(tmp_path / "r.npz")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.6, 0.9, 0.999])
def test_that_a_cut_revision_is_told(share: float, tmp_path: Path) -> None:
    path = written(tmp_path / "r.npz")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(FileError, match="cannot be read"):
        read_revision(path)


def test_that_a_flipped_bit_is_told_or_changes_nothing(tmp_path: Path) -> None:
    path = written(tmp_path / "r.npz")
    content, sound = path.read_bytes(), read_revision(path)
    generator = random.Random(7)
    num_told = 0
    for _ in range(400):
        flipped = bytearray(content)
        flipped[generator.randrange(len(flipped))] ^= 1 << generator.randrange(8)
        path.write_bytes(flipped)
        num_told += _is_told(path, sound)
    assert num_told > 300


def _is_told(path: Path, sound: Revision) -> bool:
    try:
        revision = read_revision(path)
    except FileError:
        return True
    assert_same(revision.variables, list(sound.variables))
    assert_same(revision.optimizer, list(sound.optimizer))
    assert revision.meta == sound.meta
    return False


@pytest.mark.parametrize("content", [{"x": np.zeros(2)}, {"meta": np.zeros(2)}, {"meta": np.zeros(0, np.uint8)}])
def test_that_another_npz_is_no_revision(content: dict[str, Any], tmp_path: Path) -> None:
    np.savez(tmp_path / "r.npz", **content)
    with pytest.raises(FileError, match="cannot be read"):
        read_revision(tmp_path / "r.npz")
