"""The room file: its mode, its devices and where they are, how often they are asked.

Ranges stand beside the fields; relations between numbers are in ``relations.py``.
Polling defaults are the design's polling plan; the register ranges of the room I/O box
and the mammograph are stated here a second time on purpose (``drivers`` states them for
the wire; ``config`` may not import it).
"""

import ipaddress
from collections.abc import Mapping
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from config.model import Line, Section, Text, refusal
from state_machine.profile import Mode
from state_machine.units import NS_PER_MS

BAUDS: Final = (9_600, 19_200, 38_400, 57_600, 115_200)
"""Speeds that may be used; under 9,600 a stop would be too late (safety rules 1.8)."""

_DEVICE_MODES: Final[Mapping[Mode, frozenset[int]]] = MappingProxyType(
    # What the identity block of a Modbus device must say of itself (register map, word 6).
    {Mode.SIMULATED: frozenset({1}), Mode.BENCH: frozenset({2}), Mode.CLINICAL: frozenset({3})}
)


def _absolute(value: str) -> str:
    if not value.startswith("/") or ".." in PurePosixPath(value).parts:
        raise refusal(
            'an absolute path without "..", such as "/dev/serial/by-id/usb-…"',
            "give the whole path; list /dev/serial/by-id to find it",
        )
    return value


def _below_state_folder(value: str) -> str:
    path = PurePosixPath(value)
    if path.is_absolute() or ".." in path.parts or str(path) == ".":
        raise refusal(
            'a path relative to the room\'s state folder, without ".."',
            "the state folder itself is given on the command line",
        )
    return value


def _numeric_host(value: str) -> str:
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        raise refusal(
            'a numeric address such as "192.168.10.20"',
            "names are not looked up while the room runs: write the number",
        ) from None
    if address.is_multicast or address.is_unspecified or value == "255.255.255.255":
        raise refusal("the address of one device", "write the device's own address")
    return value


def _known_baud(value: int) -> int:
    if value not in BAUDS:
        raise refusal(
            " or ".join(map(str, BAUDS)),
            "set pump and file to the same speed; under 9600 a stop would be too late",
        )
    return value


def _identifier(value: str) -> str:
    if not (value.isascii() and value.replace("-", "").isalnum() and value[0].isalnum()):
        raise refusal(
            "letters, digits and hyphens", 'the name also names a folder: write e.g. "room-2"'
        )
    return value


Host = Annotated[Text, AfterValidator(_numeric_host)]
IntervalMs = Annotated[int, Field(ge=10, le=2_000)]


class Poll(Section):
    """Time between two questions to a device, per activity of the room."""

    idle_ms: IntervalMs
    active_ms: IntervalMs = Field(ge=10, le=2_000, description="armed, or something moves")
    exposing_ms: IntervalMs

    @property
    def idle_ns(self) -> int:
        """Interval while nothing is armed."""
        return self.idle_ms * NS_PER_MS

    @property
    def active_ns(self) -> int:
        """Interval while armed or moving."""
        return self.active_ms * NS_PER_MS

    @property
    def exposing_ns(self) -> int:
        """Interval from prep to the end of the exposure."""
        return self.exposing_ms * NS_PER_MS


class RoomSection(Section):
    """``[room]``: what the room is and what it may be used for."""

    name: Annotated[Text, AfterValidator(_identifier)] = Field(description="name of the room")
    mode: Literal["simulated", "bench", "clinical"] = Field(
        description="what the room may be used for; shown on every screen and record"
    )
    procedure: Text = Field(
        description="name of a shipped procedure, or a .toml file beside this one"
    )
    site_responsibility: Line = ""
    """Who answers for a laboratory pump on people; required in clinical mode."""
    hold_source: Literal["wired", "wired-or-console"] = "wired"
    """What must be held while contrast flows: the wired switch, or a pad on the console too."""
    console_required: bool = False
    """Contrast and X-ray need a console that proves its view is live; false without a screen."""
    pressure_switch: bool = Field(
        description="true when a pressure switch is wired in series with the pump permit"
    )
    daily_check: Literal["required", "waived"] = "required"
    """Whether arming needs a daily check of what stops the pump; never waived in clinical mode."""
    calibration: Literal["required", "waived"] = "required"
    """Whether arming needs pressure sensor and compression force calibrated, and a syringe that
    counts as weighed; never waived in clinical mode. One that has expired refuses all the same."""
    observation_s: int = Field(
        default=0,
        ge=0,
        le=3_600,
        description="observation; 0: as the procedure says",
    )
    site_contact: Line = ""
    """Whom a patient calls afterwards; printed on the post-procedure sheet."""
    temperature_sensor: bool = False
    """The line sensor measures the contrast temperature, and no entry stands in for it; else a
    person enters it, and it is believed for a limited time."""
    journal_folder: Annotated[Text, AfterValidator(_below_state_folder)] = "journal"
    socket_path: Annotated[Text, AfterValidator(_below_state_folder)] = "control.sock"


