"""The pause of the sounder: two minutes, on record, broken by whatever is new."""

import pytest

from state_machine.alarms import NEVER_PAUSED
from state_machine.entries import Noted
from state_machine.readings import Link, Prompt
from state_machine.requests import Acknowledge, AudioPause, Role
from state_machine.sound import PAUSE_NS
from state_machine.state import Alarm, Phase
from state_machine.step import step
from state_machine.targets import Sounder
from state_machine.units import NS_PER_S
from tests.core.fixtures import NOW_NS, readings, state

pytestmark = pytest.mark.hazard("HZ-USE-ERROR")
S = NS_PER_S


class Room:
    """A procedure with alarms; time goes on, and somebody asks."""

    def __init__(self, phase=Phase.ARM, **devices):
        self.state = state(phase)
        self.devices = devices
        self.now_ns = NOW_NS
        self.pass_by()

    def pass_by(self, *requests, after_ns=0):
        self.now_ns += after_ns
        known = readings(self.now_ns, **self.devices)
        done = step(self.state, known, requests, self.now_ns)
        self.state, self.wake_at_ns = done.state, done.wake_at_ns
        self._sounder = done.targets.room.sounder
        self.notes = [(e.topic, dict(e.facts), e.by) for e in done.entries if isinstance(e, Noted)]
        return [words for reply in done.replies for words in reply.refusals]

    def heard(self) -> Sounder:
        """What the sounder was told in the last pass."""
        return self._sounder

    def ask(self, on=True, by="T. Weber", after_ns=S):
        return self.pass_by(AudioPause(by=by, role=Role.TECHNOLOGIST, on=on), after_ns=after_ns)


def loud():
    """A MEDIUM alarm sounds."""
    made = Room(mammograph={"link": Link.LOST})
    assert made.heard() is Sounder.MEDIUM
    return made


def test_it_is_silent_for_two_minutes_and_sounds_by_itself():
    room = loud()
    assert room.ask() == []
    assert room.heard() is Sounder.OFF
    assert room.notes == [
        ("audio-paused", {"alarms": "unit-lost", "seconds": "120"}, "T. Weber"),
    ]
    end_ns = room.now_ns + PAUSE_NS
    assert PAUSE_NS == 120 * S
    room.pass_by(after_ns=PAUSE_NS - 1)
    assert room.heard() is Sounder.OFF
    assert room.wake_at_ns == end_ns
    room.pass_by(after_ns=1)
    assert room.heard() is Sounder.MEDIUM
    assert room.notes == [("audio-on", {"why": "its time is over"}, "")]


def test_nothing_else_is_touched_by_it():
    room = loud()
    before = room.state.alarms
    room.ask()
    assert room.state.alarms == before
    assert not before[0].acknowledged
    assert room.state.targets.room.lamp == loud().state.targets.room.lamp


@pytest.mark.parametrize(
    ("device", "fields", "sounds"),
    [
        ("room", {"emergency_stop": True}, Sounder.HIGH),
        ("journal", {"fault": "disk full"}, Sounder.MEDIUM),
        ("line", {"temperature_mc": 19_999}, Sounder.MEDIUM),  # a LOW one breaks it too
    ],
)
def test_a_new_alarm_ends_it_at_once(device, fields, sounds):
    room = loud()
    room.ask()
    room.devices[device] = fields
    room.pass_by(after_ns=S)
    assert room.heard() is sounds
    assert room.notes[-1][0] == "audio-on"
    assert "a new alarm" in room.notes[-1][1]["why"]


def test_an_alarm_that_comes_in_the_pass_of_the_press_is_heard():
    room = loud()
    room.devices["room"] = {"emergency_stop": True}
    room.ask()
    room.pass_by(after_ns=1)
    assert room.heard() is Sounder.HIGH


def test_an_alarm_that_comes_again_is_a_new_one():
    room = loud()
    room.ask()
    room.devices["mammograph"] = {}
    room.pass_by(after_ns=S)
    room.devices["mammograph"] = {"link": Link.LOST}
    room.pass_by(after_ns=S)
    assert room.heard() is Sounder.MEDIUM


def test_it_cannot_be_prolonged_and_ends_when_asked():
    room = loud()
    room.ask()
    left_ns = room.state.quiet_until_ns
    assert "60 s are left" in room.ask(after_ns=60 * S)[0]
    assert room.state.quiet_until_ns == left_ns
    assert room.ask(on=False, by="Dr Rossi") == []
    assert room.heard() is Sounder.MEDIUM
    assert room.notes == [("audio-on", {"why": "a person let it sound again"}, "Dr Rossi")]
    assert room.ask(on=False) == ["the sound is not paused"]


def test_it_ends_when_nothing_would_sound():
    room = loud()
    room.ask()
    role = Role.TECHNOLOGIST
    room.pass_by(Acknowledge(by="T. Weber", role=role, alarm="unit-lost"), after_ns=S)
    room.pass_by(after_ns=S)
    assert room.notes == [("audio-on", {"why": "nothing sounds any more"}, "")]
    assert room.ask() == ["nothing sounds"]


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION", "HZ-STOP-FAILS", "HZ-EXPOSURE")
@pytest.mark.parametrize("name", sorted(NEVER_PAUSED - {"room-lost"}))
def test_what_acts_unasked_is_never_silenced(name):
    room = loud()
    alarm = Alarm(name, NOW_NS)
    room.state = state(alarms=(alarm,), readings=room.state.readings)
    if name == "uncommanded-motion":
        room.devices["pump"] = {"prompt": Prompt.INFUSING}
    assert "not for this alarm" in room.ask()[0]
    assert room.heard() is Sounder.HIGH


def test_without_the_box_there_is_nothing_to_silence():
    room = Room(room={"link": Link.LOST})
    assert "sounder cannot be told" in room.ask()[0]


def test_an_old_end_is_no_pause():
    """A state from before, or a clock that stood still: the sounder is loud by default."""
    room = loud()
    room.state = state(quiet_until_ns=1, quiet_since_ns=1)
    room.pass_by(after_ns=S)
    assert room.heard() is Sounder.MEDIUM
    assert room.state.quiet_until_ns == 0
