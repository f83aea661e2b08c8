"""The store of calibrations: who calibrated what, when, with what result, until when.

One line per calibration (``chained.py``), a failed one too: the newest of a subject counts. The
controller is given them when it starts; whether they hold is decided by the core, by the day.
"""

import datetime
from pathlib import Path
from typing import Final

import msgspec

from controller.record.chained import Line, StoreError, append, read
from state_machine.profile import Calibrated, Calibration, Profile

FILE: Final = "calibration.jsonl"
_EPOCH: Final = datetime.date(1970, 1, 1)


class Part(msgspec.Struct, frozen=True):
    """One contribution to the uncertainty (GUM: JCGM 100)."""

    name: str
    kind: str
    """``A`` from repeated observation, ``B`` from anything else."""
    ppm: int
    """Standard uncertainty, ppm of the result."""
    why: str


class Result(msgspec.Struct, frozen=True):
    """One calibration, as it is kept and shown."""

    kind: Calibrated
    subject: str
    passed: bool
    verdict: str
    """What came out, in words, with the method."""
    value: int
    """As in ``state_machine.profile.Calibration``."""
    uncertainty: int
    """Expanded, k = 2, ppm."""
    unit: str
    """What ``value`` is in."""
    parts: tuple[Part, ...]
    by: str
    made_day: int
    until_day: int
    reference: str
    """What it was compared with: instrument and its certificate, by the person's word."""
    points: tuple[tuple[int, int], ...] = ()
    """Pairs of reference and shown (or counted and weighed), in the units of the kind."""
    program: str = ""


def date_of(day: int) -> str:
    """A day since 1970 as a date."""
    return (_EPOCH + datetime.timedelta(days=day)).isoformat()


def day_of(utc_ns: int) -> int:
    """Days since 1970 of an instant."""
    return utc_ns // (86_400 * 1_000_000_000)


def keep(path: Path, journal: Path, result: Result) -> Line:
    """Add a calibration.

    Raises:
        StoreError: the store cannot be believed or written.
    """
    return append(path, journal, msgspec.to_builtins(result))


def kept(path: Path, journal: Path) -> list[tuple[Line, Result]]:
    """All of them, oldest first.

    Raises:
        StoreError: the store cannot be believed.
    """
    found = []
    for line in read(path, journal):
        try:
            found.append((line, msgspec.convert(line.body, Result)))
        except msgspec.ValidationError as error:
            raise StoreError(f"{path}: line {line.number} is no calibration ({error})") from error
    return found


def with_calibrations(profile: Profile, path: Path, journal: Path) -> Profile:
    """The profile with the newest calibration of each subject, or with why there is none."""
    try:
        found = kept(path, journal)
    except StoreError as error:
        return msgspec.structs.replace(profile, calibration_fault=str(error))
    newest = {
        (result.kind, result.subject): Calibration(
            kind=result.kind,
            subject=result.subject,
            passed=result.passed,
            value=result.value,
            uncertainty=result.uncertainty,
            made_day=result.made_day,
            until_day=result.until_day,
            number=line.number,
        )
        for line, result in found
    }
    return msgspec.structs.replace(profile, calibrations=tuple(newest.values()))
