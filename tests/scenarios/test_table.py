"""The table of scenarios: each sequence has its file, and each file its sequence."""

import ast
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.test_requirements import missing

HERE = Path(__file__).parent
COUNT = 25
"""Sequences of the safety rules' section 6, 21 of them, and those that campaigns found."""


class Row(NamedTuple):
    """One row of ``README.md``."""

    number: str
    sequence: str
    file: str
    real: str
    must: str


def rows() -> list[Row]:
    lines = (HERE / "README.md").read_text("utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "|" in line]
    return [Row(*row) for row in cells if row[0].isdigit()]


def story(name: str) -> ast.Module:
    return ast.parse((HERE / name).read_text("utf-8"))


def test_the_sequences_stand_in_order():
    assert [row.number for row in rows()] == [str(number) for number in range(1, COUNT + 1)]


def test_every_file_is_in_the_table_once():
    files = sorted(path.name for path in HERE.glob("test_*.py") if path.name != "test_table.py")
    linked = [re.fullmatch(r"\[(.+)\]\((.+)\)", row.file) for row in rows()]
    assert all(match and match[1] == match[2] for match in linked)
    assert sorted(match[1] for match in linked if match) == files


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.number)
def test_a_file_tells_its_sequence_what_must_happen_and_who_judges(row: Row):
    tree = story(row.file[1:].partition("]")[0])
    told = ast.get_docstring(tree) or ""
    first = told.splitlines()[0].replace("``", "`").rstrip(".")
    assert first == row.sequence
    assert "\nMust happen: " in told
    assert "\nJudge: " in told
    assert row.must


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.number)
def test_its_tests_name_their_hazards_and_its_real_form_exists(row: Row):
    tree = story(row.file[1:].partition("]")[0])
    tests = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    tests = [node for node in tests if node.name.startswith("test_")]
    assert tests
    for node in tests:
        marks = [ast.unparse(mark) for mark in node.decorator_list]
        assert any("mark.hazard(" in mark for mark in marks), node.name
    real = re.findall(r"`([^`]+)`", row.real)
    assert bool(real) is (row.real != "-")
    assert missing(real, "::", "tests/") == []
