"""The code of a Lambda as text, read without unmarshalling it."""

from __future__ import annotations

import base64
import inspect
import json
import marshal
import textwrap
from pathlib import Path
from types import CodeType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from editor.files.lambda_listing import MAX_LISTING, code_bytes, is_runnable, listing, parts_listing
from editor.files.lambda_parts import LambdaPart
from editor.files.marshalled_code import MAX_BYTES, CodeFields, UnreadableCodeError, read_code

LAMBDAS: dict[str, dict[str, str]] = json.loads(
    (Path(__file__).parents[1] / "data" / "lambdas" / "lambdas.json").read_text(encoding="utf-8")
)


def encoded(code: CodeType) -> str:
    return base64.b64encode(marshal.dumps(code)).decode()


@pytest.mark.parametrize("version", LAMBDAS)
def test_that_names_and_constants_of_every_python_are_read(version: str) -> None:
    text = listing(LAMBDAS[version]["sum"])
    assert text.startswith("<lambda>(x, axis)")
    assert "Uses: tf, reduce_sum, K, square" in text
    assert "12345678901234567890" in listing(LAMBDAS[version]["choice"])


def test_that_the_instructions_are_those_of_this_python_only() -> None:
    runnable = {(version, name) for version, codes in LAMBDAS.items() for name in codes if is_runnable(codes[name])}
    # What 3.12 made of these two is the same bytecode, bit for bit.
    assert runnable == {("3.11", name) for name in LAMBDAS["3.11"]} | {("3.12", "add"), ("3.12", "half")}
    for version, name in [("3.12", "add"), ("3.12", "half")]:
        assert read_code(code_bytes(LAMBDAS[version][name])).code == read_code(code_bytes(LAMBDAS["3.11"][name])).code
    assert "BINARY_OP" in listing(LAMBDAS["3.11"]["add"])
    assert "another version of Python" in listing(LAMBDAS["3.13"]["add"])
    assert "Python 3.8 to 3.10" in listing(LAMBDAS["3.9"]["add"])


def fields_agree(fields: CodeFields, code: CodeType) -> None:
    assert (fields.code, fields.names, fields.name) == (code.co_code, code.co_names, code.co_name)
    assert len(fields.consts) == len(code.co_consts)
    for found, expected in zip(fields.consts, code.co_consts, strict=True):
        if isinstance(expected, CodeType):
            fields_agree(found, expected)
        elif isinstance(expected, str | bytes | int | complex | None):
            assert found == expected


@pytest.mark.parametrize("module", [inspect, textwrap, json.decoder])
def test_that_what_is_read_is_what_python_would_run(module: object) -> None:
    code = compile(inspect.getsource(module), "m.py", "exec")  # type: ignore[arg-type]
    fields_agree(read_code(marshal.dumps(code)), code)
    assert is_runnable(encoded(code))


def test_that_nothing_of_the_code_is_run(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    code = compile(f"open({str(mark)!r}, 'w').close()", "evil.py", "exec")
    text = listing(encoded(code))
    assert "open" in text
    assert str(mark) in text
    assert not mark.exists()


def test_that_default_values_and_enclosing_ones_are_shown() -> None:
    part = LambdaPart("function", LAMBDAS["3.11"]["add"], defaults=[1], closure=["secret"])
    other = LambdaPart("output_shape", "my_shape", is_named=True)
    text = parts_listing([part, other])
    assert "Default values: [1]" in text
    assert "Values of the enclosing function: ['secret']" in text
    assert "output_shape:\nthe function 'my_shape' by name" in text


def test_that_names_cannot_bend_the_text() -> None:
    code = compile("lambda x: x", "m.py", "eval").co_consts[0].replace(co_names=("a\nb", "c\u202ed"))
    assert "Uses: a\\nb, c\\u202ed" in listing(encoded(code))


@pytest.mark.parametrize("code", ["", "no base64 ☃", "AAAA", "x" * 50, base64.b64encode(b"c" * 3000).decode()])
def test_that_what_is_no_code_cannot_be_shown(code: str) -> None:
    assert listing(code).startswith("This code cannot be shown: ")
    assert not is_runnable(code)


def test_that_too_much_code_is_refused() -> None:
    with pytest.raises(UnreadableCodeError):
        read_code(bytes(MAX_BYTES + 1))
    deep = ()
    for _ in range(60):
        deep = (deep,)
    nested = compile("lambda x: x", "m.py", "eval").co_consts[0].replace(co_consts=deep)
    assert listing(encoded(nested)).startswith("This code cannot be shown: ")


def test_that_constants_that_repeat_one_another_stay_short() -> None:
    value: tuple[object, ...] = ("long" * 100,) * 20
    for _ in range(4):
        value = (value,) * 20
    code = compile("lambda x: x", "m.py", "eval").co_consts[0].replace(co_consts=(value,))
    assert len(listing(encoded(code))) < MAX_LISTING + 10


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([c for codes in LAMBDAS.values() for c in codes.values()]), st.data())
def test_that_any_change_gives_a_text_or_none(code: str, data: st.DataObject) -> None:
    content = bytearray(code_bytes(code))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    text = listing(base64.b64encode(bytes(content)).decode())
    assert text
    assert len(text) <= MAX_LISTING + 1


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200) | st.binary(max_size=100).map(lambda tail: b"\xe3" + bytes(20) + tail))
def test_that_any_bytes_give_a_text(content: bytes) -> None:
    assert listing(base64.b64encode(content).decode())


@settings(max_examples=50, deadline=None)
@given(st.text())
def test_that_any_text_gives_a_text(code: str) -> None:
    assert listing(code)
