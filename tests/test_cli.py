from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import keras
import msgspec
import numpy as np
import pytest

from editor import cli
from editor.files.keras_archive import add_freeze_map, read_freeze_map
from editor.keras_model.flags import tree_with_map
from editor.keras_model.loading import load_model
from editor.keras_model.walk import walk_model
from editor.layers.freeze_map import FreezeMap, LayerFlags
from editor.layers.tree import LayerTree
from tests import models
from tests.cases.small_cnn import SmallCNN

ROOT = Path(__file__).parent.parent
CASES = ROOT / "tests" / "cases"
MODELS = ROOT / "tests" / "data" / "models"
FER = MODELS / "fer" / "emotion_model.hdf5"
DEMO = ROOT / "resources" / "demo" / "digits_transfer.keras"
PENGUINS = ROOT / "tests" / "data" / "tables" / "penguins.csv"
CUSTOM = {"SmallCNN": SmallCNN}
CODE = ("--custom-code", ROOT / "tests" / "models.py")


def run(*arguments):
    """A command as people give it, in a process of its own."""
    command = [sys.executable, "main.py", *map(str, arguments)]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TF_")}
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, env=environment)


def done(*arguments):
    """A command in this process, which has TensorFlow already."""
    output, errors = io.StringIO(), io.StringIO()
    with redirect_stdout(output), redirect_stderr(errors):
        status = cli.main([str(argument) for argument in arguments])
    assert (status, errors.getvalue()) == (0, "")
    return output.getvalue()


def done_apart(*arguments):
    result = run(*arguments)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


def inspected(path, *options):
    return json.loads(done("inspect", path, "--json", *options))


def layers_by_path(found):
    return {layer["path"]: layer for layer in found["layers"]}


def reopened(path):
    """A saved file as this program opens it."""
    index = walk_model(load_model(path, CUSTOM))
    freeze_map = read_freeze_map(path)
    return index.model, tree_with_map(index, freeze_map) if freeze_map else LayerTree(index.root)


def values(path):
    """The bytes of each weight, by path."""
    index = walk_model(load_model(path, CUSTOM))
    tree = LayerTree(index.root)
    return {node.path: index.variables[node.record.weight_id].numpy().tobytes() for node in tree.walk_weights()}


