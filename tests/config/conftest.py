"""A small room and procedure to break in every possible way."""

from pathlib import Path

import pytest

from config.load import LoadedRoom, load_room

KNOWN = frozenset(
    {"new-era", "ultra", "modbus-mammograph", "modbus-pressure-sensor", "modbus-room-io"}
)


class Site:
    """Room and procedure file in a folder; ``change`` edits text that must be there."""

    def __init__(self, folder: Path) -> None:
        shipped = Path(__file__).parents[2] / "config"
        self.room_path = folder / "room.toml"
        self.procedure_path = folder / "own.toml"
        self.put(
            room=(shipped / "rooms/demo.toml").read_text(),
            procedure=(shipped / "procedures/galactography.toml").read_text(),
        )
        self.change('procedure = "galactography"', 'procedure = "own.toml"')

    def put(self, room: str | None = None, procedure: str | None = None) -> None:
        if room is not None:
            self.room_path.write_text(room)
        if procedure is not None:
            self.procedure_path.write_text(procedure)

    def change(self, old: str, new: str) -> "Site":
        self._change(self.room_path, old, new)
        return self

    def change_procedure(self, old: str, new: str) -> "Site":
        self._change(self.procedure_path, old, new)
        return self

    def limit(self, line: str) -> "Site":
        return self.change_procedure("\n[limits]\n", f"\n[limits]\n{line}\n")

    def clinical(self) -> "Site":
        self.change("observation_s = 2 ", "observation_s = 300 ")
        self.change('daily_check = "waived"', 'daily_check = "required"')
        self.change('calibration = "waived"', 'calibration = "required"')
        self.change('hold_source = "wired-or-console"', 'hold_source = "wired"')
        self.change('mode = "simulated"', 'mode = "clinical"')
        self.change("/run/galactograph/pump", "/dev/serial/by-id/usb-pump-0")
        return self.change("127.0.0.1", "192.168.10.20")

    def responsible(self) -> "Site":
        return self.change("[room]", '[room]\nsite_responsibility = "Ward 3, Dr Example"')

    def load(self) -> LoadedRoom:
        return load_room(self.room_path, KNOWN)

    @staticmethod
    def _change(path: Path, old: str, new: str) -> None:
        text = path.read_text()
        assert old in text, f"{old!r} is not in {path.name}"
        path.write_text(text.replace(old, new))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)
