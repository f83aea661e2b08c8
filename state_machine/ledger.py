"""Delivered volume as an interval [low, high], per duct and per breast and day.

The pump's own counter is the only count. ``low`` is what surely left the pump, ``high``
what may have: one digit of the counter, the diameter's uncertainty and what may have
moved since the answer included. Neither ever falls. ``intent_nl`` is the high that
would hold if nothing more were ever heard: the whole motion that the pump was told.

Every increase of the counter from *locate duct* to *decannulate* counts, whatever the
motion was for, and also when nobody asked for it. What is withdrawn is never subtracted
from ``high``: stored volume counts as delivered until shown otherwise, and so does what
the drive's play swallows at the next infusion. ``low`` is kept free of what has been and
of what may yet be withdrawn, from the beginning, so that it need not fall.
"""

from typing import Final

import msgspec

from state_machine.requests import Side
from state_machine.units import clamp_low, less_ppm, more_ppm

AFTER_RESTART: Final = -1
"""Power-up count of an account whose counter has not been read since the restart."""

UNKNOWN_SCALE_PPM: Final = 50_000
"""Volume uncertainty of a syringe that nobody has named (safety rules 4.4: 5 %)."""


class SideDay(msgspec.Struct, frozen=True):
    """One breast of one patient on one day, ducts that are done; kept for later days."""

    patient_id: str
    side: Side
    utc_day: int
    low_nl: int = 0
    high_nl: int = 0
    injection_count: int = 0
    locked_until_day: int = 0


class Account(msgspec.Struct, frozen=True):
    """The duct that is open."""

    base_nl: int = 0
    """Pump counter from which the live part is counted."""
    seen_nl: int = 0
    """Highest counter seen since."""
    closed_low_nl: int = 0
    """Parts whose counter is gone (power cut) or never was (by hand)."""
    closed_high_nl: int = 0
    low_nl: int = 0
    high_nl: int = 0
    intent_nl: int = 0
    power_up_count: int = 0
    withdrawn_base_nl: int = 0
    """Pump's withdrawn counter from which the live part is counted."""
    aside: bool = False
    """The cannula is out for a change of syringe: what the pump moves does not count here."""
    narrowed: bool = False
    """Its one narrowing was made."""


class Unproven(msgspec.Struct, frozen=True):
    """An account whose pump was out of sight, and what its own counter must show to prove it."""

    account: Account
    """As it stood at the newest intent."""
    until_nl: int
    """Counter at which the pump was told to stop by itself."""
    motion_id: int
    """The last motion that can have run."""
    power_up_count: int
    identity: str
    diameter_um: int


class Ledger(msgspec.Struct, frozen=True):
    """The open duct's account, its breast and day, and the days before."""

    account: Account | None = None
    patient_id: str = ""
    side: Side = Side.LEFT
    utc_day: int = 0
    days: tuple[SideDay, ...] = ()


def find_day(ledger: Ledger, patient_id: str, side: Side, utc_day: int) -> SideDay:
    """The record of a breast and day, empty where there is none."""
    for day in ledger.days:
        if (day.patient_id, day.side, day.utc_day) == (patient_id, side, utc_day):
            return day
    return SideDay(patient_id, side, utc_day)


def today(ledger: Ledger) -> SideDay:
    """The record of the breast and day that is open, without the open duct."""
    return find_day(ledger, ledger.patient_id, ledger.side, ledger.utc_day)


def put_day(ledger: Ledger, day: SideDay) -> Ledger:
    """Replace or add the record of a breast and day."""
    key = (day.patient_id, day.side, day.utc_day)
    others = tuple(d for d in ledger.days if (d.patient_id, d.side, d.utc_day) != key)
    return msgspec.structs.replace(ledger, days=(*others, day))


def locked_until_day(ledger: Ledger, patient_id: str, side: Side) -> int:
    """Day until which a breast is locked; 0 = it never was."""
    return max(
        (d.locked_until_day for d in ledger.days if (d.patient_id, d.side) == (patient_id, side)),
        default=0,
    )


