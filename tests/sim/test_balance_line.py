"""The balance of the serving simulator: over its pseudo-terminal, under the room's open tip."""

import os
import random
import selectors

import pytest

from drivers.mt_sics import Ask, Balance, Done, Weight
from sim.devices.room import SimulatedRoom
from sim.serve.addresses import UsageError
from sim.serve.balance_line import EVAPORATION_NG_MIN, VESSEL_NG, BalanceLine

S = 10**9


@pytest.fixture
def bench(tmp_path):
    room = SimulatedRoom(random.Random(1))
    with selectors.DefaultSelector() as selector:
        line = BalanceLine(str(tmp_path / "balance"), room, selector, 1, 0)
        line.balance.noise_ng = 0
        client = os.open(tmp_path / "balance", os.O_RDWR | os.O_NOCTTY)
        os.set_blocking(client, False)
        yield room, line, client
        os.close(client)
        line.close()
    assert not (tmp_path / "balance").is_symlink()


def asked(line, client, what, now_ns):
    """One question over the pty, the time going on as the server lets it; outcome and when."""
    balance = Balance()
    os.write(client, balance.ask(what, now_ns))
    line.read(now_ns)
    for _ in range(100):
        line.write(now_ns)
        try:
            outcome = balance.receive(os.read(client, 4096))
        except BlockingIOError:
            outcome = None
        if outcome is not None:
            return outcome, now_ns
        now_ns = max(now_ns + 1, line.wake_ns())
    raise AssertionError("the balance does not answer")


def test_what_left_the_tip_is_weighed_when_it_has_settled(bench):
    room, line, client = bench
    assert asked(line, client, Ask.SERIAL, 0)[0] == Done("B0001")
    empty, now_ns = asked(line, client, Ask.STABLE, 0)
    assert empty == Weight(VESSEL_NG, 10_000, True)
    room.physics.spilled_ul += 50.0
    full, later_ns = asked(line, client, Ask.STABLE, now_ns + S)
    assert later_ns - now_ns >= 2 * S
    lost_ng = EVAPORATION_NG_MIN * later_ns // (60 * S)
    assert isinstance(full, Weight)
    weighed_mg = (full.weight_ng - VESSEL_NG + lost_ng) / 1e6
    assert weighed_mg == pytest.approx(49.84, abs=0.01), "50 uL of water, in air"


def test_a_file_in_the_way_is_left_as_it_is(tmp_path):
    (tmp_path / "balance").write_text("mine")
    with selectors.DefaultSelector() as selector, pytest.raises(UsageError, match="no symlink"):
        BalanceLine(str(tmp_path / "balance"), SimulatedRoom(random.Random(1)), selector, 1, 0)
    assert (tmp_path / "balance").read_text() == "mine"
