"""One whole procedure with water: walked once, each check looks at its part of it."""

import pytest

from controller.bench.curves import (
    INTERVAL_NS,
    deviation_ppm,
    evenly,
    flows_nl_min,
    settled_ns,
    trumpet,
)
from tests.hil.bench import Bench
from tests.hil.verdicts import PRODUCT, UNIT, HilFailure
from tests.hil.walk import Walk, Walker

pytestmark = [pytest.mark.moves, pytest.mark.timeout(900)]
PHASES = (
    "checklist", "set-up", "prime-and-zero", "locate-duct", "cannulate", "arm", "arm-confirm",
    "armed", "injecting", "settle", "compression", "exposure", "exposure-armed", "review",
    "decannulate", "aftercare", "closed",
)  # fmt: skip


@pytest.fixture(scope="module")
def walk(owned: Bench) -> Walk:
    """The walk, once."""
    bench = owned if owned.alive else owned.start()
    bench.until(
        lambda s: s["phase"] == "standby" and s["devices"]["room"]["owned"], 20, "it is not idle"
    )
    walked = Walker(bench).go()
    bench.hands_off()
    return walked


def reached(walk: Walk, phase: str) -> None:
    """Skip what the walk did not come to."""
    if phase not in walk.phases:
        pytest.skip(f"not reached: {walk.failed}")


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION", "HZ-EXPOSURE", "HZ-COMPRESSION", "HZ-USE-ERROR")
def check_interlock_matrix(walk: Walk, measure):
    """In every phase each hazardous request that does not belong is refused; nothing moves."""
    reached(walk, "set-up")
    measure("hazardous requests tried", walk.asked, "", 100, None)
    measure(
        "taken although they do not belong there",
        len(walk.taken),
        "",
        0,
        0,
        "HZ-UNCOMMANDED-MOTION",
        PRODUCT,
    )
    measure("refused without words", len(walk.wordless), "", 0, 0, "HZ-USE-ERROR", PRODUCT)
    measure("times that something moved", len(walk.moved), "", 0, 0, "HZ-UNCOMMANDED-MOTION", UNIT)
    if walk.taken or walk.moved:
        fault = PRODUCT if walk.taken else UNIT
        raise HilFailure(fault, "; ".join([*walk.taken, *walk.moved]))


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION", "HZ-STOP-FAILS", "HZ-OVERVOLUME")
def check_hold_to_inject(walk: Walk, measure):
    """Armed and not held nothing flows; held it does; let go it pauses."""
    reached(walk, "injecting")
    measure("moved while nobody held", int(walk.unheld_moved), "", 0, 0, "HZ-UNCOMMANDED-MOTION")
    measure("pressed until it flows", walk.flow_ms, "ms", 0, 2_000)
    if not walk.paused_ms:
        reached(walk, "holding")
    measure("let go until it shows as paused", walk.paused_ms, "ms", 0, 1_000, "HZ-STOP-FAILS")


@pytest.mark.hazard("HZ-EXPOSURE")
def check_hold_to_expose(walk: Walk, measure):
    """Ready and not held there is no exposure; held there is."""
    reached(walk, "exposure-armed")
    measure("exposures while nobody held", int(walk.unheld_exposed), "", 0, 0, "HZ-EXPOSURE")
    measure("pressed until X-rays", walk.beam_ms, "ms", 0, 1_500)


@pytest.mark.hazard("HZ-EXPOSURE")
def check_exposure_handshake(walk: Walk, measure):
    """Prep, ready, exposing, done; AEC with its pre-pulse; the unit's own figures are plausible."""
    reached(walk, "review")
    if walk.whole is None:
        raise HilFailure(UNIT, f"the unit counted no whole exposure; {walk.failed}")
    measure("arming until the unit is ready", walk.ready_s, "s", 0, 8, fault=UNIT)
    measure("exposure", walk.whole.exposure_ms, "ms", 200, 5_000, "HZ-EXPOSURE", UNIT)
    measure("tube voltage", walk.whole.tube_voltage_v, "V", 20_000, 40_000, "HZ-EXPOSURE", UNIT)
    measure("AEC in force", int(walk.whole.aec), "", 1, 1, fault=UNIT)
    measure("AEC pre-pulse", walk.whole.prepulse_uas, "uAs", 100, 20_000, "HZ-EXPOSURE", UNIT)


@pytest.mark.hazard("HZ-EXPOSURE", "HZ-STOP-FAILS")
def check_aborted_exposure(walk: Walk, measure):
    """Let go in mid exposure: X-rays end at once, and what there was is counted."""
    reached(walk, "exposure-armed")
    if walk.aborted is None:
        raise HilFailure(UNIT, f"the unit counted no aborted exposure; {walk.failed}")
    measure("exposure that was let go", walk.aborted.exposure_ms, "ms", 1, 900, "HZ-EXPOSURE", UNIT)


@pytest.mark.hazard("HZ-OVERRATE", "HZ-OVERVOLUME", "HZ-SYRINGE")
def check_flow_accuracy(walk: Walk, measure):
    """What leaves the tip, weighed: start-up and trumpet curve, mean within 5 %."""
    reached(walk, "settle")
    off = (walk.weighed_nl - walk.counted_nl) / max(1, walk.counted_nl) * 100
    measure("weighed against counted", off, "%", -7, 7, "HZ-SYRINGE", UNIT)
    samples, rate_nl_min = walk.weighed.longest() if walk.weighed else ([], 0)
    if len(samples) < 20:
        return  # a balance gives no curve
    volumes = evenly(samples)
    settled = settled_ns(volumes, rate_nl_min)
    curve = [(i * 0.1, f / 1000) for i, f in enumerate(flows_nl_min(volumes, INTERVAL_NS))]
    axes = ("s since the motor started", "flow over the last second, uL/min")
    measure(
        "start-up until within 10 %",
        (settled or 60e9) / 1e9,
        "s",
        0,
        10,
        "HZ-OVERRATE",
        UNIT,
        curve,
        axes,
    )
    steady = volumes[(settled or 0) // INTERVAL_NS :]
    span_ns = (len(steady) - 1) * INTERVAL_NS
    if span_ns <= 0:
        raise HilFailure(UNIT, "the flow never came within 10 % of the rate")
    mean = deviation_ppm(steady[-1] - steady[0], span_ns, rate_nl_min) / 10_000
    measure("mean flow after the start-up", mean, "%", -5, 5, "HZ-OVERRATE", UNIT)
    for window in trumpet(steady, rate_nl_min, windows_s=(2, 5, 10)):
        worst = max(window.low_ppm, window.high_ppm, key=abs) / 10_000
        measure(f"worst {window.window_s} s", worst, "%", -10, 10, "HZ-OVERRATE", UNIT)


@pytest.mark.hazard("HZ-RECORD")
def check_dry_run(walk: Walk, measure):
    """The whole procedure with water, from standby to standby, every phase in its order."""
    missing = [phase for phase in PHASES if phase not in walk.phases]
    measure("phases not come to", len(missing), "", 0, 0)
    if walk.failed or missing:
        raise HilFailure(PRODUCT, f"not come to: {missing}; {walk.failed}")
