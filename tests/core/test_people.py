"""Log-in, roles, locks and ended connections, in the core: who stands for which request."""

import msgspec
import pytest

from state_machine import people, sessions
from state_machine import requests as rq
from state_machine.entries import Inputs, Noted, Refused
from state_machine.profile import Mode, Profile
from state_machine.readings import Readings
from state_machine.requests import Event, Role, Side
from state_machine.state import Case, Duct, Hold, HoldAction, HoldPhase, Screen, State
from state_machine.step import step
from state_machine.turn import Turn
from state_machine.units import NS_PER_S

replace = msgspec.structs.replace
BEGIN_NS = 1_000 * NS_PER_S
IDLE_NS = 300 * NS_PER_S
JONES, WARD, OTHER = 7, 8, 9


class Core:
    """A core of its own: time goes on, requests come over numbered connections."""

    def __init__(self, required=True, **fields):
        profile = Profile("room", Mode.SIMULATED, login_required=required, idle_lock_ns=IDLE_NS)
        self.state = State(profile=profile, **fields)
        self.now_ns = BEGIN_NS
        self.asked = 0

    def tell(self, *requests, after_ns=NS_PER_S):
        self.now_ns += after_ns
        outcome = step(self.state, Readings(), requests, self.now_ns)
        self.state, self.entries = outcome.state, outcome.entries
        self.wake_at_ns = outcome.wake_at_ns
        return [reply.refusals for reply in outcome.replies]

    def ask(self, kind, connection, role=Role.TECHNOLOGIST, by="whoever", **fields):
        self.asked += 1
        fields.setdefault("number", self.asked)
        return self.tell(kind(by=by, role=role, connection=connection, **fields))[0]

    def login(self, connection=JONES, by="T. Jones", role=Role.TECHNOLOGIST):
        assert self.ask(rq.Login, connection, role, by) == ()
        return self

    def notes(self, topic):
        return [e for e in self.entries if isinstance(e, Noted) and e.topic == topic]


def test_nothing_is_taken_before_a_log_in_and_the_refusal_is_on_record():
    core = Core()
    assert "log in first" in core.ask(rq.Console, JONES)[0]
    assert [e.what for e in core.entries if isinstance(e, Refused)] == ["console"]
    assert not core.state.screen.on
    core.login()
    assert core.ask(rq.Console, JONES) == ()
    assert "log in first" in core.ask(rq.Console, WARD)[0], "a session is its connection's alone"


@pytest.mark.hazard("HZ-STOP-FAILS")
@pytest.mark.parametrize("locked", [None, False, True])
@pytest.mark.parametrize("event", sorted(people.ALWAYS_EVENTS, key=str))
def test_a_stop_is_let_in_from_anybody(event, locked):
    core = Core()
    if locked is not None:
        core.login()
    if locked:
        core.tell(after_ns=IDLE_NS)
        assert core.state.sessions[0].locked
    request = rq.Do(by="x", role=Role.QA, connection=JONES, event=event)
    admitted = people.admit(core.state, request)
    assert isinstance(admitted, rq.Do)
    assert admitted.event is event
    assert admitted.by == ("not logged in" if locked is None else "T. Jones")


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_a_stop_over_a_strange_connection_closes_the_hold():
    held = Hold(HoldPhase.READY, HoldAction.INJECT, since_ns=BEGIN_NS)
    core = Core(hold=held)
    assert core.ask(rq.Do, OTHER, event=Event.STOP) is not None
    assert core.state.hold.phase is HoldPhase.CLOSED


def test_every_other_request_needs_a_log_in():
    core = Core()
    for kind in rq.ClientRequest.__args__:
        for event in Event if kind is rq.Do else [None]:
            fields = {"event": event} if event else {}
            request = kind(by="x", role=Role.RADIOLOGIST, connection=OTHER, **fields)
            refused = isinstance(people.admit(core.state, request), str)
            always = kind in people.ALWAYS or event in people.ALWAYS_EVENTS
            assert refused is not always, request


def test_connection_zero_is_no_way_in():
    core = Core()
    assert isinstance(people.admit(core.state, rq.Console(by="x", role=Role.QA)), str)
    last = rq.Do(by="galactograph", role=Role.SERVICE, event=Event.STOP)
    assert people.admit(core.state, last) is last


@pytest.mark.hazard("HZ-RECORD")
def test_the_name_is_the_sessions_whatever_the_client_says():
    core = Core().login()
    assert core.ask(rq.Console, JONES, by="Dr Ward") == ()
    (noted,) = core.notes("console")
    assert noted.by == "T. Jones"
    (inputs,) = [e for e in core.entries if isinstance(e, Inputs)]
    assert inputs.requests[0].by == "Dr Ward", "what came in is on record as it came"


