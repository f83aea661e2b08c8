"""``docs/hil-defects.md``: which defect must be caught by which hardware-in-the-loop check."""

from typing import Any

from drawn.markdown import head, join, table
from tests.hil.defects import DEFECTS, Defect, kept


def _put_in(row: Defect) -> str:
    said = (
        f"`{name}` = {value}" + "".join(f", once {w}" for w in when)
        for name, value, *when in row.inputs
    )
    inputs = ", ".join(said)
    return inputs or f"controller without `{row.broken}`"


def _played(newest: dict[tuple[str, str], dict[str, Any]], row: Defect, on: str) -> str:
    line = newest.get((row.name, on))
    if line is None:
        return "not played"
    return f"{'caught' if line['caught'] else 'NOT CAUGHT'} ({line['commit']})"


def page() -> str:
    """The page."""
    newest = {(line["defect"], line["on"]): line for line in kept()}
    rows = [
        (
            f"`{row.name}`",
            row.words,
            _put_in(row),
            f"`{row.check}`",
            row.fault.value,
            _played(newest, row, "virtual time"),
            _played(newest, row, "real wires"),
        )
        for row in DEFECTS
    ]
    heads = ("defect", "what is wrong", "put in as", "check that fails", "class", "virtual", "real")
    return join(
        head("Defects and the checks that catch them", "tests/hil/defects.py and its evidence"),
        "Each row is played by running the named check alone (`galactograph hil --select CHECK`)"
        " with the defect put into the simulated room or the controller; *caught* is a failure of"
        " that check with that class. How to play them: [QA](qa.md#hardware-in-the-loop)."
        " On real wires: `make evidence RUN=defects`.",
        table(heads, rows),
    )
