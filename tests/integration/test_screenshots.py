"""The command that draws every main state of the window."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
STATES = (
    "empty",
    "preview-loading",
    "trust",
    "preview-unknown",
    "open",
    "mixed",
    "policies",
    "pattern",
    "pattern-problem",
    "pattern-nothing",
    "presets",
    "last-layers",
    "layer-menu",
    "replace-head",
    "transfer-head",
    "transfer-first-run",
    "new-head",
    "findings",
    "changes",
    "compare",
    "apply-map",
    "python",
    "data",
    "preflight",
    "training",
    "paused",
    "finished",
    "runs",
    "more-settings",
    "curves-phases",
    "curves-crosshair",
    "curves-log",
    "curves-overlays",
    "curves-paused",
    "curves-narrow",
    "curves-menu",
    "saved",
    "settings-problem",
    "error",
    "new-application",
    "architecture",
)


def test_that_the_screenshots_of_every_state_are_drawn(tmp_path: Path):
    subprocess.run(
        [sys.executable, "-m", "tests.screenshots", str(tmp_path), "--one-size"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    for number, state in enumerate(STATES, start=1):
        light, dark = (tmp_path / f"{number}-{state}-{mode}.png" for mode in ("light", "dark"))
        assert light.read_bytes() != dark.read_bytes()
