"""Relations between the numbers of a room, and the rules of its mode.

Each function looks at tables that were accepted one by one and returns problems; it is
called with whatever could be read, so that one wrong table does not hide the others'.
"""

import ipaddress
from collections import Counter
from collections.abc import Iterable
from itertools import combinations
from pathlib import PurePosixPath

from config.problems import Problem
from config.procedure import (
    MUST_ASK,
    UNMEASURED_SCALE_PPM,
    ChecklistRow,
    ContrastRow,
    LineSection,
    SyringeRow,
)
from config.room import (
    BAUDS,
    MammographSection,
    ModbusSection,
    PeopleSection,
    PressureSensorSection,
    PumpSection,
    RoomIoSection,
    RoomSection,
)
from state_machine.injection import open_tip_nl
from state_machine.limits import Limits
from state_machine.units import NS_PER_MS, NS_PER_S, ceil_div

Device = MammographSection | PressureSensorSection | RoomIoSection


def _at_most_ms(file: str, key: str, value_ms: int, most_ms: int, reason: str) -> list[Problem]:
    if value_ms <= most_ms:
        return []
    allowed = f"at most {most_ms} ms, {reason}"
    return [Problem(file, key, str(value_ms), allowed, "ask more often, or leave the default")]


def polling(
    file: str,
    limits: Limits,
    pump: PumpSection | None,
    devices: Iterable[tuple[str, Device]],
) -> list[Problem]:
    """A device is asked often enough that one late answer does not make it stale."""
    found: list[Problem] = []
    if pump is not None:
        found += _fresh(file, "pump.poll.active_ms", pump.poll.active_ms, limits.pump_fresh_ns)
        for column, value_ms in pump.poll.model_dump().items():
            most_ms = pump.safe_timeout_s * 1_000 // 2
            reason = "half of safe_timeout_s: the pump stops by itself when it hears nothing"
            found += _at_most_ms(file, f"pump.poll.{column}", value_ms, most_ms, reason)
    for name, device in devices:
        found += _device_polling(file, limits, name, device)
    return found


def _device_polling(file: str, limits: Limits, name: str, device: Device) -> list[Problem]:
    poll, key = device.poll, f"{name}.poll"
    if isinstance(device, PressureSensorSection):
        return _fresh(file, f"{key}.active_ms", poll.active_ms, limits.line_fresh_ns)
    if isinstance(device, RoomIoSection):
        fresh_ns = (limits.room_fresh_ns, limits.room_fresh_ns)
    else:
        fresh_ns = (limits.unit_fresh_ns, limits.unit_expose_fresh_ns)
    found = _fresh(file, f"{key}.active_ms", poll.active_ms, fresh_ns[0])
    # The watchdogs need no row: the drivers feed them by the clock, whatever the poll.
    return found + _fresh(file, f"{key}.exposing_ms", poll.exposing_ms, fresh_ns[1])


def _fresh(file: str, key: str, value_ms: int, fresh_ns: int) -> list[Problem]:
    most_ms = fresh_ns * 2 // 3 // NS_PER_MS
    reason = f"two thirds of the freshness limit {fresh_ns // NS_PER_MS} ms"
    return _at_most_ms(file, key, value_ms, most_ms, reason)


def speed(file: str, pump: PumpSection) -> list[Problem]:
    """The pump family can be set to the speed; stated a second time in its driver."""
    may = _FAMILY_BAUDS.get(pump.driver, BAUDS)
    if pump.baud in may:
        return []
    allowed = " or ".join(map(str, may)) + f' with driver "{pump.driver}"'
    return [Problem(file, "pump.baud", str(pump.baud), allowed, "set pump and file alike")]


_FAMILY_BAUDS = {"new-era": (9_600, 19_200)}


def addresses(file: str, devices: Iterable[tuple[str, Device]]) -> list[Problem]:
    """No two Modbus devices are the same one."""
    return [
        Problem(
            file,
            f"{second[0]}.unit_id",
            str(second[1].unit_id),
            f"an address of its own ([{first[0]}] has the same host, port and unit id)",
            "give one of the two its own unit_id, host or port",
        )
        for first, second in combinations(devices, 2)
        if _where(first[1]) == _where(second[1])
    ]


