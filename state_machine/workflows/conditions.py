"""What the rows of the workflow need: facts that must hold, and the words that refuse.

A condition that several rows share has a name; those that one step alone needs stand in its
tuple, in the order in which a person meets them. The rows are in ``galactography.py``.
"""

from state_machine import beats
from state_machine.phases import Condition
from state_machine.workflows.calibrated import CALIBRATED

C = Condition

NAMED = C(lambda f: f.by_named, "say who you are", "by-named")
HEALTHY = C(
    lambda f: f.record_healthy,
    "the record cannot be written: see the journal fault, free disk",
    "record-healthy",
)
STOPPED = C(
    lambda f: f.pump_stopped,
    "the pump is not proven to stand still: wait, or check it",
    "pump-stopped",
)
PADDLE_UP = C(lambda f: f.paddle_released, "release the compression first", "paddle-released")
STOPPED_OR_LOST = C(lambda f: f.pump_stopped_or_lost, STOPPED.words, STOPPED.code)
PADDLE_UP_OR_LOST = C(lambda f: f.paddle_released_or_lost, PADDLE_UP.words, PADDLE_UP.code)
SWITCH_UP = C(lambda f: f.switch_released, "release the hold switch first", "switch-released")
FRESH = C(
    lambda f: f.readings_fresh,
    "pump, line pressure or switches are not heard in time: wait",
    "readings-fresh",
)
NO_ALARM = C(lambda f: f.no_latched_alarm, "acknowledge the alarms first", "no-latched-alarm")
NO_ESTOP = C(lambda f: f.no_emergency_stop, "release the emergency stop first", "no-emergency-stop")
NO_PAIN = C(lambda f: f.pain_released, "the pain button is still pressed", "pain-released")
PUNCTUAL = C(lambda f: f.punctual, "the controller is late: close other programs, wait", "punctual")
SCREEN = C(
    lambda f: f.screen_live,
    "the console's screen is not live: look at it, or restart it",
    "screen-live",
)
QUICK = C(lambda f: f.screen_quick, beats.TOO_SLOW, "screen-quick")
PAD_UP = C(lambda f: f.pad_up, beats.PAD_DOWN, "pad-up")
IN_CONTROL = C(lambda f: f.in_control, beats.NOT_IN_CONTROL, "in-control")
TEMPERATURE = C(
    lambda f: f.temperature_in_range,
    "the contrast temperature is missing, was entered too long ago, or is out of range",
    "temperature-in-range",
)
CANNULA = C(lambda f: f.cannula_in, "place the cannula first", "cannula-in")
CHECKED = C(
    lambda f: f.daily_checked,
    "the daily check is missing or too old: end here, then do it (galactograph daily-check)",
    "daily-checked",
)
VOLUME_LEFT = C(
    lambda f: f.volume_left, "no volume is left for this duct or breast today", "volume-left"
)
DUCT_HAS_ROOM = C(
    lambda f: f.duct_has_room, "this breast has had its volume for today", "duct-has-room"
)
DAY_INJECTION = C(
    lambda f: f.day_injection,
    "this breast has had its number of injections for today",
    "day-injection",
)
ANOTHER = C(
    lambda f: f.another_injection,
    "this duct, or this breast today, has had its number of injections",
    "another-injection",
)
TO_TOP_UP = (
    ANOTHER,
    VOLUME_LEFT,
    C(
        lambda f: f.top_up_held,
        "the syringe holds less than a top-up takes: take the cannula out, ask for change-syringe",
        "top-up-held",
    ),
)
TO_REFILL = (
    ANOTHER,
    VOLUME_LEFT,
    C(
        lambda f: f.refill_held,
        "the syringe holds less than a refill takes: take the cannula out, ask for change-syringe",
        "refill-held",
    ),
)
OBSERVED = C(
    lambda f: f.observed,
    "the time of observation is not over: wait, or the radiologist says why it may end",
    "observed",
)

