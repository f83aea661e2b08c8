"""What people ask for: one frozen struct per kind, a union tagged by ``request``.

Requests arrive through the API as JSON objects and go into the record as they came.
``by`` names the person, ``role`` in which role they act, ``number`` counts a client's
requests so that an answer can name the one it answers. ``utc_day`` (days since
1970-01-01) and ``connection`` are stamped by the API when the request arrives: the core has
no calendar and no sockets.
"""

import enum

from state_machine.connections import ClientGone as ClientGone
from state_machine.connections import ClientRefused as ClientRefused
from state_machine.connections import FromController as FromController
from state_machine.connections import Login as Login
from state_machine.connections import Logout as Logout
from state_machine.connections import Request as Request
from state_machine.connections import Role as Role


class Side(enum.Enum):
    """Breast (DICOM laterality)."""

    LEFT = "L"
    RIGHT = "R"


class Event(enum.Enum):
    """Events of the workflow table. Those marked auto are derived, never requested."""

    OPEN = "open"
    CHECKED = "checked"
    RESCHEDULE = "reschedule"
    SET_UP = "set-up"
    MOUNT_ANEW = "mount-anew"
    PRIMED = "primed"
    LOCATED = "located"
    CANNULATED = "cannulated"
    ATTEMPT_FAILED = "attempt-failed"
    NOT_DILATING = "duct-does-not-dilate"
    ARM = "arm"
    CONFIRM_ARM = "confirm-arm"
    DISARM = "disarm"
    EXPIRED = "expired"  # auto
    LOST = "permission-lost"  # auto
    FLOW = "flow"  # auto
    PAUSED = "paused"  # auto
    REACHED = "planned-volume-reached"  # auto
    FINISH = "finish-injection"
    SETTLED = "settled"
    SEALED = "sealed"
    COMPRESSED = "compressed"
    ARM_EXPOSURE = "arm-exposure"
    EXPOSED = "exposed"  # auto
    NEXT_VIEW = "next-view"
    TOP_UP = "top-up"
    REFILL = "refill"
    NEXT_DUCT = "next-duct"
    CHANGE_SYRINGE = "change-syringe"
    DONE = "done"
    DECANNULATED = "decannulated"
    CARE_GIVEN = "aftercare-given"
    CLOSE = "close"
    STOP = "stop"
    PAIN = "pain"
    ABORT = "abort"
    EXTRAVASATION = "suspected-extravasation"
    EMERGENCY = "medical-emergency"
    FAULT = "device-fault"  # auto
    RESUME = "resume"
    RECOVERED = "recovered"


AUTO_EVENTS = frozenset(
    {Event.EXPIRED, Event.LOST, Event.FLOW, Event.PAUSED, Event.REACHED, Event.EXPOSED, Event.FAULT}
)


class OpenCase(Request, frozen=True, tag="open-case"):
    """Open a procedure for a patient, breast and ordered volume."""

    patient_id: str = ""
    patient_name: str = ""
    birth_date: str = ""
    accession: str = ""
    side: Side = Side.LEFT
    ordered_side: Side = Side.LEFT
    """Side on the order; must equal ``side``."""
    ordered_nl: int = 0
    performer: str = ""
    """Radiologist who performs."""
    assistant: str = ""
    """Technologist who assists."""
    from_worklist: bool = False
    """Patient and order came from the worklist; false = they were entered by hand."""
    same_patient_as: str = ""
    """Earlier patient id of the last 24 h that this patient is; ``none`` = another person."""


class Answer(Request, frozen=True, tag="answer"):
    """Answer one checklist item. ``accepted``: the performing radiologist accepts it."""

    item: str = ""
    answer: bool = False
    accepted: bool = False


class SetUpRoom(Request, frozen=True, tag="set-up-room"):
    """Name what is mounted."""

    contrast: str = ""
    lot: str = ""
    temperature_mc: int = 0
    """Contrast temperature as read off by the operator, in m°C; 0 where a sensor measures it."""
    syringe: str = ""
    cannula: str = ""
    volume_nl: int = 0
    """Contrast in the syringe."""


