"""``make evidence``: the long runs one after another, and a page of what they said.

A run is a command with five properties: it goes on where an earlier call was ended; it says
on standard error how far it is; it leaves its result in ``docs/evidence``; the last line it
prints on standard output says that result in a sentence; it exits with 0 only when nothing
was found. A new run is a row of ``RUNS``.
"""

import argparse
import datetime
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Final, NamedTuple

from controller.clock import RealClock
from sim.bench.figures import machine

ROOT: Final = Path(__file__).resolve().parents[2]
SUMMARY: Final = ROOT / "docs" / "evidence" / "summary.md"


class Run(NamedTuple):
    """One long run."""

    name: str
    module: str
    """Called as ``python -m``."""
    result: str
    """The page or file it leaves in ``docs/evidence``."""
    lasts: str


RUNS: Final = (
    Run("mutation", "tests.mutation.cli", "mutation.md", "half an hour on a quiet machine"),
    Run(
        "injection",
        "sim.injections",
        "injections.jsonl",
        "some 20 s of processor a seed, 1000 seeds",
    ),
    Run("long", "tests.evidence.long", "long.txt", "a quarter of an hour"),
    Run("campaign", "sim.campaign", "campaign.json", "a day and a night on a quiet machine"),
    Run("fuzz", "tests.evidence.fuzz", "fuzz.md", "a quarter of an hour on a quiet machine"),
    Run("defects", "tests.hil.defects", "hil-defects.jsonl", "three quarters of an hour"),
    Run("breaks", "tests.evidence.breaks", "broken-controls.md", "an hour"),
    Run("soak", "tests.evidence.soak", "soak.md", "a quarter of an hour on a quiet machine"),
    Run("crash", "sim.crash", "crash.txt", "two hours of processor time"),
    Run("kills", "sim.kills", "kills.jsonl", "half an hour on a quiet machine"),
    Run("console", "tests.evidence.console", "console.jsonl", "an hour, on a quiet machine only"),
    Run("failures", "sim.failures", "failures.jsonl", "three hours on a quiet machine"),
)

HEAD: Final = """\
# Evidence: the long runs

What `make evidence` said last, run by run. How to make it again: [QA](../qa.md#evidence).

| run | held | says | made | commit | on |
| --- | --- | --- | --- | --- | --- |
"""


def place() -> str:
    """The machine in words: processor, cores, system, Python."""
    found = machine()
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    cores = f"{found['cores']} cores"
    return f"{found['cpu']}, {cores}, {system}, Python {found['python']}"


def today() -> str:
    """The day, in UTC."""
    seconds = RealClock().utc_ns() // 1_000_000_000
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).date().isoformat()


def _make(run: Run) -> tuple[int, str]:
    """Carry one run out; its exit status and its row of the page."""
    print(f"{run.name}: {run.lasts} from nothing; goes on where it was ended", file=sys.stderr)
    done = subprocess.run(  # fixed words, no shell
        [sys.executable, "-m", run.module],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    sys.stdout.write(done.stdout)
    says = (done.stdout.strip().splitlines() or ["it ended without a word"])[-1]
    held = "yes" if done.returncode == 0 else "no"
    cells = (f"[{run.name}]({run.result})", held, says, today(), machine()["commit"], place())
    return done.returncode, "| " + " | ".join(map(str, cells)) + " |"


def page(rows: dict[str, str]) -> str:
    """Draw the summary; runs that were not made now keep the row they have."""
    old = SUMMARY.read_text("utf-8").splitlines() if SUMMARY.exists() else []
    lines = []
    for run in RUNS:
        kept = [line for line in old if line.startswith(f"| [{run.name}](")]
        lines += [rows[run.name]] if run.name in rows else kept
    return HEAD + "".join(f"{line}\n" for line in lines)


def main(arguments: list[str] | None = None) -> int:
    """Make the runs that are named, or all; 1 when one of them found something."""
    names = [run.name for run in RUNS]
    parser = argparse.ArgumentParser(prog="make evidence", description=__doc__)
    parser.add_argument("runs", nargs="*", metavar="RUN", help=f"of {', '.join(names)}; all")
    wanted = parser.parse_args(arguments).runs or names
    unknown = [name for name in wanted if name not in names]
    if unknown:
        parser.error(f"no such run: {', '.join(unknown)}; there are {', '.join(names)}")
    worst = 0
    for run in RUNS:
        if run.name in wanted:
            status, row = _make(run)
            SUMMARY.write_text(page({run.name: row}), "utf-8")
            worst = max(worst, min(status, 1))
    return worst


if __name__ == "__main__":
    sys.exit(main())
