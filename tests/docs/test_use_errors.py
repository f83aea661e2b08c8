"""Each trap of ``docs/safety/use-errors.md`` names a test that is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "safety" / "use-errors.md").read_text("utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and "---" not in line][1:]
NAMED = re.compile(r"`((?:tests/\w+/)?)(test_\w+\.py)(?:::(test_\w+))?`")
AS_BEFORE = "the same"


def test_every_trap_names_a_test_that_is_there():
    wrong = []
    for row in ROWS:
        found = NAMED.findall(row)
        if not found and not row.endswith(f"| {AS_BEFORE} |"):
            wrong.append(row)
        for folder, file, test in found:
            path = ROOT / (folder or "tests/browser/") / file
            text = path.read_text("utf-8") if path.exists() else ""
            if f"def {test}(" not in text if test else not text:
                wrong.append(f"{folder}{file}::{test}")
    assert wrong == []


def test_there_are_traps():
    assert len(ROWS) > 20
