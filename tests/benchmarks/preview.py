"""How long a preview takes, beside loading the same file with Keras: `python -m tests.benchmarks.preview`.

ResNet152V2 (566 layers, 243 MB, random weights) as `.keras`. Three things in turn, pair by pair: a whole request to a
warm reader process, as the window has one; the same with a process that has to start; and `keras.saving.load_model`
alone, without the import of Keras, in a process that has imported it. Medians are compared, of the clock and of the
processor's time, which other programs change less. Says too what memory the reader took, and that it has no TensorFlow.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from editor.processes.limits import ReaderLimits
from editor.processes.reader_messages import PreviewRead, ReadPreview
from editor.processes.reader_process import ReaderProcess

NUM_PAIRS = 7
_FILE = "resnet152v2.keras"
_LIMIT_SECONDS = 600.0
_FORBIDDEN = ("libtensorflow", "_pywrap_tensorflow", "_pywrap_tf")


def main() -> None:
    """Prints the medians, their ratios, and the reader's memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=NUM_PAIRS)
    parser.add_argument("--file", type=Path, help="a .keras file to measure instead")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        path = options.file or Path(temporary) / _FILE
        if not path.exists():
            subprocess.run([sys.executable, "-m", __spec__.name, "--make", str(path)], check=True, capture_output=True)
        measure(path, options.pairs)


def measure(path: Path, num_pairs: int) -> None:
    """Interleaves the three, so that what else the machine does concerns all of them alike."""
    loader = Loader(path)
    rows = []
    peak = 0
    for number in range(num_pairs + 1):
        warm, started, processor, memory = _preview(path)
        row = (warm, started, processor, *loader.load())
        peak = max(peak, memory)
        if number:  # the first one brings the file into the system's memory
            rows.append(row)
    loader.end()
    warm, started, processor, load, load_processor = (statistics.median(column) for column in zip(*rows, strict=True))
    ratio = statistics.median(row[0] / row[3] for row in rows)
    with_start = statistics.median(row[1] / row[3] for row in rows)
    print(f"{path.name}, {path.stat().st_size / 1e6:.0f} MB, {num_pairs} pairs")
    print(f"preview by a warm reader {warm:.2f} s, with its start {started:.2f} s; load_model alone {load:.2f} s")
    print(f"median of pairs: {ratio:.3f} of load_model, with the reader's start {with_start:.3f}")
    print(f"processor's time: {processor:.2f} s and {load_processor:.2f} s, ratio {processor / load_processor:.3f}")
    print(f"reader's memory at most {peak >> 20} MB, without TensorFlow")


def _preview(path: Path) -> tuple[float, float, float, int]:
    """Seconds of a request to a warm process, with its start, and of the processor; the greatest resident memory."""
    begun = time.perf_counter()
    reader = ReaderProcess()
    reader.wait_until_ready()
    ready, used = time.perf_counter(), _processor_seconds(reader)
    reader.send(ReadPreview(str(path), ReaderLimits()))
    maps = _maps(reader)
    answer = reader.receive(_LIMIT_SECONDS)
    ended = time.perf_counter()
    assert isinstance(answer, PreviewRead), answer
    memory, used = _peak_memory(reader), _processor_seconds(reader) - used
    reader.end()
    assert not any(name in maps for name in _FORBIDDEN), "TensorFlow is in the reader"
    return ended - ready, ended - begun, used, memory


def _maps(reader: ReaderProcess) -> str:
    """What Linux has mapped into the process, the libraries among it."""
    path = Path(f"/proc/{reader._process.pid}/maps")
    return path.read_text() if path.exists() else ""


def _processor_seconds(reader: ReaderProcess) -> float:
    """What Linux has counted so far, in steps of 10 ms."""
    path = Path(f"/proc/{reader._process.pid}/stat")
    fields = path.read_text().rpartition(")")[2].split() if path.exists() else ["0"] * 13
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak_memory(reader: ReaderProcess) -> int:
    path = Path(f"/proc/{reader._process.pid}/status")
    lines = path.read_text().splitlines() if path.exists() else []
    return max([0, *(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM:"))])


class Loader:
    """A process that has Keras imported and loads the file as often as it is asked."""

    def __init__(self, path: Path) -> None:
        command = [sys.executable, "-m", __spec__.name, "--load", str(path)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)

    def load(self) -> tuple[float, float]:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write("load\n")
        self._process.stdin.flush()
        seconds, processor = map(float, self._process.stdout.readline().split())
        return seconds, processor

    def end(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


def load_on_request(path: Path) -> None:
    """Loads the file once for each line of standard input, and prints the seconds."""
    import keras

    for _ in sys.stdin:
        keras.backend.clear_session()
        start, used = time.perf_counter(), time.process_time()
        keras.saving.load_model(path)
        print(time.perf_counter() - start, time.process_time() - used, flush=True)


def make(path: Path) -> None:
    """Writes the model, in a process of its own."""
    import keras

    keras.applications.ResNet152V2(weights=None).save(path)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--make"]:
        make(Path(sys.argv[2]))
    elif sys.argv[1:2] == ["--load"]:
        load_on_request(Path(sys.argv[2]))
    else:
        main()
