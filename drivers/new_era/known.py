"""What one pump has told, and what its driver concluded: the makings of the reading."""

import msgspec

from drivers.exchange import Exchange
from drivers.new_era.fields import Dispensed
from state_machine.readings import Link, Motion, Prompt, PumpAlarm, PumpReading


class Known(msgspec.Struct):
    """Mutable; field meanings as in :class:`state_machine.readings.PumpReading`."""

    link: Link = Link.LOST
    refusal: str = "not connected yet"
    identity: str = ""
    prompt: Prompt = Prompt.UNKNOWN
    alarm: PumpAlarm = PumpAlarm.NONE
    at_ns: int = 0
    counters: Dispensed = Dispensed(0, 0, 0)
    diameter_um: int = 0
    rate_nl_min: int = 0
    settings_ok: bool = False
    power_up_count: int = 0
    reset_seen: bool = False
    """`A?R` came and nothing else since: told unasked *and* as an answer, it is one reset."""
    motion: Motion = Motion.UNKNOWN
    motion_id: int = 0
    motion_refusal: str = ""
    may_move: bool = False
    """RUN was sent or motion was seen, and standstill has not been proven since."""
    stop_overdue: bool = False
    stop_asked_ns: int = 0

    def alarmed(self, alarm: PumpAlarm) -> None:
        """The pump is in alarm: nothing it was told before counts any more."""
        self.alarm, self.prompt = alarm, Prompt.ALARM
        if alarm is PumpAlarm.RESET and not self.reset_seen:
            self.power_up_count += 1
            self.reset_seen = True
        self.unsettle()

    def unsettle(self) -> None:
        """Settings, rate and diameter have to be told again."""
        self.settings_ok = False
        self.rate_nl_min = self.diameter_um = 0

    def reading(self, exchange: Exchange, bad_frame_count: int) -> PumpReading:
        """The reading as of now."""
        return PumpReading(
            at_ns=self.at_ns,
            link=self.link,
            refusal=self.refusal,
            identity=self.identity,
            prompt=self.prompt,
            alarm=self.alarm,
            infused_nl=self.counters.infused_nl,
            withdrawn_nl=self.counters.withdrawn_nl,
            digit_nl=self.counters.digit_nl,
            motion=self.motion,
            motion_id=self.motion_id,
            motion_refusal=self.motion_refusal,
            rate_nl_min=self.rate_nl_min,
            diameter_um=self.diameter_um,
            settings_ok=self.settings_ok,
            power_up_count=self.power_up_count,
            stop_overdue=self.stop_overdue,
            stop_asked_ns=self.stop_asked_ns,
            exchange_p99_ns=exchange.p99_ns(),
            bad_frame_count=bad_frame_count,
        )
