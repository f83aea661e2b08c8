# ruff: noqa: E501  (tables: one row per line)
"""Every request kind: refused in words where it must be, and what it does where it may."""

from typing import Any

import pytest

from state_machine import requests as rq
from state_machine.entries import Noted, Refused
from state_machine.readings import Link, Motion, Paddle, Prompt
from state_machine.requests import AUTO_EVENTS, Event, Role
from state_machine.state import (
    Alarm,
    Check,
    Dispensing,
    Hold,
    HoldAction,
    HoldPhase,
    Phase,
    Screen,
    State,
)
from state_machine.step import Outcome, step
from state_machine.targets import Compression, Targets, View
from tests.core.fixtures import (
    ASSISTANT,
    CANNULA,
    CONTRAST,
    NOW_NS,
    PERFORMER,
    SYRINGE,
    Scene,
    injecting,
    mounted,
    readings,
    replace,
    state,
)


def scene(phase: Phase = Phase.ARM, **changes: Any) -> Scene:
    return Scene(state(phase, **changes), readings(), Targets())


DRAWN = Screen(on=True, beat_count=7, drawn_ns=NOW_NS - 100_000_000)


def no_sensor(**changes: Any) -> Scene:
    """A room whose contrast temperature a person enters."""
    made = scene(Phase.ARM, **changes)
    return made.but(state={"profile": replace(made.state.profile, temperature_sensor=False)})


def by_first() -> Scene:
    """Set-up, entered by the technologist."""
    return scene(Phase.SET_UP, mounted=mounted(by=ASSISTANT))


def ask(kind: type[rq.Request], *, by: str = ASSISTANT, role: Role = Role.TECHNOLOGIST, **f: Any):
    return kind(by=by, role=role, **f)


def radiologist(kind: type[rq.Request], **fields: Any) -> Any:
    return ask(kind, by=PERFORMER, role=Role.RADIOLOGIST, **fields)


def run(made: Scene, request: Any) -> Outcome:
    return step(made.state, made.readings, (request,), made.now_ns)


PRIMING = {"zeroed": True, "primed": True, "resistance_pa_s_ul": 0}
LATCHED = (Alarm("pump-stalled", 1, present=False),)
SET_UP: dict[str, Any] = {
    "contrast": CONTRAST.name,
    "lot": "L1",
    "temperature_mc": 0,
    "syringe": SYRINGE.name,
    "cannula": CANNULA.name,
    "volume_nl": 500_000,
}
SECOND = {name: SET_UP[name] for name in ("syringe", "cannula", "contrast")}
plan_on = injecting().state.plan
MOVING = {"prompt": Prompt.INFUSING, "motion": Motion.RUNNING, "motion_id": 1}

CHECK = Check(0, NOW_NS, ASSISTANT, SYRINGE.diameter_um)


def standby(**changes: Any) -> Scene:
    """Nobody's procedure is open."""
    return scene(Phase.STANDBY, case=None, mounted=None, duct=None, permit=False, **changes)


def begin_check(**fields: Any) -> Any:
    """Begin the daily check, all said that has to be."""
    said: dict[str, Any] = {"syringe": SYRINGE.name, "tip_out": True, "room_empty": True}
    return ask(rq.BeginCheck, **said | fields)


def begin_dispense(**fields: Any) -> Any:
    """Begin to dispense, all said that has to be."""
    said: dict[str, Any] = {"syringe": SYRINGE.name, "tip_out": True, "room_empty": True,
                            "volume_nl": 20_000, "rate_nl_min": 100_000}  # fmt: skip
    return ask(rq.BeginDispense, **{"role": Role.SERVICE, **said, **fields})


BEGUN = Dispensing(ASSISTANT, SYRINGE.name, SYRINGE.diameter_um, 20_000, 100_000, 7)


