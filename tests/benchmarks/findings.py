"""How long findings take after a toggle, beside the toggle itself: ResNet152V2 as a frozen backbone.

`python -m tests.benchmarks.findings`
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import keras

from editor.keras_model.walk import walk_model
from editor.layers.changes import changes_since, snapshot_of
from editor.layers.findings.problems import find_problems
from editor.layers.tree import LayerTree

REPEATS = 20


def median_ms(job: Callable[[], object]) -> float:
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        job()
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def main() -> None:
    inputs = keras.Input((64, 64, 3))
    base = keras.applications.ResNet152V2(weights=None, include_top=False, input_shape=(64, 64, 3), name="base")
    values = keras.layers.GlobalAveragePooling2D()(base(inputs, training=False))
    tree = LayerTree(walk_model(keras.Model(inputs, keras.layers.Dense(3, name="head")(values))).root)
    opened = snapshot_of(tree)
    node = tree.find("base")
    trainable = False

    def toggle() -> None:
        nonlocal trainable
        tree.apply(tree.plan([node], trainable=trainable))
        tree.account(tree.root)
        trainable = not trainable

    print(f"{sum(1 for _ in tree.walk())} nodes, median of {REPEATS}")
    print(f"toggle and its account: {median_ms(toggle):.1f} ms")
    print(f"… with findings: {median_ms(lambda: (toggle(), find_problems(tree))):.1f} ms")
    print(f"… with changes since opening: {median_ms(lambda: (toggle(), changes_since(tree, opened))):.1f} ms")


if __name__ == "__main__":
    main()
