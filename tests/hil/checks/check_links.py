"""Links and identity."""

import pytest

from tests.hil.bench import Bench
from tests.hil.verdicts import UNIT, HilFailure

MODBUS = ("line", "room", "mammograph")
QUALITY_S = 2.0


@pytest.mark.short
@pytest.mark.hazard("HZ-WRONG-DEVICE")
def check_each_device_says_who_it_is(room: Bench, measure):
    """Sensor, box and mammography unit answer, and are the devices that the room file names."""
    began_ns = room.place.now_ns()

    def settled(shown):
        return all(shown["devices"][name]["link"] in ("up", "refused") for name in MODBUS)

    shown = room.until(settled, 20, "not every device answers", UNIT)
    refused = {n: d["refusal"] for n, d in shown["devices"].items() if d["link"] == "refused"}
    if refused:
        raise HilFailure(UNIT, f"refused: {refused}")
    measure("time until all links are up", (room.place.now_ns() - began_ns) / 1e9, "s", 0, 20)


@pytest.mark.short
@pytest.mark.hazard("HZ-STALE-DATA")
def check_no_answer_is_damaged(room: Bench, measure):
    """Nobody's answers are damaged, and the box belongs to this controller."""
    room.until(lambda s: s["devices"]["room"]["owned"], 10, "the box is not owned", UNIT)
    before = {name: room.shown["devices"][name]["bad_frame_count"] for name in MODBUS}
    room.let_pass(QUALITY_S)
    for name in MODBUS:
        device = room.shown["devices"][name]
        bad = device["bad_frame_count"] - before[name]
        measure(f"damaged answers of {name}", bad, "", 0, 0, "HZ-STALE-DATA", UNIT)
