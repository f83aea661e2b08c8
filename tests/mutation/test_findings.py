"""A survivor without an argument is named, so is an argument without its survivor."""

import tomllib
from pathlib import Path

import pytest

from tests.mutation import findings
from tests.mutation.findings import Argument, Known, Module, Mutant, Verdict
from tests.mutation.page import Origin, draw, kept

ROOT = Path(__file__).resolve().parents[2]
TABLE = tomllib.loads((findings.HERE / "table.toml").read_text("utf-8"))
MODULES = [module for group in TABLE["group"] for module in group["modules"]]

DIFF = """\
--- mutation diff ---
--- a/state_machine/hold.py
+++ b/state_machine/hold.py
@@ -1,3 +1,3 @@
 def may_arm(hold, now_ns):
-    return now_ns >= hold.since_ns
+    return now_ns > hold.since_ns
"""
FIRST = Mutant(
    "state_machine/hold.py",
    "may_arm",
    "return now_ns >= hold.since_ns",
    "return now_ns > hold.since_ns",
)
SECOND = Mutant("state_machine/hold.py", "", 'NAME = "it\'s"', "NAME = \"it's\" + 'x'")
ORIGIN = Origin("2026-01-02", "abcdef0", "a processor, 2 cores", "tool 1.0")


def found(*survivors: Mutant) -> list[Module]:
    return [Module("state_machine/hold.py", "abcdef0", 10, 10 - len(survivors), 1, 2, survivors)]


def test_a_mutant_is_known_by_its_line_before_and_after():
    assert findings.mutant("state_machine/hold.py", "may_arm", DIFF) == FIRST


def test_a_survivor_nobody_argued_is_named():
    verdict = findings.judge(found(FIRST, SECOND), [Argument("because", (FIRST,))])
    assert verdict == findings.Verdict(unargued=(SECOND,), stale=())
    page = draw(ORIGIN, found(FIRST, SECOND), Known(), findings.judge(found(FIRST, SECOND), ()))
    assert "## Not argued" in page
    assert f"- {FIRST.was}\n+ {FIRST.now}" in page


def test_an_argument_whose_mutant_is_noticed_now_is_out_of_date():
    verdict = findings.judge(found(SECOND), [Argument("because", (FIRST, SECOND))])
    assert verdict == findings.Verdict(unargued=(), stale=(FIRST,))


def test_of_modules_that_were_not_run_nothing_is_said():
    elsewhere = FIRST._replace(module="state_machine/gate.py")
    assert findings.judge(found(), [Argument("because", (elsewhere,))]) == ((), ())


def test_what_is_printed_can_be_pasted(tmp_path: Path):
    text = findings.as_toml([FIRST, SECOND])
    (tmp_path / "argued.toml").write_text(text, "utf-8")
    known = findings.read_known(tmp_path / "argued.toml")
    assert [each for row in known.argued for each in row.mutants] == [FIRST, SECOND]


def test_the_page_shows_figures_arguments_and_answers():
    known = Known((Argument("It is the same.", (FIRST,)),), (Argument("tests/x.py::y", (SECOND,)),))
    page = draw(ORIGIN, found(FIRST), known, findings.judge(found(FIRST), known.argued))
    assert "| `state_machine/hold.py` | abcdef0 | 10 | 9 | 1 | 2 | 1 | 0 |" in page
    assert "It is the same." in page
    assert "`tests/x.py::y`" in page
    assert "## Not argued" not in page
    assert all(word in page for word in ORIGIN)


def test_each_module_of_the_driver_is_in_the_table():
    there = {str(path.relative_to(ROOT)) for path in (ROOT / "drivers/new_era").glob("*.py")}
    assert {module for module in MODULES if module.startswith("drivers/")} == there
    assert len(set(MODULES)) == len(MODULES)


@pytest.mark.parametrize("path", MODULES + [t for g in TABLE["group"] for t in g["tests"]])
def test_what_the_table_names_exists(path: str):
    assert (ROOT / path).is_file()


def test_each_argument_has_words_and_each_answer_a_test():
    known = findings.read_known()
    assert all(len(argument.words.strip()) > 20 for argument in known.argued)
    for answer in known.answered:
        for test in answer.words.split():
            path, _, name = test.partition("::")
            assert f"def {name.partition('[')[0]}(" in (ROOT / path).read_text("utf-8"), test


def test_no_mutant_is_argued_twice():
    known = findings.read_known()
    mutants = [each for row in known.argued + known.answered for each in row.mutants]
    assert len(set(mutants)) == len(mutants)
    assert {each.module for each in mutants} <= set(MODULES)


def test_an_unchanged_module_keeps_its_figures_and_says_of_which_run():
    known = Known((Argument("Nobody presses so fast.", (FIRST,)),), ())
    text = draw(ORIGIN, found(FIRST), known, findings.judge(found(FIRST), known.argued))
    (again,) = kept(text, ["state_machine/hold.py"], known)
    assert again == found(FIRST)[0]._replace(run="2026-01-02, abcdef0")
    later = draw(ORIGIN._replace(date="2026-02-03"), [again], known, Verdict((), ()))
    assert "| 2026-01-02, abcdef0 |" in later
    assert kept(later, ["state_machine/hold.py"], known) == [again]


@pytest.mark.parametrize("name", ["state_machine/gate.py", "state_machine/hold.py"])
def test_what_an_earlier_page_does_not_hold_or_left_open_is_run_again(name):
    nothing = Known((), ())
    text = draw(ORIGIN, found(FIRST), nothing, findings.judge(found(FIRST), ()))
    with pytest.raises(SystemExit, match="name it too"):
        kept(text, [name], nothing)
