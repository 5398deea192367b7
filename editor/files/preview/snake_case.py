"""Names of groups in Keras's weights file, as `keras.src.utils.naming` and `saving_lib` make them."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache


@lru_cache(maxsize=1000)
def to_snake_case(name: str) -> str:
    """A class name as Keras writes it: `Conv2DTranspose` is `conv2d_transpose`."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def numbered(name: str, names: Counter[str]) -> str:
    """The next name of a kind: `dense`, `dense_1`, `dense_2`."""
    names[name] += 1
    return name if names[name] == 1 else f"{name}_{names[name] - 1}"
