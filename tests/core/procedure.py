"""People at work in the fake room: each function does one part of a procedure, to its end."""

from collections.abc import Callable
from typing import Any

from state_machine import requests as rq
from state_machine import selftests
from state_machine.entries import AnyEntry
from state_machine.facts import read_back
from state_machine.readings import Paddle, UnitState
from state_machine.requests import Event, Role, Side
from state_machine.state import HoldPhase, Phase
from state_machine.step import Outcome
from tests.core.fake_room import FakeRoom
from tests.core.fixtures import ASSISTANT, CANNULA, CONTRAST, DAY, PATIENT, PERFORMER, SYRINGE

WAIT_TICKS = 6_000
"""Five minutes of 50 ms: longer than anything takes."""


class People:
    """Technologist and radiologist; keeps the entries of every pass."""

    def __init__(self, room: FakeRoom) -> None:
        self.room = room
        self.entries: list[AnyEntry] = []

    def tick(self, *requests: rq.AnyRequest, **kwargs: int) -> Outcome:
        """One pass."""
        outcome = self.room.tick(*requests, **kwargs)
        self.entries.extend(outcome.entries)
        return outcome

    def ask(self, kind: type[rq.Request], **fields: Any) -> tuple[str, ...]:
        """Send one request; the words that refused it."""
        request = kind(by=ASSISTANT, role=Role.TECHNOLOGIST, utc_day=DAY, **fields)
        return self.tick(request).replies[0].refusals  # type: ignore[arg-type]

    def say(self, kind: type[rq.Request], **fields: Any) -> None:
        """Send one request, which must be taken."""
        refusals = self.ask(kind, **fields)
        assert refusals == (), (self.room.state.phase, kind.__name__, fields, refusals)

    def do(self, event: Event) -> None:
        """Ask for an event, which must be taken."""
        self.say(rq.Do, event=event)

    def wait(self, until: Callable[[FakeRoom], bool]) -> None:
        """Let passes go by until something is so."""
        for _ in range(WAIT_TICKS):
            if until(self.room):
                return
            self.tick()
        state = self.room.state
        raise AssertionError((state.phase, state.hold, state.plan, state.alarms, state.refused))

    def ticks(self, count: int) -> None:
        """Let some passes go by."""
        for _ in range(count):
            self.tick()

    # --- the parts of a procedure ---------------------------------------------------------

    def open(self, ordered_nl: int = 60_000, **fields: Any) -> None:
        """Open the case."""
        data: dict[str, Any] = {
            "patient_id": PATIENT,
            "patient_name": "Example",
            "side": Side.LEFT,
            "ordered_side": Side.LEFT,
            "ordered_nl": ordered_nl,
            "performer": PERFORMER,
            "assistant": ASSISTANT,
        }
        self.tick()
        self.say(rq.OpenCase, **(data | fields))

    def checklist(self) -> None:
        """Answer everything as safe."""
        for item in self.room.state.profile.checklist:
            self.say(rq.Answer, item=item.key, answer=item.safe_answer)
        self.do(Event.CHECKED)

    def set_up(self) -> None:
        """Mount all, power the pump."""
        names = {"contrast": CONTRAST.name, "syringe": SYRINGE.name, "cannula": CANNULA.name}
        sensed = self.room.state.profile.temperature_sensor
        entered_mc = 0 if sensed else 37_000
        self.say(rq.SetUpRoom, lot="L1", temperature_mc=entered_mc, volume_nl=900_000, **names)
        self.say(rq.ConfirmReclose, cannula_out=True)
        self.wait(lambda room: room.box.relay_closed)
        self.ticks(2)
        self.do(Event.SET_UP)

    def prime(self) -> None:
        """Zero, prime, every self-test."""
        self.zero()
        self.fill()
        self.push()
        self.tip_out("open-tip")
        self.wait(lambda room: room.readings.pump.infused_nl == 0)
        self.settle(Event.PRIMED)

    def zero(self) -> None:
        """Zero the line sensor."""
        self.say(rq.Zero)
        self.wait(lambda room: room.state.line.zeroed)
        self.ticks(5)

    def fill(self, drop_nl: int = 61_000) -> None:
        """Prime; contrast shows at the tip when ``drop_nl`` was moved."""
        self.begin_tip_out("prime")
        begun_nl = self.room.readings.pump.infused_nl
        self.wait(lambda room: room.readings.pump.infused_nl >= begun_nl + drop_nl)
        self.say(rq.FirstDrop)
        self.end_tip_out()

    def push(self) -> None:
        """Push against the closed stopcock, take it back, then open it."""
        self.room.stopcock(False)
        self.begin_tip_out("stiffness", stopcock_closed=True)
        self.end_tip_out()
        if selftests.passed(self.room.state, selftests.STIFFNESS):
            self.begin_tip_out("retract-test", stopcock_closed=True)
            self.end_tip_out()
        self.room.stopcock(True)

    def tip_out(self, purpose: str) -> None:
        """One motion with the tip out, held to its end, once the line is at rest."""
        self.begin_tip_out(purpose)
        self.end_tip_out()

    def begin_tip_out(self, purpose: str, **fields: Any) -> None:
        """Say that the tip is out, and press."""
        self.ticks(60)
        self.say(rq.TipOut, purpose=purpose, **fields)
        self.tick()
        self.room.box.hold = True

    def end_tip_out(self) -> None:
        """Hold to the end of the motion, then let go."""
        self.wait(lambda room: room.state.plan is None)
        self.room.box.hold = False
        self.ticks(6)

    def cannulate(self, difficult: bool = False) -> None:
        """Find the duct and place the cannula."""
        self.say(rq.ChooseDuct, clock_h=3, orifice=1)
        self.say(rq.Cannulate, difficult=difficult)

    def arm(self) -> None:
        """Both deliberate steps."""
        self.ticks(6)
        self.settle(Event.ARM)
        self.say(rq.ConfirmArm, plan=read_back(self.room.state))

    def press(self) -> None:
        """Press the switch and see it flow."""
        self.room.box.hold = True
        self.wait(lambda room: room.state.plan is not None and room.state.plan.running_ns > 0)

    def inject(self) -> None:
        """Hold, release and hold at every checkpoint, to the planned volume."""
        while self.room.state.phase is not Phase.SETTLE:
            self.room.box.hold = True
            self.wait(
                lambda room: (
                    room.state.hold.phase is HoldPhase.LIFT or room.state.phase is Phase.SETTLE
                )
            )
            self.room.box.hold = False
            self.ticks(6)

    def settle(self, event: Event = Event.SETTLED) -> None:
        """Ask for an event until it is taken (the pressure settles, the line relaxes)."""
        for _ in range(WAIT_TICKS):
            if not self.ask(rq.Do, event=event):
                return
        raise AssertionError(self.room.state.injection)

    def view(self, name: str = "CC") -> None:
        """Compress and expose one view."""
        room = self.room
        self.say(rq.SelectView, view=name)
        room.unit.drive_down = True
        self.wait(lambda room: room.readings.mammograph.paddle is Paddle.HOLDING)
        room.unit.drive_down = False
        self.do(Event.COMPRESSED)
        self.ticks(2)
        self.do(Event.ARM_EXPOSURE)
        self.wait(lambda room: room.readings.mammograph.unit_state is UnitState.READY)
        room.box.hold = True
        self.wait(lambda room: room.state.phase is Phase.REVIEW)
        room.box.hold = False
        self.wait(lambda room: room.readings.mammograph.paddle is Paddle.RELEASED)

    def finish(self) -> None:
        """Cannula out, aftercare, close."""
        self.do(Event.DONE)
        self.do(Event.DECANNULATED)
        self.do(Event.CARE_GIVEN)
        self.do(Event.CLOSE)
