"""What may go wrong with the bytes of a simulated wire, as one table, drawn from a seed.

A :class:`Trouble` is a plan (which kind, which runs of bytes, from when to when); a
:class:`Troubled` carries it out on one wire with a generator of its own, so that leaving
one out changes nothing that the others draw. Whenever it really changed what arrives, it
tells its observer: a trouble that was planned and never acted is one that told nothing.
"""

import functools
import random
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

import msgspec

PPM: Final = 1_000_000
NEVER_NS: Final = 2**63 - 1
_MS: Final = 1_000_000
_BURST_EVERY_NS: Final = (100 * _MS, 400 * _MS)
"""Shortest and longest pause between two bursts of garbage (assumption)."""


class Run(NamedTuple):
    """Bytes on their way; instants at which the first and the last of them arrive, in ns."""

    first_ns: int
    last_ns: int
    data: bytes


class Acted(NamedTuple):
    """One run (or burst) that a trouble really changed."""

    wire: str
    kind: str
    direction: str
    """``>`` to the device, ``<`` from it, ``<>`` both (a cut)."""
    at_ns: int
    """When the run was put on the wire."""
    before: bytes
    after: bytes
    """What arrives of it (with what was held back before it, if that arrives now)."""
    late_ns: int
    """How much later than it would have, its last byte; 0 where nothing arrives."""


Observer = Callable[[Acted], None]


class Trouble(msgspec.Struct, frozen=True):
    """A plan: what goes wrong on a wire, with which runs, and when."""

    kind: str
    """A name of :data:`KINDS`."""
    share_ppm: int = PPM
    """Share of the runs that it takes."""
    directions: str = "<>"
    """``>`` to the device, ``<`` from it."""
    from_ns: int = 0
    until_ns: int = NEVER_NS
    """The span in which runs are put on the wire that it takes; world's time."""
    size: int = 0
    """In the unit of the kind; 0 = the kind's usual size."""


Change = Callable[[random.Random, Run, int], list[Run]]


