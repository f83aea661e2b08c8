"""Galactography (ductography), FFDM and DBT: the workflow as rows.

``COMMON`` holds in both orders; ``CANNULA_IN`` and ``SEALED_PORE`` differ in what comes
before compression and what a top-up needs. The diagram in ``docs/workflow.md`` is drawn
from these rows. Sources: clinical fact sheet A2 (checklist), A4 (steps), A5
(complications); safety rules 4 and 5. Stop, pain, abort, suspected extravasation,
medical emergency and device fault are possible in every phase of an open procedure.
"""

from typing import Final

from state_machine.phases import Actor, Condition, Row, Workflow
from state_machine.profile import Order
from state_machine.requests import Event
from state_machine.state import Phase

C = Condition
P = Phase
E = Event
_RADIOLOGIST = Actor.RADIOLOGIST
_ROOM = Actor.ROOM

NAMED = C(lambda f: f.by_named, "say who you are")
HEALTHY = C(
    lambda f: f.record_healthy, "the record cannot be written: see the journal fault, free disk"
)
STOPPED = C(lambda f: f.pump_stopped, "the pump is not proven to stand still: wait, or check it")
PADDLE_UP = C(lambda f: f.paddle_released, "release the compression first")
STOPPED_OR_LOST = C(lambda f: f.pump_stopped_or_lost, STOPPED.words)
PADDLE_UP_OR_LOST = C(lambda f: f.paddle_released_or_lost, PADDLE_UP.words)
SWITCH_UP = C(lambda f: f.switch_released, "release the hold switch first")
FRESH = C(lambda f: f.readings_fresh, "pump, line pressure or switches are not heard in time: wait")
NO_ALARM = C(lambda f: f.no_latched_alarm, "acknowledge the alarms first")
NO_ESTOP = C(lambda f: f.no_emergency_stop, "release the emergency stop first")
NO_PAIN = C(lambda f: f.pain_released, "the pain button is still pressed")
PUNCTUAL = C(lambda f: f.punctual, "the controller is late: close other programs, wait")
SCREEN = C(lambda f: f.screen_live, "the console's screen is not live: look at it, or restart it")
TEMPERATURE = C(
    lambda f: f.temperature_in_range,
    "the contrast temperature is missing, was entered too long ago, or is out of range",
)
CANNULA = C(lambda f: f.cannula_in, "place the cannula first")
CHECKED = C(
    lambda f: f.daily_checked,
    "the daily check is missing or too old: end here, then do it (galactograph daily-check)",
)
OBSERVED = C(
    lambda f: f.observed,
    "the time of observation is not over: wait, or the radiologist says why it may end",
)

