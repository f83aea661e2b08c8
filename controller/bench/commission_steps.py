"""The steps of commissioning, as a table: what is looked at, why, and how it is seen.

Order matters: the key signs everything after it, switches are seen before anything depends on
them, power comes before what needs a powered pump, and the daily check comes last of what
moves: it leaves a valid check behind.
"""

from collections.abc import Callable
from typing import Any, Final

from controller.bench.check_walk import last_check, walk
from controller.bench.commission import Bench, Found, Measure, Step
from controller.bench.desk import Snapshot
from controller.record.calibrations import day_of
from controller.record.signing import load_public, load_signer, public_path
from controller.record.store import JournalError
from controller.wires.link_stats import LinkStats
from controller.wires.wire_words import PROMPTS, Spoken
from drivers import mammograph, pressure_sensor, room_io
from drivers.registers import Register
from state_machine.readings import Prompt

LINK_MS: Final = 15_000
SEEN_MS: Final = 5_000
WATCH_MS: Final = 6_000
STATUS: Final[dict[str, tuple[Register, ...]]] = {
    "room": room_io.STATUS,
    "mammograph": mammograph.STATUS,
    "line": pressure_sensor.STATUS,
}
ANSWER_MOST_US: Final = {"pump": 40_000, "room": 60_000, "mammograph": 100_000, "line": 40_000}
"""Deadlines of the drivers; the pump's: safety rules 1.8."""
SWITCH_MOST_V: Final = 138
"""kPa at which the independent switch must have opened (clinical facts D, proposed)."""
FAULT_LAMP: Final = 3
HIGH_SOUND: Final = 3
STOP_WIRE_US: Final = 60_000
"""A stop leaves in the next free slot: one exchange (40 ms) and one pass (20 ms)."""
STOP_ANSWER_US: Final = 160_000
"""Then the permit would be dropped (safety rules 1.4)."""


def _keys(bench: Bench) -> Found:
    journal = bench.site.journal
    try:
        if load_signer(journal) is None:
            return Found(
                False,
                f"the room has no key: stop the controller, galactograph journal key {journal},"
                " start it again",
            )
        public = load_public(public_path(journal)).raw.hex()
    except JournalError as error:
        return Found(False, str(error))
    kept = bench.yes("keys/kept", f"public key {public[:16]}…: is a copy kept off this machine?")
    words = f"public key {public}" if kept else "a copy beside the record proves nothing: keep one"
    return Found(kept, words)


def _files(bench: Bench) -> Found:
    site = bench.site
    for deviation in site.deviations:
        bench.person.tell("files/deviation", f"      deviation: {deviation}")
    accepted = bench.yes(
        "files/accepted",
        f"mode {site.mode}, {len(site.deviations)} deviations: are they accepted for this room?",
    )
    hashes = f"room {site.room_sha256[:16]}, procedure {site.procedure_sha256[:16]}"
    return Found(accepted, hashes if accepted else "deviations are not accepted: change the files")


def _up(*names: str) -> Callable[[Snapshot], bool]:
    return lambda shown: all(shown["devices"][name]["link"] == "up" for name in names)


def _devices(bench: Bench) -> Found:
    names = ("room", "mammograph", "line")
    up = bench.until(_up(*names), LINK_MS)
    devices = bench.now["devices"]
    if not up:
        wrong = "; ".join(
            f"{name}: {devices[name]['refusal'] or devices[name]['link']}"
            for name in names
            if devices[name]["link"] != "up"
        )
        return Found(False, f"{wrong}. See galactograph doctor")
    told = "; ".join(str(devices[name]["identity"]) for name in names)
    right = bench.yes("devices/right", f"{told}: are these this room's devices?")
    return Found(right, told if right else "other devices than this room's answer")


def _contact(
    key: str, on: Callable[[Snapshot], Any], do: str, undo: str, what: str
) -> Callable[[Bench], Found]:
    """A contact that a person closes and opens again."""

    def act(bench: Bench) -> Found:
        if bool(on(bench.now)):
            return Found(False, f"{what} is seen pressed, and nobody was asked to")
        bench.person.tell(f"{key}/press", f"      {do}")
        if not bench.until(lambda s: bool(on(s))):
            return Found(False, f"{what} was not seen pressed: wire, contact, input of the box?")
        bench.person.tell(f"{key}/release", f"      {undo}")
        if not bench.until(lambda s: not on(s)):
            return Found(False, f"{what} was not seen released: is it stuck?")
        return Found(True, f"{what} is seen pressed and released")

    return act


def _outputs(bench: Bench) -> int:
    """Outputs that the box itself says are in force; -1 = not heard."""
    return bench.watched.stats["room"].values.get("outputs", -1)


