"""The local API at the level of bytes: dripped, nonsensical, endless, unread, many at once."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.api import CLIENTS_MOST_COUNT, INTEGER_MOST, LocalApi
from controller.api_client import INBOX_MOST_COUNT, LINE_MOST_BYTES, UNSENT_MOST_BYTES
from controller.record.chain import make_row
from drivers.ports import LinkLost
from sim.client import HELLO
from sim.memory import Door, pair
from state_machine.entries import Inputs
from state_machine.requests import ClientGone, Do, Event, HandInjected, Role
from state_machine.targets import Activity, Targets
from state_machine.turn import Reply
from state_machine.units import NS_PER_MS
from tests.controller.loop_parts import NOW_NS, Parts

DAY = 20_000
STOP = {"request": "do", "by": "T. Weber", "role": "technologist", "number": 4, "event": "stop"}


def line(**changes):
    return json.dumps(STOP | changes).encode() + b"\n"


class Served:
    """An API and its clients' ends."""

    def __init__(self, client_count=1):
        self.door = Door()
        self.api = LocalApi(self.door)
        self.room = Parts().room
        self.ends = [self.connect() for _ in range(client_count)]
        for end in self.ends:
            end.write(HELLO)
        self.api.requests(DAY)
        for end in self.ends:
            end.arrived.clear()

    def connect(self, port=None):
        ours, theirs = pair()
        self.door.waiting.append(port or ours)
        return theirs

    def ask(self, data, end=0):
        self.ends[end].write(data)
        return self.api.requests(DAY)

    def heard(self, end=0):
        return [json.loads(one) for one in self.ends[end].read().splitlines()]

    def open_count(self):
        return len(self.api.ports()) - 1  # the listener is one of them


@pytest.fixture
def served():
    return Served()


# --- requests in ----------------------------------------------------------------------------


def test_a_dripped_request_is_one_request(served):
    data = line()
    for number in range(len(data) - 1):
        assert served.ask(data[number : number + 1]) == ()
    assert served.ask(b"\n") == (
        Do(
            by="T. Weber",
            role=Role.TECHNOLOGIST,
            number=4,
            utc_day=DAY,
            connection=1,
            event=Event.STOP,
        ),
    )


@pytest.mark.hazard("HZ-OVERVOLUME")
def test_the_day_is_ours_whatever_the_client_says(served):
    assert [request.utc_day for request in served.ask(line(utc_day=1))] == [DAY]


@pytest.mark.parametrize(
    "data",
    [
        b"hello\n",
        b"{\n",
        b"[]\n",
        b'"do"\n',
        b"\xff\xfe\n",
        b"{}\n",
        line(request="fire"),
        line(event="fire"),
        line(role="patient"),
        line(by=7),
        line(dose=1),
        line(number=INTEGER_MOST + 1),
        line(request="hand-injected", event=None),
        b'{"k": "subscribe", "hz": 0}\n',
        b'{"k": "subscribe", "hz": 51}\n',
        b'{"k": "subscribe"}\n',
        b'{"deep": ' + b"[" * 5_000 + b"\n",
    ],
)
def test_nonsense_gets_an_error_and_the_next_line_is_taken(served, data):
    assert len(served.ask(data + line())) == 1
    (said,) = served.heard()
    assert said["k"] == "error"
    assert said["words"].startswith("not a request: ")


@pytest.mark.hazard("HZ-RECORD")
def test_a_number_that_the_record_cannot_hold_is_refused_by_name(served):
    huge = {"request": "hand-injected", "by": "x", "role": "technologist", "volume_nl": 2**64}
    assert served.ask(json.dumps(huge).encode() + b"\n") == ()
    assert "volume_nl" in served.heard()[0]["words"]
    taken = served.ask(json.dumps(huge | {"volume_nl": INTEGER_MOST}).encode() + b"\n")
    assert isinstance(taken[0], HandInjected)
    assert make_row(None, (Inputs(1, 1, requests=taken),), 1, 1, "test").body


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_line_too_long_drops_the_client_and_frees_its_memory(served, end):
    assert served.ask(b"x" * LINE_MOST_BYTES) == ()
    assert served.open_count() == 1
    assert served.ask(b"x" + end) == ()
    assert served.open_count() == 0


