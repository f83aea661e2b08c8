"""``galactograph sheet``: one page for the patient to take home, from the record's facts.

What was done, with which contrast agent, what to watch for, when and whom to call. Plain
words; what they say of symptoms follows clinical facts A4 and A5 (fever, redness, swelling,
pus; contrast reactions begin mostly within 5 minutes, up to 1 h). A site reviews the words
before it hands them to anybody.
"""

import argparse
import sys
from html import escape
from pathlib import Path
from typing import Final

import msgspec

from controller.record.report import MODES, NoSuchCaseError, choose, write_private
from controller.record.report_case import Case
from controller.record.report_done import delivered
from controller.record.report_html import facts, paragraph, section
from controller.record.report_units import show_day, show_high
from controller.record.store import JournalError
from controller.record.verify import verify
from state_machine.entries import Noted, PhaseChanged, SideDaySaved
from state_machine.profile import Profile
from state_machine.requests import SetUpRoom
from state_machine.state import Phase

SIDES: Final = {"L": "left breast", "R": "right breast"}

WATCH: Final = (
    "A little contrast agent or discharge from the nipple today is usual; a pad catches it.",
    "Redness, swelling, growing pain, fever or pus: call, also days later.",
    "Itching, a rash, swelling of the face, trouble with breathing: call at once, or the emergency"
    " number. Such reactions begin mostly within minutes, seldom up to an hour or later.",
)
EXTRAVASATED: Final = (
    "Contrast agent may have left the milk duct. It is taken up by the body; the breast may be"
    " tender and swollen. The examination can be repeated after 7 to 14 days at the earliest."
)
_NS_PER_DAY: Final = 86_400 * 1_000_000_000
NO_CONTACT: Final = "the department that examined you (this sheet names no number: ask for it)"

_STYLE: Final = (
    "body{font:12pt/1.5 Arial,sans-serif;max-width:44em;margin:2em auto;padding:0 1em}"
    "h1{font-size:1.5em}h2{font-size:1.1em;margin:1.2em 0 .3em}dl{display:grid;"
    "grid-template-columns:auto 1fr;gap:.2em 1em}dt{color:#444}dd{margin:0}"
    ".mode{border:2px solid;padding:.3em .6em;font-weight:bold}@page{size:A4;margin:18mm}"
)


def sheet(case: Case, deidentify: bool = False) -> str:
    """The sheet of one procedure as HTML text; without name, id and birth date on wish."""
    mode = case.started.mode if case.started else ""
    badge, words = MODES.get(mode, ("MODE NOT RECORDED", "Mode not known."))
    parts = (
        section("What was done", facts(_done(case, deidentify))),
        section("What to watch for", *(paragraph(line) for line in _watch(case))),
        section("Whom to call", paragraph(_contact(case))),
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>After your galactography</title><style>{_STYLE}</style></head><body>"
        f'<p class="mode">{escape(badge)}: {escape(words)}</p>'
        f"<h1>After your galactography</h1>{''.join(parts)}</body></html>\n"
    )


def _done(case: Case, deidentify: bool) -> list[tuple[str, object]]:
    opened, set_up = case.opened(), _set_up(case)
    low_nl, high_nl = delivered(case)
    pairs: list[tuple[str, object]] = []
    if opened is not None and not deidentify:
        pairs += [("Name", opened.patient_name), ("Born", opened.birth_date)]
    side = SIDES.get(opened.side.value, "") if opened else ""
    what = "contrast agent into a milk duct, then X-ray images" if high_nl else "no contrast agent"
    return [
        *pairs,
        ("Date", _day(case)),
        ("Side", side),
        ("Done", what),
        ("Volume", f"up to {show_high(high_nl)}" if low_nl or high_nl else "none"),
        ("Contrast agent", set_up.get("contrast", "")),
        ("Lot", set_up.get("lot", "")),
        ("Radiologist", opened.performer if opened else ""),
    ]


def _day(case: Case) -> str:
    return show_day(case.begin_utc_ns // _NS_PER_DAY)


def _set_up(case: Case) -> dict[str, str]:
    """Contrast and lot as they were taken; as they were asked for where no note was made."""
    asked = [{"contrast": r.contrast, "lot": r.lot} for _t, r in case.requests(SetUpRoom)]
    noted = [dict(note.facts) for _t, note in case.of(Noted) if note.topic == "set-up"]
    return (noted or asked or [{}])[-1]


def _watch(case: Case) -> tuple[str, ...]:
    phases = {change.phase for _t, change in case.of(PhaseChanged)}
    if Phase.EXTRAVASATED.value not in phases:
        return WATCH
    locks = [saved.locked_until_day for _t, saved in case.of(SideDaySaved)]
    until = f" Not before {show_day(max(locks))}." if any(locks) else ""
    return (*WATCH, EXTRAVASATED + until)


def _contact(case: Case) -> str:
    if case.started is None or not case.started.profile:
        return NO_CONTACT
    try:
        profile = msgspec.msgpack.decode(case.started.profile, type=Profile)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return NO_CONTACT
    return profile.site_contact or NO_CONTACT


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``galactograph sheet``."""
    parser.add_argument("file", type=Path, help="the journal")
    parser.add_argument("-o", "--out", type=Path, required=True, help="HTML file to write")
    parser.add_argument("--case", type=int, default=0, help="which procedure (default: last)")
    parser.add_argument("--deidentify", action="store_true", help="without name and birth date")


def run(args: argparse.Namespace) -> int:
    """Write a sheet: 0 done, 1 done but the record does not hold, 2 bad input."""
    try:
        case, _count = choose(args.file, args.case)
        write_private(args.out, sheet(case, args.deidentify))
    except (JournalError, NoSuchCaseError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(
            f"sheet {args.out}: it cannot be written ({error.strerror}); name a file in a folder"
            " that exists and is writable\n"
        )
        return 2
    sys.stdout.write(f"sheet    {args.out}\n")
    if verify(args.file).ok:
        return 0
    sys.stderr.write("the record does NOT hold together: see galactograph journal verify\n")
    return 1
