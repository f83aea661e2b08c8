"""Commissioning a room: guided steps, each seen or measured, each on a signed chained record.

The steps are a table (``commission_steps.py``). They go through the running controller, its
drivers, its loop and its gate, in standby: what the room is told is asked for with the requests
that there are. A step that was passed stays passed until the room's files or the program
change; a run that was interrupted goes on where it was.
"""

import datetime
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from controller.bench.desk import Desk, Ended, Snapshot
from controller.bench.watching import watch
from controller.clock import Clock
from controller.record.chained import Line, append, read
from controller.wires.watched import Watch
from state_machine.entries import DailyCheck

PERSON_MS: Final = 180_000
"""For a thing that a person does (as in the daily check: walk there, read, press)."""
_STANDBY: Final = "standby"


class Measure(msgspec.Struct, frozen=True):
    """One thing that was measured, with its bounds; None = there is none."""

    name: str
    value: int
    unit: str
    low: int | None = None
    high: int | None = None

    @property
    def good(self) -> bool:
        """Within its bounds."""
        low, high = self.low, self.high
        return (low is None or low <= self.value) and (high is None or self.value <= high)


class Found(msgspec.Struct, frozen=True):
    """How a step came out."""

    passed: bool
    words: str
    measures: tuple[Measure, ...] = ()


class Person(Protocol):
    """Who stands in the room; ``key`` names what is meant, for who reads no words."""

    def tell(self, key: str, words: str) -> None:
        """What to do now, or what happens."""

    def ask(self, key: str, question: str) -> str:
        """An answer. Raises ``Ended`` when nobody answers any more."""


class Site(NamedTuple):
    """What is commissioned, apart from the running controller."""

    room: str
    room_sha256: str
    procedure_sha256: str
    program: str
    mode: str
    deviations: tuple[str, ...]
    syringe: str
    pressure_switch: bool
    store: Path
    journal: Path
    checks: Callable[[], Sequence[DailyCheck]]
    """Parts of daily checks on record, oldest first."""


class Bench:
    """What a step works with."""

    def __init__(self, desk: Desk, person: Person, site: Site, clock: Clock) -> None:
        """Begin to look; refused with a procedure open.

        Raises:
            Ended: refused.
        """
        self.desk = desk
        self.person = person
        self.site = site
        self.clock = clock
        self.person_ms = PERSON_MS
        self.watched = Watch()
        desk.watcher = self._heard
        refusals = desk.ask("service", work="commission", words="commission")
        if refusals:
            raise Ended("; ".join(refusals))
        watch(desk, "commission")

    def _heard(self, message: dict[str, Any]) -> None:
        self.watched.take(message)
        if self.watched.ended:
            raise Ended(f"{self.watched.ended}: commissioning waits until it is closed")

    def done(self, words: str) -> None:
        """The work is over: the wires are shown no longer, as asked for."""
        self.desk.watcher = self.watched.take
        self.desk.ask("service", work="done", words=words)

    @property
    def now(self) -> Snapshot:
        """The newest snapshot."""
        return self.desk.newest

    def until(self, seen: Callable[[Snapshot], bool], limit_ms: int = 0) -> bool:
        """Whether something was so within the time; 0: that which a person gets."""
        return self.desk.until(seen, limit_ms or self.person_ms) is not None

    def yes(self, key: str, question: str) -> bool:
        """A person's yes."""
        return self.person.ask(key, f"{question} y or n: ").strip().lower() in ("y", "yes")

    def acknowledge(self) -> None:
        """Acknowledge, in the person's name, what is on."""
        for alarm in self.now["alarms"]:
            if not alarm["acknowledged"]:
                self.desk.ask("acknowledge", alarm=alarm["name"])


class Step(NamedTuple):
    """One row of the table."""

    key: str
    title: str
    why: str
    act: Callable[[Bench], Found]


