"""What is fuzzed: one row per reader of bytes, with the only errors that may leave it.

A target takes one input and returns, or raises what it declares. It also checks what must
hold whatever the bytes were: what was taken can be recorded, nothing kept grows.
"""

import contextlib
import dataclasses
import json
import random
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from config.load import load_room
from config.problems import ConfigError
from controller.api import LocalApi
from controller.api_client import INBOX_MOST_COUNT, LINE_MOST_BYTES
from controller.assembly import make_drivers
from controller.console import messages as console_messages
from controller.people import users
from controller.people.tries import Tries
from controller.record.chain import Row, RowError, decode, make_row
from controller.record.pages import Pages
from controller.record.reader import newest_resume, open_reader
from controller.record.salvage import gather
from controller.record.store import JournalError
from controller.record.verify import verify
from drivers.registry import known_names
from sim.client import HELLO
from sim.devices.room import SimulatedRoom
from sim.memory import Door, pair
from state_machine.entries import Inputs
from state_machine.readings import Link
from state_machine.requests import ClientRequest
from state_machine.targets import Activity, Targets
from tests.fuzz import service_targets as service
from tests.fuzz.mutate import mutated
from tests.record.journals import chain_of, write_rows

MS = 1_000_000
ROOT = Path(__file__).resolve().parents[2]
Take = Callable[[bytes], None]


@dataclasses.dataclass(frozen=True)
class Target:
    """One reader of bytes."""

    name: str
    count: int
    """Inputs in the long run."""
    make: Callable[[random.Random], contextlib.AbstractContextManager[Take]]
    declared: tuple[type[Exception], ...] = ()
    corpus: Callable[[], list[bytes]] = lambda: [b""]


# --- API ------------------------------------------------------------------------------------------


def requests_corpus() -> list[bytes]:
    """One line of every kind there is."""
    who = {"by": "T. Weber", "role": "technologist", "number": 3, "key": "k1"}
    lines = [{"request": str(kind.__struct_config__.tag), **who} for kind in ClientRequest.__args__]
    lines += [
        {"k": "hello", "version": 1, "client": "fuzz"},
        {"k": "subscribe", "hz": 5},
        {"k": "login", "user": "jones", "pin": "2468-13", "number": 1},
        {"k": "logout"},
        {"request": "do", "event": "stop", **who},
    ]
    return [json.dumps(line).encode() + b"\n" for line in lines]


@contextlib.contextmanager
def api(_: random.Random) -> Iterator[Take]:
    """The local API behind a pipe; a dropped client connects anew."""
    door = Door()
    served = LocalApi(door)
    ends: list[Any] = []

    def connect() -> None:
        ours, theirs = pair()
        door.waiting.append(ours)
        theirs.write(HELLO)
        ends[:] = [theirs]
        served.requests(1)

    def take(data: bytes) -> None:
        if not ends or not served._clients:
            connect()
        ends[0].write(data)
        requests = served.requests(20_000)
        if requests:
            make_row(None, (Inputs(1, 1, requests=requests),), 1, 1, "fuzz")
        ends[0].arrived.clear()
        for client in served._clients:
            if len(client.inbox) > 64 * INBOX_MOST_COUNT:
                client.gone = True
            if len(client._rest) > LINE_MOST_BYTES:
                raise AssertionError("more is kept of a line than may be")

    connect()
    yield take
    served.close()


@contextlib.contextmanager
def page(_: random.Random) -> Iterator[Take]:
    """What a page of the console may say."""

    def take(data: bytes) -> None:
        console_messages.decode(data)

    yield take


def page_corpus() -> list[bytes]:
    """Some messages of a page."""
    said = [
        {"k": "view", "ack": 12, "up": True},
        {"k": "ask", "number": 3, "body": {"request": "zero"}},
        {"k": "hold.begin", "tok": "a" * 32, "n": 1, "ack": 4},
        {"k": "login", "user": "jones", "pin": "2468-13"},
    ]
    return [json.dumps(message).encode() for message in said]


# --- files ----------------------------------------------------------------------------------------


def rows_corpus() -> list[bytes]:
    """Bodies of a journal."""
    return [row.body for row in chain_of(20)]


