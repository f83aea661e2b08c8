"""From the record to a starting state: always stopped, nothing assumed.

What a restart needs is written (``Resume``) at every phase change and every intent. A
procedure that was open starts in *recovery*: the pump shall stand still, the paddle
may be released at once, the ledger's high becomes the intent (everything the pump had
been told may have been delivered), and nothing can be armed until a person confirms
what they see. Locks and volumes of earlier days come back with it.
"""

import msgspec

from state_machine.ledger import AFTER_RESTART, Account, Ledger
from state_machine.profile import Profile
from state_machine.state import Case, Checked, Duct, Exposure, Phase, State


class Kept(msgspec.Struct, frozen=True):
    """What survives a restart."""

    phase: Phase
    ledger: Ledger
    case: Case | None = None
    duct: Duct | None = None
    duct_count: int = 0
    motion_count: int = 0
    exposure_count: int = 0
    """Exposure counter of the unit when last armed."""
    checked: Checked = Checked()
    """The last daily check; its boot time says something in the same boot only."""
    boot_id: str = ""


def keep(state: State) -> bytes:
    """Encode what a restart needs (msgpack)."""
    kept = Kept(
        phase=state.phase,
        ledger=state.ledger,
        case=state.case,
        duct=state.duct,
        duct_count=state.duct_count,
        motion_count=state.motion_count,
        exposure_count=state.exposure.count,
        checked=state.checked,
        boot_id=state.boot_id,
    )
    return msgspec.msgpack.encode(kept)


def start(profile: Profile, kept: bytes | None, entry_seq: int, boot_id: str = "") -> State:
    """The state in which a controller begins.

    Args:
        profile: the profile in force now.
        kept: newest ``Resume`` of the record; None = an empty record.
        entry_seq: number of the record's last entry; counting goes on from it.
        boot_id: names this start of the machine; empty = not known. A daily check of
            another one, or of one not known, holds no longer (decision 0014).
    """
    fresh = State(profile=profile, entry_seq=entry_seq, boot_id=boot_id)
    if kept is None:
        return fresh
    last = msgspec.msgpack.decode(kept, type=Kept)
    replace = msgspec.structs.replace
    if boot_id and last.boot_id == boot_id:
        fresh = replace(fresh, checked=last.checked)
    if last.phase in (Phase.STANDBY, Phase.CLOSED) or last.case is None:
        idle = Ledger(days=last.ledger.days)
        return replace(fresh, ledger=idle, motion_count=last.motion_count)
    return replace(
        fresh,
        phase=Phase.RECOVERY,
        case=last.case,
        duct=last.duct,
        duct_count=last.duct_count,
        motion_count=last.motion_count,
        ledger=_intent_is_high(last.ledger),
        exposure=Exposure(count=last.exposure_count),
    )


def _intent_is_high(book: Ledger) -> Ledger:
    """Close the open account: low as known, high as intended; the counter proves nothing."""
    account = book.account
    if account is None:
        return book
    high_nl = max(account.high_nl, account.intent_nl)
    closed = Account(
        closed_low_nl=account.low_nl,
        closed_high_nl=high_nl,
        low_nl=account.low_nl,
        high_nl=high_nl,
        intent_nl=high_nl,
        power_up_count=AFTER_RESTART,  # the first reading re-bases the count on the pump's counter
    )
    return msgspec.structs.replace(book, account=closed)
