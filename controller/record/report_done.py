"""The report's tables of what was done: volumes, pump motions, exposures."""

from controller.record.report_case import Case
from controller.record.report_html import TIME, table
from controller.record.report_units import (
    SIDE_WORDS,
    decimal,
    show,
    show_day,
    show_high,
    show_low,
    show_relative,
    show_span,
)
from state_machine.entries import Exposed, LedgerChanged, MotionEnded, SideDaySaved
from state_machine.requests import HandInjected


def delivered(case: Case) -> tuple[int, int]:
    """Delivered in this procedure over all its ducts, (low, high) in nL."""
    newest = {entry.duct: entry for _, entry in case.of(LedgerChanged)}
    return (
        sum(entry.low_nl for entry in newest.values()),
        sum(entry.high_nl for entry in newest.values()),
    )


def volumes(case: Case) -> str:
    """What each duct may have had, and its breast today."""
    newest = {entry.duct: entry for _, entry in case.of(LedgerChanged)}
    rows = [
        (
            f"duct {duct}" if duct else "no duct chosen",
            show_low(entry.low_nl),
            show_high(entry.high_nl),
            show_high(entry.intent_nl),
            show_low(entry.side_day_low_nl),
            show_high(entry.side_day_high_nl),
        )
        for duct, entry in sorted(newest.items())
    ]
    return table(
        ("Duct", "#Low, µL", "#High, µL", "#Intent, µL", "#Today low, µL", "#Today high, µL"),
        rows,
        caption="True volume lies between low and high. Intent: the high that held if nothing "
        "more had been heard. Today: all ducts of this breast on this day.",
        empty="No volume was recorded.",
    )


def side_days(case: Case) -> str:
    """What is kept of breast and day; nothing when nothing was saved."""
    newest = {(e.patient_id, e.side): e for _, e in case.of(SideDaySaved)}
    rows = [
        (
            entry.patient_id,
            _side_name(entry.side),
            show_day(entry.utc_day),
            show_low(entry.low_nl),
            show_high(entry.high_nl),
            entry.injection_count,
            show_day(entry.locked_until_day) if entry.locked_until_day else "no",
        )
        for entry in newest.values()
    ]
    heads = ("Patient id", "Breast", "Day", "#Low, µL", "#High, µL", "#Injections", "Locked until")
    return table(heads, rows, caption="Kept for this breast and day", empty="") if rows else ""


def _side_name(letter: str) -> str:
    return {side.value: name for side, name in SIDE_WORDS.items()}.get(letter, letter)


def hand_injected(case: Case) -> str:
    """Contrast given by hand; nothing when there was none."""
    rows = [
        (show_relative(t_ns), show("_nl", request.volume_nl), request.by)
        for t_ns, request in case.requests(HandInjected)
    ]
    return table((TIME, "#Volume", "@By"), rows, caption="Injected by hand") if rows else ""


def motions(case: Case) -> str:
    """Each pump motion, from its intent to its end."""
    ended = {end.motion_id: (t_ns, end) for t_ns, end in case.of(MotionEnded)}
    rows = []
    for motion_id, (t_ns, intent) in case.intents().items():
        end_ns, end = ended.get(motion_id, (0, None))
        rows.append(
            (
                show_relative(t_ns),
                intent.purpose,
                intent.duct or "—",
                show("_nl", intent.until_nl - intent.base_nl),
                show("_nl", end.moved_nl) if end else "not known",
                show_span((end_ns - t_ns) // 100_000_000 * 100_000_000) if end else "—",
                ("reached" if end.reached else end.why or "ended early") if end else "no end",
            )
        )
    heads = (TIME, "Purpose", "#Duct", "#Commanded", "#Moved", "#Duration", "End")
    return table(heads, rows, empty="The pump was not moved.")


def exposures(case: Case) -> str:
    """Each exposure as the unit counted and reported it."""
    ends = [t_ns for t_ns, end in case.of(MotionEnded) if end.purpose == "inject"]
    rows = []
    for t_ns, shot in case.of(Exposed):
        since = [end_ns for end_ns in ends if end_ns <= t_ns]
        rows.append(
            (
                show_relative(t_ns),
                shot.view,
                shot.exposure_count,
                decimal(shot.tube_voltage_v, 3),
                decimal(shot.tube_charge_uas, 3),
                shot.exposure_ms,
                f"AEC, pre-pulse {show('_uas', shot.prepulse_uas)}" if shot.aec else "manual",
                decimal(shot.force_mn // 100, 1),
                decimal(shot.thickness_um // 100, 1),
                f"{(t_ns - since[-1]) // 1_000_000_000} s" if since else "—",
            )
        )
    heads = (
        *(TIME, "View", "#Count", "#kV", "#mAs", "#ms", "Control"),
        *("#Force, N", "#Thickness, mm", "#After injection"),
    )
    return table(heads, rows, empty="No exposure was made.")
