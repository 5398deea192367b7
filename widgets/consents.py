"""What a person has agreed to have run, remembered for the needs of a model and the very code."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from editor.errors import FileError
from editor.files.code_files import CodeFile, find_module, read_code_file
from editor.files.facts import CodeNeed
from editor.files.options import OpenOptions

MOST_CONSENTS = 200


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """One consent.

    Attributes:
        needs: Digest of what the model needs; see `needs_digest`.
        custom_code: Path of the Python file, or None.
        module: Name of the installed module, or None.
        code_digest: SHA-256 of the code; empty without.
        allowed_lambdas: Digests of the Lambdas that may run.
    """

    needs: str
    custom_code: str | None = None
    module: str | None = None
    code_digest: str = ""
    allowed_lambdas: tuple[str, ...] = ()

    @classmethod
    def of(cls, needs: tuple[CodeNeed, ...], options: OpenOptions) -> Consent:
        """That a model with these needs is loaded with these options."""
        return cls(
            needs=needs_digest(needs),
            custom_code=options.custom_code,
            module=options.module,
            code_digest=options.code_digest,
            allowed_lambdas=options.allowed_lambdas,
        )

    def applied_to(self, options: OpenOptions) -> OpenOptions:
        """Options with what was agreed to."""
        return msgspec.structs.replace(
            options,
            custom_code=self.custom_code,
            module=self.module,
            code_digest=self.code_digest,
            allowed_lambdas=self.allowed_lambdas,
        )

    @property
    def is_current(self) -> bool:
        """Whether the code still is what was agreed to."""
        return not self.code_digest or _digest_now(self.custom_code, self.module) == self.code_digest


def needs_digest(needs: tuple[CodeNeed, ...]) -> str:
    """The same for the same classes, functions and Lambdas, wherever they occur and in whatever file."""
    named = sorted((need.kind, need.name, need.module, need.registered_name, need.digest) for need in needs)
    return hashlib.sha256(msgspec.json.encode(named)).hexdigest()


def read_given(custom_code: str | None, module: str | None) -> CodeFile | None:
    """The code that was chosen, read and not run; None where nothing was chosen.

    Raises:
        FileError: It is not there, or cannot be read.
    """
    if custom_code:
        return read_code_file(Path(custom_code))
    return find_module(module) if module else None


def _digest_now(custom_code: str | None, module: str | None) -> str:
    try:
        code = read_given(custom_code, module)
    except FileError:
        return ""
    return code.digest if code else ""
