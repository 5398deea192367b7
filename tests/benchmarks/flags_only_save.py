"""How long a save of flags alone takes, beside a copy of the file: `python -m tests.benchmarks.flags_only_save`.

ResNet152V2 (566 layers, 60 million parameters, random weights) as `.keras`, the same with Adam's state in it, and as
`.h5`. Measured is the whole request to a warm reader process, as the window has one: writing, reading back and
comparing, flushing to disk, putting in place. The copy beside it is flushed too. Pairs in turn; medians are compared.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import msgspec

from editor.layers.patch_plan import PatchPlan, patch_plan
from editor.layers.records import LayerRecord
from editor.layers.tree import LayerTree
from editor.processes.limits import limits_of_patch
from editor.processes.reader_messages import FilePatched, PatchFile
from editor.processes.reader_process import ReaderProcess

NUM_PAIRS = 7
FILES = ("plain.keras", "adam.keras", "plain.h5")
_ROOT = "root.msgpack"
_LIMIT_SECONDS = 600.0


def main() -> None:
    """Prints the medians, their ratio, and the greatest memory of the reader, for each file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=NUM_PAIRS)
    parser.add_argument("--folder", type=Path, help="where the models are, or are to be; default: a temporary one")
    parser.add_argument("files", nargs="*", default=FILES, help=f"some of {', '.join(FILES)}")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        if not (folder / _ROOT).exists():
            subprocess.run([sys.executable, "-m", __spec__.name, "--make", str(folder)], check=True)
        root = msgspec.msgpack.decode((folder / _ROOT).read_bytes(), type=LayerRecord)
        for name in options.files:
            measure(folder / name, LayerTree(root), options.pairs)


def measure(source: Path, tree: LayerTree, num_pairs: int) -> None:
    """Two thirds of the layers are frozen and thawed again in turn, so that all that can move does."""
    layers = [layer for layer in tree.walk_layers() if layer.weights]
    tree.apply(tree.plan(layers[: len(layers) * 2 // 3], trainable=False))
    target = source.with_name(f"saved_{source.name}")
    pairs, peaks = [], []
    for number in range(num_pairs + 1):
        seconds, peak = _patch(_plan(tree, source, target))
        pair = (seconds, _copy(source, target))
        if number:  # the first one brings the file into the system's memory
            pairs.append(pair)
            peaks.append(peak)
    target.unlink()
    save, copy = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(save / copy for save, copy in pairs)
    print(
        f"{source.name:12} {source.stat().st_size >> 20:4} MB: save {save:.2f} s, copy {copy:.2f} s, "
        f"ratio {save / copy:.2f} (median of pairs {ratio:.2f}), reader's memory at most {max(peaks) >> 20} MB"
    )


def _plan(tree: LayerTree, source: Path, target: Path) -> PatchPlan:
    found = source.stat()
    return patch_plan(tree, source, target, num_bytes=found.st_size, mtime_ns=found.st_mtime_ns, is_as_read=False)


def _patch(plan: PatchPlan) -> tuple[float, int]:
    """Seconds of one request to a warm process, and its greatest resident memory in bytes."""
    reader = ReaderProcess()
    reader.wait_until_ready()
    watch = _PeakMemory(reader)
    start = time.perf_counter()
    reader.send(PatchFile(plan, limits_of_patch(plan.num_bytes)))
    answer = reader.receive(_LIMIT_SECONDS)
    seconds = time.perf_counter() - start
    peak = watch.end()
    reader.end()
    assert isinstance(answer, FilePatched), answer
    return seconds, peak


class _PeakMemory:
    """Asks Linux for a process's greatest memory until it ends."""

    def __init__(self, reader: ReaderProcess) -> None:
        self._status = Path(f"/proc/{reader._process.pid}/status")
        self._peak = 0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        while not self._is_over.wait(0.01):
            try:
                lines = self._status.read_text().splitlines()
            except OSError:
                return
            self._peak = max([self._peak, *(int(line.split()[1]) << 10 for line in lines if line[:6] == "VmHWM:")])

    def end(self) -> int:
        self._is_over.set()
        self._thread.join()
        return self._peak


def _copy(source: Path, target: Path) -> float:
    start = time.perf_counter()
    with source.open("rb") as original, target.open("wb") as copy:
        shutil.copyfileobj(original, copy, 1 << 20)
        copy.flush()
        os.fsync(copy.fileno())
    return time.perf_counter() - start


def make(folder: Path) -> None:
    """Writes the models, in a process of their own."""
    import keras
    import numpy as np

    from editor.keras_model.walk import walk_model

    folder.mkdir(parents=True, exist_ok=True)
    model = keras.applications.ResNet152V2(weights=None)
    model.save(folder / "plain.keras")
    model.save(folder / "plain.h5")
    model.compile(keras.optimizers.Adam(), keras.losses.SparseCategoricalCrossentropy())
    model.optimizer.build(model.trainable_variables)
    random = np.random.default_rng(0)
    for variable in model.optimizer.variables[2:]:
        variable.assign(random.random(variable.shape, dtype=np.float32))
    model.save(folder / "adam.keras")
    (folder / _ROOT).write_bytes(msgspec.msgpack.encode(walk_model(model).root))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--make"]:
        make(Path(sys.argv[2]))
    else:
        main()
