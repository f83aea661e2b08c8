"""A New Era NE-1000 syringe pump on a serial line, byte for byte.

Model: :mod:`sim.devices.new_era_model`; commands: :mod:`sim.devices.new_era_commands`;
packets: :mod:`sim.devices.new_era_framing`. This file joins them: alarms and their
acknowledgement, Safe mode and its timer, addresses, and when a reply is on the wire.

Choices where no page was found are marked *assumption*: reply time 2-5 ms, the reset
alarm is also sent by itself after power-up in Safe mode, packets for other addresses do
not feed the Safe timer, and a settings change is refused while the program operates but
not while it is paused.
"""

import random
import re
from typing import Final

from sim.devices import NEVER_NS
from sim.devices.new_era_commands import execute, system_address
from sim.devices.new_era_framing import Packet, PacketCutter, basic_frame, safe_frame
from sim.devices.new_era_model import PumpModel

_NS_PER_S: Final = 10**9
_NS_PER_MS: Final = 10**6
_BITS_PER_BYTE: Final = 10
"""8N1: start, eight, stop."""
_MOST_UNREAD: Final = 4096
"""Bytes that wait for a hung pump; as many as a pseudo-terminal keeps (assumption)."""
_ADDRESSED: Final = re.compile(r"(\d{0,2})(.*)", re.DOTALL)


