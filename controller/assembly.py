"""Joins a room: profile, drivers, ports, record, API. Only builds; decides nothing."""

import dataclasses
import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import msgspec

from config.load import LoadedRoom
from config.state_paths import StatePaths
from controller import clock as machine
from controller.api import LocalApi
from controller.api_socket import UnixListener
from controller.clock import Clock, RealClock
from controller.loop import Api, DevicePort, Journal, Link, Room, make_safe, record, run_pass
from controller.people.checker import PinChecker
from controller.record.calibrations import with_calibrations
from controller.record.journal import Journal as DiskJournal
from controller.record.reader import newest_pump, newest_resume
from controller.record.signing import load_signer
from controller.record.store import JournalError
from controller.version import PROGRAM, VERSION
from drivers.driver import Driver, PollPlan
from drivers.ports import Opener, Port, SerialPort, TcpPort
from drivers.registry import driver_class
from state_machine import recovery
from state_machine.entries import Started
from state_machine.limits import LIMITS
from state_machine.profile import Profile
from state_machine.readings import Motion, PumpReading
from state_machine.requests import Do, Event, Role
from state_machine.step import step

JOURNAL_FILE: Final = "record.journal"
_SAFE_NS: Final = 800_000_000
"""Time that leaving the room safe may take; with the record's end it stays below 1 s."""


def program() -> str:
    """Name and version, as the record states them."""
    return f"{PROGRAM} {VERSION}"


def make_drivers(loaded: LoadedRoom, owner_id: int) -> dict[str, Driver[Any, Any]]:
    """One driver per device of the room file, by the loop's names."""
    room, modes = loaded.room, loaded.room.expected_device_modes
    pump, unit, sensor, box = room.pump, room.mammograph, room.pressure_sensor, room.room_io

    def plan(poll: Any) -> PollPlan:
        return PollPlan(poll.idle_ns, poll.active_ns, poll.exposing_ns)

    return {
        "pump": driver_class(pump.driver)(
            plan=plan(pump.poll),
            address=pump.address,
            safe_timeout_s=pump.safe_timeout_s,
            baud=pump.baud,
            expect_model=pump.model,
        ),
        "line": driver_class(sensor.driver)(sensor.unit_id, modes, plan(sensor.poll)),
        "room": driver_class(box.driver)(
            box.unit_id, modes, plan(box.poll), owner_id, watchdog_ms=box.watchdog_ms
        ),
        "mammograph": driver_class(unit.driver)(
            unit.unit_id,
            modes,
            plan(unit.poll),
            release_delay_s=unit.release_delay_s,
            watchdog_ms=unit.watchdog_ms,
        ),
    }


def begin(
    loaded: LoadedRoom,
    drivers: Mapping[str, Driver[Any, Any]],
    ports: Mapping[str, DevicePort],
    journal: Journal,
    api: Api,
    clock: Clock,
    kept: bytes | None,
    last_seq: int,
    wakers: tuple[Port, ...] = (),
    boot_id: str = "",
    seen: PumpReading | None = None,
) -> Room:
    """A room at its start: recovered state, the start on record, nothing permitted."""
    state = recovery.start(loaded.profile, kept, last_seq, boot_id, seen)
    links = [Link(name, ports[name], driver) for name, driver in drivers.items()]
    now_ns = clock.now_ns()
    state = msgspec.structs.replace(state, entry_seq=last_seq + 1, phase_ns=now_ns)
    room = Room(state, links, journal, api, clock, wakers)
    record(room, (started(loaded, last_seq + 1, now_ns, boot_id),), now_ns, clock.utc_ns())
    return room


def started(loaded: LoadedRoom, seq: int, now_ns: int, boot_id: str = "") -> Started:
    """The entry that opens a controller's part of the record."""
    profile = loaded.profile
    return Started(
        seq=seq,
        at_ns=now_ns,
        program=program(),
        room=profile.room,
        mode=profile.mode.value,
        profile_sha256=_profile_sha256(profile),
        limits=tuple(
            (row.name, getattr(profile.limits, row.name), row.ceiling, row.meaning, row.evidence)
            for row in LIMITS
        ),
        deviations=loaded.deviations,
        boot_id=boot_id,
        profile=msgspec.msgpack.encode(profile),
    )


def _profile_sha256(profile: Profile) -> str:
    return hashlib.sha256(msgspec.json.encode(profile)).hexdigest()


class _JournalWaker:
    """The journal's *durable* socket, as a port that only wakes the loop."""

    name = "journal"

    def __init__(self, journal: DiskJournal) -> None:
        self._journal = journal

    def read(self) -> bytes:
        self._journal.drain_wake()
        return b""

    def write(self, data: bytes) -> int:
        return len(data)

    def fileno(self) -> int | None:
        return self._journal.wake_fileno()


