"""The loop of the simulated room in real time.

One thread and one selector, woken for bytes or at the room's next own change. The clock
is the controller's boot time: on a suspended machine the pump has gone on. After any
wake-up, however late (SIGCONT), the room first moves to now and only then are bytes
read: a frozen simulator is a pump that kept its last speed.

With ``--only pump`` or ``--only modbus`` two processes share no physics: the pump then
has power whatever the box says, and the sensor of the other process sees no flow. With
``--cables`` too they are one room: :mod:`sim.serve.coupling`.
"""

import argparse
import random
import selectors
import signal
import socket
from typing import Final, Protocol

from controller.clock import RealClock
from sim.devices import NEVER_NS
from sim.devices.room import SimulatedRoom
from sim.physics import RIG_27G_WARM, RIG_30G_COLD
from sim.serve.balance_line import BalanceLine
from sim.serve.control import Control
from sim.serve.coupling import BoxEnd, PumpEnd, coupling
from sim.serve.faults import WireFaults
from sim.serve.modbus_side import ModbusSide
from sim.serve.peers import Listener
from sim.serve.pump_line import PumpLine

_NS_PER_S: Final = 10**9
RIGS: Final = {"27g-warm": RIG_27G_WARM, "30g-cold": RIG_30G_COLD}
MODES: Final = {"simulated": 1, "bench": 2}


class BootClock(Protocol):
    """What the server needs of time."""

    def now_ns(self) -> int:
        """Boot time."""


class Server:
    """Room, line, listeners; :meth:`run` returns after SIGTERM or SIGINT.

    Args:
        options: As :func:`sim.serve.command.add_arguments` declares them.
        clock: Tells boot time.
    """

    def __init__(self, options: argparse.Namespace, clock: BootClock | None = None) -> None:
        self._clock: BootClock = clock or RealClock()
        self._selector = selectors.DefaultSelector()
        self._stopping = False
        self.room = SimulatedRoom(
            random.Random(options.seed),
            RIGS[options.rig],
            now_ns=self._clock.now_ns(),
            baud=options.baud,
            relay_bypassed=options.pump_always_on
            or (options.only == "pump" and not options.cables),
            mode=MODES[options.mode],
        )
        self._coupling: PumpEnd | BoxEnd | None = None
        self._was_stopped = False
        self._line: PumpLine | None = None
        self._balance: BalanceLine | None = None
        self._modbus: ModbusSide | None = None
        self._listeners: list[Listener] = []
        self.addresses: dict[str, str | None] = {"pump": None, "modbus": None, "control": None}
        self._catch_signals()
        try:
            self._open(options)
        except BaseException:
            self.close()
            raise

    def _open(self, options: argparse.Namespace) -> None:
        self._coupling = coupling(options, self.room, self._selector)
        if options.only != "pump":
            modbus = self._modbus = ModbusSide(self.room, options.seed)
            modbus.listener = Listener(self._selector, options.modbus, modbus.heard, modbus.gone)
            self._add("modbus", modbus.listener)
        if options.only != "modbus":
            self._line = PumpLine(options.pump_link, self.room, self._selector, options.seed)
            self.addresses["pump"] = options.pump_link
        if options.balance_link:
            self._balance = BalanceLine(
                options.balance_link,
                self.room,
                self._selector,
                options.seed,
                self._clock.now_ns(),
            )
            self.addresses["balance"] = options.balance_link
        if options.control:
            faults = WireFaults(self._line, self._modbus)
            control = Control(self.room, faults, self._coupling, self._power_cycled)
            self._add("control", Listener(self._selector, options.control, control.heard))

    def _add(self, name: str, listener: Listener) -> None:
        self._listeners.append(listener)
        self.addresses[name] = listener.address

    def _power_cycled(self, name: str) -> None:
        if self._modbus is not None:
            self._modbus.power_cycled(name)

    def _catch_signals(self) -> None:
        """Signals become bytes, so that a wait in the selector ends."""
        inlet, outlet = socket.socketpair()
        inlet.setblocking(False)
        outlet.setblocking(False)
        signal.set_wakeup_fd(outlet.fileno(), warn_on_full_buffer=False)
        wanted = {signal.SIGTERM: self._stop, signal.SIGINT: self._stop}
        wanted[signal.SIGCONT] = self.continued
        self._handlers = {number: signal.signal(number, act) for number, act in wanted.items()}
        self._signals = (inlet, outlet)
        self._selector.register(inlet, selectors.EVENT_READ, lambda _now_ns: inlet.recv(64))

    def _stop(self, _number: int, _frame: object) -> None:
        self._stopping = True

    def continued(self, _number: int = 0, _frame: object = None) -> None:
        """This process was stopped, and is so no longer."""
        self._was_stopped = True

    # --- the loop ---------------------------------------------------------------------------

    def run(self) -> None:
        """Serve until told to stop."""
        while not self._stopping:
            self.turn(self._selector.select(self._patience_s()))

    def turn(self, events: list[tuple[selectors.SelectorKey, int]]) -> None:
        """One pass: the room to now, then the bytes that arrived, then what is said."""
        now_ns = self._clock.now_ns()
        if self._coupling is not None:
            now_ns = self._replay(self._coupling, now_ns)
        self.room.advance(now_ns)
        for key, _ in events:
            key.data(now_ns)
        self._speak(self._clock.now_ns())

    def _replay(self, ends: PumpEnd | BoxEnd, now_ns: int) -> int:
        stopped, self._was_stopped = self._was_stopped, False
        if stopped:  # the clock may have been read before the stop
            now_ns = self._clock.now_ns()
        ends.replay(now_ns, stopped=stopped)
        return now_ns

    def _patience_s(self) -> float | None:
        wake_ns = self.wake_ns()
        if wake_ns == NEVER_NS:
            return None
        return max(0, wake_ns - self._clock.now_ns()) / _NS_PER_S

    def wake_ns(self) -> int:
        """Next instant at which anything happens by itself."""
        names = ["pump", *(self._modbus.bound() if self._modbus is not None else ())]
        wake_ns = [self.room.device(name).wake_ns() for name in names]
        if self._line is not None:
            wake_ns.append(self._line.wake_ns())
        if self._balance is not None:
            wake_ns.append(self._balance.wake_ns())
        if self._modbus is not None:
            wake_ns += self._modbus.wake_ns()
        if self._coupling is not None:
            wake_ns.append(self._coupling.wake_ns())
        return min(wake_ns)

    def _speak(self, now_ns: int) -> None:
        if self._line is not None:
            self._line.write(now_ns)
        if self._balance is not None:
            self._balance.write(now_ns)
        if self._modbus is not None:
            self._modbus.write(now_ns)
        for listener in self._listeners:
            listener.flush()
        if self._coupling is not None:
            self._coupling.say()

    def close(self) -> None:
        """Give everything back."""
        if self._coupling is not None:
            self._coupling.close(self._clock.now_ns())
        if self._line is not None:
            self._line.close()
        if self._balance is not None:
            self._balance.close()
        for listener in self._listeners:
            listener.close()
        signal.set_wakeup_fd(-1)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        for end in self._signals:
            end.close()
        self._selector.close()
