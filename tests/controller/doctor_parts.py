"""A made-up computer for the doctor's checks: its files, its clock, its ports."""

from pathlib import Path

from controller.clock import RealClock
from controller.doctor.computer import Computer
from drivers.ports import DescriptorPort, PortState, WakePort
from state_machine.readings import ClockSync

MS = 1_000_000


class SteppedClock:
    """Time that moves when somebody waits; ``late_ns`` is how late each wait ends."""

    def __init__(self, late_ns=(), on_wait=lambda: None):
        self.time_ns = 10**9
        self.waits = 0
        self.says = ClockSync.UNKNOWN
        self._late_ns = list(late_ns)
        self._on_wait = on_wait

    def now_ns(self):
        return self.time_ns

    def utc_ns(self):
        return 0

    def wait(self, ports, until_ns):
        late_ns = self._late_ns[self.waits % len(self._late_ns)] if self._late_ns else 0
        self.time_ns = max(self.time_ns, until_ns) + late_ns
        self.waits += 1
        self._on_wait()

    def hand_over(self):
        pass

    def sync(self):
        return self.says


class SwiftClock(RealClock):
    """Real time, except that a wait for nothing but time is over at once."""

    def __init__(self):
        self._ahead_ns = 0

    def now_ns(self):
        return super().now_ns() + self._ahead_ns

    def wait(self, ports, until_ns):
        if ports:
            super().wait(ports, until_ns)
        else:
            self._ahead_ns += max(0, until_ns - self.now_ns())


class Tree:
    """Below a folder: what the kernel would show in ``/proc``, ``/sys`` and ``/run``."""

    def __init__(self, folder: Path, clock=None) -> None:
        self.root = folder / "root"
        self.state = folder / "state"
        self.state.mkdir()
        self.clock = clock or SteppedClock()

    def put(self, path: str, text: str) -> "Tree":
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return self

    def computer(self, **edges) -> Computer:
        return Computer(self.clock, edges.pop("state", self.state), self.root, **edges)


class _Handle:
    def __init__(self, wake: WakePort) -> None:
        self._wake = wake

    def fileno(self) -> int:
        number = self._wake.fileno()
        assert number is not None
        return number

    def close(self) -> None:
        self._wake.close()


class AnsweringPort(DescriptorPort):
    """A port whose other side is a function from bytes to bytes; remembers what it heard."""

    def __init__(self, name, answer, error=None, state=PortState.MISSING):
        super().__init__(name)
        self.heard: list[bytes] = []
        self._answer, self._error, self._failed = answer, error, state
        self._wake = WakePort()
        self._ready = b""

    def _open(self):
        if self._error is not None:
            raise self._error
        return _Handle(self._wake)

    def _explain(self, error):
        return (
            self._failed,
            f"{self.name} {error.strerror}: mend it; it is tried again every second",
        )

    def read(self):
        self._descriptor()
        self._wake.read()
        data, self._ready = self._ready, b""
        return data

    def write(self, data):
        self._descriptor()
        if data:
            self.heard.append(data)
            self._ready += self._answer(data)
            self._wake.wake()
        return len(data)

    def close(self):
        super().close()
        self._wake.close()