TO_OPEN = (
    C(lambda f: f.not_checking, "the daily check is under way: go on with it, or end it"),
    HEALTHY,
    NAMED,
    C(lambda f: f.patient_named, "enter the patient's id and name"),
    C(lambda f: f.people_named, "name the performing radiologist and the assisting technologist"),
    C(lambda f: f.side_matches_order, "the side differs from the order: compare again"),
    C(
        lambda f: f.volume_orderable,
        "the ordered volume is outside what one injection, or this breast today, may get",
    ),
    C(lambda f: f.side_unlocked, "this breast is locked after a suspected extravasation"),
    C(
        lambda f: f.same_patient_answered,
        "a patient was here within 24 h: say whether this is the same person",
    ),
)
TO_LEAVE_CHECKLIST = (
    C(lambda f: f.all_answered, "answer every item of the checklist"),
    C(lambda f: f.no_absolute, "an answer rules the procedure out today: reschedule or abort"),
    C(lambda f: f.no_reschedule, "an answer asks for another day: reschedule"),
    C(
        lambda f: f.physician_accepted,
        "an answer needs the performing radiologist's acceptance by name",
    ),
)
TO_LEAVE_SET_UP = (
    CHECKED,
    C(lambda f: f.mounted, "enter contrast with lot and temperature, syringe and cannula"),
    C(
        lambda f: f.mount_confirmed,
        "a self-test failed with what was mounted before: a second person reads syringe, cannula"
        " and contrast off the packages and confirms them by name",
    ),
    TEMPERATURE,
    C(lambda f: f.contrast_enough, "the syringe holds less than was ordered: refill it"),
    C(lambda f: f.pump_up, "the pump is not ready: see its line in the device list"),
    C(lambda f: f.line_up, "the line pressure sensor is not ready"),
    C(lambda f: f.room_up, "the room box is not ready, or another controller owns it"),
    C(lambda f: f.unit_up, "the mammography unit is not ready"),
    C(lambda f: f.permit_closed, "confirm cannula out or stopcock closed, to power the pump"),
    C(lambda f: f.switches_right, "release hold switch, pain button and emergency stop"),
    C(lambda f: f.diameter_confirmed, "the pump has not confirmed the syringe's diameter"),
    STOPPED,
)
TO_LEAVE_PRIME = (
    C(lambda f: f.zeroed, "zero the line sensor, tip at nipple height"),
    C(lambda f: f.primed, "say that the tip is out, then hold to prime until contrast shows"),
    C(
        lambda f: f.first_drop_seen,
        "say so when contrast shows at the tip, while the prime runs; too late: mount anew",
    ),
    C(
        lambda f: f.first_drop_in_band,
        "the first drop did not come at the line's volume: the syringe is not the one entered"
        " (3 mL for 1 mL gives 3.28 times as much), or the line is another or not empty: mount anew",
    ),
    C(
        lambda f: f.compliance_measured,
        "close the stopcock, say so, then hold for the stiffness push",
    ),
    C(
        lambda f: f.not_softer,
        "the line is too soft: air, or the stopcock was open. Prime again until no air shows,"
        " look for a large syringe, push again",
    ),
    C(
        lambda f: f.not_stiffer,
        "the line is too stiff: is it shut or blocked before the stopcock, or the syringe another?",
    ),
    C(
        lambda f: f.resistance_measured,
        "open the stopcock, say that the tip is out, then hold for the open-tip test",
    ),
    C(
        lambda f: f.resistance_in_band,
        "the open-tip resistance is outside the cannula's band: check syringe, cannula, warmth",
    ),
    C(
        lambda f: f.resistance_linear,
        "the open-tip pressure does not grow with the rate as it should: the cannula is partly"
        " blocked, or the wrong one",
    ),
    C(
        lambda f: f.drop_allowed,
        "the cannula needs too much pressure: warm the contrast, or a wider or shorter cannula",
    ),
    C(
        lambda f: f.stored_allowed,
        "the line would store too much at this rate and give it after a stop: warm the contrast,"
        " or a wider or shorter cannula",
    ),
    C(
        lambda f: f.spread_allowed,
        "net pressure cannot be told closely enough: warm the contrast to 37 degrees, close and"
        " begin anew; or a wider or shorter cannula",
    ),
    C(lambda f: f.at_rest, "the line pressure at rest is not zero: wait, or zero again"),
    C(lambda f: f.counters_zero, "the pump's counters are not zero yet: wait"),
)
TO_ARM = (
    NO_ESTOP,
    NO_PAIN,
    NO_ALARM,
    HEALTHY,
    CHECKED,
    CANNULA,
    STOPPED,
    FRESH,
    C(lambda f: f.link_quick, "the pump answers too slowly to be stopped in time: check its line"),
    PUNCTUAL,
    SCREEN,
    SWITCH_UP,
    C(lambda f: f.injections_left, "no injection is left for this duct or breast today"),
    C(lambda f: f.volume_left, "no volume is left for this duct or breast today"),
    C(
        lambda f: f.syringe_left,
        "the syringe does not hold what is planned: take the cannula out, ask for change-syringe",
    ),
    TEMPERATURE,
    C(
        lambda f: f.zeroed,
        "the line sensor has lost its zero (it restarted): end here, zero it in a new procedure",
    ),
    C(lambda f: f.net_below_pause, "the pressure has not come down: wait, or check the cannula"),
    PADDLE_UP,
    C(lambda f: f.unit_idle, "the mammography unit is not idle: end its exposure first"),
)
TO_COMPRESS = (
    STOPPED,
    C(
        lambda f: f.settled,
        "the pressure has not settled below the pause level: wait, or the radiologist confirms",
    ),
)
TO_ARM_EXPOSURE = (
    NO_ESTOP,
    NO_PAIN,
    NO_ALARM,
    HEALTHY,
    C(lambda f: f.view_taken, "choose the view; the unit has not taken it over yet"),
    C(lambda f: f.compressed, "compress first"),
    C(lambda f: f.force_allowed, "the compression force is above its limit: ease it"),
    C(lambda f: f.line_calm, "the line pressure is unknown or too high under compression"),
    STOPPED,
    C(lambda f: f.unit_idle, "the mammography unit is not ready for an exposure"),
    C(lambda f: f.door_closed, "close the door"),
    C(
        lambda f: f.delay_allowed,
        "too long since the injection or the last view: the radiologist confirms again",
    ),
    PUNCTUAL,
    SCREEN,
    SWITCH_UP,
)
TO_RESUME = (
    NAMED,
    C(
        lambda f: f.may_resume,
        "after pain or a suspected tear only the performing radiologist may go on, by name",
    ),
    NO_ESTOP,
    NO_PAIN,
    NO_ALARM,
    STOPPED,
)

