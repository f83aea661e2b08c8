"""A room file to begin with, from what a search found.

The shipped template, its comments kept, with ports, speeds and addresses filled in. What was
not found stays a placeholder that `galactograph config check` names.
"""

import re
from collections.abc import Sequence
from importlib import resources

from controller.bench.search import PortFound
from controller.bench.sought import UnitFound
from drivers.modbus_session import MODE_NAMES, Kind

TEMPLATE = resources.files("config") / "rooms" / "bench-template.toml"
_TABLES = {
    Kind.MAMMOGRAPH.code: "mammograph",
    Kind.PRESSURE_SENSOR.code: "pressure_sensor",
    Kind.ROOM_IO.code: "room_io",
}


def room_file(ports: Sequence[PortFound], units: Sequence[UnitFound]) -> str:
    """The text of a room file; of several pumps or devices of a kind the first is taken."""
    text = TEMPLATE.read_text("utf-8")
    pump = next((port.pump for port in ports if port.pump), None)
    if pump is not None:
        text = _set(text, "pump", "port", f'"{pump.port}"')
        text = _set(text, "pump", "baud", str(pump.baud))
        text = _set(text, "pump", "address", str(pump.address))
        text = _set(text, "pump", "model", f'"{pump.identity.split()[0]}"')
    known = [unit for unit in units if unit.kind]
    for unit in reversed(known):  # so that the first of a kind is the one that stays
        host, _, port = unit.where.rpartition(":")
        table = _TABLES[unit.kind]
        text = _set(text, table, "host", f'"{host.strip("[]")}"')
        text = _set(text, table, "port", port)
        text = _set(text, table, "unit_id", str(unit.unit_id))
    modes = {MODE_NAMES[unit.mode] for unit in known}
    if len(modes) == 1:
        text = _set(text, "room", "mode", f'"{modes.pop()}"')
    return text


def _set(text: str, table: str, key: str, value: str) -> str:
    """Give a key of a table its value, where it stands, commented out or not."""
    head, mark, rest = text.partition(f"[{table}]\n")
    body, following, tail = rest.partition("\n[")
    row = re.compile(rf"^(?:# )?{key} = \S+", re.MULTILINE)
    body, count = row.subn(lambda _: f"{key} = {value}", body, count=1)
    if not mark or not count:
        raise LookupError(f"the template has no key {key} in [{table}]")
    return head + mark + body + following + tail
