# mypy: disable-error-code="union-attr,assignment"
"""The API as a door: versions, strangers, log-in, keys, and what a closed socket means."""

import json
import os

import pytest

from controller.api import TURNED_AWAY_NS
from controller.api_client import NONSENSE_MOST_COUNT
from controller.api_keys import KEYS_MOST_COUNT, USED
from controller.api_socket import UnixListener, peer
from controller.messages import VERSION
from controller.people.verdict import Verdict
from controller.record.chain import make_row
from state_machine.entries import Inputs
from state_machine.requests import ClientGone, ClientRefused, Login, Logout, Role
from state_machine.turn import Reply
from tests.controller.loop_parts import NOW_NS
from tests.controller.test_api import DAY, STOP, Served, line

PIN = "2468-13"


def sent(**message):
    return json.dumps(message).encode() + b"\n"


@pytest.fixture
def raw():
    """An API with one client that has said nothing yet."""
    served = Served(client_count=0)
    served.ends.append(served.connect())
    return served


def console(**changes):
    return line(request="console", **changes).replace(b', "event": "stop"', b"")


# --- versions -----------------------------------------------------------------------------------


def test_hello_is_answered_with_version_and_connection(raw):
    assert raw.ask(sent(k="hello", version=VERSION, client="test")) == ()
    (said,) = raw.heard()
    assert (said["k"], said["version"], said["connection"]) == ("hello", VERSION, 1)
    assert said["login"] == "not possible"
    assert len(raw.ask(console())) == 1


@pytest.mark.parametrize(("version", "age"), [(VERSION + 1, "newer"), (0, "older")])
def test_another_version_is_refused_in_words_and_hung_up_on(raw, version, age):
    assert raw.ask(sent(k="hello", version=version) + line()) == ()
    (said,) = raw.heard()
    assert said["k"] == "refused"
    assert f"speaks version {version}, {age} than" in said["words"]
    assert raw.open_count() == 0


def test_before_hello_only_a_stop_is_taken(raw):
    assert raw.ask(console()) == ()
    assert "say hello first" in raw.heard()[0]["words"]
    assert raw.ask(sent(k="login", user="j", pin=PIN)) == ()
    assert "say hello first" in raw.heard()[0]["words"]
    assert len(raw.ask(line())) == 1


def test_who_goes_on_with_nonsense_is_dropped(raw):
    raw.ask(b"?\n" * (NONSENSE_MOST_COUNT - 1) + line() + b"?\n" * (NONSENSE_MOST_COUNT - 1))
    assert raw.open_count() == 1
    assert raw.ask(b"?\n" + line()) == () or raw.open_count() == 0
    assert raw.open_count() == 0


# --- connections --------------------------------------------------------------------------------


def test_requests_carry_the_connection_whatever_the_client_says():
    served = Served(client_count=2)
    served.ends[1].write(line(connection=1))
    assert [request.connection for request in served.ask(line(connection=77))] == [1, 2]


def test_the_end_of_a_connection_is_a_request_after_its_last_ones():
    served = Served(client_count=2)
    served.ask(line())
    served.ends[0].write(line(number=9))
    served.ends[0].close()
    served.ends[1].close()  # has asked for nothing: its end changes nothing
    told = (*served.api.requests(DAY), *served.api.requests(DAY))
    assert [type(request).__name__ for request in told] == ["Do", "ClientGone"]
    assert (told[1].connection, told[1].by) == (1, "galactograph")
    served.api.answer(())


@pytest.mark.hazard("HZ-STALE-DATA")
def test_an_end_that_is_seen_while_showing_is_told_in_the_next_pass_at_once(served_and_gone):
    served = served_and_gone
    assert served.api.publish(served.room, NOW_NS) == NOW_NS
    (told,) = served.api.requests(DAY)
    assert isinstance(told, ClientGone)


@pytest.fixture
def served_and_gone():
    """A client that has asked, and whose end is seen when it is written to."""
    served = Served()
    served.ask(line())
    served.api.answer(())
    served.api._clients[0].gone = True
    return served


def test_a_number_is_never_given_twice():
    served = Served()
    served.ends[0].close()
    served.api.requests(DAY)
    served.ends.append(served.connect())
    (request,) = served.ask(line(), end=1)
    assert request.connection == 2


# --- strangers ----------------------------------------------------------------------------------


def test_strangers_are_recorded_with_their_count_and_not_too_often():
    served = Served(client_count=0)
    served.door.turned_away = lambda: ("user 0, process 12",)
    (told,) = served.api.requests(DAY)
    assert isinstance(told, ClientRefused)
    assert told.who == "user 0, process 12, 1 in all"
    for _ in range(100):
        assert served.api.requests(DAY) == ()
    served.api.publish(served.room, NOW_NS + TURNED_AWAY_NS)
    (later,) = served.api.requests(DAY)
    assert later.who.endswith(" in all")


def test_another_account_is_hung_up_on(tmp_path, monkeypatch):
    import socket

    listener = UnixListener(tmp_path / "control.sock")
    own = os.geteuid()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as theirs:
        theirs.connect(str(listener.path))
        assert peer(theirs) == (os.getpid(), own)
        monkeypatch.setattr(os, "geteuid", lambda: own + 1)
        assert listener.accept() is None
        assert listener.turned_away() == (f"user {own}, process {os.getpid()}",)
        assert listener.turned_away() == ()
        assert theirs.recv(1) == b""
    listener.close()


# --- log-in -------------------------------------------------------------------------------------


