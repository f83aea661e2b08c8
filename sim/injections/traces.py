"""Tables from fast traces: occlusion, false passage, what stays invisible, detectors compared.

Estimator, bounds and detectors are the core's; loop, wires and devices are not here. A stop
takes ``STOP_S`` after the alarm, as long as the stop path *line pressure* takes in a whole
room (docs/performance.md). The same seeds go through every row that is compared.
"""

import dataclasses
import statistics
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from sim.injections import study
from sim.injections.trace import Trace
from sim.physics import DUCT, FALSE_PASSAGE, Patient, Rig
from state_machine import alarms, net, observe, retract
from state_machine.limits import Limits
from state_machine.state import Injection
from state_machine.units import flow_drop_pa
from state_machine.watch import DETECTORS

Row = dict[str, Any]

STOP_S: Final = 0.06
"""From the reading to standstill (stop path *line pressure over its limit*: 45 ms at most,
and one reading)."""
TIGHT: Final = dataclasses.replace(DUCT, seal_kpa=100.0, tear_kpa=100.0)
"""Nothing comes back, nothing tears: what is looked at is the only thing that happens."""
_NEVER: Final = 10**12
_GAUGES: Final = {
    ("27G 12.7 mm", 37): 1.676,
    ("27G 12.7 mm", 20): 3.140,
    ("27G 25.4 mm", 37): 3.352,
    ("27G 25.4 mm", 20): 6.279,
    ("30G 12.7 mm", 37): 5.101,
    ("30G 12.7 mm", 20): 9.553,
}
"""Resistance, kPa s/uL (clinical facts C1, iohexol 300)."""
_SYRINGES: Final = {"1 mL": 0.3, "3 mL": 1.0}
"""Compliance with the line, uL/kPa (clinical facts C2, assumption)."""
_NAMES: Final = retract.BY_PRESSURE | {row.alarm for row in DETECTORS}
STOPS: Final = tuple(row for row in alarms.ALARMS if row.name in _NAMES)
"""Alarms of pressure and count, in the order of their table."""


def stopped_by(trace: Trace) -> str:
    """The first of them that stands now; empty = none."""
    state, now_ns = trace.state, trace.state.readings.line.at_ns + 1
    return next((row.name for row in STOPS if row.present(state, state.readings, now_ns)), "")


def refused(trace: Trace) -> str:
    """Why prime or arming would not let this line inject at this rate; empty = it may."""
    state, limits, rate = trace.state, trace.state.profile.limits, trace.rate_nl_min
    drop_pa = flow_drop_pa(state.line.resistance_pa_s_ul, rate)
    reasons = (
        (drop_pa > limits.flow_drop_pa, "drop"),
        (observe.stored_nl(state, drop_pa) > limits.stored_volume_nl, "stored volume"),
        (net.spread_pa(state, rate) > limits.net_spread_pa, "net not told closely"),
        (observe.overrun_nl(state, rate) > limits.overrun_nl, "overrun"),
    )
    return ", ".join(words for holds, words in reasons if holds)


