"""``galactograph service calibrate``: syringe diameter, pressure sensor, compression force.

Leads a person through it, works the result out, and adds it to the room's store of
calibrations. Pressure and force are read through the running controller (its drivers, its loop,
in standby); the syringe is weighed with the controller stopped. The controller takes a new
calibration over at its next start.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from controller.bench import against, gravimetry
from controller.bench.desk import Desk, Ended, Snapshot
from controller.bench.scales import NoWeight, Scales, Typed
from controller.clock import Clock
from controller.record.calibrations import Result, day_of, keep
from controller.version import PROGRAM, VERSION
from drivers.mt_sics import Weight
from state_machine.calibration import LIFE_MOST_DAYS
from state_machine.profile import Calibrated, Syringe

Ask = Callable[[str], str]
Say = Callable[[str], None]

READINGS: Final = 15
READING_MS: Final = 15_000
BLANK_NS: Final = 60 * 10**9
"""Evaporation is measured over so long at least."""
POINTS: Final = {
    Calibrated.PRESSURE: (0, 20_000, 40_000, 60_000, 84_000, 40_000, 0),
    Calibrated.FORCE: (0, 10_000, 20_000, 40_000, 20_000, 0),
}
"""References gone through, up and down, unless others are given."""
BOUNDS: Final = {Calibrated.PRESSURE: against.PRESSURE, Calibrated.FORCE: against.FORCE}
DEVICE: Final = {Calibrated.PRESSURE: "line", Calibrated.FORCE: "mammograph"}


class Job(NamedTuple):
    """What every calibration needs."""

    ask: Ask
    say: Say
    by: str
    reference: str
    valid_days: int
    clock: Clock
    store: Path
    journal: Path


def whole(ask: Ask, say: Say, question: str, default: int | None = None) -> int:
    """A whole number that a person types; nothing typed is the default, ``q`` ends.

    Raises:
        Ended: ``q``.
    """
    while True:
        text = ask(question).strip().replace("_", "")
        if text == "q":
            raise Ended("ended by a person: nothing is kept")
        if not text and default is not None:
            return default
        if text.lstrip("-").isdecimal():
            return int(text)
        say(f"{text!r} is no whole number; q ends")


# --- against a reference -----------------------------------------------------------------------


def compare(
    job: Job, desk: Desk, kind: Calibrated, references: tuple[int, ...], reference_ppm: int
) -> Result:
    """A sensor of the running room against a reference.

    Raises:
        Ended: refused, given up, or the points say nothing.
        Gone: the controller is gone.
    """
    refusals = desk.ask("service", work="calibrate", words=f"{kind.value} against {job.reference}")
    if refusals:
        raise Ended("; ".join(refusals))
    device = desk.newest["devices"][DEVICE[kind]]
    if device["link"] != "up":
        raise Ended(f"{DEVICE[kind]} is not ready ({device['refusal'] or device['link']})")
    bounds = BOUNDS[kind]
    points = []
    for number, wanted in enumerate(references, 1):
        question = (
            f"{number}/{len(references)}  set the reference to {wanted} {bounds.unit}, let it"
            f" settle, type what it shows (Enter: {wanted}, q: end): "
        )
        value = whole(job.ask, job.say, question, wanted)
        points.append(against.Point(value, _readings(desk, kind)))
        shown = sum(points[-1].shown) / len(points[-1].shown)
        job.say(f"      shown {shown:.0f} {bounds.unit}, {shown - value:+.0f}")
    try:
        found = against.compare(points, bounds, reference_ppm)
    except against.NotUsable as why:
        raise Ended(str(why)) from why
    result = _result(
        job, kind, device["identity"], found.passed, found.verdict, found.span_ppm,
        found.uncertainty_ppm, "ppm of span", found.parts, found.points,
    )  # fmt: skip
    desk.ask("service", work="done", words=f"calibrate {kind.value}: {found.verdict}"[:500])
    return result


def shown_of(kind: Calibrated, shown: Snapshot) -> tuple[int, int | None]:
    """When the device was asked (boot time, ms), and what it said."""
    device = shown["devices"][DEVICE[kind]]
    value = shown["pressure"]["line_pa"] if kind is Calibrated.PRESSURE else device["force_mn"]
    age_ms = device["age_ms"]
    return (shown["t_ms"] - age_ms if age_ms is not None else 0), value


def _readings(desk: Desk, kind: Calibrated) -> tuple[int, ...]:
    """Fresh readings, each of a question asked after now."""
    found: dict[int, int] = {}
    begun_ms = desk.now_ms

    def enough(shown: Snapshot) -> bool:
        at_ms, value = shown_of(kind, shown)
        if value is not None and at_ms > begun_ms:
            # a reading is seen in several snapshots, its age cut to whole ms in each
            found.setdefault(at_ms // 10, value)
        return len(found) >= READINGS

    if desk.until(enough, READING_MS) is None:
        raise Ended(f"{len(found)} readings came in {READING_MS // 1000} s: see the device's line")
    return tuple(found.values())


# --- by weighing ---------------------------------------------------------------------------------


class Weighing(NamedTuple):
    """How a syringe is weighed."""

    syringe: Syringe
    temperature_mc: int
    temperature_u_mc: int
    counter_digit_nl: int
    dispense_count: int


def by_keys(job: Job, weighing: Weighing) -> Callable[[str], int]:
    """A person dispenses with the pump's keys, and types what it counted."""
    job.say(f"set {weighing.syringe.diameter_um / 1000:.3f} mm on the pump, fill syringe and line")
    question = "dispense, let it stop; volume by the pump's counter, nL: "
    return lambda label: whole(job.ask, job.say, f"{label}  {question}")