def _emergency(bench: Bench) -> Found:
    """The contact, and what lamp and sounder do while its alarm is on."""

    def stopped(shown: Snapshot) -> bool:
        return bool(shown["devices"]["room"]["emergency_stop"])

    if stopped(bench.now):
        return Found(False, "the emergency stop is seen pressed, and nobody was asked to")
    bench.person.tell("emergency-stop/press", "      press the emergency stop, leave it pressed")
    if not bench.until(stopped):
        return Found(False, "the emergency stop was not seen pressed: its contact to the box?")
    bench.until(lambda _s: _outputs(bench) >> 2 & 3 == FAULT_LAMP, SEEN_MS)
    lamp, sound = _outputs(bench) >> 2 & 3, _outputs(bench) >> 4 & 3
    lit = bench.yes("emergency-stop/lamp", "is the room's lamp lit as a fault?")
    heard = bench.yes("emergency-stop/sounder", "is the sounder heard?")
    bench.person.tell("emergency-stop/release", "      release the emergency stop")
    if not bench.until(lambda s: not stopped(s)):
        return Found(False, "the emergency stop was not seen released")
    bench.acknowledge()
    measures = (
        Measure("lamp in force, read back", lamp, "code", FAULT_LAMP, FAULT_LAMP),
        Measure("sounder in force, read back", sound, "code", HIGH_SOUND, HIGH_SOUND),
    )
    words = "seen pressed and released; lamp and sounder seen and heard"
    return Found(lit and heard, words if lit and heard else "lamp or sounder is missing", measures)


def power(bench: Bench) -> tuple[bool, int]:
    """Give the pump power by a person's word; whether it came up, and after how long (ms)."""
    if not bench.yes("power/out", "no cannula is in anybody, the pump may have power?"):
        return False, 0
    bench.acknowledge()
    refusals = bench.desk.ask("confirm-reclose", cannula_out=True)
    begun_ms = bench.desk.now_ms
    if refusals:
        bench.person.tell("power/refused", f"      not taken: {'; '.join(refusals)}")
        return False, 0
    ready = bench.until(
        lambda s: bool(s["devices"]["room"]["relay_closed"]) and _up("pump")(s), LINK_MS
    )
    return ready, bench.desk.now_ms - begun_ms


def _power(bench: Bench) -> Found:
    ready, span_ms = power(bench)
    pump = bench.now["devices"]["pump"]
    if not ready:
        return Found(False, f"the pump is not ready: {pump['refusal'] or pump['link']}")
    return Found(
        True,
        f"{pump['identity']}, settings read back",
        (Measure("from the permit to a pump that is ready", span_ms, "ms", None, LINK_MS),),
    )


def _wires(bench: Bench) -> Found:
    """Every register of every map, and how the links do, for some seconds."""
    before = {name: device["bad_frame_count"] for name, device in bench.now["devices"].items()}
    bench.watched.stats = {name: LinkStats() for name in bench.watched.stats}
    bench.until(lambda _s: False, WATCH_MS)
    missing, measures = [], []
    for name, stats in bench.watched.stats.items():
        wanted = [row.name for row in STATUS.get(name, ()) if "reserved" not in row.name]
        missing += [f"{name} {row}" for row in wanted if row not in stats.values]
        span_ns = stats.percentile_ns(99) or 0
        bad = bench.now["devices"][name]["bad_frame_count"] - before[name]
        measures += [
            Measure(f"{name}: answers in {WATCH_MS // 1000} s", stats.answer_count, "count", 5),
            Measure(f"{name}: 99 of 100 answers within", span_ns // 1_000, "us", None,
                    ANSWER_MOST_US[name]),
            Measure(f"{name}: faults and bad frames", stats.fault_count + bad,
                    "count", None, 0),
        ]  # fmt: skip
    count = sum(len(rows) for rows in STATUS.values())
    words = f"not read: {', '.join(missing)}" if missing else f"{count} registers read"
    last = [
        f"{n}: {stats.last_fault}" for n, stats in bench.watched.stats.items() if stats.last_fault
    ]
    words += f"; last faults: {'; '.join(last)}" if last else ""
    return Found(not missing, words, tuple(measures))


def _stop(bench: Bench) -> Found:
    """A stop while contrast would flow, timed where it leaves: on the pump's wire.

    The pump runs into the cup and is kept from hearing anything, as the daily check does; the
    check is then ended, and STP must leave at once.
    """
    asked_ns = 0

    def ending(shown: Snapshot) -> bool:
        return (shown["daily_check"]["step"], shown["daily_check"]["part"]) == (
            "safe-mode",
            "silence",
        )

    why = walk(bench, ending)
    if why:
        return Found(False, why)
    asked_ns = bench.clock.now_ns()
    bench.desk.ask("end-daily-check")
    bench.until(lambda _s: _stopped(bench, asked_ns) is not None, SEEN_MS)
    bench.person.tell("stop/release", "      let the switch go")
    seen = _stopped(bench, asked_ns)
    bench.until(lambda s: not s["hold"]["pressed"])
    if seen is None:
        return Found(False, "no STP was seen on the pump's wire, or it was not answered")
    said_ns, answer = seen
    measures = (
        Measure("from the request to STP on the wire", (said_ns - asked_ns) // 1_000, "us", 0,
                STOP_WIRE_US),
        Measure("from STP to the pump's answer", (answer.at_ns - said_ns) // 1_000, "us", 0,
                STOP_ANSWER_US),
    )  # fmt: skip
    if PROMPTS[Prompt.STOPPED] not in answer.words:
        words = f"the pump answered the stop with {answer.words!r}: it did not stop by it"
        return Found(False, words, measures)
    # the box takes the power soon after: the pump itself may be gone before it has proved more
    if not bench.until(lambda _s: not _inputs(bench) & room_io.INPUT_BITS["motor_pin"], SEEN_MS):
        return Found(False, "the pump says that it stands, its motor pin is still high", measures)
    return Found(True, "STP left at once; the pump says that it stands, its pin is low", measures)


