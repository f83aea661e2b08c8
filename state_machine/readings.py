"""What was measured: one frozen struct per device, joined in :class:`Readings`.

``at_ns`` is always the boot time at which the *question* was sent that the reading
answers, so every delay makes a reading older, never younger. 0 means never. A bad
frame is no reading: the driver asks again and these values stay as they were.
*Absent* (``None``) differs from zero.
"""

import enum

import msgspec


class Link(enum.Enum):
    """How a driver stands with its device."""

    LOST = "lost"
    """No connection, or the device does not answer."""
    PROBING = "probing"
    """Connected; identity and settings are being asked or set."""
    UP = "up"
    """Identified, settings read back, answers within its deadline."""
    REFUSED = "refused"
    """The device answered and is the wrong one (identity, version, mode, setting)."""


class Prompt(enum.Enum):
    """Status prompt of the pump (New Era manual: letters I W S P T U X; A? = alarm)."""

    # looked up in every pass: a member is equal to itself alone, and Enum hashes its name
    __hash__ = object.__hash__

    UNKNOWN = "?"
    INFUSING = "I"
    WITHDRAWING = "W"
    STOPPED = "S"
    PAUSED = "P"
    TIMED_PAUSE = "T"
    WAITING = "U"
    PURGING = "X"
    ALARM = "A"


MOVING_PROMPTS = frozenset({Prompt.INFUSING, Prompt.WITHDRAWING, Prompt.PURGING})


class PumpAlarm(enum.Enum):
    """Alarm letter of the pump (``A?x``)."""

    NONE = ""
    RESET = "R"
    STALL = "S"
    TIMEOUT = "T"
    PROGRAM = "E"
    PHASE_RANGE = "O"


class Motion(enum.Enum):
    """What the driver knows of the motion with ``motion_id``.

    UNKNOWN -> STOPPING -> STOPPED (proven) -> PREPARING -> PREPARED -> RUNNING ->
    STOPPING -> STOPPED. FAILED: this id will never run; the core plans a new one.
    """

    UNKNOWN = "unknown"
    STOPPING = "stopping"
    STOPPED = "stopped"
    PREPARING = "preparing"
    PREPARED = "prepared"
    RUNNING = "running"
    FAILED = "failed"


class PumpReading(msgspec.Struct, frozen=True, array_like=True):
    """The syringe pump, as its answers and its driver's motion bookkeeping show it."""

    at_ns: int = 0
    link: Link = Link.LOST
    refusal: str = ""
    """Why the link is LOST or REFUSED, in the user's words."""
    identity: str = ""
    """Model and firmware as the pump tells them, e.g. ``NE1000 V3.923``."""
    prompt: Prompt = Prompt.UNKNOWN
    alarm: PumpAlarm = PumpAlarm.NONE
    infused_nl: int = 0
    """The pump's own counter of volume infused since its last clear."""
    withdrawn_nl: int = 0
    digit_nl: int = 0
    """Weight of the last digit of the counter in the newest answer."""
    motion: Motion = Motion.UNKNOWN
    motion_id: int = 0
    motion_refusal: str = ""
    """Why a motion FAILED, in the user's words."""
    rate_nl_min: int = 0
    """Rate the pump confirmed; 0 while none is confirmed."""
    diameter_um: int = 0
    """Syringe diameter the pump confirmed; 0 unknown."""
    settings_ok: bool = False
    """LOC, TRG, PF, AL, SAF were set and read back since the last power-up."""
    power_up_count: int = 0
    """How often ``A?R`` was seen: a power cut, after which the counter proves nothing."""
    stop_overdue: bool = False
    """The stop schedule is exhausted without proof of standstill: drop the permit."""
    stop_asked_ns: int = 0
    """When the stop under way (or the last one) was first asked; 0 never."""
    exchange_p99_ns: int = 0
    """99th percentile of recent exchange times; 0 while too few."""
    bad_frame_count: int = 0


class LineReading(msgspec.Struct, frozen=True, array_like=True):
    """The pressure sensor in the line between syringe and cannula."""

    at_ns: int = 0
    link: Link = Link.LOST
    refusal: str = ""
    identity: str = ""
    pressure_pa: int | None = None
    """Gauge pressure at the sensor; None while the sensor reports a fault."""
    temperature_mc: int | None = None
    """Contrast temperature at the sensor; None where the sensor has none."""
    range_low_pa: int = 0
    range_high_pa: int = 0
    zero_count: int = 0
    """How often the sensor was zeroed since its power-up."""
    bad_frame_count: int = 0


class TripCause(enum.Enum):
    """Why the room I/O box holds its stop latched."""

    NONE = 0
    POWER_UP = 1
    HEARTBEAT_LOST = 2
    COMMANDED = 3
    EMERGENCY_STOP = 4
    STOP_NOT_OBEYED = 5
    PRESSURE_SWITCH = 6


