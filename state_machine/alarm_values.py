"""What was measured when an alarm was raised, beside the limit it passed (console facts 5.18.2).

A table of the alarms that have a number; the others say all in their words. Kept with the alarm
from its rise on: what is measured later stands elsewhere on the screen.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from state_machine import observe
from state_machine.alarms import line_limit_pa
from state_machine.readings import Readings
from state_machine.state import Alarm, State


class Measured(NamedTuple):
    """A value, the limit it is judged by, and their unit as units are named everywhere."""

    value: int | None
    limit: int
    unit: str


def _line(state: State, readings: Readings, _now_ns: int) -> Measured:
    return Measured(readings.line.pressure_pa, line_limit_pa(state), "pa")


def _net(limit: Callable[[State], int]) -> Callable[[State, Readings, int], Measured]:
    def measured(state: State, readings: Readings, now_ns: int) -> Measured:
        return Measured(observe.net_upper_pa(state, readings, now_ns), limit(state), "pa")

    return measured


def _pressed(state: State, readings: Readings, now_ns: int) -> Measured:
    limit_pa = state.profile.limits.compression_line_pa
    return Measured(observe.line_pressure_pa(state, readings, now_ns), limit_pa, "pa")


def _volume(state: State, _readings: Readings, _now_ns: int) -> Measured:
    account = state.ledger.account
    high_nl = account.high_nl if account else None
    return Measured(high_nl, state.profile.limits.duct_volume_nl, "nl")


def _compressed(state: State, _readings: Readings, now_ns: int) -> Measured:
    limit_ns = state.profile.limits.compressed_time_ns
    return Measured(now_ns - state.exposure.compressed_ns, limit_ns, "ns")


def _dwell(state: State, _readings: Readings, now_ns: int) -> Measured:
    since_ns = state.duct.cannula_in_ns if state.duct else now_ns
    return Measured(now_ns - since_ns, state.profile.limits.dwell_warn_ns, "ns")


MEASURED: Final[dict[str, Callable[[State, Readings, int], Measured]]] = {
    "line-pressure": _line,
    "net-stop": _net(lambda s: s.profile.limits.net_stop_pa),
    "net-pause": _net(lambda s: s.profile.limits.net_pause_pa),
    "net-warn": _net(lambda s: s.profile.limits.net_warn_pa),
    "false-passage": _net(lambda s: s.profile.limits.false_passage_pa),
    "compression-pressure": _pressed,
    "over-volume": _volume,
    "compressed-long": _compressed,
    "dwell": _dwell,
}


def noted(
    alarms: tuple[Alarm, ...],
    before: tuple[Alarm, ...],
    state: State,
    readings: Readings,
    now_ns: int,
) -> tuple[Alarm, ...]:
    """The alarms, those newly raised with what was measured."""
    known = {(alarm.name, alarm.since_ns) for alarm in before}
    return tuple(
        alarm
        if (alarm.name, alarm.since_ns) in known or alarm.name not in MEASURED
        else msgspec.structs.replace(
            alarm, **MEASURED[alarm.name](state, readings, now_ns)._asdict()
        )
        for alarm in alarms
    )
