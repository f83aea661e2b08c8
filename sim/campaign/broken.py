"""Controls broken on purpose, in a copy of this process: does a campaign notice?

A test-only entry: nothing of the product knows it, it is applied after a fork, and it ends with
the copy. Each row takes one control away, with its second layer where it has one that would
hide the loss; ``by`` is the judge that must see it.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

import msgspec

from controller import loop
from drivers import exchange
from drivers.new_era import driver, follow, motion, stop
from drivers.new_era.fields import format_down
from drivers.new_era.settings import setting_rows
from sim.devices import NEVER_NS
from sim.devices.room_io import RoomIo
from state_machine import (
    alarms,
    gate,
    hold,
    injection,
    ledger,
    observe,
    proposal,
    refusals,
    retract,
)
from state_machine.entries import LedgerChanged
from state_machine.state import HoldAction
from state_machine.targets import ExposureStage, PumpAction, PumpTarget

replace = msgspec.structs.replace


NOTHING: Final = "nothing"
"""Stands for a run in which nothing else goes wrong."""


class Break(NamedTuple):
    """One row."""

    name: str
    what: str
    by: str
    apply: Callable[[], None]
    shown_by: tuple[str, ...] = ()
    """Faults of which one must be there to show it; empty = any run with an injection does."""
    whole: bool = False
    """It acts at set-up: only a run from the very start shows it."""


def _put(place: Any, **names: Any) -> None:
    for name, value in names.items():
        if not hasattr(place, name):
            raise AttributeError(f"{place!r} has no {name}: the break does not fit the code")
        setattr(place, name, value)


def _without(*names: str) -> None:
    """Rows of the refusal table that are gone."""
    rows = tuple(row for row in gate.CAUSES if row.name not in names)
    if len(rows) + len(names) != len(gate.CAUSES):
        raise AttributeError(f"the refusal table has not all of {names}")
    _put(gate, CAUSES=rows)
    gate._rows.cache_clear()  # noqa: SLF001 - the table is another one now


def _hold() -> None:
    moved = hold._moved  # noqa: SLF001 - what is broken stands inside

    def deaf(now: Any, switch: Any, *rest: Any) -> Any:
        injecting = now.action is HoldAction.INJECT
        return moved(now, replace(switch, pressed=True) if injecting else switch, *rest)

    _put(hold, _moved=deaf)


def _freshness() -> None:
    _put(observe, fresh=lambda at_ns, _limit_ns, _now_ns: bool(at_ns))


def _rate() -> None:
    text = motion.rate_text
    _put(motion, rate_text=lambda rate_nl_min, unit: text(rate_nl_min * 3, unit))
    _put(follow, rate_text=lambda rate_nl_min, unit: text(rate_nl_min * 3, unit))


def _target() -> None:
    plan = motion.plan_motion

    def further(target: Any, counters: Any) -> Any:
        right = plan(target, counters)
        return replace(right, volume=format_down(2 * (target.until_nl - target.base_nl)))

    _put(follow, plan_motion=further)


def _watchdog() -> None:
    _put(RoomIo, _silence_ns=lambda _box: NEVER_NS)


def _retract() -> None:
    _put(retract, bound_nl=lambda _state, _readings: 45_000)
    _without("retract-bound")


def _durable() -> None:
    def prepared(plan: Any, readings: Any) -> bool:
        pump = readings.pump
        return pump.motion.name == "PREPARED" and bool(pump.motion_id == plan.motion_id)

    _put(injection, prepared=prepared)
    _without("not-durable")


def _give_up() -> None:
    _put(stop.Stop, give_up_ns=lambda one: one.asked_ns + 3_600 * 10**9)


def _expose() -> None:
    exposure = proposal._exposure  # noqa: SLF001 - what is broken stands inside

    def unheld(state: Any, readings: Any, now_ns: int) -> Any:
        stage = exposure(state, readings, now_ns)
        ready = readings.mammograph.unit_state.name in ("READY", "EXPOSING")
        return ExposureStage.EXPOSE if stage is ExposureStage.PREP and ready else stage

    _put(proposal, _exposure=unheld)
    _without("not-held-expose")


def _counted(change: Callable[[Any], Any]) -> Callable[[], None]:
    def apply() -> None:
        count = ledger.count
        _put(ledger, count=lambda *args, **kwargs: change(count(*args, **kwargs)))

    return apply


def _high(account: Any) -> Any:
    low_nl = account.low_nl * 9 // 10
    return replace(account, high_nl=low_nl, intent_nl=low_nl)


def _low(account: Any) -> Any:
    return replace(account, low_nl=account.high_nl)


def _safe_mode() -> None:
    _put(driver, setting_rows=lambda _timeout_s: setting_rows(60))


def _record() -> None:
    rows = tuple(row for row in alarms.ALARMS if row.name != "record")
    _put(alarms, ALARMS=rows)


def _journal() -> None:
    record = loop.record

    def lossy(room: Any, entries: Iterable[Any], *rest: Any) -> None:
        record(room, tuple(e for e in entries if not isinstance(e, LedgerChanged)), *rest)

    _put(loop, record=lossy)


def _series() -> None:
    set_contact = RoomIo.set_contact

    def told_only(box: RoomIo, name: str, on: bool, now_ns: int) -> None:
        stage, cause, trips = box.stage, box.cause, box.trip_count
        set_contact(box, name, on, now_ns)
        if name == "emergency_stop":
            box.stage, box.cause, box.trip_count = stage, cause, trips

    _put(RoomIo, set_contact=told_only)
    _put(RoomIo, ttl_stop=property(lambda box: box.stage > 0))
    _put(RoomIo, relay_closed=property(lambda box: box.stage < 2 or box.relay_welded))


def _pressure() -> None:
    _put(observe, net_upper_pa=lambda _state, _readings, _now_ns: 0)
    _put(refusals, line_limit_pa=lambda _state: 10**6)
    _put(alarms, line_limit_pa=lambda _state: 10**6)


def _fence() -> None:
    def believed(line: Any, now_ns: int) -> None:
        line._close(now_ns)  # noqa: SLF001 - what is broken stands inside
        line.misses += 1

    _put(exchange.Exchange, missed=believed)


def _lateness() -> None:
    receive, readings = loop.Link.receive, loop._readings  # noqa: SLF001 - inside, too
    _put(loop.Link, receive=lambda link, now_ns, _late: receive(link, now_ns, late=False))
    _put(loop, _readings=lambda room, _late_ns, *rest: readings(room, 0, *rest))
    _freshness()


def _lock() -> None:
    propose, judge, bases = proposal.propose, gate.judge, dict[int, int]()

    def pushes(state: Any, readings: Any, now_ns: int) -> Any:
        targets, pump = propose(state, readings, now_ns), readings.pump
        if targets.mammograph.exposure is ExposureStage.OFF:
            return targets
        motion_id = 900_000 + state.exposure.made_count
        base_nl = bases.setdefault(motion_id, pump.infused_nl)
        push = PumpTarget(
            action=PumpAction.INFUSE,
            motion_id=motion_id,
            base_nl=base_nl,
            until_nl=base_nl + 20_000,
            start_rate_nl_min=60_000,
            rate_nl_min=60_000,
            run=targets.mammograph.exposure is ExposureStage.EXPOSE,
            diameter_um=targets.pump.diameter_um,
        )
        return replace(targets, pump=push)

    def lets(state: Any, readings: Any, wanted: Any, late: bool, now_ns: int) -> Any:
        if wanted.pump.motion_id < 900_000:
            return judge(state, readings, wanted, late, now_ns)
        rest = PumpTarget(diameter_um=wanted.pump.diameter_um)
        judged, refused = judge(state, readings, replace(wanted, pump=rest), late, now_ns)
        return replace(judged, pump=wanted.pump), refused

    _put(proposal, propose=pushes)
    _put(gate, judge=lets)
    _without("pump-may-move")


def _volume() -> None:
    planned = observe.planned_nl

    def more(state: Any) -> int:
        return planned(state) if state.injection.number else planned(state) * 12 // 10

    _put(observe, planned_nl=more)
    _without("volume")


def _line_pressure() -> None:
    _pressure()
    blind = {"occlusion", "line-pressure", "pressure-switch"}
    blind |= {"tear", "dislodged", "net-fell", "net-plateau"}  # what it looks like to those
    _put(alarms, ALARMS=tuple(row for row in alarms.ALARMS if row.name not in blind))
    _put(RoomIo, set_pressure_switch=lambda _box, _opened, _now_ns: None)
    _without("line-pressure", "pressure-switch")


# fmt: off
BREAKS: Final = (
    Break("hold", "a switch that is released does not stop the injection", "stops", _hold, ("slips-off",)),
    Break("freshness", "a reading never grows too old", "stops", _freshness, ("sensor-frozen", "line-wire-silent", "box-frozen", "room-wire-silent")),
    Break("rate", "the pump is told three times the rate", "rate", _rate),
    Break("target", "the pump is told twice the volume to the checkpoint", "intents", _target),
    Break("watchdog", "the box does not miss the heartbeat", "stops", _watchdog, ("suspended", "killed")),
    Break("retract-bound", "a retract takes back 45 uL", "checkpoints", _retract),
    Break("durable-start", "a motion does not wait for its intent on the disk", "intents", _durable, ("disk-stalls",)),
    Break("stop-schedule", "a stop without an answer is never given up", "stops", _give_up, ("pump-ignores-stop", "pump-deaf", "pump-wire-silent", "pump-hung")),
    Break("exposure-hold", "X-rays do not wait for the switch", "beam", _expose),
    Break("ledger-high", "high forgets what is not certain", "high", _counted(_high)),
    Break("ledger-low", "low takes what is not certain", "low", _counted(_low)),
    Break("safe-mode", "the pump is set to stop by itself after a minute", "stops", _safe_mode, ("watchdog-dead",), whole=True),
    Break("record-alarm", "a record that cannot be written alarms nobody", "alarms", _record, ("disk-full",)),
    Break("record-whole", "the ledger's entries do not get into the record", "journal", _journal),
    Break("emergency-series", "the emergency stop is not wired in series: the controller is told, no more", "stops", _series, ("emergency-stop", "relay-welded")),
    Break("fence", "what comes after a lost answer is believed without the fence", "fence", _fence, ("pump-hung", "wire-loss", "wire-delay", "wire-truncation", "wire-corruption")),
    Break("lateness", "a late pass is a pass like any other, and no reading grows too old", "stops", _lateness, ("slow-pass",)),
    Break("lock", "the workflow runs the pump under X-rays, and the gate has no lock", "together", _lock),
    Break("volume", "a fifth more than ordered is planned, and the gate does not count", "ceilings", _volume, (NOTHING,)),
    Break("line-pressure", "no line pressure stops anything, the independent switch neither", "line-pressure", _line_pressure, ("occlusion",)),
    Break("pressure", "neither net nor adaptive line pressure stops anything", "duct-pressure", _pressure, ("false-passage", "occlusion", "sensor-drifts")),
)
# fmt: on
BY_NAME: Final = {row.name: row for row in BREAKS}


def apply(name: str) -> None:
    """Break a control in this process, for the rest of its life.

    Raises:
        KeyError: there is no such row.
    """
    BY_NAME[name].apply()
