"""What goes into the record: one frozen struct per kind, a union tagged by ``entry``.

Every entry carries a number that the core counts (``seq``, from 1, without gaps) and
the boot time of the pass that made it. A *start* waits until the entry with its intent
is durable; nothing else waits. ``Inputs`` holds what went into ``step`` in one pass, so
that the record can be replayed.
"""

import msgspec

from state_machine.readings import (
    ClockSync,
    HostReading,
    JournalReading,
    LineReading,
    MammographReading,
    PumpReading,
    RoomReading,
)
from state_machine.requests import AnyRequest
from state_machine.targets import Activity, LineTarget, MammographTarget, PumpTarget, RoomTarget


class Entry(msgspec.Struct, frozen=True, tag_field="entry"):
    """What every entry carries."""

    seq: int
    at_ns: int


class Started(Entry, frozen=True, tag="started"):
    """The controller began: program, room, mode, limits in force with their marks."""

    program: str
    room: str
    mode: str
    profile_sha256: str
    limits: tuple[tuple[str, int, int, str, str], ...]
    """(name, value, ceiling, meaning, evidence) of every limit in force."""
    deviations: tuple[str, ...] = ()
    """Recorded deviations of the room, e.g. no independent pressure switch."""
    profile: bytes = b""
    """The whole profile (msgpack), so that the record can be replayed by itself."""
    boot_id: str = ""
    """Start of the machine that this run's boot times belong to; empty = not known."""


class Inputs(Entry, frozen=True, tag="inputs"):
    """What went into one step: the readings that changed (None = as before), requests.

    The first entry of every step, also of one that only time called, so that the same
    steps can be made again at the same instants.
    """

    pump: PumpReading | None = None
    line: LineReading | None = None
    room: RoomReading | None = None
    mammograph: MammographReading | None = None
    journal: JournalReading | None = None
    host: HostReading | None = None
    requests: tuple[AnyRequest, ...] = ()


class Told(Entry, frozen=True, tag="told"):
    """What the room was told anew by one step (None = as before)."""

    activity: Activity | None = None
    pump: PumpTarget | None = None
    line: LineTarget | None = None
    room: RoomTarget | None = None
    mammograph: MammographTarget | None = None


class PhaseChanged(Entry, frozen=True, tag="phase"):
    """The workflow moved."""

    source: str
    event: str
    phase: str
    by: str = ""


class Refused(Entry, frozen=True, tag="refused"):
    """A request or an event was refused, in words."""

    what: str
    words: tuple[str, ...]
    by: str = ""


class Noted(Entry, frozen=True, tag="noted"):
    """A fact that a person stated or the room showed (checklist, set-up, prime, duct ...)."""

    topic: str
    facts: tuple[tuple[str, str], ...]
    by: str = ""


class SelfTest(Entry, frozen=True, tag="self-test"):
    """A self-test at prime: what was measured, and the band it must lie in."""

    name: str
    passed: bool
    measured: int
    low: int
    high: int
    unit: str


class HoldChanged(Entry, frozen=True, tag="hold"):
    """The hold gate moved; ``why`` is empty on a plain press or release."""

    action: str
    hold: str
    why: str = ""
    source: str = "none"
    """Whose hand it was: the wired switch or the console's pad."""
    beat_count: int = 0
    """The page's newest message about this hold; 0 = none."""
    drawn_age_ms: int = 0
    """Age of what the console has drawn; 0 without a console."""
    infused_nl: int = 0
    """The pump's counter, as last heard."""


class MotionIntent(Entry, frozen=True, tag="intent"):
    """A motion was planned: what the pump may be told, once this is durable."""

    motion_id: int
    purpose: str
    base_nl: int
    until_nl: int
    duct: int


class MotionEnded(Entry, frozen=True, tag="motion-ended"):
    """A motion is over: what the pump's own counter says it moved."""

    motion_id: int
    purpose: str
    moved_nl: int
    reached: bool
    why: str = ""


class LedgerChanged(Entry, frozen=True, tag="ledger"):
    """Delivered volume as [low, high]: of the duct, and of the side-day.

    ``intent_nl`` is the high that holds if nothing more is ever heard.
    """

    duct: int
    low_nl: int
    high_nl: int
    intent_nl: int
    side_day_low_nl: int
    side_day_high_nl: int


class LedgerNarrowed(Entry, frozen=True, tag="ledger-narrowed"):
    """The one narrowing of high (and raising of low), with all that proves it."""

    duct: int
    low_before_nl: int
    high_before_nl: int
    low_nl: int
    high_nl: int
    motion_id: int
    """The last motion that can have run, ..."""
    until_nl: int
    """... the counter at which it was to stop, ..."""
    counter_nl: int
    """... and where the counter stands, standstill proven."""
    digit_nl: int
    scale_ppm: int
    withdrawn_nl: int
    power_up_count: int
    """Power-ups seen: as many as before, so the counter was never cleared."""
    identity: str
    diameter_um: int
    proof: str


class GateClosed(Entry, frozen=True, tag="gate"):
    """The gate replaced an output by its safe value."""

    output: str
    cause: str
    words: str
    way_back: str


class AlarmChanged(Entry, frozen=True, tag="alarm"):
    """An alarm was raised, cleared or acknowledged."""

    alarm: str
    priority: str
    change: str
    words: str
    by: str = ""


class Exposed(Entry, frozen=True, tag="exposed"):
    """An exposure was counted by the unit."""

    view: str
    exposure_count: int
    tube_voltage_v: int
    tube_charge_uas: int
    exposure_ms: int
    prepulse_uas: int
    aec: bool
    force_mn: int
    thickness_um: int


class SideDaySaved(Entry, frozen=True, tag="side-day"):
    """Ledger and lock of one breast on one day; survives closing and restart."""

    patient_id: str
    side: str
    utc_day: int
    low_nl: int
    high_nl: int
    injection_count: int
    locked_until_day: int = 0


class DailyCheck(Entry, frozen=True, tag="daily-check"):
    """What one part of the daily check showed, and (``step`` = ``whole``) how it ended."""

    step: str
    part: str
    passed: bool
    by: str
    measured: int = 0
    bound: int = 0
    """Most that ``measured`` may be; 0 = nothing is measured."""
    measure: str = ""
    """What is measured, with its unit; empty = nothing."""
    words: str = ""
    """Why it failed."""


class WallClock(Entry, frozen=True, tag="wall-clock"):
    """The wall clock was set, or whether a time service keeps it has changed.

    Times of the record from here on count by the clock as it is now; decisions never do.
    """

    sync: ClockSync
    step_ms: int = 0
    """By how much it was set; negative = back; 0 = it was not."""
    step_count: int = 0


class RecordKept(Entry, frozen=True, tag="record"):
    """A person's command did something to the record's file, outside any step."""

    action: str
    """migrated, archived (and begun anew), restored."""
    facts: tuple[tuple[str, str], ...]
    by: str


class Resume(Entry, frozen=True, tag="resume"):
    """All that a restart needs, written at every phase change and intent (msgpack)."""

    state: bytes


AnyEntry = (
    Started
    | Inputs
    | Told
    | PhaseChanged
    | Refused
    | Noted
    | SelfTest
    | HoldChanged
    | MotionIntent
    | MotionEnded
    | LedgerChanged
    | LedgerNarrowed
    | GateClosed
    | AlarmChanged
    | Exposed
    | SideDaySaved
    | DailyCheck
    | WallClock
    | RecordKept
    | Resume
)
