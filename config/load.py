"""From a room's name or path to everything the controller starts with.

Each file is read once: what was hashed is what was parsed.
"""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from config import relations
from config.files import procedure_path, read, resolve
from config.problems import ConfigError, Problem, nearest, shown
from config.procedure import (
    CannulaRow,
    ChecklistRow,
    ContrastRow,
    LineSection,
    ProcedureSection,
    SyringeRow,
)
from config.reader import Reader, parse
from config.room import (
    MammographSection,
    PeopleSection,
    PressureSensorSection,
    PumpSection,
    RoomConfig,
    RoomIoSection,
    RoomSection,
)
from config.tighten import looser_than_default, tightened
from state_machine.limits import Limits
from state_machine.profile import CheckRule, Order, Profile
from state_machine.units import NS_PER_S


@dataclass(frozen=True)
class LoadedRoom:
    """A room that may be started."""

    path: Path
    procedure_path: Path
    room: RoomConfig
    """For the edge: ports, addresses, intervals."""
    profile: Profile
    """For the core."""
    sha256: str
    """Of the room file's bytes, hexadecimal."""
    procedure_sha256: str
    deviations: tuple[str, ...]
    """What is accepted but not as it should be, in words: shown and recorded."""


def load_room(path: Path | str, known_drivers: Collection[str]) -> LoadedRoom:
    """Read a room file and the procedure it names; accept both or raise.

    Args:
        path: a room file, or the name of a shipped room.
        known_drivers: names of the drivers there are (``config`` may not import them).

    Raises:
        ConfigUnreadable: the room file is missing or cannot be read.
        ConfigError: every problem of both files at once.
    """
    room_path = resolve(str(path))
    data = read(room_path)
    tables, problems = _room_tables(str(room_path), data)
    procedure, found = _procedure_of(room_path, tables.room)
    problems += found + tables.problems(str(room_path), procedure.limits, known_drivers)
    if problems:
        raise ConfigError(problems)
    room = tables.complete()
    return LoadedRoom(
        path=room_path,
        procedure_path=procedure.path,
        room=room,
        profile=procedure.profile(room),
        sha256=hashlib.sha256(data).hexdigest(),
        procedure_sha256=procedure.sha256,
        deviations=_deviations(room, in_force(room, procedure.limits)),
    )


@dataclass(frozen=True)
class _RoomTables:
    """Tables of a room file, each None where it could not be read."""

    room: RoomSection | None
    pump: PumpSection | None
    mammograph: MammographSection | None
    pressure_sensor: PressureSensorSection | None
    room_io: RoomIoSection | None
    people: PeopleSection | None

    def devices(self) -> list[tuple[str, relations.Device]]:
        found = [
            ("mammograph", self.mammograph),
            ("pressure_sensor", self.pressure_sensor),
            ("room_io", self.room_io),
        ]
        return [(name, device) for name, device in found if device is not None]

    def problems(self, file: str, limits: Limits, known: Collection[str]) -> list[Problem]:
        devices = self.devices()
        found = relations.polling(file, limits, self.pump, devices)
        found += relations.addresses(file, devices)
        if self.room is not None:
            found += relations.mode_rules(file, self.room, self.pump, devices)
            found += relations.observation(file, self.room, limits)
            if self.people is not None:
                found += relations.log_in(file, self.room, self.people)
        drivers = [(name, device.driver) for name, device in devices]
        if self.pump is not None:
            drivers.insert(0, ("pump", self.pump.driver))
            found += relations.speed(file, self.pump)
        return found + _unknown_drivers(file, known, drivers)

    def complete(self) -> RoomConfig:
        """The room; every table is there once no problem was found."""
        return RoomConfig.model_validate(
            {name: table for name, table in vars(self).items() if table is not None}
        )


def _room_tables(file: str, data: bytes) -> tuple[_RoomTables, list[Problem]]:
    reader = Reader(file, parse(file, data))
    tables = _RoomTables(
        room=reader.table("room", RoomSection),
        pump=reader.table("pump", PumpSection),
        mammograph=reader.table("mammograph", MammographSection),
        pressure_sensor=reader.table("pressure_sensor", PressureSensorSection),
        room_io=reader.table("room_io", RoomIoSection),
        people=reader.optional_table("people", PeopleSection),
    )
    reader.finish()
    return tables, reader.problems


