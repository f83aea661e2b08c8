"""Everything the core remembers between two passes, in one frozen struct.

No part of it is a cache of something that a reading says: what was measured is in
``Readings``, what was decided is here.
"""

import enum

import msgspec

from state_machine.ledger import Ledger, Unproven
from state_machine.line import Doubt, LineCheck, Mounted
from state_machine.presence import Screen as Screen
from state_machine.presence import Session as Session
from state_machine.pressure import Net
from state_machine.profile import Profile
from state_machine.readings import Readings
from state_machine.requests import Role, Side
from state_machine.targets import Targets, View
from state_machine.watch import Watch


class Phase(enum.Enum):
    """Where the procedure stands (rows: ``workflows/galactography.py``)."""

    # looked up in every pass: a member is equal to itself alone, and Enum hashes its name
    __hash__ = object.__hash__

    STANDBY = "standby"
    CHECKLIST = "checklist"
    SET_UP = "set-up"
    PRIME = "prime-and-zero"
    LOCATE_DUCT = "locate-duct"
    CANNULATE = "cannulate"
    ARM = "arm"
    ARM_CONFIRM = "arm-confirm"
    ARMED = "armed"
    INJECTING = "injecting"
    HOLDING = "holding"
    SETTLE = "settle"
    COMPRESSION = "compression"
    EXPOSURE = "exposure"
    EXPOSURE_ARMED = "exposure-armed"
    REVIEW = "review"
    DECANNULATE = "decannulate"
    AFTERCARE = "aftercare"
    CLOSED = "closed"
    STOPPED = "stopped"
    EXTRAVASATED = "suspected-extravasation"
    EMERGENCY = "medical-emergency"
    RECOVERY = "recovery"


class Case(msgspec.Struct, frozen=True):
    """The procedure that is open: who, which breast, how much."""

    patient_id: str
    side: Side
    ordered_nl: int
    utc_day: int
    patient_name: str = ""
    birth_date: str = ""
    accession: str = ""
    performer: str = ""
    assistant: str = ""
    answers: tuple[tuple[str, bool, bool], ...] = ()
    """(item key, answer, accepted by the performing radiologist)."""


class Duct(msgspec.Struct, frozen=True):
    """The duct being worked on."""

    number: int
    clock_h: int
    orifice: int
    difficult: bool = False
    attempt_count: int = 0
    drop_count: int = 0
    injection_count: int = 0
    evacuated: bool = False
    """A person has emptied it: what comes next is a filling and no top-up."""
    cannula_in_ns: int = 0
    """When the cannula was placed; 0 = out."""


class HoldAction(enum.Enum):
    """What a held switch may do."""

    NONE = "none"
    PRIME = "prime"
    INJECT = "inject"
    EXPOSE = "expose"


class HoldPhase(enum.Enum):
    """State of the hold gate."""

    CLOSED = "closed"
    READY = "ready"
    OPEN = "open"
    LIFT = "lift"
    """Checkpoint reached: needs release, then press."""


class HoldSource(enum.Enum):
    """Whose hand it is."""

    NONE = "none"
    SWITCH = "switch"
    CONSOLE = "console"


class Holder(msgspec.Struct, frozen=True):
    """Who may hold on a screen: one token, for one arming (console facts 6.2)."""

    token: str
    connection: int
    by: str
    role: Role
    plan: str = ""
    """What was read back when it was armed; another plan needs another arming."""


class Hold(msgspec.Struct, frozen=True):
    """Hold-to-inject and hold-to-expose."""

    phase: HoldPhase = HoldPhase.CLOSED
    action: HoldAction = HoldAction.NONE
    since_ns: int = 0
    released_ns: int = 0
    """Since when the switch is seen released without a break; 0 = it is not."""
    why: str = ""
    """What closed the gate, in words; empty after a plain press or release."""
    resumed: bool = False
    """READY after a press: the resume window runs, not the arm life."""
    source: HoldSource = HoldSource.NONE
    """Who holds it open, or held it at the checkpoint."""
    holder: Holder | None = None
    """The page that may hold; None = only the switch may."""
    beat_count: int = 0
    """Number of the page's newest message about this hold."""
    beat_ns: int = 0
    """When it came."""


