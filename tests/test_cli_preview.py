"""`inspect --preview`: what a file alone tells, on the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests import models
from tests.round_trip import hard_models

ROOT = Path(__file__).parents[1]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "main.py"), "inspect", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=ROOT)


@pytest.fixture(scope="module")
def siamese(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "siamese.keras"
    model = models.seeded(models.siamese)
    model.get_layer("tower").trainable = False
    model.save(path)
    return path


def test_that_a_preview_tells_what_the_model_does(siamese: Path):
    told, loaded = (json.loads(run(siamese, "--json", *more).stdout) for more in (["--preview"], []))
    assert told.keys() == loaded.keys()
    assert told.pop("source") == "preview"
    assert loaded.pop("source") == "model"
    # What no gradient reaches only the model itself knows.
    for found in (told, loaded):
        found["findings"] = [finding for finding in found["findings"] if finding["code"] != "no-gradient"]
    assert told == loaded


def test_that_what_a_file_does_not_tell_is_null(tmp_path: Path):
    path = tmp_path / "custom.keras"
    hard_models.three_levels().save(path)
    found = json.loads(run(path, "--preview", "--json").stdout)
    layers = {layer["path"]: layer for layer in found["layers"]}
    assert layers["outer"]["class"] == "Level"
    assert layers["outer/dense"]["class"] is None
    assert "is_path_known" not in layers["outer/dense"]
    assert [weight["shape"] for weight in layers["outer/dense"]["weights"]] == [[4, 4], [4]]
    assert ("custom-class", "outer") in [(finding["code"], finding["path"]) for finding in found["findings"]]
    assert "does not tell the classes" in found["notes"][0]


def test_that_a_preview_needs_neither_keras_nor_tensorflow(siamese: Path):
    code = f"""
import sys
sys.argv = ["main.py", "inspect", {str(siamese)!r}, "--preview"]
import main
assert main.main() == 0
print([name for name in ("tensorflow", "keras", "h5py") if name in sys.modules])
"""
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True, cwd=ROOT)
    assert result.stdout.splitlines()[-1] == "[]"


def test_that_a_file_that_is_no_model_is_refused(tmp_path: Path):
    path = tmp_path / "note.keras"
    path.write_text("no model")
    result = run(path, "--preview")
    assert result.returncode == 1
    assert "note.keras is not a model file" in result.stderr
    assert not result.stdout
