"""Each condition of the workflow has a code: screens go by it and never by words."""

import re
from pathlib import Path

import pytest

from controller import messages
from state_machine import codes
from state_machine.facts import Facts
from state_machine.guide import ways
from state_machine.phases import Condition
from state_machine.requests import Do, Event, Role
from state_machine.state import Phase
from state_machine.step import step
from state_machine.workflows.galactography import WORKFLOWS
from tests.core.fixtures import NOW_NS, readings, replace, state

ROWS = [row for workflow in WORKFLOWS.values() for row in workflow.rows]
CONDITIONS: list[Condition] = [
    need for row in ROWS for need in (*row.needs, *((row.only,) if row.only else ()))
]
PAGES = Path(__file__).parents[2] / "controller" / "console" / "static" / "js"


def test_a_code_is_the_name_of_the_fact_that_is_missing():
    known = {name.replace("_", "-") for name in Facts.__struct_fields__}
    assert {need.code for need in CONDITIONS} - known == set()
    assert all(codes.CODES[need.words] == need.code for need in CONDITIONS)


def test_ways_on_and_refusals_carry_their_codes():
    made = state(Phase.STOPPED)
    made = replace(made, stop=replace(made.stop, event="pain", anchor=Phase.ARM))
    (way,) = [w for w in ways(made, readings(), NOW_NS) if w.event is Event.RESUME]
    assert "may-resume" in way.missing
    assert len(way.missing) == len(way.waits_for)
    asked = Do(by="T. Weber", role=Role.TECHNOLOGIST, event=Event.RESUME)
    (reply,) = step(made, readings(), (asked,), NOW_NS).replies
    assert reply.codes[0] == "may-resume"
    told = messages.reply(1, "do", reply.refusals, codes=reply.codes)
    assert b'"codes":["may-resume"' in told


def test_words_with_values_have_no_code_and_a_reply_without_codes_says_none():
    assert codes.of(("77 nL: enter 1 to 5 nL",)) == ("",)
    assert b"codes" not in messages.reply(1, "do", ("x",), codes=("",))


@pytest.mark.parametrize(
    "path", [p for p in sorted(PAGES.rglob("*.js")) if p.name != "words.js"], ids=lambda p: p.name
)
def test_no_page_knows_the_words_of_a_refusal(path):
    text = path.read_text("utf-8")
    for words in codes.CODES:
        assert words not in text, words
    assert not re.search(r"(refusals?|missing|words|ways)\b[^;]*\.includes\(\"[a-z0-9]+ ", text)
    for code in re.findall(r"(?:waitsFor|missingBut)\(s, \w+|wasRefused\(\"([a-z0-9-]+)\"", text):
        assert not code or code in codes.CODES.values()
    for code in re.findall(r'(?:waitsFor|missingBut)\(s, [^,]+, "([a-z-]+)"', text):
        assert code in codes.CODES.values(), f"{path.name} waits for an unknown {code}"
