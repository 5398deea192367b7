"""A run of the program beside the same run in plain Keras: `python -m tests.benchmarks.training`.

MobileNetV2 at 96 pixels on random images, everything trainable or the backbone frozen. The engine is asked to train
and the clock stops with `RunEnded`: data, checks, snapshots before and after, proof and record are in it. Plain Keras
reads the same file, compiles, and fits the same batches with the same seed. Both are processes of their own that have
imported everything; the runs are interleaved, and each begins with the model as it is in its file.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from editor.native import prepare_tensorflow

NUM_PAIRS = 5
SIZE, BATCH, SEED = 96, 32, 7
LOSS = "sparse_categorical_crossentropy"


def main() -> None:
    """Prints the median ratio, and whether the losses are the same."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=NUM_PAIRS)
    parser.add_argument("--images", type=int, default=192)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--frozen", action="store_true", help="train the head alone")
    parser.add_argument("--unrepeatable", action="store_true", help="plain Keras with TensorFlow's own threads")
    parser.add_argument("--plain", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    prepare_tensorflow()
    if options.plain:
        serve_plain(options.plain, options.epochs, is_frozen=options.frozen)
        return
    with tempfile.TemporaryDirectory() as name:
        os.environ["FROSTLINE_RUNS"] = str(Path(name) / "runs")
        make_files(Path(name), options.images)
        measure(Path(name), options)


def make_files(folder: Path, num_images: int) -> None:
    """The model and its data."""
    import keras
    import numpy as np

    keras.utils.set_random_seed(1)
    base = keras.applications.MobileNetV2((SIZE, SIZE, 3), include_top=False, weights=None, pooling="avg")
    head = [keras.layers.Dropout(0.2), keras.layers.Dense(10, activation="softmax", name="head")]
    keras.Sequential([keras.Input((SIZE, SIZE, 3)), base, *head]).save(folder / "model.keras")
    x = np.random.default_rng(1).normal(size=(num_images, SIZE, SIZE, 3)).astype("float32")
    np.savez(folder / "data.npz", x=x, y=np.arange(num_images) % 10)


def measure(folder: Path, options: argparse.Namespace) -> None:
    """Interleaves both, the first pair apart, which neither side has warmed up for."""
    plain = Plain(folder, options)
    program = Program(folder, options)
    pairs = []
    for number in range(options.pairs + 1):
        order = (program, plain) if number % 2 else (plain, program)
        found = {type(side): side.run() for side in order}
        pairs.append((found[Program], found[Plain]))
        (ours, our_losses), (theirs, their_losses) = pairs[-1]
        same = "the same losses" if our_losses == their_losses else f"losses {our_losses} and {their_losses}"
        print(f"{'warm-up' if number == 0 else number}: {ours:.2f} s, plain {theirs:.2f} s, {same}", flush=True)
    plain.end()
    program.end()
    ratios = [ours[0] / theirs[0] for ours, theirs in pairs[1:]]
    is_same = all(ours[1] == theirs[1] for ours, theirs in pairs)
    print(
        f"{options.epochs} epochs of {options.images} images, {'head alone' if options.frozen else 'all'} trainable: "
        f"median ratio {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f}), "
        f"losses {'the same' if is_same else 'DIFFER'}"
    )


class Program:
    """The engine."""

    def __init__(self, folder: Path, options: argparse.Namespace) -> None:
        from tests.processes.engine_driver import EngineDriver

        self._engine = EngineDriver()
        self._folder = folder
        self._options = options
        self._number = 0

    def run(self) -> tuple[float, list[float]]:
        """Seconds, and the loss of each epoch."""
        from editor.processes.run_messages import EpochEnded, RunEnded
        from editor.runs.workspace import WEIGHTS_FOLDER
        from tests.processes.opened import Opened

        document = Opened(self._engine, self._folder / "model.keras")
        if self._options.frozen:
            document.freeze("mobilenetv2_1.00_96")
        self._number += 1
        place = self._folder / f"work-{self._number}"
        (place / WEIGHTS_FOLDER).mkdir(parents=True)
        events: list[Any] = []
        start = time.perf_counter()
        document.start(self._folder / "data.npz", place, epochs=self._options.epochs, batch_size=BATCH, seed=SEED)
        ended = self._engine.wait_for(RunEnded, collect=events)
        seconds = time.perf_counter() - start
        assert ended.outcome == "finished", ended.problem
        document.close()
        return seconds, [event.metrics["loss"] for event in events if isinstance(event, EpochEnded)]

    def end(self) -> None:
        """Ends the process."""
        self._engine.close()


class Plain:
    """A process with Keras alone."""

    def __init__(self, folder: Path, options: argparse.Namespace) -> None:
        frozen = ["--frozen"] if options.frozen else []
        command = [sys.executable, "-m", "tests.benchmarks.training", "--plain", str(folder), *frozen]
        command += ["--epochs", str(options.epochs)]
        threads = {"TF_NUM_INTEROP_THREADS": "0"} if options.unrepeatable else {}
        self._process = subprocess.Popen(
            command,
            env=os.environ | threads,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def run(self) -> tuple[float, list[float]]:
        """Seconds, and the loss of each epoch."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write("run\n")
        self._process.stdin.flush()
        seconds, losses = json.loads(self._process.stdout.readline())
        return seconds, losses

    def end(self) -> None:
        """Ends the process."""
        self._process.communicate()


def serve_plain(folder: Path, num_epochs: int, *, is_frozen: bool) -> None:
    """Trains once for each line of standard input."""
    import keras
    import numpy as np

    from editor.training.data import Part
    from editor.training.pipeline import Recipe, num_batches, structure_of, training_batches
    from editor.training.run import reset_seed_generators

    for _ in sys.stdin:
        model = keras.saving.load_model(folder / "model.keras")
        model.layers[0].trainable = not is_frozen
        start = time.perf_counter()
        with np.load(folder / "data.npz") as arrays:
            part = Part((arrays["x"],), (arrays["y"],))
        keras.utils.set_random_seed(SEED)
        reset_seed_generators(model, SEED)
        model.compile(keras.optimizers.Adam(), loss=LOSS, metrics=["accuracy"])
        batches = training_batches(part, Recipe(BATCH, SEED, *structure_of(model)))
        steps = num_batches(part, BATCH)
        history = model.fit(batches, epochs=num_epochs, steps_per_epoch=steps, shuffle=False, verbose=0)
        print(json.dumps([time.perf_counter() - start, history.history["loss"]]), flush=True)


if __name__ == "__main__":
    main()