class Purpose(enum.Enum):
    """What a pump motion is for."""

    # looked up in every pass: a member is equal to itself alone, and Enum hashes its name
    __hash__ = object.__hash__

    PRIME = "prime"
    OPEN_TIP = "open-tip"
    STIFFNESS = "stiffness"
    """A push against the closed stopcock."""
    RETRACT_TEST = "retract-test"
    """Takes back what that push has stored, the stopcock still closed, the switch held."""
    TIP_DROP = "tip-drop"
    INJECT = "inject"
    RETRACT = "retract"
    """Takes back what the line has stored; counts on the pump's withdrawn counter."""
    CHECK = "daily-check"
    DISPENSE = "dispense"
    """Into a vessel, to be weighed: service work, in standby."""


TIP_OUT_PURPOSES = frozenset(Purpose) - {Purpose.INJECT, Purpose.RETRACT}
SHUT_PURPOSES = frozenset({Purpose.STIFFNESS, Purpose.RETRACT_TEST})
"""Against the closed stopcock: nothing flows."""
BACKWARD_PURPOSES = frozenset({Purpose.RETRACT, Purpose.RETRACT_TEST})
"""Counted on the pump's withdrawn counter."""


class Plan(msgspec.Struct, frozen=True):
    """One pump motion, from intent to proof of standstill."""

    motion_id: int
    purpose: Purpose
    base_nl: int
    until_nl: int
    start_rate_nl_min: int
    top_rate_nl_min: int
    intent_seq: int
    """Entry that must be durable before RUN."""
    asked_ns: int = 0
    """When RUN was first wanted; 0 = not yet."""
    running_ns: int = 0
    """When the pump was first seen running; 0 = not yet."""
    rate_nl_min: int = 0
    """Rate of the ramp now."""
    top_ns: int = 0
    """When the pump first confirmed the top rate; 0 = not yet."""
    identity: str = ""
    """Pump that it was planned for, as it told."""
    lost: bool = False
    """The pump was out of sight while it may have run."""
    half_rate_nl_min: int = 0
    """Rate at which the ramp stands for a while; 0 = it climbs to its top at once."""
    half_ns: int = 0
    """When the pump first confirmed that rate; 0 = not yet."""
    done: bool = False
    """What it was for is known: stop before the end of its volume."""
    slowed: bool = False
    """Net pressure came near its pause level: half the top rate for the rest of this motion."""
    released: bool = False
    """The switch was let go after RUN was wanted: this motion is over, whatever is pressed."""


class Injection(msgspec.Struct, frozen=True):
    """One injection: from its first arming until it settled or was given up."""

    number: int = 0
    base_nl: int = 0
    """Pump counter at its start."""
    planned_nl: int = 0
    motor_ns: int = 0
    """Motor-on time of its finished motions."""
    ended_ns: int = 0
    """When its last motion was proven to stand still; 0 = none yet."""
    reference_pa: int = 0
    """Mean net pressure that the settle window compares with."""
    reference_ns: int = 0
    """Since when it has stood still; 0 = no mean yet."""
    window_ns: int = 0
    """Begin of the mean being taken; 0 = none."""
    window_pa: int = 0
    """Sum of its net pressures."""
    window_count: int = 0
    stop_rate_nl_min: int = 0
    """Rate at which its last motion was stopped, or ended."""
    withdrawn_base_nl: int = 0
    """The pump's withdrawn counter at its start."""
    retract_nl: int = 0
    """Most that is withdrawn of this injection in all; 0 = no retract was proposed yet."""
    retracted_ns: int = 0
    """When its retract was proven to stand still, or a person forbade it; 0 = neither."""


class Exposure(msgspec.Struct, frozen=True):
    """The projection being made."""

    view: View = View.NONE
    count: int = 0
    """Exposure counter of the unit when this exposure was armed."""
    pump_locked: bool = False
    """Standstill was proven before prep; only fresh evidence of motion undoes it."""
    seen_count: int = -1
    """Counter up to which exposures are recorded; -1 = not read yet."""
    made_count: int = 0
    last_ns: int = 0
    reconfirmed: bool = False
    """The radiologist accepted a delay that would otherwise refuse."""
    ready_ns: int = 0
    """Pass in which the unit was first seen ready; an exposure waits for a later one."""
    compressed_ns: int = 0
    """Since when the breast is compressed; 0 = it is not."""


class Alarm(msgspec.Struct, frozen=True):
    """One alarm that is on, or was on and latched."""

    name: str
    since_ns: int
    present: bool = True
    acknowledged: bool = False
    acknowledged_by: str = ""
    value: int | None = None
    """What was measured when it was raised; None = it has no number."""
    limit: int = 0
    """What that is judged by."""
    unit: str = ""
    """Of both: ``pa``, ``nl`` or ``ns``."""


