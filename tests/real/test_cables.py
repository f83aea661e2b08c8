"""Pump and box as processes of their own, joined by cables: either is stopped or killed alone."""

import signal

import pytest

from sim import processes
from sim.client import connect, hang_up
from sim.site.site import Site

pytestmark = pytest.mark.timeout(180)

TRIP_HEARTBEAT_LOST, TRIP_NOT_OBEYED = 2, 5
SOON_S = 5
MOTOR_NL_S = 10_000
"""Faster than any rate of the site's procedure."""


class SplitSite(Site):
    """The pump has a process of its own."""

    def _start(self, name, command, pipe=False, error=None):
        if name == "devices":
            cables = ("--cables", "cables")
            pump = [*command, "--only", "pump", *cables]
            self.pump = super()._start("pump", pump, pipe=True)
            first = processes.first_line(self.pump, self.folder / "pump.log")
            self.keypad = connect(first["control"], "the simulated pump")
            command = [*command, "--only", "modbus", *cables]
        return super()._start(name, command, pipe, error)

    def pump_truth(self):
        return self.keypad.ask({"truth": True})["truth"]

    def close(self):
        hang_up(self.keypad)
        super().close()


@pytest.fixture
def site(tmp_path):
    made = SplitSite(tmp_path)
    made.controller()
    yield made
    made.close()


def standing(truth):
    return not truth["motor_on"]


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_a_pump_whose_process_is_stopped_runs_until_the_box_cuts_its_power(site):
    site.inject()
    site.pump.send_signal(signal.SIGSTOP)
    frozen_ns, before_nl = (site.truth()[name] for name in ("now_ns", "plunger_nl"))
    cut = site.watch(lambda truth: not truth["pump_powered"], SOON_S)
    assert standing(cut)
    assert cut["trip_cause"] == TRIP_NOT_OBEYED
    ran_nl = cut["plunger_nl"] - before_nl
    assert 0 < ran_nl <= MOTOR_NL_S * (cut["now_ns"] - frozen_ns) // 10**9
    later = site.watch(lambda truth: truth["now_ns"] > cut["now_ns"] + 500_000_000, SOON_S)
    assert later["plunger_nl"] == cut["plunger_nl"]
    site.pump.send_signal(signal.SIGCONT)
    assert not site.pump_truth()["pump_powered"]  # the cut comes before any question
    assert site.truth()["plunger_nl"] == cut["plunger_nl"]
    shown = site.until(lambda shown: shown["phase"] == "stopped")
    assert shown["volume"]["high_nl"] >= later["entered_nl"]


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_a_box_whose_process_is_stopped_trips_when_it_goes_on(site):
    site.inject()
    site.devices.send_signal(signal.SIGSTOP)
    limit_ns = site.pump_truth()["now_ns"] + SOON_S * 10**9
    truth = site.pump_truth()
    while truth["motor_on"] and truth["now_ns"] < limit_ns:
        truth = site.pump_truth()
    assert standing(truth)  # by the controller alone: a hung box keeps its outputs
    assert truth["pump_powered"]
    site.devices.send_signal(signal.SIGCONT)
    after = site.truth()
    assert after["trip_cause"] == TRIP_HEARTBEAT_LOST
    assert standing(after)
    assert after["pump_infused_nl"] == truth["pump_infused_nl"]


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_a_killed_box_has_opened_its_relay_and_a_killed_pump_stands(site):
    site.inject()
    site.pump.kill()
    site.pump.wait()
    truth = site.watch(lambda truth: not truth["joined"], SOON_S)
    assert (truth["motor_on"], truth["pump_powered"]) == (False, False)
    site.watch(lambda truth: truth["stage"] == 2, SOON_S)