def _where(device: Device) -> tuple[object, int, int]:
    return ipaddress.ip_address(device.host), device.port, device.unit_id


def mode_rules(
    file: str,
    room: RoomSection,
    pump: PumpSection | None,
    devices: Iterable[tuple[str, ModbusSection]],
) -> list[Problem]:
    """Clinical mode: somebody answers for the pump, and nothing is simulated."""
    if room.mode != "clinical":
        return []
    found = []
    if not room.site_responsibility:
        # Every pump there is a driver for is a laboratory pump; its manual excludes use on
        # people (pump facts, M1, M5). A driver from elsewhere is held to be one as well.
        found.append(
            Problem(
                file,
                "room.site_responsibility",
                "",
                'a text, because mode is "clinical" and the pump is a laboratory pump that its '
                "maker does not intend for people",
                "write who takes responsibility at this site, or set mode to bench",
            )
        )
    if room.hold_source != "wired":
        found.append(
            Problem(
                file,
                "room.hold_source",
                f'"{room.hold_source}"',
                '"wired", because mode is "clinical"',
                "a hold on a screen is a command, no safety function: wire a hand or foot switch",
            )
        )
    for key, value, do in (
        ("daily_check", room.daily_check, "do the daily check"),
        ("calibration", room.calibration, "calibrate: galactograph service calibrate"),
    ):
        if value != "required":
            found.append(
                Problem(
                    file,
                    f"room.{key}",
                    f'"{value}"',
                    '"required", because mode is "clinical"',
                    f"leave the key out, and {do}",
                )
            )
    if pump is not None and PurePosixPath(pump.port).parent not in _REAL_PORTS:
        found.append(
            Problem(
                file,
                "pump.port",
                f'"{pump.port}"',
                'a port in /dev/serial/by-id or /dev/serial/by-path, because mode is "clinical"',
                "name the real adapter: simulated pumps and changing names are refused",
            )
        )
    found += [
        Problem(
            file,
            f"{name}.host",
            f'"{device.host}"',
            'the address of a real device, because mode is "clinical"',
            "this machine can only answer with a simulated one: write the device's address",
        )
        for name, device in devices
        if _is_this_machine(device.host)
    ]
    return found


def log_in(file: str, room: RoomSection, people: PeopleSection) -> list[Problem]:
    """In clinical mode everybody logs in, whatever the default is."""
    if room.mode != "clinical" or people.login or "login" not in people.model_fields_set:
        return []
    allowed = 'true, because mode is "clinical"'
    todo = "leave the key out, and add users: galactograph user add"
    return [Problem(file, "people.login", "false", allowed, todo)]


CLINICAL_OBSERVATION_S = 300
"""Contrast reactions begin mostly within 5 minutes, up to 1 h (clinical facts A5; the time
itself is an assumption)."""


def observation(file: str, room: RoomSection, limits: Limits) -> list[Problem]:
    """Patients are observed long enough; a room without patients may be quick."""
    seconds = room.observation_s or limits.observation_ns // NS_PER_S
    if room.mode != "clinical" or seconds >= CLINICAL_OBSERVATION_S:
        return []
    allowed = f'at least {CLINICAL_OBSERVATION_S} s, because mode is "clinical"'
    return [
        Problem(file, "room.observation_s", str(seconds), allowed, "leave the key out (15 minutes)")
    ]


_REAL_PORTS = (PurePosixPath("/dev/serial/by-id"), PurePosixPath("/dev/serial/by-path"))


def _is_this_machine(host: str) -> bool:
    address = ipaddress.ip_address(host)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return address.is_loopback or (mapped is not None and mapped.is_loopback)


