"""The report's sections in their order, and what stands at its top and its end."""

from collections.abc import Iterator

from controller.record import report_done, report_events
from controller.record.report_case import Case
from controller.record.report_html import TIME, facts, paragraph, pill, section, table
from controller.record.report_plot import draw
from controller.record.report_units import (
    SIDE_WORDS,
    decimal,
    show,
    show_fact,
    show_high,
    show_low,
    show_relative,
    show_utc,
)
from state_machine.entries import (
    AlarmChanged,
    Exposed,
    MotionEnded,
    Noted,
    PhaseChanged,
    SelfTest,
    Started,
)
from state_machine.limits import LIMIT_BY_NAME, Bound
from state_machine.requests import ChooseDuct, SetUpRoom
from state_machine.units import ceil_div


def sections(case: Case) -> Iterator[str]:
    """All sections of one procedure, in the order of the page."""
    yield _cards(case)
    yield _people(case)
    figure = paragraph(
        "Measured values come from the pump's own counter and the line sensor. "
        "Shading: injecting blue, holding and settling yellow, compression green, exposure "
        "violet, stopped red.",
        "soft",
    )
    yield section("Course", f"<figure>{draw(case)}<figcaption>{figure}</figcaption></figure>")
    yield section(
        "Delivered volume",
        report_done.volumes(case),
        report_done.side_days(case),
        report_done.hand_injected(case),
    )
    yield section("Pump motions", report_done.motions(case))
    yield section("Exposures", report_done.exposures(case))
    yield section("Alarms", report_events.alarms(case))
    yield section("Time line", report_events.time_line(case))
    yield section("Who asked", _who(case))
    yield section("Refused requests", report_events.refusals(case))
    yield section("Gate closings", report_events.gate_closings(case))
    yield section("Self-tests", _self_tests(case))
    yield section("Prime and notes", _notes(case))
    yield section("Limits in force", _limits(case))
    yield section("Recorded deviations", _deviations(case))


# --- top --------------------------------------------------------------------------------------


def _cards(case: Case) -> str:
    opened = case.opened()
    ordered = show("_nl", opened.ordered_nl) if opened else "not recorded"
    low_nl, high_nl = report_done.delivered(case)
    moves = [end for _, end in case.of(MotionEnded) if end.purpose == "inject"]
    peak = max((value for _, value in case.curves.line_pa), default=None)
    highest = "not heard" if peak is None else f"{decimal(ceil_div(peak, 100), 1)} kPa"
    stops = [change for _, change in case.of(PhaseChanged) if change.event in report_events.STOPS]
    alarms = {alarm.alarm for _, alarm in case.of(AlarmChanged) if alarm.change == "raised"}
    cards = (
        ("Delivered, low to high", f"{show_low(low_nl)} – {show_high(high_nl)} µL"),
        ("Ordered", ordered),
        ("Injection motions", f"{len(moves)}"),
        ("Highest line pressure", highest),
        ("Exposures", f"{len(case.of(Exposed))}"),
        ("Alarms · stops", f"{len(alarms)} · {len(stops)}"),
    )
    items = "".join(f"<li><span>{name}</span><b>{value}</b></li>" for name, value in cards)
    return f'<ul class="cards">{items}</ul>'


def _people(case: Case) -> str:
    opened, mounted = case.opened(), [request for _, request in case.requests(SetUpRoom)]
    ducts = [request for _, request in case.requests(ChooseDuct)]
    places = dict.fromkeys(f"{duct.clock_h} o'clock, orifice {duct.orifice}" for duct in ducts)
    pairs: list[tuple[str, object]] = []
    if opened is not None:
        pairs += [
            ("Patient", opened.patient_name),
            ("Patient id", opened.patient_id),
            ("Birth date", opened.birth_date),
            ("Accession", opened.accession),
            ("Entered", "from the worklist" if opened.from_worklist else "by hand"),
            ("Breast", f"{SIDE_WORDS[opened.side]} (order: {SIDE_WORDS[opened.ordered_side]})"),
            ("Duct", "; ".join(places)),
            ("Performed by", opened.performer),
            ("Assisted by", opened.assistant),
        ]
    if mounted:
        last = mounted[-1]
        pairs += [
            ("Contrast", f"{last.contrast}, lot {last.lot}"),
            ("Contrast temperature", _temperature(last)),
            ("Syringe", f"{last.syringe}, {show('_nl', last.volume_nl)} in it"),
            ("Cannula", last.cannula),
        ]
    pairs += [
        ("Opened", show_utc(case.begin_utc_ns)),
        ("Closed" if case.closed else "Last entry", show_utc(case.end_utc_ns)),
    ]
    open_still = "" if case.closed else paragraph("This procedure has not been closed.", "high")
    return section("Procedure", facts(pairs), open_still)


