"""``make demo``: one whole galactogram on this machine, real controller, simulated devices.

Four processes, joined only by wires: the simulated devices (serial pty and Modbus TCP),
the controller, the scripted technologist (a client of its API) and this one, which
watches. It ends by itself, checks the record and writes the report.
"""

import argparse
import contextlib
import json
import select
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from controller.assembly import JOURNAL_FILE
from controller.clock import RealClock
from controller.record.report import ReportSummary, write_report
from controller.record.verify import Verdict, verify
from sim import processes
from sim.client import Gone, Lines, connect, hang_up
from sim.demo_view import View, summary
from sim.order_arguments import add_order

_ROOM: Final = "demo"
_LOOK_S: Final = 0.1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``galactograph-sim demo``."""
    parser.add_argument("--out", type=Path, default=Path("demo-runs"), help="folder of the runs")
    add_order(parser)
    parser.add_argument("--seed", type=int, default=1, help="seed of the devices' noise")
    parser.add_argument("--limit-s", type=float, default=170.0, help="give up after this time")
    parser.add_argument("--json", action="store_true", help="one JSON object at the end")


class Result:
    """What the demo came to."""

    def __init__(self, folder: Path) -> None:
        """Nothing yet."""
        self.folder = folder
        self.work: dict[str, Any] = {}
        self.truth: dict[str, Any] = {}
        self.verdict: Verdict | None = None
        self.report: ReportSummary | None = None
        self.wall_s = 0.0

    @property
    def good(self) -> bool:
        """Procedure closed, record whole, truth inside the ledger's interval."""
        return bool(
            self.work.get("closed")
            and self.verdict
            and self.verdict.ok
            and self.report
            and self.report.closed
            and self.report.delivered_low_nl
            <= self.truth.get("pump_infused_nl", -1)
            <= self.report.delivered_high_nl
        )


def run(args: argparse.Namespace) -> int:
    """The demo: 0 when the procedure closed and the record holds, 1 when not, 2 no folder."""
    clock = RealClock()
    began_ns = clock.now_ns()
    stamp = datetime.fromtimestamp(clock.utc_ns() / 1e9, UTC).strftime("%Y%m%d-%H%M%S")
    folder = (args.out / stamp).resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        sys.stderr.write(
            f"folder {folder} cannot be made ({error.strerror}); name one that can with --out\n"
        )
        return 2
    result = Result(folder)
    try:
        _procedure(args, folder, result)
    except Gone as gone:
        result.work = {"problem": str(gone)}
    journal = folder / "state" / _ROOM / "journal" / JOURNAL_FILE
    if journal.exists():
        result.verdict = verify(journal)
        result.report = write_report(journal, folder / "report.html")
    result.wall_s = (clock.now_ns() - began_ns) / 1e9
    if args.json:
        sys.stdout.write(json.dumps(_as_json(result)) + "\n")
    else:
        summary(
            result.folder, result.work, result.truth, result.verdict, result.report, result.wall_s
        )
    return 0 if result.good else 1


def _procedure(args: argparse.Namespace, folder: Path, result: Result) -> None:
    with contextlib.ExitStack() as stack:
        serve = processes.serve(seed=args.seed)
        devices = stack.enter_context(_process(folder, "devices", serve, pipe=True))
        where = processes.first_line(devices, folder / "devices.log")
        stack.enter_context(
            _process(
                folder,
                "controller",
                processes.module(
                    "controller.cli",
                    *("run", "--room", _ROOM, "--state", "state"),
                    *("--pump-port", str(folder / "pump"), "--modbus", where["modbus"]),
                    *("--log-file", "controller.jsonl"),
                ),
            )
        )
        # the path relative to the folder: a local socket's path may have 107 bytes
        socket = f"state/{_ROOM}/control.sock"
        person = stack.enter_context(
            _process(
                folder,
                "technologist",
                processes.module(
                    "sim.cli",
                    *("technologist", "--room", _ROOM, "--api", socket),
                    *("--control", where["control"], "--volume-nl", str(args.volume_nl)),
                    *("--views", ",".join(args.views), "--limit-s", str(args.limit_s)),
                ),
                pipe=True,
            )
        )
        result.work = _watch(folder, socket, person, quiet=args.json)
        result.truth = _truth(where["control"])


@contextlib.contextmanager
def _process(
    folder: Path, name: str, command: list[str], pipe: bool = False
) -> Iterator[processes.Process]:
    """A process of the demo, told to end and waited for on leaving."""
    process = processes.start(folder, name, command, pipe)
    try:
        yield process
    finally:
        processes.end(process)


def _watch(folder: Path, socket: str, person: processes.Process, quiet: bool) -> dict[str, Any]:
    """Show the room until the technologist is done; returns what they say at the end."""
    api: Lines | None = None
    with contextlib.chdir(folder), View(quiet) as view:
        try:
            api = connect(socket, f"the controller (see {folder / 'controller.log'})")
            while person.poll() is None:
                if select.select([api], [], [], _LOOK_S)[0]:
                    shown = [m for m in api.hear() if m["k"] == "snapshot"]
                    if shown:
                        view.show(shown)
        finally:
            hang_up(api)
    said = person.stdout.read() if person.stdout is not None else b""
    lines = said.splitlines()
    if not lines:
        raise Gone(f"the technologist failed: see {folder / 'technologist.log'}")
    work: dict[str, Any] = json.loads(lines[-1])
    return work


def _truth(control: str) -> dict[str, Any]:
    """What really happened, as only a simulator knows."""
    room = connect(control, "the simulated room")
    try:
        truth: dict[str, Any] = room.ask({"truth": True})["truth"]
    finally:
        hang_up(room)
    return truth


def _as_json(result: Result) -> dict[str, Any]:
    report, verdict = result.report, result.verdict
    return {
        "good": result.good,
        "closed": bool(result.work.get("closed")),
        "problem": result.work.get("problem", ""),
        "phases": result.work.get("phases", []),
        "armed_count": result.work.get("armed_count", 0),
        "ledger_low_nl": report.delivered_low_nl if report else None,
        "ledger_high_nl": report.delivered_high_nl if report else None,
        "pump_infused_nl": result.truth.get("pump_infused_nl"),
        "exposures": result.truth.get("exposure_count"),
        "record_holds": bool(verdict and verdict.ok),
        "head": f"{verdict.head_row}:{verdict.head_hash}" if verdict else "",
        "journal": str(verdict.path) if verdict else "",
        "report": report.out if report else "",
        "wall_s": round(result.wall_s, 1),
    }