@dataclass(frozen=True)
class _Procedure:
    """A procedure file; its lists are empty where they could not be read."""

    path: Path = Path()
    sha256: str = ""
    head: ProcedureSection | None = None
    line: LineSection | None = None
    limits: Limits = Limits()
    syringes: tuple[SyringeRow, ...] = ()
    cannulas: tuple[CannulaRow, ...] = ()
    contrasts: tuple[ContrastRow, ...] = ()
    checklist: tuple[ChecklistRow, ...] = ()

    def problems(self, file: str) -> list[Problem]:
        found = relations.syringes(file, self.syringes)
        found += relations.viscosities(file, self.contrasts, self.limits)
        for table, rows in (
            ("syringe", self.syringes),
            ("cannula", self.cannulas),
            ("contrast", self.contrasts),
        ):
            found += relations.repeated(file, table, "name", [row.name for row in rows])
        found += relations.repeated(file, "checklist", "key", [row.key for row in self.checklist])
        if self.checklist:
            found += relations.checklist(file, self.checklist)
        if self.line is not None:
            found += relations.priming(file, self.line, self.limits)
        return found

    def profile(self, room: RoomConfig) -> Profile:
        """The core's profile; call only when no problem was found."""
        if self.head is None or self.line is None:
            raise AssertionError("a table is missing although nothing was found wrong")
        return Profile(
            room=room.room.name,
            mode=room.mode,
            order=Order(self.head.order),
            limits=in_force(room, self.limits),
            checklist=tuple(row.struct() for row in self.checklist),
            syringes=tuple(row.struct() for row in self.syringes),
            cannulas=tuple(row.struct() for row in self.cannulas),
            contrasts=tuple(row.struct() for row in self.contrasts),
            line_dead_space_nl=self.line.dead_space_nl,
            line_compliance_nl_kpa=self.line.compliance_nl_kpa,
            site_responsibility=room.room.site_responsibility,
            temperature_sensor=room.room.temperature_sensor,
            pressure_switch=room.room.pressure_switch,
            console_required=room.room.console_required,
            console_holds=room.room.hold_source == "wired-or-console",
            daily_check=CheckRule(room.room.daily_check),
            calibration=CheckRule(room.room.calibration),
            site_contact=room.room.site_contact,
            safe_mode_ns=room.pump.safe_timeout_s * NS_PER_S,
            login_required=room.login_required,
            idle_lock_ns=room.people.idle_lock_s * NS_PER_S,
        )


def _procedure_of(room_path: Path, room: RoomSection | None) -> tuple[_Procedure, list[Problem]]:
    if room is None:
        return _Procedure(), []
    try:
        path = procedure_path(room_path, room.procedure)
        data = read(path)
        reader = Reader(str(path), parse(str(path), data))
    except ConfigError as error:
        return _Procedure(), list(error.problems)
    limits, limit_problems = tightened(str(path), reader.raw_table("limits"))
    procedure = _Procedure(
        path=path,
        sha256=hashlib.sha256(data).hexdigest(),
        head=reader.table("procedure", ProcedureSection),
        line=reader.table("line", LineSection),
        limits=limits,
        syringes=reader.rows("syringe", SyringeRow) or (),
        cannulas=reader.rows("cannula", CannulaRow) or (),
        contrasts=reader.rows("contrast", ContrastRow) or (),
        checklist=reader.rows("checklist", ChecklistRow) or (),
    )
    reader.finish()
    return procedure, reader.problems + limit_problems + procedure.problems(str(path))


def _unknown_drivers(
    file: str, known: Collection[str], drivers: Iterable[tuple[str, str]]
) -> list[Problem]:
    names = sorted(known)
    found = []
    for table, driver in drivers:
        if driver not in known:
            close = nearest(driver, names)
            todo = f'did you mean "{close}"?' if close else "install its driver or name another"
            key, allowed = f"{table}.driver", "one of " + ", ".join(names)
            found.append(Problem(file, key, shown(driver), allowed, todo))
    return found


def in_force(room: RoomConfig, limits: Limits) -> Limits:
    """The procedure's limits, with what the room says of its own."""
    if not room.room.observation_s:
        return limits
    return replace(limits, observation_ns=room.room.observation_s * NS_PER_S)


def _deviations(room: RoomConfig, limits: Limits) -> tuple[str, ...]:
    words = []
    if not room.room.pressure_switch:
        words.append(
            "no independent pressure switch is wired in series with the pump permit: "
            "pressure is limited by this program alone"
        )
    if room.room.daily_check == "waived":
        words.append(
            "the daily check is waived: nothing shows that relay, Safe mode, switches and sounder "
            "act before they are needed"
        )
    if room.room.calibration == "waived":
        words.append(
            "calibration is waived: nothing shows that pressure and force are what they are said "
            "to be, unless they are calibrated all the same"
        )
    if not room.login_required:
        words.append(
            "nobody has to log in: names and roles in the record are the word of whoever asked"
        )
    if room.room.mode == "clinical":
        words.append(
            "laboratory pump, not intended by its maker for people; responsible: "
            f"{room.room.site_responsibility}"
        )
    return (*words, *looser_than_default(limits))
