"""What judges are given of a run, and what they all ask of it: motions, the hand, deadlines."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final, NamedTuple

from sim.judges.limits import CEILINGS
from sim.judges.record import Entry, Row, entries
from sim.judges.watch import Event, Sample

_MS: Final = 1_000_000
_NEVER_NS: Final = 2**63 - 1
_LEAST_NL: Final = 3


class Broke(NamedTuple):
    """A fault that really acted: what a judge may know of it."""

    name: str
    struck_ns: int
    seen_ns: int
    mended_ns: int
    """0 = never."""
    flowed: bool
    alarms: tuple[str, ...] = ()
    alarm_ms: int = 0
    stop_ms: int = 0
    slows_ms: int = 0
    spoils: tuple[str, ...] = ()
    keeps_out: bool = False
    """Nothing may go into the duct while it lasts."""

    @property
    def until_ns(self) -> int:
        """When it was over."""
        return self.mended_ns or _NEVER_NS


class Motion(NamedTuple):
    """The motor from on to off."""

    on_ns: int
    off_ns: int
    from_nl: int
    to_nl: int
    by: str
    """What stopped it; empty = it still runs."""

    @property
    def moved_nl(self) -> int:
        """Infused; negative = withdrawn."""
        return self.to_nl - self.from_nl

    @property
    def forward(self) -> bool:
        """It infuses, or has not got far enough to tell."""
        return self.moved_nl > -_LEAST_NL


class Case:
    """One run, as it was seen."""

    def __init__(
        self,
        events: Sequence[Event],
        samples: Sequence[Sample],
        rows: Sequence[Row],
        durable: Sequence[tuple[int, int]] = (),
        faults: Sequence[Broke] = (),
        end_ns: int = 0,
        ordered_nl: int = 0,
        restarts_ns: Sequence[tuple[int, int]] = (),
        outcome: str = "closed",
        fresh: bool = True,
        from_ns: int = 0,
        null: bool = False,
        ducts: int = 1,
        brought_ppm: int = 1_000_000,
        pump_said: Sequence[tuple[int, str, bytes]] = (),
    ) -> None:
        """``restarts_ns``: from when to when there was no controller."""
        self.events = list(events)
        self.samples = list(samples)
        self.rows = list(rows)
        self.durable = list(durable)
        self.faults = list(faults)
        self.end_ns = end_ns
        self.ordered_nl = ordered_nl
        self.restarts_ns = list(restarts_ns)
        self.outcome = outcome
        self.fresh = fresh
        """Another procedure could be begun afterwards."""
        self.null = null
        """Nothing was planned to go wrong: not with devices, the duct, or people."""
        self.ducts = ducts
        """How many ducts are to be filled."""
        self.brought_ppm = brought_ppm
        """What the syringe in the clamp brings of what the pump counts: not quite that."""
        self.pump_said = list(pump_said)
        """What went over the pump's wire: instant, ``>`` to it or ``<`` from it, bytes."""
        self.from_ns = from_ns
        """Since when somebody looked; before, only what the room had noted is known."""

    @cached_property
    def entries(self) -> list[Entry]:
        """All that the record says."""
        return entries(self.rows)

    def of(self, *kinds: str) -> list[Entry]:
        """Entries of these kinds."""
        return [entry for entry in self.entries if entry["entry"] in kinds]

    @cached_property
    def limits(self) -> dict[str, int]:
        """Limits in force, as the record states them; a ceiling where it does not."""
        stated = {name: value for e in self.of("started") for name, value, *_ in e["limits"]}
        return CEILINGS | stated

    # --- devices ------------------------------------------------------------------------------

    @cached_property
    def motions(self) -> list[Motion]:
        """The motor's motions, in order; the last may still be under way."""
        found: list[Motion] = []
        began: Event | None = None
        for event in self.events:
            if event.name == "motor-on":
                began = event
            elif event.name == "motor-off" and began is not None:
                by = str(event.value)
                found.append(
                    Motion(began.at_ns, event.at_ns, began.plunger_nl, event.plunger_nl, by)
                )
                began = None
        if began is not None:
            to_nl = self.samples[-1].plunger_nl if self.samples else began.plunger_nl
            found.append(Motion(began.at_ns, _NEVER_NS, began.plunger_nl, to_nl, ""))
        return found

    def inputs(self, name: str) -> list[tuple[int, Any]]:
        """When an input was set, and to what."""
        return [(event.at_ns, event.value) for event in self.events if event.name == name]

    def set_at(self, name: str, at_ns: int, before: Any = False) -> tuple[int, Any]:
        """Since when an input is what it is at an instant."""
        since_ns, value = 0, before
        for when_ns, what in self.inputs(name):
            if when_ns > at_ns:
                break
            if what != value:
                since_ns, value = when_ns, what
        return since_ns, value

    @cached_property
    def tip_in_ns(self) -> int:
        """When the cannula first went into the duct; ``_NEVER_NS`` = it did not."""
        return next((at for at, value in self.inputs("tip") if value == "duct"), _NEVER_NS)

    def plunger_at(self, at_ns: int) -> int:
        """Plunger at an instant at which the motor stands, in nL."""
        plunger_nl = self.events[0].plunger_nl if self.events else 0
        for event in self.events:
            if event.at_ns > at_ns:
                break
            plunger_nl = event.plunger_nl
        return plunger_nl

    def moving_at(self, at_ns: int) -> Motion | None:
        """The motion under way at an instant."""
        return next((m for m in self.motions if m.on_ns <= at_ns < m.off_ns), None)

    # --- deadlines ----------------------------------------------------------------------------

    def allowed_ns(self, usual_ms: int, at_ns: int, until_ns: int) -> int:
        """What a stop may take that is asked for at an instant, with what is broken meanwhile."""
        slows = [usual_ms] + [
            max(fault.slows_ms, fault.stop_ms)
            for fault in self.faults
            if fault.struck_ns - 500 * _MS <= until_ns and fault.until_ns >= at_ns - 500 * _MS
        ]
        return max(slows) * _MS

    def spoiled(self, judge: str) -> bool:
        """A fault of this run takes away what the judge relies on."""
        return any(judge in fault.spoils for fault in self.faults)
