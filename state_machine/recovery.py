"""From the record to a starting state: always stopped, nothing assumed.

What a restart needs is written (``Resume``) at every phase change and every intent. A
procedure that was open starts in *recovery*: the pump shall stand still, the paddle
may be released at once, the ledger's high becomes the intent (everything the pump had
been told may have been delivered), and nothing can be armed until a person confirms
what they see. Locks and volumes of earlier days come back with it.

Where the pump was not without power meanwhile, its own counter still knows what it moved:
``Unproven`` keeps what the counter must show to replace the intent, once, by proof.
"""

import msgspec

from state_machine.ledger import AFTER_RESTART, UNKNOWN_SCALE_PPM, Account, Ledger, Unproven
from state_machine.line import Doubt
from state_machine.profile import Profile
from state_machine.readings import PumpReading
from state_machine.state import (
    BACKWARD_PURPOSES,
    Case,
    Checked,
    Duct,
    Exposure,
    Phase,
    Purpose,
    State,
)
from state_machine.units import less_ppm, more_ppm


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
    until_nl: int = 0
    """Counter up to which the pump may infuse by what it was told."""
    identity: str = ""
    """Pump, as it told."""
    diameter_um: int = 0
    """Syringe diameter that it confirmed."""
    doubt: Doubt | None = None
    """A self-test failed, and no set-up has passed them since."""
    retracting: bool = True
    """A retract was intended; true where an older program did not say."""


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
        until_nl=told_until_nl(state),
        identity=state.readings.pump.identity,
        diameter_um=state.readings.pump.diameter_um,
        doubt=state.doubt,
        retracting=state.plan is not None and state.plan.purpose is Purpose.RETRACT,
    )
    return msgspec.msgpack.encode(kept)


def told_until_nl(state: State) -> int:
    """Counter at which the pump stops by itself: the motion's end, else where it stands."""
    account, plan = state.ledger.account, state.plan
    seen_nl = account.seen_nl if account else 0
    forward = plan is not None and plan.purpose not in BACKWARD_PURPOSES
    return max(seen_nl, plan.until_nl) if plan is not None and forward else seen_nl


def start(
    profile: Profile,
    kept: bytes | None,
    entry_seq: int,
    boot_id: str = "",
    seen: PumpReading | None = None,
) -> State:
    """The state in which a controller begins.

    Args:
        profile: the profile in force now.
        kept: newest ``Resume`` of the record; None = an empty record.
        entry_seq: number of the record's last entry; counting goes on from it.
        boot_id: names this start of the machine; empty = not known. A daily check of
            another one, or of one not known, holds no longer (decision 0017).
        seen: the pump's newest answer on record after ``kept``, of the same run; it says
            what surely was delivered by then.
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
        return replace(fresh, ledger=idle, motion_count=last.motion_count, doubt=last.doubt)
    return replace(
        fresh,
        phase=Phase.RECOVERY,
        case=last.case,
        duct=last.duct,
        duct_count=last.duct_count,
        motion_count=last.motion_count,
        ledger=_intent_is_high(_counted_on(last, seen, profile)),
        unproven=_unproven(last),
        exposure=Exposure(count=last.exposure_count),
        doubt=last.doubt,
    )


def _unproven(last: Kept) -> Unproven | None:
    account = last.ledger.account
    if account is None or account.aside or not last.identity:
        return None
    if account.power_up_count == AFTER_RESTART:
        return None
    return Unproven(
        account=account,
        until_nl=last.until_nl,
        motion_id=last.motion_count,
        power_up_count=0,  # what a driver that has just begun must have seen
        identity=last.identity,
        diameter_um=last.diameter_um,
    )


def why_not_proven(kept: Unproven, pump: PumpReading) -> str:
    """Why the pump's counter proves nothing; empty = it goes on from the one of before.

    A power cut clears the counter, and everything else that makes it fall or jump is here.
    A counter that shows nothing could be one that was cleared.
    """
    counter_nl, digit_nl = pump.infused_nl, pump.digit_nl
    if pump.power_up_count != kept.power_up_count:
        return "the pump was without power meanwhile"
    if (pump.identity, pump.diameter_um) != (kept.identity, kept.diameter_um):
        return "it is another pump, or another diameter is set"
    if counter_nl <= digit_nl:
        return "the counter shows nothing: it may have been cleared"
    if counter_nl + digit_nl < kept.account.seen_nl:
        return "the counter is below what was seen before"
    if counter_nl > kept.until_nl + digit_nl:
        return "the counter is beyond what the pump was told"
    return ""


def _counted_on(last: Kept, seen: PumpReading | None, profile: Profile) -> Ledger:
    """The ledger with what the pump itself said after it was kept: low rises, so may high.

    As careful as can be without the state of then: the syringe counts as unknown (5 %). A
    retract has an intent of its own, kept before it may run: without that nothing is taken
    back that the pump did not say; with it, all that it may ever take counts as taken back.
    """
    account = last.ledger.account
    if account is None or account.aside or seen is None or not seen.at_ns:
        return last.ledger
    same = (seen.power_up_count, seen.identity) == (account.power_up_count, last.identity)
    if not same or seen.infused_nl < account.seen_nl:
        return last.ledger
    moved_nl = seen.infused_nl - account.base_nl
    back_nl = max(0, seen.withdrawn_nl - account.withdrawn_base_nl)
    back_nl += profile.limits.retract_nl if last.retracting else 0
    sure_nl = max(0, moved_nl - seen.digit_nl - back_nl)
    low_nl = account.closed_low_nl + less_ppm(sure_nl, UNKNOWN_SCALE_PPM)
    most_nl = more_ppm(moved_nl + seen.digit_nl, UNKNOWN_SCALE_PPM) if moved_nl else 0
    counted = msgspec.structs.replace(
        account,
        seen_nl=max(account.seen_nl, seen.infused_nl),
        low_nl=max(account.low_nl, low_nl),
        high_nl=max(account.high_nl, account.closed_high_nl + most_nl),
    )
    return msgspec.structs.replace(last.ledger, account=counted)


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