class Check(msgspec.Struct, frozen=True):
    """The daily check under way (rows: ``daily_check.py``)."""

    row: int
    """Index of the row that is waited for."""
    since_ns: int
    """When it began."""
    by: str
    """Who does the check."""
    diameter_um: int
    """Of the syringe in the clamp, by that person's word."""
    power_up_count: int = 0
    """The pump's, when the row began."""
    trip_count: int = 0
    """The box's, when the row began."""
    timeout_seen: bool = False
    """The pump told its communications alarm since the step began."""
    heard: bool | None = None
    """A person's word on the sounder; None = not said."""


class Dispensing(msgspec.Struct, frozen=True):
    """A service tool on ``connection`` dispenses into a vessel, ``count`` motions so far."""

    by: str
    syringe: str
    diameter_um: int
    """Of the syringe in the clamp, by that person's word."""
    volume_nl: int
    """Of each motion."""
    rate_nl_min: int
    connection: int
    count: int = 0
    moved_nl: int = 0
    """By the pump's counter, of the last one."""
    whole: bool = False
    """It came to its end; else the switch was let go, or something stopped it."""
    total_nl: int = 0


class Checked(msgspec.Struct, frozen=True):
    """How the last daily check ended."""

    passed_ns: int = 0
    """Boot time at which it was passed; 0 = not passed, or undone by a later one."""
    by: str = ""
    step: str = ""
    """Step that failed; empty = none did."""
    words: str = ""
    """Why it failed, in the user's words."""


class Stop(msgspec.Struct, frozen=True):
    """Why the procedure was stopped and where it may go on."""

    event: str = ""
    words: str = ""
    anchor: Phase = Phase.STANDBY


class State(msgspec.Struct, frozen=True):
    """The whole state of the core."""

    profile: Profile
    phase: Phase = Phase.STANDBY
    phase_ns: int = 0
    case: Case | None = None
    mounted: Mounted | None = None
    line: LineCheck = LineCheck()
    doubt: Doubt | None = None
    """A self-test failed, and no set-up has passed them all since; survives closing."""
    net: Net = Net()
    watch: Watch = Watch()
    duct: Duct | None = None
    duct_count: int = 0
    hold: Hold = Hold()
    screen: Screen = Screen()
    shown_ns: int = 0
    """Instant of the newest snapshot that any console has drawn; 0 = none yet."""
    sessions: tuple[Session, ...] = ()
    """Who is logged in; nobody after a restart."""
    asked: tuple[tuple[int, int], ...] = ()
    """(connection, highest number that a request on it had)."""
    plan: Plan | None = None
    motion_count: int = 0
    injection: Injection = Injection()
    ledger: Ledger = Ledger()
    unproven: Unproven | None = None
    """After a restart: what the pump's counter may still prove; None = nothing (any more)."""
    exposure: Exposure = Exposure()
    settled_word: bool = False
    """The clinician confirmed compression before the pressure settled."""
    permit: bool = False
    """The pump may be powered: given by a person, withdrawn by any fault."""
    permit_ns: int = 0
    """When the person gave it."""
    reclose_trip_count: int = 0
    release: bool = False
    """Paddle release asked for and not yet seen."""
    release_ns: int = 0
    """Since when the paddle has been told to release; 0 = it is not."""
    stop: Stop = Stop()
    observed_ns: int = 0
    """Since when the patient is observed: the cannula is out; 0 = not yet."""
    observed_word: bool = False
    """The performing radiologist ended the observation early, by name, with a reason."""
    alarms: tuple[Alarm, ...] = ()
    quiet_since_ns: int = 0
    """When the sounder was paused."""
    quiet_until_ns: int = 0
    """When it sounds again at the latest; 0 = it is not paused."""
    quiet_by: str = ""
    """Who paused it."""
    targets: Targets = Targets()
    """Targets of the last pass: what the room was told."""
    readings: Readings = Readings()
    """Readings of the last pass, to tell what is new."""
    refused: tuple[str, ...] = ()
    """What the gate refused in the last pass, so that it is recorded once."""
    entry_seq: int = 0
    check: Check | None = None
    """The daily check under way."""
    checked: Checked = Checked()
    dispensing: Dispensing | None = None
    boot_id: str = ""
    """Start of the machine that boot times belong to; empty = not known."""
