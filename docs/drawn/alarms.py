"""``docs/alarms.md``: the alarm table."""

from drawn.markdown import head, join, table
from state_machine.alarms import ALARMS, NEVER_PAUSED, Priority


def _yes(value: bool) -> str:
    return "yes" if value else "-"


def page() -> str:
    """The page."""
    never = ", ".join(f"`{row.name}`" for row in ALARMS if row.name in NEVER_PAUSED)
    parts = [
        head(
            "Alarms",
            "state_machine/alarms.py",
            "*Latching*: stays after its condition has gone, until a person acknowledges it. Until"
            " then, and while any HIGH alarm is present, infusion is refused, and so is arming an"
            " injection or an exposure."
            " *Stops*: its rise stops an open procedure (`device-fault`, see"
            " [workflow](workflow.md)). Acknowledging silences an alarm; it never ends a condition."
            " No key overrides a latched alarm.",
            "*Pause of the sound* (`audio-pause`): two minutes, not to be changed, on record with"
            " who asked; it ends by itself, with any new alarm, or when somebody ends it. It"
            " silences the sounder alone: nothing is acknowledged, and what an alarm stops stays"
            f" stopped. Never paused: {never}.",
            "*Nobody sees*: a console proves that somebody can see a live screen (`view`). Where"
            " one is declared, or the room requires one, a cannula is in, and none has drawn the"
            " room for 1 s, the room says so; HIGH when contrast was flowing.",
            "Priorities are assumptions, to be confirmed in the site's risk management. Hazards:"
            " [hazards.toml](safety/hazards.toml).",
        )
    ]
    for priority in Priority:
        rows = [
            (f"`{r.name}`", _yes(r.latching), _yes(r.stops), r.words, r.action, r.hazard)
            for r in ALARMS
            if r.priority is priority
        ]
        columns = ("alarm", "latching", "stops", "what it says", "what to do", "hazard")
        parts += [f"## {priority.name}", table(columns, rows)]
    return join(*parts)
