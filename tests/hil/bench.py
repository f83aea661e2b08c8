"""The bench: one room, owned through its production controller, and the person who works in it.

Everything that moves is asked for through the API and goes through the same gate as for any other
client. Without approval only looking is possible. Whatever happens, the room is left safe: hands
off, stop, paddle up, controller told to end, each within a bounded time.
"""

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, Final

from sim.site.person import Person
from sim.technologist import Deed, Request, Technologist
from state_machine.entries import AlarmChanged, AnyEntry, Inputs
from state_machine.readings import PumpReading, RoomReading
from tests.hil.place import ControllerGone, Place, Shown
from tests.hil.scale import Scale, scale_of
from tests.hil.verdicts import BENCH, PRODUCT, UNIT, Fault, HilFailure

LOOK_S: Final = 1.0
ARM_S: Final = 300.0
"""From standby to an injection: set-up, prime and its tests, arming (measured: 40 to 55 s)."""
STUCK_S: Final = {"stopped": 25, "prime-and-zero": 100, "arm": 25}
DISOBEYED: Final = frozenset({"stop-not-obeyed", "uncommanded-motion"})
"""Alarms by which the controller has found the unit out before a check could: the pushes of prime
are stopped, too."""
SAFE_S: Final = 4.0
RECORD_S: Final = 0.3
"""A row of the record is written within 100 ms; a loaded machine gets longer."""
BY: Final = "H. Bench"
ORDERED_NL: Final = 190_000


class Worker(Person):
    """The scripted technologist of a bench: as much as one injection may have, images if wanted."""

    def __init__(self, profile: Any) -> None:
        super().__init__(profile)
        self.ordered_nl = ORDERED_NL
        self.images = False
        self.views: tuple[str, ...] = ("CC",)
        self.order_now()

    def order_now(self) -> None:
        """What the procedure under way is for."""
        self._order = self._order._replace(ordered_nl=self.ordered_nl, views=self.views)

    def next_patient(self) -> None:
        """Another phantom."""
        super().next_patient()
        if hasattr(self, "ordered_nl"):
            self.order_now()

    def in_phase(self, shown: Shown) -> list[Deed]:
        """Settling leads to the images here."""
        if shown["phase"] == "settle" and self.images:
            return self.settle(shown)
        if shown["phase"] == "suspected-extravasation":
            return self.take_out(shown)
        return super().in_phase(shown)

    def forget(self) -> None:
        """Somebody else's hands were at work: nothing is taken for done."""
        self._pressed = self._pedal = False


class _Stuck:
    """A procedure that stands in one phase for longer than anything there takes."""

    def __init__(self) -> None:
        self._phase, self._since_ns = "", 0

    def look(self, phase: str, now_ns: int) -> bool:
        """True once per time that it stands too long."""
        if phase != self._phase:
            self._phase, self._since_ns = phase, now_ns
        limit_s = STUCK_S.get(phase, 0)
        if not limit_s or now_ns - self._since_ns < limit_s * 10**9:
            return False
        self._since_ns = now_ns
        return True


