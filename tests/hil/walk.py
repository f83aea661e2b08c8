"""One whole procedure with water: walked phase by phase, tried at every step, and measured.

In each phase everything hazardous that does not belong there is asked for; each must be refused
in words, and nothing may move. What belongs where is stated here, by hand, and not taken from
the workflow's table: that is what is checked.
"""

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from state_machine.entries import Exposed
from tests.hil.bench import ARM_S, Bench
from tests.hil.place import Shown
from tests.hil.scale import Weighing
from tests.hil.verdicts import BENCH, HilFailure

ORDERED_NL: Final = 60_000
LIMIT_S: Final = 420.0
STILL_S: Final = 0.4
MOVES: Final = ("injecting", "settle")
"""Phases in which the pump moves by right: the injection, and one retract after it."""
RETRACTED_S: Final = 2.0
BEAM: Final = ("EXPOSING", "DONE")
PRESSED_IN: Final = ("set-up", "cannulate", "settle", "review")
"""Phases in which switch and pedal are pressed although nothing is armed."""


class Hazardous(NamedTuple):
    """Something to ask for, and the phases in which it belongs."""

    request: str
    fields: dict[str, Any]
    belongs: tuple[str, ...]
    role: str = "technologist"


# fmt: off
HAZARDOUS: Final = (
    Hazardous("tip-out", {"purpose": "prime"}, ("prime-and-zero",)),
    Hazardous("tip-out", {"purpose": "open-tip"}, ("prime-and-zero",)),
    Hazardous("tip-out", {"purpose": "tip-drop"}, ("locate-duct",)),
    Hazardous("tip-out", {"purpose": "daily-check"}, ()),
    Hazardous("zero", {}, ("prime-and-zero",)),
    Hazardous("set-up-room", {"syringe": "BD 3 mL"}, ("set-up",)),
    Hazardous("cannulate", {}, ("cannulate",), "radiologist"),
    Hazardous("do", {"event": "arm"}, ("arm",)),
    Hazardous("confirm-arm", {"plan": ""}, ("arm-confirm",)),
    Hazardous("do", {"event": "resume"}, ("stopped",), "radiologist"),
    Hazardous("do", {"event": "recovered"}, ("recovery",), "radiologist"),
    Hazardous("do", {"event": "compressed"}, ("compression",)),
    Hazardous("do", {"event": "arm-exposure"}, ("exposure",)),
    Hazardous("open-case", {"patient_id": "X", "ordered_nl": 100_000}, ("standby",)),
    Hazardous("daily-check", {"tip_out": True, "room_empty": True}, ("standby",)),
    Hazardous("hold-begin", {"token": "guessed", "beat": 1}, ()),
)
# fmt: on


@dataclass
class Walk:
    """What was seen on the way."""

    phases: list[str] = field(default_factory=list)
    asked: int = 0
    taken: list[str] = field(default_factory=list)
    """Hazardous requests that were taken although they do not belong there."""
    wordless: list[str] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    failed: str = ""
    """Why the procedure did not get to its end."""
    mark: int = 0
    unheld_moved: bool = False
    flow_ms: float = 0.0
    paused_ms: float = 0.0
    checkpoint_nl: int = 0
    ready_s: float = 0.0
    unheld_exposed: bool = False
    beam_ms: float = 0.0
    aborted: Exposed | None = None
    whole: Exposed | None = None
    weighed: Weighing | None = None
    before_nl: int = 0
    weighed_nl: int = 0
    counted_nl: int = 0
    """Of the whole injection: weighed, and on the pump's own counter."""


