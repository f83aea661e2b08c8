"""What the rows of ``study.measure`` say together."""

import statistics
from collections import Counter
from typing import Any, Final

Found = dict[str, Any]

AIMS: Final[tuple[tuple[str, str, str], ...]] = (
    ("prevented", "over-fill tears prevented", ">= 0.6"),
    ("weak_after_tear_ul_median", "pumped after a tear, median uL", "<= 10"),
    ("weak_to_notice_ul_median", "of these until it was noticed, median uL", "-"),
    ("false_stops_per_200", "false stops per 200 normal injections", "<= 1"),
)
"""Aims of the study, as they were set before it (its numbers are the model's)."""


def summary(rows: list[Found]) -> Found:
    """Shares, medians and worst cases; volumes in uL."""
    torn = [row for row in rows if row["baseline"]["torn"]]
    left = [row for row in torn if row["controller"]["torn"]]
    weak = [row["weak"] for row in rows if row["weak"]["torn"]]
    normal = [row["normal"] for row in rows]
    stopped = [one for one in normal if one["alarms"]]
    both = {
        arm: [row[arm] for row in rows if row[arm]["torn"]] for arm in ("controller", "baseline")
    }
    return {
        "seeds": len(rows),
        "baseline_torn": len(torn),
        "controller_torn": len(both["controller"]),
        "prevented": round(1 - len(left) / len(torn), 3) if torn else None,
        **_volumes("baseline", both["baseline"]),
        **_volumes("controller", both["controller"]),
        "weak_torn": len(weak),
        **_volumes("weak", weak),
        "weak_missed": round(sum(not one["noticed"] for one in weak) / len(weak), 3)
        if weak
        else None,
        "weak_to_notice_ul_median": _median(
            [one["to_notice_nl"] / 1000 for one in weak if one["noticed"]], 1
        ),
        "weak_noticed_s_median": _median([one["noticed_s"] for one in weak if one["noticed"]], 1),
        "weak_noticed_by": dict(Counter(one["noticed"] or "nothing" for one in weak).most_common()),
        "normal": len(normal),
        "false_stops": len(stopped),
        "false_stops_per_200": round(200 * len(stopped) / len(normal), 2) if normal else None,
        "false_by": dict(Counter(name for one in stopped for name in one["alarms"]).most_common()),
        **_normal("normal", normal),
        **_normal("beside", [row["normal"] for row in rows if row["normal_baseline"]]),
        **_normal("baseline_normal", [one for row in rows if (one := row["normal_baseline"])]),
    }


def _median(values: list[Any], digits: int) -> float | None:
    return round(statistics.median(values), digits) if values else None


def _volumes(arm: str, torn: list[Found]) -> Found:
    after = [one["after_tear_nl"] / 1000 for one in torn]
    outside = [one["outside_nl"] / 1000 for one in torn]
    return {
        f"{arm}_after_tear_ul_median": _median(after, 1),
        f"{arm}_after_tear_ul_max": round(max(after), 1) if after else None,
        f"{arm}_outside_ul_median": _median(outside, 0),
        f"{arm}_outside_ul_max": round(max(outside)) if outside else None,
    }


def _normal(arm: str, ones: list[Found]) -> Found:
    return {
        f"{arm}_pumped_ul_median": _median([one["pumped_nl"] / 1000 for one in ones], 1),
        f"{arm}_span_s_median": _median([one["span_s"] for one in ones], 1),
        f"{arm}_span_s_max": max((one["span_s"] for one in ones), default=None),
    }
