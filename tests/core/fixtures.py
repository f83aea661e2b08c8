"""The one place where core objects are made, all-default, so that a test sets what it is about.

The healthy room: everything is up, fresh, at rest; a duct is open, a 27G cannula at 37 C.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from state_machine.daily_check import ROWS, Step
from state_machine.gate import Output, judge
from state_machine.ledger import Account, Ledger
from state_machine.limits import Limits
from state_machine.line import LineCheck, Mounted, Proof
from state_machine.pressure import Net
from state_machine.profile import (
    Cannula,
    ChecklistItem,
    Contrast,
    Order,
    Profile,
    Severity,
    Syringe,
)
from state_machine.readings import (
    HostReading,
    JournalReading,
    LineReading,
    Link,
    MammographReading,
    Motion,
    Paddle,
    Prompt,
    PumpReading,
    Readings,
    RoomReading,
    UnitState,
)
from state_machine.requests import Side
from state_machine.state import (
    Case,
    Check,
    Checked,
    Dispensing,
    Duct,
    Exposure,
    Hold,
    HoldAction,
    HoldPhase,
    Injection,
    Phase,
    Plan,
    Purpose,
    State,
)
from state_machine.targets import (
    Compression,
    ExposureStage,
    MammographTarget,
    PumpAction,
    PumpTarget,
    RoomTarget,
    Targets,
    View,
)
from state_machine.units import NS_PER_MS, NS_PER_S

replace = msgspec.structs.replace

NOW_NS = 10_000 * NS_PER_S
AGE_NS = 5 * NS_PER_MS
"""Age of every healthy reading."""
DAY = 20_000
PERFORMER, ASSISTANT, PATIENT = "Dr Rossi", "T. Weber", "P-1"

CONTRAST = Contrast("iohexol 300", 300, ((20_000, 11_800), (37_000, 6_300), (40_000, 5_680)))
SYRINGE = Syringe("1 mL", 4_780, 1_000_000)
CANNULA = Cannula("27G 12.7 mm", 210, 12_700)
RESISTANCE = 1_676
"""Pa s/uL of that cannula at 37 C (clinical facts C1)."""
CHECKED = Checked(passed_ns=NOW_NS - 3_600 * NS_PER_S, by=ASSISTANT)
"""A daily check passed an hour ago."""
PROOFS = (
    Proof("first-drop", True, 61_000, 47_200, 76_700, "nl"),
    Proof("stiffness", True, 300, 120, 600, "nl_kpa"),
    Proof("retract", True, 900, -1_500, 1_794, "nl"),
    Proof("open-tip", True, RESISTANCE, 1_006, 2_849, "pa_s_ul"),
    Proof("linearity", True, 0, -389, 389, "pa"),
    Proof("zero-drift", True, 12, -300, 300, "pa"),
)
"""Every self-test, passed."""
CHECKLIST = (
    ChecklistItem("consent", "Consent?", True, Severity.ABSOLUTE),
    ChecklistItem("discharge", "Discharge today?", True, Severity.RESCHEDULE),
    ChecklistItem("latex", "Latex allergy?", False, Severity.PHYSICIAN),
)


def profile(order: Order = Order.CANNULA_IN, **limits: int) -> Profile:
    """A profile; named limits differ from their defaults."""
    return Profile(
        room="test",
        order=order,
        limits=Limits(**{"observation_ns": 0} | limits),  # nobody waits in most stories
        checklist=CHECKLIST,
        syringes=(SYRINGE,),
        cannulas=(CANNULA,),
        contrasts=(CONTRAST,),
        line_dead_space_nl=59_000,
        temperature_sensor=True,
    )


def readings(now_ns: int = NOW_NS, **devices: Mapping[str, Any]) -> Readings:
    """A healthy room at rest; ``pump={...}``, ``line={...}`` change single fields."""
    at_ns = now_ns - AGE_NS
    healthy = Readings(
        pump=PumpReading(
            at_ns=at_ns,
            link=Link.UP,
            prompt=Prompt.STOPPED,
            motion=Motion.STOPPED,
            digit_nl=10,
            diameter_um=SYRINGE.diameter_um,
            settings_ok=True,
            exchange_p99_ns=20 * NS_PER_MS,
        ),
        line=LineReading(
            at_ns=at_ns, link=Link.UP, pressure_pa=0, temperature_mc=37_000, zero_count=1
        ),
        room=RoomReading(
            at_ns=at_ns,
            link=Link.UP,
            door_closed=True,
            relay_closed=True,
            owned=True,
            trip_count=1,
        ),
        mammograph=MammographReading(
            at_ns=at_ns,
            link=Link.UP,
            unit_state=UnitState.STANDBY,
            paddle=Paddle.RELEASED,
            door_closed=True,
        ),
        journal=JournalReading(durable_seq=1_000_000),
        host=HostReading(),
    )
    changed = {name: replace(getattr(healthy, name), **f) for name, f in devices.items()}
    return replace(healthy, **changed)


def case(**changes: Any) -> Case:
    """An open case."""
    made = Case(PATIENT, Side.LEFT, 60_000, DAY, "Example", performer=PERFORMER)
    return replace(made, assistant=ASSISTANT, **changes)


def mounted(**changes: Any) -> Mounted:
    """What is mounted."""
    return replace(
        Mounted(CONTRAST, "L1", 37_000, NOW_NS - 600 * NS_PER_S, SYRINGE, CANNULA, 500_000),
        **changes,
    )


def state(phase: Phase = Phase.ARM, **changes: Any) -> State:
    """An open procedure: primed, zeroed, cannula in the first duct, nothing delivered."""
    long_ago_ns = NOW_NS - 60 * NS_PER_S
    values: dict[str, Any] = {
        "profile": profile(),
        "phase_ns": long_ago_ns,
        "case": case(),
        "mounted": mounted(),
        "line": LineCheck(
            zero_count=1,
            zeroed=True,
            primed=True,
            prime_nl=100_000,
            resistance_pa_s_ul=RESISTANCE,
            proofs=PROOFS,
            resistance_mc=37_000,
            compliance_nl_kpa=300,
        ),
        "net": steady(),
        "duct": Duct(number=1, clock_h=3, orifice=1, cannula_in_ns=long_ago_ns),
        "duct_count": 1,
        "hold": Hold(released_ns=long_ago_ns),
        "ledger": Ledger(account=Account(), patient_id=PATIENT, side=Side.LEFT, utc_day=DAY),
        "permit": True,
        "entry_seq": 100,
        "checked": CHECKED,
    }
    return State(phase=phase, **(values | changes))


def steady(pressure_pa: int = 0, rate_nl_min: int = 0) -> Net:
    """A second of readings without change, and the estimate a 27G cannula at 37 C gives."""
    samples = tuple((NOW_NS - AGE_NS - i * 20 * NS_PER_MS, pressure_pa) for i in range(50, 0, -1))
    net_pa = pressure_pa - RESISTANCE * rate_nl_min // 60_000
    window = tuple((at_ns, pa, rate_nl_min, net_pa) for at_ns, pa in samples)
    return Net(samples=window, net_pa=net_pa, upper_pa=net_pa, sigma_pa=60)


class Scene(NamedTuple):
    """What the gate looks at."""

    state: State
    readings: Readings
    wanted: Targets
    late: bool = False
    now_ns: int = NOW_NS

    def but(self, **changes: Mapping[str, Any] | None) -> "Scene":
        """The same scene with single fields changed, by the part they belong to.

        ``state``, ``limits``, a part of the state (``plan``, ``hold`` ...), ``account``, a
        device of the readings, or ``want`` (pump), ``want_room``, ``want_unit``.
        """
        scene = self
        for part, fields in changes.items():
            scene = scene.with_part(part, fields or {})
        return scene

    def with_part(self, part: str, fields: Mapping[str, Any]) -> "Scene":
        """Change fields of one part."""
        if part == "state":
            return self._replace(state=replace(self.state, **fields))
        if part in ("want", "want_room", "want_unit"):
            name = {"want": "pump", "want_room": "room", "want_unit": "mammograph"}[part]
            target = replace(getattr(self.wanted, name), **fields)
            return self._replace(wanted=replace(self.wanted, **{name: target}))
        if part in Readings.__struct_fields__:
            reading = replace(getattr(self.readings, part), **fields)
            return self._replace(readings=replace(self.readings, **{part: reading}))
        if part == "limits":
            limits = replace(self.state.profile.limits, **fields)
            changed = replace(self.state.profile, limits=limits)
            return self._replace(state=replace(self.state, profile=changed))
        if part == "account":
            account = replace(self.state.ledger.account, **fields)  # type: ignore[type-var]
            book = replace(self.state.ledger, account=account)
            return self._replace(state=replace(self.state, ledger=book))
        changed_part = replace(getattr(self.state, part), **fields)
        return self._replace(state=replace(self.state, **{part: changed_part}))

    def refused(self) -> dict[str, frozenset[Output]]:
        """Causes that the gate finds, each with the outputs it refuses."""
        _targets, refusals = judge(*self)
        names = dict.fromkeys(r.cause.name for r in refusals)
        return {n: frozenset(r.output for r in refusals if r.cause.name == n) for n in names}

    def judged(self) -> Targets:
        """What the gate lets through."""
        return judge(*self)[0]


def moving(purpose: Purpose, until_nl: int, top_nl_min: int, start_nl_min: int = 40_000) -> Plan:
    """A motion at its top rate."""
    return Plan(
        motion_id=1,
        purpose=purpose,
        base_nl=0,
        until_nl=until_nl,
        start_rate_nl_min=min(start_nl_min, top_nl_min),
        top_rate_nl_min=top_nl_min,
        intent_seq=50,
        asked_ns=NOW_NS - 15 * NS_PER_S,
        running_ns=NOW_NS - 14 * NS_PER_S,
        rate_nl_min=top_nl_min,
    )


def _wanted(plan: Plan, run: bool = True) -> Targets:
    pump = PumpTarget(
        action=PumpAction.INFUSE,
        motion_id=plan.motion_id,
        base_nl=plan.base_nl,
        until_nl=plan.until_nl,
        start_rate_nl_min=plan.start_rate_nl_min,
        rate_nl_min=plan.rate_nl_min,
        run=run,
        diameter_um=SYRINGE.diameter_um,
    )
    return Targets(pump=pump, room=RoomTarget(pump_permit=True))


def _flowing(plan: Plan) -> Readings:
    return readings(
        pump={
            "prompt": Prompt.INFUSING,
            "motion": Motion.RUNNING,
            "motion_id": plan.motion_id,
            "rate_nl_min": plan.rate_nl_min,
            "infused_nl": 12_000,
        },
        line={"pressure_pa": RESISTANCE * plan.rate_nl_min // 60_000 + 500},
        room={"hold_pressed": True},
    )


def injecting() -> Scene:
    """The first motion of an injection of 60 uL, at its top rate, all well."""
    plan = moving(Purpose.INJECT, 50_000, 100_000)
    wanted = _wanted(plan)
    flowing = _flowing(plan)
    made = state(
        Phase.INJECTING,
        plan=plan,
        net=steady(flowing.line.pressure_pa or 0, plan.rate_nl_min),
        hold=Hold(HoldPhase.OPEN, HoldAction.INJECT, NOW_NS - 15 * NS_PER_S),
        injection=Injection(number=1, planned_nl=60_000),
        ledger=Ledger(
            account=Account(seen_nl=12_000, low_nl=11_000, high_nl=13_000, intent_nl=52_510),
            patient_id=PATIENT,
            side=Side.LEFT,
            utc_day=DAY,
        ),
        targets=wanted,
    )
    return Scene(made, flowing, wanted)


def tip_out(purpose: Purpose = Purpose.PRIME) -> Scene:
    """A motion with the tip out, held, running well; the tip word is fresh."""
    phase = Phase.LOCATE_DUCT if purpose is Purpose.TIP_DROP else Phase.PRIME
    until_nl = {Purpose.TIP_DROP: 5_000, Purpose.STIFFNESS: 8_000}.get(purpose, 30_000)
    plan = moving(purpose, until_nl, 60_000 if purpose is Purpose.STIFFNESS else 100_000)
    wanted = _wanted(plan)
    made = state(
        phase,
        plan=plan,
        hold=Hold(HoldPhase.OPEN, HoldAction.PRIME, NOW_NS - 15 * NS_PER_S),
        line=LineCheck(
            zero_count=1,
            zeroed=True,
            primed=True,
            tip_out_ns=NOW_NS - 20 * NS_PER_S,
            stopcock_ns=NOW_NS - 20 * NS_PER_S if purpose is Purpose.STIFFNESS else 0,
        ),
        targets=wanted,
    )
    book = made.ledger if purpose is Purpose.TIP_DROP else replace(made.ledger, account=None)
    return Scene(replace(made, ledger=book), _flowing(plan), wanted)


def check_row(step: Step, part: str) -> int:
    """Index of a row of the daily check."""
    return next(n for n, r in enumerate(ROWS) if (r.step, r.part) == (step, part))


def quiet() -> Scene:
    """The daily check keeps silent toward pump and box; a drop runs, the switch is held."""
    plan = replace(moving(Purpose.CHECK, 5_000, 40_000), released=True)
    check = Check(
        check_row(Step.BOX, "watchdog"), NOW_NS - 100 * NS_PER_MS, ASSISTANT, SYRINGE.diameter_um
    )
    pump = PumpTarget(diameter_um=SYRINGE.diameter_um, silent=True)
    made = State(
        profile=profile(),
        check=check,
        plan=plan,
        hold=Hold(HoldPhase.OPEN, HoldAction.PRIME, NOW_NS - 15 * NS_PER_S),
        line=LineCheck(zero_count=1, zeroed=True, tip_out_ns=NOW_NS - 20 * NS_PER_S),
    )
    wanted = Targets(pump=pump, room=RoomTarget(withhold_heartbeat=True))
    return Scene(made, _flowing(plan), wanted)


def check_drop() -> Scene:
    """The daily check's drop runs, before the silence."""
    plan = moving(Purpose.CHECK, 5_000, 40_000)
    row = check_row(Step.BOX, "motion")
    scene = quiet().but(
        check={"row": row}, pump={"infused_nl": 2_000}, state={"plan": plan, "permit": True}
    )
    return scene._replace(wanted=_wanted(plan)).but(state={"targets": _wanted(plan)})