class RealRoom:
    """A room on real ports, real time and disk; a context that leaves the room safe."""

    def __init__(
        self,
        loaded: LoadedRoom,
        paths: StatePaths,
        clock: Clock | None = None,
        journal_wrapper: Callable[[Journal], Journal] = lambda journal: journal,
    ) -> None:
        """Open the record and the API. Nothing moves, no port is opened yet.

        Args:
            loaded: room and procedure.
            paths: where the record and the socket are.
            clock: the machine's unless given.
            journal_wrapper: stands between loop and record, e.g. to say entries aloud.

        Raises:
            JournalError: the record cannot be opened.
            AddressUnusable: another controller runs in this state folder, or it cannot be
                listened there.
        """
        self.clock = clock or RealClock()
        _make_folder(paths.journal)
        self.journal_path: Path = paths.journal / JOURNAL_FILE
        profile = with_calibrations(loaded.profile, paths.calibrations, self.journal_path)
        loaded = dataclasses.replace(loaded, profile=profile)
        self.loaded = loaded
        self.journal = DiskJournal(self.journal_path, signer=load_signer(self.journal_path))
        try:
            resume = newest_resume(self.journal_path)
            seen = newest_pump(self.journal_path)
            listener = UnixListener(paths.socket)
            self.api = LocalApi(listener, PinChecker(paths.users, machine.boot_id()))
        except Exception:
            self.journal.close()
            raise
        self._ports = _real_ports(loaded)
        self._opener = Opener(tuple(self._ports.values()))
        self.room = begin(
            loaded,
            make_drivers(loaded, _owner_id()),
            self._ports,
            journal_wrapper(self.journal),
            self.api,
            self.clock,
            resume.state if resume else None,
            self.journal.last_seq(),
            wakers=(_JournalWaker(self.journal), self._opener.wake_port),
            boot_id=machine.boot_id(),
            seen=seen,
        )
        self._stopping = False

    def __enter__(self) -> "RealRoom":
        """Start opening ports."""
        self._opener.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the room safe, end the record, give everything back."""
        try:
            self._leave_safe()
        finally:
            self.api.close()
            self._opener.close()
            for port in self._ports.values():
                port.close()
            self.journal.close()

    def stop(self) -> None:
        """Ask ``run`` to return; may be called from a signal handler."""
        self._stopping = True
        self._opener.wake_port.wake()

    def run(self) -> None:
        """The loop, until ``stop``."""
        room, clock = self.room, self.clock
        while not self._stopping:
            wake_ns = run_pass(room, clock.now_ns())
            if not self._stopping:
                clock.wait(room.ports(), wake_ns)

    def _leave_safe(self) -> None:
        """Stop, withdraw permits, and stay until the pump is proven to stand still (<= 0.8 s)."""
        end_ns = self.clock.now_ns() + _SAFE_NS
        make_safe(self.room, self.clock.now_ns())  # first of all, whatever fails afterwards
        try:
            self._note_end()
        finally:
            # a question may have been under way: the stop leaves only after its answer
            self._stay_until_still(end_ns)

    def _stay_until_still(self, end_ns: int) -> None:
        room, clock = self.room, self.clock
        while (now_ns := clock.now_ns()) < end_ns:
            wake_ns = make_safe(room, now_ns)
            pump = room.links["pump"].driver.reading()
            settled = pump.motion in (Motion.STOPPED, Motion.UNKNOWN) and room.pass_count > 0
            if settled and now_ns > end_ns - _SAFE_NS + _SAFE_NS // 4:
                return
            clock.wait(room.ports(), min(wake_ns, end_ns))

    def _note_end(self) -> None:
        """The last entries: the controller stops, and so does a procedure under way."""
        request = Do(by=PROGRAM, role=Role.SERVICE, event=Event.STOP)
        now_ns = self.clock.now_ns()
        outcome = step(self.room.state, self.room.readings, (request,), now_ns)
        self.room.state = outcome.state
        record(self.room, outcome.entries, now_ns, self.clock.utc_ns())


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise JournalError(
            f"journal folder {folder} cannot be made ({error.strerror}): it must be a folder that"
            " this user may write; give what is above it to this user, or name another with --state"
        ) from error


def _real_ports(loaded: LoadedRoom) -> dict[str, SerialPort | TcpPort]:
    room = loaded.room
    return {
        "pump": SerialPort(room.pump.port, room.pump.baud),
        "line": TcpPort(room.pressure_sensor.host, room.pressure_sensor.port),
        "room": TcpPort(room.room_io.host, room.room_io.port),
        "mammograph": TcpPort(room.mammograph.host, room.mammograph.port),
    }


def _owner_id() -> int:
    """A session id for the room box, never 0 (free)."""
    return int.from_bytes(os.urandom(4), "big") % 0xFFFF_FFFE + 1
