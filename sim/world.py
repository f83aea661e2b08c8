"""A whole room on virtual time: the production loop, drivers and core on one event heap.

The loop does not know: it gets a clock, ports, a journal and an API like any other. Idle
time is jumped. One seed names a run; its digest is the SHA-256 over every run of bytes
(wire, direction, instant, bytes) in order, then the head of the record.
"""

import hashlib
import heapq
import random
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from config.load import LoadedRoom
from controller.api import Checker, LocalApi
from controller.assembly import begin, make_drivers
from controller.loop import Room, run_pass
from controller.record.chain import Row
from drivers.ports import Port
from sim.client import HELLO
from sim.devices.room import SimulatedRoom
from sim.memory import Door, MemoryJournal, MemoryPort, newest_resume, pair
from sim.physics import DUCT, RIG_27G_WARM, Patient, Rig
from sim.troubles import Acted, Observer, Trouble, Troubled
from sim.wires import Manner, Speaker, Wire, draw_manner
from state_machine.readings import ClockSync

START_NS: Final = 1_000_000_000
"""Boot time at which a world begins; 0 means *never* in a reading."""
_UTC_NS: Final = 1_767_225_600_000_000_000
"""2026-01-01 00:00 UTC, so that virtual records carry a date that is not today's."""
_TCP_NS: Final = 200_000
"""One way on the loopback or a quiet room network (measured: 160 us a round trip)."""
_SERIAL_NS: Final = 1_000_000
"""USB adapter in low-latency mode, one way (facts: pumps 6)."""
_DEVICES: Final = {
    "pump": "pump",
    "line": "pressure_sensor",
    "room": "room_io",
    "mammograph": "mammograph",
}
"""Name in the loop: name in the simulated room."""


class Tokens:
    """What is chance in a room, here drawn from the seed: a run can be made again."""

    def __init__(self, seed: int) -> None:
        """Begin the row of tokens."""
        self._chance = random.Random(f"{seed}/tokens")

    def __call__(self) -> str:
        """The next token."""
        return f"{self._chance.getrandbits(128):032x}"


