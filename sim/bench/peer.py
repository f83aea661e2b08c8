"""The devices' side of a stop-latency trial, a process of its own.

Makes the same moment as the controller's side from the same room and seed, serves it in
real time over a pty and three TCP connections, and in each trial replaces the pressure in
one of the sensor's answers by one over the limit. The clock starts before that answer is
handed to the socket and stops when the whole stop has been read at the pty. In between
only the pump's line is served, so that reading the stop never waits for a simulation.
"""

import argparse
import gc
import json
import random
import select
import socket
import struct
import sys
from typing import Any, Final

from config.load import load_room
from drivers.registry import known_names
from sim.bench.lines import SerialEnd, TcpEnd
from sim.bench.moment import Moment, ShiftedClock, injecting

IDLE, BUSY = "idle", "busy"
"""Pump's line at the trigger: nothing under way, or a question waits for its answer."""
_DEVICES: Final = {"line": "pressure_sensor", "room": "room_io", "mammograph": "mammograph"}
_MS: Final = 10**6
_NS_PER_S: Final = 10**9
_HOLD_NS: Final = 20 * _MS
"""Longest time an answer is held back for the right moment; far below the freshness limit."""
_REST_NS: Final = 2 * _MS
"""An idle line has been idle for so long."""
_PATIENCE_NS: Final = 400 * _MS
_TRIAL_NS: Final = 2 * _NS_PER_S
_STATUS_BYTES: Final = 9 + 16
"""MBAP header, function, byte count, eight registers."""
_PRESSURE_AT: Final = 9 + 4
"""Registers 102 and 103 of the sensor's status block, which begins at 100."""


def violating(answer: bytes, pressure_pa: int) -> bytes:
    """A sensor's status answer with another pressure; empty when it is no such answer."""
    if len(answer) != _STATUS_BYTES or answer[7] != 3:
        return b""
    value = struct.pack(">i", pressure_pa)
    return answer[:_PRESSURE_AT] + value + answer[_PRESSURE_AT + 4 :]


