"""What is said aloud of the record: all of it is recorded first, little of it is said."""

from structlog.testing import capture_logs

from controller.spoken import SpokenJournal
from state_machine.entries import AlarmChanged, GateClosed, Inputs, Noted, PhaseChanged
from tests.controller.loop_parts import FakeJournal

PHASE = PhaseChanged(1, 5, source="armed", event="flow", phase="injecting", by="T. Weber")
ALARM = AlarmChanged(2, 5, alarm="pain", priority="high", change="raised", words="pain")
GONE = AlarmChanged(3, 5, alarm="pain", priority="high", change="cleared", words="pain")
GATE = GateClosed(4, 5, output="run", cause="hold", words="let go", way_back="press again")
NAME = Noted(5, 5, topic="case", facts=(("patient_name", "Muster, Eva"),))


def test_everything_is_recorded_and_what_people_follow_is_said():
    record = FakeJournal([])
    with capture_logs() as said:
        entries = (PHASE, ALARM, GONE, GATE, NAME, Inputs(6, 5))
        SpokenJournal(record).append(entries, boot_ns=5, utc_ns=7, urgent=True)
    assert record.entries == list(entries)
    assert record.urgent == [True]
    levels = [(line["event"], line["log_level"]) for line in said]
    assert levels == [
        ("phase", "info"),
        ("alarm", "warning"),
        ("alarm", "info"),
        ("gate", "warning"),
    ]
    assert (said[0]["row"], said[0]["phase"], said[0]["seq"]) == ("flow", "injecting", 1)
    assert "at_ns" not in said[0]
    assert "Muster" not in str(said)


def test_it_knows_what_the_record_knows():
    record = FakeJournal([])
    record.durable = 12
    spoken = SpokenJournal(record)
    assert (spoken.durable_seq(), spoken.fault()) == (12, "")
