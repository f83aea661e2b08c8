"""The command: exit status, words for people, one JSON object per line."""

import argparse
import io
import json

import pytest

from config.check import add_arguments, run
from state_machine.limits import LIMITS
from tests.config.conftest import KNOWN


def check(*arguments: str) -> tuple[int, str]:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    out = io.StringIO()
    return run(parser.parse_args(arguments), KNOWN, out), out.getvalue()


def test_a_good_room_shows_every_limit_with_its_evidence():
    status, text = check("demo")
    assert status == 0
    lines = text.splitlines()
    for row in LIMITS:
        (line,) = [line for line in lines if f" {row.name} " in line and "looser" not in line]
        assert row.evidence in line
    assert "mode SIMULATED" in text
    assert any(line.startswith(" * prime_volume_nl") for line in lines)


def test_deviations_are_shown():
    assert "pressure switch" in check("bench-template")[1]


def test_problems_are_shown_with_value_range_and_advice(site):
    site.change("baud = 19_200", "address = 100").limit("rate_nl_min = 600_000")
    status, text = check(str(site.room_path))
    assert status == 1
    for part in ("refused: 2 problems", "pump.address = 100", "0 to 99", "limits.rate_nl_min"):
        assert part in text
    assert str(site.procedure_path) in text


def test_a_syntax_error_shows_its_line(site):
    site.change("[pump]", "[pump")
    assert "file = line " in check(str(site.room_path))[1]


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_a_missing_file_is_status_2(flags):
    status, text = check("no-such-file.toml", *flags)
    assert status == 2
    assert "no-such-file.toml" in text


def test_json_of_a_good_room():
    status, text = check("demo", "--json")
    objects = [json.loads(line) for line in text.splitlines()]
    assert status == 0
    assert [o["name"] for o in objects if o["kind"] == "limit"] == [row.name for row in LIMITS]
    assert objects[-1]["kind"] == "summary"
    assert objects[-1]["ok"] is True
    assert len(objects[-1]["sha256"]) == 64


def test_json_of_a_bad_room(site):
    site.change("baud = 19_200", "address = 100")
    status, text = check(str(site.room_path), "--json")
    problem, summary = (json.loads(line) for line in text.splitlines())
    assert status == 1
    assert (problem["key"], problem["value"]) == ("pump.address", "100")
    assert summary == {"kind": "summary", "ok": False, "problem_count": 1}
