"""What the window remembers of the settings of a run."""

from __future__ import annotations

import math
from pathlib import Path

from msgspec.structs import replace

from editor.training.settings import EarlyStopping, ReduceOnPlateau, TrainSettings
from widgets.settings import Settings


def test_that_all_settings_of_a_run_are_remembered_and_a_wrong_number_loses_none(tmp_path: Path):
    settings = Settings(tmp_path / "settings.ini")
    kept = TrainSettings(
        data="sample:digits", keep="best", early_stopping=EarlyStopping(patience=2), reduce_on_plateau=ReduceOnPlateau()
    )
    settings.training = kept
    settings.training = replace(kept, learning_rate=math.nan)
    settings.flush()
    assert Settings(tmp_path / "settings.ini").training == kept
