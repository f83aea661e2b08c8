"""The Modbus address: three units behind it, one connection each, and how a network breaks."""

from typing import Final

from sim.devices.modbus_device import AduCutter
from sim.devices.room import SimulatedRoom
from sim.devices.wired import WiredDevice
from sim.serve.noise import Noise
from sim.serve.outlet import Outlet, Pace
from sim.serve.peers import Listener, Peer

_UNITS: Final = {1: "mammograph", 2: "pressure_sensor", 3: "room_io"}
_MBAP_BYTES: Final = 7
COUNTED: Final = ("modbus_noise_ppm", "modbus_tcp", "modbus_reset")


class _Talk:
    """A connection that is bound to a unit."""

    def __init__(self, name: str, device: WiredDevice, pace: Pace) -> None:
        self.name = name
        self.device = device
        self.outlet = Outlet(pace)


class ModbusSide:
    """Carries bytes between connections and units; faults are attributes and methods.

    Args:
        room: Whose units they are.
        seed: Of the noise, one generator per unit.
    """

    def __init__(self, room: SimulatedRoom, seed: int) -> None:
        self.pace = Pace()
        self.listener: Listener | None = None
        self._room = room
        self._noise = {name: Noise(f"{seed}/{name}") for name in _UNITS.values()}
        self._counts = dict.fromkeys(COUNTED, 0)
        self._talks: dict[Peer, _Talk] = {}
        self._swallows = False

    # --- bytes ------------------------------------------------------------------------------

    def heard(self, peer: Peer, data: bytes, now_ns: int) -> bool:
        """Bytes of a client; False when the connection is to be closed."""
        if self._swallows:
            self._counts["modbus_tcp"] += len(data)
            return True
        talk = self._talks.get(peer)
        if talk is None:
            peer.part += data
            if len(peer.part) < _MBAP_BYTES:
                return True
            data = bytes(peer.part)
            talk = self._bind(peer, data)
            if talk is None:
                return False
        talk.device.receive(self._spoiled(talk.name, data), now_ns)
        return not talk.device.broken

    def _bind(self, peer: Peer, data: bytes) -> _Talk | None:
        """The first header's unit id says which device the connection is for."""
        probe = AduCutter()
        probe.feed(data)
        name = _UNITS.get(data[_MBAP_BYTES - 1])
        if probe.broken or name is None or name in self.bound():
            return None
        talk = self._talks[peer] = _Talk(name, self._room.device(name), self.pace)
        talk.device.connected()
        return talk

    def write(self, now_ns: int) -> None:
        """Put what the units say on their connections."""
        for peer, talk in self._talks.items():
            talk.outlet.say(talk.device.take(now_ns), now_ns)
            data = talk.outlet.take(now_ns)
            if self._swallows:
                self._counts["modbus_tcp"] += len(data)
            elif data:
                peer.unsent += self._spoiled(talk.name, data)

    def _spoiled(self, name: str, data: bytes) -> bytes:
        data, touched = self._noise[name].spoil(data)
        self._counts["modbus_noise_ppm"] += touched
        return data

    def gone(self, peer: Peer) -> None:
        """A connection was closed."""
        self._talks.pop(peer, None)

    # --- faults -----------------------------------------------------------------------------

    def set_noise(self, ppm: int) -> None:
        """Share of bytes touched, on every connection."""
        for noise in self._noise.values():
            noise.ppm = ppm

    def set_tcp(self, state: str) -> None:
        """``up``, ``cut`` (closed and refused) or ``black_hole`` (accepted and swallowed)."""
        if self.listener is None:
            return
        self._swallows = state == "black_hole"
        if state == "cut":
            self.listener.shut()
            self._counts["modbus_tcp"] += self.listener.drop_all()
        else:
            self.listener.open()

    def reset(self) -> None:
        """Reset every connection there is, once."""
        if self.listener is not None:
            self._counts["modbus_reset"] += self.listener.drop_all(reset=True)

    def power_cycled(self, name: str) -> None:
        """A unit that lost its power loses its connection."""
        for peer, talk in list(self._talks.items()):
            if talk.name == name and self.listener is not None:
                self.listener.drop(peer)

    # --- for the server ---------------------------------------------------------------------

    def bound(self) -> list[str]:
        """Units that have a connection."""
        return [talk.name for talk in self._talks.values()]

    def wake_ns(self) -> list[int]:
        """Instants at which something leaves by itself."""
        return [talk.outlet.due_ns() for talk in self._talks.values()]

    def counts(self) -> dict[str, int]:
        """What each fault did: bytes touched, swallowed or slowed, connections closed."""
        return self._counts | {
            "modbus_late_ms": self.pace.late_count,
            "modbus_drip_ms": self.pace.drip_count,
        }
