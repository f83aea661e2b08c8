import argparse
import json
import re
import stat
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.record.chain import make_row
from controller.record.report import NoSuchCaseError, add_arguments, run, write_report
from controller.record.report_case import cases
from controller.record.report_draw import nice_step, thinned
from controller.record.report_html import table
from controller.record.report_style import css_string
from controller.record.report_units import (
    decimal,
    show,
    show_fact,
    show_high,
    show_low,
    show_relative,
)
from tests.record.journals import forger, read_rows, write_rows
from tests.record.procedure import Story, procedure, rows_of, start, write_procedure

NASTY = "Eva</style><script>alert(1)</script>\"'&"


class Page(HTMLParser):
    """Checks that tags close in order and gathers what the tests ask for."""

    VOID = frozenset({"meta", "br"})

    def __init__(self, text):
        super().__init__()
        self.open = []
        self.tags = []
        self.attributes = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes.extend(attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes.extend(attrs)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def report(path, number=0):
    out = path.with_suffix(".html")
    summary = write_report(path, out, number)
    return summary, out.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "journal.db"
    return report(write_procedure(path))


def test_the_page_is_whole_and_refers_to_nothing_outside(page):
    _, text = page
    parsed = Page(text)
    assert parsed.open == []
    assert not {"script", "link", "img", "iframe"} & set(parsed.tags)
    names = {name for name, _ in parsed.attributes}
    assert not names & {"src", "href", "onclick"}
    assert "url(" not in text
    assert "@import" not in text
    # The one address is the name of the SVG language, which nothing fetches.
    assert set(re.findall(r"https?://[^\"'\s<]*", text)) == {"http://www.w3.org/2000/svg"}


def test_the_figure_is_well_formed_and_described(page):
    [svg] = re.findall(r"<svg.*</svg>", page[1], re.DOTALL)
    root = ElementTree.fromstring(svg)  # noqa: S314 - our own text
    name = "{http://www.w3.org/2000/svg}"
    assert root.get("role") == "img"
    assert "Highest line pressure" in root.findtext(f"{name}desc", "")
    kinds = {element.get("class") for element in root.iter()}
    for kind in ("line", "net", "confirmed", "measured", "counter", "ordered"):
        assert f"curve {kind}" in kinds
    for kind in ("checkpoint", "band", "mark exposure", "mark alarm", "tint-flow", "tint-ray"):
        assert kind in kinds


@pytest.mark.parametrize("mode", ["simulated", "bench", "clinical"])
def test_the_mode_stands_on_top_in_the_title_and_on_every_printed_page(tmp_path, mode):
    summary, text = report(write_procedure(tmp_path / "j.db", mode))
    assert summary.mode == mode
    assert f"<title>{mode.upper()}: " in text
    assert f'<div class="mode"><strong>{mode.upper()}</strong>' in text
    assert f'@top-right {{ content: "{mode.upper()}"' in text


@pytest.mark.hazard("HZ-RECORD")
@pytest.mark.parametrize(
    "words",
    [
        "Muster, Eva",
        "Dr. I. Okafor",
        "M. Laine",
        "left (order: left)",
        "2 o&#x27;clock, orifice 1",
        "142.5 – 157.8 µL",  # delivered [low, high]
        "Iohexol 300, lot L-7781",
        "net pressure above the pause level",  # why a motion ended early
        "release the hold switch first",  # a refusal
        "net pressure 4.1 kPa is above the pause level 4 kPa",  # a gate closing
        "4100 Pa·s/µL",  # a self-test number
        '<td>stiffness</td><td class="n">0.712 µL/kPa</td>',
        "FAILED",
        "AEC, pre-pulse 4.1 mAs",
        "63.4",
        "No independent pressure switch",  # a deviation
        "galactograph 0.1.0",
        "The record holds together.",
    ],
)
def test_the_report_says(page, words):
    assert words in page[1]


def test_assumptions_are_marked_beside_the_value_in_force(page):
    [line] = re.findall(r"<tr><td>volume of one injection</td>.*?</tr>", page[1])
    assert "200 µL" in line
    assert "≤ 1000 µL" in line
    assert 'class="pill assumption"' in line
    assert "needs clinical validation" in page[1]


@pytest.mark.hazard("HZ-RECORD")
def test_the_printed_head_verifies_the_journal(tmp_path):
    path = write_procedure(tmp_path / "journal.db")
    summary, text = report(path)
    anchor = f"{summary.head_row}:{summary.head_hash}"
    assert f"journal verify journal.db --anchor {anchor}" in text
    assert summary.head_hash == read_rows(path)[-1].hash.hex()


@pytest.mark.hazard("HZ-RECORD")
def test_a_changed_record_is_said_before_anything_else(tmp_path):
    path = write_procedure(tmp_path / "journal.db")
    with forger(path) as connection:
        connection.execute("UPDATE block SET utc_ns = 1 WHERE number = 5")
    summary, text = report(path)
    assert not summary.record_holds
    assert text.index("does NOT hold together") < text.index("Delivered")
    assert "row 5 was edited" in text


def test_text_from_people_is_never_markup(tmp_path):
    _, text = report(write_procedure(tmp_path / "j.db", patient_name=NASTY))
    assert Page(text).open == []
    assert "script" not in Page(text).tags
    assert text.count("</style>") == 1


def test_the_report_is_for_its_owner_only(page):
    summary, _ = page
    assert stat.S_IMODE(Path(summary.out).stat().st_mode) == 0o600


def two_procedures(path):
    story = Story()
    start(story)
    procedure(story, "First, Ada")
    story.run(30, every_ms=500)
    procedure(story, "Second, Bea")
    story.run(30, every_ms=500)
    write_rows(path, rows_of(story.entries))
    return path


def test_an_alarm_is_gone_when_its_condition_is_not_when_it_was_acknowledged(page):
    # Raised when the second motion ended, gone 4 s later, acknowledged and cleared after 10 s.
    [row] = re.findall(
        r"<tr><td class=\"t\">([^<]*)</td><td><span class=\"pill medium.*?</tr>", page[1]
    )
    [line] = re.findall(rf"<tr><td class=\"t\">{row}</td><td><span class=\"pill.*?</tr>", page[1])
    seconds = [int(m) * 60 + float(s) for m, s in re.findall(r"(\d+):(\d\d\.\d)", line)]
    raised, gone, acknowledged = seconds
    assert round(gone - raised) == 4
    assert round(acknowledged - gone) == 10


def test_the_last_procedure_is_reported_unless_another_is_named(tmp_path):
    path = two_procedures(tmp_path / "j.db")
    summary, text = report(path)
    assert (summary.case, summary.case_count) == (2, 2)
    assert "Second, Bea" in text
    assert "First, Ada" not in text
    assert "First, Ada" in report(path, 1)[1]
    with pytest.raises(NoSuchCaseError, match=r"no procedure 3 in it; it has 2 \(1 to 2\)"):
        report(path, 3)


def test_what_follows_the_closing_belongs_to_no_procedure(tmp_path):
    first, second = cases(iter(read_rows(two_procedures(tmp_path / "j.db"))))
    assert first.closed
    assert first.end_utc_ns < second.begin_utc_ns
    assert second.end_utc_ns - second.begin_utc_ns == second.entries[-1].t_ns


def test_a_procedure_over_a_restart_is_one_and_shows_the_restart(tmp_path):
    story = Story()
    start(story)
    procedure(story)
    cut = next(
        place
        for place, entry in enumerate(story.entries)
        if getattr(entry, "event", "") == "finish-injection"
    )
    story.entries = story.entries[:cut]
    again = Story()
    again.entries = list(story.entries)
    again.now_ns = 100 * 10**9  # the machine was started anew: boot time began again
    start(again)
    again.phase = "injecting"
    again.run(2)
    again.move("fault", "recovery")
    first = rows_of(story.entries)
    rows = rows_of(again.entries)[: len(first) - 1]
    utc_ns = first[-1].utc_ns + 60 * 10**9
    rest = again.entries[rows[-1].last_seq :]
    before = [entry for entry in rest if entry.seq <= cut]
    rows.append(make_row(rows[-1], before, first[-1].boot_ns, first[-1].utc_ns, "boot/run-1"))
    after = [entry for entry in rest if entry.seq > cut]
    rows.append(make_row(rows[-1], after, after[-1].at_ns, utc_ns, "boot-2/run-2"))
    write_rows(tmp_path / "j.db", rows)
    (case,) = cases(iter(rows))
    assert not case.closed
    times = [at.t_ns for at in case.entries]
    assert times == sorted(times)
    _, text = report(tmp_path / "j.db")
    assert "controller started" in text
    assert "This procedure has not been closed." in text


def test_a_procedure_without_any_flow_is_reported_too(tmp_path):
    story = Story()
    start(story)
    story.now_ns += 1
    story.move("open", "checklist")
    write_rows(tmp_path / "j.db", rows_of(story.entries))
    _, text = report(tmp_path / "j.db")
    assert Page(text).open == []
    assert "The pump was not moved." in text
    assert "not heard" in text


# --- parts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("injection_volume_nl", 200_000, "200 µL"),
        ("rate_nl_min", 150_500, "150.5 µL/min"),
        ("ramp_nl_min_s", 40_000, "40 µL/min per s"),
        ("x_pa", -1_234, "−1.234 kPa"),
        ("force_mn", 38_250, "38.25 N"),
        ("temperature_mc", 36_500, "36.5 °C"),
        ("band_low_ppm", 600_000, "60 %"),
        ("motor_time_ns", 180 * 10**9, "3 min"),
        ("x_ns", 1_500_000_000, "1.5 s"),
        ("late_pass_ns", 50_000_000, "50 ms"),
        ("x_ns", 0, "0 ms"),
        ("lock_days_count", 14, "14"),
        ("something", 7, "7"),
    ],
)
def test_quantities_are_shown_in_the_unit_people_use(name, value, words):
    assert show(name, value) == words


