"""What a person has given and allowed beside a model file: plain data that goes with it wherever it is opened."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """One of `keras.applications`, as its function is called.

    Attributes:
        name: Name of the function, such as `MobileNetV2`.
        input_shape: `(height, width, channels)`; None is the application's own.
        include_top: Whether it has its classifier.
        num_classes: Units of the classifier; without one it does not count.
        weights: Random ones, or ImageNet's from Keras's cache.
        alpha: Width multiplier of the MobileNets; the others have none.
    """

    name: str
    input_shape: tuple[int, int, int] | None = None
    include_top: bool = True
    num_classes: int = 1000
    weights: Literal["random", "imagenet"] = "random"
    alpha: float = 1.0


class OpenOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What goes with a model file. Giving code is the consent to run it.

    Attributes:
        custom_code: Absolute path of a Python file with classes that the model needs.
        module: Name of an installed module with them, instead of a file.
        code_digest: SHA-256 (hexadecimal) of the code that was consented to; other code is refused. Empty: any.
        allowed_lambdas: `CodeNeed.digest` of each Lambda whose code may be run.
        architecture: Path of the `.json` or model file that has the architecture of a file of weights.
        application: The architecture of a file of weights, instead of a file.
    """

    custom_code: str | None = None
    module: str | None = None
    code_digest: str = ""
    allowed_lambdas: tuple[str, ...] = ()
    architecture: str | None = None
    application: Application | None = None

    @classmethod
    def of_code(cls, custom_code: Path | None) -> OpenOptions:
        """The options of a file that comes with a Python file, or with nothing."""
        return cls(custom_code=str(custom_code.absolute()) if custom_code else None)

    @property
    def has_code(self) -> bool:
        """Whether any code may be run."""
        return bool(self.custom_code or self.module or self.allowed_lambdas)

    @property
    def code_path(self) -> Path | None:
        """The Python file as a path; None without."""
        return Path(self.custom_code) if self.custom_code else None
