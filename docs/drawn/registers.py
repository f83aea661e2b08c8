"""``docs/registers.md``: the register maps of mammography unit, sensor and room I/O box."""

from collections.abc import Iterable, Sequence
from typing import Final

from drawn.markdown import head, join, table
from drivers import mammograph, pressure_sensor, room_io
from drivers.modbus_session import MAP_VERSION, MODE_NAMES, SIGNATURE, Kind
from drivers.registers import IDENTITY, Register

DEVICES: Final = (
    ("Mammography unit", 1, Kind.MAMMOGRAPH, mammograph.REGISTER_MAP),
    ("Line pressure sensor", 2, Kind.PRESSURE_SENSOR, pressure_sensor.REGISTER_MAP),
    ("Room I/O box", 3, Kind.ROOM_IO, room_io.REGISTER_MAP),
)
"""Name, default unit id, kind, map."""
COLUMNS: Final = ("address", "name", "type", "access", "accepted values", "meaning")
ACCESS: Final = {"r": "read", "w": "write", "rw": "read, write"}


def blocks(rows: Sequence[Register]) -> Iterable[list[Register]]:
    """Runs of adjoining rows: what is read or written as one."""
    block: list[Register] = []
    for row in rows:
        if block and row.address != block[-1].address + block[-1].words:
            yield block
            block = []
        block.append(row)
    yield block


def _type(row: Register) -> str:
    return f"{'i' if row.signed else 'u'}{16 * row.words}"


def _accepted(row: Register) -> str:
    text = f"{row.low} to {row.high}" if row.low != row.high else str(row.low)
    text = f"{text} {row.unit}".rstrip()
    if row.absent is not None:
        text += f"; 0x{row.absent:X} = not fitted"
    return text


def _meaning(row: Register) -> str:
    plain = row.plausibility == "by the map"
    return row.meaning if plain else f"{row.meaning} (range: {row.plausibility})"


def _address(row: Register) -> str:
    return str(row.address) if row.words == 1 else f"{row.address}-{row.address + row.words - 1}"


def _block(rows: Sequence[Register]) -> str:
    last = rows[-1]
    count = last.address + last.words - rows[0].address
    cells = [
        (_address(r), f"`{r.name}`", _type(r), ACCESS[r.access], _accepted(r), _meaning(r))
        for r in rows
    ]
    return join(f"### Block at {rows[0].address}, {count} registers", table(COLUMNS, cells))


def _device(name: str, unit_id: int, kind: Kind, rows: tuple[Register, ...]) -> str:
    own = [row for row in rows if row not in IDENTITY]
    parts = [f"## {name}", f"Unit id {unit_id} by default, device kind {kind.code}."]
    parts += [_block(block) for block in blocks(own)]
    if kind is Kind.ROOM_IO:
        bits = [(bit.bit_length() - 1, f"`{bit_name}`") for bit_name, bit in _input_bits()]
        parts += ["### Bits of `inputs`", table(("bit", "input, 1 = as named"), bits)]
    return join(*parts)


def _input_bits() -> Iterable[tuple[str, int]]:
    return room_io.INPUT_BITS.items()


def page() -> str:
    """The page."""
    modes = ", ".join(f"{code} {words}" for code, words in MODE_NAMES.items())
    return join(
        head(
            "Register maps",
            "drivers/mammograph.py, drivers/pressure_sensor.py and drivers/room_io.py",
            "Modbus TCP, holding registers, read with function 3 and written with function 16, a"
            " whole block at a time. 32-bit values have their high word first; signed values are"
            " two's complement. The maps are this project's own: a vendor's device needs a gateway"
            " to them, or a driver of its own"
            " ([decision 0006](decisions/0006-two-stage-stop-and-room-box.md)).",
            "A value outside *accepted values* is no reading: the answer counts as a bad frame and"
            " is asked again. `[?]` marks an assumption. The simulated devices state the same maps"
            " a second time and share no code with these.",
        ),
        "## Identity, every device",
        f"Refused unless the signature is 0x{SIGNATURE:04X}, the kind is the device's, the map"
        f" version is {MAP_VERSION} and the mode is the room's ({modes}).",
        *(_block(block) for block in blocks(IDENTITY)),
        *(_device(*device) for device in DEVICES),
    )
