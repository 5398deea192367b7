from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from editor.errors import FileError
from editor.files.freeze_json import map_path_for, write_freeze_json
from editor.files.preview import read_preview
from editor.files.probe import probe_file
from editor.files.saved_model.place import file_state
from editor.layers.records import LayerRecord
from editor.layers.tree import LayerTree
from editor.processes.reader_client import ReaderClient

FOLDER = Path(__file__).parents[2] / "data" / "saved_models"


def all_layers(record: LayerRecord, path: str = "") -> Iterator[tuple[str, LayerRecord]]:
    for child in record.children:
        inner = f"{path}/{child.name}".lstrip("/")
        yield inner, child
        yield from all_layers(child, inner)


def layers(name: str) -> dict[str, LayerRecord]:
    return dict(all_layers(read_preview(FOLDER / name).root))


def damaged(tmp_path: Path, name: str = "plain") -> Path:
    return shutil.copytree(FOLDER / name, tmp_path / name)


# -- what is told -----------------------------------------------------------------------------------------------------


def test_that_a_sequential_is_told_with_its_flags_and_shapes() -> None:
    preview = read_preview(FOLDER / "plain")
    found = dict(all_layers(preview.root))
    assert preview.facts.format == "saved-model"
    assert preview.facts.keras_version == "2.21.0"
    assert preview.model_name == "plain"
    assert preview.input_shapes == ((None, 8, 8, 3),)
    assert preview.compiled["loss"] == "mse"
    assert preview.compiled["optimizer"]["class_name"] == "Adam"
    assert not preview.obstacle
    assert not preview.needs
    assert [(path, layer.class_name, layer.is_flag_set) for path, layer in found.items()] == [
        ("conv", "Conv2D", False),
        ("norm", "BatchNormalization", False),
        ("depthwise", "DepthwiseConv2D", True),
        ("flatten", "Flatten", True),
        ("dense", "Dense", True),
    ]
    assert [(weight.name, weight.shape) for weight in found["depthwise"].weights] == [
        ("kernel", (2, 2, 4, 1)),
        ("bias", (4,)),
    ]
    assert [weight.is_statistics for weight in found["norm"].weights] == [False, False, True, True]


def test_that_layers_inside_layers_are_told() -> None:
    found = layers("recurrent")
    assert {"both/forward_layer/cell", "cells/cell/cells/0", "each/layer", "gru/cell"} <= found.keys()
    assert found["gru/cell"].store == "layers/gru/cell"
    assert [weight.name for weight in found["gru/cell"].weights] == ["kernel", "recurrent_kernel", "bias"]
    assert layers("nested")["inner/dense"].weights[0].is_trainable is False
    assert "attention/query_dense" in layers("attending")


def test_that_a_class_of_ones_own_is_told_by_its_attributes() -> None:
    preview = read_preview(FOLDER / "blocks")
    found = dict(all_layers(preview.root))
    assert list(found) == [
        "blocks/0", "blocks/1", "conv", "flat", "heads/left", "heads/right", "norm", "_hidden",
    ]  # fmt: skip
    assert found["heads/left"].access == (".heads", '["left"]')
    assert not any(weight.is_trainable for weight in found["conv"].weights)
    assert [(need.kind, need.name, need.paths) for need in preview.needs] == [("class", "Blocks", ("",))]


def test_that_without_kerass_description_the_variables_are_told_and_the_reason() -> None:
    preview = read_preview(FOLDER / "exported")
    found = dict(all_layers(preview.root))
    dense = next(layer for path, layer in found.items() if path.endswith("dense"))
    norm = next(layer for path, layer in found.items() if path.endswith("batch_normalization"))
    assert "cannot be loaded" not in preview.obstacle
    assert "looked at but not loaded" in preview.obstacle
    assert dense.class_name == ""
    assert [(weight.name, weight.shape, weight.is_trainable) for weight in dense.weights] == [
        ("kernel", (4, 3), False),
        ("bias", (3,), False),
    ]
    assert [weight.is_statistics for weight in norm.weights] == [False, False, True, True]
    assert "'serve'" in preview.notes[0]


def test_that_the_file_in_the_folder_may_be_chosen_too() -> None:
    assert read_preview(FOLDER / "plain" / "saved_model.pb") == read_preview(FOLDER / "plain")
    assert probe_file(FOLDER / "plain" / "saved_model.pb").path == str(FOLDER / "plain")


def test_that_the_map_beside_the_folder_is_read(tmp_path: Path) -> None:
    folder = damaged(tmp_path)
    freeze_map = LayerTree(read_preview(folder).root).freeze_map()
    write_freeze_json(map_path_for(folder), freeze_map)
    preview = read_preview(folder)
    assert preview.facts.has_freeze_map
    assert preview.freeze_map == freeze_map


def test_that_a_change_inside_the_folder_is_noticed(tmp_path: Path) -> None:
    folder = damaged(tmp_path)
    before = file_state(folder)
    (folder / "keras_metadata.pb").write_bytes((folder / "keras_metadata.pb").read_bytes())
    assert file_state(folder) != before
    assert file_state(folder / "saved_model.pb") == file_state(folder)


