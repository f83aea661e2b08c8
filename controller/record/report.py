"""First report of a procedure: one self-contained page, made from the journal alone.

No scripts, no references to anything outside: it opens on any computer, prints, and can be
archived. It says first what the room was used for (mode), then whether the record it was
made from holds together, then what happened.
"""

import argparse
import os
import sys
from html import escape
from pathlib import Path
from typing import Final

import msgspec

from controller.record.deidentify import deidentified
from controller.record.reader import open_reader
from controller.record.report_case import Case, cases
from controller.record.report_done import delivered
from controller.record.report_html import facts
from controller.record.report_page import sections
from controller.record.report_style import STYLE, page_style
from controller.record.report_units import show_utc
from controller.record.store import JournalError
from controller.record.verify import Verdict, verify
from state_machine.readings import ClockSync

MODES: Final = {
    "simulated": ("SIMULATED", "Simulated devices: no patient, no pump, no X-ray."),
    "bench": ("BENCH", "Bench room: not for use on people."),
    "clinical": ("CLINICAL", "Clinical room, under the responsibility the profile names."),
}
"""Badge and words of every mode."""


class ReportSummary(msgspec.Struct, frozen=True):
    """What was reported; ``--json`` prints it."""

    out: str
    case: int
    case_count: int
    mode: str
    closed: bool
    delivered_low_nl: int
    delivered_high_nl: int
    row_count: int
    head_row: int
    head_hash: str
    record_holds: bool


class NoSuchCaseError(ValueError):
    """The journal has no such procedure."""


def write_report(
    path: Path, out_path: Path, number: int = 0, deidentify: bool = False
) -> ReportSummary:
    """Write the report of one procedure.

    Args:
        path: The journal.
        out_path: The HTML file; created with mode 0600 (it names the patient).
        number: Which procedure, counted from 1; 0 = the last one.
        deidentify: Without patient, people and dates.

    Raises:
        JournalError: The journal cannot be read.
        NoSuchCaseError: It has no such procedure.
        OSError: The file cannot be written.
    """
    verdict = verify(path)
    case, count = choose(path, number)
    if deidentify:
        case = deidentified(case)
    write_private(out_path, page(case, verdict))
    low_nl, high_nl = delivered(case)
    return ReportSummary(
        out=str(out_path),
        case=case.number,
        case_count=count,
        mode=_mode(case),
        closed=case.closed,
        delivered_low_nl=low_nl,
        delivered_high_nl=high_nl,
        row_count=verdict.row_count,
        head_row=verdict.head_row,
        head_hash=verdict.head_hash,
        record_holds=verdict.ok,
    )


def choose(path: Path, number: int) -> tuple[Case, int]:
    """A procedure of a journal (0 = the last), and how many there are.

    Raises:
        JournalError: The journal cannot be read.
        NoSuchCaseError: It has no such procedure.
    """
    chosen: Case | None = None
    count = 0
    with open_reader(path) as rows:
        for case in cases(rows):
            count = case.number
            if number in (0, case.number):
                chosen = case
    if chosen is None:
        has = f"it has {count} (1 to {count})" if count else "it has none yet"
        wanted = f"procedure {number}" if number else "procedure"
        raise NoSuchCaseError(f"journal {path}: no {wanted} in it; {has}")
    return chosen, count


