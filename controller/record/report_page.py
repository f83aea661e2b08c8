"""The report's sections: what was planned, what was measured, what was refused and why."""

from collections.abc import Iterator

from controller.record.report_case import Case
from controller.record.report_html import facts, paragraph, pill, section, table
from controller.record.report_plot import draw
from controller.record.report_units import (
    decimal,
    show,
    show_day,
    show_fact,
    show_high,
    show_low,
    show_relative,
    show_span,
    show_utc,
)
from state_machine.entries import (
    AlarmChanged,
    Exposed,
    GateClosed,
    HoldChanged,
    LedgerChanged,
    LedgerNarrowed,
    MotionEnded,
    MotionIntent,
    Noted,
    PhaseChanged,
    Refused,
    SelfTest,
    SideDaySaved,
    Started,
)
from state_machine.limits import LIMIT_BY_NAME, Bound
from state_machine.requests import ChooseDuct, HandInjected, SetUpRoom, Side
from state_machine.units import ceil_div

_SIDES = {Side.LEFT: "left", Side.RIGHT: "right"}
_STOPS = frozenset(
    {"stop", "pain", "abort", "suspected-extravasation", "medical-emergency", "device-fault"}
)
_GONE = frozenset({"gone, latched", "cleared"})
"""Changes of an alarm after which its condition is not there any more."""
_RELATIVE = "@Time"


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
    yield section("Delivered volume", _volumes(case), _side_days(case), _hand_injected(case))
    yield section("Pump motions", _motions(case))
    yield section("Exposures", _exposures(case))
    yield section("Alarms", _alarms(case))
    yield section("Time line", _time_line(case))
    yield section("Refused requests", _refusals(case))
    yield section("Gate closings", _gate(case))
    yield section("Self-tests", _self_tests(case))
    yield section("Prime and notes", _notes(case))
    yield section("Limits in force", _limits(case))
    yield section("Recorded deviations", _deviations(case))


# --- top --------------------------------------------------------------------------------------


def _cards(case: Case) -> str:
    opened = case.opened()
    ordered = show("_nl", opened.ordered_nl) if opened else "not recorded"
    low_nl, high_nl = delivered(case)
    moves = [end for _, end in case.of(MotionEnded) if end.purpose == "inject"]
    peak = max((value for _, value in case.curves.line_pa), default=None)
    highest = "not heard" if peak is None else f"{decimal(ceil_div(peak, 100), 1)} kPa"
    stops = [change for _, change in case.of(PhaseChanged) if change.event in _STOPS]
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


def delivered(case: Case) -> tuple[int, int]:
    """Delivered in this procedure over all its ducts, (low, high) in nL."""
    newest = {entry.duct: entry for _, entry in case.of(LedgerChanged)}
    return (
        sum(entry.low_nl for entry in newest.values()),
        sum(entry.high_nl for entry in newest.values()),
    )


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
            ("Breast", f"{_SIDES[opened.side]} (order: {_SIDES[opened.ordered_side]})"),
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


def _temperature(mounted: SetUpRoom) -> str:
    """As a person entered it; a room with a sensor takes no entry."""
    return show("_mc", mounted.temperature_mc) if mounted.temperature_mc else "by the line sensor"


# --- what was delivered -----------------------------------------------------------------------


def _volumes(case: Case) -> str:
    newest = {entry.duct: entry for _, entry in case.of(LedgerChanged)}
    rows = [
        (
            f"duct {duct}" if duct else "no duct chosen",
            show_low(entry.low_nl),
            show_high(entry.high_nl),
            show_high(entry.intent_nl),
            show_low(entry.side_day_low_nl),
            show_high(entry.side_day_high_nl),
        )
        for duct, entry in sorted(newest.items())
    ]
    return table(
        ("Duct", "#Low, µL", "#High, µL", "#Intent, µL", "#Today low, µL", "#Today high, µL"),
        rows,
        caption="True volume lies between low and high. Intent: the high that held if nothing "
        "more had been heard. Today: all ducts of this breast on this day.",
        empty="No volume was recorded.",
    )


def _side_days(case: Case) -> str:
    newest = {(e.patient_id, e.side): e for _, e in case.of(SideDaySaved)}
    rows = [
        (
            entry.patient_id,
            _side_name(entry.side),
            show_day(entry.utc_day),
            show_low(entry.low_nl),
            show_high(entry.high_nl),
            entry.injection_count,
            show_day(entry.locked_until_day) if entry.locked_until_day else "no",
        )
        for entry in newest.values()
    ]
    heads = ("Patient id", "Breast", "Day", "#Low, µL", "#High, µL", "#Injections", "Locked until")
    return table(heads, rows, caption="Kept for this breast and day", empty="") if rows else ""


def _side_name(letter: str) -> str:
    return {side.value: name for side, name in _SIDES.items()}.get(letter, letter)


def _hand_injected(case: Case) -> str:
    rows = [
        (show_relative(t_ns), show("_nl", request.volume_nl), request.by)
        for t_ns, request in case.requests(HandInjected)
    ]
    return table((_RELATIVE, "#Volume", "@By"), rows, caption="Injected by hand") if rows else ""


