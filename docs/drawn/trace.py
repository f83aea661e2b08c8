"""``docs/safety/trace.md``: hazard, requirement, code, test; what is open comes first."""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from drawn.markdown import head, join, table

SAFETY: Final = Path(__file__).resolve().parents[1] / "safety"

Row = dict[str, Any]


def _rows(name: str, kind: str) -> list[Row]:
    rows: list[Row] = tomllib.loads((SAFETY / name).read_text("utf-8"))[kind]
    return rows


HAZARDS: Final = _rows("hazards.toml", "hazard")
RULES: Final = _rows("requirements.toml", "rule")
REQUIREMENTS: Final = _rows("requirements.toml", "requirement")
WANTED: Final = _rows("requirements.toml", "wanted")


def _title(rule: str) -> str:
    """Heading of a rule's section."""
    return f"Rule {rule}" if rule[0].isdigit() else rule.capitalize()


def _link(row: Row) -> str:
    """The requirement, leading to its rule's section."""
    anchor = _title(row["rule"]).lower().replace(".", "").replace(" ", "-")
    return f"[{row['id']}](#{anchor})"


def _code(references: Iterable[str]) -> str:
    return "<br>".join(f"`{reference}`" for reference in references) or "-"


def _open() -> str:
    rows = [
        (_link(row), row["rule"], row["text"], row["why"], ", ".join(row["hazards"]))
        for row in REQUIREMENTS
        if row["status"] == "open"
    ]
    columns = ("requirement", "rule", "what shall hold", "why it is open, what protects", "hazards")
    return table(columns, rows)


def _wanted() -> str:
    rows = [(row["id"], row["text"], row["why"], row["meanwhile"]) for row in WANTED]
    return table(("wanted", "what", "why it matters", "what protects meanwhile"), rows)


def _hazard(hazard: Row) -> str:
    rows = [
        (_link(row), row["text"], row["status"])
        for row in REQUIREMENTS
        if hazard["id"] in row["hazards"]
    ]
    return join(
        f"### {hazard['id']}",
        f"{hazard['hazard']}. *Causes:* {hazard['cause']}. *Harm:* {hazard['harm']}.",
        table(("controlled by", "what must hold", "status"), rows),
    )


def _rule(rule: Row) -> str:
    rows = [
        (
            f"**{row['id']}**" + (" (open)" if row["status"] == "open" else ""),
            row["text"],
            _code(row["built"]),
            _code(row["tests"]),
        )
        for row in REQUIREMENTS
        if row["rule"] == rule["id"]
    ]
    columns = ("requirement", "what must hold", "built in", "fails without it")
    return join(f"### {_title(rule['id'])}", rule["text"], table(columns, rows))


def page() -> str:
    """The page."""
    open_count = sum(row["status"] == "open" for row in REQUIREMENTS)
    return join(
        head(
            "From hazard to test",
            "docs/safety/hazards.toml and docs/safety/requirements.toml",
            f"{len(HAZARDS)} hazards, {len(REQUIREMENTS)} requirements:"
            f" {len(REQUIREMENTS) - open_count} proven in simulation, {open_count} open. *Proven*"
            " means that the code was broken once and a named test failed"
            " ([how](../evidence/mutations-by-hand.md)); nothing here was proven on a real device"
            " or a patient.",
        ),
        "## Open",
        "What a site must not count on.",
        _open(),
        "## Wanted, and not a rule",
        "Not rules of the safety page: things wished for, or known only from hardware.",
        _wanted(),
        "## By hazard",
        *map(_hazard, HAZARDS),
        "## By rule",
        "Each rule in short, the requirements it became, where they are built, and the tests that"
        " fail when they are broken. Tests are named as pytest names them, without parameters.",
        *map(_rule, RULES),
    )
