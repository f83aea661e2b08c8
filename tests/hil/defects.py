"""Defects of devices and of the controller, and the check that must catch each.

``python -m tests.hil.defects`` (``make evidence RUN=defects``) plays each row: the check without
the defect passes, with it it fails, with the right class. ``docs/hil-defects.md`` is drawn from
this table, and says what was played last.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from sim.bench.figures import machine
from sim.processes import ROOT
from tests.hil.report import LINES
from tests.hil.verdicts import Fault

RESULT: Final = ROOT / "docs" / "evidence" / "hil-defects.jsonl"
LIMIT_S: Final = 900.0
PRODUCT, UNIT, BENCH, _TEST = Fault
MM: Final = "[mammograph]"
FLOWING: Final = "flowing"
"""The pump is sound until contrast flows: earlier, the pushes of prime would find it out."""


class Defect(NamedTuple):
    """One row."""

    name: str
    words: str
    check: str
    """That must fail, ..."""
    fault: Fault
    """... with this class."""
    inputs: tuple[tuple[Any, ...], ...] = ()
    """Of the simulated room: name, value, and ``FLOWING`` where it begins when contrast flows."""
    broken: str = ""
    """Control of the controller that is taken away."""
    injects: bool = True
    """The check needs an injection, which takes a minute on real wires."""


# fmt: off
DEFECTS: Final = (
    # --- the pump
    Defect("pump-dead-man-dead", "its Safe mode never fires", "pump-dead-man", UNIT, (("pump_ignores_silence", True),), injects=False),
    Defect("pump-stop-wire-broken", "the wire to its stop input is broken", "box-dead-man", UNIT, (("pump_ignores_ttl", True),), injects=False),
    Defect("pump-stop-edge-wrong", "its stop input starts it", "box-dead-man", UNIT, (("pump_trigger", "starts"),), injects=False),
    Defect("pump-stops-late", "a stop takes effect 400 ms after it was answered", "stop-latency", UNIT, (("pump_stops_late_ms", 400, FLOWING),)),
    Defect("pump-stops-late-at-prime", "the same from the beginning: it never comes to an injection", "stop-latency", UNIT, (("pump_stops_late_ms", 400),)),
    Defect("pump-stop-request-late", "the same, stopped by a client", "stop-request", UNIT, (("pump_stops_late_ms", 400, FLOWING),)),
    Defect("pump-pain-stop-late", "the same, stopped by the pain button", "pain-stops", UNIT, (("pump_stops_late_ms", 400, FLOWING),)),
    Defect("pump-flow-high", "10 % more leaves the syringe than its stroke should give", "flow-accuracy", UNIT, (("syringe_ppm", 1_100_000),)),
    Defect("pump-flow-low", "10 % less", "flow-accuracy", UNIT, (("syringe_ppm", 900_000),)),
    Defect("pump-resumes", "after a power cut it goes on where it was", "pump-power-cycled", UNIT, (("pump_resumes", True),)),
    Defect("pump-cable-stop-wire", "cable pulled, and the wire to its stop input is broken", "pump-cable-pulled", UNIT, (("pump_ignores_ttl", True),)),
    # --- the room box
    Defect("box-watchdog-dead", "it does not miss the heartbeat", "box-dead-man", UNIT, (("box_ignores_silence", True),), injects=False),
    Defect("box-watchdog-dead-freeze", "the same, and the controller stands still", "frozen-controller", UNIT, (("box_ignores_silence", True),)),
    Defect("box-watchdog-dead-network", "the same, and the network is gone", "network-cable-pulled", UNIT, (("box_ignores_silence", True),)),
    Defect("box-watchdog-dead-killed", "the same, and the controller dies", "killed-controller-and-recovery", UNIT, (("box_ignores_silence", True),)),
    Defect("relay-welded", "the power relay sticks", "power-permit", UNIT, (("relay_welded", True),), injects=False),
    Defect("emergency-contact-stuck", "the contact of the emergency stop sticks", "emergency-stop", UNIT, (("contact_stuck", "emergency_stop"),), injects=False),
    Defect("hold-contact-stuck", "one contact of the hold switch sticks", "hold-switch-contacts", UNIT, (("contact_stuck", "hold_nc"),), injects=False),
    Defect("pain-contact-stuck", "the pain button sticks", "pain-button", UNIT, (("contact_stuck", "pain"),), injects=False),
    Defect("sounder-dead", "nothing is heard", "sounder", UNIT, (("sounder_dead", True),), injects=False),
    Defect("lamp-dead", "the lamp is dark", "emergency-stop-and-alarm-signals", UNIT, (("lamp_dead", True),)),
    Defect("box-map-other", "another version of its register map", "each-device-says-who-it-is", UNIT, (("map_version_room", 2),), injects=False),
    # --- line pressure
    Defect("sensor-off", "it shows 4 kPa in the open", "line-sensor-zero", UNIT, (("sensor_offset_pa", 4_000),), injects=False),
    Defect("sensor-temperature", "a temperature that no contrast can have", "every-register[pressure-sensor]", UNIT, (("temperature_mc", 200_000),), injects=False),
    Defect("sensor-hangs", "it hangs behind its server", "every-register[pressure-sensor]", UNIT, (("freeze", "pressure_sensor"),), injects=False),
    Defect("box-hangs", "it hangs behind its server", "every-register[room-io]", UNIT, (("freeze", "room_io"),), injects=False),
    # --- the mammography unit
    Defect("unit-hangs", "it hangs behind its server", "every-register[mammograph]", UNIT, (("freeze", "mammograph"),), injects=False),
    Defect("unit-no-prepulse", "AEC makes no pre-pulse", "exposure-handshake", UNIT, (("no_prepulse", True),)),
    Defect("unit-endless", "an exposure does not end by itself", "exposure-handshake", UNIT, (("endless_exposure", True),)),
    Defect("unit-goes-on", "an exposure goes on when it is let go", "aborted-exposure", UNIT, (("exposure_goes_on", True),)),
    Defect("paddle-without-permit", "the pedal moves the paddle whatever is permitted", "interlock-matrix", UNIT, (("paddle_ignores_permit", True),)),
    # --- the controller
    Defect("no-hold", "a switch that is let go does not stop", "hold-to-inject", PRODUCT, broken="hold"),
    Defect("no-exposure-hold", "X-rays do not wait for the switch", "hold-to-expose", PRODUCT, broken="exposure-hold"),
    Defect("lax-workflow", "arming and resuming are taken in every phase", "interlock-matrix", PRODUCT, broken="lax-workflow"),
    Defect("no-pressure-rules", "no rule and no detector of line pressure stops anything", "occlusion", UNIT, broken="deaf-to-pressure"),
    Defect("no-retract", "nothing is taken back", "retract", PRODUCT, broken="no-retract"),
    Defect("quiet-alarm", "the emergency stop alarms nobody", "emergency-stop-and-alarm-signals", PRODUCT, broken="quiet-alarm"),
    Defect("forgetful", "a restart finds no procedure", "killed-controller-and-recovery", PRODUCT, broken="forgetful-recovery"),
    Defect("stuck-in-exposure", "the paddle does not go up again", "dry-run", PRODUCT, (("paddle_stuck", True),)),
)
# fmt: on
BY_NAME: Final = {row.name: row for row in DEFECTS}


def play(row: Defect | None, check: str, folder: Path, *, real: bool) -> dict[str, Any]:
    """Run one check, with a defect or sound; the line of the report about it."""
    words = [sys.executable, "-m", "controller.cli", "hil", "--room", "demo", "--approve"]
    words += ["--select", check, "--out", str(folder), "--simulate" if real else "--virtual"]
    if row is not None:
        words += ["--defects", json.dumps(row.inputs), "--broken", row.broken]
    subprocess.run(
        words,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=LIMIT_S,
        check=False,
    )
    lines = [json.loads(line) for line in (folder / LINES).read_text("utf-8").splitlines()]
    found = [line for line in lines if line.get("check") == check]
    return found[0] if found else {"verdict": "missing", "fault": "", "words": str(lines[:1])}


def judged(row: Defect, *, real: bool) -> dict[str, Any]:
    """Play a row; ``caught``: the named check failed, with the named class."""
    with tempfile.TemporaryDirectory(prefix="hil-") as name:
        line = play(row, row.check, Path(name), real=real)
    return {
        "defect": row.name,
        "check": row.check,
        "on": "real wires" if real else "virtual time",
        "caught": line["verdict"] == "failed" and line["fault"] == row.fault.value,
        "verdict": f"{line['verdict']} {line['fault']}".strip(),
        "words": line["words"][:300],
        "commit": machine()["commit"],
    }


def kept(result: Path = RESULT) -> list[dict[str, Any]]:
    """What was played so far, newest last."""
    if not result.exists():
        return []
    return [json.loads(line) for line in result.read_text("utf-8").splitlines()]


def main(arguments: Sequence[str] | None = None) -> int:
    """Play what this commit has not played yet; 0 when all were caught."""
    parser = argparse.ArgumentParser(prog="defects", description=__doc__)
    parser.add_argument("--virtual", action="store_true", help="on virtual time, not real wires")
    parser.add_argument("--only", default="", metavar="NAME,NAME")
    parser.add_argument("--out", type=Path, default=RESULT, metavar="FILE")
    options = parser.parse_args(arguments)
    only, real = options.only.split(",") if options.only else list(BY_NAME), not options.virtual
    on, commit = ("real wires" if real else "virtual time"), machine()["commit"]
    done = {
        line["defect"]: line["caught"]
        for line in kept(options.out)
        if line["commit"] == commit and line["on"] == on
    }
    for name in only:
        if done.get(name):
            continue
        line = judged(BY_NAME[name], real=real)
        done[name] = line["caught"]
        with options.out.open("a", encoding="utf-8") as out:
            out.write(json.dumps(line) + "\n")
        sys.stderr.write(f"{name}: {line['verdict']}: {line['words'][:160]}\n")
    caught = sum(done[name] for name in only)
    sys.stdout.write(f"{caught} of {len(only)} defects caught by their check ({on})\n")
    return 0 if caught == len(only) else 1


if __name__ == "__main__":
    sys.exit(main())
