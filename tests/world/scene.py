"""A scene: one room on virtual time, its technologist, and what a judge may see.

A scene tells what happens (``until``, ``run``, ``hand``, ``ask``, ``cable``) and asks what
came of it (``truth``, ``alarms``, ``raised``). In every pass a judge who knows the truth
looks on: no flow while X-rays are on, and never more in the duct than the ledger says may
have got there.
"""

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import msgspec

from config.load import LoadedRoom, load_room
from drivers.registry import known_names
from sim.physics import DUCT, RIG_27G_WARM, Patient, Rig
from sim.procedure import Procedure
from sim.technologist import Deed, Order, Snapshot, Technologist
from sim.world import World
from state_machine import ledger
from state_machine.entries import AlarmChanged, AnyEntry, HoldChanged
from state_machine.profile import Order as Sequence
from state_machine.state import State
from tests.world import prepared

MS = 1_000_000
S = 1_000 * MS
TECHNOLOGIST, RADIOLOGIST = "T. Technologist", "R. Radiologist"
TAIL_NL = 100
"""What the line may still hold of the open-tip test when the cannula is placed: the pump's
counter, which is the only count, was cleared before (0.1 uL, a hundredth of a drop)."""
PLUNGER_STOP_MS = 100
"""Switch released to plunger at rest, typical: 50 ms of polling, one exchange, the stop."""
PLUNGER_STOP_MOST_MS = 150
TTL_STOP, POWER_OPEN = 1, 2
HEARTBEAT, COMMANDED, NOT_OBEYED = 2, 3, 5
"""Stages and trip causes of the room box, from its register map."""


@cache
def demo() -> LoadedRoom:
    """The shipped demo room."""
    return load_room("demo", known_names())


_rooms: list[LoadedRoom] = []


def _kept_room(loaded: LoadedRoom) -> int:
    """A number for a room that differs from that of every other room, for as long as we run."""
    for number, room in enumerate(_rooms):
        if room is loaded or room == loaded:
            return number
    _rooms.append(loaded)
    return len(_rooms) - 1


def demo_with(order: Sequence | None = None, **limits: int) -> LoadedRoom:
    """The demo room with another order or other limits."""
    loaded = demo()
    profile = loaded.profile
    changed = msgspec.structs.replace(
        profile,
        order=order or profile.order,
        limits=msgspec.structs.replace(profile.limits, **limits),
    )
    return dataclasses.replace(loaded, profile=changed)


class Script(Technologist):
    """The scripted technologist, who can be told to keep the hands off."""

    resting = False
    page_frozen = False

    def view(self, shown: Snapshot) -> list[Deed]:
        """Nothing while the page is frozen."""
        return [] if self.page_frozen else super().view(shown)

    def act(self, shown: Snapshot, now_ns: int) -> list[Deed]:
        """Nothing while resting."""
        return [] if self.resting else super().act(shown, now_ns)

    def pressed(self, pressed: bool) -> None:
        """Somebody else moved the switch."""
        self._pressed = pressed


