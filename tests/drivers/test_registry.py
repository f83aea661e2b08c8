"""Name to driver class."""

import collections
import importlib.metadata

import pytest

from drivers import registry
from drivers.mammograph import Mammograph
from drivers.pressure_sensor import PressureSensor
from drivers.registry import UnknownDriver, driver_class, known_names
from drivers.room_io import RoomIo


@pytest.fixture
def offered(monkeypatch):
    """Install entry points for one test."""
    offers: list[importlib.metadata.EntryPoint] = []
    monkeypatch.setattr(
        importlib.metadata, "entry_points", lambda *, group: offers if group == GROUP else []
    )
    return lambda name, value: offers.append(importlib.metadata.EntryPoint(name, value, GROUP))


GROUP = "galactograph.drivers"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("modbus-mammograph", Mammograph),
        ("modbus-pressure-sensor", PressureSensor),
        ("modbus-room-io", RoomIo),
    ],
)
def test_built_in_families(name, expected):
    assert driver_class(name) is expected


@pytest.mark.parametrize("name", registry.BUILT_IN)
def test_every_built_in_family_imports_and_has_the_five_verbs(name):
    found = driver_class(name)
    for verb in ("connected", "lost", "receive", "reading", "give", "deadline_ns"):
        assert callable(getattr(found, verb))


@pytest.mark.hazard("HZ-WRONG-DEVICE")
def test_unknown_name_lists_the_known_ones():
    with pytest.raises(UnknownDriver, match="no driver is called 'new-area'") as caught:
        driver_class("new-area")
    for name in registry.BUILT_IN:
        assert name in str(caught.value)
    assert "correct the room file" in str(caught.value)


def test_third_party_is_found_by_entry_point(offered):
    offered("my-pump", "collections:OrderedDict")
    assert known_names()[-1] == "my-pump"
    found: object = driver_class("my-pump")
    assert found is collections.OrderedDict


def test_built_in_name_cannot_be_taken_over(offered):
    offered("modbus-room-io", "collections:OrderedDict")
    assert driver_class("modbus-room-io") is RoomIo
    assert known_names().count("modbus-room-io") == 1


def test_name_offered_twice_is_refused(offered):
    offered("my-pump", "collections:OrderedDict")
    offered("my-pump", "collections:Counter")
    with pytest.raises(UnknownDriver, match="offered 2 times"):
        driver_class("my-pump")


@pytest.mark.parametrize("value", ["no_such_module_at_all:Pump", "collections:NoSuchThing"])
def test_broken_package_is_said(offered, value):
    offered("my-pump", value)
    with pytest.raises(UnknownDriver, match="reinstall its package"):
        driver_class("my-pump")


def test_entry_point_that_is_no_class_is_refused(offered):
    offered("my-pump", "string:digits")
    with pytest.raises(UnknownDriver, match="not a class"):
        driver_class("my-pump")
