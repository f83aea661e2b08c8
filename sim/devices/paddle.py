"""Compression paddle: travel against time, a breast that pushes back, three commands.

Positions are exact functions of time between changes, so the result does not depend on
how often it is asked for. Speeds and breast are assumptions of a plausible size; the
release in 1.5 s is from the register map page.
"""

from typing import Final

from sim.devices import NEVER_NS

RELEASED, DESCENDING, HOLDING, RELEASING = range(1, 5)
HOLD, PERMIT, RELEASE = 1, 2, 3
_OPEN_UM: Final = 150_000
_APPROACH_NM_US: Final = 15
"""15 mm/s until the breast is touched."""
_PRESS_NM_US: Final = 4
"""4 mm/s on the breast, which is 20 N/s."""
_STIFFNESS_MN_UM: Final = 5
_RELEASE_NS: Final = 1500 * 10**6


class Paddle:
    """Travel in nm from fully open; ``now_ns`` only ever grows."""

    breast_um = 60_000
    """Thickness at first touch."""

    def __init__(self, now_ns: int) -> None:
        self.state = RELEASED
        self.wanted = HOLD
        self.limit_mn = 0
        self.ignores_permit = False
        """Injected fault: the pedal moves the paddle whatever is commanded."""
        self.stuck = False
        """Injected fault: the paddle does not go up."""
        self._pedal = False
        self._now_ns = now_ns
        self._travel_nm = 0
        self._from_ns = now_ns

    # --- looks ------------------------------------------------------------------------------

    def thickness_um(self) -> int:
        """Distance of the paddle from the table."""
        return _OPEN_UM - self._position_nm(self._now_ns) // 1000

    def force_mn(self) -> int:
        """Force on the breast."""
        if self.state == RELEASING:
            left_ns = max(0, self._from_ns + _RELEASE_NS - self._now_ns)
            return self._force_at(self._travel_nm) * left_ns // _RELEASE_NS
        return self._force_at(self._position_nm(self._now_ns))

    def next_change_ns(self) -> int:
        """Touching the breast, reaching the force limit, or being fully open."""
        if self.state == RELEASING:
            return self._from_ns + _RELEASE_NS
        if self.state != DESCENDING:
            return NEVER_NS
        left_nm = self._goal_nm() - self._travel_nm
        return self._from_ns - (-left_nm * 1000 // self._speed())

    # --- time and commands ------------------------------------------------------------------

    def advance(self, now_ns: int) -> None:
        """Move on to now."""
        while (change_ns := self.next_change_ns()) <= now_ns:
            self._settle(change_ns)
            self._change()
        self._now_ns = max(self._now_ns, now_ns)

    def command(self, wanted: int, limit_mn: int, now_ns: int) -> None:
        """Hold, permit or release, with the force at which a descent ends."""
        self.advance(now_ns)
        self.wanted = wanted
        self.limit_mn = limit_mn
        if wanted == RELEASE:
            self.release(now_ns)
        self._decide()

    def set_pedal(self, down: bool, now_ns: int) -> None:
        """The operator's foot."""
        self.advance(now_ns)
        self._pedal = down
        self._decide()

    def release(self, now_ns: int) -> None:
        """Open fully within 1.5 s, whatever is commanded; the pedal must be pressed anew."""
        self.advance(now_ns)
        self._pedal = False
        if self.state == DESCENDING and self.stuck:
            self._settle(now_ns)
            self.state = HOLDING
        elif self.state in (DESCENDING, HOLDING) and not self.stuck:
            self._settle(now_ns)
            self.state = RELEASING

    def _decide(self) -> None:
        """Start or stop a descent."""
        permitted = self.wanted == PERMIT or self.ignores_permit
        moving = permitted and self._pedal and self.force_mn() < self.limit_mn
        if self.state == DESCENDING and not moving:
            self._settle(self._now_ns)
            self.state = HOLDING
        elif self.state in (RELEASED, HOLDING) and moving:
            self._settle(self._now_ns)
            self.state = DESCENDING

    def _change(self) -> None:
        if self.state == RELEASING:
            self.state = RELEASED
            self._travel_nm = 0
        elif self._travel_nm >= self._limit_nm():
            self.state = HOLDING

    def _settle(self, at_ns: int) -> None:
        self._travel_nm = self._position_nm(at_ns)
        self._from_ns = self._now_ns = max(at_ns, self._now_ns)

    # --- geometry ---------------------------------------------------------------------------

    def _contact_nm(self) -> int:
        return (_OPEN_UM - self.breast_um) * 1000

    def _limit_nm(self) -> int:
        return self._contact_nm() + -(-self.limit_mn * 1000 // _STIFFNESS_MN_UM)

    def _goal_nm(self) -> int:
        contact_nm = self._contact_nm()
        return contact_nm if self._travel_nm < contact_nm else self._limit_nm()

    def _speed(self) -> int:
        return _APPROACH_NM_US if self._travel_nm < self._contact_nm() else _PRESS_NM_US

    def _force_at(self, travel_nm: int) -> int:
        return max(0, travel_nm - self._contact_nm()) * _STIFFNESS_MN_UM // 1000

    def _position_nm(self, at_ns: int) -> int:
        span_ns = max(0, at_ns - self._from_ns)
        if self.state == RELEASING:
            return self._travel_nm * max(0, _RELEASE_NS - span_ns) // _RELEASE_NS
        if self.state != DESCENDING:
            return self._travel_nm
        return min(self._goal_nm(), self._travel_nm + span_ns * self._speed() // 1000)