@pytest.fixture(scope="module")
def small_model(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "composites.keras"
    models.seeded(models.composites).save(path)
    return path


# -- inspect --------------------------------------------------------------------------------------------------


def test_that_inspect_tells_the_contract_in_json():
    found = inspected(DEMO)
    assert set(found) == {"file", "format", "keras_version", "source", "totals", "layers", "findings"}
    assert (found["format"], found["source"]) == ("keras", "model")
    model = keras.saving.load_model(DEMO, compile=False)
    trainable = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    totals = found["totals"]
    assert set(totals) == {"parameters", "trainable", "frozen", "statistics"}
    assert (totals["parameters"], totals["trainable"]) == (model.count_params(), trainable)
    assert totals["parameters"] == totals["trainable"] + totals["frozen"] + totals["statistics"]
    for layer in found["layers"]:
        assert set(layer) == {
            *("path", "store", "class", "depth", "state", "parameters", "trainable", "frozen", "statistics"),
            *("statistics_mode", "shared_with", "output_shape", "weights"),
        }
        assert layer["depth"] == layer["path"].count("/")
        assert layer["state"] in ("trainable", "frozen", "mixed", "statistics", "weightless")
        assert all(set(weight) == {"name", "shape", "dtype", "state"} for weight in layer["weights"])
    layers = layers_by_path(found)
    assert list(layers)[:2] == ["backbone", "backbone/image"]
    assert layers["backbone/conv_1"]["output_shape"] == [None, 8, 8, 16]
    assert layers["backbone/bn_1"]["statistics_mode"] == "update"
    assert layers["backbone"]["statistics_mode"] is None
    assert layers["backbone"]["parameters"] == sum(
        layer["parameters"] for path, layer in layers.items() if path.startswith("backbone/")
    )


def test_that_inspect_speaks_to_people_too(small_model):
    output = done("inspect", small_model, *CODE)
    assert "query_dense" in output
    assert f"{1596:,} parameters" in output


def test_that_json_stays_json_when_the_map_does_not_fit(capfd, tmp_path):
    path = tmp_path / "model.keras"
    models.digits_cnn().save(path)
    flags = LayerFlags(store="layers/none", class_name="Dense", weights={"kernel": "frozen"})
    add_freeze_map(path, FreezeMap(layers={"gone/dense": flags}))
    assert cli.main(["inspect", str(path), "--json"]) == 0
    (finding,) = json.loads(capfd.readouterr().out)["findings"]
    assert (finding["severity"], finding["path"]) == ("warning", "gone/dense")


def test_that_findings_are_inspected_too(capfd, tmp_path):
    inputs = keras.Input((6,))
    values = keras.ops.stop_gradient(keras.layers.Dense(4, name="cut")(inputs))
    values = keras.layers.BatchNormalization(name="bn")(values)
    model = keras.Model(inputs, keras.layers.Dense(3, name="head")(values))
    tree = LayerTree(walk_model(model).root)
    tree.apply(tree.change_to({weight.weight_id: False for weight in tree.find("bn").weights_below}, {}))
    path = tmp_path / "model.keras"
    model.save(path)
    add_freeze_map(path, tree.freeze_map())
    assert cli.main(["inspect", str(path), "--json"]) == 0
    findings = json.loads(capfd.readouterr().out)["findings"]
    assert [(finding["severity"], finding["code"], finding["path"]) for finding in findings] == [
        ("warning", "no-gradient", "cut"),
        ("warning", "statistics-move", "bn"),
        ("note", "plain-keras-forgets", "bn"),
    ]
    assert set(findings[0]) == {"severity", "code", "path", "title", "text", "paths", "cure"}
    assert findings[1]["cure"] == "Let Its Statistics Stand Still"
    assert cli.main(["inspect", str(path)]) == 0
    output, errors = capfd.readouterr()
    assert "warning: Statistics of bn will move. Training" in output
    assert errors == ""


# -- freeze ---------------------------------------------------------------------------------------------------


def test_that_freeze_and_thaw_apply_in_the_order_given(small_model, tmp_path):
    saved = tmp_path / "saved.keras"
    order = ["--freeze", "**", "--thaw", "mha", "--freeze", "mha/query_dense", "--thaw", "mha/query_dense:bias"]
    output = done("freeze", small_model, "-o", saved, "--custom-code", ROOT / "tests" / "models.py", *order)
    _, tree = reopened(saved)
    trainable = {node.path for node in tree.walk_weights() if tree.state(node) == "trainable"}
    assert trainable == {
        "mha/query_dense:bias",
        *(f"mha/{part}_dense:{name}" for part in ("key", "value", "output") for name in ("kernel", "bias")),
    }
    account = tree.account(tree.root)
    assert f"{account.trainable.parameters:,} trainable, {account.frozen.parameters:,} frozen" in output
    assert "Plain Keras will load as trainable, though frozen: " in output
    assert "mha/query_dense:kernel" in output


def test_that_a_map_goes_before_the_patterns_and_says_what_does_not_fit(small_model, tmp_path):
    _, tree = reopened(small_model)
    tree.apply(tree.plan([tree.root], trainable=False))
    freeze_map = tree.freeze_map()
    strange = LayerFlags(store="layers/none", class_name="Dense", weights={"kernel": "frozen"})
    freeze_map = msgspec.structs.replace(freeze_map, layers={**freeze_map.layers, "gone/dense": strange})
    (tmp_path / "all.freeze.json").write_bytes(freeze_map.to_json())
    saved = tmp_path / "saved.keras"
    output = done("freeze", small_model, "-o", saved, "--thaw", "head", "--map", tmp_path / "all.freeze.json", *CODE)
    assert "gone/dense" in output
    _, tree = reopened(saved)
    assert {node.path for node in tree.walk_weights() if tree.state(node) == "trainable"} == {
        "head:kernel",
        "head:bias",
    }


def test_that_the_flags_of_a_file_are_where_the_next_command_begins(small_model, tmp_path):
    first, second = tmp_path / "first.keras", tmp_path / "second.keras"
    done("freeze", small_model, "-o", first, "--freeze", "mha/query_dense", *CODE)
    done("freeze", first, "-o", second, "--freeze", "head:bias", *CODE)
    _, tree = reopened(second)
    frozen = {node.path for node in tree.walk_weights() if tree.state(node) == "frozen"}
    assert frozen == {"mha/query_dense:kernel", "mha/query_dense:bias", "head:bias"}


def test_that_the_case_of_an_h5_file_works_end_to_end(tmp_path):
    frozen, trained = tmp_path / "frozen.h5", tmp_path / "trained.h5"
    done("freeze", DEMO, "-o", frozen, "--freeze", "backbone/**:kernel")
    done("train", frozen, "--data", "sample:digits", "--epochs", "1", "-o", trained)
    before, after = (walk_model(keras.saving.load_model(path, compile=False)) for path in (frozen, trained))
    tree = tree_with_map(after, read_freeze_map(trained))
    kept = {
        node.path
        for node in tree.walk_weights()
        if np.array_equal(*(it.variables[node.record.weight_id].numpy() for it in (before, after)))
    }
    kernels = {node.path for node in tree.walk_weights() if not tree.is_trainable(node.record)}
    assert kept == {path for path in kernels if path.endswith(":kernel")}


def test_that_a_file_can_be_saved_over_itself(capfd, tmp_path):
    path = tmp_path / "model.keras"
    models.seeded(models.digits_cnn).save(path)
    before = values(path)
    assert cli.main(["freeze", str(path), "-o", str(path), "--freeze", "conv"]) == 0
    assert values(path) == before
    assert reopened(path)[1].state(reopened(path)[1].find("conv")) == "frozen"
    assert [file.name for file in tmp_path.iterdir()] == ["model.keras"]
    capfd.readouterr()


# -- the cases of the corpus ----------------------------------------------------------------------------------


def random_data(path, x_shape, num_classes, num_samples=4):
    source = np.random.default_rng(1)
    x = source.uniform(size=(num_samples, *x_shape)).astype("float32")
    np.savez(path, x=x, y=source.integers(num_classes, size=num_samples))
    return path


def check_case(folder, model, frozen, data, *options, done=done):
    """Freeze, look, train an epoch, compare bit for bit, open again."""
    source, start, end, report = (folder / name for name in ("source.keras", "start.keras", "end.keras", "report.json"))
    model.save(source)
    done("freeze", source, "-o", start, "--freeze", frozen, *options)
    layer = layers_by_path(json.loads(done("inspect", start, "--json", *options)))[frozen]
    assert layer["state"] == "frozen"
    assert layer["trainable"] == 0
    settings = ["--epochs", 1, "--batch-size", 2, "--seed", 1, "--validation-split", 0, "--report", report]
    output = done("train", start, "--data", data, "-o", end, *settings, *options)
    told = json.loads(report.read_bytes())
    proof = told["proof"]
    assert f"{proof['frozen_unchanged']} of {proof['frozen_total']} frozen weights unchanged" in output
    assert proof["frozen_unchanged"] == proof["frozen_total"] > 0
    before, after = values(start), values(end)
    start_model, start_tree = reopened(start)
    end_model, end_tree = reopened(end)
    assert end_tree.freeze_map() == start_tree.freeze_map()
    for node in start_tree.walk_weights():
        assert (before[node.path] == after[node.path]) is (start_tree.state(node) == "frozen"), node.path
    again, again_tree = reopened(end)
    assert again_tree.freeze_map() == end_tree.freeze_map()
    np.testing.assert_array_equal(models.outputs_of(again), models.outputs_of(end_model))
    np.testing.assert_array_equal(models.outputs_of(start_model), models.outputs_of(model))
    return told


def test_that_the_case_of_the_flat_cnn_works_end_to_end(tmp_path):
    data = random_data(tmp_path / "data.npz", (28, 28, 1), 10, num_samples=64)
    told = check_case(tmp_path, models.seeded(models.digits_cnn), "conv", data, done=done_apart)
    assert set(told) >= {
        *("run_id", "epochs", "phases", "trainable", "frozen", "seconds", "feature_cache", "proof"),
    }
    assert told["frozen"] == 80
    assert told["proof"]["changed_layers"] == ["digit"]


def test_that_the_case_of_the_frozen_vgg16_works_end_to_end(tmp_path):
    keras.utils.set_random_seed(1)
    model = models.frozen_vgg16(size=224)
    data = random_data(tmp_path / "data.npz", (224, 224, 3), 1000)
    told = check_case(tmp_path, model, "base", data)
    assert told["frozen"] == 14_714_688
    assert told["proof"]["frozen_total"] == 26
    assert told["proof"]["changed_layers"] == ["head"]


def test_that_the_case_of_the_subclassed_model_works_end_to_end(tmp_path):
    model = models.seeded(models.small_cnn)
    model.conv1.trainable = True
    data = random_data(tmp_path / "data.npz", (8, 8, 3), 3, num_samples=32)
    told = check_case(tmp_path, model, "conv1", data, "--custom-code", CASES / "small_cnn.py")
    assert told["proof"]["changed_layers"] == ["conv2", "dense"]
    # What plain Keras makes of it, and why the map is there (fact F16).
    plain = keras.saving.load_model(tmp_path / "end.keras", CUSTOM)
    assert plain.conv1.kernel.trainable
    assert plain.compiled  # with fresh slots for what it trains more


def test_that_all_separable_convolutions_of_a_real_model_freeze(tmp_path):
    saved = tmp_path / "fer.keras"
    done("freeze", FER, "-o", saved, "--freeze", "class:SeparableConv2D")
    model, tree = reopened(saved)
    convolutions = [layer for layer in tree.walk_layers() if layer.record.class_name == "SeparableConv2D"]
    others = [layer for layer in tree.root.children if layer.weights and layer not in convolutions]
    assert len(convolutions) == 8
    assert {tree.state(layer) for layer in convolutions} == {"frozen"}
    assert "frozen" not in {tree.state(layer) for layer in others}
    np.testing.assert_array_equal(models.outputs_of(model), models.outputs_of(load_model(FER)))
    states = {path: layer["state"] for path, layer in layers_by_path(inspected(saved)).items()}
    assert states == {layer.path: tree.state(layer) for layer in tree.walk_layers() if layer is not tree.root}


def test_that_the_sample_trains_the_demo_with_a_report(capfd, tmp_path):
    saved, report = tmp_path / "saved.keras", tmp_path / "report.json"
    arguments = ["--data", "sample:digits", "--freeze", "backbone", "--epochs", "2", "--seed", "1"]
    assert cli.main(["train", str(DEMO), "-o", str(saved), "--report", str(report), *arguments]) == 0
    told = json.loads(report.read_bytes())
    assert [epoch["epoch"] for epoch in told["epochs"]] == [1, 2]
    assert {"loss", "accuracy", "val_loss", "val_accuracy"} <= set(told["epochs"][0])
    assert told["proof"]["still_unchanged"] == told["proof"]["still_total"] == 8
    assert "Epoch 2 of 2" in capfd.readouterr().out
    # The optimizer is that of these very flags, so it stays in the file.
    assert keras.saving.load_model(saved).compiled


# -- expected errors ------------------------------------------------------------------------------------------


def refused(capfd, *arguments):
    """The one sentence and its hint that a command ends with, and nothing else."""
    assert cli.main([str(argument) for argument in arguments]) == 1
    errors = capfd.readouterr().err
    assert errors.startswith("frostline: ")
    assert errors.count("\n") == 1
    assert "Traceback" not in errors
    return errors


@pytest.fixture
def broken(tmp_path):
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "truncated.keras").write_bytes(DEMO.read_bytes()[:20_000])
    (folder / "truncated.h5").write_bytes(FER.read_bytes()[:20_000])
    keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda value: value)]).save(folder / "lambda.keras")
    (folder / "map.json").write_text('{"layers": 3}')
    (folder / "later.json").write_text('{"schema": 99, "layers": {}}')
    np.savez(folder / "wrong.npz", x=np.zeros((4, 5), "float32"), y=np.zeros(4))
    np.savez(folder / "no_y.npz", x=np.zeros((4, 8, 8, 1), "float32"))
    (folder / "code.py").write_text("1 / 0")
    return folder


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("nowhere.keras", "There is no file"),
        ("truncated.keras", "truncated.keras"),
        ("truncated.h5", "truncated.h5"),
        ("lambda.keras", "Lambda"),
        (MODELS / "mmsplice" / "Acceptor.h5", "'ConvDNA'"),
    ],
    ids=["missing", "truncated-keras", "truncated-h5", "lambda", "unknown-layer"],
)
def test_that_a_model_that_cannot_be_opened_is_one_sentence(capfd, broken, tmp_path, model, words):
    # In its own format its flags alone could be changed.
    out = tmp_path / ("out.h5" if str(model).endswith(".keras") else "out.keras")
    assert words in refused(capfd, "inspect", broken / model, "--json")
    assert words in refused(capfd, "freeze", broken / model, "-o", out, "--freeze", "**")
    assert words in refused(capfd, "train", broken / model, "-o", out, "--data", "sample:digits")
    assert [path.name for path in tmp_path.iterdir()] == ["broken"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--freeze", "backbone/conv_l"], "Did you mean backbone/conv_"),
        (["--freeze", "re:("], "regular expression"),
        (["--thaw", ""], "pattern is empty"),
        (["--map", "map.json"], "not a freeze map"),
        (["--map", "later.json"], "schema 99"),
        (["--map", "nowhere.json"], "cannot be read"),
        (["--custom-code", "code.py"], "code.py"),
        (["--custom-code", "nowhere.py"], "no file"),
    ],
)
def test_that_a_wrong_option_of_freeze_writes_nothing(capfd, broken, tmp_path, monkeypatch, options, words):
    monkeypatch.chdir(broken)
    out = tmp_path / "out.keras"
    out.write_bytes(b"what was there")
    assert words in refused(capfd, "freeze", DEMO, "-o", out, *options)
    assert out.read_bytes() == b"what was there"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken", "out.keras"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--data", "nowhere.npz"], "no file"),
        (["--data", "sample:letters"], "'letters'"),
        (["--data", "wrong.npz"], "(8, 8, 1)"),
        (["--data", "no_y.npz"], "array y"),
        (["--data", "sample:digits", "--freeze", "**"], "Nothing is trainable"),
        (["--data", "sample:digits", "--report", "nowhere/report.json"], "no folder"),
    ],
)
def test_that_a_wrong_option_of_train_writes_nothing(capfd, broken, tmp_path, monkeypatch, options, words):
    monkeypatch.chdir(broken)
    assert words in refused(capfd, "train", DEMO, "-o", tmp_path / "out.keras", *options)
    assert [path.name for path in tmp_path.iterdir()] == ["broken"]


