"""A laboratory balance with an MT-SICS interface, from the balance's side.

The dialect is stated here and again in the driver, on purpose. What stands on the pan is set by
the room; a vessel of liquid loses a little by itself (evaporation). The reading is unsteady for
a moment after each change; times and noise are assumptions of a bench balance behind its draft
shield.
"""

import random
from typing import Final

from sim.devices import NEVER_NS

_STEADY_NS: Final = 2 * 10**9
_PATIENCE_NS: Final = 20 * 10**9
"""After so long without a steady weight the balance says that it cannot (``S I``)."""
_CAPACITY_NG: Final = 220 * 10**9
_NS_PER_MIN: Final = 60 * 10**9
_NG_PER_G: Final = 10**9


class Balance:
    """Weighs what :attr:`load_ng` says, less what has evaporated.

    Args:
        rng: Chance for the noise of the last digit.
        now_ns: Instant at which it was switched on, and its pan empty.
        digit_ng: Readability; 10,000 is 0.01 mg.
    """

    def __init__(self, rng: random.Random, now_ns: int = 0, digit_ng: int = 10_000) -> None:
        self._rng = rng
        self._now_ns = now_ns
        self._digit_ng = digit_ng
        self._load_ng = 0
        self._gone_ng = 0
        self._moved_ns = now_ns - _STEADY_NS
        self._offset_ng = 0
        self._part = b""
        self._waits: str = ""
        self._waited_ns = 0
        self._said: list[bytes] = []
        self.serial = "B0001"
        self.noise_ng = digit_ng // 3
        self.evaporation_ng_min = 0
        """What the vessel on the pan loses by itself."""
        self.restless = False
        """Injected fault: somebody leans on the table; the weight is never steady."""
        self.unit = "g"

    # --- the pan ----------------------------------------------------------------------------

    def put(self, load_ng: int, now_ns: int) -> None:
        """What stands on the pan from now on, evaporation not counted."""
        self.advance(now_ns)
        if load_ng != self._load_ng:
            self._load_ng = load_ng
            self._moved_ns = now_ns

    def _true_ng(self) -> int:
        return self._load_ng - self._gone_ng

    def _steady(self) -> bool:
        return not self.restless and self._now_ns - self._moved_ns >= _STEADY_NS

    # --- the device's verbs -----------------------------------------------------------------

    def receive(self, data: bytes, now_ns: int) -> None:
        """Bytes of the computer: commands that end with CR LF."""
        self.advance(now_ns)
        *commands, self._part = (self._part + data).split(b"\r\n")
        self._part = self._part[-200:]
        for command in commands:
            self._obey(command.decode("latin-1"))

    def take(self, now_ns: int) -> bytes:
        """What it has said by now."""
        self.advance(now_ns)
        said, self._said = b"".join(self._said), []
        return said

    def wake_ns(self) -> int:
        """When what is waited for has become steady, or patience ends."""
        if self._said:
            return self._now_ns
        if not self._waits:
            return NEVER_NS
        patience_ns = self._waited_ns + _PATIENCE_NS
        return patience_ns if self.restless else min(patience_ns, self._moved_ns + _STEADY_NS)

    @property
    def waits(self) -> bool:
        """Somebody waits for a steady weight."""
        return bool(self._waits)

    def advance(self, now_ns: int) -> None:
        """Let the vessel dry, and answer what was waiting."""
        if now_ns <= self._now_ns:
            return
        self._gone_ng += self.evaporation_ng_min * (now_ns - self._now_ns) // _NS_PER_MIN
        self._now_ns = now_ns
        if not self._waits:
            return
        if self._steady():
            self._finish(self._waits)
        elif now_ns >= self._waited_ns + _PATIENCE_NS:
            self._say(f"{self._waits} I")
            self._waits = ""

    # --- the dialect ------------------------------------------------------------------------

    def _say(self, line: str) -> None:
        self._said.append(line.encode("latin-1") + b"\r\n")

    def _obey(self, command: str) -> None:
        if command in ("S", "Z", "T"):
            if self._waits:
                self._say(f"{command} I")
            elif self._steady():
                self._finish(command)
            else:
                self._waits, self._waited_ns = command, self._now_ns
        elif command == "SI":
            self._say(self._weight("S" if self._steady() else "D"))
        elif command == "I4":
            self._say(f'I4 A "{self.serial}"')
        elif command == "I2":
            self._say(f'I2 A "SIM220 Standard {_CAPACITY_NG / _NG_PER_G:.4f} g"')
        elif command == "@":
            self._waits = ""
            self._say(f'I4 A "{self.serial}"')
        else:
            self._say("ES")

    def _finish(self, command: str) -> None:
        self._waits = ""
        if command == "S":
            self._say(self._weight("S"))
            return
        self._offset_ng = self._true_ng()
        self._say("Z A" if command == "Z" else self._weight("S").replace("S", "T", 1))

    def _weight(self, status: str) -> str:
        true_ng = self._true_ng()
        if true_ng > _CAPACITY_NG:
            return "S +"
        if true_ng - self._offset_ng < -_CAPACITY_NG // 10:
            return "S -"
        noise_ng = round(self._rng.gauss(0, self.noise_ng)) if self.noise_ng else 0
        shown = round((true_ng - self._offset_ng + noise_ng) / self._digit_ng) * self._digit_ng
        scale = {"g": 10**9, "mg": 10**6}[self.unit]
        places = max(0, len(str(scale // self._digit_ng)) - 1)
        return f"S {status} {shown / scale:10.{places}f} {self.unit}"