@pytest.mark.hazard("HZ-RECORD", "HZ-USE-ERROR")
@pytest.mark.parametrize("required", [True, False])
def test_a_forged_role_is_refused_and_recorded(required):
    core = Core(required).login()
    (words,) = core.ask(rq.Reconfirm, JONES, Role.RADIOLOGIST, point="settled")
    assert "logged in as technologist, not as radiologist" in words
    assert [e.what for e in core.entries if isinstance(e, Refused)] == ["reconfirm"]


def test_where_no_log_in_is_asked_for_the_clients_word_is_taken():
    core = Core(required=False)
    assert core.ask(rq.Console, JONES, by="A") == ()
    assert core.notes("console")[0].by == "A"


def test_a_wrong_pin_is_on_record_and_begins_nothing():
    core = Core()
    assert core.ask(rq.Login, JONES, by="T. Jones", refused="wrong PIN") == ("wrong PIN",)
    assert core.state.sessions == ()
    assert [e.by for e in core.entries if isinstance(e, Refused)] == ["T. Jones"]


def test_another_person_on_the_same_connection_takes_its_place():
    core = Core().login().login(JONES, "Dr Ward", Role.RADIOLOGIST)
    (session,) = core.state.sessions
    assert (session.by, session.role) == ("Dr Ward", Role.RADIOLOGIST)
    assert core.notes("logged-out")[0].by == "T. Jones"


def test_who_logs_out_is_nobody_any_more():
    core = Core().login()
    assert core.ask(rq.Logout, JONES) == ()
    assert core.notes("logged-out")[0].by == "T. Jones"
    assert core.ask(rq.Logout, JONES) != ()
    assert "log in first" in core.ask(rq.Console, JONES)[0]


# --- idle ---------------------------------------------------------------------------------------


def test_an_idle_session_is_locked_at_its_instant_and_opened_by_a_log_in():
    core = Core()
    core.tell()
    core.login()
    assert core.wake_at_ns == core.now_ns + IDLE_NS
    core.tell(after_ns=IDLE_NS - 1)
    assert not core.state.sessions[0].locked
    core.tell(after_ns=1)
    assert core.state.sessions[0].locked
    assert core.notes("session-locked")[0].by == "T. Jones"
    assert "locked" in core.ask(rq.Console, JONES)[0]
    core.login()
    assert core.ask(rq.Console, JONES) == ()


