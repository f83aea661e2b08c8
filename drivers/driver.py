"""The shape that every driver has: five verbs and no I/O.

The loop calls them in this order, once per pass::

    data = port.read()              # or lost(reason) when the port says LinkLost
    changed = driver.receive(data, now_ns)
    reading = driver.reading()      # goes into step()
    port.write(driver.give(target, activity, now_ns))

``give`` returns the bytes to put on the wire now, at most one frame; ``b""`` while a
question is under way or nothing is due. ``deadline_ns`` is the next instant at which
``give`` would say something without new bytes (a poll is due, an answer is late).
Deadlines of answers under way are judged in ``give`` too, after ``receive``, so
bytes that arrived in the same pass count.
"""

from typing import Protocol, TypeVar

import msgspec

from state_machine.targets import Activity

NEVER_NS = 2**63 - 1

Target = TypeVar("Target", contravariant=True)
Reading = TypeVar("Reading", covariant=True)


class PollPlan(msgspec.Struct, frozen=True):
    """Interval between two polls of a device, per activity (design: polling plan)."""

    idle_ns: int
    active_ns: int
    exposing_ns: int

    def interval_ns(self, activity: Activity) -> int:
        """Interval for an activity."""
        if activity is Activity.EXPOSING:
            return self.exposing_ns
        return self.active_ns if activity is Activity.ACTIVE else self.idle_ns


class Driver(Protocol[Target, Reading]):
    """One device on one port."""

    def connected(self, now_ns: int) -> None:
        """The port is (again) open: forget what was under way, identify anew."""

    def lost(self, reason: str, now_ns: int) -> None:
        """The port is gone; ``reason`` is for people."""

    def receive(self, data: bytes, now_ns: int) -> bool:
        """Take all bytes that arrived. True when the reading changed.

        ``now_ns`` is when the pass began. Garbage never raises.
        """

    def reading(self) -> Reading:
        """What is known now."""

    def give(self, target: Target, activity: Activity, now_ns: int) -> bytes:
        """Bytes to send now toward ``target``; empty when there is nothing to say."""

    def deadline_ns(self) -> int:
        """Next instant at which ``give`` wants to be called without new bytes."""