def _motions(case: Case) -> str:
    ended = {end.motion_id: (t_ns, end) for t_ns, end in case.of(MotionEnded)}
    rows = []
    for motion_id, (t_ns, intent) in case.intents().items():
        end_ns, end = ended.get(motion_id, (0, None))
        rows.append(
            (
                show_relative(t_ns),
                intent.purpose,
                intent.duct or "—",
                show("_nl", intent.until_nl - intent.base_nl),
                show("_nl", end.moved_nl) if end else "not known",
                show_span((end_ns - t_ns) // 100_000_000 * 100_000_000) if end else "—",
                ("reached" if end.reached else end.why or "ended early") if end else "no end",
            )
        )
    heads = (_RELATIVE, "Purpose", "#Duct", "#Commanded", "#Moved", "#Duration", "End")
    return table(heads, rows, empty="The pump was not moved.")


def _exposures(case: Case) -> str:
    ends = [t_ns for t_ns, end in case.of(MotionEnded) if end.purpose == "inject"]
    rows = []
    for t_ns, shot in case.of(Exposed):
        since = [end_ns for end_ns in ends if end_ns <= t_ns]
        rows.append(
            (
                show_relative(t_ns),
                shot.view,
                shot.exposure_count,
                decimal(shot.tube_voltage_v, 3),
                decimal(shot.tube_charge_uas, 3),
                shot.exposure_ms,
                f"AEC, pre-pulse {show('_uas', shot.prepulse_uas)}" if shot.aec else "manual",
                decimal(shot.force_mn // 100, 1),
                decimal(shot.thickness_um // 100, 1),
                f"{(t_ns - since[-1]) // 1_000_000_000} s" if since else "—",
            )
        )
    heads = (
        *(_RELATIVE, "View", "#Count", "#kV", "#mAs", "#ms", "Control"),
        *("#Force, N", "#Thickness, mm", "#After injection"),
    )
    return table(heads, rows, empty="No exposure was made.")


# --- what went otherwise ----------------------------------------------------------------------


class _AlarmRow:
    """One alarm from its rise to its end."""

    def __init__(self, t_ns: int, alarm: AlarmChanged) -> None:
        self.t_ns = t_ns
        self.alarm = alarm
        self.end = ""
        self.acknowledged = "no"


def _alarms(case: Case) -> str:
    rows: list[_AlarmRow] = []
    running: dict[str, _AlarmRow] = {}
    for t_ns, change in case.of(AlarmChanged):
        row = running.get(change.alarm)
        if change.change == "raised" or row is None:
            row = running[change.alarm] = _AlarmRow(t_ns, change)
            rows.append(row)
        if change.change in _GONE:
            row.end = row.end or show_relative(t_ns)
        elif change.change == "acknowledged":
            row.acknowledged = f"{show_relative(t_ns)} {change.by}".strip()
    return table(
        (_RELATIVE, "Priority", "Alarm", "Words", "@Gone", "Acknowledged"),
        [
            (
                show_relative(row.t_ns),
                pill(row.alarm.priority, row.alarm.priority),
                row.alarm.alarm,
                row.alarm.words,
                row.end or "present to the end",
                row.acknowledged,
            )
            for row in rows
        ],
        empty="No alarm was raised.",
    )


def _time_line(case: Case) -> str:
    rows: list[tuple[object, ...]] = []
    kinds: list[str] = []
    for t_ns, entry in case.entries:
        told = _tell(entry)
        if told is not None:
            what, words, by, kind = told
            rows.append((show_relative(t_ns), what, words, by))
            kinds.append(kind)
    return table((_RELATIVE, "Event", "What", "@By"), rows, kinds=kinds)


def _tell(entry: object) -> tuple[str, str, str, str] | None:
    """(event, words, by, row class) of an entry that belongs on the time line."""
    match entry:
        case PhaseChanged():
            kind = "warn" if entry.event in _STOPS else "step"
            return entry.event, f"{entry.source} → {entry.phase}", entry.by, kind
        case MotionIntent():
            volume = show("_nl", entry.until_nl - entry.base_nl)
            return "motion planned", f"{entry.purpose}, {volume}", "", ""
        case MotionEnded():
            end = "reached" if entry.reached else entry.why or "ended early"
            return "motion ended", f"{entry.purpose}, {show('_nl', entry.moved_nl)}: {end}", "", ""
        case LedgerNarrowed():
            words = (
                f"high {show('_nl', entry.high_before_nl)} → {show('_nl', entry.high_nl)}, low"
                f" {show('_nl', entry.low_before_nl)} → {show('_nl', entry.low_nl)}; motion"
                f" {entry.motion_id} was told up to {show('_nl', entry.until_nl)}, the pump's"
                f" counter stands at {show('_nl', entry.counter_nl)}; {entry.identity} was never"
                f" without power; {entry.proof}"
            )
            return "ledger narrowed", words, "", "step"
        case HoldChanged():
            return f"hold {entry.hold}", f"{entry.action} {entry.why}".strip(), "", ""
        case Exposed():
            return "exposure", f"{entry.view}, number {entry.exposure_count}", "", "step"
        case AlarmChanged():
            kind = "warn" if entry.change == "raised" else ""
            return (
                f"alarm {entry.change}",
                ": ".join(filter(None, (entry.alarm, entry.words))),
                entry.by,
                kind,
            )
        case Started():
            return "controller started", entry.program, "", "warn"
        case Noted():
            words = "; ".join(": ".join(show_fact(*fact)) for fact in entry.facts)
            return entry.topic, words, entry.by, ""
    return None


def _refusals(case: Case) -> str:
    rows = [
        (show_relative(t_ns), refused.what, "; ".join(refused.words), refused.by)
        for t_ns, refused in case.of(Refused)
    ]
    return table((_RELATIVE, "Asked for", "Refused because", "@By"), rows)


def _gate(case: Case) -> str:
    rows = [
        (show_relative(t_ns), gate.output, gate.words, gate.cause, gate.way_back)
        for t_ns, gate in case.of(GateClosed)
    ]
    return table((_RELATIVE, "Output", "Closed because", "Cause", "Way back"), rows)


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
        (_RELATIVE, "Test", "#Measured", "#From", "#To", "Result"),
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
    heads = (_RELATIVE, "Fact", "Value", "@By")
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
