"""One run: a seed's room, its faults and its judges, from where it begins to a quiet end."""

import hashlib
from typing import Any, Final

import msgspec

from config.load import LoadedRoom
from controller.clock import RealClock
from sim.campaign import checks
from sim.campaign.person import AFTER_NL, Campaigner
from sim.campaign.scene import HeardWorld, Scene
from sim.checker import Checker
from sim.devices.room import SimulatedRoom
from sim.faults.draw import SHORT, Plan
from sim.faults.strike import Strikes, Struck
from sim.judges.case import Broke, Case
from sim.judges.table import judge
from sim.judges.watch import Watch
from sim.procedure import Player, Procedure

LIMIT_NS: Final = 900 * 10**9
"""Longest run; a procedure that is not over by then is stuck."""
_LEAST_NL: Final = AFTER_NL * 3 // 4
"""What must have flowed into the next patient for the room to be in order again."""
_CEASE_NS: Final = 420 * 10**9
"""Faults cease at the latest now, so that what follows is without them."""
_REST_NS: Final = 3 * 10**9
_MS: Final = 1_000_000
_BEGUN: Final = frozenset({"set-up", "prime-and-zero"})


class Result(msgspec.Struct, frozen=True):
    """What came of a run; field names are the command's JSON."""

    seed: int
    digest: str
    outcome: str
    virtual_s: float
    wall_s: float
    delivered_nl: int
    ledger_low_nl: int
    ledger_high_nl: int
    extravasated_nl: int
    faults: list[str]
    violations: list[str]
    invalid: list[str]
    """Faults of the plan that were never seen to act, and why."""
    phases: list[str]
    exposures: int
    rearms: int
    alarms: list[str]
    injecting_s: float
    peak_line_pa: int
    peak_duct_pa: int


