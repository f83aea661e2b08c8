"""The estimate in a report is the room's own, worked out again from its record."""

from typing import Any

from controller.record.report_case import cases
from controller.record.report_net import NetTrace
from controller.record.report_plot import draw
from state_machine.entries import Started
from tests.world.scene import Scene


def test_net_pressure_worked_out_from_the_record_is_what_the_room_had():
    scene = Scene().until_phase("settle")
    entries: list[Any] = list(scene.world.journal.entries)
    (started,) = [entry for entry in entries if isinstance(entry, Started)]
    trace, points = NetTrace(started), []
    for entry in entries:
        point = trace.take(entry)
        if point is not None:
            points.append(point)
    assert len(points) > 1_000
    net = scene.state.net
    assert (points[-1].net_pa, points[-1].upper_pa) == (net.net_pa, net.upper_pa)
    figure = draw(next(cases(scene.world.journal.durable_rows())))
    assert "net, estimated" in figure
    assert "net, at most" in figure


def test_a_record_without_its_profile_draws_the_line_alone():
    assert (
        NetTrace(None).take(
            Started(seq=1, at_ns=1, program="p", room="r", mode="m", profile_sha256="", limits=())
        )
        is None
    )
    unknown = Started(
        seq=1,
        at_ns=1,
        program="p",
        room="r",
        mode="m",
        profile_sha256="",
        limits=(),
        profile=b"\xc1",
    )
    assert NetTrace(unknown).take(unknown) is None
