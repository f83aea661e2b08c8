"""A device as the controller reaches it: in its room, joined with everything else there."""

from typing import TYPE_CHECKING

from sim.devices.modbus_device import ModbusDevice

if TYPE_CHECKING:
    from sim.devices.room import SimulatedRoom


class WiredDevice:
    """A device as the controller reaches it, in its room (protocol ``sim.devices.Device``)."""

    def __init__(self, room: "SimulatedRoom", name: str) -> None:
        self._room = room
        self._name = name

    def receive(self, data: bytes, now_ns: int) -> None:
        """Bytes from the controller; consequences reach the other devices at once."""
        self._room.receive(self._name, data, now_ns)

    def take(self, now_ns: int) -> bytes:
        """Bytes the device says by now.

        They were settled when it heard the question: the room goes on first only where
        something in it changes by itself, which may silence the device or make it speak.
        """
        if self._room.next_change_ns() <= now_ns:
            self._room.advance(now_ns)
        return self._room.inner(self._name).take(now_ns)

    def wake_ns(self) -> int:
        """Next instant the device speaks, or anything in the room changes by itself."""
        return min(self._room.inner(self._name).wake_ns(), self._room.next_change_ns())

    def speaks_ns(self) -> int:
        """Next instant at which the device itself has something on the wire."""
        speaks_ns: int = getattr(self._room, self._name).speaks_ns()
        return speaks_ns

    def advance(self, now_ns: int) -> None:
        """Move the whole room to now."""
        self._room.advance(now_ns)

    def connected(self) -> None:
        """A new connection or a re-opened line: a Modbus unit forgets half a request."""
        device = self._room.inner(self._name)
        if isinstance(device, ModbusDevice):
            device.connected()

    @property
    def broken(self) -> bool:
        """A Modbus unit was sent something else and would close the connection."""
        device = self._room.inner(self._name)
        return isinstance(device, ModbusDevice) and device.broken