def dispensing() -> Scene:
    """A portion runs into a vessel, to be weighed."""
    plan = moving(Purpose.DISPENSE, 20_000, 100_000)
    begun = Dispensing(ASSISTANT, SYRINGE.name, SYRINGE.diameter_um, 20_000, 100_000, 7)
    changed = {"plan": plan, "check": None, "dispensing": begun}
    made = check_drop().but(state=changed, pump={"infused_nl": 12_000})
    return made._replace(wanted=_wanted(plan)).but(state={"targets": _wanted(plan)})


def retracting() -> Scene:
    """A bounded retract after an injection, about to start."""
    pump = PumpTarget(
        action=PumpAction.WITHDRAW,
        motion_id=2,
        until_nl=10_000,
        start_rate_nl_min=100_000,
        rate_nl_min=100_000,
        run=True,
        diameter_um=SYRINGE.diameter_um,
    )
    wanted = Targets(pump=pump, room=RoomTarget(pump_permit=True))
    plan = Plan(
        motion_id=2,
        purpose=Purpose.RETRACT,
        base_nl=0,
        until_nl=10_000,
        start_rate_nl_min=100_000,
        top_rate_nl_min=100_000,
        intent_seq=50,
        rate_nl_min=100_000,
    )
    made = state(
        Phase.SETTLE,
        plan=plan,
        injection=Injection(
            number=1,
            planned_nl=60_000,
            ended_ns=NOW_NS - NS_PER_S // 2,
            stop_rate_nl_min=100_000,
            retract_nl=10_000,
        ),
    )
    return Scene(made, readings(line={"pressure_pa": 2_000}), wanted)


