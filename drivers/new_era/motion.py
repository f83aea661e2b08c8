"""One motion: what the pump is told before RUN, and what it may show afterwards."""

import functools
from typing import Final

import msgspec

from drivers.new_era.fields import (
    NL_MIN_PER_UNIT,
    Dispensed,
    NumberRefused,
    format_down,
    format_up,
    parse_number,
    parse_value,
)
from drivers.new_era.script import NONE_INFUSED, NONE_WITHDRAWN, Row
from state_machine.readings import Prompt
from state_machine.targets import PumpAction, PumpTarget
from state_machine.units import NL_PER_UL

LEAST_NL: Final = NL_PER_UL
"""1 uL. `VOL 0` would mean *continuous* (safety rules 1.2)."""
COUNTER_END_NL: Final = 9_999 * NL_PER_UL
"""Four digits of uL. What the counter does beyond is unknown [?]; also VOL's cap [F K7]."""
DIAMETER_UM: Final = range(100, 50_001)
"""0.1 to 50.0 mm [M7 p31]."""
MAX_UM_NL_MIN: Final = 9_999_999
"""Above, a rate does not fit four digits of uL/min."""

DIRECTION: Final = {PumpAction.INFUSE: "INF", PumpAction.WITHDRAW: "WDR"}
PROMPT: Final = {
    PumpAction.INFUSE: Prompt.INFUSING,
    PumpAction.WITHDRAW: Prompt.WITHDRAWING,
}


class MotionRefused(ValueError):
    """A motion that will not be prepared; the text is for people."""


class Plan(msgspec.Struct, frozen=True):
    """A motion as the wire will say it."""

    target: PumpTarget
    """As first wanted: id, action, base, end and diameter must not change any more."""
    volume: str
    """In uL."""
    rate_unit: str
    rate: str
    """Start of the ramp, in ``rate_unit``."""

    @property
    def prompt(self) -> Prompt:
        """What the pump shows while it does this, and nothing else."""
        return PROMPT[self.target.action]

    def same_motion(self, target: PumpTarget) -> bool:
        """The target still means this motion (rates and ``run`` may differ)."""
        mine = self.target
        return (
            mine.motion_id == target.motion_id
            and mine.action is target.action
            and mine.base_nl == target.base_nl
            and mine.until_nl == target.until_nl
            and mine.diameter_um == target.diameter_um
        )

    def counter_nl(self, counters: Dispensed) -> int:
        """The counter of this motion's direction."""
        return counter_nl(self.target.action, counters)

    def base_fault(self, counters: Dispensed) -> str:
        """Why the pump must not start from where its counter is; empty = it may."""
        counter, base = self.counter_nl(counters), self.target.base_nl
        if abs(counter - base) <= counters.digit_nl:
            return ""
        return (
            f"pump counter reads {counter} nL where {base} nL is expected (within"
            f" {counters.digit_nl} nL); check the pump's power and plan anew"
        )

    def course_fault(self, counters: Dispensed) -> str:
        """Why a running counter is wrong; empty = it is not."""
        counter, digit = self.counter_nl(counters), counters.digit_nl
        if counter < self.target.base_nl - digit:
            return f"pump counter fell to {counter} nL below the motion's beginning"
        if counter > self.target.until_nl + digit:
            return f"pump counter passed the motion's end: {counter} nL"
        return ""


def counter_nl(action: PumpAction, counters: Dispensed) -> int:
    """The counter that a motion moves, in nL."""
    return counters.infused_nl if action is PumpAction.INFUSE else counters.withdrawn_nl


