"""What should be: the whole wanted state of the room, absolute, every default safe.

A target is never a command. The same target given twice changes nothing; a driver
compares it, rounded toward safe to what its wire can say, with what the device has
confirmed and sends what is missing.
"""

import enum

import msgspec


class Activity(enum.Enum):
    """How closely the room must be watched; selects the column of the polling plan."""

    IDLE = "idle"
    ACTIVE = "active"
    """Armed, or something moves."""
    EXPOSING = "exposing"


class PumpAction(enum.Enum):
    """What the pump is to do."""

    STOPPED = "stopped"
    INFUSE = "infuse"
    WITHDRAW = "withdraw"


class PumpTarget(msgspec.Struct, frozen=True, array_like=True):
    """Wanted state of the syringe pump.

    ``until_nl`` and ``base_nl`` are absolute on the pump's own counter of that
    direction. The driver refuses to start where the counter is not at ``base_nl``
    (a power cut cleared it) and tells the pump ``until_nl - base_nl`` rounded down.
    A motion whose id has run is never run again, whatever the target repeats.
    """

    action: PumpAction = PumpAction.STOPPED
    motion_id: int = 0
    base_nl: int = 0
    until_nl: int = 0
    start_rate_nl_min: int = 0
    """Rate the pump is set to before RUN (start of the ramp)."""
    rate_nl_min: int = 0
    """Rate wanted now; sent while running whenever it differs from the confirmed one."""
    run: bool = False
    """False: prepare the motion and read all back. True: RUN, once."""
    diameter_um: int = 0
    """Inside diameter of the syringe in the clamp; 0 = none chosen, nothing may run."""
    clear_counters: bool = False
    """Counters shall read zero (set-up and prime only; the gate refuses it later)."""
    silent: bool = False
    """Nothing is said to the pump, not even a stop, so that its Safe mode or its stop input
    has to act (daily check, tip out). The driver ends it after the Safe mode time."""


class LineTarget(msgspec.Struct, frozen=True, array_like=True):
    """Wanted state of the pressure sensor."""

    zero_count: int = 0
    """Sensor shall have been zeroed this often; the driver zeroes once when one less
    is read. 0 = leave it alone."""


class Lamp(enum.Enum):
    """Room lamp."""

    OFF = 0
    READY = 1
    ACTIVE = 2
    FAULT = 3


class Sounder(enum.Enum):
    """Sounder, by alarm priority (IEC 60601-1-8 vocabulary)."""

    OFF = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3


class RoomTarget(msgspec.Struct, frozen=True, array_like=True):
    """Wanted state of the room I/O box."""

    pump_permit: bool = False
    """Pump may be powered and its TTL stop released. Dropping it makes the box stop the
    pump in two stages and latch."""
    reclose_trip_count: int = 0
    """Trip that a person has confirmed may be cleared; 0 = none."""
    xray_enable: bool = False
    lamp: Lamp = Lamp.OFF
    sounder: Sounder = Sounder.OFF
    withhold_heartbeat: bool = False
    """Nothing is written to the box, so that its watchdog has to act (daily check). The
    driver ends it after a second."""


class Compression(enum.Enum):
    """Wanted state of the compression paddle."""

    HOLD = 1
    """No further descent; the unit's own release always works."""
    PERMIT = 2
    """The operator may drive the paddle down, up to the force limit."""
    RELEASE = 3


class ExposureStage(enum.Enum):
    """How far the unit may go in its exposure sequence."""

    OFF = 0
    PREP = 1
    EXPOSE = 2


class View(enum.Enum):
    """Projection (DICOM View Position and modifier; codes are our register map's)."""

    NONE = 0
    CC = 1
    ML = 2
    LM = 3
    MLO = 4
    CC_MAG = 5
    ML_MAG = 6
    CC_DBT = 7
    ML_DBT = 8
    MLO_DBT = 9


class MammographTarget(msgspec.Struct, frozen=True, array_like=True):
    """Wanted state of the mammography unit."""

    compression: Compression = Compression.HOLD
    exposure: ExposureStage = ExposureStage.OFF
    view: View = View.NONE
    force_limit_mn: int = 0


class Targets(msgspec.Struct, frozen=True, array_like=True):
    """The whole wanted state of the room."""

    activity: Activity = Activity.IDLE
    pump: PumpTarget = PumpTarget()
    line: LineTarget = LineTarget()
    room: RoomTarget = RoomTarget()
    mammograph: MammographTarget = MammographTarget()


def kept(before: Targets, after: Targets) -> Targets:
    """``after``; what is equal in it is the very object of ``before``.

    The loop, the drivers and the record compare targets in every pass, and the same object is
    equal to itself at once.
    """
    if after == before:
        return before
    same = {
        name: old
        for name in Targets.__struct_fields__
        if (old := getattr(before, name)) == getattr(after, name)
    }
    return msgspec.structs.replace(after, **same)