def side_day_low_nl(ledger: Ledger) -> int:
    """Volume that surely went into the breast today."""
    account = ledger.account
    return today(ledger).low_nl + (account.low_nl if account else 0)


def side_day_high_nl(ledger: Ledger) -> int:
    """Volume that may have gone into the breast today."""
    account = ledger.account
    return today(ledger).high_nl + (account.high_nl if account else 0)


def side_day_intent_nl(ledger: Ledger) -> int:
    """The same, if the motion that the pump was told ran to its end unheard."""
    account = ledger.account
    return today(ledger).high_nl + (account.intent_nl if account else 0)


def open_duct(
    ledger: Ledger, counter_nl: int, power_up_count: int, withdrawn_nl: int = 0
) -> Ledger:
    """Open an account at the pump counters as they stand (after ``close_duct``)."""
    account = Account(
        base_nl=counter_nl,
        seen_nl=counter_nl,
        power_up_count=power_up_count,
        withdrawn_base_nl=withdrawn_nl,
    )
    return msgspec.structs.replace(ledger, account=account)


def set_aside(ledger: Ledger) -> Ledger:
    """Close the live part, as the counter will be cleared; the duct's account stays open."""
    account = ledger.account
    if account is None:
        return ledger
    high_nl = max(account.high_nl, account.intent_nl)
    waiting = msgspec.structs.replace(
        account,
        closed_low_nl=account.low_nl,
        closed_high_nl=high_nl,
        high_nl=high_nl,
        intent_nl=high_nl,
        aside=True,
    )
    return msgspec.structs.replace(ledger, account=waiting)


def take_up(ledger: Ledger, counter_nl: int, power_up_count: int, withdrawn_nl: int = 0) -> Ledger:
    """Go on with an account that was set aside, at the pump counters as they stand."""
    if ledger.account is None:
        return ledger
    account = msgspec.structs.replace(
        ledger.account,
        base_nl=counter_nl,
        seen_nl=counter_nl,
        power_up_count=power_up_count,
        withdrawn_base_nl=withdrawn_nl,
        aside=False,
    )
    return msgspec.structs.replace(ledger, account=account)


def close_duct(ledger: Ledger) -> Ledger:
    """Add the open account to its breast and day; what was intended counts as delivered."""
    account = ledger.account
    if account is None:
        return ledger
    day = today(ledger)
    saved = msgspec.structs.replace(
        day,
        low_nl=day.low_nl + account.low_nl,
        high_nl=day.high_nl + max(account.high_nl, account.intent_nl),
    )
    return msgspec.structs.replace(put_day(ledger, saved), account=None)


def count(
    account: Account,
    counter_nl: int,
    digit_nl: int,
    unheard_nl: int,
    told_nl: int,
    scale_ppm: int,
    power_up_count: int,
    withdrawn_nl: int = 0,
    reserve_nl: int = 0,
) -> Account:
    """Take one reading of the pump's counter into the account.

    Args:
        account: the account so far.
        counter_nl: infused counter of the newest answer.
        digit_nl: weight of its last digit.
        unheard_nl: what may have moved since that answer's question was sent.
        told_nl: counter at which the pump will stop by itself (0 = it was told nothing).
        scale_ppm: uncertainty of the syringe's diameter, as volume.
        power_up_count: power-ups of the pump so far; a new one means the counter is lost.
        withdrawn_nl: withdrawn counter of the newest answer.
        reserve_nl: what may have been, or may yet be, withdrawn beyond that.
    """
    if is_lost(account, counter_nl, digit_nl, power_up_count):
        account = _counter_lost(account, counter_nl, power_up_count, withdrawn_nl)
    moved_nl = counter_nl - account.base_nl
    reach_nl = clamp_low(told_nl - account.base_nl)
    unheard_nl = min(unheard_nl, clamp_low(reach_nl - moved_nl))
    back_nl = withdrawn_nl - account.withdrawn_base_nl
    back_nl = reserve_nl + (back_nl + digit_nl if back_nl > 0 else 0)
    low_nl = account.closed_low_nl + less_ppm(clamp_low(moved_nl - digit_nl - back_nl), scale_ppm)
    margin_nl = digit_nl if moved_nl or told_nl else 0
    high_nl = account.closed_high_nl + more_ppm(moved_nl + unheard_nl + margin_nl, scale_ppm)
    told_high_nl = account.closed_high_nl + more_ppm(max(reach_nl, moved_nl) + margin_nl, scale_ppm)
    high_nl = max(account.high_nl, high_nl)
    return msgspec.structs.replace(
        account,
        seen_nl=max(account.seen_nl, counter_nl),
        low_nl=max(account.low_nl, low_nl),
        high_nl=high_nl,
        intent_nl=max(high_nl, told_high_nl if told_nl else 0),
    )


