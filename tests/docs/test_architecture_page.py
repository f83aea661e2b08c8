"""Every file and function that the architecture page and the decisions name is in the code."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "architecture.md"
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
FILE = re.compile(r"`((?:[a-z_]+/)+[a-z_]+\.py)(?::([A-Za-z_][\w.]*))?`")
FOLDER = re.compile(r"`((?:controller|docs|drivers|state_machine|config|sim|tests)(?:/[a-z_]+)*)`")


def named(text: str) -> list[tuple[str, str]]:
    """Files with the name inside them, ``""`` for a file alone."""
    return FILE.findall(text)


def names_in(body: list[ast.stmt], owner: str = "") -> set[str]:
    """Functions, classes, methods and constants that a file defines, methods as ``A.b``."""
    found = set()
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(owner + node.name)
        if isinstance(node, ast.ClassDef):
            found |= names_in(node.body, f"{node.name}.")
        if isinstance(node, ast.Assign):
            found |= {owner + t.id for t in node.targets if isinstance(t, ast.Name)}
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(owner + node.target.id)
    return found


def missing(path: str, name: str) -> str:
    """What is wrong with a name on the page; empty when it is there."""
    file = ROOT / path
    if not file.is_file():
        return f"{path}: no such file"
    if name and name not in names_in(ast.parse(file.read_text("utf-8")).body):
        return f"{path}: no {name} in it"
    return ""


@pytest.mark.parametrize("page", [PAGE, *DECISIONS], ids=lambda page: page.name)
def test_names_on_the_page_are_in_the_code(page: Path):
    assert [words for found in named(page.read_text("utf-8")) if (words := missing(*found))] == []


def test_folders_on_the_page_are_there():
    folders = set(FOLDER.findall(PAGE.read_text("utf-8")))
    assert "drivers/new_era" in folders
    assert [f for f in folders if not (ROOT / f).is_dir()] == []


def test_the_walk_is_long_enough_to_be_one():
    walk = PAGE.read_text("utf-8").split("## One pressure answer")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (\d+) \|.*$", walk, re.M)
    assert rows == [str(number) for number in range(1, len(rows) + 1)]
    assert len(rows) >= 30
    assert len([found for found in named(walk) if found[1]]) >= len(rows)


def test_a_name_that_is_not_there_is_found():
    text = "`drivers/ports.py:DescriptorPort.sleep`, `drivers/port.py`, `drivers/ports.py`"
    assert [missing(*found) for found in named(text)] == [
        "drivers/ports.py: no DescriptorPort.sleep in it",
        "drivers/port.py: no such file",
        "",
    ]
