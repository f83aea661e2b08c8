"""Safety rules on the wire of the pump: what is never said, what is read back, who feeds it."""

import ast
from pathlib import Path

import pytest

from drivers.new_era import NewEra
from drivers.new_era.motion import preparation_rows
from drivers.room_io import RoomIo
from state_machine.readings import Motion
from state_machine.targets import Activity, PumpAction, PumpTarget, RoomTarget
from tests.drivers.conversation import (
    MS,
    SET_UP,
    SETTINGS,
    STP,
    VER,
    Conversation,
    dis,
    packet,
    preparation,
    status,
    told,
)
from tests.drivers.test_new_era_driver import PLAN, QUIET_PLAN, RUN, WANTED, changed, set_up

NEW_ERA = Path(__file__).parents[2] / "drivers" / "new_era"


def words_of_the_driver() -> set[str]:
    """Every text in the driver's code that is not a docstring."""
    found = set()
    for path in sorted(NEW_ERA.glob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        said = {
            id(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        found |= {
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in said
        }
    return found


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_the_driver_has_no_word_for_purging_and_one_place_that_clears():
    words = words_of_the_driver()
    assert "RUN" in words
    assert not [word for word in words if word.startswith("PUR")]
    assert {word for word in words if word.startswith("CLD")} == {"CLDINF", "CLDWDR"}


@pytest.mark.hazard("HZ-OVERRATE")
def test_before_run_the_pump_is_told_the_rate_of_the_ramps_beginning():
    conversation = set_up()
    conversation.target = changed(WANTED, start_rate_nl_min=40_000, rate_nl_min=100_000)
    conversation.run(preparation(rate="40.00"))
    assert conversation.driver.reading().motion is Motion.PREPARED
    assert conversation.driver.reading().rate_nl_min == 40_000


@pytest.mark.hazard("HZ-OVERVOLUME")
def test_each_preparation_begins_with_a_stop_and_ends_with_the_volume():
    """STP ends what a pause left behind; nothing told after VOL can change its meaning."""
    conversation = set_up()
    conversation.target = WANTED
    conversation.run(preparation())
    rows = preparation_rows(conversation.driver._motor.plan)  # type: ignore[arg-type]
    assert rows[0].set == "STP"
    assert rows[-1].set.startswith("VOL")
    assert [row.set for row in rows if row.set.startswith("FUN")] == ["FUNSTP", "FUNRAT"]
    assert all(row.ask and row.expected for row in rows[1:]), "each setting is read back"


@pytest.mark.hazard("HZ-AIR", "HZ-UNCOMMANDED-MOTION")
def test_after_a_retract_the_direction_is_read_back_before_the_next_run():
    conversation = set_up()
    conversation.target = changed(RUN, motion_id=2)
    whole = preparation()
    at = next(n for n, turn in enumerate(whole) if turn.sent == "DIRINF")
    wrong = told("DIRINF", "DIR", "WDR")
    conversation.run([*whole[:at], *wrong, *wrong])
    reading = conversation.driver.reading()
    assert reading.motion is Motion.FAILED
    assert "'DIR' reads WDR" in reading.motion_refusal
    conversation.wait(500)


@pytest.mark.hazard("HZ-OVERVOLUME")
@pytest.mark.parametrize("action", [PumpAction.INFUSE, PumpAction.WITHDRAW])
@pytest.mark.parametrize("left_nl", [0, 1, 999])
def test_a_volume_that_would_mean_continuous_is_never_said(action, left_nl):
    conversation = set_up()
    conversation.target = changed(RUN, action=action, until_nl=left_nl)
    conversation.wait(500)
    assert conversation.driver.reading().motion is Motion.FAILED


@pytest.mark.hazard("HZ-STOP-FAILS")
@pytest.mark.parametrize("safe_timeout_s", [1, 3])
def test_after_a_stop_that_was_not_obeyed_the_line_is_silent_for_safe_mode_and_half_a_second(
    safe_timeout_s,
):
    conversation = Conversation(NewEra(plan=QUIET_PLAN, safe_timeout_s=safe_timeout_s))
    conversation.connect()
    safe_mode = told(f"SAF{safe_timeout_s}", "SAF", str(safe_timeout_s))
    conversation.run([STP, VER, STP, *safe_mode, *SETTINGS[2:], dis(), dis()])
    conversation.target = RUN
    conversation.run([*preparation(), status("RUN", "I")])
    conversation.target = PumpTarget()
    asked_ns = conversation.now_ns
    conversation.run([status("STP", "I")] * 4)
    conversation.wait(160 - (conversation.now_ns - asked_ns) // MS)
    assert conversation.driver.reading().stop_overdue
    conversation.wait(safe_timeout_s * 1_000 + 499)
    conversation.run([STP])
    assert conversation.sent[-1][0] - asked_ns == (160 + safe_timeout_s * 1_000 + 500) * MS


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_only_the_pass_feeds_the_pump_and_a_hang_is_not_made_up_for():
    """Nothing but ``give`` returns bytes; after a hang it says one thing, not what was missed."""
    conversation = Conversation(NewEra(plan=PLAN))
    conversation.connect()
    conversation.run(SET_UP)
    driver = conversation.driver
    hung_ns = conversation.now_ns + 10_000 * MS
    driver.receive(b"", hung_ns)
    said = [driver.give(PumpTarget(), Activity.ACTIVE, hung_ns + n) for n in range(5)]
    assert said == [packet("0DIS"), b"", b"", b"", b""]


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_the_box_gets_no_heartbeat_but_from_a_pass_and_none_that_repeats():
    """No thread, no timer: a driver that is not called says nothing, and never twice the same."""
    box = RoomIo(3, frozenset({1}), PLAN, owner_id=7)
    box.connected(0)
    first = box.give(RoomTarget(), Activity.IDLE, 0)
    assert first
    assert box.give(RoomTarget(), Activity.IDLE, 1) == b""
    source = (NEW_ERA.parent / "room_io.py").read_text("utf-8")
    source += (NEW_ERA.parent / "map_device.py").read_text("utf-8")
    source += "".join(path.read_text("utf-8") for path in NEW_ERA.glob("*.py"))
    names = {
        alias.name.partition(".")[0]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert not names & {"threading", "asyncio", "sched", "signal", "multiprocessing", "time"}


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
@pytest.mark.parametrize("prompt", ["I", "W", "X"])
def test_a_prompt_that_moves_is_stopped_before_the_counter_says_so(prompt):
    """Keypad or trigger may have started it: the counter need not have moved yet."""
    conversation = Conversation(NewEra(plan=PLAN))
    conversation.connect()
    conversation.run(SET_UP)
    conversation.run([dis(prompt=prompt), status("STP", "P")])
    assert conversation.sent[-1][0] - conversation.sent[-2][0] == 10 * MS
