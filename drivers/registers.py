"""The register table: one row per value, from which blocks are cut and documents made.

A row's range is its *plausible* range: a value outside it is no reading (the frame is
counted as bad), because a device that says the impossible is broken or is not the
device that the table describes.

The simulated devices state the same maps a second time on purpose and share nothing
with this file; a conversation test joins the two.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from drivers.modbus import WRITE, Question, read_question, write_question


class Register(msgspec.Struct, frozen=True):
    """One value of a register map (holding registers; 32 bits: high word first)."""

    address: int
    name: str
    low: int
    high: int
    unit: str
    meaning: str
    words: int = 1
    signed: bool = False
    access: str = "r"
    """``r`` read (FC3), ``w`` written (FC16), ``rw`` both."""
    plausibility: str = "by the map"
    """Where the range comes from, where it is not the map itself."""
    absent: int | None = None
    """Raw value that says "not fitted"; reads as None."""


class Implausible(ValueError):
    """A value outside the plausible range of its row; the text names all three."""


Values = dict[str, int | None]


class Block:
    """Adjoining rows that are read or written as one block."""

    def __init__(self, rows: tuple[Register, ...]) -> None:
        self.rows = rows
        self.address = rows[0].address
        self.count = 0
        for row in rows:
            if row.address != self.address + self.count:
                raise ValueError(f"register table has a gap or overlap at {row.address} {row.name}")
            self.count += row.words
        self._places = tuple((row, row.address - self.address, _is_plain(row)) for row in rows)
        self._question = read_question(self.address, self.count)
        write_question(self.address, (0,) * self.count)  # refuses a block that FC16 cannot carry

    def read(self) -> Question:
        """The question that reads the whole block."""
        return self._question

    def decode(self, registers: tuple[int, ...]) -> Values:
        """Values by name.

        Raises:
            Implausible: a value is outside its row's range.
        """
        values: Values = {}
        for row, at, plain in self._places:
            raw = registers[at] if row.words == 1 else registers[at] << 16 | registers[at + 1]
            if plain and row.low <= raw <= row.high:
                values[row.name] = raw
            else:
                values[row.name] = _value(row, raw)
        return values

    def write(self, values: Mapping[str, int]) -> Question:
        """The question that writes the whole block.

        Raises:
            Implausible: a value is outside its row's range; nothing is clipped.
        """
        registers: list[int] = []
        for row in self.rows:
            value = _checked(row, values[row.name])
            raw = value & (0xFFFFFFFF if row.words == 2 else 0xFFFF)
            registers += [raw >> 16, raw & 0xFFFF] if row.words == 2 else [raw]
        return Question(WRITE, self.address, self.count, tuple(registers))


def _is_plain(row: Register) -> bool:
    """What the register holds is the value: no sign, and nothing stands for *absent*."""
    return row.absent is None and not row.signed


def _value(row: Register, raw: int) -> int | None:
    if raw == row.absent:
        return None
    if row.signed and raw >> (16 * row.words - 1):
        raw -= 1 << 16 * row.words
    return _checked(row, raw)


def _checked(row: Register, value: int) -> int:
    if not row.low <= value <= row.high:
        raise Implausible(
            f"{row.name} = {value} {row.unit}".rstrip()
            + f" (register {row.address}) is outside {row.low} to {row.high}"
        )
    return value


def whole(values: Values, name: str) -> int:
    """A value that its row never leaves out."""
    value = values[name]
    if value is None:
        raise KeyError(name)
    return value


U16: Final = 0xFFFF
U32: Final = 0xFFFF_FFFF

IDENTITY: Final = (
    Register(0, "signature", 0, U16, "", "0x4741 ('GA'), the same in every device of this map"),
    Register(1, "device_kind", 0, U16, "", "1 mammograph, 2 line pressure sensor, 3 room I/O"),
    Register(2, "map_version", 0, U16, "", "version of the register map, 1"),
    Register(3, "firmware", 0, U16, "", "major version in the high byte, minor in the low byte"),
    Register(4, "serial_number", 0, U32, "", "serial number of the device", words=2),
    Register(6, "mode", 0, U16, "", "operating mode: 1 simulated, 2 bench, 3 clinical"),
    Register(7, "identity_reserved", 0, U16, "", "reserved, 0"),
)
"""Identity block of every device. Any value is plausible: a wrong one is refused by name."""