def is_lost(account: Account, counter_nl: int, digit_nl: int, power_up_count: int) -> bool:
    """The counter no longer continues the one of the account (power cut, or it fell)."""
    return power_up_count != account.power_up_count or counter_nl + digit_nl < account.seen_nl


def _counter_lost(
    account: Account, counter_nl: int, power_up_count: int, withdrawn_nl: int
) -> Account:
    """Close the live part: low as last seen, high as told (the counter proves nothing).

    What a counter shows that began anew was moved since, unasked: it is in the high. After
    a restart of the controller (power-up count -1) the counter may be the one of before.
    """
    unasked_nl = counter_nl if account.power_up_count != AFTER_RESTART else 0
    high_nl = max(account.high_nl, account.intent_nl) + more_ppm(unasked_nl, UNKNOWN_SCALE_PPM)
    return msgspec.structs.replace(
        account,
        base_nl=counter_nl,
        seen_nl=counter_nl,
        closed_low_nl=account.low_nl,
        closed_high_nl=high_nl,
        high_nl=high_nl,
        power_up_count=power_up_count,
        withdrawn_base_nl=withdrawn_nl,
    )


def narrow(
    now: Account, kept: Account, counter_nl: int, digit_nl: int, withdrawn_nl: int, scale_ppm: int
) -> Account:
    """Replace what was intended by what the pump's own counter proves; once an account.

    Args:
        now: the account as it is counted since the pump was out of sight.
        kept: the same as it stood before (or ``now`` itself, when it was counted on).
        counter_nl: infused counter, with standstill and its continuity proven.
        digit_nl: weight of its last digit.
        withdrawn_nl: withdrawn counter.
        scale_ppm: uncertainty of the syringe's diameter, as volume.

    Returns:
        The account on the counter of before, or ``now`` where nothing is gained.
    """
    hand_nl = 0 if kept is now else now.closed_high_nl - max(kept.high_nl, kept.intent_nl)
    moved_nl, back_nl = counter_nl - kept.base_nl, withdrawn_nl - kept.withdrawn_base_nl
    back_nl = back_nl + digit_nl if back_nl > 0 else 0
    closed_low_nl, closed_high_nl = kept.closed_low_nl + hand_nl, kept.closed_high_nl + hand_nl
    high_nl = closed_high_nl + more_ppm(moved_nl + digit_nl, scale_ppm)
    low_nl = closed_low_nl + less_ppm(clamp_low(moved_nl - digit_nl - back_nl), scale_ppm)
    if now.narrowed or kept.narrowed or high_nl >= max(now.high_nl, now.intent_nl):
        return now
    return msgspec.structs.replace(
        kept,
        seen_nl=max(kept.seen_nl, counter_nl),
        closed_low_nl=closed_low_nl,
        closed_high_nl=closed_high_nl,
        low_nl=max(now.low_nl, low_nl),
        high_nl=high_nl,
        intent_nl=high_nl,
        power_up_count=now.power_up_count,
        narrowed=True,
    )


def add_by_hand(account: Account, volume_nl: int) -> Account:
    """Count contrast that was injected by hand."""
    return msgspec.structs.replace(
        account,
        closed_low_nl=account.closed_low_nl + volume_nl,
        closed_high_nl=account.closed_high_nl + volume_nl,
        low_nl=account.low_nl + volume_nl,
        high_nl=account.high_nl + volume_nl,
        intent_nl=account.intent_nl + volume_nl,
    )
