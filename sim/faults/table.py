"""The faults, one row each: what breaks, its positive control, what the room must do about it.

Times to standstill (``stop_ms``) and to an alarm (``alarm_ms``) are those of the layer that has
to act (``docs/performance.md``, *stop paths*) and a margin; they count from when the fault began
to act. ``slows_ms`` is what any other stop may take while the fault lasts. 0 = nothing is asked.
Ranges of parameters and durations are assumptions.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from sim.faults import acts, controls
from sim.faults.stage import Act, Seen

WIRE, DEVICE, HOST, PATIENT, PERSON = "wire", "device", "host", "patient", "person"
CLASSES: Final = (WIRE, DEVICE, HOST, PATIENT, PERSON)

FLOW, PRIME, ARMED, PRESSED, BEAM, ANY = "flow", "prime", "armed", "pressed", "beam", "any"
MOUNT: Final = "mount"
"""Moments at which a fault strikes; see ``strike.MOMENTS``."""

Range = tuple[int, int]
Choice = tuple[str, ...]
WIRES: Final = ("pump", "line", "room", "mammograph")
MODBUS: Final = ("line", "room", "mammograph")


class Fault(NamedTuple):
    """One row."""

    name: str
    kind: str
    moments: Choice
    strikes: Act
    seen: Seen
    """Positive control, on the wires, the devices or the physics."""
    must: str
    """The positive control in words."""
    chosen: Mapping[str, Range | Choice] = {}
    lasts_ms: Range = (0, 0)
    """(0, 0): until the end of the run, or over at once."""
    mends: Act = acts.nothing
    alarms: Choice = ()
    """One of them must be raised, when it struck in the flow."""
    alarm_ms: int = 0
    stop_ms: int = 0
    slows_ms: int = 0
    spoils: Choice = ()
    """Judges that a room cannot satisfy with this fault in it, and are not asked."""
    keeps_out: bool = False
    """Nothing may go into the duct while it lasts."""
    room: str = ""
    """What the room must be like from the start: a name of ``sim.campaign.checks.ROOMS``."""
    alone: bool = False
    """Takes so much of the room that no second fault is drawn beside it."""
    weight: int = 10

    @property
    def early(self) -> bool:
        """Its moment lies before the point that prepared rooms go on from."""
        return bool(self.room) or set(self.moments) <= {PRIME, MOUNT}


_WIRE_SPAN: Final = (200, 3_000)
_SHARE: Final = (5_000, 300_000)
_MODBUS_LOST: Final = ("line-lost", "room-lost", "unit-lost")

# fmt: off
FAULTS: Final = (
    # --- wires: kinds of sim/troubles.py
    Fault("wire-delay", WIRE, (FLOW, ANY), acts.trouble("delay"), controls.acted, "a run of bytes came late", {"wire": WIRES, "share_ppm": (100_000, 1_000_000), "size_ms": (20, 400)}, _WIRE_SPAN, slows_ms=900),
    Fault("wire-loss", WIRE, (FLOW, ANY), acts.trouble("loss"), controls.acted, "a run of bytes was lost", {"wire": WIRES, "share_ppm": _SHARE}, _WIRE_SPAN, slows_ms=900),
    Fault("wire-corruption", WIRE, (FLOW, ANY), acts.trouble("corruption"), controls.acted, "a bit flipped", {"wire": WIRES, "share_ppm": _SHARE}, _WIRE_SPAN, slows_ms=900),
    Fault("wire-duplication", WIRE, (FLOW, ANY), acts.trouble("duplication"), controls.acted, "a run came twice", {"wire": WIRES, "share_ppm": _SHARE}, _WIRE_SPAN, slows_ms=900),
    Fault("wire-truncation", WIRE, (FLOW, ANY), acts.trouble("truncation"), controls.acted, "a run lost its head or tail", {"wire": WIRES, "share_ppm": _SHARE}, _WIRE_SPAN, slows_ms=900),
    Fault("wire-drip", WIRE, (FLOW, ANY), acts.trouble("drip"), controls.acted, "bytes came one by one", {"wire": WIRES, "share_ppm": _SHARE}, _WIRE_SPAN, slows_ms=900),
    Fault("wire-out-of-step", WIRE, (FLOW, ANY), acts.trouble("out-of-step"), controls.acted, "an answer came in the place of a later one", {"wire": WIRES}, _WIRE_SPAN, slows_ms=900),
    Fault("wire-garbage", WIRE, (FLOW, ANY), acts.trouble("garbage"), controls.acted, "bytes came that nobody sent", {"wire": WIRES}, (800, 3_000), slows_ms=900),
    Fault("pump-wire-silent", WIRE, (FLOW,), acts.trouble("silence", "pump"), controls.acted, "runs were lost without a word", {}, (600, 4_000), stop_ms=450, slows_ms=450, alarms=("stop-not-obeyed", "pump-lost"), alarm_ms=1_500),
    Fault("line-wire-silent", WIRE, (FLOW,), acts.trouble("silence", "line"), controls.acted, "runs were lost without a word", {}, (400, 4_000), stop_ms=260),
    Fault("room-wire-silent", WIRE, (FLOW,), acts.trouble("silence", "room"), controls.acted, "runs were lost without a word", {}, (400, 4_000), stop_ms=310, slows_ms=310),
    Fault("pump-wire-cut", WIRE, (FLOW,), acts.trouble("cut", "pump"), controls.acted, "the connection was lost", {}, (200, 4_000), stop_ms=150, slows_ms=310, alarms=("pump-lost", "stop-not-obeyed", "box-tripped"), alarm_ms=1_500),
    Fault("line-wire-cut", WIRE, (FLOW,), acts.trouble("cut", "line"), controls.acted, "the connection was lost", {}, (200, 4_000), stop_ms=260, alarms=("line-lost",), alarm_ms=1_500),
    Fault("room-wire-cut", WIRE, (FLOW,), acts.trouble("cut", "room"), controls.acted, "the connection was lost", {}, (200, 4_000), stop_ms=310, slows_ms=310, alarms=("room-lost",), alarm_ms=1_500),
    Fault("unit-wire-cut", WIRE, (FLOW, PRESSED), acts.trouble("cut", "mammograph"), controls.acted, "the connection was lost", {}, (200, 4_000), alarms=("unit-lost",), alarm_ms=1_500),
    # --- the pump
    Fault("pump-reset", DEVICE, (FLOW, ANY), acts.hands(power_cycle="pump"), controls.pump_started_anew, "the pump's reset alarm stands", stop_ms=20),
    Fault("pump-mains-off", DEVICE, (FLOW, ANY), acts.hands(pump_mains=False), controls.pump_dark, "the pump has no power", {}, (500, 5_000), acts.hands(pump_mains=True), ("pump-lost", "stop-not-obeyed"), 1_500, 20),
    Fault("pump-stall", DEVICE, (FLOW, PRIME), acts.hands(pump_stall=True), controls.motor_off("stall"), "the motor was stopped by a stall", alarms=("pump-stalled",), alarm_ms=1_000, stop_ms=20),
    Fault("pump-wrong-speed", DEVICE, (FLOW,), acts.chosen_hand("pump_speed_ppm"), controls.plunger_moved(500), "the plunger moved at another speed than told", {"pump_speed_ppm": (300_000, 1_800_000)}, (5_000, 40_000), acts.hands(pump_speed_ppm=1_000_000), spoils=("rate",)),
    Fault("pump-ignores-stop", DEVICE, (FLOW,), acts.asked_to_stop(pump_ignores_stop=True), controls.ignored("stop"), "a stop was told and not obeyed", {"asked_ms": (100, 3_000)}, (10_000, 40_000), acts.hands(pump_ignores_stop=False), ("stop-not-obeyed",), 1_500, slows_ms=700),
    Fault("pump-deaf", DEVICE, (FLOW,), acts.asked_to_stop(pump_ignores_stop=True, pump_ignores_ttl=True), controls.ignored("stop", "trigger"), "a stop was told, by wire and by pin, and not obeyed", {"asked_ms": (100, 3_000)}, (10_000, 40_000), acts.hands(pump_ignores_stop=False, pump_ignores_ttl=False), ("stop-not-obeyed",), 1_500, slows_ms=900),
    Fault("pump-hung", DEVICE, (FLOW,), acts.hands(freeze="pump"), controls.heard_while_hung("pump"), "bytes reached a pump that does nothing", {}, (1_500, 6_000), acts.hands(thaw="pump"), ("stop-not-obeyed",), 1_500, 900, 900, ("intents",)),
    Fault("pump-keypad-start", DEVICE, (ARMED, PRESSED), acts.hands(keypad_start=True), controls.keypad_started, "the motor went on by itself", {}, (0, 0), acts.nothing, ("uncommanded-motion", "stop-not-obeyed", "motor-pin", "box-tripped"), 1_500),
    Fault("pump-keypad-stop", DEVICE, (FLOW,), acts.hands(keypad_stop=True), controls.motor_off("keypad"), "the motor was stopped on the keypad", stop_ms=20),
    # --- line pressure
    Fault("sensor-stuck", DEVICE, (FLOW, ANY), acts.hands(sensor_stuck=True), controls.sensor_sticks, "line pressure changed and the sensor did not", {}, (1_000, 20_000), acts.hands(sensor_stuck=False), spoils=("duct-pressure", "line-pressure")),
    Fault("sensor-drifts", DEVICE, (FLOW, ANY), acts.chosen_hand("sensor_drift_pa_h"), controls.sensor_off(20), "the sensor shows another pressure", {"sensor_drift_pa_h": (-100_000, 100_000)}, (10_000, 40_000), acts.hands(sensor_drift_pa_h=0), spoils=("duct-pressure", "line-pressure")),
    Fault("sensor-dead", DEVICE, (FLOW, ANY), acts.hands(sensor_fault=True), controls.attribute("pressure_sensor", "fault", True), "the sensor says that it is broken", {}, (500, 5_000), acts.hands(sensor_fault=False), ("line-sensor",), 500, 250),
    Fault("sensor-out-of-range", DEVICE, (FLOW,), acts.chosen_hand("sensor_offset_pa"), controls.sensor_off(100_000), "the sensor shows what cannot be", {"sensor_offset_pa": (130_000, 400_000)}, (500, 5_000), acts.hands(sensor_offset_pa=0), ("line-pressure", "line-sensor", "net-stop", "false-passage"), 500, 250),
    Fault("sensor-noisy", DEVICE, (FLOW, ANY), acts.chosen_hand("sensor_noise_pa"), controls.lasted, "the noise of the sensor is another", {"sensor_noise_pa": (400, 1_200)}, (2_000, 20_000), acts.hands(sensor_noise_pa=200)),
    Fault("sensor-frozen", DEVICE, (FLOW, ANY), acts.hands(freeze="pressure_sensor"), controls.heard_while_hung("pressure_sensor"), "bytes reached a sensor that hangs behind its server", {}, (500, 5_000), acts.hands(thaw="pressure_sensor"), stop_ms=260),
    Fault("sensor-reset", DEVICE, (FLOW, ANY), acts.hands(power_cycle="pressure_sensor"), controls.zero_lost, "the sensor has lost its zero", stop_ms=400),
    # --- the room box
    Fault("box-frozen", DEVICE, (FLOW, ANY), acts.hands(freeze="room_io"), controls.heard_while_hung("room_io"), "bytes reached a box that hangs behind its server", {}, (500, 5_000), acts.hands(thaw="room_io"), stop_ms=310, slows_ms=310),
    Fault("box-reset", DEVICE, (FLOW, ANY), acts.hands(power_cycle="room_io"), controls.box_started_anew, "the box is tripped by its own start", stop_ms=20),
    Fault("relay-welded", DEVICE, (FLOW,), acts.hands(relay_welded=True, emergency_stop=True), controls.welded, "the relay stays closed although it is told to open", {}, (1_000, 5_000), acts.hands(emergency_stop=False, relay_welded=False), ("emergency-stop",), 500, 150),
    Fault("hold-contact-stuck", DEVICE, (FLOW,), acts.chosen_hand("contact_stuck"), controls.contact_differs, "a contact does not follow the hand", {"contact_stuck": ("hold_no", "hold_nc")}, (20_000, 60_000), acts.free_contact, slows_ms=250),
    Fault("motor-pin-stuck", DEVICE, (FLOW,), acts.hands(contact_stuck="motor_pin"), controls.pin_differs, "the pin does not follow the motor", {}, (30_000, 60_000), acts.free_pin, ("motor-pin", "box-tripped", "stop-not-obeyed"), 2_500),
    Fault("map-mismatch", DEVICE, (FLOW, ANY), acts.other_map, controls.other_map_told, "the device says another version of its registers", {"wire": MODBUS}, (1_000, 6_000), acts.own_map, ("wrong-sensor", "wrong-box", "wrong-unit", *_MODBUS_LOST), 2_500, slows_ms=310),
    # --- the mammography unit
    Fault("unit-frozen", DEVICE, (FLOW, PRESSED, BEAM), acts.hands(freeze="mammograph"), controls.heard_while_hung("mammograph"), "bytes reached a unit that hangs behind its server", {}, (500, 5_000), acts.hands(thaw="mammograph"), slows_ms=310, spoils=("beam",)),
    Fault("unit-reset", DEVICE, (FLOW, PRESSED, BEAM), acts.hands(power_cycle="mammograph"), controls.unit_started_anew, "the unit has just started"),
    Fault("endless-exposure", DEVICE, (PRESSED,), acts.hands(endless_exposure=True), controls.beam_long, "X-rays were on for longer than a view", {}, (30_000, 60_000), acts.hands(endless_exposure=False)),
    Fault("paddle-stuck", DEVICE, (PRESSED,), acts.hands(paddle_stuck=True), controls.paddle_stays, "the paddle stays although it is told to release", {}, (40_000, 90_000), acts.hands(paddle_stuck=False), ("not-released",), 4_000),
    # --- the machine
    Fault("slow-pass", HOST, (FLOW, PRESSED, BEAM, ANY), acts.host_stands, controls.controller_silent, "nothing left the controller meanwhile", {"stands_ms": (80, 240)}, stop_ms=450, slows_ms=450),
    Fault("suspended", HOST, (FLOW, PRESSED, BEAM, ANY), acts.host_stands, controls.controller_silent, "nothing left the controller meanwhile", {"stands_ms": (400, 120_000)}, stop_ms=330, slows_ms=330, alarms=("box-tripped", "room-lost", "stop-not-obeyed"), alarm_ms=3_000, alone=True),
    Fault("watchdog-dead", HOST, (FLOW,), acts.box_deaf_and_host_stands, controls.controller_silent, "nothing left the controller, and the box did not trip", {"stands_ms": (2_500, 6_000)}, (7_000, 7_000), acts.hands(box_ignores_silence=False), stop_ms=2_200, slows_ms=2_200, alone=True),
    Fault("wall-clock-steps", HOST, (FLOW, ANY), acts.clock_steps, controls.clock_stepped, "the record's wall clock jumped", {"by_s": (-7_200, 7_200)}, (1_000, 20_000), acts.clock_right),
    Fault("disk-stalls", HOST, (FLOW, ARMED, ANY), acts.disk_stalls, controls.entries_wait, "entries wait for the disk", {}, (2_500, 20_000), acts.disk_goes_on),
    Fault("disk-full", HOST, (FLOW, ARMED, ANY), acts.disk_full, controls.record_faulty, "the record cannot be written", {}, (500, 10_000), acts.disk_freed, ("record",), 500, 250),
    Fault("killed", HOST, (FLOW, FLOW, PRIME, PRESSED, BEAM, ANY), acts.killed, controls.new_life, "another controller has started on the record", {"dead_ms": (20, 4_000)}, stop_ms=330, slows_ms=330, alone=True, weight=15),
    # --- the patient
    Fault("tear", PATIENT, (FLOW,), acts.tear, controls.torn, "the duct has torn", {"above_pa": (50, 1_500)}),
    Fault("air-in-line", PATIENT, (ARMED, FLOW), acts.air, controls.air_squeezed, "air in the line is squeezed: the line gives way", {"air_nl": (5_000, 50_000)}),
    Fault("pain", PATIENT, (FLOW, PRESSED), acts.hands(pain=True), controls.contact_is("pain", True), "the pain button is pressed", {}, (500, 3_000), acts.hands(pain=False), stop_ms=150),
    Fault("dislodged", PATIENT, (FLOW,), acts.hands(tip="out"), controls.spills, "contrast runs out beside the pore", {}, (2_000, 8_000), acts.hands(tip="duct")),
    Fault("occlusion", PATIENT, (FLOW, PRIME), acts.hands(occluded=True), controls.line_rises, "line pressure rose without flow", {}, (2_000, 30_000), acts.hands(occluded=False)),
    Fault("reflux", PATIENT, (FLOW,), acts.leaky, controls.refluxed, "contrast ran back around the cannula"),
    Fault("false-passage", PATIENT, (ARMED,), acts.false_passage, controls.duct_rises, "the pocket under the wall fills up", alarms=(), alone=True, weight=4),
    # --- people
    Fault("slips-off", PERSON, (FLOW,), acts.hands(hold=False), controls.contact_is("hold_no", False), "the switch is open", {}, (50, 600), acts.press_again, stop_ms=150),
    Fault("emergency-stop", PERSON, (FLOW, PRESSED, BEAM), acts.hands(emergency_stop=True), controls.contact_is("emergency_stop", True), "the emergency stop is pressed", {}, (500, 3_000), acts.hands(emergency_stop=False), ("emergency-stop",), 500, 20),
    Fault("wrong-syringe", PERSON, (MOUNT,), acts.wrong_syringe, controls.plunger_brings_more, "the plunger brought more than twice what the pump counted", {}, mends=acts.right_syringe, spoils=("intents", "ceilings"), keeps_out=True, alone=True, weight=4),
    Fault("daily-check-missing", PERSON, (ANY,), acts.nothing, controls.no_check, "set-up is waited for, and no daily check is on record", {}, keeps_out=True, room="unchecked", alone=True, weight=4),
    Fault("daily-check-failed", PERSON, (ANY,), acts.nothing, controls.failed_check, "set-up is waited for, and the last daily check on record failed", {"part": ("box_ignores_silence", "pump_ignores_silence", "pump_ignores_ttl", "relay_welded")}, keeps_out=True, room="failed", alone=True, weight=4),
    Fault("door-opened", PERSON, (BEAM,), acts.hands(door="open"), controls.beam_ended, "X-rays ended", {}, (1_000, 4_000), acts.hands(door="closed")),
)
# fmt: on
BY_NAME: Final = {row.name: row for row in FAULTS}