class RoomReading(msgspec.Struct, frozen=True, array_like=True):
    """The room I/O box: switches, the two-stage stop and its read-back.

    ``at_ns`` advances only while the box's input-scan counter advances and it echoes
    a recent heartbeat nonce, so a frozen image grows old like a silent one.
    """

    at_ns: int = 0
    link: Link = Link.LOST
    refusal: str = ""
    identity: str = ""
    hold_pressed: bool = False
    """Both contacts of the antivalent hold switch agree that it is pressed."""
    hold_disagrees: bool = False
    """The two contacts contradict each other: broken wire or stuck contact."""
    pain_pressed: bool = False
    emergency_stop: bool = False
    door_closed: bool = False
    motor_pin: bool = False
    """The pump's motor-operating output is high."""
    relay_closed: bool = False
    """Read-back contact of the pump power relay."""
    stop_line: bool = False
    """Read-back of the TTL stop line to the pump: True = stop asserted."""
    xray_enabled: bool = False
    """Read-back of the X-ray enable contact."""
    pressure_switch: bool = False
    """The independent hardware pressure switch in the permit chain has opened."""
    trip_cause: TripCause = TripCause.NONE
    """Latched in the box; NONE = permit may be given."""
    trip_count: int = 0
    trip_at_ms: int = 0
    """Box up-time of the newest trip."""
    uptime_ms: int = 0
    stop_stage: int = 0
    """0 running permitted, 1 TTL stop, 2 power open."""
    owner_id: int = 0
    """Session id of the controller that owns the box; 0 = free."""
    owned: bool = False
    """The box is owned by this controller."""
    bad_frame_count: int = 0


class UnitState(enum.Enum):
    """State of the mammography unit's exposure sequence."""

    UNKNOWN = 0
    STANDBY = 1
    PREP = 2
    READY = 3
    EXPOSING = 4
    DONE = 5
    FAULT = 6


class Paddle(enum.Enum):
    """State of the compression paddle."""

    UNKNOWN = 0
    RELEASED = 1
    DESCENDING = 2
    HOLDING = 3
    RELEASING = 4


class MammographReading(msgspec.Struct, frozen=True, array_like=True):
    """The mammography unit."""

    at_ns: int = 0
    link: Link = Link.LOST
    refusal: str = ""
    identity: str = ""
    unit_state: UnitState = UnitState.UNKNOWN
    fault_code: int = 0
    paddle: Paddle = Paddle.UNKNOWN
    force_mn: int = 0
    thickness_um: int = 0
    exposure_count: int = 0
    """Counter of completed exposures, kept by the unit across restarts."""
    tube_voltage_v: int = 0
    """Of the last exposure."""
    tube_charge_uas: int = 0
    exposure_ms: int = 0
    prepulse_uas: int = 0
    """AEC pre-pulse of the last exposure; 0 with manual technique."""
    aec: bool = False
    """Exposure control mode of the last exposure: AEC or manual."""
    view_code: int = 0
    """View the unit has taken over (see ``targets.View``)."""
    door_closed: bool = False
    watchdog_tripped: bool = False
    """The unit missed the controller's heartbeat and withdrew its permits."""
    bad_frame_count: int = 0


class JournalReading(msgspec.Struct, frozen=True, array_like=True):
    """How far the record is on the disk."""

    durable_seq: int = 0
    """Every entry up to this number is on the disk."""
    fault: str = ""
    """Why the journal cannot be written, in the user's words; empty = healthy."""


class ClockSync(enum.Enum):
    """Whether a time service keeps the machine's wall clock, as the kernel says."""

    UNKNOWN = "unknown"
    """Nobody says so; never taken for *synchronised*."""
    SYNCHRONISED = "synchronised"
    NOT_SYNCHRONISED = "not synchronised"


class HostReading(msgspec.Struct, frozen=True, array_like=True):
    """The controller's own punctuality, and what its machine says of the wall clock."""

    late_ns: int = 0
    """How much later than planned this pass began."""
    clock_sync: ClockSync = ClockSync.UNKNOWN
    clock_step_count: int = 0
    """How often the wall clock was set since this controller began."""
    clock_step_ms: int = 0
    """By how much the newest time; negative = back."""


class Readings(msgspec.Struct, frozen=True, array_like=True):
    """Everything that is known of the room in one pass."""

    pump: PumpReading = PumpReading()
    line: LineReading = LineReading()
    room: RoomReading = RoomReading()
    mammograph: MammographReading = MammographReading()
    journal: JournalReading = JournalReading()
    host: HostReading = HostReading()