@pytest.mark.parametrize(
    ("name", "words"), [("out.weights.h5", "'out.keras'"), ("nowhere/out.keras", "no folder"), ("", "keras")]
)
def test_that_a_target_that_cannot_be_saved_to_is_refused_at_once(capfd, tmp_path, name, words):
    assert words in refused(capfd, "freeze", DEMO, "-o", tmp_path / name, "--freeze", "**")
    assert words in refused(capfd, "train", DEMO, "-o", tmp_path / name, "--data", "sample:digits")
    assert list(tmp_path.iterdir()) == []


def test_that_a_layer_that_fails_in_training_is_one_sentence(capfd, tmp_path):
    (tmp_path / "trap.py").write_text(
        "import keras\n\nclass Trap(keras.layers.Layer):\n"
        "    def call(self, inputs, training=False):\n"
        "        if training:\n            raise RuntimeError('the trap closed')\n"
        "        return inputs\n"
    )
    trap = type("Trap", (keras.layers.Layer,), {"call": lambda _self, inputs: inputs})
    layers = [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(10, activation="softmax"), trap()]
    keras.Sequential(layers).save(tmp_path / "trap.keras")
    out = tmp_path / "out.keras"
    options = ["--data", "sample:digits", "--custom-code", tmp_path / "trap.py"]
    assert "Training failed: the trap closed." in refused(capfd, "train", tmp_path / "trap.keras", "-o", out, *options)
    assert not out.exists()


