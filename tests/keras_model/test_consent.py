"""Nothing of a file is run or imported without consent; with consent it is."""

from __future__ import annotations

import base64
import hashlib
import importlib
import json
import marshal
import shutil
import sys
import zipfile
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from editor import cli
from editor.errors import FileError, ModelError
from editor.files.code_needs import code_needs
from editor.files.lambda_parts import replacement_name
from editor.files.model_config import read_model_config
from editor.files.options import OpenOptions
from editor.files.saved_model.place import FileState, unchanged
from editor.keras_model.compile_settings import restore_from_file
from editor.keras_model.opening import open_model
from editor.keras_model.saving import save_model
from editor.keras_model.walk import walk_model
from editor.layers.tree import LayerTree

MODELS = Path(__file__).parents[1] / "data" / "models"


def config_in(path: Path) -> dict[str, Any]:
    found = read_model_config(path)
    assert found
    return found.config


LAMBDAS = json.loads((Path(__file__).parents[1] / "data" / "lambdas" / "lambdas.json").read_text(encoding="utf-8"))


@pytest.fixture
def mark(tmp_path, monkeypatch):
    """Would be there if the trap module on the path was imported."""
    mark = tmp_path / "mark"
    (tmp_path / "trap_module.py").write_text(f"open({str(mark)!r}, 'w').close()\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield mark
    sys.modules.pop("trap_module", None)


def changed(path: Path, change: Any) -> Path:
    """A `.keras` with two Dense layers whose configuration was changed by hand."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="one"), keras.layers.Dense(1, name="two")])
    model.compile("sgd", "mse", metrics=["mae"])
    good = path / "good.keras"
    model.save(good)
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(path / "bad.keras", "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "config.json":
                config = json.loads(content)
                change(config)
                content = json.dumps(config).encode()
            target.writestr(name, content)
    return path / "bad.keras"


def layer_of(config: dict[str, Any]) -> dict[str, Any]:
    return config["config"]["layers"][1]


NAMED = {
    "class": lambda entry: entry.update(module="trap_module", class_name="Trap", registered_name=None),
    "registered": lambda entry: entry.update(module="trap_module", class_name="Trap", registered_name="trap>Trap"),
    "like keras": lambda entry: entry.update(module="trap_module", class_name="Dense", registered_name=None),
    "installed": lambda entry: entry.update(module="keras_hub.layers", class_name="SinePositionEncoding"),
    "below keras": lambda entry: entry.update(module="keras.src.testing", class_name="TestCase"),
    "activation": lambda entry: entry["config"].update(
        activation={"module": "trap_module", "class_name": "function", "config": "f", "registered_name": "f"}
    ),
    "os.system": lambda entry: entry["config"].update(
        activation={"module": "os", "class_name": "function", "config": "system", "registered_name": "system"}
    ),
    "builtins": lambda entry: entry["config"].update(
        kernel_initializer={"module": "builtins", "class_name": "function", "config": "eval", "registered_name": "eval"}
    ),
    "type": lambda entry: entry["config"].update(
        units={"module": "subprocess", "class_name": "__typespec__", "spec_name": "Popen", "config": [["touch", "x"]]}
    ),
    "build": lambda entry: entry.update(build_config={"x": {"module": "trap_module", "class_name": "T", "config": {}}}),
}


@pytest.mark.parametrize("kind", NAMED)
def test_that_what_a_file_names_is_refused_and_not_imported(kind, tmp_path, mark):
    path = changed(tmp_path, lambda config: NAMED[kind](layer_of(config)))
    loaded = set(sys.modules)
    with pytest.raises(ModelError, match="which Keras does not know") as refused:
        open_model(path)
    assert "one" in refused.value.summary
    assert not mark.exists()
    assert not {"trap_module", "keras_hub"} & (set(sys.modules) - loaded)


def test_that_a_module_that_a_file_names_is_not_imported_with_code_either(tmp_path, mark):
    path = changed(tmp_path, lambda config: NAMED["like keras"](layer_of(config)))
    code = tmp_path / "my_code.py"
    code.write_text("import keras\nclass Dense(keras.layers.Dense):\n    pass\n")
    loaded = open_model(path, OpenOptions.of_code(code))
    assert type(loaded.model.get_layer("one")).__module__ == "my_code"
    original = keras.saving.load_model(tmp_path / "good.keras")
    sample = np.ones((2, 3), "float32")
    np.testing.assert_array_equal(loaded.model(sample), original(sample))
    assert not mark.exists()


def test_that_compile_settings_import_nothing(tmp_path, mark):
    def change(config: dict[str, Any]) -> None:
        config["compile_config"]["loss"] = {
            "module": "keras_hub.metrics", "class_name": "Bleu", "config": {}, "registered_name": None
        }  # fmt: skip

    path = changed(tmp_path, change)
    loaded = open_model(path)
    before = set(sys.modules)
    notes = restore_from_file(walk_model(loaded.model), path, {})
    assert "Bleu" in notes[0]
    assert "keras_hub" not in set(sys.modules) - before


def test_that_code_is_run_only_as_it_was_agreed_to(tmp_path):
    code = tmp_path / "shapes.py"
    code.write_text((Path(__file__).parents[1] / "cases" / "conv_dna.py").read_text())
    digest = hashlib.sha256(code.read_bytes()).hexdigest()
    options = OpenOptions(custom_code=str(code), code_digest=digest)
    assert open_model(MODELS / "mmsplice" / "Acceptor.h5", options).model.count_params() == 4961
    mark = tmp_path / "mark"
    code.write_text(f"open({str(mark)!r}, 'w')\n" + code.read_text())
    with pytest.raises(ModelError, match="has been changed since"):
        open_model(MODELS / "mmsplice" / "Acceptor.h5", options)
    assert not mark.exists()


def test_that_a_file_that_is_replaced_while_it_is_opened_is_not_used(tmp_path):
    """The code that was agreed to stands here for another program; it runs after the configuration was checked."""
    path = changed(tmp_path, lambda config: NAMED["like keras"](layer_of(config)))
    text = "import keras, shutil\nclass Dense(keras.layers.Dense):\n    pass\n"
    other = shutil.copy(tmp_path / "good.keras", tmp_path / "other.keras")
    code = tmp_path / "replacing.py"
    code.write_text(f"{text}shutil.copy({str(other)!r}, {str(path)!r})\n")
    with pytest.raises(FileError, match="was changed by another program"), unchanged(path):
        model = open_model(path, OpenOptions.of_code(code)).model
    # What was checked was built, and not what is there now.
    assert type(model.get_layer("one")).__module__ == "replacing"
    with pytest.raises(FileError, match="was changed"), unchanged(path, FileState(1, 1)):
        raise AssertionError


def test_that_an_installed_module_may_be_the_code(tmp_path, monkeypatch):
    package = tmp_path / "dna_package"
    package.mkdir()
    (package / "__init__.py").write_text((Path(__file__).parents[1] / "cases" / "conv_dna.py").read_text())
    monkeypatch.syspath_prepend(str(tmp_path))
    loaded = open_model(MODELS / "mmsplice" / "Acceptor.h5", OpenOptions(module="dna_package"))
    assert type(loaded.model.get_layer("convSpliceSite")).__module__ == "dna_package"
    with pytest.raises(ModelError, match="has been changed since"):
        open_model(MODELS / "mmsplice" / "Acceptor.h5", OpenOptions(module="dna_package", code_digest="0" * 64))
    del sys.modules["dna_package"]


def test_that_the_real_models_that_need_code_say_exactly_what():
    with pytest.raises(ModelError, match=r"the class 'ConvDNA' \(at convSpliceSite\), which"):
        open_model(MODELS / "mmsplice" / "Acceptor.h5")
    with pytest.raises(ModelError, match=r"'EncodingLayer' \(at encoding_layer of dataprofiler.+ThreshArgMaxLayer"):
        open_model(MODELS / "dataprofiler" / "structured_model.keras")
    with pytest.raises(ModelError, match=r"'L2Normalize' \(at sequential_10/l2_normalize_6\)"):
        open_model(MODELS / "faceverifyai" / "face_verification_model_updated_2_1.h5")


# -- Lambdas --------------------------------------------------------------------------------------------------


def lambda_model(path: Path, function: Any, layer: Any = None) -> Path:
    """A model with a Lambda, and maybe another layer, between two Dense layers, as a file."""
    entered = keras.Input((3,))
    held = keras.layers.Lambda(function, name="my lambda")(keras.layers.Dense(4, name="one")(entered))
    outputs = keras.layers.Dense(1, name="two")(layer(held) if layer else held)
    model = keras.Model(entered, outputs)
    model.save(path)
    return path


def evil(mark: Path) -> Any:
    code = compile(f"lambda x: (open({str(mark)!r}, 'w').close(), x)[1]", "evil.py", "eval").co_consts[0]
    return type(evil)(code, {"__builtins__": __builtins__}, "<lambda>")


@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5:UserWarning")
def test_that_a_lambda_is_run_only_if_it_was_allowed(name, tmp_path):
    mark = tmp_path / "mark"
    path = lambda_model(tmp_path / name, evil(mark))
    mark.unlink()
    (need,) = code_needs(config_in(path))
    assert (need.kind, need.paths) == ("lambda", ("my lambda",))
    with pytest.raises(ModelError, match=r"holds a Lambda layer \(my lambda\)"):
        open_model(path)
    with pytest.raises(ModelError, match="holds a Lambda layer"):
        open_model(path, OpenOptions(allowed_lambdas=("0" * 64,)))
    assert not mark.exists()
    open_model(path, OpenOptions(allowed_lambdas=(need.digest,)))
    assert mark.exists()


def test_that_the_reader_and_a_command_run_nothing_of_a_file(tmp_path, capfd):
    mark = tmp_path / "mark"
    path = lambda_model(tmp_path / "m.keras", evil(mark))
    mark.unlink()
    assert cli.main(["inspect", "--preview", "--allow-lambdas", str(path)]) == 0
    assert "my lambda" in capfd.readouterr().out
    assert cli.main(["inspect", str(path)]) == 1
    told = capfd.readouterr().err
    assert "would run Python code" in told
    assert "--allow-lambdas" in told
    assert not mark.exists()
    assert cli.main(["inspect", str(path), "--allow-lambdas"]) == 0
    assert mark.exists()


PARTS = """
import keras
class Scaled(keras.layers.Layer):
    def __init__(self, by=2.0, **keywords):
        super().__init__(**keywords)
        self.by = keras.saving.deserialize_keras_object(by) if isinstance(by, dict) else by
    def call(self, x):
        return self.by(x) if callable(self.by) else x * self.by
    def get_config(self):
        return {**super().get_config(), "by": keras.saving.serialize_keras_object(self.by)}
@keras.saving.register_keras_serializable("mine")
def halved(x):
    return x / 2.0
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An installed package with a class in a module that an `.h5` does not name, and a registered function."""
    folder = tmp_path / "parts_package"
    folder.mkdir()
    (folder / "__init__.py").write_text("from . import inner\n")
    (folder / "inner.py").write_text(PARTS)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("parts_package.inner")
    for name in ("parts_package", "parts_package.inner"):
        sys.modules.pop(name, None)
    keras.saving.get_custom_objects().pop("mine>halved", None)


@pytest.mark.filterwarnings("ignore:The object being serialized includes a `lambda`:UserWarning")
def test_that_a_model_with_allowed_lambdas_and_a_module_saves_as_what_was_allowed(tmp_path, package, capfd):
    import tensorflow as tf

    code = compile("lambda x, scale: tf.nn.relu(x) * scale", __file__, "eval").co_consts[0]
    function = type(evil)(code, {"tf": tf}, "<lambda>", (2.0,))
    path = lambda_model(tmp_path / "m.keras", function, package.Scaled(function, name="scaled"))
    needs = code_needs(config_in(path))
    options = OpenOptions(allowed_lambdas=tuple(need.digest for need in needs if need.digest), module="parts_package")
    assert [need.kind for need in needs] == ["lambda", "class", "lambda"]
    assert cli.main(["inspect", str(path)]) == 1
    told = capfd.readouterr().err
    assert "the class 'Scaled' (at scaled of parts_package.inner), which" in told
    assert "holds 2 Lambda layers (my lambda, scaled)" in told
    assert "--module NAME, and --allow-lambdas" in told
    assert cli.main(["inspect", str(path), "--module", "parts_package", "--allow-lambdas"]) == 0
    loaded = open_model(path, options)
    one, two = loaded.model.get_layer("one"), loaded.model.get_layer("two")
    sample = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    np.testing.assert_allclose(loaded.model(sample), two(keras.ops.relu(one(sample)) * 4.0), rtol=1e-6)
    index = walk_model(loaded.model)
    for name in ("saved.keras", "saved.h5"):
        saved, objects = tmp_path / name, loaded.custom_objects
        save_model(index, LayerTree(index.root).freeze_map(), saved, custom_objects=objects, options=options)
        again = open_model(saved, options)
        np.testing.assert_array_equal(again.model(sample), loaded.model(sample))
        with pytest.raises(ModelError, match="holds 2 Lambda layers"):
            open_model(saved, OpenOptions(module="parts_package"))


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5:UserWarning")
def test_that_an_allowed_lambda_is_saved_under_the_name_that_it_was_given_on_loading(tmp_path):
    path = lambda_model(tmp_path / "m.h5", lambda x: x * 2.0)
    with h5py.File(path, "r+") as file:
        file.attrs["model_config"] = file.attrs["model_config"].replace("my lambda", "my/lambda")
        groups = file["model_weights"]
        groups.attrs["layer_names"] = [name.replace("my lambda", "my/lambda") for name in groups.attrs["layer_names"]]
        groups.create_group("my/lambda").attrs["weight_names"] = np.array([], "S1")
    options = OpenOptions(allowed_lambdas=tuple(need.digest for need in code_needs(config_in(path))))
    loaded = open_model(path, options)
    index = walk_model(loaded.model)
    saved = tmp_path / "saved.keras"
    save_model(index, LayerTree(index.root).freeze_map(), saved, custom_objects=loaded.custom_objects)
    assert [need.name for need in code_needs(config_in(saved))] == ["my_lambda"]
    sample = np.ones((2, 3), "float32")
    np.testing.assert_array_equal(open_model(saved, options).model(sample), loaded.model(sample))


@pytest.mark.parametrize("ending", ["keras", "h5"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5:UserWarning")
def test_that_code_may_register_or_import_what_is_needed(ending, tmp_path, package):
    path = lambda_model(tmp_path / f"m.{ending}", package.halved, package.Scaled(name="scaled"))
    own = keras.saving.load_model(path, {"Scaled": package.Scaled}, compile=False)
    keras.saving.get_custom_objects().pop("mine>halved", None)
    with pytest.raises(ModelError, match=r"the function 'halved' \(at my lambda\)"):
        open_model(path)
    sample = np.ones((2, 3), "float32")
    for number, text in enumerate((PARTS, "from parts_package.inner import *\nfrom keras.layers import Dense\n")):
        code = tmp_path / f"code_{number}.py"
        code.write_text(text)
        np.testing.assert_array_equal(open_model(path, OpenOptions.of_code(code)).model(sample), own(sample))


@pytest.mark.parametrize(
    "code",
    [
        "def Lambda_my_lambda(x):\n    return x * 3.0\n",
        "import keras\n@keras.saving.register_keras_serializable('c')\nclass Lambda_my_lambda(keras.layers.Layer):\n"
        "    def call(self, x):\n        return x * 3.0\n",
    ],
)
def test_that_a_function_or_a_layer_may_replace_a_lambda(code, tmp_path):
    assert replacement_name("inner/my lambda") == "Lambda_my_lambda"
    mark = tmp_path / "mark"
    path = lambda_model(tmp_path / "m.keras", evil(mark))
    mark.unlink()
    file = tmp_path / "lambda_code.py"
    file.write_text(code)
    loaded = open_model(path, OpenOptions.of_code(file))
    one, two = loaded.model.get_layer("one"), loaded.model.get_layer("two")
    sample = np.ones((2, 3), "float32")
    np.testing.assert_allclose(loaded.model(sample), two(one(sample) * 3.0), rtol=1e-6)
    assert not mark.exists()


def with_code(tmp_path: Path, code: str) -> Path:
    path = lambda_model(tmp_path / "m.keras", lambda x: x)

    def change(config: dict[str, Any]) -> None:
        for layer in config["config"]["layers"]:
            if layer["class_name"] == "Lambda":
                layer["config"]["function"]["config"]["code"] = code

    with zipfile.ZipFile(path) as source, zipfile.ZipFile(tmp_path / "other.keras", "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "config.json":
                config = json.loads(content)
                change(config)
                content = json.dumps(config).encode()
            target.writestr(name, content)
    return tmp_path / "other.keras"


@pytest.mark.parametrize("code", [LAMBDAS["3.9"]["add"], LAMBDAS["3.13"]["add"], "bm9uZQ==", ""])
def test_that_a_lambda_that_would_crash_this_python_is_never_run(code, tmp_path):
    path = with_code(tmp_path, code)
    digests = tuple(need.digest for need in code_needs(config_in(path)))
    with pytest.raises(ModelError, match="another version of Python") as refused:
        open_model(path, OpenOptions(allowed_lambdas=digests))
    assert "Lambda_my_lambda" in str(refused.value)


def test_that_a_lambda_with_an_unknown_name_is_told(tmp_path):
    code = compile("lambda x: my_helper(x)", "m.py", "eval").co_consts[0]
    path = with_code(tmp_path, base64.b64encode(marshal.dumps(code)).decode())
    digests = tuple(need.digest for need in code_needs(config_in(path)))
    with pytest.raises(ModelError, match="uses 'my_helper'"):
        open_model(path, OpenOptions(allowed_lambdas=digests))
    helper = tmp_path / "helpers.py"
    helper.write_text("def my_helper(x):\n    return x\n")
    options = OpenOptions(allowed_lambdas=digests, custom_code=str(helper))
    assert open_model(path, options).model.count_params() == 21
