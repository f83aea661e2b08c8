"""Simulated devices: a model plus a wire dialect each, driven by integer time handed in.

Every device has the same four verbs and neither clock nor chance of its own::

    device.receive(data, now_ns)   # bytes from the controller
    device.take(now_ns) -> bytes   # what the device says by now
    device.wake_ns() -> int        # next instant it says something or changes by itself
    device.advance(now_ns)         # move the model to now (the first two do it themselves)

The register maps and the pump's dialect are written here from the device's side and
again in ``drivers`` from the controller's side. That is on purpose: shared tables would
let both agree on a mistake.
"""

from typing import Final, Protocol

NEVER_NS: Final = 2**63 - 1


class Device(Protocol):
    """What a world or a server needs of a simulated device."""

    def receive(self, data: bytes, now_ns: int) -> None:
        """Take bytes from the controller."""

    def take(self, now_ns: int) -> bytes:
        """Return the bytes that the device has put on the wire by now."""

    def wake_ns(self) -> int:
        """Next instant at which the device speaks or changes by itself."""

    def advance(self, now_ns: int) -> None:
        """Move the model to now; an earlier instant changes nothing."""