def test_what_one_pass_does_not_take_the_next_ones_do_in_order(served):
    count = 2 * INBOX_MOST_COUNT + 5
    taken = [served.ask(b"".join(line(number=number) for number in range(count)))]
    assert served.api.publish(served.room, NOW_NS) == NOW_NS, "the next pass comes at once"
    taken += [served.api.requests(DAY), served.api.requests(DAY), served.api.requests(DAY)]
    assert [len(some) for some in taken] == [INBOX_MOST_COUNT, INBOX_MOST_COUNT, 5, 0]
    assert [request.number for some in taken for request in some] == list(range(count))
    assert served.api.publish(served.room, NOW_NS) > NOW_NS


def test_while_lines_wait_no_more_are_read(served):
    for number in range(10):
        served.ask(b"".join(line(number=number) for _ in range(10 * INBOX_MOST_COUNT)))
    assert len(served.ends[0].other.arrived) > 0, "left in the kernel: the client is held back"


# --- answers --------------------------------------------------------------------------------


def test_replies_go_to_the_client_that_asked_in_the_order_of_its_requests():
    served = Served(client_count=2)
    served.ends[1].write(line(number=5) + line(number=6))
    requests = served.ask(line(number=1))
    assert [request.number for request in requests] == [1, 5, 6]
    words = [(), ("not now",), ()]
    served.api.answer(
        tuple(
            Reply(request.number, request.by, "do", refusals)
            for request, refusals in zip(requests, words, strict=True)
        )
    )
    reply = {"k": "reply", "request": "do", "refusals": [], "taken": True}
    assert served.heard(0) == [reply | {"number": 1}]
    assert served.heard(1) == [
        reply | {"number": 5, "refusals": ["not now"], "taken": False},
        reply | {"number": 6},
    ]


def test_a_client_that_closes_in_the_middle_of_a_line_is_forgotten():
    served = Served(client_count=2)
    served.ask(line()[:-5], end=0)
    served.ends[0].close()
    assert len(served.ask(line(), end=1)) == 1
    assert served.open_count() == 1


def test_a_client_that_asks_and_hangs_up_is_still_heard():
    served = Served()
    served.ends[0].write(line())
    served.ends[0].close()
    assert len(served.api.requests(DAY)) == 1
    (gone,) = served.api.requests(DAY)
    assert isinstance(gone, ClientGone)
    assert gone.connection == 1
    assert served.open_count() == 0


def test_clients_beyond_the_limit_are_turned_away():
    served = Served(client_count=CLIENTS_MOST_COUNT + 3)
    served.api.requests(DAY)
    assert served.open_count() == CLIENTS_MOST_COUNT
    assert [end.other.closed for end in served.ends] == [False] * CLIENTS_MOST_COUNT + [True] * 3


# --- snapshots out --------------------------------------------------------------------------


def count_snapshots(served, span_ms):
    now_ns, end_ns = NOW_NS, NOW_NS + span_ms * NS_PER_MS
    while now_ns < end_ns:
        now_ns = served.api.publish(served.room, now_ns)
    return sum(message["k"] == "snapshot" for message in served.heard())


@pytest.mark.parametrize(
    ("activity", "hz", "count"),
    [
        (Activity.IDLE, None, 20),
        (Activity.ACTIVE, None, 50),
        (Activity.ACTIVE, 5, 5),
        (Activity.IDLE, 50, 20),
    ],
)
def test_snapshots_come_as_often_as_the_room_needs_and_no_oftener_than_asked(
    served, activity, hz, count
):
    served.room.targets = Targets(activity=activity)
    served.ask(json.dumps({"k": "subscribe", "hz": hz}).encode() + b"\n" if hz else b"")
    assert count_snapshots(served, 1_000) == count