def priming(file: str, line: LineSection, limits: Limits) -> list[Problem]:
    """One prime fills the line with a fifth to spare, and the session allows at least one."""
    found = []
    test_nl = open_tip_nl(limits)
    if limits.prime_volume_nl < test_nl:
        found.append(
            Problem(
                file,
                "limits.prime_volume_nl",
                f"{limits.prime_volume_nl:_}",
                f"at least {test_nl:_}, the open-tip test at this rate and ramp",
                "raise it (up to its ceiling), or a lower rate or steeper ramp: without that test"
                " nothing can be armed",
            )
        )
    least_nl = ceil_div(line.dead_space_nl * 12, 10)
    if limits.prime_volume_nl < least_nl:
        found.append(
            Problem(
                file,
                "limits.prime_volume_nl",
                f"{limits.prime_volume_nl:_}",
                f"at least {least_nl:_}, 1.2 times line.dead_space_nl = {line.dead_space_nl:_}",
                "raise it (up to its ceiling) or use a line with less dead space: "
                "a line not filled is air in the duct",
            )
        )
    if limits.prime_total_nl < limits.prime_volume_nl:
        found.append(
            Problem(
                file,
                "limits.prime_total_nl",
                f"{limits.prime_total_nl:_}",
                f"at least {limits.prime_volume_nl:_}, limits.prime_volume_nl",
                "raise it, or prime less at a time",
            )
        )
    return found


def syringes(file: str, rows: tuple[SyringeRow, ...]) -> list[Problem]:
    """A smaller uncertainty than the general one has been weighed."""
    return [
        Problem(
            file,
            f"syringe[{number}].scale_ppm",
            f"{row.scale_ppm:_}",
            f'at least {UNMEASURED_SCALE_PPM:_} unless evidence is "measured"',
            "weigh what this syringe delivers and name the record in source",
        )
        for number, row in enumerate(rows, 1)
        if row.scale_ppm < UNMEASURED_SCALE_PPM and row.evidence != "measured"
    ]


def viscosities(file: str, rows: tuple[ContrastRow, ...], limits: Limits) -> list[Problem]:
    """Each table covers every temperature at which the agent may be used."""
    found = []
    for number, row in enumerate(rows, 1):
        low_mc, high_mc = row.viscosity[0].temperature_mc, row.viscosity[-1].temperature_mc
        if low_mc > limits.temperature_low_mc or high_mc < limits.temperature_high_mc:
            found.append(
                Problem(
                    file,
                    f"contrast[{number}].viscosity",
                    f"{low_mc:_} to {high_mc:_} m°C",
                    f"points from {limits.temperature_low_mc:_} "
                    f"to {limits.temperature_high_mc:_} m°C, the temperatures in force",
                    f'add points for "{row.name}" or tighten the temperature limits',
                )
            )
    return found


def repeated(file: str, table: str, key: str, names: Iterable[str]) -> list[Problem]:
    """Rows of a list are told apart by name: no name twice."""
    return [
        Problem(file, f"{table}.{key}", f'"{name}"', "each name once", "rename or remove one")
        for name, count in Counter(names).items()
        if count > 1
    ]


def checklist(file: str, rows: tuple[ChecklistRow, ...]) -> list[Problem]:
    """What must be asked is asked, and the safe answer is the safe one."""
    found = []
    by_key = {row.key: (number, row) for number, row in enumerate(rows, 1)}
    for must in MUST_ASK:
        if must.key not in by_key:
            allowed = f'a question with key = "{must.key}" ({must.hazard})'
            todo = "add it; the shipped procedure galactography has one to copy"
            found.append(Problem(file, "checklist", "", allowed, todo))
            continue
        number, row = by_key[must.key]
        where = f"checklist[{number}]"
        if row.safe_answer is not must.safe_answer:
            value, allowed = str(row.safe_answer).lower(), str(must.safe_answer).lower()
            todo = f'the safe answer to "{must.key}" is fixed'
            found.append(Problem(file, f"{where}.safe_answer", value, allowed, todo))
        if must.severity not in ("", row.severity):
            todo = f'nobody may go on past "{must.key}"'
            value, allowed = f'"{row.severity}"', f'"{must.severity}"'
            found.append(Problem(file, f"{where}.severity", value, allowed, todo))
    return found
