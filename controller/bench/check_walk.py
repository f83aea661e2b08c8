"""Leads a person through the daily check, or the first part of it, and finds its results."""

from collections.abc import Callable, Sequence
from typing import Final

from controller.bench.commission import Bench
from controller.bench.desk import Snapshot
from state_machine.checking import WHOLE
from state_machine.entries import DailyCheck

TRY_MS: Final = 500
"""Between two tries of a word that was not taken yet (the pump is not proven to stand, ...)."""
TRIES: Final = 120
BEGIN_TRIES: Final = 20
RECORD_MS: Final = 3_000

_QUESTIONS: Final = {
    "confirm-reclose": "no cannula is in anybody, the pump may have power?",
    "tip-out": "the tip is out, over the cup?",
    "sounder-heard": "is the sounder heard?",
}


def walk(bench: Bench, ending: Callable[[Snapshot], bool]) -> str:
    """Go through the check until it is over, or ``ending``; why it failed, empty = it did not."""
    if not bench.yes("check/ready", "nobody in the room as a patient, tip over a cup?"):
        return "the daily check was not begun"
    refusals = _begin(bench)
    if refusals:
        return "; ".join(refusals)
    row = 0
    while True:
        if not bench.until(lambda s, row=row: s["daily_check"]["row"] != row or ending(s)):  # type: ignore[misc]
            return "the daily check does not go on"
        check = bench.now["daily_check"]
        if not check["step"]:
            return str(check["failed_words"]) if check["failed_step"] else ""
        if ending(bench.now):
            return ""
        row = check["row"]
        part = f"check/{check['step']}/{check['part']}"
        bench.person.tell(part, f"      {check['step']}: {check['prompt']}")
        if check["asks"]:
            _answer(bench, part, row, check["asks"])


def _begin(bench: Bench) -> tuple[str, ...]:
    """Begin the check; tried for some seconds: a motion of a step before may still be ending."""
    for _ in range(BEGIN_TRIES):
        bench.acknowledge()
        refusals = bench.desk.ask(
            "daily-check", syringe=bench.site.syringe, tip_out=True, room_empty=True
        )
        if not refusals:
            return ()
        bench.until(lambda _s: False, TRY_MS)
    return refusals


def _answer(bench: Bench, part: str, row: int, asks: str) -> None:
    """A word that the row waits for; said again until it is taken, as long as the row waits."""
    yes = bench.yes(part, _QUESTIONS[asks])
    if asks == "sounder-heard":
        bench.desk.ask(asks, heard=yes)
        return
    fields = {"purpose": "daily-check"} if asks == "tip-out" else {"cannula_out": True}
    for _ in range(TRIES if yes else 0):
        if bench.now["daily_check"]["row"] != row:
            return
        if asks == "confirm-reclose":
            bench.acknowledge()
        if not bench.desk.ask(asks, **fields):
            break
        bench.until(lambda _s: False, TRY_MS)
    if asks == "tip-out":
        bench.person.tell(f"{part}/press", "      press the hold switch and keep it down")


def last_check(bench: Bench) -> Sequence[DailyCheck]:
    """Parts of the newest check that is over, its whole last; waits for the record."""
    begun_ms = bench.desk.now_ms
    while True:
        found = bench.site.checks()
        if found and found[-1].step == WHOLE or bench.desk.now_ms - begun_ms > RECORD_MS:
            break
        bench.desk.hear()
    starts = [n for n, entry in enumerate(found[:-1], 1) if entry.step == WHOLE]
    return found[starts[-1] if starts else 0 :]
