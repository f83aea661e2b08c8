"""The work toward a target, while the pump is proven to stand or does as it was told."""

from typing import Final

from drivers.new_era.fields import NumberRefused
from drivers.new_era.line import Ask, Purpose, Shape
from drivers.new_era.motion import (
    DIAMETER_UM,
    MotionRefused,
    Plan,
    clearing_rows,
    diameter_rows,
    plan_motion,
    preparation_rows,
    rate_rows,
    rate_text,
    sayable_diameter_um,
    told_diameter_um,
    told_rate_nl_min,
)
from drivers.new_era.motor import Job, Motor
from drivers.new_era.script import Script
from state_machine.readings import Motion
from state_machine.targets import PumpAction, PumpTarget

RUN: Final = Ask(Purpose.RUN, "RUN", Shape.STATUS)


class Follower:
    """Compares target and motor; starts jobs, asks for a stop, says when RUN may go."""

    def __init__(self, motor: Motor) -> None:
        self._motor = motor
        self._told = False
        """Every row of the preparation was read back."""
        self._refused_um = 0
        """A diameter the pump did not take: not told again until another is wanted."""
        self._clear_refused = False

    def follow(self, target: PumpTarget, now_ns: int) -> None:
        """Take this pass's target."""
        motor = self._motor
        if not target.clear_counters:
            self._clear_refused = False
        if not motor.stands:
            return
        plan = motor.plan
        if motor.known.motion is Motion.RUNNING and plan is not None:
            self._follow_running(plan, target, now_ns)
        elif motor.known.motion in (Motion.PREPARING, Motion.PREPARED) and plan is not None:
            self._follow_planned(plan, target)
        elif motor.job is None:
            self._follow_standing(target)

    def checked(self) -> None:
        """Counters were asked and told with prompt `S`: the last check before PREPARED."""
        motor = self._motor
        plan = motor.plan
        if not self._told or plan is None or motor.known.motion is not Motion.PREPARING:
            return
        fault = plan.base_fault(motor.known.counters)
        if fault:
            motor.fail(fault)
        else:
            motor.known.motion = Motion.PREPARED

    def wants_check(self) -> bool:
        """Preparation is told; only the counters are still to be seen."""
        return self._told and self._motor.known.motion is Motion.PREPARING

    def next_ask(self, target: PumpTarget) -> Ask | None:
        """The next question toward the target."""
        motor = self._motor
        if motor.job is not None:
            return motor.job.script.next()
        if motor.known.motion is not Motion.PREPARED or not target.run:
            return None
        return self._run(target.motion_id)

    def _run(self, motion_id: int) -> Ask | None:
        """RUN, once: the id is spent before the packet leaves."""
        motor = self._motor
        if motion_id in motor.spent:
            return None
        motor.spent.add(motion_id)
        motor.known.may_move = True
        motor.known.motion = Motion.RUNNING
        return RUN

    def _follow_running(self, plan: Plan, target: PumpTarget, now_ns: int) -> None:
        motor = self._motor
        if not target.run or not plan.same_motion(target):
            motor.begin_stop("", now_ns)
            return
        try:
            text = rate_text(target.rate_nl_min, plan.rate_unit)
        except NumberRefused as fault:
            motor.begin_stop(f"rate {target.rate_nl_min} nL/min: {fault}", now_ns)
            return
        wanted = told_rate_nl_min(f"{text}{plan.rate_unit}")
        if wanted != motor.known.rate_nl_min and motor.job is None:
            rows = rate_rows(text, plan.rate_unit)
            motor.job = Job(Script(rows), self._rate_told, motor.begin_stop)

    def _follow_planned(self, plan: Plan, target: PumpTarget) -> None:
        """Not running yet: giving up a motion needs no STP, the pump is proven to stand."""
        motor = self._motor
        if target.action is PumpAction.STOPPED or target.motion_id != plan.target.motion_id:
            motor.plan = motor.job = None
            motor.known.motion = Motion.STOPPED
        elif not plan.same_motion(target):
            motor.fail("the motion was changed under the same id; plan it anew")

    def _follow_standing(self, target: PumpTarget) -> None:
        motor = self._motor
        known = motor.known
        wanted = target.action is not PumpAction.STOPPED
        if known.motion is Motion.FAILED and not (wanted and target.motion_id == known.motion_id):
            known.motion, known.motion_refusal = Motion.STOPPED, ""
        if self._tell_diameter(target.diameter_um):
            return
        if not wanted:
            self._clear(target)
        elif target.motion_id not in motor.spent:
            self._prepare(target)
        elif target.motion_id != known.motion_id:
            known.motion_id = target.motion_id
            known.motion = Motion.FAILED
            known.motion_refusal = f"motion {target.motion_id} was already run; plan a new one"

    def _tell_diameter(self, wanted_um: int) -> bool:
        motor = self._motor
        if wanted_um not in DIAMETER_UM or wanted_um == self._refused_um:
            return False
        if sayable_diameter_um(wanted_um) == motor.known.diameter_um:
            return False

        def refused(reason: str, now_ns: int) -> None:
            self._refused_um = wanted_um
            motor.end_job()
            motor.known.motion_refusal = reason

        script = Script(diameter_rows(wanted_um))
        motor.job = Job(script, self._diameter_told, refused, moves_counters=True)
        return True

    def _clear(self, target: PumpTarget) -> None:
        motor = self._motor
        rows = clearing_rows(motor.known.counters)
        if not target.clear_counters or not rows or self._clear_refused:
            return

        def refused(reason: str, now_ns: int) -> None:
            self._clear_refused = True
            motor.end_job()
            motor.known.motion_refusal = reason

        motor.job = Job(Script(rows), self._job_over, refused, moves_counters=True)

    def _prepare(self, target: PumpTarget) -> None:
        motor = self._motor
        known = motor.known
        known.motion_id, known.motion_refusal = target.motion_id, ""
        known.rate_nl_min = 0
        self._told = False
        try:
            motor.plan = plan_motion(target, known.counters)
        except MotionRefused as refusal:
            motor.spent.add(target.motion_id)
            known.motion, known.motion_refusal = Motion.FAILED, str(refusal)
            return
        known.motion = Motion.PREPARING
        rows = preparation_rows(motor.plan)
        motor.job = Job(Script(rows), self._preparation_told, self._not_prepared)

    def _preparation_told(self, script: Script, now_ns: int) -> None:
        self._motor.known.rate_nl_min = told_rate_nl_min(script.told["RAT"])
        self._told = True
        self._job_over(script, now_ns)

    def _not_prepared(self, reason: str, now_ns: int) -> None:
        self._motor.fail(reason)

    def _rate_told(self, script: Script, now_ns: int) -> None:
        self._motor.known.rate_nl_min = told_rate_nl_min(script.told["RAT"])
        self._job_over(script, now_ns)

    def _diameter_told(self, script: Script, now_ns: int) -> None:
        self._motor.known.diameter_um = told_diameter_um(script.told["DIA"])
        self._job_over(script, now_ns)

    def _job_over(self, script: Script, now_ns: int) -> None:
        self._motor.end_job()