def _inputs(bench: Bench) -> int:
    """Contacts as the box last said; all of them, until it has."""
    return bench.watched.stats["room"].values.get("inputs", -1)


def _stopped(bench: Bench, after_ns: int) -> tuple[int, Spoken] | None:
    """When STP was said after an instant, and its answer."""
    said_ns = 0
    for spoken in bench.watched.recent:
        if spoken.link != "pump" or spoken.at_ns < after_ns:
            continue
        if not said_ns and spoken.words.endswith("STP: stop"):
            said_ns = spoken.at_ns
        elif said_ns and spoken.span_ns is not None:
            return said_ns, spoken
    return None


def _check(bench: Bench) -> Found:
    """The whole daily check: dead-man, watchdog, relay, emergency stop, each measured."""
    why = walk(bench, lambda _s: False)
    entries = last_check(bench)
    measures = tuple(
        Measure(f"{e.step} {e.part}: {e.measure}", e.measured, "", None, e.bound)
        for e in entries
        if e.measure
    )
    if why:
        return Found(False, why, measures)
    return Found(bool(measures), f"{len(entries) - 1} parts seen", measures)


def _switch(bench: Bench) -> Found:
    """The independent switch cannot be seen to act on the pump by software: a person's word."""
    if not bench.site.pressure_switch:
        return Found(True, "none is fitted: recorded as a deviation")
    text = bench.person.ask(
        "pressure-switch/opened",
        "raise the pressure with a hand pump and manometer until the switch opens: kPa, or n: ",
    ).strip()
    if not text.isdecimal():
        return Found(False, "it was not tested: test it with a hand pump and a manometer")
    opened = Measure("opened at, by the person's word", int(text), "kPa", 1, SWITCH_MOST_V)
    return Found(True, "opens by itself, by the person's word", (opened,))


def _calibration(bench: Bench) -> Found:
    shown, today = bench.now["calibration"], day_of(bench.clock.utc_ns())
    if shown["fault"]:
        return Found(False, str(shown["fault"]))
    good = {
        one["kind"]
        for one in shown["found"]
        if one["passed"] and one["made_day"] <= today < one["until_day"]
    }
    missing = [kind for kind in ("pressure", "force") if kind not in good]
    if not missing:
        return Found(True, "pressure and force are calibrated")
    words = f"not calibrated: {' and '.join(missing)}"
    if shown["rule"] == "waived":
        return Found(True, f"{words}; waived in the room file, recorded as a deviation")
    return Found(False, f"{words}: galactograph service calibrate, then start the controller again")


# fmt: off
STEPS: Final[tuple[Step, ...]] = (
    Step("keys", "The room's key", "it signs closed procedures, calibrations and this record", _keys),
    Step("files", "Files and deviations", "what the room may be used for, and what is not as it should be", _files),
    Step("devices", "Devices", "each identifies itself, in the mode of this room", _devices),
    Step("hold-switch", "Hold switch", "nothing flows unless it is held", _contact("hold-switch", lambda s: s["hold"]["pressed"], "press the hold (foot or hand) switch, keep it down", "let it go", "the hold switch")),
    Step("pain-button", "Pain button", "the patient's own stop", _contact("pain-button", lambda s: s["devices"]["room"]["pain_pressed"], "press the pain button, keep it down", "let it go", "the pain button")),
    Step("door", "Door contact", "no X-ray with the door open", _contact("door", lambda s: not s["devices"]["room"]["door_closed"], "open the door", "close the door", "the open door")),
    Step("emergency-stop", "Emergency stop, lamp and sounder", "its contact is seen; its alarm is seen and heard", _emergency),
    Step("power", "Pump power", "only by a person's word; the pump identifies itself and is set", _power),
    Step("wires", "Register maps and links", "every register is read, answers come in time, nothing is damaged", _wires),
    Step("stop", "Stop on the wire", "a stop leaves at once, measured on the pump's wire", _stop),
    Step("daily-check", "Dead-man, watchdog, power permit", "what stops the pump without the software is seen to act, and measured", _check),
    Step("pressure-switch", "Independent pressure switch", "the only limit on pressure that does not depend on software", _switch),
    Step("calibration", "Calibration", "what is measured with is as it says", _calibration),
)
# fmt: on
