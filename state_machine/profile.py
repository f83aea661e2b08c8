"""The frozen profile of a room and its procedure: part of ``State``, never edited in place.

``config`` reads TOML files into these structs; the core only ever sees them.
"""

import enum

import msgspec

from state_machine.limits import Limits
from state_machine.units import NS_PER_S


class Mode(enum.Enum):
    """What the room may be used for; shown on every screen, report and record."""

    SIMULATED = "simulated"
    BENCH = "bench"
    CLINICAL = "clinical"


class Order(enum.Enum):
    """Order of cannula and compression; one set of workflow rows each."""

    CANNULA_IN = "cannula-in"
    """The cannula stays in place until the images are done (top-up possible)."""
    SEALED_PORE = "sealed-pore"
    """The cannula comes out and the pore is sealed before compression."""


class Syringe(msgspec.Struct, frozen=True):
    """A syringe that may be clamped."""

    name: str
    diameter_um: int
    capacity_nl: int
    scale_ppm: int = 50_000
    """Uncertainty of the delivered volume: 50,000 ppm unless gravimetric (safety rules 4.4)."""
    compliance_nl_kpa: int = 0
    """Compliance of this syringe with the line; 0 = the line's own (C2: 3 mL about 1 uL/kPa)."""


class Cannula(msgspec.Struct, frozen=True):
    """A cannula, with the geometry its open-tip resistance follows from."""

    name: str
    bore_um: int
    length_um: int


class Contrast(msgspec.Struct, frozen=True):
    """A contrast agent: iodine concentration and viscosity by temperature."""

    name: str
    iodine_mg_ml: int
    viscosity: tuple[tuple[int, int], ...]
    """Ascending pairs (temperature in m°C, viscosity in µPa·s)."""


class Severity(enum.Enum):
    """What a checklist answer other than the safe one means."""

    ABSOLUTE = "absolute"
    """The procedure is not done today with this device."""
    RESCHEDULE = "reschedule"
    """Not today; a new date is offered."""
    PHYSICIAN = "physician"
    """Goes on only when the performing radiologist accepts it by name."""


class ChecklistItem(msgspec.Struct, frozen=True):
    """One question of the checklist; the list is data that a site may extend."""

    key: str
    question: str
    safe_answer: bool
    severity: Severity
    source: str = ""


class CheckRule(enum.Enum):
    """Whether arming needs a daily check that was passed."""

    REQUIRED = "required"
    WAIVED = "waived"
    """Not in clinical mode; a recorded deviation."""


class Calibrated(enum.Enum):
    """What is calibrated."""

    SYRINGE = "syringe"
    """Inner diameter, by weighing what it delivers."""
    PRESSURE = "pressure"
    """The line pressure sensor, against a reference."""
    FORCE = "force"
    """The paddle's force, against a reference."""


class Calibration(msgspec.Struct, frozen=True):
    """How one calibration came out, as the controller is given it at its start."""

    kind: Calibrated
    subject: str
    """Name of the syringe in the procedure file, or the device as it identifies itself."""
    passed: bool
    value: int
    """Weighed diameter in nm; of a sensor its error of span in ppm."""
    uncertainty: int
    """Expanded (k = 2), in ppm: of the delivered volume, or of the span."""
    made_day: int
    """Days since 1970-01-01."""
    until_day: int
    """First day on which it holds no longer."""
    number: int = 0
    """Of its line in the store; the highest of one subject counts."""


class Profile(msgspec.Struct, frozen=True):
    """Everything that is fixed for a room while it runs."""

    room: str
    mode: Mode = Mode.SIMULATED
    order: Order = Order.CANNULA_IN
    limits: Limits = Limits()
    checklist: tuple[ChecklistItem, ...] = ()
    syringes: tuple[Syringe, ...] = ()
    cannulas: tuple[Cannula, ...] = ()
    contrasts: tuple[Contrast, ...] = ()
    line_dead_space_nl: int = 0
    """Volume between syringe and tip that a prime has to fill."""
    line_compliance_nl_kpa: int = 300
    """Compliance of syringe and line before it is measured (assumption: 0.3 uL/kPa, C2)."""
    site_responsibility: str = ""
    """Who takes responsibility for a laboratory pump in clinical mode; empty = refused."""
    console_required: bool = False
    """Contrast and X-ray need a console that proves its view; False for rooms without a screen."""
    console_holds: bool = False
    """A pad held on the controlling console may be the hold, beside the wired switch."""
    temperature_sensor: bool = False
    """The line sensor measures the contrast temperature; else a person enters it. There is
    one source: neither stands in for the other."""
    pressure_switch: bool = False
    """An independent pressure switch is wired in series with the permit; its absence is a
    recorded deviation."""
    site_contact: str = ""
    """Whom a patient calls afterwards; printed on the post-procedure sheet."""
    daily_check: CheckRule = CheckRule.REQUIRED
    calibration: CheckRule = CheckRule.WAIVED
    """Whether arming needs sensor and force calibrated, and a syringe that is said to be weighed.
    ``config`` always says it; waived is what records older than the rule mean."""
    calibrations: tuple[Calibration, ...] = ()
    """The newest of each subject, from the store, read at the start."""
    calibration_fault: str = ""
    """Why the store cannot be believed; empty = it holds together."""
    safe_mode_ns: int = NS_PER_S
    """Silence after which the pump stops by itself, as it is set (whole seconds)."""
    login_required: bool = False
    """Nothing but a stop is taken from a connection on which nobody is logged in."""
    idle_lock_ns: int = 5 * 60 * NS_PER_S
    """A session without a request for so long is locked (console facts 4: 5 minutes,
    assumption); 0 = never."""