class ConfirmMount(Request, frozen=True, tag="confirm-mount"):
    """A second person reads off the packages what is mounted, after a failed self-test."""

    syringe: str = ""
    cannula: str = ""
    contrast: str = ""


class EnterTemperature(Request, frozen=True, tag="enter-temperature"):
    """The contrast temperature, read off anew: what was entered is believed for a while only."""

    temperature_mc: int = 0
    """In m°C."""


class ConfirmReclose(Request, frozen=True, tag="confirm-reclose"):
    """A person's word that the pump may be powered: cannula out, or stopcock closed."""

    cannula_out: bool = False
    stopcock_closed: bool = False


class Zero(Request, frozen=True, tag="zero"):
    """Zero the line sensor now, tip at nipple height."""


class TipOut(Request, frozen=True, tag="tip-out"):
    """A person's word that the tip is out of the patient, with what it is for."""

    purpose: str = "prime"
    """``prime``, ``stiffness``, ``retract-test``, ``open-tip``, ``tip-drop``, ``daily-check`` or
    ``dispense``."""
    stopcock_closed: bool = False
    """For ``stiffness`` and ``retract-test``: a person has closed the stopcock."""
    token: str = ""
    """Stamped on arrival, as of ``confirm-arm``."""


class FirstDrop(Request, frozen=True, tag="first-drop"):
    """Contrast shows at the tip, for the first time, while the prime runs."""


class ChooseDuct(Request, frozen=True, tag="choose-duct"):
    """Name the duct: clock position facing the patient, orifice number."""

    clock_h: int = 0
    orifice: int = 1


class Cannulate(Request, frozen=True, tag="cannulate"):
    """The cannula is in place; ``difficult`` halves rate and volume limits."""

    difficult: bool = False


class ConfirmArm(Request, frozen=True, tag="confirm-arm"):
    """Second deliberate step: repeats the plan that was read back."""

    plan: str = ""
    token: str = ""
    """Stamped on arrival: what a page that may hold for this arming has to know."""


class SelectView(Request, frozen=True, tag="select-view"):
    """Choose the projection (name of ``targets.View``)."""

    view: str = "CC"


class Reconfirm(Request, frozen=True, tag="reconfirm"):
    """The clinician's word on a point that would otherwise refuse.

    ``settled``, ``exposure-delay`` or ``observation`` (ends it early).
    """

    point: str = ""
    reason: str = ""


class ReleasePaddle(Request, frozen=True, tag="release-paddle"):
    """Release the compression; granted in every phase."""


class HandInjected(Request, frozen=True, tag="hand-injected"):
    """Contrast that was injected by hand; raises the ledger."""

    volume_nl: int = 0


class Acknowledge(Request, frozen=True, tag="acknowledge"):
    """Acknowledge an alarm by its id."""

    alarm: str = ""


class AudioPause(Request, frozen=True, tag="audio-pause"):
    """Silence the sounder for two minutes, or let it sound again."""

    on: bool = True
    """False: the pause ends now."""


class Console(Request, frozen=True, tag="console"):
    """Declare the client the room's console, or withdraw it; its beats begin anew at 1."""

    on: bool = True
    take: bool = False
    """From another connection that is the console: its hold ends."""


class ViewBeat(Request, frozen=True, tag="view"):
    """The console's proof that somebody can see a live screen (every 100 ms or oftener)."""

    beat: int = 0
    """Higher than in every beat before."""
    t_ms: int = 0
    """``t_ms`` of the newest snapshot that was drawn, not only received."""
    up: bool = False
    """The console's hold pad is let go."""


class HoldBegin(Request, frozen=True, tag="hold-begin"):
    """The pad of the controlling console is pressed: the only message that opens a hold."""

    token: str = ""
    """Of the reply to what armed."""
    beat: int = 0
    """Counts begin, beats and end of one token, from 1, without a gap."""
    t_ms: int = 0
    """``t_ms`` of the newest snapshot that was drawn."""


