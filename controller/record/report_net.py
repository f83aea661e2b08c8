"""Net pressure along a procedure, worked out again from what the record holds.

The same estimator as in the room (``state_machine.net``), with the resistance, temperature
and compliance that prime measured: the estimate, and the upper bound by which every limit
was judged. Where the readings carried no estimate there is a gap, and the bound is all of
the line's pressure, as it was then.
"""

from typing import NamedTuple

import msgspec

from state_machine import net
from state_machine.entries import AnyEntry, Inputs, Noted, SelfTest, Started
from state_machine.line import LineCheck, Mounted
from state_machine.profile import Profile
from state_machine.readings import Readings
from state_machine.requests import SetUpRoom
from state_machine.selftests import STIFFNESS
from state_machine.state import State

replace = msgspec.structs.replace


class NetPoint(NamedTuple):
    """One line reading: when it was asked for (boot time), and what it gave."""

    at_ns: int
    net_pa: int | None
    upper_pa: int


class NetTrace:
    """Takes a procedure's entries in order; ``take`` answers a point where there is one."""

    def __init__(self, started: Started | None) -> None:
        """Begin with what was in force; without a profile that can be read nothing is drawn."""
        self._state: State | None = None
        self._readings = Readings()
        if started is None or not started.profile:
            return
        try:
            profile = msgspec.msgpack.decode(started.profile, type=Profile)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return  # of another program
        self._state = State(profile=profile)

    def take(self, entry: AnyEntry) -> NetPoint | None:
        """One entry; None = it brings no new line pressure, or nothing is measured yet."""
        state = self._state
        if state is None:
            return None
        if isinstance(entry, Noted) and entry.topic == "open-tip":
            self._state = _resistance(state, dict(entry.facts))
        elif isinstance(entry, SelfTest) and entry.name == STIFFNESS:
            line = replace(state.line, compliance_nl_kpa=entry.measured)
            self._state = replace(state, line=line)
        elif isinstance(entry, Inputs):
            return self._inputs(state, entry)
        return None

    def _inputs(self, state: State, inputs: Inputs) -> NetPoint | None:
        for request in inputs.requests:
            if isinstance(request, SetUpRoom):
                state = _mounted(state, request)
        pump, line = inputs.pump or self._readings.pump, inputs.line or self._readings.line
        readings = replace(self._readings, pump=pump, line=line)
        found = net.take(state, readings)
        self._state = replace(state, net=found, readings=readings)
        self._readings = readings
        if inputs.line is None or not state.line.resistance_pa_s_ul:
            return None
        return NetPoint(line.at_ns, found.net_pa, found.upper_pa)


def _resistance(state: State, facts: dict[str, str]) -> State:
    """What the open-tip test measured, and how warm the contrast was."""
    values = {key: int(text) for key, text in facts.items() if text.isdecimal()}
    line = replace(
        state.line,
        resistance_pa_s_ul=values.get("resistance_pa_s_ul", 0),
        resistance_mc=values.get("temperature_mc", 0),
    )
    return replace(state, line=line)


def _mounted(state: State, request: SetUpRoom) -> State:
    """What was said to be mounted; measured anew from here."""
    profile = state.profile
    contrast = next((c for c in profile.contrasts if c.name == request.contrast), None)
    syringe = next((s for s in profile.syringes if s.name == request.syringe), None)
    cannula = next((c for c in profile.cannulas if c.name == request.cannula), None)
    if contrast is None or syringe is None or cannula is None:
        return state
    mounted = Mounted(
        contrast, request.lot, request.temperature_mc, 0, syringe, cannula, request.volume_nl
    )
    return replace(state, mounted=mounted, line=LineCheck())