def test_that_an_expected_error_is_status_1_of_the_process(tmp_path):
    damaged = tmp_path / "model.keras"
    damaged.write_bytes(DEMO.read_bytes()[:-100])
    result = run("freeze", damaged, "-o", tmp_path / "out.keras", "--freeze", "**")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("frostline: ")
    assert result.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]


# -- wrong usage ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        ["train", "MODEL", "-o", "OUT", "--data", "sample:digits", "--schedule", "plan.json"],
        ["train", "MODEL", "-o", "OUT", "--data", "sample:digits", "--feature-cache", "auto"],
    ],
    ids=lambda options: options[-2] if not options[-1].startswith("--") else options[-1],
)
def test_that_an_option_that_is_not_built_yet_is_status_2_and_says_so(capfd, tmp_path, options):
    places = {"MODEL": str(DEMO), "OUT": str(tmp_path / "out.keras")}
    assert cli.main([places.get(option, option) for option in options]) == 2
    assert "not built yet" in capfd.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "options",
    [
        ["freeze", "MODEL"],
        ["freeze", "-o", "out.keras"],
        ["train", "MODEL", "-o", "out.keras"],
        ["train", "MODEL", "-o", "out.keras", "--data", "sample:digits", "--optimizer", "magic"],
        ["train", "MODEL", "-o", "out.keras", "--data", "sample:digits", "--epochs", "many"],
        ["inspect", "MODEL", "--colour"],
    ],
    ids=["no-output", "no-model", "no-data", "optimizer", "epochs", "unknown"],
)
def test_that_wrong_usage_is_status_2(capfd, options):
    with pytest.raises(SystemExit) as caught:
        cli.main(options)
    assert caught.value.code == 2
    assert "usage:" in capfd.readouterr().err


