"""What the service tools read: stores beside the record, traces of wires, a balance."""

import contextlib
import io
import json
import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from controller.bench import monitor
from controller.record import calibrations
from drivers.mt_sics import Ask, Balance
from state_machine.profile import Calibrated, Profile

Take = Callable[[bytes], None]


@contextlib.contextmanager
def store(_: random.Random) -> Iterator[Take]:
    """A store of calibrations: believed whole, or told as a fault; never an error."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "calibration.jsonl"

        def take(data: bytes) -> None:
            path.write_bytes(data)
            profile = calibrations.with_calibrations(Profile("r"), path, path)
            if profile.calibration_fault and profile.calibrations:
                raise AssertionError("a store that is not believed gave calibrations")

        yield take


def store_corpus() -> list[bytes]:
    """Three calibrations."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "calibration.jsonl"
        for kind in Calibrated:
            made = calibrations.Result(
                kind, "x", True, "passed", 1, 900, "ppm", (), "S", 20_000, 20_365, "reference"
            )
            calibrations.keep(path, path, made)
        return [path.read_bytes(), *path.read_bytes().splitlines(keepends=True)]


@contextlib.contextmanager
def trace(_: random.Random) -> Iterator[Take]:
    """A trace of wires, told in words."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "wires.jsonl"

        def take(data: bytes) -> None:
            path.write_bytes(data)
            monitor.decode(path, None, False, io.StringIO())

        yield take


def trace_corpus() -> list[bytes]:
    """Some frames of each link, right and wrong."""
    frames = [
        (1, "line", ">", "000100000006020300640008"),
        (2, "line", "<", "00010000001302031000070000000003e800008ca000010000"),
        (3, "room", ">", "0002000000130310 00c800060c000000010001000000000000".replace(" ", "")),
        (4, "room", "<", "000200000003039006"),
        (5, "pump", ">", "0208305354506b9503"),
        (6, "pump", "<", "020730305300000003"),
        (7, "pump", "<", "0230305303"),
    ]
    lines = [{"k": "trace", "version": 1, "room": "demo"}]
    lines += [{"k": "frames", "lost": 0, "frames": [frame]} for frame in frames]
    return ["".join(json.dumps(line) + "\n" for line in lines).encode()]


@contextlib.contextmanager
def balance(chance: random.Random) -> Iterator[Take]:
    """What a balance may say to any question."""

    def take(data: bytes) -> None:
        talk = Balance()
        talk.ask(chance.choice(list(Ask)), 0)
        talk.receive(data)
        talk.receive(b"")
        if len(talk._buffer) > 128:
            raise AssertionError("more is kept of a line than may be")

    yield take


def balance_corpus() -> list[bytes]:
    """Answers of balances."""
    said = ["S S     100.00 g", "S D   -10.0000 g", "S I", "Z A", 'I4 A "B1"', "ES", "T S 1.0 mg"]
    return [word.encode() + b"\r\n" for word in said]
