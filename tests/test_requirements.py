"""Each requirement says where it is built and which tests fail without it; both exist.

References are looked up in the parsed files, so that a renamed function or test is found
here and not when somebody follows the table.
"""

import ast
import functools
from pathlib import Path

import pytest

from tests import hazards

ROOT = Path(__file__).parents[1]
KEYS = {"id", "rule", "hazards", "text", "built", "tests", "status"}
ROWS = hazards.requirements()


@functools.cache
def names(path: str) -> frozenset[str]:
    """What a file defines: ``function``, ``Class``, ``Class.method``, ``TABLE``."""
    file = ROOT / path
    if not file.is_file():
        return frozenset()
    return frozenset(_defined(ast.parse(file.read_text("utf-8")).body, ""))


def _defined(body: list[ast.stmt], owner: str) -> list[str]:
    found: list[str] = []
    for node in body:
        if isinstance(node, ast.FunctionDef):
            found.append(owner + node.name)
        elif isinstance(node, ast.ClassDef):
            found += [owner + node.name, *_defined(node.body, f"{owner}{node.name}.")]
        elif isinstance(node, ast.AnnAssign):
            found.append(owner + ast.unparse(node.target))
        elif isinstance(node, ast.Assign):
            found += [owner + ast.unparse(target) for target in node.targets]
    return found


def missing(references: list[str], separator: str, folder: str = "") -> list[str]:
    """References to what is not defined, or not below ``folder``."""
    found = []
    for reference in references:
        path, _, name = reference.partition(separator)
        if not path.startswith(folder) or name not in names(path):
            found.append(reference)
    return found


def is_test(reference: str) -> bool:
    """Pytest collects it by its name."""
    return reference.partition("::")[2].startswith(("test_", "Test"))


def test_ids_are_unique_and_rules_are_restated():
    ids = [row["id"] for row in ROWS]
    assert sorted(set(ids)) == sorted(ids)
    known = [rule["id"] for rule in hazards.rules()]
    assert sorted(set(known)) == sorted(known)
    assert {row["rule"] for row in ROWS} == set(known), "each rule has a requirement, and back"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_a_requirement_is_whole_and_its_references_exist(row):
    is_open = row["status"] == "open"
    assert row["status"] in ("proven", "open")
    assert set(row) == KEYS | ({"why"} if is_open else set())
    assert row["hazards"]
    assert row["text"].endswith(".")
    assert set(row["hazards"]) <= set(hazards.ids())
    assert missing(row["built"], ":") == []
    assert missing(row["tests"], "::", "tests/") == []
    assert all(map(is_test, row["tests"]))
    if is_open:
        assert len(row["why"]) > 40, "say what is missing and what protects meanwhile"
    else:
        assert row["built"], "say where it is built, or call it open"
        assert row["tests"], "name a test that fails without it, or call it open"


def test_what_is_wanted_is_whole_and_no_rule():
    rows = hazards.wanted()
    assert rows
    assert all(set(row) == {"id", "text", "why", "meanwhile"} for row in rows)
    assert all(row["id"].startswith("WANT-") for row in rows)
    assert all(len(row[key]) > 20 for row in rows for key in ("text", "why", "meanwhile"))
    assert len({row["id"] for row in rows}) == len(rows)


def test_references_that_lead_nowhere_are_found():
    assert missing(["state_machine/gate.py:judge", "state_machine/gate.py:Cause.name"], ":") == []
    assert missing(["state_machine/gate.py:judges", "state_machine/gates.py:judge"], ":") == [
        "state_machine/gate.py:judges",
        "state_machine/gates.py:judge",
    ]
    assert missing(["docs/drawn/gate.py::page"], "::", "tests/") == ["docs/drawn/gate.py::page"]
    assert not is_test("tests/leaks.py::snapshot")


def test_each_proven_requirement_was_broken_by_hand_once():
    """The table of what was broken names every proven requirement."""
    page = (ROOT / "docs" / "evidence" / "mutations-by-hand.md").read_text("utf-8")
    proven = {row["id"] for row in ROWS if row["status"] == "proven"}
    assert {name for name in proven if f"| {name} |" not in page} == set()