class Trial:
    """One trip, from the devices' side."""

    def __init__(self, ends: dict[str, TcpEnd], pump: SerialEnd, order: dict[str, Any]) -> None:
        """``order``: kind, seed, baud, offset_ns, pressure_pa."""
        self._ends = ends
        self._pump = pump
        self._kind = order["kind"]
        self._pressure_pa = order["pressure_pa"]
        self._chance = random.Random(order["seed"])
        self._clock = ShiftedClock(order["offset_ns"])
        now_ns = self._clock.now_ns()
        self._armed_ns = now_ns + self._chance.randint(20 * _MS, 45 * _MS)
        self._end_ns = now_ns + _TRIAL_NS
        self._share = self._chance.random() * 0.9
        self._held: tuple[int, bytes] | None = None
        self.sent_ns = 0

    def run(self) -> dict[str, Any]:
        """Serve until the stop has been read; what was seen, in ns."""
        while not self.sent_ns and self._clock.now_ns() < self._end_ns:
            self._serve()
        crossed = self._await_stop() if self.sent_ns else False
        stopped_ns = self._pump.stopped_ns
        answered_ns = max(self.sent_ns, self._pump.said_ns)
        return {
            "kind": self._kind,
            "sent": bool(self.sent_ns),
            "stopped": bool(stopped_ns and self.sent_ns and stopped_ns >= self.sent_ns),
            "crossed": crossed,
            "sent_ns": self.sent_ns,
            "stopped_ns": stopped_ns,
            "whole_ns": stopped_ns - self.sent_ns,
            "software_ns": stopped_ns - answered_ns,
            "wire_ns": self._pump.stop_size * self._pump.byte_ns,
        }

    def _serve(self) -> None:
        ends, pump = self._ends, self._pump
        due_ns = min(
            pump.next_ns(), *(end.device.speaks_ns() for end in ends.values() if end.device)
        )
        if self._held is not None:
            due_ns = min(due_ns, self._clock.now_ns() + _MS // 10)
        self._wait([pump.master, *(end.fileno() for end in ends.values())], due_ns)
        now_ns = self._clock.now_ns()
        pump.read(now_ns)
        pump.carry(now_ns)
        for name, end in ends.items():
            if end.device is None:
                continue
            if data := end.read():
                end.device.receive(data, now_ns)
            if end.device.speaks_ns() <= now_ns:
                said = end.device.take(now_ns)
                if name == "line" and now_ns >= self._armed_ns and violating(said, 0):
                    self._held = (now_ns + _HOLD_NS, said)
                else:
                    end.say(said)
        if self._held is not None:
            self._release(self._held)

    def _release(self, held: tuple[int, bytes]) -> None:
        """Send the violating answer when the pump's line is as wanted, or the true one late."""
        until_ns, answer = held
        now_ns = self._clock.now_ns()
        if self._fits(now_ns):
            bad = violating(answer, self._pressure_pa)
            self._held = None
            self.sent_ns = self._clock.now_ns()
            self._ends["line"].say(bad)
        elif now_ns >= until_ns:
            self._held = None
            self._ends["line"].say(answer)

    def _fits(self, now_ns: int) -> bool:
        pump = self._pump
        if self._kind == IDLE:
            return not pump.asked_ns and bool(pump.said_ns) and now_ns >= pump.said_ns + _REST_NS
        if not pump.asked_ns:
            return False
        span_ns = max(0, pump.answer_due_ns - pump.asked_ns)
        return now_ns >= pump.asked_ns + int(self._share * span_ns)

    def _await_stop(self) -> bool:
        """Serve the pump's line alone; True when a question crossed the trigger on an idle one."""
        pump, crossed = self._pump, False
        end_ns = self.sent_ns + _PATIENCE_NS
        while not pump.stopped_ns and self._clock.now_ns() < end_ns:
            self._wait([pump.master], min(pump.next_ns(), end_ns))
            now_ns = self._clock.now_ns()
            pump.read(now_ns)
            crossed = crossed or self._kind == IDLE and bool(pump.asked_ns)
            pump.carry(now_ns)
        return crossed

    def _wait(self, descriptors: list[int], until_ns: int) -> None:
        left_s = max(0, until_ns - self._clock.now_ns()) / _NS_PER_S
        select.select(descriptors, [], [], min(left_s, 0.05))


class Peer:
    """The process: listens, then one trial per order on the control connection."""

    def __init__(self, room: str, seed: int) -> None:
        """Make the moment and open every end."""
        self._moment = Moment(injecting(load_room(room, known_names()), seed).world)
        self._pump = SerialEnd()
        self._ends = {name: TcpEnd() for name in _DEVICES}
        self._control = socket.create_server(("127.0.0.1", 0))
        self.addresses = {
            "pump": self._pump.name,
            "control": f"127.0.0.1:{self._control.getsockname()[1]}",
            "at_ns": self._moment.at_ns,
            **{name: end.address for name, end in self._ends.items()},
        }

    def run(self) -> None:
        """Serve until the control connection ends."""
        self._control.settimeout(30)
        connection, _ = self._control.accept()
        for end in self._ends.values():
            end.accept()
        gc.collect()
        gc.freeze()
        with connection, connection.makefile("rwb") as lines:
            for line in lines:
                order = json.loads(line)
                answer = self._prepare(order) if "prepare" in order else self._trial(order)
                lines.write(json.dumps(answer).encode() + b"\n")
                lines.flush()

    def _prepare(self, order: dict[str, Any]) -> dict[str, Any]:
        """Fresh devices on silent wires."""
        gc.collect()
        devices = self._moment.devices()
        self._pump.begin(devices.device("pump"), order["prepare"])
        for name, end in self._ends.items():
            end.begin(devices.device(_DEVICES[name]))
        return {"ready": True}

    def _trial(self, order: dict[str, Any]) -> dict[str, Any]:
        return Trial(self._ends, self._pump, order).run()

    def close(self) -> None:
        """Give everything back."""
        self._control.close()
        self._pump.close()
        for end in self._ends.values():
            end.close()


def main() -> int:
    """Entry for ``python -m sim.bench.peer``; the first line on stdout has the addresses."""
    parser = argparse.ArgumentParser(description="devices of the stop-latency measurement")
    parser.add_argument("--room", default="demo")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    peer = Peer(args.room, args.seed)
    try:
        sys.stdout.write(json.dumps(peer.addresses) + "\n")
        sys.stdout.flush()
        peer.run()
    except ConnectionError:
        return 0
    finally:
        peer.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
