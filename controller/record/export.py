"""``galactograph export``: a procedure as JSON Lines or CSV, for other programs.

``jsonl``: every entry and request of the procedure, one object a line. ``csv``: measured
samples, one a line. ``events``: the time line as CSV. Each line has the time since the
procedure began; entries also boot time and, unless de-identified, UTC.
"""

import argparse
import csv
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from controller.record.deidentify import deidentified
from controller.record.report import NoSuchCaseError, choose, write_private
from controller.record.report_case import Case
from controller.record.report_events import told
from controller.record.report_units import iso_utc
from controller.record.store import JournalError

ABOUT: Final = """\
Writes one procedure of a record for other programs; the record stays what counts. The
file is for its owner alone (0600): it names the patient unless --deidentify is given.
"""
EXAMPLES: Final = """\
examples:
  galactograph export record.journal -o case.jsonl
  galactograph export record.journal --form csv --case 2 --deidentify -o samples.csv
  galactograph export record.journal --form events -o events.csv

exit status: 0 written, 2 input or usage wrong
"""
SAMPLES: Final = (
    ("line_pressure", "Pa", "line_pa"),
    ("pump_counter", "nL", "counter_nl"),
    ("confirmed_rate", "nL/min", "confirmed_nl_min"),
    ("compression_force", "mN", "force_mn"),
)
"""Name, unit, and curve of the procedure."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is taken for a formula by spreadsheets."""


def as_jsonl(case: Case, dated: bool = True) -> Iterator[str]:
    """Entries and requests in the order of time, one JSON object a line."""
    lines: list[tuple[int, dict[str, Any]]] = []
    for at in case.entries:
        lines.append((at.t_ns, {"boot_ns": at.entry.at_ns, "entry": at.entry}))
    for asked in case.asked:
        lines.append((asked.t_ns, {"request": asked.request}))
    encode = msgspec.json.Encoder().encode
    for t_ns, line in sorted(lines, key=lambda line: line[0]):
        when = {"t_ns": t_ns, **({"utc": iso_utc(case.begin_utc_ns + t_ns)} if dated else {})}
        yield encode({**when, **line}).decode() + "\n"


def as_csv(case: Case, dated: bool = True) -> Iterator[str]:
    """Measured samples in the order of time: a column each for time, quantity, unit, value."""
    yield _row(("t_s", *(("utc",) if dated else ()), "quantity", "unit", "value"))
    samples = [
        (point.t_ns, name, unit, point.value)
        for name, unit, curve in SAMPLES
        for point in getattr(case.curves, curve)
    ]
    for t_ns, name, unit, value in sorted(samples):
        yield _row((_seconds(t_ns), *_utc(case, t_ns, dated), name, unit, str(value)))


def as_events(case: Case, dated: bool = True) -> Iterator[str]:
    """The report's time line."""
    yield _row(("t_s", *(("utc",) if dated else ()), "event", "what", "by"))
    for at in case.entries:
        line = told(at.entry)
        if line is not None:
            what, words, by, _kind = line
            yield _row((_seconds(at.t_ns), *_utc(case, at.t_ns, dated), what, words, by))


FORMS: Final = {"jsonl": as_jsonl, "csv": as_csv, "events": as_events}


def _seconds(t_ns: int) -> str:
    sign, whole = ("-", -t_ns) if t_ns < 0 else ("", t_ns)
    return f"{sign}{whole // 10**9}.{whole % 10**9 // 10**6:03d}"


def _utc(case: Case, t_ns: int, dated: bool) -> tuple[str, ...]:
    return (iso_utc(case.begin_utc_ns + t_ns),) if dated else ()


def _row(cells: tuple[str, ...]) -> str:
    out = io.StringIO()
    numbers = (cell for cell in cells)
    csv.writer(out, lineterminator="\n").writerow([_cell(cell) for cell in numbers])
    return out.getvalue()


def _cell(text: str) -> str:
    """A text that no spreadsheet calculates; negative numbers stay numbers."""
    if text.startswith(_FORMULA) and not text[1:].replace(".", "", 1).isdecimal():
        return "'" + text
    return text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("file", type=Path, help="the journal")
    parser.add_argument("-o", "--out", type=Path, required=True, help="file to write")
    parser.add_argument("--form", choices=sorted(FORMS), default="jsonl")
    parser.add_argument("--case", type=int, default=0, help="which procedure (default: last)")
    parser.add_argument(
        "--deidentify", action="store_true", help="without patient, people and dates"
    )


def run(args: argparse.Namespace) -> int:
    """0 written, 2 bad input."""
    try:
        case, _count = choose(args.file, args.case)
        if args.deidentify:
            case = deidentified(case)
        text = "".join(FORMS[args.form](case, not args.deidentify))
        write_private(args.out, text)
    except (JournalError, NoSuchCaseError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(
            f"export {args.out}: it cannot be written ({error.strerror}); name a file in a"
            " folder that exists and is writable\n"
        )
        return 2
    sys.stdout.write(f"export   {args.out}, {text.count(chr(10))} lines of case {case.number}\n")
    return 0