def write_private(out_path: Path, text: str) -> None:
    """Write beside and rename, mode 0600: nobody reads half a page, nor another's name."""
    part = out_path.with_name(out_path.name + ".part")
    flags = os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC
    with os.fdopen(os.open(part, flags, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    part.replace(out_path)


def _mode(case: Case) -> str:
    return case.started.mode if case.started else ""


# --- page -------------------------------------------------------------------------------------


def page(case: Case, verdict: Verdict) -> str:
    """The whole page as HTML text."""
    mode = _mode(case)
    badge, words = MODES.get(mode, (mode.upper() or "MODE NOT RECORDED", "Mode not known."))
    opened = case.opened()
    who = f"{opened.patient_name} ({opened.patient_id})" if opened else "procedure"
    title = f"{badge}: galactography report, {who}"
    head = f"journal head {verdict.head_row}:{verdict.head_hash}"
    margins = page_style(badge, f"{who}, opened {show_utc(case.begin_utc_ns)}", head)
    return "".join(
        (
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title><style>{STYLE}{margins}</style></head>",
            f'<body class="mode-{escape(mode or "unknown")}">',
            f'<div class="mode"><strong>{escape(badge)}</strong>',
            f"<span>{escape(words)}</span></div>",
            "<main><header><h1>Galactography: contrast injection</h1>",
            f'<p class="lead">{escape(_room(case))}</p></header>',
            _verdict(verdict),
            *sections(case),
            "</main>",
            _footer(case, verdict),
            "</body></html>\n",
        )
    )


def _room(case: Case) -> str:
    if case.started is None:
        return "Room not recorded"
    return f"Room {case.started.room} · procedure {case.number} of this record"


def _verdict(verdict: Verdict) -> str:
    if verdict.ok:
        return (
            '<div class="note good"><strong>The record holds together.</strong> '
            f"{verdict.row_count} rows with {verdict.entry_count} entries were checked against "
            "their hashes, links and numbers. Keep the head below: with it a cut end or a "
            "rewritten file can be found later.</div>"
        )
    items = "".join(f"<li>{escape(finding.words)}</li>" for finding in verdict.findings[:20])
    more = len(verdict.findings) - 20
    rest = f"<li>and {more} more</li>" if more > 0 else ""
    return (
        '<div class="note bad" role="alert"><strong>The record does NOT hold together.</strong> '
        f"What follows may be incomplete or false.<ul>{items}{rest}</ul></div>"
    )


def _footer(case: Case, verdict: Verdict) -> str:
    started = case.started
    head = f"{verdict.head_row}:{verdict.head_hash}"
    pairs = (
        ("Program", started.program if started else ""),
        ("Controller started", show_utc(case.started_utc_ns) if started else ""),
        ("Procedure began", show_utc(case.begin_utc_ns)),
        ("Procedure ended" if case.closed else "Last entry", show_utc(case.end_utc_ns)),
        ("Wall clock", _clock(case)),
        ("Rows of it", f"{case.first_row} to {case.last_row} of {verdict.row_count}"),
    )
    profile = started.profile_sha256 if started else "not recorded"
    command = f"galactograph journal verify {Path(verdict.path).name} --anchor {head}"
    return (
        f"<footer><h2>Record</h2>{facts(pairs)}"
        f"<p>Profile SHA-256</p><p class='hash'>{escape(profile)}</p>"
        f"<p>Head of the journal (row and hash)</p><p class='hash'>{escape(head)}</p>"
        f"<p>Check it later with</p><p class='hash'>{escape(command)}</p>"
        '<div class="sign"><div>Performing radiologist, date</div>'
        "<div>Assisting technologist, date</div></div></footer>"
    )


def _clock(case: Case) -> str:
    """What the machine said of the clock that all dates of this page come from."""
    last = case.clock
    sync = last.sync.value if last else ClockSync.UNKNOWN.value
    times = last.step_count if last else 0
    steps = f"; set {times} times since the controller began" if times else ""
    return f"{sync}{steps}"


# --- command ----------------------------------------------------------------------------------


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``galactograph report``."""
    parser.add_argument("file", type=Path, help="the journal")
    parser.add_argument("-o", "--out", type=Path, required=True, help="HTML file to write")
    parser.add_argument("--case", type=int, default=0, help="which procedure (default: last)")
    parser.add_argument(
        "--deidentify", action="store_true", help="without patient, people and dates"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace) -> int:
    """Write a report: 0 done, 1 done but the record does not hold, 2 bad input."""
    try:
        summary = write_report(args.file, args.out, args.case, args.deidentify)
    except (JournalError, NoSuchCaseError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(
            f"report {args.out}: it cannot be written ({error.strerror}); name a file in a "
            "folder that exists and is writable\n"
        )
        return 2
    if args.json:
        sys.stdout.write(msgspec.json.encode(summary).decode() + "\n")
    else:
        sys.stdout.write(_in_words(summary))
    return 0 if summary.record_holds else 1


def _in_words(summary: ReportSummary) -> str:
    holds = "the record holds" if summary.record_holds else "THE RECORD DOES NOT HOLD"
    return (
        f"report   {summary.out}\n"
        f"case     {summary.case} of {summary.case_count}, mode {summary.mode or 'not recorded'}\n"
        f"head     {summary.head_row}:{summary.head_hash}\n"
        f"verdict  {holds}\n"
    )
