"""One site whose controller dies again and again; each new one is judged, and dies in turn.

A *chain* is one to four deaths and the judgement of what the last controller believes: the
first at a moment of the procedure, those after it while the next controller is starting up.
The procedure goes on from where the deaths left it, so most of them cost seconds.
"""

import random
from pathlib import Path
from typing import Any, Final

from sim.client import Gone
from sim.crash.judge import count_width_nl
from sim.failures import judge
from sim.failures.acts import killed
from sim.failures.shift import flows
from sim.site.record import Record
from sim.site.site import CONTROLLER, Late, Shown, Site, now_ns
from state_machine.entries import MotionIntent, PhaseChanged

Line = dict[str, Any]
AIMS: Final = {"course": 40, "motion": 25, "flow": 35}
"""Share of chains, in percent: anywhere in the course, while the plunger moves for whatever
purpose, while contrast goes into a duct. Longer than its share a procedure is at neither."""
COURSE_S: Final = 8.0
MOTION_S: Final = 1.5
FLOW_S: Final = 3.0
START_S: Final = (0.05, 2.5)
"""After a controller was started: before it has read its record, up to its first answers."""
AGAIN: Final = 0.5
"""Chance that the next controller dies while it starts."""
CHAIN_MOST: Final = 4
DEAD_S: Final = ((0.0, 0.2), (0.2, 0.9), (0.9, 3.0))
"""How long nobody is there: before the box's watchdog, before it cuts the power, after."""
_STILL_S: Final = 0.7
_LINKS: Final = ("line", "room", "mammograph")


class Lives:
    """A site and its record; ``close`` at the end."""

    def __init__(self, folder: Path, seed: int, patience_s: float) -> None:
        """Start the devices and a first controller.

        Args:
            folder: of the site.
            seed: of the devices.
            patience_s: for a procedure to come to where a death is aimed at.
        """
        self._patience_s = patience_s
        self.site = Site(folder, seed)
        self.record = Record(self.site.journal)

    def close(self) -> None:
        """End the site."""
        self.site.close()

    def chain(self, seed: int) -> list[Line]:
        """Die once or more, begin anew, and say what is true and what is believed."""
        chance, began_ns = random.Random(f"kills/{seed}"), now_ns()
        aim = chance.choices(list(AIMS), list(AIMS.values()))[0]
        deaths: list[Line] = []
        found: Line
        try:
            self._reach(aim, chance)
            dead_ns = now_ns()
            deaths.append(self._die(aim, chance))
            while len(deaths) < CHAIN_MOST and chance.random() < AGAIN:
                deaths.append(self._die_starting(chance))
            found = self._judge(dead_ns)
        except (Late, Gone, OSError, ValueError) as problem:
            words = f"{type(problem).__name__}: {problem}".partition(": {")[0]
            found = {"verdict": "stuck", "reasons": [words, *self.site.where()]}
            deaths = deaths or [{"aim": aim, "flowing": False, "phase": "", "dead_s": 0.0}]
        wall_s = round((now_ns() - began_ns) / 1e9 / len(deaths), 2)
        return [{"seed": seed, **death, **found, "wall_s": wall_s} for death in deaths]

    # --- dying ----------------------------------------------------------------------------------

    def _reach(self, aim: str, chance: random.Random) -> None:
        """Let the procedure come to where this death is aimed at, and a random moment more."""
        site = self.site
        if site.running is None or site.running.poll() is not None:
            site.controller()
        site.who.fresh_try()
        if aim == "course":
            self._act_for(chance.random() * COURSE_S)
        elif aim == "motion":
            site.until(lambda _: bool(site.truth()["motor_on"]), self._patience_s, act=True)
            site.let_pass(chance.random() * MOTION_S)
        else:
            site.until(lambda shown: flows(shown), self._patience_s, act=True)
            site.let_pass(chance.random() * FLOW_S)

    def _act_for(self, span_s: float) -> None:
        end_ns = now_ns() + int(span_s * 1e9)
        while now_ns() < end_ns:
            self.site.step(0.1)

    def _die(self, aim: str, chance: random.Random) -> Line:
        site, truth = self.site, self.site.truth()
        phase, flowing = site.shown.get("phase", ""), bool(truth["motor_on"])
        killed(site, chance)
        dead_s = round(chance.uniform(*chance.choice(DEAD_S)), 3)
        site.let_pass(dead_s)
        return {"aim": aim, "phase": phase, "flowing": flowing, "dead_s": dead_s}

    def _die_starting(self, chance: random.Random) -> Line:
        site = self.site
        site.leave()
        site.running = site.start("controller", CONTROLLER, *site.run_arguments())
        site.let_pass(chance.uniform(*START_S))
        return self._die("start", chance)

    # --- judging --------------------------------------------------------------------------------

    def _judge(self, dead_ns: int) -> Line:
        """A new controller on the same record, with nobody's hands in between."""
        site, reasons = self.site, []
        site.watch(lambda truth: not truth["motor_on"], 5)
        open_case = self._case_open()
        site.controller()
        shown = site.until(
            lambda s: all(s["devices"][name]["link"] == "up" for name in _LINKS), self._patience_s
        )
        site.let_pass(_STILL_S)
        if open_case and shown["phase"] != "recovery":
            reasons.append(f"began in {shown['phase']} with a procedure open")
        started = judge.motions(site, dead_ns)
        if started:
            reasons.append(f"the plunger was started {started} times without a person")
        reasons += self._duplicates()
        reasons += judge.volume(site, self.record, site.truth(), proven=False)
        volumes = self._volumes(site.shown)
        if volumes and not volumes["low_nl"] <= volumes["truth_nl"] <= volumes["high_nl"]:
            reasons.append(f"the plunger gave what is not shown: {volumes}")
        reasons += judge.chain(self.record)
        return {"verdict": "unsafe" if reasons else "good", "reasons": reasons, **volumes}

    def _case_open(self) -> bool:
        changes = [e for e in self.record.more().entries if isinstance(e, PhaseChanged)]
        return bool(changes) and changes[-1].phase not in ("standby", "closed")

    def _duplicates(self) -> list[str]:
        """Never more motions than intents on the disk, in the whole life of the site."""
        intents = sum(isinstance(e, MotionIntent) for e in self.record.more().entries)
        moved = judge.motions(self.site, 0)
        return [f"{moved} motions, {intents} intents on the disk"] if moved > intents else []

    def _volumes(self, shown: Shown) -> Line:
        """What was given into this breast beside what the new controller shows of it."""
        site = self.site
        if not site.inserted:
            return {}
        volume = shown["volume"]
        low_nl, high_nl = volume["side_day_low_nl"], volume["side_day_high_nl"]
        return {
            "truth_nl": site.truth()["plunger_nl"] - site.inserted["plunger_nl"],
            "low_nl": low_nl,
            "high_nl": high_nl,
            "count_width_nl": count_width_nl(low_nl, high_nl),
        }
