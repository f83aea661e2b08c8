"""``docs/safety/limits.md``: limits, ceilings and where they come from."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from drawn.markdown import VALIDATION, head, join, table
from drawn.quantity import human
from drawn.sources import PARTS, REFERENCES, RULES, parts_in, references_in, rules_in
from state_machine.limits import LIMITS, Limit, Limits

ROOT: Final = Path(__file__).resolve().parents[2]
PROCEDURE: Final = ROOT / "config" / "procedures" / "galactography.toml"
READERS: Final = ("config", "state_machine")


def _evidence(word: str) -> str:
    return f"**⚠ {word}**" if word == "assumption" else word


def _row(row: Limit, defaults: Limits) -> tuple[str, ...]:
    return (
        f"`{row.name}`",
        row.meaning,
        human(row.name, getattr(defaults, row.name)),
        f"{row.bound.value} {human(row.name, row.ceiling)}",
        row.hazard,
        _evidence(row.evidence),
        row.source,
    )


def unread() -> list[str]:
    """Limits that no module of the program reads by name."""
    paths = [p for folder in READERS for p in sorted((ROOT / folder).rglob("*.py"))]
    text = "\n".join(p.read_text("utf-8") for p in paths if p.name != "limits.py")
    return [row.name for row in LIMITS if not re.search(rf"\b{row.name}\b", text)]


def _unread() -> str:
    names = unread()
    if not names:
        return ""
    listed = ", ".join(f"`{name}`" for name in names)
    return join(
        "## Not enforced",
        f"Nothing in the program reads {listed}: a value can be given and checked against its"
        " ceiling, and has no effect.",
    )


def _texts(value: object) -> Iterator[str]:
    """Every ``source`` text of the shipped procedure."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "source" and isinstance(inner, str):
                yield inner
            else:
                yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def source_text() -> str:
    """All source texts of the limits and of the shipped procedure."""
    procedure = tomllib.loads(PROCEDURE.read_text("utf-8"))
    return "; ".join([*(row.source for row in LIMITS), *_texts(procedure)])


def _sources() -> str:
    text = source_text()
    references = [(number, *REFERENCES[number]) for number in references_in(text)]
    parts = [(part, PARTS[part]) for part in parts_in(text)]
    rules = [(rule, RULES[rule]) for rule in rules_in(text)]
    return join(
        "## Sources",
        "Letters and numbers as the rows above, the shipped procedure file and the comments of the"
        " code use them. Restated in our own words.",
        "### Parts of the clinical fact sheet",
        table(("part", "what it holds"), parts),
        "### Rules and pages of this project",
        table(("name", "what it says"), rules),
        "### References",
        "*seen*: the figure was read in the source. *leaflet*: a patient leaflet, blog or"
        " encyclopaedia, weak evidence.",
        table(("number", "evidence", "what was taken from it", "where"), references),
    )


def page() -> str:
    """The page."""
    columns = ("limit", "meaning", "default", "ceiling", "hazard", "evidence", "source")
    defaults = Limits()
    return join(
        head(
            "Limits",
            "state_machine/limits.py",
            VALIDATION,
            "The *default* holds where a procedure file says nothing. A file may tighten a limit,"
            " or loosen it as far as the *ceiling*, which is recorded as a deviation; nothing"
            " passes the ceiling. A file writes whole numbers in the unit that the name ends in"
            " (`_nl` nL, `_pa` Pa, `_mn` mN, `_ns` ns, `_mc` m°C, `_ppm` millionths).",
            "Evidence: *label* and *published* figures were seen in the named source, *computed*"
            " ones follow from the model, **⚠ assumption** is an engineering assumption.",
        ),
        table(columns, [_row(row, defaults) for row in LIMITS]),
        _unread(),
        _sources(),
    )