def test_facts_lose_their_suffix_only_when_they_are_numbers():
    assert show_fact("prime_nl", "92000") == ("prime", "92 µL")
    assert show_fact("prime_nl", "much") == ("prime nl", "much")
    assert show_fact("why", "12") == ("why", "12")
    assert show_fact("temperature_mc", "None") == ("temperature", "not known")


@given(st.integers(0, 10**7))
def test_a_delivered_volume_is_never_shown_smaller_than_it_may_be(volume_nl):
    assert float(show_low(volume_nl)) * 1000 <= volume_nl + 1e-6
    assert float(show_high(volume_nl)) * 1000 >= volume_nl - 1e-6


@given(st.integers(-(10**12), 10**12), st.integers(0, 6))
def test_decimal_is_exact(value, digits):
    text = decimal(value, digits).replace("−", "-")
    whole, _, rest = text.partition(".")
    assert int(whole + rest.ljust(digits, "0")) == value or (value < 0 and whole == "-0")


@pytest.mark.parametrize(
    ("ns", "words"),
    [
        (0, "0:00.0"),
        (61_250_000_000, "1:01.2"),
        (3_600 * 10**9, "1:00:00.0"),
        (-(10**9), "−0:01.0"),
    ],
)
def test_relative_times(ns, words):
    assert show_relative(ns) == words