@contextlib.contextmanager
def rows(_: random.Random) -> Iterator[Take]:
    """Bodies of rows, deflated and plain."""
    row = chain_of(1)[0]
    replace = msgspec.structs.replace

    def take(data: bytes) -> None:
        for body_format in (1, 2):
            with contextlib.suppress(RowError):
                decode(replace(row, body=data, format=body_format))

    yield take


def journal_corpus() -> list[bytes]:
    """A small journal as it stands on the disk."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "record.journal"
        write_rows(path, chain_of(12))
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.execute("PRAGMA journal_mode=DELETE")
        return [path.read_bytes()]


@contextlib.contextmanager
def journal(_: random.Random) -> Iterator[Take]:
    """A journal file: verified, read, and searched for what a restart needs."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "record.journal"

        def take(data: bytes) -> None:
            path.write_bytes(data)
            with contextlib.suppress(JournalError):
                verify(path)
            with contextlib.suppress(JournalError), open_reader(path) as found:
                kept: list[Row] = list(found)
                for row in kept:
                    with contextlib.suppress(RowError):
                        decode(row)
            with contextlib.suppress(JournalError, RowError):
                newest_resume(path)

        yield take


@contextlib.contextmanager
def pages(_: random.Random) -> Iterator[Take]:
    """A damaged journal file, read page by page as a salvage does; nothing new may come out."""
    written = {row.hash for row in chain_of(12)}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "record.journal"

        def take(data: bytes) -> None:
            path.write_bytes(data)
            with contextlib.closing(Pages(path)) as file:
                found = gather(file.rows()).rows
            if any(row.hash not in written for row in found):
                raise AssertionError("a row that nobody wrote")

        yield take


@contextlib.contextmanager
def tries_file(_: random.Random) -> Iterator[Take]:
    """The counts of wrong PINs."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "users.tries.json"

        def take(data: bytes) -> None:
            path.write_bytes(data)
            Tries(path, "boot").wait_ns("jones", 1)

        yield take


def tries_corpus() -> list[bytes]:
    """A file of counts."""
    return [b'{"version":1,"boot_id":"boot","wrong":{"jones":[3,123456789],"":[1,0]}}']


def toml_corpus() -> list[bytes]:
    """The shipped room files."""
    return [path.read_bytes() for path in sorted((ROOT / "config/rooms").glob("*.toml"))]


def procedure_corpus() -> list[bytes]:
    """The shipped procedure files."""
    return [path.read_bytes() for path in sorted((ROOT / "config/procedures").glob("*.toml"))]


@contextlib.contextmanager
def room_file(_: random.Random) -> Iterator[Take]:
    """A room file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "room.toml"

        def take(data: bytes) -> None:
            path.write_bytes(data)
            load_room(path, known_names())

        yield take


@contextlib.contextmanager
def procedure_file(_: random.Random) -> Iterator[Take]:
    """A procedure file, named by a room file beside it."""
    with tempfile.TemporaryDirectory() as folder:
        room = Path(folder) / "room.toml"
        text = (ROOT / "config/rooms/demo.toml").read_text()
        room.write_text(text.replace('procedure = "galactography"', 'procedure = "p.toml"'))

        def take(data: bytes) -> None:
            (Path(folder) / "p.toml").write_bytes(data)
            load_room(room, known_names())

        yield take


@contextlib.contextmanager
def users_file(_: random.Random) -> Iterator[Take]:
    """A users file."""

    def take(data: bytes) -> None:
        users.parse(Path("users.json"), data)

    yield take


def users_corpus() -> list[bytes]:
    """A users file with two people."""
    one = {"name": "jones", "full_name": "T. Jones", "roles": ["technologist"], "pin_hash": "$a"}
    two = {**one, "name": "ward", "full_name": "Dr Ward", "disabled": True}
    return [json.dumps({"version": 1, "users": [one, two]}).encode()]


# --- wires ----------------------------------------------------------------------------------------


SHARES = {"pump": (0.94, 0.99)}
"""Of the answers: so many come as they are, else no driver would get far enough for the rest to
matter; up to here they come broken; the others give way to other bytes."""