def test_that_a_reader_answers_and_tensorflow_is_not_imported() -> None:
    with ReaderClient(start=False) as client:
        assert client.preview_now(FOLDER / "plain").root == read_preview(FOLDER / "plain").root
    code = (
        "import sys; from pathlib import Path; from editor.files.preview import read_preview;"
        f"read_preview(Path({str(FOLDER / 'blocks')!r}));"
        "print(sorted({'tensorflow', 'keras', 'tf_keras'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# -- what is damaged or hostile ---------------------------------------------------------------------------------------


def refusal(folder: Path) -> str:
    with pytest.raises(FileError) as caught:
        read_preview(folder)
    assert "\n" not in caught.value.summary
    assert folder.name in caught.value.summary or "saved_model.pb" in caught.value.summary
    return caught.value.summary


@pytest.mark.parametrize("name", ["saved_model.pb", "keras_metadata.pb", "variables/variables.index"])
def test_that_a_file_that_is_cut_short_is_refused(tmp_path: Path, name: str) -> None:
    folder = damaged(tmp_path)
    content = (folder / name).read_bytes()
    for size in (len(content) // 3, len(content) - 2):
        (folder / name).write_bytes(content[:size])
        assert "damaged" in refusal(folder)


def test_that_missing_values_are_noticed(tmp_path: Path) -> None:
    folder = damaged(tmp_path)
    data = folder / "variables" / "variables.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:-5000])
    assert "cut short" in refusal(folder)
    data.unlink()
    assert "not a complete SavedModel" in refusal(folder)
    shutil.rmtree(folder / "variables")
    assert "not a complete SavedModel" in refusal(folder)


def varint(value: int) -> bytes:
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*parts, value))


def message(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def child(number: int, name: str) -> bytes:
    return message(1, b"\x08" + varint(number) + message(2, name.encode()))


def layer(children: bytes, *, kind: bytes = b"_tf_keras_layer", config: bytes = b"{}") -> bytes:
    text = b'{"class_name": "Mine", "name": "mine", "keras_version": "2.4.0", "config": ' + config + b"}"
    return message(1, children + message(4, message(1, kind) + message(3, text)))


def written(tmp_path: Path, *nodes: bytes) -> Path:
    """A SavedModel of these objects, as TensorFlow 2.4 wrote them."""
    folder = tmp_path / "hostile"
    folder.mkdir()
    (folder / "saved_model.pb").write_bytes(b"\x08\x01" + message(2, message(7, b"".join(nodes))))
    return folder


def test_that_layers_that_hold_each_other_are_told_once(tmp_path: Path) -> None:
    folder = written(tmp_path, layer(child(1, "a")), layer(child(0, "b") + child(1, "c")))
    assert [path for path, _ in all_layers(read_preview(folder).root)] == ["a"]


def test_that_names_are_only_names(tmp_path: Path) -> None:
    folder = written(tmp_path, layer(child(1, "../../../etc/passwd")), layer(b""))
    assert [path for path, _ in all_layers(read_preview(folder).root)] == ["..%2F..%2F..%2Fetc%2Fpasswd"]


def test_that_objects_at_ever_more_places_are_refused(tmp_path: Path) -> None:
    # 2 ** 30 places of 63 objects: each of two holds both of the next two.
    pairs = [layer(child(at + 1, "x") + child(at + 2, "y")) for at in range(0, 62, 2) for _ in range(2 if at else 1)]
    folder = written(tmp_path, *pairs, layer(b""), layer(b""))
    assert "more than 20,000 layers" in refusal(folder)


def test_that_objects_in_objects_without_end_are_refused(tmp_path: Path) -> None:
    folder = written(tmp_path, *(layer(child(at + 1, "x")) for at in range(500)), layer(b""))
    assert "deep" in refusal(folder)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x12" + varint(1 << 62),
        message(2, b"\x3a" + varint(1 << 40)),
        b"\xff" * 40,
        b"\x0b" * 40,
        message(2, message(7, message(1, b"\x0a\x05abc"))),
        message(2, message(7, message(1, message(7, message(2, b"\x12\x00" * 1000))))),
    ],
    ids=["empty", "huge field", "huge graph", "endless number", "groups", "broken child", "1,000 dimensions"],
)
def test_that_what_is_no_message_is_refused(tmp_path: Path, content: bytes) -> None:
    folder = tmp_path / "hostile"
    folder.mkdir()
    (folder / "saved_model.pb").write_bytes(content)
    assert "damaged" in refusal(folder)


def test_that_descriptions_without_end_are_refused(tmp_path: Path) -> None:
    one = layer(b"", config=b'"' + b"," * 700_000 + b'"')
    assert "more about its layers" in refusal(written(tmp_path, *[one] * 3))


def test_that_more_children_than_any_model_has_are_refused(tmp_path: Path) -> None:
    assert "more objects" in refusal(written(tmp_path, message(1, child(0, "") * 1_100_000)))


def test_that_children_that_are_not_there_and_broken_json_are_refused(tmp_path: Path) -> None:
    assert "damaged" in refusal(written(tmp_path, layer(child(7, "a"))))
    (tmp_path / "hostile").rename(tmp_path / "other")
    assert "damaged" in refusal(written(tmp_path, layer(b"", config=b"{" * 100_000)))


def test_that_a_description_of_an_object_that_is_not_there_is_refused(tmp_path: Path) -> None:
    folder = damaged(tmp_path)
    with (folder / "keras_metadata.pb").open("ab") as stream:
        stream.write(message(1, b"\x10" + varint(1 << 20) + message(5, b"{}")))
    assert "damaged" in refusal(folder)
