"""The options of `train` that tell how a run goes on, ends, and computes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from editor import cli
from editor.run_printing import stopped_by_interrupt
from editor.training.control import RunControl

ROOT = Path(__file__).parents[1]


@pytest.fixture
def files(tmp_path):
    """A small model, and data that it cannot learn: the labels of the validation are wrong."""
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(3, activation="softmax", name="head")])
    model.save(tmp_path / "net.keras")
    x, y = np.random.default_rng(2).normal(size=(24, 6)).astype("float32"), np.arange(24) % 3
    np.savez(tmp_path / "data.npz", x=x, y=y, x_val=x, y_val=(y + 1) % 3)
    return tmp_path


def train(files, *options):
    return cli.main(
        [
            *("train", str(files / "net.keras"), "--data", str(files / "data.npz"), "-o", str(files / "out.keras")),
            *("--seed", "1", "--report", str(files / "report.json"), *options),
        ]
    )


def test_that_the_best_weights_are_saved_and_the_report_tells_of_the_run(files, capfd):
    options = ["--epochs", "50", "--early-stopping", "2", "--reduce-on-plateau", "1", "--keep", "best"]
    assert train(files, *options, "--learning-rate", "0.1", "--monitor", "val_loss", "--checkpoint-epochs", "2") == 0
    told, said = json.loads((files / "report.json").read_bytes()), capfd.readouterr().out
    assert (told["outcome"], told["kept"], told["best"]["metric"]) == ("finished", "best", "val_loss")
    assert len(told["epochs"]) == told["best"]["epoch"] + 2 < 50
    (phase,) = told["phases"]
    assert (phase["first_epoch"], phase["epochs"], phase["trainable"]) == (1, len(told["epochs"]), 21)
    assert {event["kind"] for event in told["events"]} == {"learning-rate", "early-stop", "best-restored"}
    assert "val_loss got no better for 2 epochs." in said
    assert (files / "out-epoch-2.keras").is_file()
    model = keras.saving.load_model(files / "out.keras", compile=False)
    with np.load(files / "data.npz") as arrays:
        model.compile(loss="sparse_categorical_crossentropy")
        assert model.evaluate(arrays["x_val"], arrays["y_val"], verbose=0) == pytest.approx(told["best"]["value"], 1e-4)


def test_that_a_run_that_diverges_after_its_best_epoch_saves_that_one_and_fails(files, capfd):
    keras.Sequential([keras.Input((6,)), keras.layers.Dense(3)]).save(files / "net.keras")
    x = 10 * np.random.default_rng(2).normal(size=(24, 6)).astype("float32")
    np.savez(files / "data.npz", x=x, y=x[:, :3])
    options = ["--loss", "mean_squared_error", "--optimizer", "sgd", "--learning-rate", "1", "--batch-size", "8"]
    assert train(files, *options, "--epochs", "50", "--validation-split", "0") == 1
    said = capfd.readouterr()
    assert "The loss became NaN or infinite in batch" in said.err
    assert "the weights of epoch 1 are kept. Use a lower learning rate" in said.err
    assert "Problem(" not in said.out + said.err
    assert (files / "out.keras").is_file()
    assert json.loads((files / "report.json").read_bytes())["kept"] == "best"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--early-stopping", "0"], "--early-stopping"),
        (["--reduce-on-plateau", "0"], "--reduce-on-plateau"),
        (["--checkpoint-epochs", "-1"], "--checkpoint-epochs"),
    ],
)
def test_that_options_out_of_range_are_wrong_usage(files, capfd, options, said):
    assert train(files, *options) == 2
    assert said in capfd.readouterr().err
    assert not (files / "out.keras").exists()


def test_that_an_unknown_monitor_is_said_with_those_there_are(files, capfd):
    assert train(files, "--monitor", "val_auc") == 1
    assert "Use one of: val_loss, val_accuracy, loss, accuracy." in capfd.readouterr().err


def test_that_the_first_interrupt_stops_the_run_and_the_second_ends_the_program():
    control = RunControl()
    with pytest.raises(KeyboardInterrupt), stopped_by_interrupt(control, "best"):
        signal.raise_signal(signal.SIGINT)
        assert control.ending == "best"
        signal.raise_signal(signal.SIGINT)


def test_that_an_interrupted_run_is_saved(files):
    arguments = ["--data", str(files / "data.npz"), "--seed", "1", "--epochs", "1000000"]
    command = [sys.executable, "main.py", "train", str(files / "net.keras"), "-o", str(files / "out.keras"), *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if line.startswith("Epoch 3 "):
                break
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=120)
    assert process.returncode == 0, error
    assert "Stopped after " in out
    assert (files / "out.keras").is_file()
