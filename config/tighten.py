"""``[limits]`` of a procedure: may tighten what the program allows, never loosen it."""

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from config.problems import Problem, shown, suggestion
from state_machine.injection import open_tip_nl
from state_machine.limits import LIMIT_BY_NAME, LIMITS, Bound, Limit, Limits, beyond_ceiling

MAY_BE_ZERO: Final = frozenset({"tip_drop_nl", "tip_drop_count", "retract_nl", "line_margin_pa"})
"""Upper limits for which 0 means *never*. Elsewhere 0 stops the procedure altogether, and
divides by nothing where a time is computed from a rate: refused."""

FLOOR_TIMES_MOST: Final = 1_000
"""A lower limit may be this many times its ceiling at most; beyond it is a slip of the pen
(and, for the lock in days, no date any more). Assumption."""

DEFAULTS: Final = Limits()


def tightened(file: str, raw: Mapping[str, object]) -> tuple[Limits, list[Problem]]:
    """The limits in force, and what is wrong with the table; good keys are always applied."""
    problems: list[Problem] = []
    good: dict[str, int] = {}
    for key, value in raw.items():
        problem = _key_problem(file, key, value)
        if problem is not None:
            problems.append(problem)
        elif isinstance(value, int):
            good[key] = value
    limits = replace(DEFAULTS, **good)
    problems.extend(
        Problem(file, "limits", "", words, "change one of the two")
        for words in beyond_ceiling(limits)
    )
    return limits, [*problems, *_open_tip(file, limits)]


def _open_tip(file: str, limits: Limits) -> list[Problem]:
    """The open-tip test runs at the injection's rate, and is one prime motion: it must fit."""
    need_nl, most_nl = open_tip_nl(limits), limits.prime_volume_nl
    if need_nl <= most_nl:
        return []
    words = (
        f"the open-tip test at rate_nl_min = {limits.rate_nl_min:_} with ramp_nl_min_s ="
        f" {limits.ramp_nl_min_s:_} takes {need_nl:_} nL, at most prime_volume_nl = {most_nl:_}"
    )
    todo = "lower rate_nl_min, raise ramp_nl_min_s, or raise prime_volume_nl"
    return [Problem(file, "limits", "", words, todo)]


def _key_problem(file: str, key: str, value: object) -> Problem | None:
    row = LIMIT_BY_NAME.get(key)
    if row is None:
        known = f"one of the {len(LIMITS)} limits (see galactograph config check demo)"
        todo = suggestion(key, LIMIT_BY_NAME)
        return Problem(file, f"limits.{key}", shown(value), known, todo)
    if isinstance(value, bool) or not isinstance(value, int):
        todo = f"write a whole number without quotes or decimals ({row.meaning})"
        return Problem(file, f"limits.{key}", shown(value), span(row), todo)
    low, high = ends(row)
    if low <= value <= high and not _beyond(row, value):
        return None
    todo = f"a procedure may only tighten it ({row.meaning}; {row.hazard})"
    return Problem(file, f"limits.{key}", shown(value), span(row), todo)


def _beyond(row: Limit, value: int) -> bool:
    # The core's own judgement, alone for this row: one place says what loosening is.
    words = beyond_ceiling(replace(DEFAULTS, **{row.name: value}))
    return any(line.startswith(f"{row.name} = ") for line in words)


def ends(row: Limit) -> tuple[int, int]:
    """Lowest and highest value a file may give for a limit."""
    if row.bound is Bound.AT_LEAST:
        return row.ceiling, row.ceiling * FLOOR_TIMES_MOST
    return (0 if row.name in MAY_BE_ZERO else 1), row.ceiling


def span(row: Limit) -> str:
    """The range of a limit in words."""
    low, high = ends(row)
    return f"a whole number from {low:_} to {high:_}"


def looser_than_default(limits: Limits) -> tuple[str, ...]:
    """Limits inside their ceiling but looser than the default: recorded as deviations."""
    words = []
    for row in LIMITS:
        value, default = getattr(limits, row.name), getattr(DEFAULTS, row.name)
        if value > default if row.bound is Bound.AT_MOST else value < default:
            words.append(
                f"{row.name} = {value:_} ({row.meaning}) is looser than the default {default:_} "
                f"[{row.evidence}]"
            )
    return tuple(words)