def plan_motion(target: PumpTarget, counters: Dispensed) -> Plan:
    """Round a wanted motion toward safe to what the wire can say.

    Raises:
        MotionRefused: with the value, what is allowed and what to do.
    """
    if target.motion_id <= 0:
        raise MotionRefused(f"motion id {target.motion_id}; ids begin at 1")
    if target.diameter_um not in DIAMETER_UM:
        raise MotionRefused(
            f"syringe diameter {target.diameter_um} um; allowed is {DIAMETER_UM.start}"
            f" to {DIAMETER_UM.stop - 1} um: choose the syringe"
        )
    begin_nl = max(target.base_nl, counter_nl(target.action, counters))
    volume_nl = target.until_nl - begin_nl
    if volume_nl < LEAST_NL:
        raise MotionRefused(
            f"{volume_nl} nL are left to the motion's end; the pump moves {LEAST_NL} nL or more"
        )
    if target.until_nl > COUNTER_END_NL:
        raise MotionRefused(
            f"motion ends at {target.until_nl} nL; the pump counts to {COUNTER_END_NL} nL"
        )
    fastest = max(target.start_rate_nl_min, target.rate_nl_min)
    unit = "UM" if fastest <= MAX_UM_NL_MIN else "MM"
    try:
        return Plan(target, format_down(volume_nl), unit, rate_text(target.start_rate_nl_min, unit))
    except NumberRefused as fault:
        raise MotionRefused(f"start rate {target.start_rate_nl_min} nL/min: {fault}") from None


@functools.lru_cache(maxsize=64)
def rate_text(rate_nl_min: int, unit: str) -> str:
    """A rate in ``unit`` (UM or MM), rounded down.

    Raises:
        NumberRefused: too small or too large for the unit.
    """
    return format_down(rate_nl_min * 1_000 // NL_MIN_PER_UNIT[unit])


def rate_rows(text: str, unit: str) -> tuple[Row, ...]:
    """Tell a rate; while pumping it counts at once, and the unit cannot change [M2 p7]."""
    return (Row(f"RAT{text}{unit}", "RAT", f"{text}{unit}"),)


@functools.lru_cache(maxsize=64)
def told_rate_nl_min(told: str) -> int:
    """Rate of a `RAT` answer; 0 when it is none."""
    value = parse_value(told)
    per_unit = NL_MIN_PER_UNIT.get(value[1]) if value else None
    return value[0].scaled(per_unit) if value and per_unit else 0


def told_diameter_um(told: str) -> int:
    """Diameter of a `DIA` answer (in mm); 0 when it is none."""
    number = parse_number(told)
    return number.scaled(1_000) if number else 0


def sayable_diameter_um(diameter_um: int) -> int:
    """The diameter the pump shall show for ``diameter_um`` (within ``DIAMETER_UM``)."""
    return told_diameter_um(format_up(diameter_um))


def diameter_rows(diameter_um: int) -> tuple[Row, ...]:
    """Tell a diameter (um, within ``DIAMETER_UM``); it resets the units of VOL and DIS [M]."""
    text = format_up(diameter_um)
    return (Row(f"DIA{text}", "DIA", text), Row("VOLUL", "VOL", "#UL"))


def preparation_rows(plan: Plan) -> tuple[Row, ...]:
    """All that is told and read back before RUN (safety rules 1.1).

    The first row ends whatever a pause left behind. Program phase 2 is set to stop, or a
    rate left there from another use would pump on after VOL is reached [K2][K5]. VOL is
    last: nothing set after it can change what it means.
    """
    direction = DIRECTION[plan.target.action]
    return (
        Row("STP", ""),
        Row("", "DIA", format_up(plan.target.diameter_um)),
        Row("PHN2", "PHN", "2"),
        Row("FUNSTP", "FUN", "STP"),
        Row("PHN1", "PHN", "1"),
        Row("FUNRAT", "FUN", "RAT"),
        Row(f"RAT{plan.rate}{plan.rate_unit}", "RAT", f"{plan.rate}{plan.rate_unit}"),
        Row(f"DIR{direction}", "DIR", direction),
        Row("VOLUL", "VOL", "#UL"),
        Row(f"VOL{plan.volume}", "VOL", f"{plan.volume}UL"),
    )


def clearing_rows(counters: Dispensed) -> tuple[Row, ...]:
    """Clear the counters that are not zero."""
    rows = []
    if counters.infused_nl:
        rows.append(Row("CLDINF", "DIS", NONE_INFUSED))
    if counters.withdrawn_nl:
        rows.append(Row("CLDWDR", "DIS", NONE_WITHDRAWN))
    return tuple(rows)