class Conversation:
    """A driver that talks to its simulated device; answers are broken on the way."""

    def __init__(self, chance: random.Random, name: str, place: str, driver: Any) -> None:
        """Begin with a device and a driver that have not met."""
        self._chance = chance
        self._name = name
        self._shares = SHARES.get(name, (0.5, 0.9))
        self._driver = driver
        self._now_ns = 1_000 * MS
        seeded = random.Random(chance.random())
        # the pump has power without a box that closes its relay
        room = SimulatedRoom(seeded, now_ns=self._now_ns, baud=0, relay_bypassed=True)
        self._device = room.device(place)
        self._answers: list[bytes] = []
        self._count = 0
        self.asked_count = 0
        self.up_count = 0
        self._meet()

    def _meet(self) -> None:
        self._device.connected()
        self._driver.connected(self._now_ns)

    def take(self, data: bytes) -> None:
        """Ask, and hear the answer broken, or ``data`` in its place."""
        self._count += 1
        if self._count % 150 == 0:  # what refused its device asks it nothing any more
            self._meet()
        target = getattr(Targets(), self._name)
        self._now_ns = max(self._now_ns, min(self._driver.deadline_ns(), self._now_ns + 2_000 * MS))
        question = self._driver.give(target, Activity.ACTIVE, self._now_ns)
        if question:
            self._device.receive(question, self._now_ns)
            self.asked_count += 1
        self._now_ns += 15 * MS
        answer = self._device.take(self._now_ns)
        if answer:
            self._answers = [*self._answers[-20:], answer]
        drawn = self._chance.random()
        if answer and drawn < self._shares[0]:
            data = answer  # else no driver would get far enough for the rest to matter
        elif answer and drawn < self._shares[1]:
            data = mutated(self._chance, answer, self._answers)
        self._driver.receive(data, self._now_ns)
        self.up_count += self._driver.reading().link is Link.UP
        if not self._count % 50:
            msgspec.msgpack.encode(self._driver.reading())


def talk(name: str, place: str) -> Callable[[random.Random], Any]:
    """A conversation with one device of the demo room."""

    @contextlib.contextmanager
    def make(chance: random.Random) -> Iterator[Take]:
        loaded = load_room("demo", known_names())
        yield Conversation(chance, name, place, make_drivers(loaded, 7)[name]).take

    return make


def pump_corpus() -> list[bytes]:
    """Answers of pumps, right and wrong."""
    said = ["00S", "00IHN", "00A?R", "00A?T", "00SI0.123W0.000ML", "00SNE1000V3.92", "00S200.0UM"]
    frames = [b"\x02" + word.encode() + b"\x03" for word in said]
    long = [b"\x02" + bytes([len(word) + 4]) + word.encode() + b"\x12\x34\x03" for word in said]
    return [*frames, *long, b"\r\n:", b"\r\n1.234 ul\r\n:", b"\r\n>", b"\r\n<", b"\r\nT*"]


def modbus_corpus() -> list[bytes]:
    """Answers of Modbus devices."""
    return [
        bytes.fromhex("0001000000170103140000"),
        bytes.fromhex("000100000003018302"),
        bytes.fromhex("0002000000060110000a0002"),
        bytes.fromhex("ffffffffffffffffffffff"),
    ]


TARGETS = (
    Target("api", 300_000, api, corpus=requests_corpus),
    Target("page", 100_000, page, (console_messages.NotOurs,), page_corpus),
    Target("new-era", 280_000, talk("pump", "pump"), corpus=pump_corpus),
    Target("modbus-line", 120_000, talk("line", "pressure_sensor"), corpus=modbus_corpus),
    Target("modbus-box", 60_000, talk("room", "room_io"), corpus=modbus_corpus),
    Target("modbus-unit", 60_000, talk("mammograph", "mammograph"), corpus=modbus_corpus),
    Target("rows", 80_000, rows, corpus=rows_corpus),
    Target("journal", 2_000, journal, corpus=journal_corpus),
    Target("pages", 10_000, pages, corpus=journal_corpus),
    Target("tries-file", 40_000, tries_file, corpus=tries_corpus),
    Target("room-file", 6_000, room_file, (ConfigError,), toml_corpus),
    Target("procedure-file", 2_000, procedure_file, (ConfigError,), procedure_corpus),
    Target("users-file", 40_000, users_file, (users.UsersError,), users_corpus),
    Target("store", 20_000, service.store, corpus=service.store_corpus),
    Target("trace", 20_000, service.trace, (ValueError,), service.trace_corpus),
    Target("balance", 60_000, service.balance, corpus=service.balance_corpus),
)
"""A million and two hundred thousand inputs in all."""