def test_that_wrong_usage_and_unbuilt_options_are_status_2_of_the_process():
    assert run("freeze", DEMO).returncode == 2
    result = run("train", DEMO, "-o", "out.keras", "--data", "sample:digits", "--schedule", "plan.json")
    assert result.returncode == 2
    assert result.stderr.startswith("frostline: --schedule is not built yet.")


def test_that_the_saved_file_is_a_sound_archive(capfd, tmp_path):
    saved = tmp_path / "saved.keras"
    cli.main(["freeze", str(DEMO), "-o", str(saved), "--freeze", "backbone/bn_1:gamma"])
    with zipfile.ZipFile(saved) as archive:
        assert archive.testzip() is None
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
    assert "backbone/bn_1:gamma" in capfd.readouterr().out


def test_that_custom_code_cannot_end_a_command_in_silence(capfd, tmp_path):
    (tmp_path / "leaver.py").write_text(
        "import sys\nimport keras\n\nclass Leaver(keras.layers.Layer):\n"
        "    def call(self, inputs, training=False):\n"
        "        if training:\n            sys.exit(0)\n"
        "        return inputs\n"
    )
    leaver = type("Leaver", (keras.layers.Layer,), {"call": lambda _self, inputs: inputs})
    layers = [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(10, activation="softmax"), leaver()]
    keras.Sequential(layers).save(tmp_path / "leaver.keras")
    out = tmp_path / "out.keras"
    options = ["--data", "sample:digits", "--custom-code", tmp_path / "leaver.py"]
    assert refused(capfd, "train", tmp_path / "leaver.keras", "-o", out, *options)
    assert not out.exists()