def _who(case: Case) -> str:
    """Who asked for what was done, and how their name is known."""
    rows = [
        (by or "nobody named", role, how, count)
        for (by, role, how), count in sorted(case.who.items(), key=lambda one: -one[1])
    ]
    kinds = ["warn" if "refused" in how else "" for _, _, how, _ in rows]
    heads = ("@Name", "Role", "Name known by", "#Requests")
    return table(heads, rows, kinds=kinds, empty="Nobody asked for anything.")


def _temperature(mounted: SetUpRoom) -> str:
    """As a person entered it; a room with a sensor takes no entry."""
    return show("_mc", mounted.temperature_mc) if mounted.temperature_mc else "by the line sensor"


# --- what was proved and noted ----------------------------------------------------------------


def _self_tests(case: Case) -> str:
    tests = case.of(SelfTest)
    rows = [
        (
            show_relative(t_ns),
            test.name,
            show(f"_{test.unit}", test.measured),
            show(f"_{test.unit}", test.low),
            show(f"_{test.unit}", test.high),
            "passed" if test.passed else "FAILED",
        )
        for t_ns, test in tests
    ]
    return table(
        (TIME, "Test", "#Measured", "#From", "#To", "Result"),
        rows,
        kinds=["" if test.passed else "warn" for _, test in tests],
        caption="Each number must lie in its band before anything is injected.",
        empty="No self-test was recorded.",
    )


def _notes(case: Case) -> str:
    by_topic: dict[str, list[tuple[object, ...]]] = {}
    for t_ns, note in case.of(Noted):
        for fact in note.facts:
            line = (show_relative(t_ns), *show_fact(*fact), note.by)
            by_topic.setdefault(note.topic, []).append(line)
    if not by_topic:
        return paragraph("Nothing was noted.", "soft")
    heads = (TIME, "Fact", "Value", "@By")
    return "".join(table(heads, rows, caption=topic) for topic, rows in by_topic.items())


# --- what was in force ------------------------------------------------------------------------


def _limits(case: Case) -> str:
    if case.started is None:
        return paragraph("The record does not say which limits were in force.", "high")
    words = paragraph(
        "Every limit needs clinical validation before use on people. A limit marked as an "
        "assumption is an engineering assumption without a published figure behind it.",
        "note",
    )
    parts = [words, _limit_table(case.started, "")]
    shown = case.started.limits
    for t_ns, again in case.of(Started):
        if again.limits != shown:
            caption = f"After the restart at {show_relative(t_ns)}"
            parts.append(_limit_table(again, caption))
            shown = again.limits
    return "".join(parts)


def _limit_table(started: Started, caption: str) -> str:
    rows = []
    for name, value, ceiling, meaning, evidence in started.limits:
        known = LIMIT_BY_NAME.get(name)
        sense = "≥" if known is not None and known.bound is Bound.AT_LEAST else "≤"
        mark = pill(evidence, "assumption" if evidence == "assumption" else "")
        rows.append((meaning, show(name, value), f"{sense} {show(name, ceiling)}", mark))
    heads = ("Limit", "#In force", "#Ceiling", "Evidence")
    return table(heads, rows, caption=caption, empty="No limits were recorded.")


def _deviations(case: Case) -> str:
    starts = [case.started] if case.started else []
    starts += [again for _, again in case.of(Started)]
    deviations = dict.fromkeys(words for started in starts for words in started.deviations)
    return table(("Deviation",), [(words,) for words in deviations], empty="None recorded.")
