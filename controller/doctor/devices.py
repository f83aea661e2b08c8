"""Asks every device of a room at the same time who it is, for three seconds at most."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

from config.load import LoadedRoom
from controller.clock import Clock
from controller.doctor.finding import Finding, Level
from controller.doctor.talks import PumpTalk, RegisterTalk, Talk
from drivers.modbus_session import Kind
from drivers.ports import (
    TRIED_AGAIN,
    DescriptorPort,
    LinkLost,
    Opener,
    PortState,
    SerialPort,
    TcpPort,
)
from state_machine.units import NS_PER_S

SPAN_NS: Final = 3 * NS_PER_S
"""Longer than one attempt to connect and five unanswered questions after it."""
_MODBUS: Final = (
    # table of the room file, driver whose map is asked, device kind
    ("mammograph", "modbus-mammograph", Kind.MAMMOGRAPH),
    ("pressure_sensor", "modbus-pressure-sensor", Kind.PRESSURE_SENSOR),
    ("room_io", "modbus-room-io", Kind.ROOM_IO),
)
_PUMP_DRIVER: Final = "new-era"
_NOT_TRIED: Final = (PortState.OPENING, PortState.OPEN)


class Asked(NamedTuple):
    """One device: its port and what is said on it."""

    port: DescriptorPort
    talk: Talk


def devices_of(loaded: LoadedRoom) -> list[Asked]:
    """Devices whose family can be asked without taking them over."""
    room, found = loaded.room, []
    pump = room.pump
    if pump.driver == _PUMP_DRIVER:
        talk = PumpTalk(pump.address, pump.baud, pump.model, pump.port)
        found.append(Asked(SerialPort(pump.port, pump.baud), talk))
    for table, driver, kind in _MODBUS:
        device = room.modbus_devices[table]
        if device.driver == driver:
            port = TcpPort(device.host, device.port)
            modes = room.expected_device_modes
            found.append(Asked(port, RegisterTalk(kind, device.unit_id, modes, port.name)))
    return found


def not_asked(loaded: LoadedRoom) -> list[Finding]:
    """Devices with another driver: only the running controller can identify them."""
    room = loaded.room
    tables = [("pump", _PUMP_DRIVER, room.pump.driver)]
    tables += [(table, own, room.modbus_devices[table].driver) for table, own, _ in _MODBUS]
    todo = "watch its refusal when the controller runs: this command does not know its protocol"
    return [
        Finding(table, Level.WARNING, f'not asked, its driver is "{driver}"', f'"{own}"', todo)
        for table, own, driver in tables
        if driver != own
    ]


def ask_all(devices: Sequence[Asked], clock: Clock, span_ns: int = SPAN_NS) -> list[Finding]:
    """Open each port, ask, close. Writes no register, moves nothing, takes no ownership."""
    with asked(devices, clock, span_ns):
        found = [finding for one in devices for finding in _findings(one)]
        return _without_power(found, [one.talk for one in devices])


@contextmanager
def asked(devices: Sequence[Asked], clock: Clock, span_ns: int = SPAN_NS) -> Iterator[None]:
    """Have asked all that could be, ports still as they are; they are closed afterwards.

    Bounded by ``span_ns``; each port is opened in a thread of its own, so one host that
    does not answer costs the others nothing.
    """
    openers = [Opener((asked.port,)) for asked in devices]
    for opener in openers:
        opener.start()
    try:
        end_ns = clock.now_ns() + span_ns
        wakers = [opener.wake_port for opener in openers]
        while (now_ns := clock.now_ns()) < end_ns:
            for waker in wakers:
                waker.read()
            due_ns = min([end_ns, *(_one_pass(one, now_ns) for one in devices)])
            if all(_over(one) for one in devices):
                break
            clock.wait([*wakers, *(one.port for one in devices)], due_ns)
        yield
    finally:
        for opener in openers:
            opener.close()
        for one in devices:
            one.port.close()


def _over(one: Asked) -> bool:
    return one.talk.over() or one.port.state not in _NOT_TRIED


def _one_pass(one: Asked, now_ns: int) -> int:
    """Listen, then speak; returns when to do so again at the latest."""
    port, talk = one
    if not _over(one) and port.adopt():
        talk.connected(now_ns)
    if port.fileno() is None or talk.over():
        return now_ns + SPAN_NS
    try:
        talk.receive(port.read(), now_ns)
        data = talk.give(now_ns)
        # a kernel buffer that is full before the first question is a fault of the line:
        # the answer does not come, and that is what is reported
        port.write(data)
    except LinkLost as error:
        talk.lost(str(error))
    return max(now_ns, talk.due_ns())


def _findings(one: Asked) -> list[Finding]:
    """The port when it cannot be opened, else who answers on it."""
    port, talk = one
    if port.state in _NOT_TRIED or port.state is PortState.LOST:
        return [talk.finding()]
    todo = port.fault.removesuffix(f"; {TRIED_AGAIN}")
    value = f"{port.name}: {port.state.value}"
    return [Finding(f"{talk.name} port", Level.WRONG, value, _allowed(port), todo)]


def _allowed(port: DescriptorPort) -> str:
    if isinstance(port, SerialPort):
        return "a serial port that this user may open and nobody else has open"
    return "a device that takes a connection within 2 s"


def _without_power(found: list[Finding], talks: Sequence[Talk]) -> list[Finding]:
    """A silent pump behind an open relay is as it should be while no controller runs."""
    pump_silent = any(isinstance(talk, PumpTalk) and talk.silent for talk in talks)
    relay_open = any(
        isinstance(talk, RegisterTalk) and talk.relay_closed is False for talk in talks
    )
    if not (pump_silent and relay_open):
        return found
    todo = (
        "nothing, if this is meant: the room box opens the pump's power while no controller"
        " runs. To have the pump asked, power it past the relay on the bench"
    )
    return [
        Finding(row.name, Level.WARNING, f"{row.value}; its power relay is open", row.allowed, todo)
        if row.name == "pump" and row.level is Level.WRONG
        else row
        for row in found
    ]