class HoldBeat(Request, frozen=True, tag="hold-beat"):
    """The pad is still pressed."""

    token: str = ""
    """As in ``hold-begin``."""
    beat: int = 0
    """One more than in the message before."""
    t_ms: int = 0
    """``t_ms`` of the newest snapshot that was drawn."""


class HoldEndWhy(enum.Enum):
    """Why a pad is not pressed any more."""

    RELEASE = "release"
    SLID_OFF = "slid-off"
    CANCELLED = "cancelled"
    FOCUS_LOST = "focus-lost"
    HIDDEN = "hidden"
    LEFT = "left"
    NO_PICTURE = "no-picture"
    DIALOG = "dialog"
    ESCAPE = "escape"
    OTHER = "other"


class HoldEnd(Request, frozen=True, tag="hold-end"):
    """The pad is not pressed any more."""

    token: str = ""
    """As in ``hold-begin``."""
    beat: int = 0
    """One more than in the message before."""
    why: HoldEndWhy = HoldEndWhy.OTHER
    """``release`` and ``slid-off`` may be pressed again; the others need another arming."""


class BeginCheck(Request, frozen=True, tag="daily-check"):
    """Begin the daily check of what stops the pump."""

    syringe: str = ""
    """What is in the clamp: name in the procedure file."""
    tip_out: bool = False
    """The tip is over a cup, no cannula is in a patient."""
    room_empty: bool = False
    """No patient is in the room."""


class SounderHeard(Request, frozen=True, tag="sounder-heard"):
    """A person's word, in the daily check, whether the sounder is heard."""

    heard: bool = False


class EndCheck(Request, frozen=True, tag="end-daily-check"):
    """Give the daily check up; it counts as not passed."""


class BeginDispense(Request, frozen=True, tag="dispense"):
    """Begin to dispense into a vessel, to weigh what a syringe delivers; nothing moves yet."""

    syringe: str = ""
    """What is in the clamp: name in the procedure file."""
    volume_nl: int = 0
    """Of each motion."""
    rate_nl_min: int = 0
    """At most; each motion begins with the ramp."""
    tip_out: bool = False
    """The tip is in the vessel, no cannula is in a patient."""
    room_empty: bool = False
    """No patient is in the room."""


class EndDispense(Request, frozen=True, tag="end-dispense"):
    """No more is dispensed; a motion under way is stopped."""


class ServiceWork(enum.Enum):
    """What a service tool begins, or has come to."""

    WATCH = "watch"
    """Looks at what goes over the wires; the API shows it from then on."""
    CALIBRATE = "calibrate"
    COMMISSION = "commission"
    DONE = "done"
    """The work is over; what came of it is in ``words``."""


class Service(Request, frozen=True, tag="service"):
    """A service tool is used: only in standby, in the role service, and on record."""

    work: ServiceWork = ServiceWork.WATCH
    words: str = ""
    """What exactly, or what came of it."""


class Do(Request, frozen=True, tag="do"):
    """A workflow event that carries nothing else."""

    event: Event = Event.STOP
    token: str = ""
    """Stamped on the arrival of ``arm-exposure``, as of ``confirm-arm``."""


ClientRequest = (
    OpenCase
    | Answer
    | SetUpRoom
    | ConfirmMount
    | EnterTemperature
    | ConfirmReclose
    | Zero
    | TipOut
    | FirstDrop
    | ChooseDuct
    | Cannulate
    | ConfirmArm
    | SelectView
    | Reconfirm
    | ReleasePaddle
    | HandInjected
    | Acknowledge
    | AudioPause
    | Console
    | ViewBeat
    | HoldBegin
    | HoldBeat
    | HoldEnd
    | BeginCheck
    | SounderHeard
    | EndCheck
    | BeginDispense
    | EndDispense
    | Service
    | Do
)
"""What a client may send."""

AnyRequest = ClientRequest | FromController
"""What goes into a step."""
