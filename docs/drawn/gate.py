"""``docs/gate.md``: cause by output, drawn from the refusal table."""

from drawn.markdown import head, join, table
from state_machine.gate import CAUSES, Output, WayBack

WAYS = {
    WayBack.RELEASED: "press again while still armed",
    WayBack.ABNORMAL: "the hold is closed: mend the cause, arm again",
    WayBack.LATCHED: "the hold is closed: mend the cause, acknowledge the alarm, arm again",
    WayBack.LOCKED: "not today; no key ends it",
}


def page() -> str:
    """The page."""
    matrix = [
        (f"`{cause.name}`", *("●" if output in cause.refuses else "" for output in Output))
        for cause in CAUSES
    ]
    words = [(f"`{c.name}`", c.words, c.way_back.name.lower(), c.hazard) for c in CAUSES]
    return join(
        head(
            "Gate",
            "state_machine/gate.py",
            "The gate stands between what the workflow proposes and what the room is told. While a"
            " cause is present, each output marked ● in its row is replaced by its safe value,"
            " whole: the gate never clips. Lamps and sounder are not gated. A lost pump answer does"
            " not end an exposure under way; the emergency stop ends everything.",
            "The safe values: pump stopped, no counters cleared, pump not permitted, paddle held"
            " where it is, X-ray off. Releasing the paddle is not an output that can be refused. A"
            " power permit that was refused stays off until a person confirms it again.",
        ),
        "## Cause and output",
        table(("cause", *(output.value for output in Output)), matrix),
        "## Causes in words",
        table(("cause", "what it says", "way back", "hazard"), words),
        "## Ways back",
        table(("way back", "what a person does"), [(w.name.lower(), WAYS[w]) for w in WayBack]),
    )