_FORWARD: Final[tuple[Row, ...]] = (
    Row(P.STANDBY, E.OPEN, P.CHECKLIST, "open a procedure", needs=TO_OPEN),
    Row(P.CHECKLIST, E.CHECKED, P.SET_UP, "confirm the checklist", needs=TO_LEAVE_CHECKLIST),
    Row(P.CHECKLIST, E.RESCHEDULE, P.CLOSED, "reschedule the patient", needs=(NAMED,)),
    Row(P.SET_UP, E.SET_UP, P.PRIME, "confirm the set-up", needs=TO_LEAVE_SET_UP),
    Row(P.PRIME, E.PRIMED, P.LOCATE_DUCT, "confirm prime and zero", needs=TO_LEAVE_PRIME),
    Row(P.PRIME, E.MOUNT_ANEW, P.SET_UP, "mount anew: back to set-up", needs=(NAMED, STOPPED)),
    Row(
        P.LOCATE_DUCT,
        E.LOCATED,
        P.CANNULATE,
        "confirm the duct",
        needs=(
            C(lambda f: f.duct_named, "name the duct: clock position and orifice"),
            C(lambda f: f.duct_has_room, "this breast has had its volume for today"),
            C(lambda f: f.drops_done, "wait until the drop at the tip is done"),
        ),
    ),
    Row(P.LOCATE_DUCT, E.DONE, P.DECANNULATE, "give up: no duct can be found", needs=(NAMED,)),
    Row(
        P.CANNULATE,
        E.CANNULATED,
        P.ARM,
        "place the cannula, then say that it is in",
        Actor.RADIOLOGIST,
        needs=(CANNULA, STOPPED),
    ),
    Row(P.CANNULATE, E.ATTEMPT_FAILED, P.LOCATE_DUCT, "record a failed attempt", _RADIOLOGIST),
    Row(P.CANNULATE, E.NOT_DILATING, P.LOCATE_DUCT, "the duct does not dilate", _RADIOLOGIST),
    Row(P.ARM, E.ARM, P.ARM_CONFIRM, "arm the injection", needs=TO_ARM),
    Row(P.ARM, E.ATTEMPT_FAILED, P.CANNULATE, "slipped out: again", _RADIOLOGIST, (STOPPED,)),
    Row(P.ARM, E.FINISH, P.SETTLE, "finish the injection", needs=(STOPPED, CANNULA)),
    Row(P.ARM, E.DONE, P.DECANNULATE, "give the duct up", needs=(STOPPED,)),
    Row(
        P.ARM_CONFIRM,
        E.CONFIRM_ARM,
        P.ARMED,
        "read the plan back and confirm it",
        needs=(
            C(lambda f: f.plan_repeated, "the plan confirmed is not the one read back"),
            *TO_ARM,
        ),
    ),
    Row(P.ARM_CONFIRM, E.DISARM, P.ARM, "go back"),
    Row(P.ARM_CONFIRM, E.EXPIRED, P.ARM, "the plan was not confirmed in time", _ROOM),
    Row(
        P.ARMED,
        E.FLOW,
        P.INJECTING,
        "hold to inject",
        needs=(C(lambda f: f.hold_open, "press and hold the switch"),),
    ),
    Row(P.ARMED, E.DISARM, P.ARM, "disarm"),
    Row(P.ARMED, E.LOST, P.ARM, "the permission was lost", _ROOM),
    Row(P.INJECTING, E.PAUSED, P.HOLDING, "release to pause", _ROOM),
    Row(P.INJECTING, E.REACHED, P.SETTLE, "the planned volume is in", _ROOM),
    Row(P.INJECTING, E.LOST, P.ARM, "the permission was lost", _ROOM),
    Row(P.INJECTING, E.DISARM, P.ARM, "disarm"),
    Row(
        P.HOLDING,
        E.FLOW,
        P.INJECTING,
        "look, then release and hold again to go on",
        needs=(C(lambda f: f.hold_open, "press and hold the switch"),),
    ),
    Row(P.HOLDING, E.REACHED, P.SETTLE, "the planned volume is in", _ROOM),
    Row(P.HOLDING, E.LOST, P.ARM, "the permission was lost", _ROOM),
    Row(P.HOLDING, E.DISARM, P.ARM, "disarm"),
    Row(P.HOLDING, E.FINISH, P.SETTLE, "finish the injection", needs=(STOPPED,)),
    Row(
        P.COMPRESSION,
        E.COMPRESSED,
        P.EXPOSURE,
        "compress lightly, then confirm",
        needs=(
            C(lambda f: f.compressed, "drive the paddle down until it holds"),
            C(lambda f: f.force_allowed, "the compression force is above its limit: ease it"),
            C(lambda f: f.line_calm, "the line pressure is unknown or too high"),
        ),
    ),
    Row(P.EXPOSURE, E.ARM_EXPOSURE, P.EXPOSURE_ARMED, "arm the exposure", needs=TO_ARM_EXPOSURE),
    Row(P.EXPOSURE, E.EXPIRED, P.COMPRESSION, "compressed too long: released", _ROOM),
    Row(P.EXPOSURE, E.DISARM, P.COMPRESSION, "compress again"),
    Row(
        P.EXPOSURE_ARMED,
        E.EXPOSED,
        P.REVIEW,
        "hold to expose",
        needs=(C(lambda f: f.exposed, "the unit has not counted an exposure"),),
    ),
    Row(P.EXPOSURE_ARMED, E.LOST, P.EXPOSURE, "the permission was lost", _ROOM),
    Row(P.EXPOSURE_ARMED, E.EXPIRED, P.COMPRESSION, "compressed too long: released", _ROOM),
    Row(P.EXPOSURE_ARMED, E.DISARM, P.EXPOSURE, "disarm"),
    Row(P.REVIEW, E.NEXT_VIEW, P.COMPRESSION, "next view", needs=(STOPPED,)),
    Row(P.REVIEW, E.NEXT_DUCT, P.LOCATE_DUCT, "cannula out: next duct", needs=(STOPPED, PADDLE_UP)),
    *(
        Row(
            phase,
            E.CHANGE_SYRINGE,
            P.SET_UP,
            "cannula out: change the syringe, prime and test again",
            needs=(NAMED, STOPPED, PADDLE_UP, NO_PAIN),
        )
        for phase in (P.LOCATE_DUCT, P.ARM, P.SETTLE, P.REVIEW)
    ),
    Row(P.REVIEW, E.DONE, P.DECANNULATE, "the images are done", Actor.RADIOLOGIST, needs=(NAMED,)),
    Row(
        P.DECANNULATE,
        E.DECANNULATED,
        P.AFTERCARE,
        "take the cannula out, then say so",
        Actor.RADIOLOGIST,
        needs=(STOPPED_OR_LOST, PADDLE_UP_OR_LOST),
    ),
    Row(
        P.AFTERCARE,
        E.CARE_GIVEN,
        P.CLOSED,
        "hand over the post-procedure sheet; observe the patient",
        needs=(NAMED, HEALTHY, OBSERVED),
    ),
    Row(P.CLOSED, E.CLOSE, P.STANDBY, "close the procedure", needs=(HEALTHY,)),
    Row(
        P.EXTRAVASATED,
        E.DECANNULATED,
        P.AFTERCARE,
        "take the cannula out; image for the record; reschedule in 7 to 14 days",
        Actor.RADIOLOGIST,
        needs=(PADDLE_UP_OR_LOST,),
    ),
    Row(
        P.EMERGENCY,
        E.DECANNULATED,
        P.AFTERCARE,
        "look after the patient; then say that the cannula is out",
        Actor.RADIOLOGIST,
        needs=(PADDLE_UP_OR_LOST,),
    ),
    Row(
        P.RECOVERY,
        E.RECOVERED,
        P.DECANNULATE,
        "look at patient, pump and paddle, then confirm what you see",
        needs=(
            NAMED,
            STOPPED,
            C(lambda f: f.unit_up, "the unit's paddle and exposure counter are not read yet: wait"),
        ),
    ),
)

