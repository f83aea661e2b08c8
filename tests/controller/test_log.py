import io
import json
import logging
import queue
import stat
import threading
from types import SimpleNamespace

import pytest
import structlog

from controller import log
from state_machine.requests import OpenCase, Role

NAME = "Muster, Eva"


@pytest.fixture
def logs(tmp_path):
    """Configured logs; ``read()`` ends them and gives (console text, JSON events)."""

    path, console = tmp_path / "log.jsonl", io.StringIO()
    stop = log.configure("INFO", path, console)

    def read():
        stop()
        lines = path.read_text(encoding="utf-8").splitlines()
        return console.getvalue(), [json.loads(line) for line in lines]

    logs = SimpleNamespace(read=read)
    yield logs
    stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "log-writer"]
    assert not any(isinstance(h, log._Handoff) for h in logging.getLogger().handlers)


@pytest.mark.parametrize(("level", "count"), [("INFO", 1), ("DEBUG", 2)])
def test_steps_of_state_machines_are_said_only_to_those_who_ask_for_everything(
    tmp_path, level, count
):
    path = tmp_path / "steps.jsonl"
    stop = log.configure(level, path, io.StringIO())
    logging.getLogger("transitions.core").info("Finished processing state ARM")
    logging.getLogger("transitions.core").warning("something is wrong")
    stop()
    assert len(path.read_text(encoding="utf-8").splitlines()) == count


def test_an_event_reaches_console_and_file(logs):
    structlog.get_logger("controller.loop").info("pass late", late_ms=51)
    console, events = logs.read()
    assert "pass late" in console
    assert events[0]["event"] == "pass late"
    assert (events[0]["late_ms"], events[0]["level"]) == (51, "info")
    assert events[0]["logger"] == "controller.loop"
    assert events[0]["timestamp"].endswith("Z")


def test_libraries_that_log_through_the_standard_library_come_the_same_way(logs):
    logging.getLogger("pymodbus.logging").error("no answer from %s", "sensor")
    _, events = logs.read()
    assert events[0]["event"] == "no answer from sensor"
    assert events[0]["logger"] == "pymodbus.logging"


def test_what_is_below_the_level_is_left_out(logs):
    structlog.get_logger().debug("detail")
    logging.getLogger("x").debug("detail")
    assert logs.read() == ("", [])


def test_a_traceback_is_written(logs):
    try:
        raise RuntimeError("broken")
    except RuntimeError:
        structlog.get_logger().exception("failed")
    console, events = logs.read()
    assert "RuntimeError: broken" in events[0]["exception"]
    assert "RuntimeError: broken" in console


@pytest.mark.hazard("HZ-RECORD")
@pytest.mark.parametrize(
    "say",
    [
        lambda logger, case: logger.info("opened", patient_name=NAME),
        lambda logger, case: logger.info("opened", case={"inner": [{"patient_name": NAME}]}),
        lambda logger, case: logger.info("opened", request=case),
        lambda logger, case: logger.info("opened", requests=(case,)),
        lambda logger, case: logger.info(f"opened {case!r}"),
        lambda logger, case: logger.info("opened", error=ValueError(f"refused {case!r}")),
        lambda logger, case: logging.getLogger("library").warning("got %s", case),
        lambda logger, case: logger.info('opened {"patient_name": "Muster, Eva"}'),
    ],
)
def test_patient_names_never_reach_a_log(logs, say):
    case = OpenCase("tech", Role.TECHNOLOGIST, patient_id="P1", patient_name=NAME)
    say(structlog.get_logger(), case)
    console, events = logs.read()
    assert len(events) == 1
    assert "Muster" not in console + json.dumps(events)
    assert log.REDACTED in console


def test_a_patient_name_in_a_traceback_is_redacted(logs):
    case = OpenCase("tech", Role.TECHNOLOGIST, patient_name=NAME)
    try:
        raise ValueError(f"cannot open {case!r}")
    except ValueError:
        structlog.get_logger().exception("failed")
    console, events = logs.read()
    assert "cannot open" in events[0]["exception"]
    assert "Muster" not in console + json.dumps(events)


def test_nothing_is_rendered_or_written_in_the_callers_thread(logs, monkeypatch):
    rendered_in = []
    ours = [h for h in logging.getLogger().handlers if isinstance(h, log._Handoff)]

    class Value:
        def __repr__(self):
            rendered_in.append(threading.current_thread().name)
            return "value"

    with monkeypatch.context() as patch:  # pytest's own handler would render here
        patch.setattr(logging.getLogger(), "handlers", ours)
        structlog.get_logger().info("said", value=Value())
    logs.read()
    assert rendered_in
    assert threading.current_thread().name not in rendered_in


class Stuck(io.StringIO):
    """A terminal that was stopped: writing to it does not return until ``gate`` is set."""

    def __init__(self):
        super().__init__()
        self.gate = threading.Event()

    def write(self, text):
        self.gate.wait(10)
        return super().write(text)


def test_a_writer_that_cannot_keep_up_drops_aloud(tmp_path, monkeypatch):
    monkeypatch.setattr(log, "QUEUE_COUNT", 5)
    console = Stuck()
    stop = log.configure("INFO", None, console)
    for number in range(50):
        structlog.get_logger().info("said", number=number)  # does not block
    console.gate.set()
    stop()
    assert "log lines were dropped" in console.getvalue()


def test_a_stopped_terminal_does_not_keep_the_process_from_ending(monkeypatch):
    monkeypatch.setattr(log, "STOP_S", 0.01)
    console = Stuck()
    stop = log.configure("INFO", None, console)
    structlog.get_logger().info("said")
    stop()  # returns although the line cannot be written
    assert console.getvalue() == ""
    console.gate.set()
    for thread in threading.enumerate():
        if thread.name == "log-writer":
            thread.join(10)


def test_a_console_that_cannot_be_written_does_not_end_the_logs(tmp_path):
    with open("/dev/full", "w") as full:
        path = tmp_path / "log.jsonl"
        stop = log.configure("INFO", path, full)
        structlog.get_logger().info("said")
        structlog.get_logger().info("said again")
        stop()
    assert [json.loads(line)["event"] for line in path.read_text().splitlines()][:2] == [
        "said",
        "said again",
    ]


def test_stopping_twice_is_harmless_and_the_file_is_private(tmp_path):
    path = tmp_path / "log.jsonl"
    stop = log.configure("warning", path, io.StringIO())
    stop()
    stop()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_second_configuration_appends(tmp_path):
    path = tmp_path / "log.jsonl"
    for number in (1, 2):
        stop = log.configure("INFO", path, io.StringIO())
        structlog.get_logger().info("said", number=number)
        stop()
    assert [json.loads(line)["number"] for line in path.read_text().splitlines()] == [1, 2]


def test_a_file_that_cannot_be_opened_is_said_in_words(tmp_path):
    with pytest.raises(OSError, match="folder that exists and is writable.*nowhere"):
        log.configure("INFO", tmp_path / "nowhere" / "log.jsonl")
    assert not any(isinstance(h, log._Handoff) for h in logging.getLogger().handlers)


def test_an_unknown_level_is_said_in_words():
    with pytest.raises(ValueError, match="log level 'loud': must be DEBUG"):
        log.configure("loud")


def test_the_queue_is_bounded():
    handoff = log._Handoff(queue.Queue(1))
    for _ in range(3):
        handoff.enqueue(logging.LogRecord("x", logging.INFO, "", 0, "said", None, None))
    assert handoff.dropped_count == 2