def test_a_request_keeps_a_session_open_and_a_beat_does_not():
    core = Core().login()
    core.ask(rq.Console, JONES)
    core.tell(after_ns=IDLE_NS - 2 * NS_PER_S)
    core.ask(rq.Zero, JONES)  # refused, and still somebody's doing
    core.tell(after_ns=IDLE_NS - 2 * NS_PER_S)
    assert not core.state.sessions[0].locked
    beat = {"beat": 1, "t_ms": core.now_ns // 1_000_000}
    assert core.ask(rq.ViewBeat, JONES, **beat) == ()
    core.tell()
    assert core.state.sessions[0].locked
    later = {"beat": 2, "t_ms": core.now_ns // 1_000_000}
    assert core.ask(rq.ViewBeat, JONES, **later) == (), "a locked screen still shows the room"


CASE = Case("P-1", Side.LEFT, 60_000, 20_000)


@pytest.mark.hazard("HZ-USE-ERROR")
@pytest.mark.parametrize(
    "busy",
    [
        {"case": CASE, "duct": Duct(1, 9, 1, cannula_in_ns=BEGIN_NS)},
        {"exposure": replace(State(profile=Profile("x")).exposure, compressed_ns=BEGIN_NS)},
        {"hold": Hold(HoldPhase.OPEN, HoldAction.INJECT)},
    ],
)
def test_nobody_is_locked_out_while_a_patient_depends_on_them(busy):
    core = Core().login()
    core.state = replace(core.state, **busy)
    assert not sessions.may_lock(core.state)
    assert sessions.lock_instants(core.state) == ()
    assert sessions.may_lock(Core().state)


# --- the end of a connection --------------------------------------------------------------------


@pytest.mark.hazard("HZ-STALE-DATA")
@pytest.mark.parametrize("end", [rq.ClientGone, rq.Logout])
def test_what_stood_on_a_connection_ends_with_it(end):
    core = Core().login()
    core.ask(rq.Console, JONES)
    held = Hold(HoldPhase.READY, HoldAction.INJECT, since_ns=core.now_ns)
    screen = replace(core.state.screen, drawn_ns=core.now_ns)
    core.state = replace(core.state, hold=held, screen=screen)
    turn = Turn(core.state, Readings(), core.now_ns)
    ended = end(by="galactograph", role=Role.SERVICE, connection=JONES)
    assert (people.gone if end is rq.ClientGone else people.logout)(turn, ended) == ()
    assert turn.state.hold.phase is HoldPhase.CLOSED
    assert turn.state.sessions == ()


@pytest.mark.hazard("HZ-STALE-DATA")
def test_a_console_that_is_gone_must_be_declared_anew():
    core = Core(required=False)
    core.ask(rq.Console, JONES)
    beat = {"beat": 5, "t_ms": core.now_ns // 1_000_000}
    assert core.ask(rq.ViewBeat, JONES, **beat) == ()
    core.ask(rq.ClientGone, WARD)
    assert core.state.screen.drawn_ns, "another connection's end is nothing to it"
    core.ask(rq.ClientGone, JONES)
    assert core.state.screen == Screen(on=True, connection=JONES, gone=True)
    assert "another connection" in core.ask(rq.ViewBeat, WARD, beat=6, t_ms=1)[0]


def test_a_stranger_is_on_record():
    core = Core()
    (words,) = core.ask(rq.ClientRefused, 0, Role.SERVICE, "galactograph", who="user 0, process 1")
    assert words.startswith("user 0, process 1: ")
    assert [e.what for e in core.entries if isinstance(e, Refused)] == ["client-refused"]


# --- numbers of requests ------------------------------------------------------------------------

HIGHER = "each must be higher than the one before"


@pytest.mark.hazard("HZ-USE-ERROR")
@pytest.mark.parametrize("number", [5, 4, 1, 0, -3])
def test_a_number_that_does_not_rise_is_refused_and_on_record(number):
    core = Core(required=False)
    assert HIGHER not in core.ask(rq.Acknowledge, JONES, number=5)[0]
    (words,) = core.ask(rq.Acknowledge, JONES, number=number)
    assert f"request number {number}" in words
    assert HIGHER in words
    assert "allowed: 6 or more" in words
    assert [e.words for e in core.entries if isinstance(e, Refused)] == [(words,)]
    assert HIGHER not in core.ask(rq.Acknowledge, JONES, number=6)[0]


def test_the_first_number_is_one_or_more():
    core = Core(required=False)
    assert HIGHER in core.ask(rq.Acknowledge, JONES, number=0)[0]
    assert HIGHER not in core.ask(rq.Acknowledge, JONES, number=1)[0]


def test_each_connection_counts_by_itself_and_is_forgotten_with_its_end():
    core = Core(required=False)
    core.ask(rq.Acknowledge, JONES, number=50)
    assert HIGHER not in core.ask(rq.Acknowledge, WARD, number=1)[0]
    core.tell(rq.ClientGone(by="g", role=Role.SERVICE, connection=JONES))
    assert core.state.asked == ((WARD, 1),)


def test_a_request_that_was_refused_has_used_its_number():
    core = Core(required=True)
    assert "log in first" in core.ask(rq.Acknowledge, JONES, number=7)[0]
    core.login()
    assert HIGHER in core.ask(rq.Acknowledge, JONES, number=7)[0]


@pytest.mark.hazard("HZ-STOP-FAILS")
@pytest.mark.parametrize("event", sorted(people.ALWAYS_EVENTS, key=str))
def test_what_makes_the_room_safer_needs_no_number(event):
    core = Core(required=False)
    core.ask(rq.Acknowledge, JONES, number=5)
    assert not any(HIGHER in words for words in core.ask(rq.Do, JONES, event=event, number=0))


def test_what_has_a_count_of_its_own_needs_none():
    core = Core(required=False)
    core.ask(rq.Acknowledge, JONES, number=5)
    assert core.ask(rq.Console, JONES, number=0) == ()
    assert core.ask(rq.Console, JONES, number=90) == ()
    assert core.state.asked == ((JONES, 5),)
    assert not any(HIGHER in words for words in core.ask(rq.HoldBegin, JONES, number=0))


def test_requests_of_one_pass_are_taken_in_their_order():
    core = Core(required=False)
    asked = [
        rq.Acknowledge(by="T", role=Role.TECHNOLOGIST, connection=JONES, number=number)
        for number in (1, 2, 2, 4, 3)
    ]
    assert [HIGHER in words[0] for words in core.tell(*asked)] == [False, False, True, False, True]