def taking_back() -> Scene:
    """The retract test: what a push has shut in is taken back, the switch held."""
    pushed = tip_out(Purpose.STIFFNESS)
    pump = PumpTarget(
        action=PumpAction.WITHDRAW,
        motion_id=1,
        until_nl=4_000,
        start_rate_nl_min=60_000,
        rate_nl_min=60_000,
        run=True,
        diameter_um=SYRINGE.diameter_um,
    )
    wanted = Targets(pump=pump, room=RoomTarget(pump_permit=True))
    plan = replace(
        moving(Purpose.RETRACT_TEST, 4_000, 60_000), running_ns=0, base_nl=0, until_nl=4_000
    )
    line = replace(pushed.state.line, stopcock_ns=NOW_NS - 20 * NS_PER_S, pushed_nl=4_000)
    made = replace(pushed.state, plan=plan, line=line, targets=Targets())
    return Scene(made, readings(line={"pressure_pa": 10_000}), wanted)


def clearing() -> Scene:
    """Counters are cleared at the end of prime."""
    pump = PumpTarget(diameter_um=SYRINGE.diameter_um, clear_counters=True)
    return Scene(state(Phase.PRIME), readings(), Targets(pump=pump))


def compressing() -> Scene:
    """The paddle may be driven down."""
    unit = MammographTarget(Compression.PERMIT, force_limit_mn=40_000)
    wanted = Targets(mammograph=unit, room=RoomTarget(pump_permit=True))
    return Scene(state(Phase.COMPRESSION), readings(), wanted)


def exposing() -> Scene:
    """An exposure under way: armed, held, unit exposing, compressed."""
    unit = MammographTarget(Compression.HOLD, ExposureStage.EXPOSE, View.CC, 40_000)
    wanted = Targets(mammograph=unit, room=RoomTarget(pump_permit=True, xray_enable=True))
    made = state(
        Phase.EXPOSURE_ARMED,
        hold=Hold(HoldPhase.OPEN, HoldAction.EXPOSE, NOW_NS - NS_PER_S),
        exposure=Exposure(
            view=View.CC,
            pump_locked=True,
            ready_ns=NOW_NS - NS_PER_S // 2,
            compressed_ns=NOW_NS - 10 * NS_PER_S,
        ),
        injection=Injection(
            number=1,
            planned_nl=60_000,
            ended_ns=NOW_NS - 60 * NS_PER_S,
        ),
        targets=wanted,
    )
    read = readings(
        mammograph={
            "unit_state": UnitState.EXPOSING,
            "paddle": Paddle.HOLDING,
            "force_mn": 30_000,
            "view_code": View.CC.value,
        },
        room={"hold_pressed": True, "xray_enabled": True},
    )
    return Scene(made, read, wanted)
