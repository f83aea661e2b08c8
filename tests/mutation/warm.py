"""Runs tests in a process that has pytest imported already, and nothing of ours.

Started as a file (``python -P``: its folder is no place to import from), in the copy of the
tree. Each line of standard input is a JSON list
``[limit_s, argument, ...]``; the answer is a JSON line ``[status, output]``, the status null
when the time was up. Each run is a fork: what it imports is the tree as it is at that moment.
"""

import contextlib
import gc
import json
import multiprocessing
import os
import signal
import sys
import tempfile
from pathlib import Path

import _pytest.python
import hypothesis.stateful
import msgspec
import psutil
import pymodbus.pdu
import pytest
import pytest_mock
import transitions

KEPT_WARM = (
    _pytest.python,
    hypothesis.stateful,
    msgspec,
    psutil,
    pymodbus.pdu,
    pytest_mock,
    transitions,
)

OURS = {"controller", "drivers", "state_machine", "config", "sim", "tests"}


def _child(arguments: list[str], output: str) -> None:
    file = os.open(output, os.O_WRONLY)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.setsid()
    sys.stdin = Path(os.devnull).open()  # noqa: SIM115 - for as long as the process lives
    os._exit(int(pytest.main(arguments)))


def run(limit_s: float, arguments: list[str]) -> tuple[int | None, str]:
    """One run of pytest in a process of its own; no status when the time was up."""
    with tempfile.NamedTemporaryFile("r", encoding="utf-8", errors="replace") as output:
        child = multiprocessing.get_context("fork").Process(
            target=_child, args=(arguments, output.name), daemon=True
        )
        child.start()
        child.join(limit_s)
        status = child.exitcode
        if status is None:
            child.kill()
            child.join()
        return status, output.read()


def main() -> None:
    """Answer until standard input ends."""
    loaded = OURS & {name.partition(".")[0] for name in sys.modules}
    if loaded:
        raise SystemExit(f"loaded before the first mutant: {', '.join(sorted(loaded))}")
    # started in the background it would inherit a SIGINT that is ignored, and never end by one
    signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.freeze()
    for line in sys.stdin:
        limit_s, *arguments = json.loads(line)
        sys.stdout.write(json.dumps(run(limit_s, arguments)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