class FakeChecker:
    """Verdicts that a test puts there."""

    def __init__(self):
        self.asked = []
        self.ready = []

    def ports(self):
        return ()

    def ask(self, connection, asked, now_ns):
        self.asked.append((connection, asked.user, asked.pin))

    def verdicts(self):
        ready, self.ready = tuple(self.ready), []
        return ready


@pytest.fixture
def checked():
    served = Served()
    served.api._checker = FakeChecker()
    return served


def test_a_pin_goes_to_the_checker_and_the_verdict_is_a_request(checked):
    assert checked.ask(sent(k="login", user="jones", pin=PIN, number=3)) == ()
    checker = checked.api._checker
    assert checker.asked == [(1, "jones", PIN)]
    checker.ready.append(Verdict(1, 3, "T. Jones", Role.TECHNOLOGIST))
    (login,) = checked.api.requests(DAY)
    assert login == Login("T. Jones", Role.TECHNOLOGIST, 3, connection=1)
    checked.api.answer((Reply(3, "T. Jones", "login"),))
    reply, who = checked.heard()[-2:]
    assert (reply["k"], reply["number"], reply["request"]) == ("reply", 3, "login")
    assert (reply["taken"], reply["refusals"]) == (True, [])
    assert who == {"k": "who", "by": "T. Jones", "role": "technologist"}


def test_a_verdict_for_who_is_gone_is_nobodys():
    served = Served()
    served.api._checker = FakeChecker()
    served.ask(sent(k="login", user="jones", pin=PIN))
    served.ends[0].close()
    served.api.requests(DAY)
    served.api._checker.ready.append(Verdict(1, 0, "T. Jones", Role.TECHNOLOGIST))
    assert served.api.requests(DAY) == ()


def test_without_users_a_log_in_is_refused_and_recorded():
    served = Served()
    (login,) = served.ask(sent(k="login", user="jones", pin=PIN))
    assert "no list of users" in login.refused


@pytest.mark.parametrize("kind", [{"k": "login", "user": "j", "pin": PIN}, {"k": "logout"}])
def test_a_number_that_the_record_cannot_hold_is_an_error(checked, kind):
    assert checked.ask(sent(**kind, number=2**64)) == ()
    assert "number" in checked.heard()[0]["words"]


def test_logout_is_the_connections(checked):
    (request,) = checked.ask(sent(k="logout", number=5))
    assert isinstance(request, Logout)
    assert (request.connection, request.number) == (1, 5)


def test_no_client_can_say_that_somebody_logged_in(checked):
    for forged in ("login", "client-gone", "client-refused", "logout"):
        assert checked.ask(sent(request=forged, by="x", role="qa", connection=1)) == ()
        assert "not a request" in checked.heard()[0]["words"]


@pytest.mark.hazard("HZ-RECORD")
@pytest.mark.parametrize(
    "asked",
    [
        {"k": "login", "user": "j", "pin": PIN},
        {"k": "login", "user": 7, "pin": PIN},
        {"k": "login", "user": "j", "pin": PIN, "pon": PIN},
        {"k": "login", "user": "j", "pin": PIN, "role": 3},
        {"request": "login", "by": "j", "role": "qa", "pin": PIN},
        {"request": "do", "by": "j", "role": "qa", "pin": PIN},
    ],
)
def test_a_pin_is_in_no_answer_and_in_no_record(asked):
    served = Served()
    requests = served.ask(sent(**asked))
    row = make_row(None, (Inputs(1, 1, requests=requests),), 1, 1, "test")
    assert PIN.encode() not in row.body
    served.api.publish(served.room, NOW_NS)
    assert PIN not in json.dumps(served.heard())


# --- keys ---------------------------------------------------------------------------------------


def done(served, requests, refusals=()):
    served.api.answer(tuple(Reply(r.number, r.by, "do", refusals) for r in requests))


@pytest.mark.hazard("HZ-OVERVOLUME")
def test_a_repeated_key_gets_the_same_reply_and_nothing_is_done_again():
    served = Served(client_count=2)
    done(served, served.ask(line(key="a1")), ("not now",))
    first = served.heard(0)
    assert served.ask(line(key="a1"), end=1) == (), "over another connection, too"
    assert served.heard(1) == first
    assert served.ask(line(key="a1")) == ()
    assert served.heard(0) == first


@pytest.mark.hazard("HZ-OVERVOLUME")
def test_a_key_that_comes_twice_in_one_pass_is_done_once():
    served = Served(client_count=2)
    served.ends[1].write(line(key="a1"))
    requests = served.ask(line(key="a1"))
    assert len(requests) == 1
    done(served, requests)
    assert served.heard(0) == served.heard(1) != []


def test_a_key_used_for_something_else_is_an_error():
    served = Served()
    done(served, served.ask(line(key="a1")))
    served.heard()
    assert served.ask(line(key="a1", event="pain")) == ()
    assert served.heard() == [{"k": "error", "words": USED}]


def test_old_keys_are_forgotten_and_memory_stays_bounded():
    served = Served()
    for number in range(KEYS_MOST_COUNT + 1):
        done(served, served.ask(line(key=str(number))))
        served.ends[0].read()
    assert len(served.api._keys._known) == KEYS_MOST_COUNT
    assert len(served.ask(line(key="0"))) == 1


def test_a_key_too_long_is_an_error():
    served = Served()
    assert served.ask(line(key="x" * 65)) == ()
    assert served.heard()[0]["k"] == "error"
    assert "key" not in STOP
