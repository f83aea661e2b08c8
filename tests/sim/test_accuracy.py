"""The flow of a simulated room: a pump that runs too fast is seen to."""

import json
from argparse import Namespace

from controller.bench.curve_page import page
from controller.bench.curves import Window
from sim import accuracy
from sim.accuracy import Curve, measure
from sim.technologist import Order
from tests.world.scene import Scene

RATE = 200_000
FIRST_RATE = 100_000
"""Of the first 0.05 mL, which is the longest run of a short order."""
FAST_PPM = 1_030_000
ORDER = Order(ordered_nl=100_000)


def flow(speed_ppm=0):
    scene = Scene(ORDER).until_phase("armed")
    if speed_ppm:
        scene.hand("pump_speed_ppm", speed_ppm)
    return measure(scene.procedure, FIRST_RATE)


def test_the_simulated_pump_is_within_two_percent_and_a_faster_one_is_not():
    curve = flow()
    assert curve.settled_ms is not None
    assert curve.mean_ppm is not None
    assert abs(curve.mean_ppm) < 20_000
    assert [window.window_s for window in curve.windows][:3] == [1, 2, 5]
    off = flow(FAST_PPM)
    assert off.mean_ppm is not None
    assert 20_000 < off.mean_ppm - curve.mean_ppm < 40_000


def test_the_page_holds_both_curves_and_every_number():
    curve = Curve(RATE, 1, 5_000, 100, [Window(1, -20_000, 10_000)], [0, 300, 633])
    drawn = page("Flow <here>", [curve])
    assert drawn.count("<svg") == 2
    assert "Flow &lt;here&gt;" in drawn
    assert "-2.00" in drawn
    assert "+1.00" in drawn
    assert "http" not in drawn.replace("http-equiv", "")


def test_rates_that_are_no_numbers_are_refused(capsys):
    args = Namespace(room="demo", rates="fast", volume=1, seed=1, out=None, json=True)
    assert accuracy.run(args) == accuracy.USAGE
    assert "whole numbers" in capsys.readouterr().err


def test_json_is_one_object_a_rate(capsys, monkeypatch):
    monkeypatch.setattr(accuracy, "measure", lambda *_: Curve(RATE, 1, None, None, [], [0, 1]))
    args = Namespace(room="demo", rates="100,200", volume=1, seed=1, out=None, json=True)
    assert accuracy.run(args) == accuracy.OK
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["settled_ms"] for line in told] == [None, None]