class Walker:
    """Walks once."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.walk = Walk(weighed=Weighing(bench.scale))
        self._aborted = self._paused = False

    def go(self) -> Walk:
        """From standby to standby."""
        bench, walk = self.bench, self.walk
        who = bench.who
        usual_nl, who.ordered_nl, who.views, who.images = (
            who.ordered_nl,
            ORDERED_NL,
            ("CC", "CC"),
            True,
        )
        who.next_patient()
        walk.mark = bench.mark()
        end_ns = bench.place.now_ns() + int(LIMIT_S * 1e9)
        try:
            while bench.place.now_ns() < end_ns and not self._over():
                shown = bench.look()
                if shown is not None:
                    self._step(shown)
            if not self._over():
                walk.failed = f"not over within {LIMIT_S:g} s; {bench.where()}"
        except HilFailure as failure:
            walk.failed = str(failure)
        who.ordered_nl, who.images = usual_nl, False
        self._read_record()
        return walk

    def _over(self) -> bool:
        return "aftercare" in self.walk.phases and self.bench.shown.get("phase") == "standby"

    def _step(self, shown: Shown) -> None:
        phase, walk = shown["phase"], self.walk
        if walk.weighed is not None:
            flows = phase == "injecting" and shown["rate"]["confirmed_nl_min"] > 0
            rate_nl_min = shown["rate"]["confirmed_nl_min"]
            walk.weighed.look(rate_nl_min if flows else 0, self.bench.place.now_ns())
        if not walk.phases or walk.phases[-1] != phase:
            fresh = phase not in walk.phases
            walk.phases.append(phase)
            if fresh:
                self._try_all(phase)
                return
        unit_state = shown["devices"]["mammograph"]["unit_state"]
        if phase == "exposure-armed" and unit_state == "EXPOSING":
            walk.unheld_exposed = True  # nobody has pressed: that is done in _expose
        if phase == "injecting" and shown["volume"]["injected_nl"] >= 20_000 and not self._paused:
            self._pause()
        elif phase == "exposure-armed" and unit_state == "READY":
            self._expose(shown)
        else:
            self.bench.work(shown)

    # --- what does not belong here --------------------------------------------------------------

    def _try_all(self, phase: str) -> None:
        bench, walk = self.bench, self.walk
        before = _still(bench.shown)
        for one in HAZARDOUS:
            if phase in one.belongs or (phase == "standby" and one.request == "open-case"):
                continue
            walk.asked += 1
            words = bench.ask(one.request, one.role, **one.fields)
            what = one.fields.get("purpose") or one.fields.get("event", "")
            name = f"{one.request} {what} in {phase}"
            if words is None:
                walk.taken.append(name)
            elif not any(words):
                walk.wordless.append(name)
        if phase not in MOVES and _moved(before, now := _still(bench.shown)):
            walk.moved.append(f"in {phase}: {before} before, {now} after")
        if phase == "armed":
            self._unheld()
        elif phase == "settle":
            walk.weighed_nl = bench.scale.weighed_nl("after it") - walk.before_nl
            walk.counted_nl = bench.shown["volume"]["injected_nl"]
            bench.let_pass(RETRACTED_S)
        if phase in PRESSED_IN:
            self._pressed(phase)

    def _pressed(self, phase: str) -> None:
        """Switch and pedal, although nothing is armed."""
        before = _still(self.bench.shown)
        for name in ("hold", "compress_pedal"):
            self.bench.do(name, True)
            self.bench.let_pass(STILL_S if name == "hold" else 9.0)
            self.bench.do(name, False)
            self.bench.let_pass(STILL_S)
        if _moved(before, now := _still(self.bench.shown)):
            self.walk.moved.append(f"switch and pedal in {phase}: {before} before, {now} after")

    def _unheld(self) -> None:
        """Armed, and nobody holds: nothing flows; pressed, it does."""
        bench, walk = self.bench, self.walk
        before = _still(bench.shown)
        walk.before_nl = bench.scale.weighed_nl("before the injection")
        bench.let_pass(1.0)
        walk.unheld_moved = _moved(before, _still(bench.shown))
        pressed_ns = bench.place.now_ns()
        bench.who.switch(True)
        bench.do("hold", True)
        bench.until(
            lambda s: s["rate"]["confirmed_nl_min"] > 0, 10, "held, and nothing flows", BENCH
        )
        walk.flow_ms = (bench.place.now_ns() - pressed_ns) / 1e6

    def _pause(self) -> None:
        """Let go in mid injection."""
        bench, walk = self.bench, self.walk
        self._paused = True
        bench.do("hold", False)
        bench.who.forget()
        told_ns = bench.place.now_ns()
        walk.paused_ms = 99_999
        bench.until(lambda s: s["phase"] != "injecting", 10, "released, and it goes on", BENCH)
        walk.paused_ms = (bench.place.now_ns() - told_ns) / 1e6

    # --- exposures --------------------------------------------------------------------------------

    def _expose(self, shown: Shown) -> None:
        """Ready and not held: no exposure. Held: X-rays; the first time let go in mid exposure."""
        bench, walk = self.bench, self.walk
        walk.ready_s = max(walk.ready_s, shown["phase_ms"] / 1000)
        count = shown["devices"]["mammograph"]["exposure_count"]
        if not self._aborted:
            bench.let_pass(0.6)
            unit = bench.shown["devices"]["mammograph"]
            exposing = unit["unit_state"] in BEAM
            walk.unheld_exposed |= exposing or unit["exposure_count"] != count
        bench.do("hold", True)
        pressed_ns = bench.place.now_ns()
        bench.until(
            lambda s: (
                s["devices"]["mammograph"]["unit_state"] in BEAM or s["phase"] != "exposure-armed"
            ),
            5,
            "held, and no X-rays",
            BENCH,
        )
        walk.beam_ms = max(walk.beam_ms, (bench.place.now_ns() - pressed_ns) / 1e6)
        if not self._aborted:
            self._aborted = True
            bench.let_pass(0.2)
            bench.do("hold", False)
        bench.until(lambda s: s["phase"] != "exposure-armed", 8, "the exposure did not end", BENCH)
        bench.hands_off()

    def _read_record(self) -> None:
        exposed = [e for e in self.bench.since(self.walk.mark) if isinstance(e, Exposed)]
        self.walk.aborted = exposed[0] if exposed else None
        self.walk.whole = exposed[1] if len(exposed) > 1 else None


def _still(shown: Shown) -> tuple[int, int, int, int]:
    """What shows that something moved or exposed."""
    pump, unit = shown["devices"]["pump"], shown["devices"]["mammograph"]
    return (
        pump["infused_nl"],
        pump["withdrawn_nl"],
        unit["force_mn"] // 1000,
        unit["exposure_count"],
    )


def _moved(before: tuple[int, int, int, int], after: tuple[int, int, int, int]) -> bool:
    """Plunger, paddle downwards, exposures; a paddle that goes up is none."""
    (infused, withdrawn, force, made), now = before, after
    return (infused, withdrawn, made) != (now[0], now[1], now[3]) or now[2] > force


__all__ = ["ARM_S", "HAZARDOUS", "Walk", "Walker"]