class PumpSection(Section):
    """``[pump]``: the syringe pump on a serial line."""

    driver: Text = Field(description="name of the pump's driver")
    port: Annotated[Text, AfterValidator(_absolute)] = Field(description="its serial port")
    baud: Annotated[int, AfterValidator(_known_baud)] = 19_200
    address: int = Field(default=0, ge=0, le=99, description="its address on the chain")
    safe_timeout_s: int = Field(
        # 5 s at the rate ceiling is 42 uL, less than the first checkpoint (assumption).
        default=1,
        ge=1,
        le=5,
        description="whole seconds of silence after which the pump stops by itself",
    )
    model: Line = ""
    """What the pump must call itself, e.g. ``NE1000``; empty = whatever the driver knows."""
    poll: Poll = Poll(idle_ms=400, active_ms=50, exposing_ms=200)


class ModbusSection(Section):
    """What every Modbus TCP device needs."""

    host: Host = Field(description="numeric address of the device")
    port: int = Field(default=502, ge=1, le=65_535, description="TCP port of the device")


class MammographSection(ModbusSection):
    """``[mammograph]``: the mammography unit."""

    driver: Text = "modbus-mammograph"
    unit_id: int = Field(default=1, ge=1, le=247, description="Modbus unit id")
    watchdog_ms: int = Field(
        default=500,
        ge=200,
        le=2_000,
        description="silence of the controller after which the unit withdraws its permits",
    )
    release_delay_s: int = Field(
        default=5,
        ge=0,
        le=60,
        description="seconds from there until the unit releases the breast by itself",
    )
    poll: Poll = Poll(idle_ms=500, active_ms=200, exposing_ms=50)


class PressureSensorSection(ModbusSection):
    """``[pressure_sensor]``: the sensor in the line."""

    driver: Text = "modbus-pressure-sensor"
    unit_id: int = Field(default=2, ge=1, le=247, description="Modbus unit id")
    poll: Poll = Poll(idle_ms=200, active_ms=20, exposing_ms=100)


class RoomIoSection(ModbusSection):
    """``[room_io]``: the box with the switches and the two-stage stop."""

    driver: Text = "modbus-room-io"
    unit_id: int = Field(default=3, ge=1, le=247, description="Modbus unit id")
    watchdog_ms: int = Field(
        default=300,
        ge=250,
        le=300,
        description="silence of the controller after which the box stops the pump",
    )
    poll: Poll = Poll(idle_ms=100, active_ms=50, exposing_ms=50)


class PeopleSection(Section):
    """``[people]``: who may ask. May be left out."""

    login: bool = False
    """Nothing but a stop is taken from anybody who is not logged in; always so in clinical mode."""
    idle_lock_s: int = Field(
        default=300,
        ge=30,
        le=3_600,
        description="seconds without a request after which a session is locked",
    )


class RoomConfig(Section):
    """The edge's half of a room: everything that the core does not need to see."""

    room: RoomSection
    pump: PumpSection
    mammograph: MammographSection
    pressure_sensor: PressureSensorSection
    room_io: RoomIoSection
    people: PeopleSection = PeopleSection()

    @property
    def login_required(self) -> bool:
        """Nothing but a stop is taken from anybody who is not logged in."""
        return self.people.login or self.mode is Mode.CLINICAL

    @property
    def mode(self) -> Mode:
        """What the room may be used for."""
        return Mode(self.room.mode)

    @property
    def expected_device_modes(self) -> frozenset[int]:
        """Operating modes (word 6 of the identity block) that the drivers accept."""
        return _DEVICE_MODES[self.mode]

    @property
    def modbus_devices(
        self,
    ) -> dict[str, "MammographSection | PressureSensorSection | RoomIoSection"]:
        """The three Modbus devices by the name of their table."""
        return {
            "mammograph": self.mammograph,
            "pressure_sensor": self.pressure_sensor,
            "room_io": self.room_io,
        }
