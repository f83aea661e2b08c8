"""``docs/faults.md``: faults, judges and broken controls of campaigns."""

from drawn.markdown import head, join, table
from sim.campaign.broken import BREAKS
from sim.faults.draw import COUNTS, FITS_SHARE, HABITS_SHARE, NONE_SHARE, WHOLE_SHARE
from sim.faults.table import CLASSES, FAULTS, Fault
from sim.judges.table import JUDGES


def _range(values: tuple[object, ...]) -> str:
    if isinstance(values[0], str):
        return ", ".join(map(str, values))
    return f"{values[0]} to {values[-1]}"


def _lasts(row: Fault) -> str:
    least, most = row.lasts_ms
    return f"{least / 1000:g} to {most / 1000:g} s" if most else "-"


def _asked(row: Fault) -> str:
    """What the room must do about it."""
    parts = []
    if row.stop_ms:
        parts.append(f"stands within {row.stop_ms} ms")
    if row.alarms:
        alarms = " or ".join(f"`{name}`" for name in row.alarms)
        parts.append(f"{alarms} within {row.alarm_ms} ms")
    if row.slows_ms and row.slows_ms != row.stop_ms:
        parts.append(f"other stops within {row.slows_ms} ms")
    if row.keeps_out:
        parts.append("nothing goes into the duct while it lasts")
    if row.spoils:
        parts.append(f"not asked: {', '.join(row.spoils)}")
    return "; ".join(parts) or "-"


def page() -> str:
    """The page."""
    counts = ", ".join(f"{count}: {weight} %" for count, weight in COUNTS)
    parts = [
        head(
            "Faults and judges of campaigns",
            "sim/faults/table.py, sim/judges/table.py, sim/campaign/broken.py",
            "What [campaigns](simulation-campaigns.md) let happen to a virtual room, and who looks"
            " on. *Must cause* is the fault's positive control, asked of wires, devices and"
            " physics: a run with a fault that never showed it is invalid. *Asked* counts from when"
            " the fault acts, if it struck while contrast flowed; one of the alarms named must be"
            " raised.",
            f"A seed has no fault in {NONE_SHARE:.0%} of the runs; else {counts}. A class is drawn"
            f" first, then a row. {WHOLE_SHARE:.0%} of the runs begin at the very start, the others"
            f" with a primed line. In {FITS_SHARE:.0%} the duct takes what is ordered, else it"
            f" is as drawn; {HABITS_SHARE:.0%} have a person with habits"
            " ([patients.md](patients.md#people)). All ranges are assumptions.",
        )
    ]
    for kind in CLASSES:
        rows = [
            (
                f"`{r.name}`",
                ", ".join(r.moments),
                ", ".join(f"{k} {_range(v)}" for k, v in r.chosen.items()) or "-",
                _lasts(r),
                r.must,
                _asked(r),
            )
            for r in FAULTS
            if r.kind == kind
        ]
        columns = ("fault", "strikes", "drawn", "lasts", "must cause", "asked")
        parts += [f"## {kind}", table(columns, rows)]
    judges = [(f"`{j.name}`", " ".join((j.find.__doc__ or "").split()), j.hazard) for j in JUDGES]
    breaks = [(f"`{b.name}`", b.what, f"`{b.by}`") for b in BREAKS]
    parts += [
        "## Judges",
        "They see what the devices did and what the record says, and share no code with the core.",
        table(("judge", "objects unless", "hazard"), judges),
        "## Controls broken on purpose",
        "Each is taken away in the worker's process alone; a campaign must find it. Found at which"
        " seed: [simulation-campaigns.md](simulation-campaigns.md#controls-broken-on-purpose).",
        table(("control", "what is broken", "judge that must see it"), breaks),
    ]
    return join(*parts)
