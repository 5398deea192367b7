"""Names of layers as Keras 3 takes them."""

from __future__ import annotations

from collections.abc import Sequence


def new_names(names: Sequence[str]) -> list[str]:
    """The names of the layers of one model without `/`, each still once.

    Args:
        names: As the file has them; an empty one is a layer that has no name there and gets none.
    """
    taken = {name for name in names if "/" not in name}
    found = []
    for name in names:
        new = name
        if "/" in name:
            new = name.replace("/", "_")
            number = 1
            while new in taken:
                new = f"{name.replace('/', '_')}_{number}"
                number += 1
            taken.add(new)
        found.append(new)
    return found