def test_that_custom_code_that_prints_does_not_spoil_the_json(capfd, tmp_path):
    (tmp_path / "talking.py").write_text("print('hello')")
    assert cli.main(["inspect", str(DEMO), "--json", "--custom-code", str(tmp_path / "talking.py")]) == 0
    output, errors = capfd.readouterr()
    assert json.loads(output)["layers"]
    assert errors == "hello\n"


@pytest.mark.parametrize(
    "options", [("--epochs", "0"), ("--batch-size", "-1"), ("--metrics", "foo"), ("--validation-split", "1.5")]
)
def test_that_a_setting_out_of_range_is_wrong_usage(capfd, tmp_path, options):
    arguments = ["train", str(DEMO), "-o", str(tmp_path / "out.keras"), "--data", "sample:digits", *options]
    assert cli.main(arguments) == 2
    assert f"{options[0]} {options[1]}: Use" in capfd.readouterr().err


def test_that_a_report_that_is_a_folder_is_refused_before_the_training(capfd, tmp_path):
    out = tmp_path / "out.keras"
    options = ["--data", "sample:digits", "--report", tmp_path]
    assert "is a folder" in refused(capfd, "train", DEMO, "-o", out, *options)
    assert not out.exists()


def test_that_an_item_of_a_list_is_told_by_list_and_number(small_model):
    code = ("--custom-code", ROOT / "tests" / "models.py")
    assert "blocks/1" in done("inspect", small_model, *code)


