"""The pump behind the dialect: settings, program phases, plunger and motor.

Volume is integrated exactly in integers: a rate is held in nL per hour, because the
pump's smallest rate step, 0.001 uL/h, is one of those, and what was moved in nL/h * ns.
Sources: NE-1000 family manuals as given in the fact sheet *pumps* section 1.7-1.8.
"""

from sim.devices import NEVER_NS
from sim.devices.new_era_motion import Motion, steps_of
from sim.devices.new_era_values import (
    MICROLITRE_LIMIT_UM,
    MOTOR_ON,
    OPERATING,
    PHASES,
    RATE_UNITS_NL_H,
    TRIGGERS,
    UNITS_PER_NL,
    Phase,
    disc_um2,
    fresh_program,
)

_MOVES_ON = frozenset("TIW")
"""States that can end by themselves: a timed pause, and a volume being pumped."""


class PumpModel:
    """Settings and motion. Times in ns, volumes in nL unless a name says otherwise."""

    max_speed_um_min = 51_005
    """5.1005 cm/min (manual section 12.5)."""
    min_speed_nm_h = 42_050
    """0.004205 cm/h (manual section 12.5)."""

    def __init__(self, now_ns: int) -> None:
        self.flags = {"LOC": 0, "AL": 0, "PF": 0, "BP": 0, "LN": 0, "DIN": 0, "ROM": 0, "SAF": 0}
        self.trigger = "FT"
        self.diameter_um = 26_590
        self.volume_unit = "ML"
        self.dispensed_unit = "ML"
        self.phases = fresh_program()
        self.powered = True
        self.alarm = "R"
        self.status = "S"
        self.selected = 0
        self.now_ns = now_ns
        self.ignores_stop = False
        """Injected fault: every stop is answered and none is obeyed."""
        self.stops_late_ms = 0
        """Injected fault: a stop is answered at once and takes effect so much later."""
        self.resumes = False
        """Injected fault: after a power cut the pump goes on where it was."""
        self._stops_ns = NEVER_NS
        self._stops_by = ""
        self.ignores_trigger = False
        """Injected fault: the wire to pin 2 is broken."""
        self.ignored = {"stop": 0, "trigger": 0}  # how often each was not obeyed
        self.hung = False
        """Injected fault: the electronics hang; a motor that runs keeps its last speed."""
        self.ignores_silence = False
        """Injected fault: Safe mode's timer runs out and nothing happens."""
        self.speed_ppm = 1_000_000
        """Injected fault: the motor runs at another speed than it was told and says."""
        self.trigger_edges = ""
        """What the stop setting (``TRG SP``) may turn out to mean on a real pump: ``inverted``
        (stops on the other edge) or ``starts`` (starts where it should stop); empty = stops."""
        self.infused = 0
        self.withdrawn = 0
        self.trigger_low = False
        self.stopped_by = ""
        """What stopped the motor last: command, pin, keypad, power, volume, safe-mode, stall,
        reset. For judges; nothing on the wire says so."""
        self._was_running = False
        self._done = 0
        self._rate_nl_h = 0
        self._live: int | None = None
        self._pause_until_ns = NEVER_NS
        self._base_steps = 0
        self._position = 0

    # --- looks ------------------------------------------------------------------------------

    @property
    def phase(self) -> Phase:
        """The selected phase, which is the running one while the program operates."""
        return self.phases[self.selected]

    @property
    def operating(self) -> bool:
        """A program is under way (pumping, in a timed pause, waiting, or purging)."""
        return self.status in OPERATING

    @property
    def motor_on(self) -> bool:
        """The plunger moves."""
        return self.status in MOTOR_ON

    @property
    def operating_pin(self) -> bool:
        """Level of pin 7; with ROM 1 a timed pause counts as operating."""
        return self.motor_on or (self.status == "T" and self.flags["ROM"] == 1)

    @property
    def infused_nl(self) -> int:
        """Infused volume on the pump's own counter, rounded down."""
        return self.infused // UNITS_PER_NL

    @property
    def withdrawn_nl(self) -> int:
        """Withdrawn volume on the pump's own counter, rounded down."""
        return self.withdrawn // UNITS_PER_NL

    def steps(self) -> int:
        """Microsteps the motor has made, infusing counted up; never reset."""
        return steps_of(self._base_steps, self._position, self.diameter_um)

    def rate_milli(self) -> int:
        """Rate in force, in 0.001 of the phase's unit."""
        return self.phase.rate_milli if self._live is None else self._live

    def highest_nl_h(self) -> int:
        """Top rate at this diameter."""
        return disc_um2(self.diameter_um) * self.max_speed_um_min * 60 // 10**6

    def lowest_nl_h(self) -> int:
        """Lowest rate at this diameter, rounded up."""
        return -(-disc_um2(self.diameter_um) * self.min_speed_nm_h // 10**9)

    def rate_allowed(self, rate_nl_h: int) -> bool:
        """Whether the plunger can move at this rate."""
        return self.lowest_nl_h() <= rate_nl_h <= self.highest_nl_h()

    def next_change_ns(self) -> int:
        """When a phase ends by itself; nobody counts while the electronics hang."""
        if self.hung:
            return NEVER_NS
        if self._stops_ns != NEVER_NS:
            return self._stops_ns
        if self.status == "T":
            return self._pause_until_ns
        if self.status in "IW" and self.phase.volume_nl > 0:
            left = self.phase.volume_nl * UNITS_PER_NL - self._done
            return self.now_ns - (-left // self._speed_nl_h())
        return NEVER_NS

    # --- seen from elsewhere ------------------------------------------------------------------

    def motion(self) -> Motion:
        """How the pump stands and moves now."""
        return Motion(
            self.now_ns,
            self.powered,
            self.status,
            self.alarm,
            self.phase.direction,
            self._speed_nl_h(),
            self.diameter_um,
            self._base_steps,
            self._position,
            self.infused,
            self.withdrawn,
            self.flags["ROM"],
            self.stopped_by,
            self.next_change_ns(),
        )

    def follow(self, motion: Motion, more_steps: int) -> None:
        """Become a pump that moves as another one did, and knows no end of it.

        Args:
            motion: Of the other pump; time goes on from its instant.
            more_steps: What this plunger had moved more than the other one's.
        """
        self.now_ns = motion.at_ns
        self.powered = motion.powered
        self.status, self.alarm = motion.status, motion.alarm
        self.phase.direction = motion.direction
        self._rate_nl_h = motion.rate_nl_h
        self.diameter_um = motion.diameter_um
        self._base_steps = motion.base_steps + more_steps
        self._position = motion.position
        self.infused, self.withdrawn = motion.infused, motion.withdrawn
        self.flags["ROM"] = motion.motor_output_mode
        self.stopped_by = motion.stopped_by

    # --- time -------------------------------------------------------------------------------

    def advance(self, now_ns: int) -> None:
        """Move plunger and program to now."""
        if self.status in _MOVES_ON:
            while (change_ns := self.next_change_ns()) <= now_ns:
                self._integrate(change_ns)
                if self._stops_ns <= change_ns:
                    self._stops_ns = NEVER_NS
                    self._stop(self._stops_by)
                    break
                self._enter(self.selected + 1)
        self._integrate(now_ns)

    def _integrate(self, until_ns: int) -> None:
        span_ns = until_ns - self.now_ns
        if span_ns <= 0:
            return
        self.now_ns = until_ns
        if self.status not in MOTOR_ON:
            return
        moved = self._speed_nl_h() * span_ns
        if self.status != "X" and self.phase.volume_nl > 0 and not self.hung:
            moved = min(moved, self.phase.volume_nl * UNITS_PER_NL - self._done)
        self._done += moved
        if self.phase.direction == "I":
            self.infused += moved
            self._position += moved
        else:
            self.withdrawn += moved
            self._position -= moved

    def _speed_nl_h(self) -> int:  # at least 1, so that a phase ends
        return max(1, self._rate_nl_h * self.speed_ppm // 1_000_000)

    # --- program ----------------------------------------------------------------------------

    def start(self, phase: int | None = None) -> str:
        """Start at a phase, resume, or begin at phase 1; returns the refusal or ''."""
        if self.status == "U":
            self._enter(self.selected + 1)
            return ""
        if self.operating:
            return "?NA"
        first = self.selected if phase is None and self.status == "P" else (phase or 0)
        wanted = self.phases[first]
        if wanted.function == "RAT" and not self.rate_allowed(wanted.rate_nl_h()):
            return "?OOR"
        if phase is None and self.status == "P":
            self._resume()
        else:
            self._enter(first)
        if self._held_by_level():
            self.stop("pin")
        return ""

    def _enter(self, index: int) -> None:
        self._live = None
        self._done = 0
        if index >= PHASES or self.phases[index].function == "STP":
            self._stopped("volume")
            self._end_program()
            return
        self.selected = index
        self._resume()

    def _resume(self) -> None:
        if self.phase.function == "PAS":
            self.status = "T" if self.phase.pause_s else "U"
            self._pause_until_ns = self.now_ns + self.phase.pause_s * 10**9
            return
        self.status = self.phase.direction
        self._rate_nl_h = self.phase.rate_nl_h()

    def _end_program(self) -> None:
        self.status = "S"
        self._stops_ns = NEVER_NS
        self.selected = 0
        self._done = 0
        self._live = None

    def _stopped(self, by: str) -> None:
        if self.motor_on:
            self.stopped_by = by

    def stop(self, by: str = "command") -> None:
        """Stop key or command: operating pauses, paused or purging ends the program."""
        if self.ignores_stop:
            self.ignored["stop"] += self.motor_on
            return
        if self.stops_late_ms and self.motor_on:
            if self._stops_ns == NEVER_NS:
                self._stops_ns, self._stops_by = self.now_ns + self.stops_late_ms * 10**6, by
            return
        self._stop(by)

    def _stop(self, by: str) -> None:
        self._stopped(by)
        if self.operating and self.status != "X":
            self.status = "P"
            self._live = None
        elif self.status != "S":
            self._end_program()

    def halt(self, alarm: str) -> None:
        """Motor and program stop with an alarm (S stalled, T communications timeout)."""
        self._stopped({"T": "safe-mode", "S": "stall"}.get(alarm, "reset"))
        self.alarm = alarm
        self._end_program()

    def clear_program(self) -> None:
        """Stop, forget program and Safe mode (``*RESET``)."""
        self.halt("")
        self.phases = fresh_program()
        self.flags["SAF"] = 0

    def purge(self) -> str:
        """Run at top speed in the current direction until stopped."""
        if self.operating:
            return "?NA"
        self.status = "X"
        self._rate_nl_h = self.highest_nl_h()
        return ""

    # --- settings that touch motion ---------------------------------------------------------

    def set_diameter(self, diameter_um: int) -> None:
        """A diameter sets the units of VOL and DIS anew; volumes keep their size."""
        self._base_steps = self.steps()
        self._position = 0
        self.diameter_um = diameter_um
        self.volume_unit = "UL" if diameter_um <= MICROLITRE_LIMIT_UM else "ML"
        self.dispensed_unit = self.volume_unit

    def set_rate(self, milli: int, unit: str) -> None:
        """While pumping the rate works at once and is not stored; else it is stored."""
        if self.operating:
            self._live = milli
            self._rate_nl_h = milli * RATE_UNITS_NL_H[unit]
        else:
            self.phase.rate_milli, self.phase.rate_unit = milli, unit

    def set_direction(self, direction: str) -> None:
        """Direction of the phase; while pumping the accumulator follows."""
        self.phase.direction = direction
        if self.status in "IW":
            self.status = direction

    # --- pins, keys, power ------------------------------------------------------------------

    def set_trigger_low(self, low: bool) -> None:
        """Level of pin 2; triggers are ignored during an alarm and by a broken wire."""
        if low == self.trigger_low:
            return
        self.trigger_low = low
        if self.alarm or not self.powered or self.ignores_trigger:
            self.ignored["trigger"] += low and self.motor_on
            return
        falling, rising = TRIGGERS[self.trigger]
        if self.trigger_edges == "inverted":
            falling, rising = rising, falling
        elif self.trigger_edges == "starts":
            falling = "start"
        self._key(falling if low else rising, "pin")

    def key_start(self) -> None:
        """Start on the keypad; works with LOC 1 too (assumption: it locks settings only)."""
        if self.powered and not self.alarm:
            self._key("start", "keypad")

    def key_stop(self) -> None:
        """Stop on the keypad."""
        if self.powered:
            self._key("stop", "keypad")

    def _key(self, action: str, by: str) -> None:
        if action == "stop" or (action == "toggle" and self.operating):
            if self.operating:
                self.stop(by)
        elif action in ("start", "toggle"):
            self.start()

    def _held_by_level(self) -> bool:
        return (self.trigger == "SL" and self.trigger_low and not self.ignores_trigger) or (
            self.trigger == "SH" and not self.trigger_low
        )

    def power_off(self) -> None:
        """The counters and the program's place are lost; settings are in memory that stays."""
        self._stopped("power")
        self.powered = self.hung = False
        self._was_running = self.operating
        self._end_program()
        self.infused = self.withdrawn = 0
        self.alarm = ""

    def power_on(self) -> None:
        """Reset alarm; with PF 1 a running program goes on (assumption, the worse case)."""
        if self.powered:
            return
        self.powered = True
        self.alarm = "R"
        if self._was_running and (self.flags["PF"] or self.resumes):
            self._enter(0)