CANNULA_IN: Final[tuple[Row, ...]] = (
    Row(P.SETTLE, E.SETTLED, P.COMPRESSION, "wait for the pressure, then go on", needs=TO_COMPRESS),
    Row(P.SETTLE, E.TOP_UP, P.ARM, "top up", needs=(STOPPED, CANNULA)),
    Row(P.REVIEW, E.TOP_UP, P.ARM, "top up", needs=(STOPPED, PADDLE_UP, CANNULA)),
    Row(P.REVIEW, E.REFILL, P.ARM, "evacuated: refill", needs=(STOPPED, PADDLE_UP, CANNULA)),
)

SEALED_PORE: Final[tuple[Row, ...]] = (
    Row(
        P.SETTLE,
        E.SEALED,
        P.COMPRESSION,
        "take the cannula out, seal the pore, then say so",
        Actor.RADIOLOGIST,
        needs=TO_COMPRESS,
    ),
    Row(P.SETTLE, E.TOP_UP, P.ARM, "top up", needs=(STOPPED, CANNULA)),
    Row(P.REVIEW, E.TOP_UP, P.CANNULATE, "cannulate again to top up", needs=(STOPPED, PADDLE_UP)),
    Row(P.REVIEW, E.REFILL, P.CANNULATE, "cannulate again to refill", needs=(STOPPED, PADDLE_UP)),
)

