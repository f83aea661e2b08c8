"""A syringe is dispensed from by the tool: through the running controller, a yes for each motion.

The controller's own drivers and gate do it (``state_machine/dispensing.py``): in standby, nobody
in the room, the tip in the vessel, a person's word and the held switch for each motion, volume and
rate within the room's limits. What was moved is what the pump's own counter says.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple, Self

from controller.bench.calibrate import Job, Weighing, weigh
from controller.bench.desk import Desk, Ended, Snapshot
from controller.bench.scales import Scales
from controller.record.calibrations import Result

Ask = Callable[[str], str]
Say = Callable[[str], None]

SNAPSHOTS_HZ: Final = 2
"""So few that none piles up too high while a balance is waited for (20 s)."""
READY_MS: Final = 30_000
"""For the pump to start after power came, and for the line to come to rest (assumption)."""
_AGAIN_MS: Final = 1_000
_HELD_MS: Final = 60_000
"""For a person to press the switch; the controller's own time for it is shorter."""
_MARGIN_PPM: Final = 300_000
"""More than the line holds, to drive the air out of it (assumption)."""


class Portion(NamedTuple):
    """What is dispensed each time."""

    syringe: str
    volume_nl: int
    rate_nl_min: int
    dead_space_nl: int
    """Of the line: filled first, not weighed."""

    @property
    def fill_count(self) -> int:
        """Motions that fill the line, and some more."""
        wanted_nl = self.dead_space_nl * (1_000_000 + _MARGIN_PPM) // 1_000_000
        return -(-wanted_nl // self.volume_nl)


def too_much(portion: Portion, count: int, total_most_nl: int) -> str:
    """Why the controller would refuse before the end; empty = it does not."""
    wanted_nl = (portion.fill_count + count) * portion.volume_nl
    if wanted_nl <= total_most_nl:
        return ""
    return (
        f"{count} portions of {portion.volume_nl} nL and {portion.fill_count} to fill the line are"
        f" {wanted_nl} nL; allowed are {total_most_nl} nL (prime_total_nl): fewer, or smaller ones"
    )


class Tool:
    """Dispenses; a context, so that it is over whatever happens.

    Raises:
        Ended: refused, given up, or ended by the controller (an alarm, STOP).
        Gone: the controller is gone.
    """

    def __init__(self, desk: Desk, ask: Ask, say: Say, portion: Portion) -> None:
        """Nothing is asked for before the context begins."""
        self._desk = desk
        self._ask = ask
        self._say = say
        self._portion = portion
        self._begun = False

    def __enter__(self) -> Self:
        """Begin, power the pump, fill the line."""
        portion = self._portion
        self._yes("nobody in the room as a patient, no cannula in anybody, the tip in the vessel?")
        self._taken(
            self._desk.ask(
                "dispense", syringe=portion.syringe, volume_nl=portion.volume_nl,
                rate_nl_min=portion.rate_nl_min, tip_out=True, room_empty=True,
            )
        )  # fmt: skip
        self._begun = True
        try:
            # a reply is quicker than the snapshot that shows what it says
            self._desk.until(lambda s: bool(s["dispense"]["by"]), READY_MS)
            self._still_ours()
            if not self._powered():
                self._yes("may the pump have power?")
                self._taken(self._desk.ask("confirm-reclose", cannula_out=True))
            self._fill()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        """Dispense no more."""
        if self._begun and self._now()["by"]:
            self._desk.ask("end-dispense")
        self._begun = False

    def portion(self, label: str) -> int:
        """One portion, nL by the pump's counter; more than one motion where the switch slips."""
        before_nl = self._now()["total_nl"]
        while not self._motion(label):
            self._say("      not whole: what was moved is counted, one more motion")
        return int(self._now()["total_nl"] - before_nl)

    def _fill(self) -> None:
        count = self._portion.fill_count
        self._say(f"the line is filled first, {count} portions: they are not weighed")
        for number in range(1, count + 1):
            self.portion(f"fill {number}/{count}")
        while self._ask("      does water come, and no air? y or n: ").strip().lower() != "y":
            self.portion("fill, once more")

    def _motion(self, label: str) -> bool:
        """One motion, however it ends; whether it came to its own end."""
        self._yes(f"{label}: the tip is in the vessel, dispense {self._portion.volume_nl} nL?")
        self._allowed()
        self._say("      press the hold switch and KEEP IT DOWN until it says that it is done")
        count = self._now()["count"]
        ended = self._desk.until(lambda s: self._over(s, count), _HELD_MS + self._longest_ms())
        if ended is None:
            raise Ended("the motion did not end: see the pump's line and the alarms")
        self._still_ours()
        moved_nl = int(self._now()["moved_nl"])
        self._say(f"      done: {moved_nl} nL ({ended['hold']['why']}); let the switch go")
        return bool(self._now()["whole"])

    def _allowed(self) -> None:
        """The word that the tip is in the vessel, as soon as the room takes it."""
        begun_ms, told = self._desk.now_ms, ()  # type: tuple[int, tuple[str, ...]]
        while refusals := self._desk.ask("tip-out", purpose="dispense"):
            self._still_ours()
            if refusals != told:
                told = refusals
                self._say(f"      not yet: {'; '.join(refusals)}")
            if self._desk.now_ms - begun_ms > READY_MS:
                raise Ended(f"not possible: {'; '.join(refusals)}")
            self._desk.until(lambda _s: False, _AGAIN_MS)

    def _longest_ms(self) -> int:
        portion = self._portion
        return 4 * portion.volume_nl * 60_000 // portion.rate_nl_min

    @staticmethod
    def _over(shown: Snapshot, count: int) -> bool:
        begun = shown["dispense"]
        return not begun["by"] or begun["count"] > count

    def _now(self) -> dict[str, Any]:
        begun: dict[str, Any] = self._desk.newest["dispense"]
        return begun

    def _still_ours(self) -> None:
        if not self._now()["by"]:
            alarms = [alarm["words"] for alarm in self._desk.newest["alarms"]]
            raise Ended(f"the controller ended it: {'; '.join(alarms) or 'STOP was pressed'}")

    def _powered(self) -> bool:
        return bool(self._desk.newest["devices"]["pump"]["link"] == "up")

    def _yes(self, question: str) -> None:
        if self._ask(f"{question} y = yes, q = end: ").strip().lower() not in ("y", "yes"):
            raise Ended("ended by a person: nothing is kept")

    @staticmethod
    def _taken(refusals: tuple[str, ...]) -> None:
        if refusals:
            raise Ended("; ".join(refusals))


def weigh_by_tool(
    job: Job, desk: Desk, scales: Scales, weighing: Weighing, portion: Portion
) -> Result:
    """A syringe by what the tool dispenses from it; on record what was begun, and its verdict.

    Raises:
        Ended: refused, given up, ended by the controller, or the weighings say nothing.
        Gone: the controller is gone.
    """
    words = f"syringe {portion.syringe}, dispensed by the tool, against {job.reference}"
    refusals = desk.ask("service", work="calibrate", words=words[:500])
    if refusals:
        raise Ended("; ".join(refusals))
    with Tool(desk, job.ask, job.say, portion) as tool:
        found = weigh(job, scales, weighing, tool.portion)
    desk.ask("service", work="done", words=f"calibrate syringe: {found.verdict}"[:500])
    return found
