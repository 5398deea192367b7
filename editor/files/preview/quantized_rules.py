"""The sizes of what LoRA and quantization add to a layer's matrix, by plain rules."""

from __future__ import annotations

from collections.abc import Callable

from editor.files.preview.keras_layers import Settings, quantization_of, settings_of

Sizes = tuple[int, ...]
LORA_DTYPE = "float32"
"""Of the matrices of LoRA, whatever the type of the layer."""
_HISTORY_LENGTH = 1024


def added_variable(
    name: str, class_name: str, settings: Settings, size_of: Callable[[str], Sizes]
) -> tuple[Sizes, str]:
    """The shape of a weight, and its type where that is not the layer's; else empty.

    Args:
        name: Of the weight.
        class_name: A class of Keras.
        settings: Its arguments.
        size_of: Gives the shape of a weight as it would be without LoRA and quantization.

    Raises:
        KeyError: There is no certain rule.
    """
    mode, _, block_size = quantization_of(settings).partition("/")
    matrix = "embeddings" if class_name == "Embedding" else "kernel"
    if name.startswith("lora_"):
        whole, rank = size_of(matrix), settings["lora_rank"]
        return ((*whole[:-1], rank) if name.endswith("_a") else (rank, whole[-1])), LORA_DTYPE
    if mode == "float8" and name.endswith("_scale"):
        return (), ""
    if mode == "float8" and name.endswith("_amax_history"):
        return (settings_of(settings.get("dtype")).get("amax_history_length", _HISTORY_LENGTH),), ""
    if mode not in ("int4", "int8") or name == "bias":
        return size_of(name), ""
    if class_name not in ("Dense", "Embedding") and (class_name, mode) != ("EinsumDense", "int4"):
        raise KeyError(class_name)
    if mode == "int8":
        return (size_of(matrix), "int8") if name == matrix else (_by_channel(class_name, size_of(matrix)), "")
    return _in_blocks(name, class_name, size_of(matrix), int(block_size))


def _by_channel(class_name: str, whole: Sizes) -> Sizes:
    return whole[:1] if class_name == "Embedding" else whole[-1:]


def _in_blocks(name: str, class_name: str, whole: Sizes, block_size: int) -> tuple[Sizes, str]:
    """Two numbers to a byte, and a scale and a zero for each block."""
    if block_size <= 0:
        raise KeyError(name)
    # Of three axes and more it is not certain which are rows.
    rows, columns = whole
    num_blocks = -(-(columns if class_name == "Embedding" else rows) // block_size)
    if name in ("kernel", "embeddings"):
        return (rows, -(-columns // 2)), "int8"
    if name == "g_idx":
        return (columns if class_name == "Embedding" else rows,), "float32"
    shape = (rows, num_blocks) if class_name == "Embedding" else (num_blocks, columns)
    return shape, "int8" if name.endswith("_zero") else ""
