"""The search itself: every port at every speed, every unit id at every address.

Ports are asked side by side, the speeds of one port one after the other, the likeliest
first. Nothing is written to a device. The one trace it leaves: a pump that was left in Safe
mode starts waiting for a next packet when it hears the question, and may sound its time-out
alarm.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from controller.bench.sought import PumpFound, PumpSearch, UnitFound, UnitSearch
from controller.clock import Clock
from controller.doctor.devices import Asked, asked
from drivers.ports import TRIED_AGAIN, PortState, SerialPort, TcpPort
from state_machine.units import NS_PER_S

BAUDS: Final = (19200, 9600, 2400, 1200, 300)
"""As the pump's menu has them [M2], the controller's own first."""
SPAN_NS: Final = {19200: NS_PER_S, 9600: NS_PER_S, 2400: 2 * NS_PER_S, 1200: 3 * NS_PER_S}
"""Time for five questions at one speed; slower ones take longer."""
SLOWEST_NS: Final = 9 * NS_PER_S
_NOT_OPENED: Final = (
    PortState.MISSING,
    PortState.NO_PERMISSION,
    PortState.BUSY,
    PortState.FAILED,
    PortState.REFUSED,
    PortState.UNREACHABLE,
)

Progress = Callable[[str], None]


class PortFound(msgspec.Struct, frozen=True):
    """One serial port: the pump on it, or what was heard at which speed."""

    port: str
    adapter: str
    """What the adapter says of itself."""
    unusable: str = ""
    """Why the port could not be opened, and what to do."""
    tried: tuple[PumpFound, ...] = ()

    @property
    def pump(self) -> PumpFound | None:
        """The attempt that a pump answered."""
        return next((tried for tried in self.tried if tried.identity), None)


def search_ports(
    ports: Sequence[tuple[str, str]],
    addresses: Iterable[int],
    clock: Clock,
    progress: Progress,
    bauds: Sequence[int] = BAUDS,
) -> list[PortFound]:
    """Ask for a pump at every port until one answers there."""
    found = {port: PortFound(port, adapter) for port, adapter in ports}
    for baud in bauds:
        for address in addresses:
            open_ends = [p for p, seen in found.items() if not seen.pump and not seen.unusable]
            if open_ends:
                progress(f"{len(open_ends)} ports at {baud} baud, pump address {address}")
                _attempt(found, open_ends, baud, address, clock)
    return list(found.values())


def _attempt(
    found: dict[str, PortFound], ports: Sequence[str], baud: int, address: int, clock: Clock
) -> None:
    talks = {port: PumpSearch(address, baud, port) for port in ports}
    lines = {port: SerialPort(port, baud) for port in ports}
    devices = [Asked(lines[port], talks[port]) for port in ports]
    with asked(devices, clock, SPAN_NS.get(baud, SLOWEST_NS)):
        for port in ports:
            before = found[port]
            if lines[port].state in _NOT_OPENED:
                words = lines[port].fault.removesuffix(f"; {TRIED_AGAIN}")
                found[port] = msgspec.structs.replace(before, unusable=words)
            else:
                tried = (*before.tried, talks[port].found())
                found[port] = msgspec.structs.replace(before, tried=tried)


def search_units(
    addresses: Sequence[tuple[str, int]],
    unit_ids: Sequence[int],
    clock: Clock,
    progress: Progress,
) -> list[UnitFound]:
    """Ask for the identity under every unit id; each on a connection of its own."""
    found: list[UnitFound] = []
    for host, port in addresses:
        where = f"{host}:{port}"
        progress(f"{where}, unit ids {', '.join(map(str, unit_ids))}")
        talks = [UnitSearch(unit_id, where) for unit_id in unit_ids]
        lines = [TcpPort(host, port) for _ in unit_ids]
        devices = [Asked(line, talk) for line, talk in zip(lines, talks, strict=True)]
        with asked(devices, clock, 4 * NS_PER_S):
            for line, talk in zip(lines, talks, strict=True):
                seen = talk.found()
                if line.state in _NOT_OPENED:
                    words = line.fault.removesuffix(f"; {TRIED_AGAIN}")
                    seen = msgspec.structs.replace(seen, words=words)
                found.append(seen)
    return found
