"""Documents drawn from tables are fresh, and a stale one is named."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from state_machine.limits import LIMITS, Limits
from tests.docs.test_links import anchors

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "docs" / "generate.py"


@pytest.fixture(scope="module")
def generate():
    spec = importlib.util.spec_from_file_location("generate", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = before
    return module


def drawn(name: str):
    return sys.modules[f"drawn.{name}"]


def test_committed_pages_are_fresh():
    outcome = subprocess.run(
        [sys.executable, str(SCRIPT), "--check"], capture_output=True, text=True, cwd=ROOT
    )
    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (0, "", "")


def test_a_missing_or_changed_page_is_named_and_then_mended(generate, tmp_path, capsys):
    arguments = ["--folder", str(tmp_path)]
    assert generate.main([*arguments, "--check"]) == 1
    told = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in told] == [f"docs/{name}" for name in generate.PAGES]
    assert all("make docs" in line for line in told)
    assert not list(tmp_path.iterdir())

    assert generate.main(arguments) == 0
    assert generate.main([*arguments, "--check"]) == 0
    capsys.readouterr()

    page = tmp_path / "safety" / "limits.md"
    page.write_text(page.read_text("utf-8").replace("0.2 mL", "0.3 mL"), encoding="utf-8")
    assert generate.main([*arguments, "--check"]) == 1
    assert capsys.readouterr().out.startswith("docs/safety/limits.md differs")


@pytest.mark.parametrize(
    ("module", "name", "page"),
    [
        ("alarms", "ALARMS", "alarms.md"),
        ("gate", "CAUSES", "gate.md"),
        ("limits", "LIMITS", "safety/limits.md"),
        ("workflow", "COMMON", "workflow.md"),
        ("registers", "DEVICES", "registers.md"),
        ("config", "ROOM", "config.md"),
        ("api", "REQUESTS", "api.md"),
        ("trace", "REQUIREMENTS", "safety/trace.md"),
    ],
)
def test_a_changed_table_makes_the_check_fail(generate, monkeypatch, capsys, module, name, page):
    table = getattr(drawn(module), name)
    monkeypatch.setattr(drawn(module), name, table[1:])
    assert generate.main(["--check"]) == 1
    assert f"docs/{page} differs" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("injection_volume_nl", 1_000_000, "1 mL"),
        ("first_checkpoint_nl", 50_000, "0.05 mL"),
        ("tip_drop_nl", 5_000, "5 µL"),
        ("rate_nl_min", 200_000, "0.2 mL/min"),
        ("ramp_nl_min_s", 40_000, "0.04 mL/min per s"),
        ("line_pressure_pa", 138_000, "138 kPa"),
        ("force_mn", 40_000, "40 N"),
        ("temperature_low_mc", 20_000, "20 °C"),
        ("band_high_ppm", 1_700_000, "1.7 times"),
        ("lock_days_count", 14, "14 days"),
        ("tip_drop_count", 3, "3"),
        ("motor_time_ns", 180 * 10**9, "180 s"),
        ("dwell_warn_ns", 720 * 10**9, "12 min"),
        ("line_fresh_ns", 60 * 10**6, "60 ms"),
    ],
)
def test_quantities_are_shown_in_human_units(generate, name, value, shown):
    assert drawn("quantity").human(name, value) == shown


def test_a_name_without_a_unit_is_refused(generate):
    with pytest.raises(ValueError, match="volume: no unit"):
        drawn("quantity").human("volume", 1)


@pytest.mark.hazard("HZ-USE-ERROR")
def test_each_assumption_is_marked_beside_its_value(generate):
    lines = (ROOT / "docs" / "safety" / "limits.md").read_text("utf-8").splitlines()
    rows = {line.split("`")[1]: line for line in lines if line.startswith("| `")}
    assert set(rows) == {row.name for row in LIMITS} == set(Limits.__struct_fields__)
    for row in LIMITS:
        assert ("⚠ assumption" in rows[row.name]) is (row.evidence == "assumption")


def test_a_source_that_is_not_restated_is_refused(generate):
    sources = drawn("sources")
    assert sources.references_in("D; B2: S14, S1") == ["S1", "S14"]
    assert sources.parts_in("D; B2: S14") == ["B2", "D"]
    for text, find in [
        ("S99", sources.references_in),
        ("E7", sources.parts_in),
        ("safety rules 9.9", sources.rules_in),
    ]:
        with pytest.raises(ValueError, match="not restated"):
            find(text)


def test_every_row_of_the_workflow_is_on_its_page(generate):
    workflow = drawn("workflow")
    text = workflow.page()
    for row in (*workflow.COMMON, *workflow.CANNULA_IN, *workflow.SEALED_PORE):
        assert f"`{row.event.value}`" in text
        assert row.prompt in text
        assert all(need.words in text for need in row.needs)


@pytest.mark.hazard("HZ-USE-ERROR")
def test_what_is_open_stands_first_and_everything_is_traced(generate):
    trace = drawn("trace")
    text = trace.page()
    before = text[: text.index("## By hazard")]
    for row in trace.REQUIREMENTS:
        assert (f"[{row['id']}]" in before) is (row["status"] == "open"), row["id"]
        assert all(f"`{reference}`" in text for reference in row["built"] + row["tests"])
    headings = anchors(text)
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= headings
    assert all(f"### {hazard['id']}\n" in text for hazard in trace.HAZARDS)
