"""What the window remembers: its places, recent files, the theme, the last training settings."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import msgspec
import platformdirs
from PySide6.QtCore import QByteArray, QSettings

from editor.files.options import OpenOptions
from editor.training.data_options import DataOptions
from editor.training.settings import TrainSettings
from editor.training.words import SAMPLE_PREFIX
from widgets.consents import MOST_CONSENTS, Consent
from widgets.theme import Mode
from widgets.training.plot_settings import PlotSettings

FILE_VARIABLE = "FROSTLINE_SETTINGS"
"""Environment variable with another settings file."""

NUM_RECENT = 10


def settings_path() -> Path:
    """The settings file of this user."""
    chosen = os.environ.get(FILE_VARIABLE)
    return Path(chosen) if chosen else platformdirs.user_config_path("frostline", appauthor=False) / "settings.ini"


class Settings:
    """Reads and writes one INI file; what is missing or damaged in it has its default."""

    def __init__(self, path: Path) -> None:
        self._store = QSettings(str(path), QSettings.Format.IniFormat)

    def layout(self, name: str) -> QByteArray:
        """A saved geometry or state; empty if there is none."""
        value = self._store.value(f"layout/{name}")
        return value if isinstance(value, QByteArray) else QByteArray()

    def set_layout(self, name: str, value: QByteArray) -> None:
        """Remembers a geometry or state."""
        self._store.setValue(f"layout/{name}", value)

    @property
    def theme_mode(self) -> Mode:
        """Light, dark, or as the system."""
        value = str(self._store.value("theme", Mode.SYSTEM.value))
        return Mode(value) if value in set(Mode) else Mode.SYSTEM

    @theme_mode.setter
    def theme_mode(self, mode: Mode) -> None:
        self._store.setValue("theme", mode.value)

    def recent(self, kind: str) -> tuple[str, ...]:
        """Paths used last (`models`, `data`), the newest first."""
        try:
            return msgspec.json.decode(str(self._store.value(f"recent/{kind}", "[]")), type=tuple[str, ...])
        except msgspec.MsgspecError:
            return ()

    def set_recent(self, kind: str, paths: tuple[str, ...]) -> None:
        """Remembers paths, the newest first."""
        self._store.setValue(f"recent/{kind}", msgspec.json.encode(paths[:NUM_RECENT]).decode())

    def add_recent(self, kind: str, path: str) -> None:
        """Puts a path in front."""
        self.set_recent(kind, (path, *(other for other in self.recent(kind) if other != path)))

    def recent_options(self, path: str) -> OpenOptions:
        """What a model was opened with."""
        return self._all_recent_options().get(path, OpenOptions())

    def set_recent_options(self, path: str, options: OpenOptions) -> None:
        """Remembers it for as long as the model is among those used last."""
        kept = {other: each for other, each in self._all_recent_options().items() if other in self.recent("models")}
        kept[path] = options
        told = {other: each for other, each in kept.items() if each != OpenOptions()}
        self._store.setValue("recent/options", msgspec.json.encode(told).decode())

    def _all_recent_options(self) -> dict[str, OpenOptions]:
        try:
            return msgspec.json.decode(str(self._store.value("recent/options", "{}")), type=dict[str, OpenOptions])
        except msgspec.MsgspecError:
            return {}

    def data_options(self) -> dict[str, DataOptions]:
        """How data were read that were used last, by data."""
        try:
            return msgspec.json.decode(str(self._store.value("recent/data_options", "{}")), type=dict[str, DataOptions])
        except msgspec.MsgspecError:
            return {}

    def set_data_options(self, options: dict[str, DataOptions]) -> None:
        """Remembers them for data that are among those used last, and for samples; consents are kept elsewhere."""
        kept = {
            data: msgspec.structs.replace(each, consent="")
            for data, each in options.items()
            if data in self.recent("data") or data.startswith(SAMPLE_PREFIX)
        }
        self._store.setValue("recent/data_options", msgspec.json.encode(kept).decode())

    @property
    def training(self) -> TrainSettings | None:
        """The last training settings; None if there are none."""
        try:
            return msgspec.json.decode(str(self._store.value("training", "")), type=TrainSettings)
        except msgspec.MsgspecError:
            return None

    @training.setter
    def training(self, settings: TrainSettings) -> None:
        options = msgspec.structs.replace(settings.data_options, consent="")
        kept = msgspec.structs.replace(settings, data_options=options)
        text = msgspec.json.encode(kept).decode()
        with suppress(msgspec.MsgspecError):
            # A number that was typed wrongly is NaN, which JSON does not know: then those from before are kept.
            msgspec.json.decode(text, type=TrainSettings)
            self._store.setValue("training", text)

    @property
    def plots(self) -> PlotSettings:
        """How the curves were shown last."""
        try:
            return msgspec.json.decode(str(self._store.value("plots", "{}")), type=PlotSettings)
        except msgspec.MsgspecError:
            return PlotSettings()

    @plots.setter
    def plots(self, settings: PlotSettings) -> None:
        self._store.setValue("plots", msgspec.json.encode(settings).decode())

    def consent(self, needs: str) -> Consent | None:
        """What was last agreed to for a model with these needs (`needs_digest`); None if nothing was."""
        return next((consent for consent in self._consents() if consent.needs == needs), None)

    def add_consent(self, consent: Consent) -> None:
        """Remembers a consent, in place of an earlier one for the same needs."""
        others = [other for other in self._consents() if other.needs != consent.needs]
        kept = [consent, *others][:MOST_CONSENTS]
        self._store.setValue("consents", msgspec.json.encode(kept).decode())

    def forget_consents(self) -> int:
        """Forgets all consents; gives how many there were."""
        num_forgotten = len(self._consents())
        self._store.remove("consents")
        return num_forgotten

    def _consents(self) -> tuple[Consent, ...]:
        try:
            return msgspec.json.decode(str(self._store.value("consents", "[]")), type=tuple[Consent, ...])
        except msgspec.MsgspecError:
            return ()

    def flush(self) -> None:
        """Writes everything to disk now."""
        self._store.sync()