class Session(NamedTuple):
    """What is on record of one commissioning."""

    number: int
    lines: list[Line]
    """Its own lines, oldest first."""

    @property
    def begun(self) -> dict[str, Any]:
        """The line that began it."""
        return self.lines[0].body

    @property
    def over(self) -> bool:
        """It has been ended."""
        return bool(self.lines[-1].body["what"] == "end")

    def passed(self) -> set[str]:
        """Steps whose newest line is a pass."""
        last = {line.body["step"]: line.body["passed"] for line in self.steps()}
        return {key for key, good in last.items() if good}

    def steps(self) -> list[Line]:
        """Lines of steps."""
        return [line for line in self.lines if line.body["what"] == "step"]


def sessions(lines: Iterable[Line]) -> list[Session]:
    """Commissionings on record, oldest first."""
    found: list[Session] = []
    for line in lines:
        if line.body["what"] == "begin":
            found.append(Session(len(found) + 1, [line]))
        elif found:
            found[-1].lines.append(line)
    return found


def current(site: Site) -> Session | None:
    """The one to go on with: not over, of the same files and program. None = begin one."""
    last = next(reversed(sessions(read(site.store, site.journal))), None)
    if last is None or last.over:
        return None
    same = ("room_sha256", "procedure_sha256", "program")
    return last if all(last.begun[name] == getattr(site, name) for name in same) else None


def written(clock: Clock) -> str:
    """Now, as it is written (UTC)."""
    moment = datetime.datetime.fromtimestamp(clock.utc_ns() // 10**9, datetime.UTC)
    return moment.isoformat(timespec="seconds")


def commission(bench: Bench, table: Sequence[Step], anew: bool = False) -> Session:
    """Go through all steps that are not passed yet; the session, over when every one is.

    Raises:
        Ended: a step was not passed and is not tried again; what was passed stays.
    """
    site, desk = bench.site, bench.desk
    session = None if anew else current(site)
    if session is None:
        begin = {
            "what": "begin",
            "at": written(bench.clock),
            "by": desk.by,
            **{n: getattr(site, n) for n in ("room", "mode", "room_sha256", "procedure_sha256")},
            "program": site.program,
            "deviations": list(site.deviations),
        }
        append(site.store, site.journal, begin)
        session = sessions(read(site.store, site.journal))[-1]
    done = session.passed()
    for number, step in enumerate(table, 1):
        head = f"{number}/{len(table)}  {step.title}"
        if step.key in done:
            bench.person.tell(f"{step.key}/done", f"{head}: passed before")
            continue
        bench.person.tell(f"{step.key}/begin", f"{head}: {step.why}")
        while not _one(bench, step):
            if not bench.yes(f"{step.key}/again", "once more?"):
                raise Ended(f"{step.title} is not passed; what was passed stays")
    append(site.store, site.journal, {"what": "end", "at": written(bench.clock), "by": desk.by})
    bench.done("commissioned: every step passed")
    return sessions(read(site.store, site.journal))[-1]


def _one(bench: Bench, step: Step) -> bool:
    """One step, once, on record however it came out."""
    found = step.act(bench)
    bad = [m for m in found.measures if not m.good]
    passed = found.passed and not bad
    words = found.words
    if found.passed and bad:
        worst = bad[0]
        words = f"{worst.name}: {worst.value} {worst.unit}, allowed {_allowed(worst)}"
    body = {
        "what": "step",
        "step": step.key,
        "title": step.title,
        "passed": passed,
        "words": words,
        "at": written(bench.clock),
        "by": bench.desk.by,
        "measures": [msgspec.to_builtins(m) for m in found.measures],
    }
    append(bench.site.store, bench.site.journal, body)
    for measure in found.measures:
        bench.person.tell(
            f"{step.key}/measured",
            f"      {measure.name}: {measure.value} {measure.unit} (allowed {_allowed(measure)})",
        )
    bench.person.tell(f"{step.key}/end", f"      {'passed' if passed else 'NOT PASSED'}: {words}")
    return passed


def _allowed(measure: Measure) -> str:
    if measure.low is None:
        return f"to {measure.high}" if measure.high is not None else "anything"
    return f"{measure.low} to {measure.high}" if measure.high is not None else f"from {measure.low}"
