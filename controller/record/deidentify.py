"""A procedure without who it was about: for teaching, service and studies.

Patient, people and dates are replaced where they stand in fields, and wherever the same
words stand in any text of the procedure; free text that people typed is left out. What a
machine needs to restart or replay holds everything, and is left out too. The hashes of the
record stay: whoever has the record can find the procedure again, nobody else can.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar

import msgspec

from controller.record.report_case import Asked, At, Case
from state_machine.entries import Resume, SideDaySaved, Started

_PATIENT: Final = {
    "patient_id": "patient-id",
    "patient_name": "Patient",
    "same_patient_as": "patient-id",
    "birth_date": "birth date",
    "accession": "order",
}
_PEOPLE: Final = frozenset({"by", "performer", "assistant", "confirmed_by", "radiologist"})
_FREE_TEXT: Final = frozenset({"reason"})
_LEFT_OUT: Final = "[left out]"
_DAYS: Final = frozenset({"utc_day", "locked_until_day"})
_SITE: Final = ("site_contact", "site_responsibility")
_KEPT: Final = frozenset({"", "none", "galactograph", "not logged in"})
"""Words that name nobody."""

T = TypeVar("T", bound=msgspec.Struct)


class _Names:
    """Words that name somebody, and what stands for each."""

    def __init__(self) -> None:
        self._for: dict[str, str] = {}
        self._people_count = 0
        self._pattern: re.Pattern[str] | None = None

    def patient(self, field: str, words: str) -> None:
        """A word about the patient."""
        if words not in _KEPT:
            self._for.setdefault(words, _PATIENT[field])

    def person(self, words: str) -> None:
        """Somebody who works there."""
        if words not in _KEPT and words not in self._for:
            self._people_count += 1
            self._for[words] = f"Person {self._people_count}"

    def close(self) -> None:
        """All names are known: the longest is looked for first, as whole words."""
        found = sorted(self._for, key=len, reverse=True)
        words = "|".join(re.escape(name) for name in found)
        self._pattern = re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE) if found else None

    def without(self, text: str) -> str:
        """A text with every name replaced."""
        if self._pattern is None:
            return text
        folded = {name.casefold(): stand for name, stand in self._for.items()}
        return self._pattern.sub(lambda hit: folded.get(hit[0].casefold(), _LEFT_OUT), text)


def deidentified(case: Case) -> Case:
    """The same procedure, without patient, people and dates; times count from its beginning."""
    names = _names(case)
    begin_ns = case.begin_utc_ns
    made = Case(case.number, _clean(case.started, names) if case.started else None, 0)
    made.end_utc_ns = case.end_utc_ns - begin_ns
    made.started_utc_ns = min(0, case.started_utc_ns - begin_ns)
    made.closed, made.curves, made.clock = case.closed, case.curves, case.clock
    made.first_row, made.last_row = case.first_row, case.last_row
    made.who = {
        (names.without(by), role, how): count for (by, role, how), count in case.who.items()
    }
    made.entries = [
        At(at.t_ns, _clean(at.entry, names)) for at in case.entries if not _resumes(at.entry)
    ]
    made.asked = [Asked(at.t_ns, _clean(at.request, names)) for at in case.asked]
    return made


def _resumes(entry: object) -> bool:
    return isinstance(entry, Resume)


def _names(case: Case) -> _Names:
    names = _Names()
    structs: list[Any] = [at.entry for at in case.entries] + [at.request for at in case.asked]
    said = [pair for one in structs for pair in _fields(one)]
    for field, words in said:
        if field in _PATIENT:
            names.patient(field, words)
    people = [words for field, words in said if field in _PEOPLE]
    starts = [case.started] if case.started else []
    starts += [entry for _, entry in case.of(Started)]
    sites = [words for started in starts for words in _site(started)]
    for words in (*people, *(by for by, _role, _how in case.who), *sites):
        names.person(words)
    names.close()
    return names


def _site(started: Started) -> Iterable[str]:
    """Texts of the profile that name somebody at the site; it is in the record as a whole."""
    try:
        profile = msgspec.msgpack.decode(started.profile)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ()
    if not isinstance(profile, Mapping):
        return ()
    return [str(profile[name]) for name in _SITE if profile.get(name)]


def _fields(struct: msgspec.Struct) -> Iterable[tuple[str, str]]:
    """Texts of a struct by name, and the facts of a note."""
    for name in struct.__struct_fields__:
        value = getattr(struct, name)
        if isinstance(value, str):
            yield name, value
        elif name == "facts":
            yield from value


def _clean(struct: T, names: _Names) -> T:
    changes: dict[str, Any] = {}
    for name in struct.__struct_fields__:
        value = getattr(struct, name)
        if isinstance(value, bytes) or name == "boot_id":
            changes[name] = type(value)()
        elif name in _DAYS and isinstance(value, int):
            changes[name] = _days(struct, name, value)
        elif name == "facts":
            changes[name] = tuple((key, _fact(key, text, names)) for key, text in value)
        else:
            changes[name] = _text(name, value, names)
    return msgspec.structs.replace(struct, **changes)


def _days(struct: msgspec.Struct, name: str, value: int) -> int:
    """A lock keeps its length, and nothing else of a date is kept."""
    locked = name == "locked_until_day" and value and isinstance(struct, SideDaySaved)
    return value - struct.utc_day if locked and isinstance(struct, SideDaySaved) else 0


def _fact(key: str, text: str, names: _Names) -> str:
    return "0" if key in _DAYS else str(_text(key, text, names))


def _text(name: str, value: Any, names: _Names) -> Any:
    if isinstance(value, str):
        return _LEFT_OUT if name in _FREE_TEXT and value else names.without(value)
    if isinstance(value, tuple):
        return tuple(_text(name, one, names) for one in value)
    return value