class NewEraPump:
    """One pump at one address.

    Args:
        rng: Chance for the reply time.
        now_ns: Instant at which the pump was switched on; its reset alarm is pending.
        address: 0..99.
        baud: Bytes on the wire take their time at this speed; 0 = at once.
        think_ns: Shortest and longest time from packet to reply, in ns.
        boot_ns: Silence after power-up.
    """

    def __init__(
        self,
        rng: random.Random,
        now_ns: int = 0,
        *,
        address: int = 0,
        baud: int = 0,
        think_ns: tuple[int, int] = (2 * _NS_PER_MS, 5 * _NS_PER_MS),
        boot_ns: int = 500 * _NS_PER_MS,
    ) -> None:
        self.model = PumpModel(now_ns)
        self.address = address
        self.baud = baud
        self._rng = rng
        self._think_ns = think_ns
        self._boot_ns = boot_ns
        self._boots_until_ns = now_ns
        self.overrun = "takes"
        """What becomes of a packet that comes over a pending answer, which no page tells:
        ``takes`` (answers both), ``drops`` (never heard of it) or ``garbles`` (``?COM``)."""
        self.overrun_count = 0
        self._cutter = PacketCutter()
        self._said: list[tuple[int, bytes]] = []
        self._timer_ends_ns = NEVER_NS
        self._stop_low = False
        self._unread = b""

    # --- the four verbs ---------------------------------------------------------------------

    def receive(self, data: bytes, now_ns: int) -> None:
        """Take bytes whose last one arrived at ``now_ns`` (with a baud rate: begins to)."""
        self.advance(now_ns)
        if not self.model.powered or now_ns < self._boots_until_ns:
            return
        if self.model.hung:
            self._unread = (self._unread + data)[:_MOST_UNREAD]
            return
        safe_only = self.model.flags["SAF"] > 0
        for packet in self._cutter.feed(data, now_ns, safe_only=safe_only):
            if self._said:
                self.overrun_count += 1
                if self.overrun == "drops":
                    continue
                if self.overrun == "garbles":
                    packet = packet._replace(valid=False)
            self._answer(packet, now_ns + self._wire_ns(len(data)))

    def take(self, now_ns: int) -> bytes:
        """Bytes on the wire by now."""
        self.advance(now_ns)
        if self.speaks_ns() > now_ns:
            return b""
        due = b"".join(data for ready_ns, data in self._said if ready_ns <= now_ns)
        self._said = [entry for entry in self._said if entry[0] > now_ns]
        return due

    def wake_ns(self) -> int:
        """Next reply, phase end or expiry of the Safe timer."""
        return min(self.speaks_ns(), self.next_change_ns())

    def speaks_ns(self) -> int:
        """Next reply, or alarm said unasked; a hung pump says nothing."""
        return min(self._said)[0] if self._said and not self.model.hung else NEVER_NS

    def advance(self, now_ns: int) -> None:
        """Move motor and Safe timer to now."""
        if self._timer_ends_ns <= now_ns and not self.model.hung:
            expired_ns, self._timer_ends_ns = self._timer_ends_ns, NEVER_NS
            self.model.advance(expired_ns)
            if not self.model.ignores_silence:
                self._alarm("T", expired_ns)
        self.model.advance(now_ns)

    # --- what the room wires to it ----------------------------------------------------------

    def next_change_ns(self) -> int:
        """Next instant at which motor or alarm change by themselves."""
        return NEVER_NS if self.frozen else min(self.model.next_change_ns(), self._timer_ends_ns)

    def set_power(self, on: bool, now_ns: int) -> None:
        """Mains switch or the room's relay. Off: silent at once, counters lost."""
        self.advance(now_ns)
        if on == self.model.powered:
            return
        self._said.clear()
        self._cutter.clear()
        self._timer_ends_ns = NEVER_NS
        self._unread = b""
        if not on:
            self.model.power_off()
            self.model.set_trigger_low(self._stop_low)
            return
        self.model.power_on()
        self._boots_until_ns = now_ns + self._boot_ns
        self._say_alarm_unasked(self._boots_until_ns)

    def set_ttl_stop(self, low: bool, now_ns: int) -> None:
        """Level of the operational trigger, pin 2; what it does is up to ``TRG``."""
        self.advance(now_ns)
        self._stop_low = low
        if not self.frozen:
            self.model.set_trigger_low(low)

    def keypad_start(self, now_ns: int) -> None:
        """Somebody presses Start on the pump."""
        self.advance(now_ns)
        if not self.frozen:
            self.model.key_start()

    def keypad_stop(self, now_ns: int) -> None:
        """Somebody presses Stop on the pump."""
        self.advance(now_ns)
        if not self.frozen:
            self.model.key_stop()

    def stall(self, now_ns: int) -> None:
        """The motor stalls."""
        self.advance(now_ns)
        if self.model.powered:
            self._alarm("S", now_ns)

    # --- hanging ----------------------------------------------------------------------------

    @property
    def frozen(self) -> bool:
        """The electronics hang."""
        return self.model.hung

    def freeze(self, now_ns: int) -> None:
        """Injected fault: the electronics hang, as a process does under SIGSTOP.

        A motor that runs keeps its last speed, beyond a set volume too (assumption: the
        worst case, steps made by a timer of their own). Bytes wait unread; stop line, keys
        and Safe mode are not acted on. Only a power cut stops the motor, and ends the hang.
        """
        self.advance(now_ns)
        self.model.hung = self.model.powered

    def thaw(self, now_ns: int) -> None:
        """End of :meth:`freeze`: the model moves to now first, then bytes are read."""
        if not self.frozen:
            return
        self.advance(now_ns)
        self.model.hung = False
        self.advance(now_ns)
        self.model.set_trigger_low(self._stop_low)
        unread, self._unread = self._unread, b""
        self.receive(unread, now_ns)

    # --- answering --------------------------------------------------------------------------

    def _answer(self, packet: Packet, now_ns: int) -> None:
        text = packet.payload.decode("latin-1")
        if not packet.valid:
            self._say(self._status() + "?COM", now_ns)
            return
        system = text.startswith("*")
        address, command = ("", text[1:]) if system else self._split(text)
        if not system and int(address or "0") != self.address:
            return
        model = self.model
        if model.alarm:
            # The alarm is the answer to any valid packet, and that acknowledges it.
            reply, model.alarm = self._status(), ""
        else:
            data = self._system(command) if system else execute(model, command)
            reply = self._status() + data
        self._feed_timer(now_ns)
        self._say(reply, now_ns)

    def _split(self, text: str) -> tuple[str, str]:
        match = _ADDRESSED.fullmatch(text)
        return (match[1], match[2]) if match else ("", text)

    def _system(self, command: str) -> str:
        if command == "RESET":
            self.model.clear_program()
            self.address = 0
            return ""
        if command == "ADR":
            return f"{self.address:02d}"
        if not command.startswith("ADR"):
            return "?"
        if command[3:] in ("DUAL", "RECP"):
            return "?NA"
        wanted = system_address(command[3:])
        if wanted is None:
            return "?OOR"
        self.address = wanted[0]
        if wanted[1] and self.baud:
            self.baud = wanted[1]
        return ""

    def _status(self) -> str:
        prompt = f"A?{self.model.alarm}" if self.model.alarm else self.model.status
        return f"{self.address:02d}{prompt}"

    def _feed_timer(self, now_ns: int) -> None:
        seconds = self.model.flags["SAF"]
        self._timer_ends_ns = now_ns + seconds * _NS_PER_S if seconds else NEVER_NS

    def _alarm(self, letter: str, now_ns: int) -> None:
        self.model.halt(letter)
        self._say_alarm_unasked(now_ns)

    def _say_alarm_unasked(self, now_ns: int) -> None:
        if self.model.flags["SAF"] and self.model.alarm:
            self._said.append((now_ns, safe_frame(self._status().encode())))

    def _say(self, reply: str, now_ns: int) -> None:
        payload = reply.encode("latin-1")
        frame = safe_frame(payload) if self.model.flags["SAF"] else basic_frame(payload)
        think_ns = self._rng.randint(*self._think_ns)
        self._said.append((now_ns + think_ns + self._wire_ns(len(frame)), frame))

    def _wire_ns(self, count: int) -> int:
        return count * _BITS_PER_BYTE * _NS_PER_S // self.baud if self.baud else 0
