"""Name to driver class, as room files name them.

A third party adds a driver without touching this package: an entry point in the group
``galactograph.drivers`` whose name is the family and whose object is a class that follows
:class:`drivers.driver.Driver`. A built-in name cannot be taken over.
"""

import importlib
import importlib.metadata
from collections.abc import Callable
from typing import Any, Final

from drivers.driver import Driver

GROUP: Final = "galactograph.drivers"

BUILT_IN: Final = {
    "new-era": "drivers.new_era.driver:NewEra",
    "modbus-mammograph": "drivers.mammograph:Mammograph",
    "modbus-pressure-sensor": "drivers.pressure_sensor:PressureSensor",
    "modbus-room-io": "drivers.room_io:RoomIo",
}
"""Imported when asked for: a room loads only the families it has."""

Factory = Callable[..., Driver[Any, Any]]


class UnknownDriver(LookupError):
    """No driver of that name, or one that cannot be used; the text says what to do."""


def known_names() -> tuple[str, ...]:
    """Every family that a room file may name, built-in ones first."""
    return (*BUILT_IN, *sorted(set(_third_party()) - set(BUILT_IN)))


def driver_class(name: str) -> Factory:
    """The class (or factory) of a driver family.

    Raises:
        UnknownDriver: the name is unknown, offered twice, or its package cannot be loaded.
    """
    if name in BUILT_IN:
        module, _, attribute = BUILT_IN[name].partition(":")
        factory: Factory = getattr(importlib.import_module(module), attribute)
        return factory
    offers = _third_party().get(name, [])
    if not offers:
        raise UnknownDriver(
            f"no driver is called {name!r}; known are {', '.join(known_names())}:"
            " correct the room file, or install the package that brings the driver"
        )
    if len(offers) > 1:
        raise UnknownDriver(
            f"driver {name!r} is offered {len(offers)} times"
            f" ({', '.join(sorted(offer.value for offer in offers))}): uninstall all but one"
        )
    return _load(name, offers[0])


def _third_party() -> dict[str, list[importlib.metadata.EntryPoint]]:
    found: dict[str, list[importlib.metadata.EntryPoint]] = {}
    for offer in importlib.metadata.entry_points(group=GROUP):
        found.setdefault(offer.name, []).append(offer)
    return found


def _load(name: str, offer: importlib.metadata.EntryPoint) -> Factory:
    try:
        factory = offer.load()
    except (ImportError, AttributeError) as error:
        raise UnknownDriver(
            f"driver {name!r} ({offer.value}) cannot be loaded: {error}; reinstall its package"
        ) from error
    if not callable(factory):
        raise UnknownDriver(f"driver {name!r} ({offer.value}) is not a class or factory")
    found: Factory = factory
    return found