# fmt: off
REFUSED: tuple[tuple[Scene, Any, str], ...] = (
    (scene(Phase.STANDBY), ask(rq.OpenCase), "enter the patient's id and name"),
    (scene(Phase.ARM), ask(rq.OpenCase), "'open' is not possible in 'arm'"),
    (scene(Phase.ARM), ask(rq.Answer, item="consent"), "the checklist is answered in its own phase"),
    (scene(Phase.CHECKLIST, case=None), ask(rq.Answer, item="consent"), "the checklist is answered"),
    (scene(Phase.CHECKLIST), ask(rq.Answer, item="?"), "no checklist item '?'"),
    (scene(Phase.CHECKLIST), ask(rq.Answer, item="latex", accepted=True), "only the performing radiologist"),
    (scene(Phase.PRIME), ask(rq.SetUpRoom, **SET_UP), "what is mounted is entered during set-up"),
    (scene(Phase.SET_UP), ask(rq.SetUpRoom, **SET_UP | {"contrast": "water"}), "contrast 'water' is not in the profile; known: iohexol 300"),
    (scene(Phase.SET_UP), ask(rq.SetUpRoom, **SET_UP | {"syringe": "5 mL"}), "syringe '5 mL' is not in the profile; known: 1 mL"),
    (scene(Phase.SET_UP), ask(rq.SetUpRoom, **SET_UP | {"cannula": ""}), "cannula '' is not in the profile"),
    (scene(Phase.SET_UP), ask(rq.SetUpRoom, **SET_UP | {"lot": " "}), "enter the contrast's lot"),
    (scene(Phase.SET_UP), ask(rq.SetUpRoom, **SET_UP | {"volume_nl": 0}), "volume 0 nL: the syringe holds up to 1000000 nL"),
    (scene(Phase.SET_UP), ask(rq.SetUpRoom, **SET_UP | {"volume_nl": 1_000_001}), "volume 1000001 nL"),
    (scene(Phase.SET_UP), ask(rq.SetUpRoom, **SET_UP | {"temperature_mc": 37_000}), "the line sensor of this room measures"),
    (scene(Phase.PRIME), ask(rq.ConfirmMount, **SECOND), "what is mounted is confirmed during set-up"),
    (scene(Phase.SET_UP, mounted=None), ask(rq.ConfirmMount, **SECOND), "what is mounted is confirmed during set-up"),
    (by_first(), ask(rq.ConfirmMount, by=" ", **SECOND), "say who you are"),
    (by_first(), ask(rq.ConfirmMount, by=" t. WEBER", **SECOND), "T. Weber entered it: another person confirms"),
    (by_first(), ask(rq.ConfirmMount, by="X", role=Role.SERVICE, **SECOND), "a technologist or a radiologist confirms"),
    (by_first(), ask(rq.ConfirmMount, by="X", **SECOND | {"cannula": "30G"}), "entered were 1 mL, 27G 12.7 mm, iohexol 300"),
    (scene(Phase.ARM), ask(rq.EnterTemperature, temperature_mc=37_000), "the line sensor of this room measures"),
    (no_sensor(mounted=None), ask(rq.EnterTemperature, temperature_mc=37_000), "enter what is mounted first"),
    (no_sensor(), ask(rq.EnterTemperature, by="", temperature_mc=37_000), "say who you are"),
    (no_sensor(), ask(rq.EnterTemperature, temperature_mc=40_001), "40001 m°C: contrast is used from 20000 to 40000 m°C"),
    (no_sensor(), ask(rq.EnterTemperature, temperature_mc=19_999), "19999 m°C"),
    (scene(), ask(rq.ConfirmReclose), "say that the cannula is out or the stopcock closed"),
    (scene(), ask(rq.ConfirmReclose, by=" ", cannula_out=True), "say who you are"),
    (scene().but(room={"owned": False}), ask(rq.ConfirmReclose, cannula_out=True), "the room box is not ready"),
    (scene().but(room={"link": Link.PROBING}), ask(rq.ConfirmReclose, cannula_out=True), "the room box is not ready"),
    (scene().but(room={"emergency_stop": True}), ask(rq.ConfirmReclose, stopcock_closed=True), "release the emergency stop first"),
    (scene().but(room={"pressure_switch": True}), ask(rq.ConfirmReclose, stopcock_closed=True), "the pressure switch is open"),
    (scene(alarms=LATCHED), ask(rq.ConfirmReclose, cannula_out=True), "acknowledge the alarms first"),
    (scene(Phase.ARM), ask(rq.Zero), "the sensor is zeroed in prime and zero, pump at rest"),
    (scene(Phase.PRIME, plan=plan_on).but(pump=MOVING), ask(rq.Zero), "pump at rest"),
    (scene(Phase.PRIME).but(pump={"prompt": Prompt.PAUSED}), ask(rq.Zero), "the pump is not proven to stand still"),
    (scene(Phase.PRIME), ask(rq.TipOut, purpose="?"), "the purpose is prime, stiffness, retract-test, open-tip, tip-drop, daily-check or dispense"),
    (scene(Phase.ARM), ask(rq.TipOut, purpose="daily-check"), "daily-check is not possible in 'arm'"),
    (standby(), ask(rq.TipOut, purpose="daily-check"), "the daily check does not wait for a motion now"),
    (scene(Phase.ARM), begin_check(), "the daily check is done in standby"),
    (standby(check=CHECK), begin_check(), "a daily check is under way"),
    (standby(), begin_check(by=" "), "say who you are"),
    (standby(), begin_check(tip_out=False), "take the tip out"),
    (standby(), begin_check(room_empty=False), "nobody may be in the room"),
    (standby(), begin_check(syringe="5 mL"), "syringe '5 mL' is not in the profile; known: 1 mL"),
    (standby().but(room={"owned": False}), begin_check(), "the box is not ready"),
    (standby().but(room={"link": Link.LOST}), begin_check(), "the box is not ready"),
    (standby().but(line={"link": Link.LOST}), begin_check(), "the line pressure sensor is not ready"),
    (standby().but(journal={"fault": "disk full"}), begin_check(), "the record cannot be written"),
    (standby(plan=plan_on).but(pump=MOVING), begin_check(), "a motion is under way"),
    (standby(alarms=LATCHED), begin_check(), "acknowledge the alarms first"),
    (standby(), ask(rq.SounderHeard, heard=True), "the sounder of the daily check is not waited for"),
    (standby(check=CHECK), ask(rq.SounderHeard, heard=True), "is not waited for"),
    (standby(), ask(rq.Service), "service work is done in the role service"),
    (standby(), ask(rq.Service, by="", role=Role.SERVICE), "say who you are"),
    (standby(), ask(rq.Service, role=Role.SERVICE, words="x" * 501), "501 characters: say it in 500"),
    (scene(Phase.ARM), ask(rq.Service, role=Role.SERVICE), "a procedure is open: close it first"),
    (scene(Phase.CHECKLIST), ask(rq.Service, role=Role.SERVICE), "a procedure is open: close it first"),
    (scene(Phase.ARM), begin_dispense(), "dispensing is done in standby"),
    (standby(), begin_dispense(role=Role.TECHNOLOGIST), "service work is done in the role service"),
    (standby(), begin_dispense(by=" "), "say who you are"),
    (standby(check=CHECK), begin_dispense(), "a daily check is under way"),
    (standby(dispensing=BEGUN), begin_dispense(), "somebody dispenses already"),
    (standby(dispensing=BEGUN), begin_check(), "somebody dispenses into a vessel"),
    (standby(), begin_dispense(tip_out=False), "put the tip into the vessel"),
    (standby(), begin_dispense(room_empty=False), "nobody may be in the room"),
    (standby(), begin_dispense(syringe="5 mL"), "syringe '5 mL' is not in the profile; known: 1 mL"),
    (standby(), begin_dispense(volume_nl=0), "0 nL in one motion: 1000 to 150000 nL are allowed"),
    (standby(), begin_dispense(volume_nl=150_001), "150001 nL in one motion"),
    (standby(), begin_dispense(rate_nl_min=0), "0 nL/min: 1 to"),
    (standby(), begin_dispense(rate_nl_min=10**7), "10000000 nL/min: 1 to"),
    (standby().but(room={"owned": False}), begin_dispense(), "the box is not ready"),
    (standby().but(line={"link": Link.LOST}), begin_dispense(), "the line pressure sensor is not ready"),
    (standby().but(journal={"fault": "disk full"}), begin_dispense(), "the record cannot be written"),
    (standby(plan=plan_on).but(pump=MOVING), begin_dispense(), "a motion is under way"),
    (standby(alarms=LATCHED), begin_dispense(), "acknowledge the alarms first"),
    (standby(), ask(rq.EndDispense), "nobody dispenses"),
    (standby(), ask(rq.TipOut, purpose="dispense", role=Role.SERVICE), "dispensing is not begun"),
    (standby(dispensing=BEGUN), ask(rq.TipOut, purpose="dispense", role=Role.SERVICE), "another tool has begun"),
    (standby(dispensing=BEGUN), ask(rq.TipOut, purpose="dispense", connection=7, number=1), "in the role service"),
    (standby(dispensing=BEGUN).but(pump={"diameter_um": 1}), ask(rq.TipOut, purpose="dispense", role=Role.SERVICE, connection=7, number=1), "the pump has not confirmed the syringe yet"),
    (scene(Phase.ARM), ask(rq.TipOut, purpose="dispense"), "dispense is not possible in 'arm'"),
    (standby(), ask(rq.EndCheck), "no daily check is under way"),
    (scene(Phase.ARM), ask(rq.TipOut, purpose="prime"), "prime is not possible in 'arm'"),
    (scene(Phase.ARM), ask(rq.TipOut, purpose="tip-drop"), "tip-drop is not possible in 'arm'"),
    (scene(Phase.LOCATE_DUCT), ask(rq.TipOut, purpose="open-tip"), "open-tip is not possible in 'locate-duct'"),
    (scene(Phase.PRIME), ask(rq.TipOut, by=""), "say who you are"),
    (scene(Phase.PRIME, line=replace(state().line, zeroed=False, zero_count=2)), ask(rq.TipOut), "zero the line sensor first"),
    (scene(Phase.PRIME, line=replace(state().line, primed=False)), ask(rq.TipOut, purpose="open-tip"), "prime first"),
    (scene(Phase.PRIME, line=replace(state().line, primed=False)), ask(rq.TipOut, purpose="stiffness", stopcock_closed=True), "prime first"),
    (scene(Phase.PRIME), ask(rq.TipOut, purpose="stiffness"), "close the stopcock, and say so"),
    (scene(Phase.PRIME, line=replace(state().line, proofs=())), ask(rq.TipOut, purpose="open-tip"), "the stiffness push comes first"),
    (scene(Phase.PRIME).but(line={"temperature_mc": None}), ask(rq.TipOut), "the contrast temperature is missing"),
    (scene(Phase.ARM, line=replace(state().line, proofs=(), paused=True)), ask(rq.FirstDrop), "the first drop is said in prime and zero"),
    (scene(Phase.PRIME, line=replace(state().line, proofs=(), paused=True)), ask(rq.FirstDrop, by=""), "say who you are"),
    (scene(Phase.PRIME, line=replace(state().line, paused=True)), ask(rq.FirstDrop), "the first drop was said already"),
    (scene(Phase.PRIME, line=replace(state().line, proofs=())), ask(rq.FirstDrop), "too late, mount anew with an empty line"),
    (scene(Phase.PRIME, plan=plan_on).but(pump=MOVING), ask(rq.TipOut), "a motion is under way"),
    (scene(Phase.PRIME).but(line={"at_ns": 1}), ask(rq.TipOut), "not heard in time"),
    (scene(Phase.PRIME).but(pump={"motion": Motion.STOPPING}), ask(rq.TipOut), "not proven to stand still"),
    (scene(Phase.PRIME, hold=Hold()), ask(rq.TipOut), "release the switch first"),
    (scene(Phase.PRIME, alarms=LATCHED), ask(rq.TipOut), "acknowledge the alarms first"),
    (scene(Phase.LOCATE_DUCT).but(duct={"drop_count": 3}), ask(rq.TipOut, purpose="tip-drop"), "3 drops were given for this duct"),
    (scene(Phase.LOCATE_DUCT), ask(rq.ChooseDuct, clock_h=13), "clock position 1 to 12 and orifice from 1"),
    (scene(Phase.ARM), ask(rq.ChooseDuct, clock_h=3), "'located' is not possible in 'arm'"),
    (scene(Phase.ARM), ask(rq.Cannulate), "'cannulated' is not possible in 'arm'"),
    (scene(Phase.ARM_CONFIRM, phase_ns=NOW_NS), ask(rq.ConfirmArm, plan="another"), "the plan confirmed is not the one read back"),
    (scene(Phase.ARM), ask(rq.SelectView), "the view is chosen during compression or before arming"),
    (scene(Phase.COMPRESSION), ask(rq.SelectView, view="NONE"), "no view 'NONE'; known: CC, ML"),
    (scene(Phase.SETTLE), ask(rq.Reconfirm, point="settled"), "only the performing radiologist"),
    (scene(Phase.ARM), radiologist(rq.Reconfirm, point="settled"), "'settled' (while settling), 'exposure-delay' or 'observation'"),
    (scene(Phase.ARM), radiologist(rq.Reconfirm, point="observation", reason="well"), "'observation' (aftercare)"),
    (scene(Phase.AFTERCARE), radiologist(rq.Reconfirm, point="observation", reason=" "), "say why the observation may end"),
    (scene(Phase.AFTERCARE), ask(rq.Reconfirm, point="observation", reason="well"), "only the performing radiologist"),
    (scene(Phase.ARM), radiologist(rq.Reconfirm, point="?"), "'settled' (while settling)"),
    (scene(Phase.STANDBY, case=None), ask(rq.HandInjected, volume_nl=1), "no procedure is open"),
    (scene(), ask(rq.HandInjected, volume_nl=0), "0 nL: enter 1 to 1000000 nL"),
    (scene(), ask(rq.HandInjected, volume_nl=1_000_001), "1000001 nL: enter 1 to"),
    (scene(), ask(rq.Acknowledge, alarm="net-stop"), "no alarm 'net-stop' is on"),
    (scene(), ask(rq.AudioPause), "nothing sounds"),
    (scene(), ask(rq.AudioPause, on=False), "the sound is not paused"),
    (scene(), ask(rq.Console, by=" "), "say who you are"),
    (scene(), ask(rq.ViewBeat, beat=1, t_ms=1), "declare the console first"),
    (scene(screen=DRAWN), ask(rq.ViewBeat, beat=7, t_ms=NOW_NS // 10**6), "beat 7, t_ms"),
    (scene(screen=DRAWN), ask(rq.ViewBeat, beat=8, t_ms=NOW_NS // 10**6 + 1), "not after beat 7"),
    (scene(screen=DRAWN), ask(rq.ViewBeat, beat=8, t_ms=NOW_NS // 10**6 - 101), "not after beat 7"),
    (scene(screen=DRAWN), ask(rq.Console, connection=5, number=1), "another console controls this room"),
    (scene(), ask(rq.HoldBegin, beat=1), "nothing is armed for this page"),
    (scene(), ask(rq.HoldBeat, beat=1), "nothing is armed for this page"),
    (scene(Phase.PRIME, screen=DRAWN), ask(rq.TipOut, connection=5, number=1), "another console controls this room: arm there"),
    (scene(Phase.PRIME, screen=DRAWN), ask(rq.TipOut), "the console is too slow"),
    (scene(Phase.PRIME, screen=Screen(on=True)), ask(rq.TipOut), "the console's screen is not live"),
    (scene(Phase.STANDBY), ask(rq.Do, event=Event.STOP), "'stop' is not possible in 'standby'"),
    (scene(), ask(rq.Do, event=Event.OPEN), "send 'open-case' instead"),
    (scene(), ask(rq.Do, event=Event.CONFIRM_ARM), "send 'confirm-arm' instead"),
    *((scene(), ask(rq.Do, event=event), f"'{event.value}' is never asked for") for event in sorted(AUTO_EVENTS, key=lambda e: e.value)),
)
# fmt: on


@pytest.mark.hazard("HZ-USE-ERROR")
@pytest.mark.parametrize(
    ("made", "request_", "words"),
    [pytest.param(*row, id=f"{type(row[1]).__name__}-{n}") for n, row in enumerate(REFUSED)],
)
def test_what_is_refused_is_answered_recorded_and_changes_nothing(made, request_, words):
    outcome = run(made, request_)
    (reply,) = outcome.replies
    assert any(words in said for said in reply.refusals), reply.refusals
    assert reply.by == request_.by
    refused = [e for e in outcome.entries if isinstance(e, Refused)]
    assert [e.words for e in refused] == [reply.refusals]
    without = step(made.state, made.readings, (), made.now_ns).state
    count = len(refused) + 1  # the request itself is recorded with the inputs
    assert outcome.state.entry_seq - without.entry_seq in (count - 1, count)
    # that it was asked, under which number, is all that is left of it
    assert replace(outcome.state, entry_seq=0, asked=()) == replace(without, entry_seq=0)


def test_every_request_kind_can_be_refused_but_those_that_let_go():
    kinds = {type(request) for _scene, request, _words in REFUSED}
    assert kinds == set(rq.ClientRequest.__args__) - {rq.ReleasePaddle, rq.HoldEnd}


def taken(made: Scene, request: Any) -> State:
    outcome = run(made, request)
    assert outcome.replies[0].refusals == ()
    assert any(isinstance(e, Noted) for e in outcome.entries)
    return outcome.state


def test_an_answer_replaces_the_one_before():
    made = scene(Phase.CHECKLIST)
    first = taken(made, ask(rq.Answer, item="latex", answer=True))
    again = radiologist(rq.Answer, item="latex", answer=True, accepted=True)
    second = taken(made._replace(state=first), again)
    assert second.case is not None
    assert second.case.answers == (("latex", True, True),)


def test_what_is_mounted_is_kept():
    made = taken(scene(Phase.SET_UP, mounted=None), ask(rq.SetUpRoom, **SET_UP))
    assert made.mounted is not None
    assert (made.mounted.syringe, made.mounted.cannula) == (SYRINGE, CANNULA)
    assert made.mounted.entered_ns == NOW_NS


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_power_is_given_by_a_persons_word_for_the_trip_that_is_seen():
    made = scene(permit=False).but(room={"trip_count": 9})
    after = taken(made, ask(rq.ConfirmReclose, cannula_out=True))
    assert (after.permit, after.reclose_trip_count) == (True, 9)
    assert after.targets.room.pump_permit
    assert after.targets.room.reclose_trip_count == 9


def test_zero_asks_for_one_more_than_was_read():
    after = taken(scene(Phase.PRIME), ask(rq.Zero))
    assert (after.line.zero_count, after.line.zeroed) == (2, False)
    assert after.targets.line.zero_count == 2


@pytest.mark.hazard("HZ-EXTRAVASATION")
@pytest.mark.parametrize(
    ("purpose", "phase", "volume_nl", "rate"),
    [
        ("prime", Phase.PRIME, 150_000, 500_000),
        ("open-tip", Phase.PRIME, 35_834, 200_000),
        ("stiffness", Phase.PRIME, 8_000, 60_000),
        ("tip-drop", Phase.LOCATE_DUCT, 5_000, 100_000),
    ],
)
def test_tip_out_plans_one_motion_and_makes_the_switch_ready(purpose, phase, volume_nl, rate):
    after = taken(scene(phase), ask(rq.TipOut, purpose=purpose, stopcock_closed=True))
    assert after.plan is not None
    assert after.plan.purpose.value == purpose
    assert after.plan.until_nl - after.plan.base_nl == volume_nl
    assert (after.plan.start_rate_nl_min, after.plan.top_rate_nl_min) == (40_000, rate)
    assert (after.hold.phase, after.hold.action) == (HoldPhase.READY, HoldAction.PRIME)
    assert after.line.tip_out_ns == NOW_NS
    assert not after.targets.pump.run


def test_drops_are_counted():
    after = taken(scene(Phase.LOCATE_DUCT), ask(rq.TipOut, purpose="tip-drop"))
    assert after.duct is not None
    assert after.duct.drop_count == 1


def test_the_view_is_told_to_the_unit():
    after = taken(scene(Phase.COMPRESSION), ask(rq.SelectView, view="MLO_DBT"))
    assert after.targets.mammograph.view is View.MLO_DBT


def test_the_radiologists_words():
    after = taken(scene(Phase.SETTLE), radiologist(rq.Reconfirm, point="settled"))
    assert after.settled_word
    early = radiologist(rq.Reconfirm, point="observation", reason="transferred to the ward")
    assert taken(scene(Phase.AFTERCARE), early).observed_word
    after = taken(scene(Phase.EXPOSURE), radiologist(rq.Reconfirm, point="exposure-delay"))
    assert after.exposure.reconfirmed


@pytest.mark.hazard("HZ-COMPRESSION")
@pytest.mark.parametrize("phase", Phase)
def test_the_paddle_is_released_in_every_phase(phase):
    made = scene(phase).but(mammograph={"paddle": Paddle.HOLDING})
    armed = made.but(hold={"phase": HoldPhase.READY, "action": HoldAction.EXPOSE})
    outcome = run(armed, ask(rq.ReleasePaddle, by=""))
    assert outcome.replies[0].refusals == ()
    assert outcome.targets.mammograph.compression is Compression.RELEASE
    assert outcome.state.hold.phase is HoldPhase.CLOSED


@pytest.mark.hazard("HZ-OVERVOLUME")
def test_contrast_given_by_hand_is_in_the_ledger():
    after = taken(scene(), ask(rq.HandInjected, volume_nl=12_000))
    assert after.ledger.account is not None
    assert after.ledger.account.low_nl == after.ledger.account.high_nl == 12_000


@pytest.mark.hazard("HZ-STOP-FAILS")
@pytest.mark.parametrize("phase", [Phase.STANDBY, Phase.EXTRAVASATED, Phase.ARMED, Phase.PRIME])
def test_stop_closes_the_hold_even_where_the_table_has_no_row(phase):
    made = injecting().but(state={"phase": phase})
    outcome = run(made, ask(rq.Do, by="", event=Event.STOP))
    assert outcome.state.hold.phase is HoldPhase.CLOSED
    assert not outcome.targets.pump.run


def test_requests_are_answered_in_order_with_their_number():
    made = scene()
    requests = (ask(rq.Do, event=Event.OPEN, number=4), ask(rq.ReleasePaddle, number=5))
    outcome = step(made.state, made.readings, requests, NOW_NS)
    assert [(r.number, r.request, bool(r.refusals)) for r in outcome.replies] == [
        (4, "do", True),
        (5, "release-paddle", False),
    ]
