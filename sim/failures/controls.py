"""Positive controls: did the failure really happen? Each returns words when it did not."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from sim.site.record import Record
from sim.site.site import Shown, Site
from state_machine.entries import MotionIntent, WallClock

Counts = Mapping[str, int]
Control = Callable[[Site, Record, Counts, int], str]
"""Site, its record, counts of faults before, when it began."""

_POWER_UP: Final = 1
_FROZEN_NS: Final = 400_000_000


def counted(name: str) -> Control:
    """The fault of that name did something."""

    def control(site: Site, _record: Record, before: Counts, _began_ns: int) -> str:
        done = site.faults()[name] - before[name]
        return "" if done > 0 else f"{name} touched nothing"

    return control


def stopped_process(who: str) -> Control:
    """The kernel shows the process as stopped."""

    def control(site: Site, _record: Record, _before: Counts, _began_ns: int) -> str:
        stat = Path(f"/proc/{getattr(site, who).pid}/stat").read_text()
        state = stat.rpartition(")")[2].split()[0]
        return "" if state == "T" else f"the process is in state {state}"

    return control


def cut_power(site: Site, _record: Record, _before: Counts, began_ns: int) -> str:
    """The motor was stopped by its power."""
    by = [value for _, name, value, _ in site.events(began_ns) if name == "motor-off"]
    return "" if by[:1] == ["power"] else f"the motor was stopped by {by}"


def tripped(site: Site, _record: Record, _before: Counts, _began_ns: int) -> str:
    """The box started anew."""
    cause = site.truth()["trip_cause"]
    return "" if cause == _POWER_UP else f"the box's trip cause is {cause}"


def frozen_devices(site: Site, _record: Record, _before: Counts, began_ns: int) -> str:
    """They answer again now, and had to catch up."""
    return "" if site.truth()["now_ns"] - began_ns > _FROZEN_NS else "they were hardly frozen"


def dead(site: Site, _record: Record, _before: Counts, _began_ns: int) -> str:
    """The kernel ended it."""
    code = site.running.poll() if site.running else None
    return "" if code == -9 else f"it ended with {code}"


def run_unanswered(site: Site, record: Record, before: Counts, began_ns: int) -> str:
    """The newest motion was intended and never confirmed."""
    intents = [e for e in record.more().entries if isinstance(e, MotionIntent)]
    answered = not intents or record.running_seq > intents[-1].seq
    return dead(site, record, before, began_ns) or ("RUN had been answered" if answered else "")


def second_refused(site: Site, _record: Record, _before: Counts, _began_ns: int) -> str:
    """The second controller runs, and has none of the devices."""
    shown = site.other
    links = {name: device["link"] for name, device in shown.get("devices", {}).items()}
    got = [name for name, link in links.items() if link == "up"]
    if not links or got:
        return f"the second controller has {got or 'shown nothing'}"
    return "" if not shown["devices"]["room"]["owned"] else "the second controller owns the box"


def nothing_shown(site: Site, _record: Record, _before: Counts, _began_ns: int) -> str:
    """The terminal has shown nothing since."""
    return "" if site.terminal.stopped and not site.terminal.drain() else "the terminal goes on"


def record_fault(site: Site, _record: Record, _before: Counts, _began_ns: int) -> str:
    """The controller says that its record cannot be written."""
    return "" if site.shown["journal"]["fault"] else "the record has no fault"


def record_stands_still(site: Site, _record: Record, _before: Counts, _began_ns: int) -> str:
    """Entries wait for the disk, and nobody complains."""
    journal = site.shown["journal"]
    waits = site.record_seq() < journal["seq"]
    return "" if waits and not journal["fault"] else f"the record goes on: {journal}"


def clock_stepped(site: Site, record: Record, _before: Counts, began_ns: int) -> str:
    """The record shows the wall clock going back and forth, and says that it was set."""
    utc = site.record_utc_ns(began_ns)
    if not any(b < a for a, b in zip(utc, utc[1:], strict=False)):
        return "the clock ran on"
    entries = [e for e in record.more().entries if isinstance(e, WallClock)]
    said = [e.step_ms for e in entries if e.step_ms and e.at_ns >= began_ns]
    return "" if len(said) >= 2 else f"the record says of these steps only: {said}"


def pump_unusable(shown: Shown) -> bool:
    """The pump has power and the set-up is refused because of it."""
    powered = shown["devices"]["room"]["relay_closed"]
    refused = any("pump" in words for words in shown["ways"].get("set-up", ()))
    return shown["phase"] == "set-up" and powered and refused