def _delay(chance: random.Random, run: Run, size_ns: int) -> list[Run]:
    later_ns = chance.randint(size_ns // 2, size_ns)
    return [Run(run.first_ns + later_ns, run.last_ns + later_ns, run.data)]


def _lose(_chance: random.Random, _run: Run, _size: int) -> list[Run]:
    return []


def _flip(chance: random.Random, run: Run, size: int) -> list[Run]:
    bits = chance.sample(range(len(run.data) * 8), min(size, len(run.data) * 8))
    data = bytearray(run.data)
    for bit in bits:
        data[bit // 8] ^= 1 << bit % 8
    return [run._replace(data=bytes(data))]


def _double(chance: random.Random, run: Run, size_ns: int) -> list[Run]:
    later_ns = run.last_ns - run.first_ns + chance.randint(1, size_ns)
    return [run, Run(run.first_ns + later_ns, run.last_ns + later_ns, run.data)]


def _truncate(chance: random.Random, run: Run, size: int) -> list[Run]:
    lost = chance.randint(1, size)
    kept = run.data[lost:] if chance.random() < 0.5 else run.data[:-lost]
    return [run._replace(data=kept)] if kept else []


def _drip(_chance: random.Random, run: Run, size_ns: int) -> list[Run]:
    return singles(run, size_ns)


def singles(run: Run, gap_ns: int) -> list[Run]:
    """The bytes of a run one by one, each when it arrives, and ``gap_ns`` after the last."""
    count = len(run.data)
    span_ns = run.last_ns - run.first_ns
    at_ns = [
        run.first_ns + span_ns * place // max(1, count - 1) + gap_ns * place
        for place in range(count)
    ]
    return [Run(at, at, run.data[place : place + 1]) for place, at in enumerate(at_ns)]


class Kind(NamedTuple):
    """One row of the table."""

    change: Change | None
    """What becomes of a run; None = not by runs, see :class:`Troubled`."""
    usual: int
    """Size when none is given (assumptions)."""
    unit: str


# fmt: off
KINDS: Final[dict[str, Kind]] = {
    "delay":       Kind(_delay,    80 * _MS, "ns: half of it to all of it later"),
    "loss":        Kind(_lose,     0,        "none: the whole run is lost"),
    "corruption":  Kind(_flip,     1,        "bits that flip"),
    "duplication": Kind(_double,   5 * _MS,  "ns: most between the two"),
    "truncation":  Kind(_truncate, 3,        "bytes: most that are lost at one end"),
    "drip":        Kind(_drip,     8 * _MS,  "ns between two bytes, besides their own time"),
    "silence":     Kind(_lose,     0,        "none: nothing arrives, nobody is told"),
    "out-of-step": Kind(None,      1,        "runs held back: each comes in place of a later one"),
    "garbage":     Kind(None,      20,       "bytes: most in a burst, a few bursts a second"),
    "cut":         Kind(None,      0,        "none: cut at from_ns, joined again at until_ns"),
}
# fmt: on


class Place(Protocol):
    """What a trouble needs of the wire that it is on."""

    name: str
    connected: bool

    def cut(self) -> None:
        """Lose the connection."""

    def mend(self) -> None:
        """Join it again."""

    def inject(self, direction: str, data: bytes) -> bool:
        """Put bytes on it that nobody sent; False where it carries nothing."""


At = Callable[[int, Callable[[], None]], None]
"""Do something at an instant of the world."""


class Troubled:
    """One trouble at work on one wire."""

    def __init__(
        self,
        wire: Place,
        plan: Trouble,
        chance: random.Random,
        at: At,
        tell: Observer,
    ) -> None:
        """Put it on the wire; kinds that act by themselves are planned with ``at``.

        Raises:
            ValueError: the plan names no kind, or no direction, or a span or share that is none.
        """
        check(plan)
        self.plan = plan
        self.acted_count = 0
        self._wire = wire
        self._chance = chance
        self._at = at
        self._tell = tell
        self._size = plan.size or KINDS[plan.kind].usual
        self._change = KINDS[plan.kind].change
        self._held: dict[str, deque[bytes]] = {way: deque() for way in plan.directions}
        if plan.kind == "garbage":
            at(plan.from_ns, self._burst)
        elif plan.kind == "cut":
            at(plan.from_ns, self._cut)

    def pass_on(self, direction: str, run: Run, now_ns: int) -> list[Run]:
        """What arrives of a run that is put on the wire now."""
        plan = self.plan
        if direction not in plan.directions:
            return [run]
        if not plan.from_ns <= now_ns < plan.until_ns:
            held = self._held[direction]
            return self._changed(direction, run, self._swapped(held, run, 0), now_ns)
        if plan.share_ppm < PPM and self._chance.randrange(PPM) >= plan.share_ppm:
            return [run]
        if plan.kind == "out-of-step":
            swapped = self._swapped(self._held[direction], run, self._size)
            return self._changed(direction, run, swapped, now_ns)
        if self._change is None:
            return [run]
        return self._changed(direction, run, self._change(self._chance, run, self._size), now_ns)

    @staticmethod
    def _swapped(held: deque[bytes], run: Run, keep: int) -> list[Run]:
        """Hold back until ``keep`` runs wait; the oldest arrive in the place of this one."""
        if not held and not keep:
            return [run]
        held.append(run.data)
        due = b"".join(held.popleft() for _ in range(len(held) - keep))
        return [run._replace(data=due)] if due else []

    def _changed(self, direction: str, run: Run, runs: list[Run], now_ns: int) -> list[Run]:
        if runs != [run]:
            late_ns = runs[-1].last_ns - run.last_ns if runs else 0
            self._told(direction, now_ns, run.data, b"".join(one.data for one in runs), late_ns)
        return runs

    def _told(self, way: str, at_ns: int, before: bytes, after: bytes, late_ns: int = 0) -> None:
        self.acted_count += 1
        self._tell(Acted(self._wire.name, self.plan.kind, way, at_ns, before, after, late_ns))

    # --- kinds that act by themselves -------------------------------------------------------------

    def _burst(self, at_ns: int = 0) -> None:
        """Random bytes that nobody sent."""
        at_ns = at_ns or self.plan.from_ns
        if at_ns >= self.plan.until_ns:
            return
        way = self._chance.choice(self.plan.directions)
        data = self._chance.randbytes(self._chance.randint(1, self._size))
        if self._wire.inject(way, data):
            self._told(way, at_ns, b"", data)
        next_ns = at_ns + self._chance.randint(*_BURST_EVERY_NS)
        self._at(next_ns, functools.partial(self._burst, next_ns))

    def _cut(self) -> None:
        if self._wire.connected:
            self._told("<>", self.plan.from_ns, b"", b"")
        self._wire.cut()
        if self.plan.until_ns != NEVER_NS:
            self._at(self.plan.until_ns, self._wire.mend)


def check(plan: Trouble) -> None:
    """Refuse a plan that means nothing.

    Raises:
        ValueError: with what, the value, what is allowed.
    """
    if plan.kind not in KINDS:
        raise ValueError(f"trouble {plan.kind!r} is unknown; there are: {', '.join(KINDS)}")
    if plan.directions not in ("<>", "<", ">"):
        raise ValueError(f"directions {plan.directions!r}: give '<', '>' or '<>'")
    if not 0 < plan.share_ppm <= PPM:
        raise ValueError(f"share_ppm {plan.share_ppm}: give 1 to {PPM}")
    if not 0 <= plan.from_ns < plan.until_ns or plan.size < 0:
        raise ValueError(
            f"from_ns {plan.from_ns}, until_ns {plan.until_ns}, size {plan.size}: "
            "a trouble begins before it ends, and its size is 0 or more"
        )