class Run:
    """A run under way (protocol ``sim.faults.stage.Stage``)."""

    def __init__(self, loaded: LoadedRoom, scene: Scene, plan: Plan) -> None:
        """Take over a scene; nothing happens before ``play``."""
        self._loaded = loaded
        self._plan = plan
        self.world: HeardWorld = scene.world
        self.player: Procedure = scene.player
        self.who: Campaigner = scene.who
        self.order = scene.order
        self._drawn_wires = plan.place != SHORT
        named_um = loaded.profile.syringes[0].diameter_um
        real_um = scene.world.devices.physics.rig.syringe_um
        self._brought_ppm = -(-(real_um**2) * 1_000_000 // named_um**2)
        self.loss = ""
        self.stands_ns = 0
        self.strikes = Strikes(plan)
        self.watch = Watch(scene.world.devices)
        self.watch.look(scene.world.now_ns(), 0)
        self._digest = hashlib.sha256()
        self._lives: list[HeardWorld] = []
        self._from_ns = scene.world.now_ns()
        self._dead: list[tuple[int, int]] = []
        self._phases: list[str] = []
        self._ends_ns = 0
        self._closed_ns = 0
        self._ledger = (0, 0)

    # --- what faults may touch ------------------------------------------------------------------

    @property
    def devices(self) -> SimulatedRoom:
        """The devices, which outlive a controller."""
        return self.world.devices

    @property
    def phase(self) -> str:
        """Where the procedure stands."""
        return self.world.room.state.phase.value

    @property
    def held(self) -> bool:
        """The hand presses the switch."""
        pressed = [event[2] for event in self.events(0) if event[1] == "hold"]
        return bool(pressed and pressed[-1])

    @property
    def means_to_hold(self) -> bool:
        """The person believes to be pressing it."""
        return self.who.means_to_hold

    @property
    def gaps(self) -> list[tuple[int, int]]:
        """Silences of the controllers so far."""
        return [gap for world in (*self._lives, self.world) for gap in world.gaps]

    def hand(self, name: str, value: bool | int | str) -> None:
        """Do something in the room, or break something there."""
        self.world.set_input(name, value)

    def events(self, since_ns: int) -> list[Any]:
        """What happened in the room since an instant."""
        fresh = list(self.devices.events)
        return [event for event in (*self.watch.events, *fresh) if event[0] >= since_ns]

    # --- the run --------------------------------------------------------------------------------

    def play(self) -> Case:
        """Until the procedure is over, another one has begun, and nothing moves any more."""
        self._ends_ns = self.world.now_ns() + LIMIT_NS
        cease_ns = self.world.now_ns() + _CEASE_NS
        self._until(lambda: self._closed() or self.world.now_ns() >= cease_ns)
        self.strikes.end(self)
        self._until(self._closed)
        fresh = bool(self._closed_ns) and self._goes_on_with_another()
        self.who.resting = True
        self._until(lambda: not self.who.means_to_hold)
        self.world.run_until(self._look_only, _REST_NS)
        return self._case(fresh)

    def _until(self, done: Any) -> bool:
        """Run passes, and whole lives of controllers, until something is so."""
        while self.world.now_ns() < self._ends_ns:
            reached = self.world.run_until(
                lambda: self._look() or done(), self._ends_ns - self.world.now_ns()
            )
            if self.loss == "dies":
                self._restart()
            elif reached:
                return True
        return False

    def _look_only(self) -> bool:
        self.watch.look(self.world.now_ns(), self.world.journal.durable_seq())
        return False

    def _look(self) -> bool:
        """After each pass; True = this life of the controller is over."""
        self._look_only()
        self.strikes.look(self)
        if self.stands_ns:
            span_ns, self.stands_ns = self.stands_ns, 0
            self.world.freeze(span_ns)
            self._look_only()
        return self.loss == "dies"

    def _restart(self) -> None:
        """The process is gone; after a while another one finds the record."""
        died = self.world
        one = next(s for s in self.strikes.all if s.planned.name == "killed")
        from_ns = died.now_ns()
        died.freeze(int(one.chosen["dead_ms"]) * _MS)
        self._lives.append(died)
        self._dead.append((from_ns, died.now_ns()))
        self._digest.update(died.digest().encode())
        self.watch.look(died.now_ns(), died.journal.durable_seq())
        self.world = HeardWorld(
            self._loaded, self._plan.seed, before=died, drawn_wires=self._drawn_wires
        )
        self.world.last_ns = died.last_ns
        self.who.restarted()
        self.player = Procedure(self.world, self.who)
        self.loss = "died"

    def _closed(self) -> bool:
        """The first procedure is over."""
        if self.who.patients_done or (self.who.finished and self.phase == "standby"):
            self._closed_ns = self._closed_ns or self.world.now_ns()
        return bool(self._closed_ns)

    def _goes_on_with_another(self) -> bool:
        """Another patient, with an ordinary duct: a short procedure, from its begin to its end."""
        checks.another_patient(self.devices, self.world.now_ns())
        before_ul = self.devices.physics.entered_ul
        if any(one.row.room for one in self.strikes.all):
            self.who.resting = True
            checker = Checker(self._loaded.profile)
            seen = Player(self.world, checker)
            self._until(lambda: bool(seen.last) and checker.finished(seen.last))
            seen.hang_up()
            self.who.resting = False
        if not self._plan.after:
            return self._until(lambda: bool(self.who.patients_done) and self.phase in _BEGUN)
        if not self._until(self._closed_again):
            return False
        given_nl = (self.devices.physics.entered_ul - before_ul) * 1_000
        return given_nl >= _LEAST_NL and not self.who.gave_up_after

    def _closed_again(self) -> bool:
        over = self.who.finished and self.phase == "standby"
        return self.who.patients_done > 1 or (self.who.patients_done == 1 and over)

    # --- what came of it ------------------------------------------------------------------------

    def _case(self, fresh: bool) -> Case:
        return Case(
            self.watch.events,
            self.watch.samples,
            self.world.journal.rows,
            self.watch.durable,
            [_broke(one) for one in self.strikes.all if one.seen_ns],
            self.devices.now_ns,
            self.order.ordered_nl * (1 + self.order.top_up) * self.order.ducts,
            self._dead,
            "closed" if self._closed_ns else f"stuck in {self.phase}",
            fresh,
            self._from_ns,
            self._plan.plain,
            self.order.ducts,
            self._brought_ppm,
            [run for world in (*self._lives, self.world) for run in world.pump_said],
        )

    def invalid(self) -> list[str]:
        """Faults that were never seen to act, and why as far as it is known."""
        return [
            f"{one.planned.name}: "
            + (f"not seen ({one.row.must})" if one.struck_ns else self._why_never(one))
            for one in self.strikes.all
            if not one.seen_ns
        ]

    def _why_never(self, one: Struck) -> str:
        """Its moment did not come, or was over before the drawn delay had passed."""
        if not one.due_ns:
            return f"its moment never came ({one.planned.moment}; {self.who.gave_up or 'closed'})"
        return f"its moment was over too soon ({one.planned.moment}, {one.planned.delay_ms} ms)"

    def digest(self) -> str:
        """Of all lives of the controller."""
        if not self._lives:
            return self.world.digest()
        whole = self._digest.copy()
        whole.update(self.world.digest().encode())
        return whole.hexdigest()


def _broke(one: Struck) -> Broke:
    row = one.row
    return Broke(
        row.name,
        one.struck_ns,
        one.seen_ns,
        one.mended_ns,
        one.flowed,
        row.alarms,
        row.alarm_ms,
        row.stop_ms,
        row.slows_ms,
        row.spoils,
        row.keeps_out,
    )


def play(loaded: LoadedRoom, scene: Scene, plan: Plan) -> tuple[Result, Case]:
    """One run of a plan in a scene that is the seed's own."""
    clock = RealClock()
    wall_ns, from_ns = clock.now_ns(), scene.world.now_ns()
    run = Run(loaded, scene, plan)
    case = run.play()
    violations = judge(case)
    truth = run.devices.truth()
    samples = case.samples
    books = [e for e in case.of("ledger") if e["side_day_high_nl"]]
    last = next((b for b in reversed(books)), None)
    flows = [m for m in case.motions if m.forward and case.set_at("tip", m.on_ns)[1] != "out"]
    result = Result(
        seed=plan.seed,
        digest=run.digest(),
        outcome=_outcome(case, run.who),
        virtual_s=round((run.world.now_ns() - from_ns) / 1e9, 3),
        wall_s=round((clock.now_ns() - wall_ns) / 1e9, 3),
        delivered_nl=int(truth["entered_nl"]),
        ledger_low_nl=last["side_day_low_nl"] if last else 0,
        ledger_high_nl=last["side_day_high_nl"] if last else 0,
        extravasated_nl=int(truth["extravasated_nl"]),
        faults=[one.planned.name for one in run.strikes.all],
        violations=violations,
        invalid=run.invalid(),
        phases=["standby", *(e["phase"] for e in case.of("phase"))],
        exposures=int(truth["exposure_count"]),
        rearms=run.who.rearm_count,
        alarms=[e["alarm"] for e in case.of("alarm") if e["change"] == "raised"],
        injecting_s=round(sum(min(m.off_ns, case.end_ns) - m.on_ns for m in flows) / 1e9, 1),
        peak_line_pa=max((s.line_pa for s in samples), default=0),
        peak_duct_pa=max((s.duct_pa for s in samples if s.tip_in), default=0),
    )
    return result, case


def _outcome(case: Case, who: Campaigner) -> str:
    """How it ended, in a word or two."""
    if case.outcome != "closed":
        return case.outcome
    if not case.fresh:
        return "not again"
    return "given up" if who.gave_up_first else "closed"


def crashed(plan: Plan, words: str) -> Result:
    """A run that raised: nothing of it is known but how."""
    return Result(
        seed=plan.seed,
        digest="",
        outcome="crashed",
        virtual_s=0.0,
        wall_s=0.0,
        delivered_nl=0,
        ledger_low_nl=0,
        ledger_high_nl=0,
        extravasated_nl=0,
        faults=[one.name for one in plan.faults],
        violations=[f"crash: {words}"],
        invalid=[],
        phases=[],
        exposures=0,
        rearms=0,
        alarms=[],
        injecting_s=0.0,
        peak_line_pa=0,
        peak_duct_pa=0,
    )