class Bench:
    """One room."""

    def __init__(self, place: Place, approved: bool, balance: str = "") -> None:
        self.place = place
        self.hands = place.hands
        self.approved = approved
        self.profile = place.loaded.profile
        self.who = Worker(self.profile)
        self.once_flowing: tuple[tuple[Any, ...], ...] = ()
        """What is put in as soon as contrast flows, for the tests of the checks."""
        self.shown: Shown = {}
        self.scale: Scale = scale_of(place.hands, balance)
        self.identities: dict[str, str] = {}
        self.calibration: list[str] = []
        self.hears = True
        self._replies: dict[int, dict[str, Any]] = {}
        self._number = 0
        self._entries: list[AnyEntry] = []
        self.alive = False
        for waits in (place.hands, self.scale):
            if hasattr(waits, "meanwhile"):
                waits.meanwhile = self._glance

    # --- looking ------------------------------------------------------------------------------

    def start(self) -> "Bench":
        """Start the controller, wait for its first snapshot."""
        try:
            self.place.start()
        except ControllerGone as gone:
            raise HilFailure(BENCH, f"the controller does not start: {gone}") from gone
        self.alive = True
        self.shown = {}
        self.place.say({"k": "subscribe", "hz": self.place.hz})
        self.until(lambda _shown: True, 30, "the controller shows nothing")
        return self

    def look(self, limit_s: float = LOOK_S) -> Shown | None:
        """The newest snapshot that arrives; None when none did in time.

        Raises:
            ControllerGone: nobody answers.
        """
        newest = None
        for message in self.place.hear(limit_s):
            if message["k"] == "snapshot":
                newest = self.shown = message
                for name, device in message["devices"].items():
                    self.identities[name] = device["identity"] or self.identities.get(name, "")
                self.calibration = _calibrations(message["calibration"])
            elif message["k"] == "reply":
                self._replies[message["number"]] = message
                self.who.hear(message)
        return newest

    def _glance(self) -> None:
        """Take what the controller said while a person or a balance is waited for."""
        if self.alive:
            with contextlib.suppress(ControllerGone):
                self.look(0)

    def until(
        self,
        done: Callable[[Shown], bool],
        limit_s: float,
        words: str,
        fault: Fault = BENCH,
        act: bool = False,
    ) -> Shown:
        """Look (and work) until a snapshot satisfies ``done``.

        Raises:
            HilFailure: it did not in time, or the controller is gone.
        """
        end_ns = self.place.now_ns() + int(limit_s * 1e9)
        try:
            while self.place.now_ns() < end_ns:
                shown = self.look()
                if shown is None:
                    continue
                if done(shown):
                    return shown
                if act:
                    self.work(shown)
        except ControllerGone as gone:
            self.alive = False
            raise HilFailure(PRODUCT, f"{words}: the controller is gone ({gone})") from gone
        raise HilFailure(fault, f"{words} (not within {limit_s:g} s); {self.where()}")

    def let_pass(self, span_s: float) -> None:
        """Look on for a while."""
        end_ns = self.place.now_ns() + int(span_s * 1e9)
        while (left_ns := end_ns - self.place.now_ns()) > 0:
            self.look(left_ns / 1e9)

    def where(self) -> str:
        """Where things stand, in words."""
        shown = self.shown
        if not shown:
            return "nothing was shown"
        alarms = [alarm["name"] for alarm in shown["alarms"]]
        hold = shown["hold"]
        return (
            f"it stands in {shown['phase']}, hold {hold['phase']} ({hold['why']}), alarms {alarms},"
            f" waits for {list(shown['waits_for'])}, stop {shown['stop']['words']!r},"
            f" {self.who.gave_up or self.who.refusals[-2:]}"
        )

    # --- doing --------------------------------------------------------------------------------

    def must_be_approved(self) -> None:
        """Nothing moves without approval, whoever calls.

        Raises:
            HilFailure: there is none.
        """
        if not self.approved:
            raise HilFailure(BENCH, "nothing moves without --approve")

    def do(self, name: str, value: bool | int | str) -> None:
        """Hands."""
        self.hands.do(name, value)

    def deed(self, deed: Deed) -> None:
        """What a scripted person does; numbers of one connection's requests rise."""
        if isinstance(deed, Request):
            self._number += 1
            self.place.say({**deed.body, "number": self._number})
        else:
            self.do(deed.name, deed.value)

    def work(self, shown: Shown) -> None:
        """What the scripted technologist does about a snapshot."""
        self.must_be_approved()
        truth = self.hands.truth()
        # a person at a real tip says the first drop when it shows: here, once the prime has run
        self.who.see(truth["spilled_nl"] if truth is not None else shown["line"]["prime_nl"])
        for deed in self.who.look(shown, self.place.now_ns()):
            self.deed(deed)

    def ask(self, request: str, role: str = "technologist", **fields: Any) -> list[str] | None:
        """One request; None = taken, else the words that refused it.

        Raises:
            HilFailure: it was not answered.
        """
        self._number += 1
        number = self._number
        name = {"technologist": BY, "radiologist": "R. Radiologist"}[role]
        self.place.say({"request": request, "by": name, "role": role, "number": number, **fields})
        self.until(lambda _s: number in self._replies, 5, f"{request} was not answered", PRODUCT)
        reply = self._replies.pop(number)
        return None if reply["taken"] else list(reply["refusals"])

    def flowing(
        self, least_nl: int = 2_000, room_nl: int = 12_000, least_nl_min: int = 50_000
    ) -> Shown:
        """Everything up to contrast (water) that flows, with room until the checkpoint.

        Raises:
            HilFailure: the room did not get there.
        """

        def done(shown: Shown) -> bool:
            volume = shown["volume"]
            left_nl = volume["checkpoint_nl"] - volume["injected_nl"]
            return bool(
                shown["phase"] == "injecting"
                and shown["rate"]["confirmed_nl_min"] >= least_nl_min
                and volume["injected_nl"] >= least_nl
                and left_nl >= room_nl
            )

        self.who.fresh_try()
        stuck = _Stuck()

        def so_far(shown: Shown) -> bool:
            if stuck.look(shown["phase"], self.place.now_ns()):
                self.begin_anew()
            return done(shown)

        mark = self.mark()
        try:
            self.until(so_far, ARM_S, "the room did not come to inject", act=True)
        except HilFailure as failed:
            told = {e.alarm for e in self.since(mark) if isinstance(e, AlarmChanged)} & DISOBEYED
            if failed.fault is BENCH and told:
                words = f"a pump that does not obey ({', '.join(sorted(told))}) keeps it from that"
                raise HilFailure(UNIT, f"{words}: {failed}") from failed
            raise
        for name, value in self.once_flowing:
            self.do(name, value)
        return self.shown

    def begin_anew(self) -> None:
        """Give this procedure up: a busy machine can lose a prime too often."""
        self.hands_off()
        self.ask("do", "radiologist", event="abort")
        self.who.fresh_try()

    def hands_off(self) -> None:
        """The scripted technologist lets go."""
        self.do("hold", False)
        self.who.forget()

    # --- the record ---------------------------------------------------------------------------

    def mark(self) -> int:
        """Number of the newest entry made; what follows is beyond it."""
        return int(self.shown["journal"]["seq"])

    def since(self, seq: int) -> list[AnyEntry]:
        """Entries beyond a mark, once they had time to get to the disk."""
        with contextlib.suppress(ControllerGone):
            self.let_pass(RECORD_S)
        return self.place.entries(seq)

    # --- the end ------------------------------------------------------------------------------

    def leave_safe(self) -> list[str]:
        """Hands off, stop, paddle up, controller told to end; what is not safe then, in words."""
        wrong: list[str] = []
        if self.alive:
            with contextlib.suppress(HilFailure, ControllerGone):
                if self.hands.simulated:
                    self._simulated_hands_off()
                self.ask("do", event="stop")
                self.ask("release-paddle")
                self.until(_stands, SAFE_S, "the pump is not proven to stand", PRODUCT)
            wrong += [] if not self.shown or _stands(self.shown) else ["the pump may be moving"]
        status = self.place.end()
        self.alive = False
        if status:
            wrong.append(f"the controller ended with {status}")
        return wrong + self._really_safe()

    def _simulated_hands_off(self) -> None:
        for name, value in (("hold", False), ("compress_pedal", False), ("pain", False)):
            self.do(name, value)

    def _really_safe(self) -> list[str]:
        truth = self.hands.truth() if self.hands.simulated else None
        if truth is None:
            return []
        return [
            words
            for name, words in (
                ("motor_on", "the motor runs"),
                ("beam_on", "X-rays are on"),
                ("xray_enabled", "X-rays are enabled"),
            )
            if truth[name]
        ]


def _calibrations(found: dict[str, Any]) -> list[str]:
    """The calibration state as the controller was given it."""
    fault = [found["fault"]] if found["fault"] else []
    return [f"rule: {found['rule']}", *fault] + [
        f"{one['kind']} {one['subject']}: {'passed' if one['passed'] else 'NOT PASSED'}, "
        f"{one['value']} +- {one['uncertainty_ppm']} ppm, until day {one['until_day']}"
        for one in found["found"]
    ]


def _stands(shown: Shown) -> bool:
    pump = shown["devices"]["pump"]
    return bool(pump["motion"] not in ("running", "stopping", "unknown") or pump["link"] == "lost")


def pumps(entries: Sequence[AnyEntry]) -> list[PumpReading]:
    """Each new reading of the pump, in order."""
    return [e.pump for e in entries if isinstance(e, Inputs) and e.pump is not None]


def boxes(entries: Sequence[AnyEntry]) -> list[RoomReading]:
    """Each new reading of the room box, in order."""
    return [e.room for e in entries if isinstance(e, Inputs) and e.room is not None]


__all__ = ["Bench", "Technologist", "Worker", "boxes", "pumps"]
