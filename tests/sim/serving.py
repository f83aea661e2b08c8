"""A server in this process: real pty and sockets, a clock moved by hand, no waiting."""

import argparse
import json
import os
import select
import socket
import termios

from sim.serve import add_arguments
from sim.serve.server import Server
from tests.sim.wire import MS

PATIENCE_S = 5
START_NS = 10**9


class HandClock:
    """Boot time that only a test moves."""

    def __init__(self):
        self.at_ns = START_NS

    def now_ns(self):
        return self.at_ns


class Bench:
    """Server and clients of one test."""

    def __init__(self, folder, *arguments, clock=None):
        self.link = str(folder / "pump")
        self.clock = clock or HandClock()
        parser = argparse.ArgumentParser()
        add_arguments(parser)
        given = ["--control", "127.0.0.1:0", *arguments]
        if "modbus" not in arguments:
            given += ["--pump-link", self.link]
        if "pump" not in arguments:
            given += ["--modbus", "127.0.0.1:0"]
        self.server = Server(parser.parse_args(given), self.clock)
        self.open = []
        self._to_pump = self._to_line = 0
        self._to_peer = {}
        self._count_bytes()
        self.hands = self.connect("control")

    def _count_bytes(self):
        """Know what was put on each wire: the kernel hands it over in its own time."""
        line = self.server._line
        if line is not None:
            put, heard = line._put, line._heard

            def count_put(data):
                self._to_line += len(data) if line.plugged else 0
                put(data)

            def count_heard(data, now_ns):
                self._to_pump += len(data)
                heard(data, now_ns)

            vars(line).update(_put=count_put, _heard=count_heard)
        for listener in self.server._listeners:
            vars(listener).update(flush=self._counting(listener, listener.flush))

    def _counting(self, listener, flush):
        def count_flush():
            for peer in listener.peers:
                client = peer.sock.getpeername()
                self._to_peer[client] = self._to_peer.get(client, 0) + len(peer.unsent)
            flush()

        return count_flush

    @property
    def room(self):
        return self.server.room

    # --- time -------------------------------------------------------------------------------

    def turn(self, patience_s=0.0):
        """One pass; with patience, one that something arrives for."""
        events = self.server._selector.select(patience_s)
        assert events or not patience_s, "nothing arrived"
        self.server.turn(events)

    def settle(self):
        """Passes until nothing waits to be read."""
        while events := self.server._selector.select(0):
            self.server.turn(events)
        self.server.turn([])

    def after(self, span_ns):
        """Let time pass, through every instant at which something happens by itself."""
        end_ns = self.clock.at_ns + span_ns
        while (wake_ns := self.server.wake_ns()) <= end_ns:
            self.clock.at_ns = max(self.clock.at_ns, wake_ns)
            self.settle()
        self.clock.at_ns = end_ns
        self.settle()

    # --- clients ----------------------------------------------------------------------------

    def connect(self, name):
        host, port = str(self.server.addresses[name]).rsplit(":", 1)
        sock = socket.create_connection((host, int(port)), PATIENCE_S)
        self.open.append(sock.close)
        self.turn(PATIENCE_S)
        return sock

    def control(self, **wish):
        self.hands.sendall(json.dumps(wish).encode() + b"\n")
        self.turn(PATIENCE_S)
        answer = b""
        while not answer.endswith(b"\n"):
            answer += self.hands.recv(65536)
        return json.loads(answer)

    def put(self, name, value):
        assert self.control(set={name: value}) == {"set": True}

    def count(self, name):
        return self.control(faults=True)["faults"][name]

    def line(self, speed=termios.B19200):
        fd = os.open(self.link, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        attributes = termios.tcgetattr(fd)
        attributes[4] = attributes[5] = speed
        termios.tcsetattr(fd, termios.TCSANOW, attributes)
        self.open.append(lambda: os.close(fd))
        return fd

    def say(self, fd, data):
        """Write to the line and let the server read it."""
        wanted = self._to_pump + len(data)
        assert os.write(fd, data) == len(data)
        while self._to_pump < wanted:
            self.turn(PATIENCE_S)
        self.settle()

    def ask(self, fd, data, span_ns=10 * MS):
        """Write to the line; what has come back after the pump's think time."""
        self.say(fd, data)
        self.after(span_ns)
        return self.hear(fd)

    def hear(self, fd):
        """What has been put on the line since it was last asked for."""
        heard = b""
        while self._to_line:
            assert select.select([fd], [], [], PATIENCE_S)[0], "it did not arrive"
            data = os.read(fd, 4096)
            self._to_line -= len(data)
            heard += data
        return heard

    def modbus(self, sock, data, span_ns=10 * MS):
        """Send a request; what has come back after the unit's think time."""
        sock.sendall(data)
        self.turn(PATIENCE_S)
        self.after(span_ns)
        return self.heard(sock)

    def heard(self, sock):
        """What was sent since it was last asked for; None when it was closed."""
        if sock.getsockname() not in [p.sock.getpeername() for p in self._peers()]:
            return None if sock.recv(4096) == b"" else self.heard(sock)
        wanted = self._to_peer.pop(sock.getsockname(), 0)
        return sock.recv(wanted, socket.MSG_WAITALL) if wanted else b""

    def _peers(self):
        return [peer for listener in self.server._listeners for peer in listener.peers]

    def close(self):
        for close in self.open:
            close()
        self.server.close()