OPEN_PHASES: Final[tuple[Phase, ...]] = tuple(p for p in Phase if p not in (P.STANDBY, P.CLOSED))
"""Phases of an open procedure: the patient may be in the room."""

_STOPPABLE: Final[tuple[Phase, ...]] = tuple(
    p for p in OPEN_PHASES if p not in (P.STOPPED, P.EXTRAVASATED, P.EMERGENCY, P.RECOVERY)
)

ANCHOR: Final[dict[Phase, Phase]] = {
    **{p: p for p in _STOPPABLE},
    P.ARM_CONFIRM: P.ARM,
    P.ARMED: P.ARM,
    P.INJECTING: P.ARM,
    P.HOLDING: P.ARM,
    P.EXPOSURE: P.COMPRESSION,
    P.EXPOSURE_ARMED: P.COMPRESSION,
}
"""Where a procedure stopped in a phase may go on: never inside a hold."""


def _anywhere() -> tuple[Row, ...]:
    # pain while stopped for another reason: from then on only the radiologist may go on
    rows = [Row(P.STOPPED, E.PAIN, P.STOPPED, "the patient feels pain")]
    for phase in _STOPPABLE:
        rows += [
            Row(phase, E.STOP, P.STOPPED, "stop"),
            Row(phase, E.PAIN, P.STOPPED, "the patient feels pain"),
            Row(phase, E.FAULT, P.STOPPED, "a device fault", _ROOM),
        ]
    early = (P.CHECKLIST, P.SET_UP)
    for phase in OPEN_PHASES:
        if phase not in (P.DECANNULATE, P.AFTERCARE):
            rows.append(Row(phase, E.ABORT, P.CLOSED if phase in early else P.DECANNULATE, "abort"))
        if phase is not P.EXTRAVASATED:
            rows.append(
                Row(
                    phase,
                    E.EXTRAVASATION,
                    P.EXTRAVASATED,
                    "suspected extravasation: locks the breast",
                    needs=(NAMED,),
                )
            )
        if phase is not P.EMERGENCY:
            rows.append(Row(phase, E.EMERGENCY, P.EMERGENCY, "medical emergency: stop, release"))
    return tuple(rows)


def _resume() -> tuple[Row, ...]:
    anchors = sorted(set(ANCHOR.values()), key=list(Phase).index)
    return tuple(
        Row(
            P.STOPPED,
            E.RESUME,
            anchor,
            f"go on with {anchor.value}",
            needs=TO_RESUME,
            only=C(
                lambda f, anchor=anchor: f.anchor is anchor,  # type: ignore[misc]
                f"the procedure was not stopped in {anchor.value}",
            ),
        )
        for anchor in anchors
    )


COMMON: Final = (*_FORWARD, *_anywhere(), *_resume())

WORKFLOWS: Final[dict[Order, Workflow]] = {
    Order.CANNULA_IN: Workflow((*COMMON, *CANNULA_IN)),
    Order.SEALED_PORE: Workflow((*COMMON, *SEALED_PORE)),
}
