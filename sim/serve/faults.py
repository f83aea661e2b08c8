"""Faults of the wires as two tables by name, beside the inputs of the room.

They are set through the control port like any input of the room. A fault that is set and
never touched anything is one whose count stays 0.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from sim.devices.room_inputs import Value, check
from sim.serve.modbus_side import ModbusSide
from sim.serve.noise import PPM
from sim.serve.pump_line import PumpLine

_SWITCH: Final = (True, False)
_PRESS: Final = (True,)
_PPM: Final = range(PPM + 1)
_MS: Final = range(60_001)
BAUDS: Final = (0, 300, 1200, 2400, 9600, 19200)
"""Speeds of the pump; 0 = bytes move at once and any client speed fits."""


class Fault(NamedTuple):
    """Values a fault takes, and what it does to its side of the wires."""

    values: Iterable[Value]
    act: Callable[[Any, Any, int], None]


def _set(place: str) -> Callable[[Any, Any, int], None]:
    """Set an attribute of a side, or of a part of it."""
    *parts, attribute = place.split(".")

    def act(side: object, value: Value, _now_ns: int) -> None:
        for part in parts:
            side = getattr(side, part)
        setattr(side, attribute, value)

    return act


def _cable(line: PumpLine, value: str, _now_ns: int) -> None:
    line.plug(in_=value == "in")


def _garbage(line: PumpLine, on: bool, now_ns: int) -> None:
    line.babble.switch(on, now_ns)


def _baud(line: PumpLine, baud: int, _now_ns: int) -> None:
    line.set_baud(baud)


def _flow(line: PumpLine, value: str, now_ns: int) -> None:
    line.flow(runs=value == "running", now_ns=now_ns)


def _modbus_noise(side: ModbusSide, ppm: int, _now_ns: int) -> None:
    side.set_noise(ppm)


def _tcp(side: ModbusSide, value: str, _now_ns: int) -> None:
    side.set_tcp(value)


def _reset(side: ModbusSide, _value: bool, _now_ns: int) -> None:
    side.reset()


PUMP_FAULTS: Final[dict[str, Fault]] = {
    "pump_cable": Fault(("out", "in"), _cable),
    "pump_silence": Fault(_SWITCH, _set("silent")),
    "pump_deaf": Fault(_SWITCH, _set("deaf")),
    "pump_mute": Fault(_SWITCH, _set("mute")),
    "pump_echo": Fault(_SWITCH, _set("echoes")),
    "pump_noise_ppm": Fault(_PPM, _set("noise.ppm")),
    "pump_drip_ms": Fault(_MS, _set("pace.drip_ms")),
    "pump_late_ms": Fault(_MS, _set("pace.late_ms")),
    "pump_garbage": Fault(_SWITCH, _garbage),
    "pump_baud": Fault(BAUDS, _baud),
    "pump_flow": Fault(("stopped", "running"), _flow),
}
MODBUS_FAULTS: Final[dict[str, Fault]] = {
    "modbus_noise_ppm": Fault(_PPM, _modbus_noise),
    "modbus_drip_ms": Fault(_MS, _set("pace.drip_ms")),
    "modbus_late_ms": Fault(_MS, _set("pace.late_ms")),
    "modbus_tcp": Fault(("up", "cut", "black_hole"), _tcp),
    "modbus_reset": Fault(_PRESS, _reset),
}


class WireFaults:
    """The faults of what this process serves; a side that it does not serve has none."""

    def __init__(self, line: PumpLine | None, modbus: ModbusSide | None) -> None:
        self._line = line
        self._modbus = modbus

    def names(self) -> list[str]:
        """Names that :meth:`set` takes."""
        pump = list(PUMP_FAULTS) if self._line is not None else []
        return pump + (list(MODBUS_FAULTS) if self._modbus is not None else [])

    def set(self, name: str, value: Value, now_ns: int) -> None:
        """Set one fault.

        Raises:
            ValueError: A value that the fault does not take.
        """
        pump = name in PUMP_FAULTS
        fault = (PUMP_FAULTS if pump else MODBUS_FAULTS)[name]
        check(name, fault.values, value)
        fault.act(self._line if pump else self._modbus, value, now_ns)

    def counts(self) -> dict[str, int]:
        """What each fault really did."""
        pump = self._line.counts() if self._line is not None else {}
        modbus = self._modbus.counts() if self._modbus is not None else {}
        return {name: (pump | modbus)[name] for name in self.names()}
