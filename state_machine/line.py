"""The line from syringe to cannula: what is mounted, and what prime and zero proved of it."""

import msgspec

from state_machine.profile import Cannula, Contrast, Syringe


class Mounted(msgspec.Struct, frozen=True):
    """What the operator says is mounted."""

    contrast: Contrast
    lot: str
    temperature_mc: int
    entered_ns: int
    syringe: Syringe
    cannula: Cannula
    volume_nl: int
    """Contrast in the syringe when it was mounted."""
    side_day_high_nl: int = 0
    """What this breast may have had before, from another syringe."""
    by: str = ""
    """Who entered it."""
    confirmed_by: str = ""
    """Second person who read it off the packages; asked for after a failed self-test."""


class Proof(msgspec.Struct, frozen=True):
    """Result of one self-test: what was measured, and the band it must lie in."""

    name: str
    passed: bool
    measured: int
    low: int
    high: int
    unit: str
    """As names of quantities end: ``nl``, ``nl_kpa``, ``pa_s_ul`` or ``pa``."""


class Doubt(msgspec.Struct, frozen=True):
    """A self-test failed: with what was mounted then."""

    test: str
    syringe: str
    cannula: str
    contrast: str


class Push(msgspec.Struct, frozen=True):
    """Samples of a push against the closed stopcock, from where the backlash was taken up.

    Sums of a straight line through (volume nL since there, pressure Pa since there).
    """

    start_nl: int = -1
    """Pump counter where the pressure had risen; -1 = it has not yet."""
    start_pa: int = 0
    count: int = 0
    nl: int = 0
    pa: int = 0
    nl_nl: int = 0
    nl_pa: int = 0
    done: bool = False
    """Pushed far enough to tell."""


class LineCheck(msgspec.Struct, frozen=True):
    """What prime and zero established about the line."""

    zero_count: int = 0
    """Sensor zero count asked for; 0 = not zeroed in this procedure."""
    zeroed: bool = False
    zeroed_ns: int = 0
    """When the sensor was first seen zeroed."""
    still_ns: int = 0
    """Since when nothing moves and the tip is open to the air; 0 = it is not so."""
    still_pa: int = 0
    """Sum of the line pressures of the rest being taken."""
    still_count: int = 0
    tip_out_ns: int = 0
    """When a person last said that the tip is out of the patient; 0 = not."""
    stopcock_ns: int = 0
    """When a person last said that the stopcock is closed; 0 = not, or it is open again."""
    prime_nl: int = 0
    """Moved by finished prime motions."""
    prime_before_nl: int = 0
    """The same through what was mounted before in this procedure."""
    primed: bool = False
    paused: bool = False
    """The last prime was released before its end: a first drop may still be said."""
    rest_sum_pa: int = 0
    """Running mean of the line pressure times ``observe.REST_SAMPLES``."""
    sample_pa: int = 0
    """Sum of the open-tip pressures taken so far."""
    sample_count: int = 0
    half_pa: int = 0
    """The same at half the rate."""
    half_count: int = 0
    push: Push = Push()
    pushed_nl: int = 0
    """Moved by the push whose pressure is shut in; 0 = none, or it was taken back."""
    shut_pa: int = 0
    """Line pressure when the retract test began."""
    resistance_pa_s_ul: int = 0
    """Open-tip resistance measured at prime; 0 = not measured."""
    resistance_mc: int = 0
    """Contrast temperature when it was measured; 0 = not known."""
    compliance_nl_kpa: int = 0
    """Compliance of syringe and line measured against the closed stopcock; 0 = not measured."""
    proofs: tuple[Proof, ...] = ()
    """Self-tests that were made and still count, the newest of each."""
