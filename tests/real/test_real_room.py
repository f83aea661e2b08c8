"""A controller and simulated devices as processes: how it starts, stops, dies and freezes.

A loaded machine makes things slower, never less safe: bounds on time are generous where
they only say *soon*, and bounds on volume are the ledger's own.
"""

import signal

import pytest

from controller.record.verify import verify
from sim.site.site import JOURNAL, SOCKET, Site, now_ns
from state_machine.entries import MotionIntent, PhaseChanged

pytestmark = pytest.mark.timeout(180)

TRIP_HEARTBEAT_LOST, TRIP_COMMANDED = 2, 3
SOON_NS = 1_500_000_000
"""Watchdog of the box (300 ms), a stop, and a loaded machine."""


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    yield made
    made.close()


def phases(site):
    return [e.phase for e in site.entries() if isinstance(e, PhaseChanged)]


def links_up(*names):
    return lambda shown: all(shown["devices"][name]["link"] == "up" for name in names)


def standing(truth):
    return not truth["motor_on"]


# --- start and stop -------------------------------------------------------------------------


def test_a_room_comes_up_in_standby_and_ends_when_told(site):
    controller = site.controller()
    site.until(links_up("line", "room", "mammograph"))
    shown = site.until(lambda shown: shown["devices"]["room"]["owned"])  # its next answer
    assert shown["phase"] == "standby"
    assert shown["devices"]["pump"]["link"] != "up", "no power before a person's word"
    controller.send_signal(signal.SIGTERM)
    told_ns = now_ns()
    assert controller.wait(10) == 0
    assert now_ns() - told_ns < 2 * SOON_NS
    assert not (site.folder / SOCKET).exists()
    assert verify(site.folder / JOURNAL).ok


@pytest.mark.hazard("HZ-WRONG-DEVICE")
def test_a_second_controller_in_the_same_folder_is_refused_and_the_first_goes_on(site):
    site.controller()
    site.until(links_up("room"))
    second = site.start("second", "controller.cli", *site.run_arguments())
    assert second.wait(20) == 2
    words = (site.folder / "second.log").read_text()
    assert words.startswith("galactograph run: ")
    assert len(words.splitlines()) == 1
    site.shown = {}
    assert site.until(links_up("room"))["devices"]["room"]["owned"]


@pytest.mark.hazard("HZ-STOP-FAILS", "HZ-RECORD")
def test_told_to_end_while_injecting_it_stops_withdraws_its_permit_and_writes_it_down(site):
    controller = site.controller()
    site.inject()
    controller.send_signal(signal.SIGINT)
    told_ns = now_ns()
    truth = site.watch(standing, 5)
    assert truth["now_ns"] - told_ns < SOON_NS
    assert controller.wait(10) == 0
    assert now_ns() - told_ns < 2 * SOON_NS
    assert site.truth()["trip_cause"] == TRIP_COMMANDED
    assert phases(site)[-1] == "stopped"
    assert verify(site.folder / JOURNAL).ok


# --- death ----------------------------------------------------------------------------------


@pytest.mark.hazard("HZ-LOST-COUNT", "HZ-STOP-FAILS", "HZ-OVERVOLUME")
def test_killed_while_injecting_the_box_stops_the_pump_and_a_restart_counts_the_intent(site):
    controller = site.controller()
    intent_nl = site.inject()["volume"]["intent_nl"]
    controller.kill()
    killed_ns = now_ns()
    truth = site.watch(standing, 5)
    assert truth["now_ns"] - killed_ns < SOON_NS
    assert truth["trip_cause"] == TRIP_HEARTBEAT_LOST
    assert 0 < truth["pump_infused_nl"] <= intent_nl
    controller.wait()
    cut = site.watch(lambda now: not now["pump_powered"], 5)
    assert cut["pump_infused_nl"] in (0, truth["pump_infused_nl"])

    site.controller()
    shown = site.until(links_up("line", "room", "mammograph"))
    assert shown["phase"] == "recovery"
    volume = shown["volume"]
    assert volume["high_nl"] == volume["intent_nl"] == intent_nl
    assert volume["low_nl"] <= truth["pump_infused_nl"] <= volume["high_nl"]
    planned = [entry for entry in site.entries() if isinstance(entry, MotionIntent)]
    assert planned[-1].until_nl <= intent_nl
    assert not site.truth()["pump_powered"], "nothing is closed again without a person"


# --- frozen ---------------------------------------------------------------------------------


@pytest.mark.hazard("HZ-STALE-DATA", "HZ-UNCOMMANDED-MOTION")
def test_frozen_and_continued_with_the_switch_down_nothing_flows_without_arming_again(site):
    controller = site.controller()
    site.inject()
    frozen_ns = now_ns()
    controller.send_signal(signal.SIGSTOP)
    truth = site.watch(standing, 5)
    assert truth["now_ns"] - frozen_ns < SOON_NS
    stopped = site.watch(lambda now: now["now_ns"] - frozen_ns > 1_500_000_000, 5)
    controller.send_signal(signal.SIGCONT)
    continued_ms = now_ns() // 1_000_000
    shown = site.until(lambda shown: shown["t_ms"] > continued_ms)
    assert (shown["hold"]["phase"], shown["hold"]["pressed"]) == ("closed", True)
    while shown["t_ms"] < continued_ms + 1_500:
        shown = site.until(lambda _shown: True)
        assert shown["hold"]["phase"] == "closed"
        assert shown["rate"]["commanded_nl_min"] == 0
        truth = site.truth()
        assert not truth["motor_on"]
        assert truth["plunger_nl"] == stopped["plunger_nl"]
    assert phases(site)[-1] in ("stopped", "arm")