class Deaf:
    """A client that never reads: its socket takes a little, then nothing."""

    name = "deaf"

    def __init__(self):
        self.room_left = 1_000
        self.closed = False

    def read(self):
        return b""

    def write(self, data):
        taken = min(self.room_left, len(data))
        self.room_left -= taken
        return taken

    def fileno(self):
        return None

    def close(self):
        self.closed = True


def test_a_client_that_does_not_read_is_dropped_and_the_others_are_served(served):
    deaf = Deaf()
    served.connect(deaf)
    served.api.requests(DAY)
    one = len(json.dumps(published(served)))
    passes = 0
    while not deaf.closed:
        served.api.publish(served.room, NOW_NS + passes * 50 * NS_PER_MS)
        passes += 1
        assert passes < 2 * UNSENT_MOST_BYTES // one, "it must be dropped by now"
    assert served.open_count() == 1
    assert len(served.heard()) == passes - 1


class Gone(Deaf):
    def write(self, data):
        raise LinkLost("hung up")


def test_a_client_that_is_gone_while_written_to_is_dropped(served):
    gone = Gone()
    served.connect(gone)
    served.api.requests(DAY)
    published(served)
    assert gone.closed
    assert served.open_count() == 1


KEYS = [
    *("k", "n", "t_ms", "room", "mode", "order", "phase", "phase_ms", "next", "actor", "prompt"),
    *("waits_for", "ways", "missing", "stop", "case", "duct", "plan", "hold", "console", "people"),
    *("volume", "rate", "pressure", "mounted", "line", "motion", "exposure"),
    *("locks", "observation_left_s", "daily_check", "dispense", "calibration", "alarms", "sound"),
    "refused",
    "devices",
    *("clock", "journal"),
]


def published(served):
    served.api.publish(served.room, NOW_NS)
    return served.heard()[-1]


def test_a_snapshot_has_its_keys_and_null_where_nothing_is_known(served):
    served.api.requests(DAY)
    shown = published(served)
    assert list(shown) == KEYS
    assert shown["mode"] == "simulated"
    assert (shown["case"], shown["duct"]) == (None, None)
    assert shown["rate"] == {"commanded_nl_min": 0, "confirmed_nl_min": 0}
    assert set(shown["devices"]) == {"pump", "line", "room", "mammograph"}
    units = ("_nl", "_pa", "_mc", "_ms", "_nl_min", "_pa_s_ul", "_mn", "_um")
    numbers = [*shown["volume"], *shown["rate"]]
    assert [name for name in numbers if not name.endswith(units)] == []


def test_closing_says_the_last_words_and_hangs_up(served):
    served.ask(b"hello\n")
    served.api.close()
    assert served.heard()[0]["k"] == "error"
    assert served.ends[0].other.closed


# --- anything at all ------------------------------------------------------------------------

WORDS = ["{", "}", "[", "]", '"', ":", ",", "\n", "1e999", "-", "null", "\\ud800", "\x00"]
TEXT = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.sampled_from([word.encode() for word in WORDS]),
        st.sampled_from(["request", "do", "by", "role", "k", "subscribe", "hz"]).map(
            lambda word: json.dumps(word).encode()
        ),
        st.just(line()),
        st.integers().map(lambda number: line(number=number)),
    ),
    max_size=30,
)


@given(TEXT)
def test_whatever_a_client_says_nothing_is_raised_and_what_is_taken_can_be_recorded(chunks):
    served = Served()
    for chunk in chunks:
        requests = served.ask(chunk)
        assert make_row(None, (Inputs(1, 1, requests=requests),), 1, 1, "test").body
        served.api.publish(served.room, NOW_NS)