@given(st.integers(1, 10**9), st.integers(1, 12))
def test_a_nice_step_cuts_into_no_more_parts_than_asked(extent, count):
    step = nice_step(extent, count)
    assert step * count >= extent
    assert str(step).rstrip("0") in {"1", "2", "5"}


@given(st.lists(st.tuples(st.integers(0, 80).map(lambda x: x / 4), st.floats(-5, 5)), min_size=1))
def test_thinning_loses_no_peak_and_keeps_the_order(points):
    points.sort(key=lambda point: point[0])
    kept = thinned(points)
    assert max(y for _, y in kept) == max(y for _, y in points)
    assert min(y for _, y in kept) == min(y for _, y in points)
    assert [x for x, _ in kept] == sorted(x for x, _ in kept)
    assert len(kept) <= 4 * 41


@given(st.text())
def test_a_css_string_has_nothing_that_means_anything(text):
    assert set(re.sub(r"\w", "", css_string(text)[1:-1])) <= {"\\"}


def test_a_cell_is_escaped():
    assert "<b>" not in table(("Head",), [("<b>",)])


# --- the command --------------------------------------------------------------------------------


def command(*words):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args([str(word) for word in words]))


def test_the_command_answers_with_words_and_status(tmp_path, capsys):
    path = write_procedure(tmp_path / "j.db")
    out = tmp_path / "report.html"
    assert command(path, "-o", out) == 0
    assert "the record holds" in capsys.readouterr().out
    assert command(path, "-o", out, "--json") == 0
    assert json.loads(capsys.readouterr().out)["mode"] == "simulated"
    with forger(path) as connection:
        connection.execute("UPDATE block SET utc_ns = 1 WHERE number = 5")
    assert command(path, "-o", out) == 1
    assert "DOES NOT HOLD" in capsys.readouterr().out


def test_bad_input_is_refused_in_words(tmp_path, capsys):
    path = write_procedure(tmp_path / "j.db")
    assert command(tmp_path / "none.db", "-o", tmp_path / "r.html") == 2
    assert "there is no such file" in capsys.readouterr().err
    assert command(path, "-o", tmp_path / "nowhere" / "r.html") == 2
    assert "folder that exists" in capsys.readouterr().err
    write_rows(tmp_path / "empty.db", [])
    assert command(tmp_path / "empty.db", "-o", tmp_path / "r.html") == 2
    assert "no procedure in it; it has none yet" in capsys.readouterr().err