TO_OPEN = (
    C(
        lambda f: f.not_checking,
        "the daily check, or dispensing into a vessel, is under way: go on with it, or end it",
        "not-checking",
    ),
    HEALTHY,
    NAMED,
    C(lambda f: f.patient_named, "enter the patient's id and name", "patient-named"),
    C(
        lambda f: f.people_named,
        "name the performing radiologist and the assisting technologist",
        "people-named",
    ),
    C(
        lambda f: f.side_matches_order,
        "the side differs from the order: compare again",
        "side-matches-order",
    ),
    C(
        lambda f: f.volume_orderable,
        "the ordered volume is outside what one injection, or this breast today, may get",
        "volume-orderable",
    ),
    C(
        lambda f: f.side_unlocked,
        "this breast is locked after a suspected extravasation",
        "side-unlocked",
    ),
    C(
        lambda f: f.same_patient_answered,
        "a patient was here within 24 h: say whether this is the same person",
        "same-patient-answered",
    ),
)
TO_LEAVE_CHECKLIST = (
    C(lambda f: f.all_answered, "answer every item of the checklist", "all-answered"),
    C(
        lambda f: f.no_absolute,
        "an answer rules the procedure out today: reschedule or abort",
        "no-absolute",
    ),
    C(lambda f: f.no_reschedule, "an answer asks for another day: reschedule", "no-reschedule"),
    C(
        lambda f: f.physician_accepted,
        "an answer needs the performing radiologist's acceptance by name",
        "physician-accepted",
    ),
)
TO_LEAVE_SET_UP = (
    CHECKED,
    *CALIBRATED,
    C(
        lambda f: f.mounted,
        "enter contrast with lot and temperature, syringe and cannula",
        "mounted",
    ),
    C(
        lambda f: f.mount_confirmed,
        "a self-test failed with what was mounted before: a second person reads syringe, cannula"
        " and contrast off the packages and confirms them by name",
        "mount-confirmed",
    ),
    TEMPERATURE,
    C(
        lambda f: f.contrast_enough,
        "the syringe holds less than was ordered: refill it",
        "contrast-enough",
    ),
    C(lambda f: f.pump_up, "the pump is not ready: see its line in the device list", "pump-up"),
    C(lambda f: f.line_up, "the line pressure sensor is not ready", "line-up"),
    C(lambda f: f.room_up, "the room box is not ready, or another controller owns it", "room-up"),
    C(lambda f: f.unit_up, "the mammography unit is not ready", "unit-up"),
    C(
        lambda f: f.permit_closed,
        "confirm cannula out or stopcock closed, to power the pump",
        "permit-closed",
    ),
    C(
        lambda f: f.switches_right,
        "release hold switch, pain button and emergency stop",
        "switches-right",
    ),
    C(
        lambda f: f.diameter_confirmed,
        "the pump has not confirmed the syringe's diameter",
        "diameter-confirmed",
    ),
    STOPPED,
)
TO_LEAVE_PRIME = (
    C(lambda f: f.zeroed, "zero the line sensor, tip at nipple height", "zeroed"),
    C(
        lambda f: f.primed,
        "say that the tip is out, then hold to prime until contrast shows",
        "primed",
    ),
    C(
        lambda f: f.first_drop_seen,
        "say so when contrast shows at the tip, while the prime runs; too late: mount anew",
        "first-drop-seen",
    ),
    C(
        lambda f: f.first_drop_in_band,
        "the first drop did not come at the line's volume: the syringe is not the one entered"
        " (3 mL for 1 mL gives 3.28 times as much), or the line is another or not empty: mount anew",
        "first-drop-in-band",
    ),
    C(
        lambda f: f.compliance_measured,
        "close the stopcock, say so, then hold for the stiffness push",
        "compliance-measured",
    ),
    C(
        lambda f: f.not_softer,
        "the line is too soft: air, or the stopcock was open. Prime again until no air shows,"
        " look for a large syringe, push again",
        "not-softer",
    ),
    C(
        lambda f: f.not_stiffer,
        "the line is too stiff: is it shut or blocked before the stopcock, or the syringe another?",
        "not-stiffer",
    ),
    C(
        lambda f: f.retract_passed,
        "leave the stopcock closed, say so, then hold for the retract test; if it failed: sits the"
        " plunger firmly in its holder, is every joint tight? Open the stopcock, wait, push again",
        "retract-passed",
    ),
    C(
        lambda f: f.resistance_measured,
        "open the stopcock, say that the tip is out, then hold for the open-tip test",
        "resistance-measured",
    ),
    C(
        lambda f: f.resistance_in_band,
        "the open-tip resistance is outside the cannula's band: check syringe, cannula, warmth",
        "resistance-in-band",
    ),
    C(
        lambda f: f.resistance_linear,
        "the open-tip pressure does not grow with the rate as it should: the cannula is partly"
        " blocked, or the wrong one",
        "resistance-linear",
    ),
    C(
        lambda f: f.drop_allowed,
        "the cannula needs too much pressure: warm the contrast, or a wider or shorter cannula",
        "drop-allowed",
    ),
    C(
        lambda f: f.stored_allowed,
        "the line would store too much at this rate and give it after a stop: warm the contrast,"
        " or a wider or shorter cannula",
        "stored-allowed",
    ),
    C(
        lambda f: f.spread_allowed,
        "net pressure cannot be told closely enough: warm the contrast to 37 degrees, close and"
        " begin anew; or a wider or shorter cannula",
        "spread-allowed",
    ),
    C(
        lambda f: f.passage_tellable,
        "the line is too soft to tell a false passage from a normal fill at the first rate: a"
        " smaller syringe, a shorter line or a wider cannula; mount anew",
        "passage-tellable",
    ),
    C(lambda f: f.at_rest, "the line pressure at rest is not zero: wait, or zero again", "at-rest"),
    C(
        lambda f: f.drift_measured,
        "the drift of the zero is not measured yet: leave the line at rest, tip out",
        "drift-measured",
    ),
    C(lambda f: f.zero_steady, "the zero has moved since it was made: zero again", "zero-steady"),
    C(lambda f: f.counters_zero, "the pump's counters are not zero yet: wait", "counters-zero"),
)
TO_ARM = (
    NO_ESTOP,
    NO_PAIN,
    NO_ALARM,
    HEALTHY,
    CHECKED,
    *CALIBRATED,
    CANNULA,
    STOPPED,
    FRESH,
    C(
        lambda f: f.link_quick,
        "the pump answers too slowly to be stopped in time: check its line",
        "link-quick",
    ),
    PUNCTUAL,
    IN_CONTROL,
    SCREEN,
    QUICK,
    SWITCH_UP,
    PAD_UP,
    C(
        lambda f: f.injections_left,
        "no injection is left for this duct or breast today",
        "injections-left",
    ),
    VOLUME_LEFT,
    C(
        lambda f: f.syringe_left,
        "the syringe does not hold what is planned: take the cannula out, ask for change-syringe",
        "syringe-left",
    ),
    TEMPERATURE,
    C(
        lambda f: f.zeroed,
        "the line sensor has lost its zero (it restarted): end here, zero it in a new procedure",
        "zeroed",
    ),
    C(
        lambda f: f.zero_kept,
        "the line sensor's zero has drifted: take the cannula out, ask for change-syringe, zero"
        " it again",
        "zero-kept",
    ),
    C(
        lambda f: f.stored_small,
        "the line would store too much at the planned rate and give it after a stop: warm the"
        " contrast, or a wider or shorter cannula, a smaller syringe (change-syringe)",
        "stored-small",
    ),
    C(
        lambda f: f.overrun_allowed,
        "too much would still come after the slowest stop, (time constant + dead time) x rate:"
        " warm the contrast, or a wider or shorter cannula, a smaller syringe (change-syringe)",
        "overrun-allowed",
    ),
    C(
        lambda f: f.net_below_pause,
        "the pressure has not come down: wait, or check the cannula",
        "net-below-pause",
    ),
    PADDLE_UP,
    C(
        lambda f: f.unit_idle,
        "the mammography unit is not idle: end its exposure first",
        "unit-idle",
    ),
)
TO_COMPRESS = (
    STOPPED,
    C(
        lambda f: f.settled,
        "the pressure has not settled below the pause level: wait, or the radiologist confirms",
        "settled",
    ),
)
TO_ARM_EXPOSURE = (
    NO_ESTOP,
    NO_PAIN,
    NO_ALARM,
    HEALTHY,
    C(lambda f: f.view_taken, "choose the view; the unit has not taken it over yet", "view-taken"),
    C(lambda f: f.compressed, "compress first", "compressed"),
    C(
        lambda f: f.force_allowed,
        "the compression force is above its limit: ease it",
        "force-allowed",
    ),
    C(
        lambda f: f.line_calm,
        "the line pressure is unknown or too high under compression",
        "line-calm",
    ),
    STOPPED,
    C(lambda f: f.unit_idle, "the mammography unit is not ready for an exposure", "unit-idle"),
    C(lambda f: f.door_closed, "close the door", "door-closed"),
    C(
        lambda f: f.delay_allowed,
        "too long since the injection or the last view: the radiologist confirms again",
        "delay-allowed",
    ),
    PUNCTUAL,
    IN_CONTROL,
    SCREEN,
    QUICK,
    SWITCH_UP,
    PAD_UP,
)
TO_RESUME = (
    NAMED,
    C(
        lambda f: f.may_resume,
        "after pain or a suspected tear only the performing radiologist may go on, by name",
        "may-resume",
    ),
    NO_ESTOP,
    NO_PAIN,
    NO_ALARM,
    STOPPED,
)
