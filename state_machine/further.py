"""What another injection may still have: its number, and contrast in the syringe.

Asked before a cannula is placed for it, so that arming has nothing to refuse afterwards.
"""

import msgspec

from state_machine import ledger, observe
from state_machine.state import Injection, State


def facts(state: State) -> dict[str, bool]:
    """As the conditions of the workflow ask for them (``facts.Facts``)."""
    return {
        "day_injection": of_the_day(state),
        "another_injection": of_the_duct(state),
        "injections_left": or_under_way(state),
        "top_up_held": held(state, evacuated=False),
        "refill_held": held(state, evacuated=True),
    }


def of_the_day(state: State) -> bool:
    """This breast may have an injection more today, in whatever duct."""
    done = ledger.today(state.ledger).injection_count
    return done < state.profile.limits.injections_per_side_day_count


def of_the_duct(state: State) -> bool:
    """So may this duct."""
    limits, duct = state.profile.limits, state.duct
    if duct is None:
        return False
    return duct.injection_count < limits.injections_per_duct_count and of_the_day(state)


def or_under_way(state: State) -> bool:
    """An injection that has begun goes on, whatever was counted."""
    return state.duct is not None and (bool(state.injection.number) or of_the_duct(state))


def held(state: State, *, evacuated: bool) -> bool:
    """The syringe holds what the next injection of this duct would plan.

    Args:
        state: of the procedure; the injection that is over does not count.
        evacuated: the duct is emptied before, so that it is a filling and no top-up.
    """
    if state.duct is None:
        return False
    duct = msgspec.structs.replace(state.duct, evacuated=evacuated)
    following = msgspec.structs.replace(state, injection=Injection(), duct=duct)
    return observe.syringe_left_nl(state) >= observe.planned_nl(following)
