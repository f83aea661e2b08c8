"""Other addresses than the room file's, for a simulator or a bench."""

import dataclasses
from typing import Final

from pydantic import ValidationError

from config import relations
from config.load import LoadedRoom
from config.model import Section
from config.problems import ConfigError, Problem, from_validation, shown
from config.room import RoomConfig

_FILE: Final = "command line"


def with_addresses(
    loaded: LoadedRoom, *, pump_port: str | None = None, modbus: str | None = None
) -> LoadedRoom:
    """The same room with its devices elsewhere.

    Args:
        loaded: a room that was accepted.
        pump_port: path of the pump's serial port instead of the file's.
        modbus: ``HOST:PORT`` (``[HOST]:PORT`` for IPv6) of all three Modbus devices.

    Raises:
        ConfigError: an address is wrong, two devices become one, or the mode is clinical
            (there, what was reviewed is the file).
    """
    given = [
        (name, text)
        for name, text in (("--pump-port", pump_port), ("--modbus", modbus))
        if text is not None
    ]
    if not given:
        return loaded
    problems = _clinical(loaded.room, given)
    tables: dict[str, Section] = {}
    if pump_port is not None:
        tables["pump"] = _changed(loaded.room.pump, "--pump-port", problems, port=pump_port)
    host_and_port = _host_and_port(modbus, problems) if modbus is not None else None
    if host_and_port is not None:
        host, port = host_and_port
        for name, device in loaded.room.modbus_devices.items():
            # The same wrong host three times is one problem.
            found: list[Problem] = []
            tables[name] = _changed(device, "--modbus", found, host=host, port=port)
            problems += [problem for problem in found if problem not in problems]
    room = loaded.room.model_copy(update=tables)
    if not problems:
        problems += relations.addresses(_FILE, list(room.modbus_devices.items()))
    if problems:
        raise ConfigError(problems)
    words = tuple(f"address given on the command line: {name} {text}" for name, text in given)
    return dataclasses.replace(loaded, room=room, deviations=loaded.deviations + words)


def _clinical(room: RoomConfig, given: list[tuple[str, str]]) -> list[Problem]:
    if room.room.mode != "clinical":
        return []
    allowed = 'the addresses of the room file, because mode is "clinical"'
    todo = "leave the option out, or change the room file and have it reviewed"
    return [Problem(_FILE, name, shown(text), allowed, todo) for name, text in given]


def _changed(section: Section, option: str, problems: list[Problem], **update: object) -> Section:
    """``section`` with other values, validated again; unchanged, and problems, when wrong."""
    try:
        return type(section).model_validate({**dict(section), **update})
    except ValidationError as error:
        problems += from_validation(_FILE, option, type(section), error)
        return section


def _host_and_port(modbus: str, problems: list[Problem]) -> tuple[str, int] | None:
    host, _, port = modbus.rpartition(":")
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if host and port.isascii() and port.isdecimal() and len(port) <= 5:
        return host, int(port)
    allowed = "HOST:PORT with a numeric address, such as 127.0.0.1:15020"
    problems.append(Problem(_FILE, "--modbus", shown(modbus), allowed, "write both"))
    return None
