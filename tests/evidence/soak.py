"""``make evidence RUN=soak``: a day in a virtual room; ``... soak real``: minutes on real wires.

A procedure at each hour's beginning, idle in between, clients that come and go. After each
hour memory, queues and the record are looked at. It cannot go on where it was ended: what
it shows is one process that lasts.

Flat means: after the first quarter, memory grows by less than ``GROWTH_MOST_MB`` to the end,
and no queue holds more than its bound (assumption: caches and the allocator have filled up).
"""

import argparse
import contextlib
import functools
import gc
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import psutil

from config.load import load_room
from controller.clock import RealClock
from controller.record.chain import broken_link
from controller.record.verify import verify
from drivers.registry import known_names
from sim.procedure import LIMIT_NS, Procedure
from sim.site.site import Site
from sim.technologist import Order, Technologist
from sim.world import World
from state_machine.state import Phase
from state_machine.units import NS_PER_S

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "evidence" / "soak.md"
HOUR_NS: Final = 3_600 * NS_PER_S
GROWTH_MOST_MB: Final = 24.0
QUEUES_MOST: Final = {"clients": 4, "events": 2_000, "unsent": 262_144, "keys": 1_024}

HEAD: Final = """\
# Soak

Made by `make evidence RUN=soak` (`tests/evidence/soak.py`); the real one by
`python -m tests.evidence.soak real --minutes 10`. Memory of the whole process, in MB, and the
longest that queues were.

"""


class Look(NamedTuple):
    """What one hour (or minute) showed."""

    at: str
    memory_mb: float
    queues: dict[str, int]
    rows: int
    wrong: str


def _memory_mb(process: psutil.Process) -> float:
    return round(float(process.memory_info().rss) / 1e6, 1)


def virtual(hours: int) -> Iterator[Look]:
    """Hour after hour of one world."""
    loaded = load_room("demo", known_names())
    world = World(loaded, seed=1)
    watcher = world.client()
    watcher.write(b'{"k": "subscribe", "hz": 1}\n')
    watcher.on_write = watcher.arrived.clear
    process = psutil.Process()
    for hour in range(hours):
        end_ns = world.now_ns() + HOUR_NS
        wrong = _procedure(world, loaded.profile, hour)
        world.run_until(functools.partial(bool, 0), end_ns - world.now_ns())
        rows = world.journal.rows
        wrong = wrong or broken_link(rows)
        count = rows[-1].number
        # what is verified is let go, so that memory shows what the controller keeps
        del rows[:-1]
        world.journal.entries.clear()
        gc.collect()
        yield Look(f"{hour + 1} h", _memory_mb(process), _queues(world), count, wrong)


def _procedure(world: World, profile: Any, hour: int) -> str:
    world.set_input("next_patient", True)
    order = Order(patient_id=f"SOAK-{hour:04d}", same_patient_as="none" if hour else "")
    who = Technologist(profile, order)
    at_it = Procedure(world, who)
    done = world.run_until(
        lambda: who.finished and world.room.state.phase is Phase.STANDBY, LIMIT_NS
    )
    at_it.hang_up()
    return "" if done else f"procedure of hour {hour + 1} is stuck in {world.room.state.phase}"


def _queues(world: World) -> dict[str, int]:
    api = world.api
    return {
        "clients": len(api._clients),
        "events": len(world._events),
        "unsent": max((len(c._unsent) for c in api._clients), default=0),
        "keys": len(api._keys._known),
    }


def real(minutes: int) -> Iterator[Look]:
    """A site of processes: one procedure, then idle with clients that come and go."""
    clock = RealClock()
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(Site(Path(folder))) as site:
        running = site.controller()
        process = psutil.Process(running.pid)
        begin_ns = clock.now_ns()
        for minute in range(minutes):
            end_ns = begin_ns + (minute + 1) * 60 * NS_PER_S
            while clock.now_ns() < end_ns:
                site.step()
                if site.who.finished and site.shown.get("phase") == "standby":
                    site.leave()
                    site.api = site._connected()  # comes and goes
            queues = {"threads": process.num_threads(), "descriptors": process.num_fds()}
            yield Look(f"{minute + 1} min", _memory_mb(process), queues, 0, "")
        verdict = verify(site.journal)
        words = "" if verdict.ok else f"record: {verdict.findings[:1]}"
        last = {"descriptors": process.num_fds()}
        yield Look(f"{minutes} min, verified,", _memory_mb(process), last, verdict.row_count, words)


def judge(looks: list[Look]) -> list[str]:
    """What is not flat, or not whole."""
    wrong = [look.wrong for look in looks if look.wrong]
    if len(looks) >= 4:
        settled = looks[len(looks) // 4]
        grown_mb = looks[-1].memory_mb - settled.memory_mb
        if grown_mb > GROWTH_MOST_MB:
            wrong.append(f"memory grew by {grown_mb:.1f} MB from {settled.at} to the end")
    for look in looks:
        wrong += [
            f"{name}: {count} at {look.at}"
            for name, count in look.queues.items()
            if count > QUEUES_MOST.get(name, 256)
        ]
    return wrong


def _section(title: str, looks: list[Look], wrong: list[str], wall_s: float) -> str:
    names = list(looks[0].queues)
    lines = [f"## {title}", "", f"Wall time {wall_s:.0f} s.", ""]
    lines += [f"| after | memory, MB | rows | {' | '.join(names)} |"]
    lines += ["| --- " * (3 + len(names)) + "|"]
    for look in looks:
        counts = " | ".join(str(look.queues.get(name, "")) for name in names)
        lines.append(f"| {look.at} | {look.memory_mb} | {look.rows} | {counts} |")
    lines += ["", *(f"- {words}" for words in wrong or ["flat, and the record holds"]), ""]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """0 when everything stayed flat and the record holds."""
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("kind", nargs="?", choices=("virtual", "real"), default="virtual")
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--minutes", type=int, default=10)
    args = parser.parse_args(arguments)
    clock = RealClock()
    began_ns, looks = clock.now_ns(), []
    for look in virtual(args.hours) if args.kind == "virtual" else real(args.minutes):
        looks.append(look)
        sys.stderr.write(f"soak: {look}\n")
        wrong = judge(looks)
        title = f"{look.at} {args.kind}"
        section = _section(title, looks, wrong, (clock.now_ns() - began_ns) / 1e9)
        _keep(args.kind, section)
    wrong = judge(looks)
    title = f"{looks[-1].at} {args.kind}"
    said = "; ".join(wrong[:3]) or "flat, record verified"
    first, last = looks[len(looks) // 4].memory_mb, looks[-1].memory_mb
    sys.stdout.write(f"{title}: {first} to {last} MB, {looks[-1].rows} rows, {said}\n")
    return 1 if wrong else 0


def _keep(kind: str, section: str) -> None:
    """Replace this kind's section; the other one stays as it was made last."""
    old = PAGE.read_text("utf-8") if PAGE.exists() else HEAD
    word = " virtual" if kind == "virtual" else " real"
    kept = [part for part in old.split("\n## ")[1:] if word not in part.splitlines()[0]]
    PAGE.write_text(HEAD + section + "".join(f"\n## {part}" for part in kept), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
