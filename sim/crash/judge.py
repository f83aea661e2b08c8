"""What must be true after a death: judged from the devices, never from what was shown."""

from typing import Any, Final

from controller.record.chain import Row, broken_link, decode
from sim.world import World
from state_machine.entries import LedgerNarrowed, MotionIntent
from state_machine.ledger import UNKNOWN_SCALE_PPM, Ledger
from state_machine.state import Phase
from state_machine.units import PPM

TAIL_NL: Final = 100
"""What the line may still hold of the open-tip test when the cannula is placed: the pump's
counter, which is the only count, was cleared before."""


class Before:
    """What was true when the new controller began."""

    def __init__(self, world: World, opened_nl: int | None, rows: tuple[Row, ...]) -> None:
        """Look at the room.

        Args:
            world: of the dead controller.
            opened_nl: plunger when the duct's account was opened; None = it never was.
            rows: what the disk has.
        """
        self.opened_nl = opened_nl
        self.rows = rows
        self.starts = _starts(world)
        self.open = world.room.state.phase not in (Phase.STANDBY, Phase.CLOSED)


def _starts(world: World) -> int:
    """How often the motor went on so far, of what the room still remembers."""
    return sum(name == "motor-on" for _, name, _, _ in world.devices.events)


def judge(before: Before, new: World) -> dict[str, Any]:
    """Volumes as the new controller has them, and every reason why that is wrong."""
    truth: dict[str, Any] = new.devices.truth()
    book = new.room.state.ledger
    low_nl, high_nl = volumes(book)
    opened_nl = before.opened_nl
    given_nl = int(truth["plunger_nl"]) - opened_nl if opened_nl is not None else 0
    moved = _starts(new) - before.starts
    reasons = []
    if not low_nl <= given_nl <= high_nl:
        reasons.append(f"{given_nl} nL were given, the ledger says {low_nl} to {high_nl}")
    if truth["entered_nl"] > high_nl + TAIL_NL:
        reasons.append(f"{truth['entered_nl']} nL entered, the ledger says at most {high_nl}")
    if moved:
        reasons.append(f"the plunger was started {moved} times without a person")
    intents = sum(isinstance(e, MotionIntent) for row in before.rows for e in decode(row))
    if before.starts > intents:
        reasons.append(f"{before.starts} motions, {intents} intents on the disk")
    if new.devices.pump.model.motor_on:
        reasons.append("the plunger still moves")
    if words := broken_link(new.journal.rows):
        reasons.append(f"the record does not hold: {words}")
    return {
        "verdict": "unsafe" if reasons else "good",
        "reasons": reasons,
        "new_phase": new.room.state.phase.value,
        "truth_nl": given_nl,
        "low_nl": low_nl,
        "high_nl": high_nl,
        "count_width_nl": count_width_nl(low_nl, high_nl),
        "narrowed": any(isinstance(e, LedgerNarrowed) for e in new.journal.entries),
        "powered": bool(truth["pump_powered"]),
    }


def volumes(book: Ledger) -> tuple[int, int]:
    """Low and high of everything in the ledger: days that are done and the duct that is open."""
    account = book.account
    low_nl = sum(day.low_nl for day in book.days) + (account.low_nl if account else 0)
    high_nl = sum(day.high_nl for day in book.days)
    return low_nl, high_nl + (max(account.high_nl, account.intent_nl) if account else 0)


def count_width_nl(low_nl: int, high_nl: int) -> int:
    """What is left of the width without the uncertainty of the syringe's diameter.

    Both bounds were made with it (5 %): it is taken out again.
    """
    low_counted = low_nl * PPM // (PPM - UNKNOWN_SCALE_PPM)
    return max(0, high_nl * PPM // (PPM + UNKNOWN_SCALE_PPM) - low_counted)
