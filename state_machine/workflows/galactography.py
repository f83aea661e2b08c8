"""Galactography (ductography), FFDM and DBT: the workflow as rows.

``COMMON`` holds in both orders; ``CANNULA_IN`` and ``SEALED_PORE`` differ in what comes
before compression and what a top-up needs. What several rows, or long steps, need stands in
``conditions.py``. The diagram in ``docs/workflow.md`` is drawn
from these rows. Sources: clinical fact sheet A2 (checklist), A4 (steps), A5
(complications); safety rules 4 and 5. Stop, pain, abort, suspected extravasation,
medical emergency and device fault are possible in every phase of an open procedure.
"""

from typing import Final

from state_machine.phases import Actor, Condition, Row, Workflow
from state_machine.profile import Order
from state_machine.requests import Event
from state_machine.state import Phase
from state_machine.workflows.conditions import (
    ANOTHER,
    CANNULA,
    DAY_INJECTION,
    DUCT_HAS_ROOM,
    HEALTHY,
    NAMED,
    NO_PAIN,
    OBSERVED,
    PADDLE_UP,
    PADDLE_UP_OR_LOST,
    STOPPED,
    STOPPED_OR_LOST,
    TO_ARM,
    TO_ARM_EXPOSURE,
    TO_COMPRESS,
    TO_LEAVE_CHECKLIST,
    TO_LEAVE_PRIME,
    TO_LEAVE_SET_UP,
    TO_OPEN,
    TO_REFILL,
    TO_RESUME,
    TO_TOP_UP,
    VOLUME_LEFT,
)

C = Condition
P = Phase
E = Event
_RADIOLOGIST = Actor.RADIOLOGIST
_ROOM = Actor.ROOM

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
            C(lambda f: f.duct_named, "name the duct: clock position and orifice", "duct-named"),
            DUCT_HAS_ROOM,
            ANOTHER,
            C(lambda f: f.drops_done, "wait until the drop at the tip is done", "drops-done"),
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
            C(
                lambda f: f.plan_repeated,
                "the plan confirmed is not the one read back",
                "plan-repeated",
            ),
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
        needs=(C(lambda f: f.hold_open, "press and hold the switch", "hold-open"),),
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
        needs=(C(lambda f: f.hold_open, "press and hold the switch", "hold-open"),),
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
            C(lambda f: f.compressed, "drive the paddle down until it holds", "compressed"),
            C(
                lambda f: f.force_allowed,
                "the compression force is above its limit: ease it",
                "force-allowed",
            ),
            C(lambda f: f.line_calm, "the line pressure is unknown or too high", "line-calm"),
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
        needs=(C(lambda f: f.exposed, "the unit has not counted an exposure", "exposed"),),
    ),
    Row(P.EXPOSURE_ARMED, E.LOST, P.EXPOSURE, "the permission was lost", _ROOM),
    Row(P.EXPOSURE_ARMED, E.EXPIRED, P.COMPRESSION, "compressed too long: released", _ROOM),
    Row(P.EXPOSURE_ARMED, E.DISARM, P.EXPOSURE, "disarm"),
    Row(P.REVIEW, E.NEXT_VIEW, P.COMPRESSION, "next view", needs=(STOPPED,)),
    Row(
        P.REVIEW,
        E.NEXT_DUCT,
        P.LOCATE_DUCT,
        "cannula out: next duct",
        needs=(DUCT_HAS_ROOM, DAY_INJECTION, STOPPED, PADDLE_UP),
    ),
    *(
        Row(
            phase,
            E.CHANGE_SYRINGE,
            P.SET_UP,
            "cannula out: change the syringe, prime and test again",
            needs=(NAMED, ANOTHER, VOLUME_LEFT, STOPPED, PADDLE_UP, NO_PAIN),
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
            C(
                lambda f: f.unit_up,
                "the unit's paddle and exposure counter are not read yet: wait",
                "unit-up",
            ),
        ),
    ),
)

CANNULA_IN: Final[tuple[Row, ...]] = (
    Row(P.SETTLE, E.SETTLED, P.COMPRESSION, "wait for the pressure, then go on", needs=TO_COMPRESS),
    Row(P.SETTLE, E.TOP_UP, P.ARM, "top up", needs=(*TO_TOP_UP, STOPPED, CANNULA)),
    Row(P.REVIEW, E.TOP_UP, P.ARM, "top up", needs=(*TO_TOP_UP, STOPPED, PADDLE_UP, CANNULA)),
    Row(
        P.REVIEW,
        E.REFILL,
        P.ARM,
        "evacuated: refill",
        needs=(*TO_REFILL, STOPPED, PADDLE_UP, CANNULA),
    ),
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
    Row(P.SETTLE, E.TOP_UP, P.ARM, "top up", needs=(*TO_TOP_UP, STOPPED, CANNULA)),
    Row(
        P.REVIEW,
        E.TOP_UP,
        P.CANNULATE,
        "cannulate again to top up",
        needs=(*TO_TOP_UP, STOPPED, PADDLE_UP),
    ),
    Row(
        P.REVIEW,
        E.REFILL,
        P.CANNULATE,
        "cannulate again to refill",
        needs=(*TO_REFILL, STOPPED, PADDLE_UP),
    ),
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
                "anchor",
            ),
        )
        for anchor in anchors
    )


COMMON: Final = (*_FORWARD, *_anywhere(), *_resume())

WORKFLOWS: Final[dict[Order, Workflow]] = {
    Order.CANNULA_IN: Workflow((*COMMON, *CANNULA_IN)),
    Order.SEALED_PORE: Workflow((*COMMON, *SEALED_PORE)),
}
