"""Asks a person before the code that a model needs is run, once for each code and each set of needs.

Nothing is run or imported here: the window reads the file that was chosen, for its first lines and its digest. The
engine compares the digest with what it runs.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from PySide6.QtWidgets import QWidget

from editor.files.code_needs import needed_to_load
from editor.files.facts import Preview
from editor.files.options import OpenOptions
from widgets.consents import Consent, needs_digest
from widgets.dialogs.trust import TrustDialog
from widgets.settings import Settings

OnOptions = Callable[[OpenOptions], None]


class Trust:
    """Decides by what was agreed to before, or asks.

    Args:
        window: Gets the dialog.
        settings: Remember consents.
    """

    def __init__(self, window: QWidget, settings: Settings) -> None:
        self._window = window
        self._settings = settings
        self._answered: Preview | None = None

    def decide(self, preview: Preview, options: OpenOptions, on_options: OnOptions) -> None:
        """Calls `on_options` with what the model may be loaded with.

        At once where nothing is needed for loading, where code was given with the file, or where a remembered consent
        covers all; else when a person has agreed in a dialog; never if they keep the preview only. Asked again about
        the same preview, it shows the dialog whatever is remembered.
        """
        is_again, self._answered = self._answered is preview, preview
        consent = self._settings.consent(needs_digest(preview.needs))
        if not is_again and (at_once := _without_asking(preview, options, consent)) is not None:
            on_options(at_once)
            return
        shown = consent.applied_to(options) if consent and not _has_code(options) else options
        dialog = TrustDialog(preview, shown, has_changed=bool(consent and not consent.is_current), parent=self._window)
        dialog.agreed.connect(lambda given: self._on_agreed(preview, msgspec.structs.replace(options, **given)))
        dialog.agreed.connect(lambda given: on_options(msgspec.structs.replace(options, **given)))
        dialog.open()

    def forget(self) -> int:
        """Forgets all consents; gives how many there were."""
        return self._settings.forget_consents()

    def _on_agreed(self, preview: Preview, options: OpenOptions) -> None:
        self._settings.add_consent(Consent.of(preview.needs, options))


def _without_asking(preview: Preview, options: OpenOptions, consent: Consent | None) -> OpenOptions | None:
    if not needed_to_load(preview.needs) and (consent is None or not consent.is_current):
        return options
    if _has_code(options):
        return options
    return consent.applied_to(options) if consent and consent.is_current else None


def _has_code(options: OpenOptions) -> bool:
    return bool(options.custom_code or options.module or options.allowed_lambdas)
