"""The simulated room in real time: a serial pty, one TCP address for Modbus, a control port.

One thread and one selector, woken for bytes or at the room's next own change. The clock
is the controller's boot time: on a suspended machine the pump has gone on. After any
wake-up, however late (SIGCONT), the room first moves to now and only then are bytes
read: a frozen simulator is a pump that kept its last speed.

With ``--only pump`` or ``--only modbus`` two processes share no physics: the pump then
has power whatever the box says, and the sensor of the other process sees no flow.
"""

import argparse
import contextlib
import json
import os
import random
import selectors
import signal
import socket
import sys
import termios
import tty
from collections.abc import Callable
from typing import Any, Final

from controller.clock import RealClock
from sim.devices import NEVER_NS
from sim.devices.modbus_device import AduCutter
from sim.devices.room import SimulatedRoom, WiredDevice
from sim.physics import RIG_27G_WARM, RIG_30G_COLD

_NS_PER_S: Final = 10**9
_READ_BYTES: Final = 4096
_MOST_UNSENT: Final = 65_536
"""A peer that reads nothing is closed at this many waiting bytes."""
_UNITS: Final = {1: "mammograph", 2: "pressure_sensor", 3: "room_io"}
_RIGS: Final = {"27g-warm": RIG_27G_WARM, "30g-cold": RIG_30G_COLD}
_MODES: Final = {"simulated": 1, "bench": 2}
_MBAP_BYTES: Final = 7


class UsageError(Exception):
    """What was asked for cannot be served; the text says what to change."""