class World:
    """One simulated room with the production controller in it."""

    def __init__(
        self,
        loaded: LoadedRoom,
        seed: int,
        rig: Rig = RIG_27G_WARM,
        patient: Patient = DUCT,
        before: "World | None" = None,
        boot_id: str = "boot-1",
        drawn_wires: bool = False,
        rows: Sequence[Row] | None = None,
        checker: Checker | None = None,
    ) -> None:
        """Build the room; nothing happens before ``run_until``.

        Args:
            loaded: room and procedure, as for a real room.
            seed: names the run: noise and reply times come from it.
            rig: syringe, line and cannula.
            patient: the duct.
            before: a world whose controller died; its devices go on, and what its record
                had written by then is what the new controller finds.
            boot_id: another one than that of ``before``: the machine was started anew.
            rows: what the new controller finds instead, where more or less got to the disk.
            checker: of PINs, where people log in; it has to answer at once.
            drawn_wires: latency, jitter and the share of single bytes are drawn for each
                wire; otherwise every run takes the same time.
        """
        self.seed = seed
        self._now_ns = before.now_ns() if before else START_NS
        self._events: list[tuple[int, int, Callable[[], None]]] = []
        self._event_count = 0
        self._woken = False
        self.utc_shift_ns = 0
        """Injected fault: the wall clock was stepped by so much."""
        self.clock_sync = ClockSync.UNKNOWN
        self._hash = hashlib.sha256()
        # baud 0: the wire keeps the time of the line, not the device
        self.devices: SimulatedRoom = (
            before.devices
            if before
            else SimulatedRoom(random.Random(f"{seed}/room"), rig, patient, now_ns=START_NS, baud=0)
        )
        if rows is None:
            rows = before.journal.durable_rows() if before else ()
        baud = {"pump": loaded.room.pump.baud}
        self.acted: list[Acted] = []
        """What the troubles of the wires really did, in order."""
        self.wires = {
            name: self._wire(name, self.devices.device(place), baud.get(name, 0), drawn_wires)
            for name, place in _DEVICES.items()
        }
        self._wires = tuple(self.wires.values())
        self.journal: MemoryJournal = MemoryJournal(self, rows)
        self._door = Door()
        self.api = LocalApi(self._door, checker, Tokens(seed))
        chance = random.Random(f"{seed}/owner/{len(rows)}")
        owner_id = chance.randrange(1, 2**32 - 1)
        last_seq = rows[-1].last_seq if rows else 0
        resume, seen = newest_resume(rows)
        self.room: Room = begin(
            loaded,
            make_drivers(loaded, owner_id),
            self.wires,
            self.journal,
            self.api,
            self,
            resume,
            last_seq,
            boot_id=boot_id,
            seen=seen,
        )

    def _wire(self, name: str, device: Speaker, baud: int, drawn: bool) -> Wire:
        """One wire, with the only generator that it draws from."""
        chance = random.Random(f"{self.seed}/{name}")
        manner = Manner(_SERIAL_NS if baud else _TCP_NS)
        if drawn:
            manner = draw_manner(chance, serial=bool(baud))
        return Wire(name, device, self._tell, self.now_ns, manner, baud, chance)

    # --- the clock that the loop gets ---------------------------------------------------------

    def now_ns(self) -> int:
        """Virtual boot time."""
        return self._now_ns

    def utc_ns(self) -> int:
        """Virtual wall-clock time."""
        return _UTC_NS + self._now_ns + self.utc_shift_ns

    def wait(self, ports: Sequence[Port], until_ns: int) -> None:
        """Jump to the next event until a port can be read or ``until_ns`` is reached."""
        self._woken = False
        while True:
            self._go_on(until_ns)
            if self._woken or self._now_ns >= until_ns:
                return
            for wire in self._wires:
                if wire.readable:
                    return

    def hand_over(self) -> None:
        """Nothing: virtual bytes leave by themselves."""

    def sync(self) -> ClockSync:
        """What a person set it to be; nobody keeps the clock of a virtual room."""
        return self.clock_sync

    def _go_on(self, until_ns: int) -> None:
        """Jump to the next instant at which anything happens, and let it happen."""
        devices = self.devices
        change_ns = devices.next_change_ns()
        now_ns = self._jump(min(change_ns, until_ns))
        events = bool(self._events) and self._events[0][0] <= now_ns
        if events:
            self._run_events()
            change_ns = devices.next_change_ns()
        if change_ns <= now_ns:
            devices.advance(now_ns)
        if events or change_ns <= now_ns:
            self._look()
        carried = devices.carried_count
        for wire in self._wires:
            if wire.due_ns <= now_ns:
                wire.advance(now_ns)
        if devices.carried_count != carried:  # what one device hears may make another one speak
            self._look()

    def _jump(self, due_ns: int) -> int:
        """Forward to the earliest of this, what is due on a wire, and the events."""
        for wire in self._wires:
            if wire.due_ns < due_ns:
                due_ns = wire.due_ns
        if self._events and self._events[0][0] < due_ns:
            due_ns = self._events[0][0]
        if due_ns > self._now_ns:
            self._now_ns = due_ns
        return self._now_ns

    def _look(self) -> None:
        for wire in self._wires:
            wire.look()

    def freeze(self, span_ns: int) -> None:
        """The controller stands still (suspended, or dead) while the room goes on."""
        end_ns = self._now_ns + span_ns
        while self._now_ns < end_ns:
            self._go_on(end_ns)
        self.devices.advance(end_ns)
        self._look()

    # --- events -------------------------------------------------------------------------------

    def at(self, at_ns: int, act: Callable[[], None]) -> None:
        """Do something at an instant."""
        self._event_count += 1
        heapq.heappush(self._events, (at_ns, self._event_count, act))

    def _run_events(self) -> None:
        while self._events and self._events[0][0] <= self._now_ns:
            heapq.heappop(self._events)[2]()

    def wake(self) -> None:
        """Something that the loop waits for has happened."""
        self._woken = True

    def client(self) -> MemoryPort:
        """Connect a client to the API, which says hello; returns the client's end."""
        ours, theirs = pair()
        ours.on_write = self.wake
        theirs.write(HELLO)
        self._door.waiting.append(ours)
        self.wake()
        return theirs

    def trouble(self, wire: str, plan: Trouble, tell: Observer | None = None) -> Troubled:
        """Put a trouble on a wire; what it does is told, and kept in ``acted`` by default.

        It draws from a generator of its own, named by seed, wire, kind and span, so that
        leaving one trouble out leaves the others as they are.

        Raises:
            ValueError: the plan means nothing (``sim.troubles.check``).
        """
        chance = random.Random(f"{self.seed}/{wire}/{plan.kind}/{plan.from_ns}-{plan.until_ns}")
        plan = msgspec.structs.replace(plan, from_ns=max(plan.from_ns, self._now_ns))
        place = self.wires[wire]
        troubled = Troubled(place, plan, chance, self.at, tell or self._note_acted)
        place.troubles += (troubled,)
        return troubled

    def _note_acted(self, acted: Acted) -> None:
        self.acted.append(acted)

    def set_input(self, name: str, value: Any) -> None:
        """What hands do in the room, now."""
        self.devices.set_input(name, value, self._now_ns)
        self._look()

    # --- running ------------------------------------------------------------------------------

    def run_until(self, done: Callable[[], bool], limit_ns: int) -> bool:
        """Run passes until ``done`` or for ``limit_ns``; True when done."""
        end_ns = self._now_ns + limit_ns
        while self._now_ns < end_ns:
            wake_ns = run_pass(self.room, self._now_ns)
            if done():
                return True
            self.wait((), min(wake_ns, end_ns))
        return False

    def _tell(self, wire: str, direction: str, at_ns: int, data: bytes) -> None:
        self._hash.update(f"{wire}{direction}{at_ns}:{len(data)}:".encode() + data)

    def digest(self) -> str:
        """SHA-256 over all that went over the wires, then the head of the record."""
        whole = self._hash.copy()
        whole.update(self.journal.head().encode())
        return whole.hexdigest()
