"""What a look at a model file tells: plain data that the window can hold without h5py."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from editor.layers.freeze_map import FreezeMap
from editor.layers.records import LayerRecord, Shape

NO_ARCHITECTURE = "This file holds weights only; it opens as a model together with an architecture."

FileFormat = Literal["keras", "h5", "saved-model", "json", "weights", "trained-weights"]


class FileFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A model file that was found sound.

    Attributes:
        path: The file that was read.
        format: What the content is, whatever the name says: a `.keras` archive, an HDF5 model, a SavedModel folder, an
            architecture as JSON, weights alone (`.weights.h5` of Keras 3 or an old weight `.h5`), or trained weights.
        keras_version: The version that wrote it, such as `3.15.1`; None where the file does not tell.
        num_bytes: Size of the file.
        has_model_config: Whether the architecture is in the file.
        has_freeze_map: Whether a freeze map travels in the file.
    """

    path: str
    format: FileFormat
    keras_version: str | None
    num_bytes: int
    has_model_config: bool
    has_freeze_map: bool


class CodeNeed(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a file names and Keras does not have: only code that a person consents to can make it.

    Attributes:
        kind: A class; a function by name; or a Lambda whose code is in the file.
        name: Of the class or function; of the layer for a Lambda.
        module: Where the file says that it is from; empty where it does not.
        registered_name: As the file says that it was registered, such as `my_package>MyLayer`; empty where it does not.
        paths: Where it occurs: paths in the tree, or what stands for them, such as `loss`.
        digest: SHA-256 (hexadecimal) of a Lambda's code in the file; empty for others.
        listing: A Lambda's code as text for people, read without running or unmarshalling it.
        is_runnable: Whether the code of a Lambda is bytecode of this Python; any other would crash it, and is never
            run.
    """

    kind: Literal["class", "function", "lambda"]
    name: str
    module: str = ""
    registered_name: str = ""
    paths: tuple[str, ...] = ()
    digest: str = ""
    listing: str = ""
    is_runnable: bool = True


class Repair(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was changed in memory so that today's Keras can load a file.

    Attributes:
        text: What and where, as one sentence.
        is_proven: Whether what it comes to was compared with an independent computation, in our tests or on loading.
    """

    text: str
    is_proven: bool = True

    @property
    def line(self) -> str:
        """The same for people: what was not compared says so."""
        return self.text if self.is_proven else f"{self.text} (unproven)"


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """A model as its file alone tells it, read without Keras and without running anything.

    What the file does not tell is unknown, never guessed: an empty `class_name`, no `output_shapes`, a name that is
    the key in the weights file (`is_name_known` False).

    Attributes:
        facts: The file.
        root: The layers, with the flags that plain Keras would read from the file.
        model_name: Keras's name of the model; empty where the file does not tell.
        freeze_map: The map in or beside the file; None where there is none. It wins over the flags in `root`.
        saved_at: When it was saved, as the file writes it; empty where it does not.
        compiled: The compile settings as plain JSON values; empty for a model that was not compiled.
        input_shapes: One shape for each input; empty where the file does not tell.
        needs: What only consented code can make.
        notes: What else a person should know, a sentence each.
        obstacle: Why this can be looked at but never loaded, as a sentence; empty if it can.
    """

    facts: FileFacts
    root: LayerRecord
    model_name: str = ""
    freeze_map: FreezeMap | None = None
    saved_at: str = ""
    compiled: dict[str, Any] = {}
    input_shapes: tuple[Shape, ...] = ()
    needs: tuple[CodeNeed, ...] = ()
    notes: tuple[str, ...] = ()
    obstacle: str = ""