class Scene:
    """One room and everything that happens in it."""

    def __init__(
        self,
        order: Order | None = None,
        loaded: LoadedRoom | None = None,
        seed: int = 1,
        rig: Rig = RIG_27G_WARM,
        patient: Patient = DUCT,
        before: "Scene | None" = None,
        world: World | None = None,
    ) -> None:
        """Build the room; ``before``: the scene whose controller died; or take a ``world``."""
        loaded = loaded or demo()
        order = order or Order()
        died = before.world if before else None
        self._world: World = world or World(loaded, seed, rig, patient, before=died)
        self._who = Script(loaded.profile, order)
        self._procedure = Procedure(self._world, self._who)
        self._asked = 1_000
        made_from = (order, _kept_room(loaded), seed, rig, patient)
        self._raised: dict[str, str] = {}
        self._read_count = 0
        """Entries of the record that ``raised`` has seen: it is asked for in every pass."""
        self._begins = None if before or world else made_from
        """All that it was made from, until anything but the script happens in it."""

    @property
    def world(self) -> World:
        """The room; whoever takes it may do anything to it."""
        self._begins = None
        return self._world

    @property
    def who(self) -> Script:
        """The scripted technologist."""
        self._begins = None
        return self._who

    @property
    def procedure(self) -> Procedure:
        """The room with its technologist."""
        self._begins = None
        return self._procedure

    # --- what happens -------------------------------------------------------------------------

    def until(self, done: Callable[["Scene"], bool], limit_s: float = 200.0) -> "Scene":
        """Run until something is so; fails after ``limit_s`` virtual seconds."""
        self._begins = None
        reached = self._world.run_until(lambda: self._judge() or done(self), int(limit_s * S))
        assert reached, f"not so after {limit_s} s; {self.where()}"
        return self

    def until_phase(self, phase: str, limit_s: float = 200.0) -> "Scene":
        """Run until the procedure stands in a phase."""
        if self._begins is None:
            return self.until(lambda _: self.phase == phase, limit_s)
        prepared.bring(
            self,
            self._begins,
            phase,
            lambda s, any_of: s.until(lambda s: s.phase in any_of, limit_s),
        )
        self._begins = None
        return self

    def until_injected(self, volume_nl: int) -> "Scene":
        """Run until the pump's counter shows a volume of this injection, pump running."""
        self.until_phase("injecting")
        return self.until(
            lambda _: bool(
                self.truth["motor_on"]
                and self.readings.pump.infused_nl - self.state.injection.base_nl >= volume_nl
            )
        )

    def until_closed(self) -> "Scene":
        """Let the technologist finish the procedure."""
        return self.until(lambda _: self.procedure.done(), 400)

    def run(self, span_s: float) -> "Scene":
        """Let time pass."""
        self._begins = None
        self._world.run_until(self._judge, int(span_s * S))
        return self

    def hand(self, name: str, value: bool | int | str) -> "Scene":
        """Do something in the room with the hands, or break something."""
        self.world.set_input(name, value)
        if name == "hold":
            self.who.pressed(bool(value))
        return self

    def hands_off(self) -> "Scene":
        """The scripted technologist does nothing from now on; a held switch stays held."""
        self.who.resting = True
        return self

    def hands_on(self) -> "Scene":
        """The scripted technologist goes on."""
        self.who.resting = False
        return self

    def ask(self, request: str, by: str = TECHNOLOGIST, **fields: Any) -> tuple[str, ...]:
        """Ask the controller; returns the words that refused, empty when it was taken."""
        self._asked += 1
        role = "radiologist" if by == RADIOLOGIST else "technologist"
        heard: list[tuple[str, ...]] = []
        client = self.world.client()

        def hear() -> None:
            for line in client.read().splitlines():
                message = msgspec.json.decode(line)
                if message["k"] not in ("snapshot", "hello"):
                    heard.append(tuple(message.get("refusals", [message.get("words")])))

        client.on_write = hear
        body = {"request": request, "by": by, "role": role, "number": self._asked, **fields}
        client.write(msgspec.json.encode(body) + b"\n")
        self.until(lambda _: bool(heard), 1)
        client.close()
        return heard[0]

    def do(self, event: str, by: str = TECHNOLOGIST) -> tuple[str, ...]:
        """Ask for a workflow event."""
        return self.ask("do", by, event=event)

    def acknowledge_all(self) -> "Scene":
        """Acknowledge every alarm that is shown."""
        for alarm in self.state.alarms:
            if not alarm.acknowledged:
                self.ask("acknowledge", alarm=alarm.name)
        return self

    def restarted(self) -> "Scene":
        """The same room with a new controller on the record of this one."""
        return Scene(before=self)

    # --- what is so ---------------------------------------------------------------------------

    @property
    def state(self) -> State:
        """The controller's state."""
        return self._world.room.state

    @property
    def readings(self) -> Any:
        """What the controller measured."""
        return self._world.room.readings

    @property
    def phase(self) -> str:
        """Where the procedure stands."""
        return self.state.phase.value

    @property
    def visited(self) -> frozenset[str]:
        """Phases in which the procedure has been."""
        return frozenset(self._procedure.phases)

    @property
    def truth(self) -> dict[str, Any]:
        """What is really so."""
        return self._world.devices.truth()

    @property
    def moving(self) -> bool:
        """The plunger really moves."""
        return self._world.devices.pump.model.motor_on

    @property
    def alarms(self) -> set[str]:
        """Alarms that are present."""
        return {alarm.name for alarm in self.state.alarms if alarm.present}

    @property
    def raised(self) -> dict[str, str]:
        """Alarms that were raised so far, with their priority."""
        record = self.record
        for e in record[self._read_count :]:
            if isinstance(e, AlarmChanged) and e.change == "raised":
                self._raised[e.alarm] = e.priority
        self._read_count = len(record)
        return self._raised

    @property
    def high_nl(self) -> int:
        """What may have got into this breast today, by the ledger."""
        return ledger.side_day_high_nl(self.state.ledger)

    @property
    def why(self) -> str:
        """Why the hold gate was closed last."""
        closed = [entry.why for entry in self.entries(HoldChanged) if entry.hold == "closed"]
        return closed[-1] if closed else ""

    def entries(self, kind: type[Any]) -> list[Any]:
        """Entries of a kind, in order."""
        return [entry for entry in self.record if isinstance(entry, kind)]

    @property
    def record(self) -> list[AnyEntry]:
        """Everything this controller recorded."""
        return self._world.journal.entries  # type: ignore[return-value]

    def where(self) -> str:
        """Where things stand, for a failing test."""
        shown = {name: self._procedure.last.get(name) for name in ("phase", "waits_for", "hold")}
        return f"{shown} alarms {self.alarms} stop {self.state.stop} truth {self.truth}"

    # --- judges -------------------------------------------------------------------------------

    def _judge(self) -> bool:
        """What must hold in every pass; never ends a run."""
        devices, book = self._world.devices, self.state.ledger
        moving, beam = devices.pump.model.motor_on, devices.mammograph.beam_on
        assert not (moving and beam), f"flow and X-rays at once: {self.where()}"
        if book.account is not None:
            entered_nl = round(devices.physics.entered_ul * 1000)
            most_nl = ledger.side_day_intent_nl(book)
            assert entered_nl <= most_nl + TAIL_NL, (
                f"{entered_nl} nL in, the ledger knows of {most_nl}"
            )
        return False

    def stop_span_ms(self, limit_ms: int = 3_000) -> float:
        """Time from now until the plunger really stands still, to 0.1 ms."""
        began_ns, stopped_ns = self.world.now_ns(), []

        def look() -> None:
            now_ns = self.world.now_ns()
            self.world.devices.advance(now_ns)
            if not self.moving:
                stopped_ns.append(now_ns)
            else:
                self.world.at(now_ns + MS // 10, look)

        look()
        self.until(lambda _: bool(stopped_ns), limit_ms / 1000)
        return (stopped_ns[0] - began_ns) / MS


def injecting(volume_nl: int = 20_000) -> Scene:
    """The switch is held, contrast flows, and the script keeps the hands off."""
    return Scene().until_injected(volume_nl).hands_off()


def beam_on(scene: Scene) -> bool:
    """X-rays are on."""
    return bool(scene.truth["beam_on"])


@contextmanager
def nothing_moves(scene: Scene) -> Iterator[None]:
    """Nothing leaves the pump meanwhile."""
    before_nl = scene.truth["plunger_nl"]
    yield
    assert scene.truth["plunger_nl"] == before_nl
    assert not scene.moving
