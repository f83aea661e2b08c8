"""``docs/workflow.md``: the galactography workflow, drawn from its rows."""

from collections.abc import Iterable
from typing import Final

from drawn.markdown import head, join, table
from state_machine.phases import Row
from state_machine.profile import Order
from state_machine.requests import AUTO_EVENTS, Event
from state_machine.state import Phase
from state_machine.workflows.galactography import (
    ANCHOR,
    CANNULA_IN,
    COMMON,
    OPEN_PHASES,
    SEALED_PORE,
)

SOURCE: Final = "state_machine/workflows/{galactography,conditions}.py"
ANYWHERE: Final = (
    Event.STOP,
    Event.PAIN,
    Event.FAULT,
    Event.ABORT,
    Event.EXTRAVASATION,
    Event.EMERGENCY,
)
"""Possible in nearly every phase: drawn as a table, or the picture could not be read."""
COLUMNS: Final = ("phase", "event", "next", "who acts", "prompt", "refused without it")


def _forward() -> list[Row]:
    return [row for row in COMMON if row.event not in (*ANYWHERE, Event.RESUME)]


def _edges() -> Iterable[tuple[Phase, Phase, str]]:
    """Source, next, label; a row of one order only says which."""
    both = {(r.source, r.event, r.phase) for r in CANNULA_IN} & {
        (r.source, r.event, r.phase) for r in SEALED_PORE
    }
    labels: dict[tuple[Phase, Phase], list[str]] = {}
    for order, rows in ((None, _forward()), *_orders()):
        for row in rows:
            shared = order is None or (row.source, row.event, row.phase) in both
            label = (
                row.event.value if shared or order is None else f"{row.event.value} ({order.value})"
            )
            known = labels.setdefault((row.source, row.phase), [])
            if label not in known:
                known.append(label)
    for (source, target), words in labels.items():
        yield source, target, ", ".join(words)


def _orders() -> tuple[tuple[Order, tuple[Row, ...]], ...]:
    return (Order.CANNULA_IN, CANNULA_IN), (Order.SEALED_PORE, SEALED_PORE)


def diagram() -> str:
    """The rows as a picture, without those from anywhere."""
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f'    state "{phase.value}" as {phase.name}' for phase in Phase]
    lines.append(f"    [*] --> {Phase.STANDBY.name}")
    lines += [f"    {a.name} --> {b.name}: {label}" for a, b, label in _edges()]
    return "\n".join([*lines, "```"])


def _event(event: Event) -> str:
    return f"`{event.value}`" + (" (by itself)" if event in AUTO_EVENTS else "")


def _needs(row: Row) -> str:
    return "<br>".join(need.words for need in row.needs) or "-"


def _rows(rows: Iterable[Row]) -> str:
    order = list(Phase)
    return table(
        COLUMNS,
        [
            (r.source.value, _event(r.event), r.phase.value, r.actor.value, r.prompt, _needs(r))
            for r in sorted(rows, key=lambda r: order.index(r.source))
        ],
    )


def _from(phases: list[Phase]) -> str:
    missing = [phase.value for phase in OPEN_PHASES if phase not in phases]
    if len(missing) < len(phases):
        return "every open phase" + (f" but {', '.join(missing)}" if missing else "")
    return ", ".join(phase.value for phase in phases)


def _anywhere() -> str:
    groups: dict[tuple[Event, Phase, str], list[Row]] = {}
    for row in COMMON:
        if row.event in ANYWHERE:
            groups.setdefault((row.event, row.phase, row.prompt), []).append(row)
    rows = [
        (
            _from([row.source for row in group]),
            _event(event),
            phase.value,
            group[0].actor.value,
            prompt,
            _needs(group[0]),
        )
        for (event, phase, prompt), group in groups.items()
    ]
    return table(COLUMNS, rows)


def _resume() -> str:
    rows = []
    for row in COMMON:
        if row.event is Event.RESUME:
            stopped_in = ", ".join(p.value for p, anchor in ANCHOR.items() if anchor is row.phase)
            rows.append((stopped_in, row.phase.value, row.actor.value, row.prompt))
    needs = _needs(next(row for row in COMMON if row.event is Event.RESUME)).split("<br>")
    return join(
        table(("stopped in", "goes on in", "who acts", "prompt"), rows),
        "Each of them is refused without it:",
        "\n".join(f"- {words}" for words in needs),
    )


def page() -> str:
    """The page."""
    return join(
        head(
            "Workflow",
            SOURCE,
            "A procedure moves only along these rows. An event that has no row in a phase is"
            " refused, and so is a row whose conditions do not hold: the last column gives the"
            " words that are then said. *By itself* means that nobody asks for the event: the"
            " room takes the row when it sees it.",
            "The procedure file chooses the order: `cannula-in` (the cannula stays until the"
            " images are done) or `sealed-pore` (cannula out, pore sealed, then compression).",
        ),
        "## Picture",
        "Stop, pain, device fault, abort, suspected extravasation and medical emergency are"
        " possible from nearly everywhere and left out here; see"
        " [From anywhere](#from-anywhere).",
        diagram(),
        "## Rows of both orders",
        _rows(_forward()),
        "## Rows of the order cannula-in",
        _rows(CANNULA_IN),
        "## Rows of the order sealed-pore",
        _rows(SEALED_PORE),
        "## From anywhere",
        "*Open* phases are all but standby and closed.",
        _anywhere(),
        "## Going on after a stop",
        "`resume` leads from stopped to where the procedure was, never into a hold.",
        _resume(),
    )