def host_port(text: str) -> tuple[str, int]:
    """Parse ``HOST:PORT``; port 0 lets the system choose."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65_535:
        raise UsageError(f"address {text!r} is not HOST:PORT; give for example 127.0.0.1:5020")
    return host.strip("[]") or "127.0.0.1", int(port)


class PtyLine:
    """The pump's serial line: master end of a pty, reachable through a symlink."""

    def __init__(self, link: str, baud: int, rng: random.Random, device: WiredDevice) -> None:
        self.master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self.master, False)
        self.link = link
        self._name = os.ttyname(self._slave)
        self._speed = getattr(termios, f"B{baud}") if baud else None
        self._rng = rng
        self._device = device
        self._replace_link()

    def _replace_link(self) -> None:
        if os.path.lexists(self.link) and not os.path.islink(self.link):
            raise UsageError(f"pump link {self.link!r} exists and is no symlink; give another path")
        fresh = f"{self.link}.{os.getpid()}"
        os.symlink(self._name, fresh)
        os.replace(fresh, self.link)

    def read(self, now_ns: int) -> None:
        """Hand the client's bytes to the pump; at a wrong speed answer garbage."""
        with contextlib.suppress(BlockingIOError):
            data = os.read(self.master, _READ_BYTES)
            if self._speed is None or termios.tcgetattr(self._slave)[5] == self._speed:
                self._device.receive(data, now_ns)
            else:
                self._put(self._rng.randbytes(max(1, len(data) // 2)))

    def write(self, now_ns: int) -> None:
        """Put what the pump says on the line."""
        if data := self._device.take(now_ns):
            self._put(data)

    def _put(self, data: bytes) -> None:
        # No flow control: what a full line does not take is lost, as on a real one.
        with contextlib.suppress(BlockingIOError):
            os.write(self.master, data)

    def close(self) -> None:
        """Remove the symlink if it is still ours, close both ends."""
        with contextlib.suppress(FileNotFoundError):
            if os.readlink(self.link) == self._name:
                os.unlink(self.link)
        os.close(self.master)
        os.close(self._slave)


class Peer:
    """One accepted TCP connection with what waits to be sent."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.part = bytearray()
        self.unsent = bytearray()
        self.device: WiredDevice | None = None

    def flush(self) -> bool:
        """Send what the system takes; False when the peer is gone or reads nothing."""
        try:
            while self.unsent:
                del self.unsent[: self.sock.send(self.unsent)]
        except BlockingIOError:
            pass
        except OSError:
            return False
        return len(self.unsent) <= _MOST_UNSENT


Handler = Callable[[Peer, bytes, int], bool]


class Server:
    """Room, line, listeners; :meth:`run` returns after SIGTERM or SIGINT."""

    def __init__(self, options: argparse.Namespace) -> None:
        rng = random.Random(options.seed)
        self._clock = RealClock()
        self._selector = selectors.DefaultSelector()
        self._peers: dict[socket.socket, tuple[Peer, Handler]] = {}
        self._bound: dict[str, Peer] = {}
        self._stopping = False
        self.room = SimulatedRoom(
            rng,
            _RIGS[options.rig],
            now_ns=self._clock.now_ns(),
            baud=options.baud,
            relay_bypassed=options.only == "pump" or options.pump_always_on,
            mode=_MODES[options.mode],
        )
        self.addresses: dict[str, str | None] = {"pump": None, "modbus": None, "control": None}
        self._line: PtyLine | None = None
        if options.only != "pump":
            self._listen("modbus", options.modbus, self._modbus_bytes)
        if options.control:
            self._listen("control", options.control, self._control_bytes)
        if options.only != "modbus":
            device = self.room.device("pump")
            self._line = PtyLine(options.pump_link, options.baud, rng, device)
            self._selector.register(self._line.master, selectors.EVENT_READ, self._line.read)
            self.addresses["pump"] = options.pump_link
        self._catch_signals()

    def _catch_signals(self) -> None:
        """Signals become bytes, so that a wait in the selector ends."""
        inlet, outlet = socket.socketpair()
        inlet.setblocking(False)
        outlet.setblocking(False)
        signal.set_wakeup_fd(outlet.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        self._signals = (inlet, outlet)
        self._selector.register(inlet, selectors.EVENT_READ, lambda _now_ns: inlet.recv(64))

    def _stop(self, _number: int, _frame: object) -> None:
        self._stopping = True

    def _listen(self, name: str, address: str, handler: Handler) -> None:
        host, port = host_port(address)
        listener = socket.create_server((host, port))
        listener.setblocking(False)
        bound = listener.getsockname()
        self.addresses[name] = f"{bound[0]}:{bound[1]}"

        def accept(_now_ns: int) -> None:
            with contextlib.suppress(BlockingIOError):
                sock, _ = listener.accept()
                sock.setblocking(False)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                peer = Peer(sock)
                self._peers[sock] = (peer, handler)
                self._selector.register(
                    sock, selectors.EVENT_READ, lambda now_ns: self._peer_bytes(sock, now_ns)
                )

        self._selector.register(listener, selectors.EVENT_READ, accept)

    # --- the loop ---------------------------------------------------------------------------

    def run(self) -> None:
        """Serve until told to stop."""
        while not self._stopping:
            events = self._selector.select(self._patience_s())
            now_ns = self._clock.now_ns()
            self.room.advance(now_ns)
            for key, _ in events:
                key.data(now_ns)
            self._speak(self._clock.now_ns())

    def _patience_s(self) -> float | None:
        names = ["pump", *self._bound]
        wake_ns = min(self.room.device(name).wake_ns() for name in names)
        if wake_ns == NEVER_NS:
            return None
        return max(0, wake_ns - self._clock.now_ns()) / _NS_PER_S

    def _speak(self, now_ns: int) -> None:
        if self._line is not None:
            self._line.write(now_ns)
        for peer, _ in list(self._peers.values()):
            if peer.device is not None:
                peer.unsent += peer.device.take(now_ns)
            if peer.unsent and not peer.flush():
                self._drop(peer)

    def close(self) -> None:
        """Give everything back."""
        if self._line is not None:
            self._line.close()
        for peer, _ in list(self._peers.values()):
            self._drop(peer)
        for key in list(self._selector.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
        signal.set_wakeup_fd(-1)
        self._signals[1].close()
        self._selector.close()

    # --- peers ------------------------------------------------------------------------------

    def _peer_bytes(self, sock: socket.socket, now_ns: int) -> None:
        peer, handler = self._peers[sock]
        try:
            data = sock.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data or not handler(peer, data, now_ns):
            self._drop(peer)

    def _drop(self, peer: Peer) -> None:
        if self._peers.pop(peer.sock, None) is None:
            return
        self._selector.unregister(peer.sock)
        peer.sock.close()
        self._bound = {name: other for name, other in self._bound.items() if other is not peer}

    def _modbus_bytes(self, peer: Peer, data: bytes, now_ns: int) -> bool:
        if peer.device is None:
            peer.part += data
            if len(peer.part) < _MBAP_BYTES:
                return True
            data = bytes(peer.part)
            if not self._bind(peer, data):
                return False
        device = peer.device
        if device is None:
            return False
        device.receive(data, now_ns)
        return not device.broken

    def _bind(self, peer: Peer, data: bytes) -> bool:
        """The first header's unit id says which device the connection is for."""
        probe = AduCutter()
        probe.feed(data)
        name = _UNITS.get(data[_MBAP_BYTES - 1])
        if probe.broken or name is None or name in self._bound:
            return False
        self._bound[name] = peer
        peer.device = self.room.device(name)
        peer.device.connected()
        return True

    # --- control ----------------------------------------------------------------------------

    def _control_bytes(self, peer: Peer, data: bytes, now_ns: int) -> bool:
        peer.part += data
        *lines, rest = bytes(peer.part).split(b"\n")
        peer.part[:] = rest
        for line in filter(None, lines):
            peer.unsent += json.dumps(self._control(line, now_ns)).encode() + b"\n"
        return len(peer.part) <= _MOST_UNSENT

    def _control(self, line: bytes, now_ns: int) -> dict[str, Any]:
        """``{"set": {name: value}}``, ``{"truth": true}``, ``inputs``, ``events``, or several."""
        try:
            wish = json.loads(line)
            if not isinstance(wish, dict):
                raise ValueError("a control line is a JSON object")
            unknown = set(wish) - {"set", "truth", "inputs", "events"}
            if unknown:
                raise ValueError(f"{sorted(unknown)} is unknown; give set, truth, inputs or events")
            answer: dict[str, Any] = {}
            for name, value in dict(wish.get("set", {})).items():
                self.room.set_input(name, value, now_ns)
                if name == "power_cycle" and value in self._bound:
                    self._drop(self._bound[value])
                answer["set"] = True
            if wish.get("inputs"):
                answer["inputs"] = list(self.room.input_names())
            if wish.get("truth"):
                answer["truth"] = self.room.truth()
            if wish.get("events"):
                answer["events"] = list(self.room.events)
        except (ValueError, TypeError) as problem:
            return {"error": str(problem)}
        return answer


# --- command ----------------------------------------------------------------------------------


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``galactograph-sim serve``."""
    parser.add_argument("--pump-link", metavar="PATH", help="symlink to make for the pump's line")
    parser.add_argument("--modbus", metavar="HOST:PORT", help="Modbus address, port 0 = any")
    parser.add_argument("--control", metavar="HOST:PORT", help="control port, JSON lines")
    parser.add_argument("--only", choices=("pump", "modbus"), help="serve one side, no coupling")
    parser.add_argument("--pump", choices=("new-era",), default="new-era", help="pump family")
    parser.add_argument(
        "--baud",
        type=int,
        default=0,
        choices=(0, 300, 1200, 2400, 9600, 19200),
        help="line speed; 0 = bytes move at once and any client speed fits",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of noise and reply times")
    parser.add_argument("--rig", choices=sorted(_RIGS), default="27g-warm", help="cannula")
    parser.add_argument("--mode", choices=sorted(_MODES), default="simulated", help="reported mode")
    parser.add_argument(
        "--pump-always-on", action="store_true", help="power the pump whatever the box says"
    )


def run(options: argparse.Namespace) -> int:
    """Serve; the first line on standard output is JSON with the addresses.

    Returns:
        0 after SIGTERM or SIGINT, 2 when the options cannot be served.
    """
    try:
        if options.only != "modbus" and not options.pump_link:
            raise UsageError("give --pump-link PATH, or --only modbus")
        if options.only != "pump" and not options.modbus:
            raise UsageError("give --modbus HOST:PORT, or --only pump")
        server = Server(options)
    except (UsageError, OSError) as problem:
        sys.stderr.write(f"serve: {problem}\n")
        return 2
    try:
        first: dict[str, Any] = dict(server.addresses)
        if options.only:
            first["note"] = f"only {options.only}: no physics shared with another process"
        sys.stdout.write(json.dumps(first) + "\n")
        sys.stdout.flush()
        server.run()
    finally:
        server.close()
    return 0


def main() -> int:
    """Entry for ``python -m sim.serve``."""
    parser = argparse.ArgumentParser(description="simulated devices in real time")
    add_arguments(parser)
    return run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