def occlusion(seeds: range) -> Iterator[Row]:
    """Blocked at 20 s: time to the alarm, pressure then, and what is set free when it clears."""
    for (gauge, temperature), resistance in _GAUGES.items():
        for syringe, compliance in _SYRINGES.items():
            for rate in (100_000, 200_000):
                rig = Rig(
                    resistance_kpa_s_ul=resistance,
                    compliance_ul_kpa=compliance,
                    temperature_mc=temperature * 1000,
                )
                cell = {"cannula": gauge, "celsius": temperature, "syringe": syringe}
                found = [_occluded(rig, rate, seed) for seed in seeds]
                yield cell | {"ul_min": rate // 1000} | _middle(found)


def _occluded(rig: Rig, rate: int, seed: int) -> Row:
    trace = Trace(rig, TIGHT, rate, seed=seed)
    why = refused(trace)
    if why:
        return {"refused": why}
    trace.until(20)
    before_kpa = trace.physics.line_kpa
    trace.physics.occluded = True
    name = _until_alarm(trace, 20)
    seconds = trace.second - 20
    trace.until(trace.second + STOP_S)
    return {
        "alarm": name,
        "seconds": seconds,
        "line_kpa": trace.physics.line_kpa,
        "bolus_ul": (trace.physics.line_kpa - before_kpa) * rig.compliance_ul_kpa,
    }


def _until_alarm(trace: Trace, limit_s: float) -> str:
    end_s = trace.second + limit_s
    while trace.second < end_s:
        trace.step()
        name = stopped_by(trace)
        if name:
            return name
    return ""


def _middle(found: list[Row]) -> Row:
    """Worst of each number over the seeds; words as the first seed has them."""
    if "refused" in found[0]:
        return {"refused": found[0]["refused"]}
    row: Row = {"alarm": "/".join(sorted({one["alarm"] or "none" for one in found}))}
    for key in found[0]:
        if key != "alarm":
            row[f"{key}_max"] = round(max(one[key] for one in found), 2)
    return row


def false_passage(seeds: range) -> Iterator[Row]:
    """The tip under the wall (C2): volume in, and what is outside, when the pump stands."""
    for (gauge, temperature), resistance in _GAUGES.items():
        rig = Rig(resistance_kpa_s_ul=resistance, temperature_mc=temperature * 1000)
        trace = Trace(rig, FALSE_PASSAGE, 100_000)
        cell = {"cannula": gauge, "celsius": temperature}
        full = refused(Trace(rig, FALSE_PASSAGE))
        if full:
            yield cell | {"refused": full}
            continue
        found = []
        for seed in seeds:
            trace = Trace(rig, FALSE_PASSAGE, 100_000, seed=seed)
            name = _until_alarm(trace, 40)
            trace.until(trace.second + STOP_S)
            found.append(
                {
                    "alarm": name,
                    "seconds": trace.second,
                    "pumped_ul": trace.pushed_ul,
                    "duct_kpa": trace.physics.duct_kpa(),
                    "outside_ul": trace.physics.outside_ul,
                }
            )
        yield cell | _middle(found)


def invisible(seeds: range) -> Iterator[Row]:
    """Torn, or slipped out, at a pressure: with thresholds alone, and with the sums."""
    for what in ("torn", "slipped out"):
        for kpa in (0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0):
            for detectors, limits in (("thresholds", WITHOUT_SUMS), ("with sums", Limits())):
                found = [leaking(what, kpa, seed, limits) for seed in seeds]
                seen = [one for one in found if one is not None]
                yield {
                    "event": what,
                    "at_kpa": kpa,
                    "detectors": detectors,
                    "found": f"{len(seen)}/{len(found)}",
                    "seconds_median": round(statistics.median(seen), 2) if seen else None,
                    "pumped_ul_median": round(statistics.median(seen) / 0.3, 1) if seen else None,
                }


WITHOUT_SUMS: Final = Limits(sag_allowed_pa=_NEVER)
LOOK_S: Final = 10.0
FILLS: Final = 5
"""Normal fills a seed: false alarms are rare, and one trace is quick."""


def leaking(what: str, kpa: float, seed: int, limits: Limits) -> float | None:
    """Seconds to the first alarm after the event; None = none in ``LOOK_S``."""
    trace = Trace(Rig(), TIGHT, 200_000, seed=seed, limits=limits)
    # begins where the duct is a second's flow and the ramp from that pressure
    trace.physics.duct_ul = _fill_ul(TIGHT, kpa) - 40.0
    # past the first checkpoint, where a false passage is no longer looked for
    injection = Injection(number=1, base_nl=-100_000, planned_nl=10**9)
    trace.state = msgspec.structs.replace(trace.state, injection=injection)
    while trace.physics.duct_kpa() < kpa:
        trace.step()
        if stopped_by(trace):
            return None
    if what == "torn":
        trace.physics.patient = dataclasses.replace(TIGHT, tear_kpa=0.0)
    else:
        trace.physics.tip_in_duct = False
    begin_s = trace.second
    return trace.second - begin_s + STOP_S if _until_alarm(trace, LOOK_S) else None


def _fill_ul(patient: Patient, kpa: float) -> float:
    """Volume at which a duct has a pressure, by bisection of the model."""
    low, high = 0.0, 2_000.0
    probe = Trace(Rig(), patient)
    for _ in range(40):
        probe.physics.duct_ul = middle = (low + high) / 2
        low, high = (middle, high) if probe.physics.duct_kpa() < kpa else (low, middle)
    return high


def quiet(seeds: range) -> Iterator[Row]:
    """Normal fills of 0.2 mL and the stop: alarms of every detector, per rig."""
    warming = Rig(resistance_kpa_s_ul=1.931, temperature_mc=33_000, warmed_kpa_s_ul=1.676)
    for name, rig in (("27G 37 C", Rig()), ("27G 33 C, warming", warming)):
        raised: dict[str, int] = {}
        fills = range(seeds.start, seeds.start + FILLS * len(seeds))
        for seed in fills:
            trace = Trace(rig, TIGHT, 200_000, seed=seed).until(62.5)
            trace.running = False
            trace.until(66)
            for alarm in trace.found:
                raised[alarm] = raised.get(alarm, 0) + 1
        yield {"rig": name, "fills": len(fills), "raised": raised}


def count(seeds: range) -> Iterator[Row]:
    """A pump that counts another share of its rate: the rule of 15 s beside the sum (CUSUM)."""
    for counts in (0.0, 0.5, 0.8, 0.9, 0.93, 0.97, 1.0, 1.2):
        found = []
        for seed in seeds:
            trace = Trace(Rig(), TIGHT, 200_000, seed=seed).until(10)
            trace.counts = counts
            found.append(trace.until_found("flow-differs", 30))
        seen = [one for one in found if one is not None]
        rule = "15" if round(abs(counts - 1), 3) >= 0.1 else "never"
        yield {
            "counts": counts,
            "found": f"{len(seen)}/{len(found)}",
            "seconds_median": round(statistics.median(seen), 2) if seen else None,
            "rule_seconds": rule,
        }


def overfill(seeds: range) -> Iterator[Row]:
    """The study's ducts without a room around them, at one rate, ended by the first alarm.

    A row for each seed: torn with only the line's limit; torn with the rules; a weak duct's
    volume and time from its tear to standstill (None: not noticed); a normal fill's alarm.
    """
    for seed in seeds:
        rig = study.RIGS[study.rig_of(seed)]
        patient, weak = study.patient_of(seed), study.weak_of(seed)
        baseline = Trace(rig, patient, seed=seed)
        while baseline.pushed_ul * 1000 < study.OVERFULL_NL:
            baseline.step()
        with_rules, _ = _filled(rig, patient, seed, study.OVERFULL_NL)
        leaky, torn_ul = _filled(rig, weak, seed, study.OVERFULL_NL)
        normal, _ = _filled(rig, patient, seed, study.NORMAL_NL)
        noticed = stopped_by(leaky)
        yield {
            "seed": seed,
            "rig": study.rig_of(seed),
            "tear_kpa": round(patient.tear_kpa, 2),
            "weak_kpa": round(weak.tear_kpa, 2),
            "baseline_torn": baseline.physics.tear > 0,
            "controller_torn": with_rules.physics.tear > 0,
            "weak_torn": torn_ul is not None,
            "weak_noticed": noticed if torn_ul is not None else None,
            "weak_ul": round(leaky.pushed_ul - torn_ul, 1) if torn_ul and noticed else None,
            "normal_alarm": stopped_by(normal),
        }


def _filled(rig: Rig, patient: Patient, seed: int, order_nl: int) -> tuple[Trace, float | None]:
    """Filled until the order or an alarm; and the volume at which it tore, if it did."""
    trace, torn_ul = Trace(rig, patient, seed=seed), None
    injection = Injection(number=1, base_nl=-100_000, planned_nl=10**9)
    trace.state = msgspec.structs.replace(trace.state, injection=injection)
    while trace.pushed_ul * 1000 < order_nl:
        trace.step()
        if torn_ul is None and trace.physics.tear > 0:
            torn_ul = trace.pushed_ul
        if stopped_by(trace):
            break
    else:
        return trace, torn_ul
    end_s = trace.second + STOP_S
    while trace.second < end_s:
        trace.step()
    return trace, torn_ul


TABLES: Final[dict[str, Callable[[range], Iterator[Row]]]] = {
    "occlusion": occlusion,
    "passage": false_passage,
    "invisible": invisible,
    "quiet": quiet,
    "overfill": overfill,
    "count": count,
}