def weigh(
    job: Job, scales: Scales, weighing: Weighing, dispense: Callable[[str], int] | None = None
) -> Result:
    """A syringe by what it delivers into a vessel of water.

    Args:
        job: Who, where, with which reference.
        scales: Where weights come from.
        weighing: How it is weighed.
        dispense: One portion: takes its label, gives nL by the pump's counter. None: a person
            does it with the pump's keys.

    Raises:
        Ended: given up, or the weighings say nothing.
    """
    name = weighing.syringe.name
    job.say(
        f"{name}: syringe and line filled with water of room temperature, no air; a vessel with"
        " water on the balance, draft shield closed, the tip under water and not touching the"
        " vessel."
    )
    dispense = dispense or by_keys(job, weighing)
    submerged = job.ask("is the tip under water, and stays so to the end? y or n: ")
    before, before_ns = _weight(job, scales, "before anything is dispensed")
    job.say(f"wait {BLANK_NS // 10**9} s without dispensing: evaporation is measured")
    dry, dry_ns = _weight(job, scales, "after that, still nothing dispensed")
    while dry_ns - before_ns < BLANK_NS:
        job.say(f"      only {(dry_ns - before_ns) // 10**9} s: wait, weigh again")
        dry, dry_ns = _weight(job, scales, "still nothing dispensed")
    lost_ng = (before.weight_ng - dry.weight_ng) * 60 * 10**9 // (dry_ns - before_ns)
    dispenses, digit_ng = [], max(before.digit_ng, dry.digit_ng)
    for number in range(1, weighing.dispense_count + 1):
        counted_nl = dispense(f"{number}/{weighing.dispense_count}")
        after, after_ns = _weight(job, scales, f"{number}/{weighing.dispense_count}")
        digit_ng = max(digit_ng, after.digit_ng)
        dispenses.append(
            gravimetry.Dispense(counted_nl, dry.weight_ng, after.weight_ng, after_ns - dry_ns)
        )
        dry, dry_ns = after, after_ns
    setting = gravimetry.Setting(
        weighing.syringe.diameter_um,
        weighing.temperature_mc,
        weighing.temperature_u_mc,
        digit_ng,
        max(0, lost_ng),
        weighing.counter_digit_nl,
        submerged.strip().lower() in ("y", "yes"),
    )
    try:
        found = gravimetry.weigh(setting, dispenses)
    except gravimetry.NotUsable as why:
        raise Ended(str(why)) from why
    return _result(
        job._replace(reference=f"{scales.name}; {job.reference}"), Calibrated.SYRINGE, name,
        found.passed, found.verdict, found.diameter_nm, found.uncertainty_ppm, "nm", found.parts,
        found.volumes,
    )  # fmt: skip


def _weight(job: Job, scales: Scales, prompt: str) -> tuple[Weight, int]:
    """A weight and when it was there; asked again until there is one."""
    while True:
        if not isinstance(scales, Typed) and job.ask(f"{prompt}: Enter = weigh, q = end: ") == "q":
            raise Ended("ended by a person: nothing is kept")
        try:
            weight = scales.weigh(prompt)
        except NoWeight as why:
            job.say(f"      {why}")
            continue
        job.say(f"      {weight.weight_ng / 10**9:.6f} g")
        return weight, job.clock.now_ns()


def _result(
    job: Job, kind: Calibrated, subject: str, passed: bool, verdict: str, value: int,
    uncertainty: int, unit: str, parts: Any, points: tuple[tuple[int, int], ...],
) -> Result:  # fmt: skip
    made_day = day_of(job.clock.utc_ns())
    result = Result(
        kind=kind,
        subject=subject,
        passed=passed,
        verdict=verdict,
        value=value,
        uncertainty=uncertainty,
        unit=unit,
        parts=parts,
        by=job.by,
        made_day=made_day,
        until_day=made_day + min(job.valid_days, LIFE_MOST_DAYS),
        reference=job.reference,
        points=points,
        program=f"{PROGRAM} {VERSION}",
    )
    keep(job.store, job.journal, result)
    return result