# -- data -----------------------------------------------------------------------------------------------------


def test_that_a_table_is_trained_on_with_the_columns_that_are_named(capfd, tmp_path):
    layers, saved, report = keras.layers, tmp_path / "saved.keras", tmp_path / "report.json"
    model = keras.Sequential([layers.Input((9,)), layers.Dense(3, activation="softmax")])
    model.save(tmp_path / "model.keras")
    options = ["--target", "species", "--column", "year=ignore", "--missing", "sex=most-frequent", "--epochs", "1"]
    arguments = ["train", str(tmp_path / "model.keras"), "-o", str(saved), "--data", str(PENGUINS), *options]
    assert cli.main([*arguments, "--report", str(report), "--seed", "1"]) == 0
    out = capfd.readouterr().out
    assert "344 samples of 9 · 3 classes" in out
    assert "(Adelie, Chinstrap, Gentoo) are numbered from 0" in out
    columns = {column["name"]: column for column in json.loads(report.read_text())["data"]["columns"]}
    assert (columns["year"]["use"], columns["sex"]["missing"]) == ("ignore", "most-frequent")


def test_that_a_table_that_does_not_fit_is_status_1_and_one_sentence(capfd, tmp_path):
    arguments = ["train", str(DEMO), "-o", str(tmp_path / "out.keras"), "--data", str(PENGUINS), "--target", "specie"]
    assert cli.main(arguments) == 1
    assert "penguins.csv has no column 'specie'. Did you mean 'species'?" in capfd.readouterr().err
    assert list(tmp_path.iterdir()) == []
