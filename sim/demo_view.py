"""What the demo shows: a live panel on a terminal, lines where there is none, a table last."""

from pathlib import Path
from types import TracebackType
from typing import Any, Final

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from controller.record.report import ReportSummary
from controller.record.verify import Verdict

_PRIORITY: Final = {"high": "bold white on red", "medium": "black on yellow", "low": "cyan"}
_STEPS: Final = (
    ("standby", "checklist", "set-up", "prime-and-zero"),
    ("locate-duct", "cannulate", "arm", "injecting", "settle"),
    ("compression", "exposure", "review", "decannulate", "aftercare", "closed"),
)
"""Before the patient's duct, in it, after it; every row fits into 80 columns."""
_STEP_OF: Final = {
    "arm-confirm": "arm",
    "armed": "arm",
    "holding": "injecting",
    "exposure-armed": "exposure",
}
"""Phases that share a step with another."""
_LINE_EVERY_MS: Final = 2_000


def millilitres(volume_nl: int) -> str:
    """Volume in mL with the counter's microlitres."""
    return f"{volume_nl / 1e6:.3f}"


def kilopascals(pressure_pa: int | None) -> str:
    """Pressure in kPa, a dash where it is not known."""
    return "-" if pressure_pa is None else f"{pressure_pa / 1e3:.1f}"


class View:
    """Shows snapshots; a context."""

    def __init__(self, quiet: bool = False) -> None:
        """Choose the way of showing by what standard output is."""
        self._console = Console(quiet=quiet, highlight=False)
        self._live: Live | None = None
        self._phase = ""
        self._alarms: set[str] = set()
        self._line_ms = 0
        self._zero_ms = -1

    def __enter__(self) -> "View":
        """Begin showing."""
        if self._console.is_terminal:
            self._live = Live(console=self._console, refresh_per_second=8, auto_refresh=True)
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End showing; the last panel stays."""
        if self._live is not None:
            self._live.stop()

    def show(self, snapshots: list[dict[str, Any]]) -> None:
        """Show the newest; say phases and alarms that passed in between."""
        if self._zero_ms < 0:
            self._zero_ms = snapshots[0]["t_ms"]
        for shown in snapshots:
            self._say_changes(shown, _clock(shown["t_ms"] - self._zero_ms))
        if self._live is not None:
            self._live.update(panel(snapshots[-1]))

    def _say_changes(self, shown: dict[str, Any], at: str) -> None:
        where = self._live.console if self._live is not None else self._console
        if shown["phase"] != self._phase:
            self._phase = shown["phase"]
            where.print(Text.assemble(at, "  ", (self._phase, "bold")))
        names = {alarm["name"] for alarm in shown["alarms"]}
        for alarm in shown["alarms"]:
            if alarm["name"] not in self._alarms:
                style = _PRIORITY[alarm["priority"]]
                where.print(at, Text(f"{alarm['words']}: {alarm['action']}", style))
        self._alarms = names
        if self._live is None and shown["t_ms"] - self._line_ms >= _LINE_EVERY_MS:
            self._line_ms = shown["t_ms"]
            where.print(at, _line(shown), soft_wrap=True)


def _clock(since_ms: int) -> str:
    """Seconds since the first snapshot."""
    return f"{since_ms / 1e3:7.1f} s"


def _waits(shown: dict[str, Any]) -> str:
    waits = list(shown["waits_for"])
    who = shown["actor"]
    if not waits:
        return f"{who}: {shown['prompt']}"
    more = f" (+{len(waits) - 1} more)" if len(waits) > 1 else ""
    return f"waits: {waits[0]}{more}"


def _line(shown: dict[str, Any]) -> str:
    volume, rate, pressure = shown["volume"], shown["rate"], shown["pressure"]
    return (
        f"  {shown['phase']:<15} "
        f"[{millilitres(volume['low_nl'])}, {millilitres(volume['high_nl'])}] mL  "
        f"rate {rate['confirmed_nl_min'] / 1e6:.3f}/{rate['commanded_nl_min'] / 1e6:.3f} mL/min  "
        f"line {kilopascals(pressure['line_pa'])} net {kilopascals(pressure['net_pa'])} kPa  "
        f"{_waits(shown)}"
    )


def panel(shown: dict[str, Any]) -> Panel:
    """The room on one panel."""
    volume, rate, pressure = shown["volume"], shown["rate"], shown["pressure"]
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", min_width=10)
    table.add_column()
    table.add_row("phase", Text.assemble((shown["phase"], "bold"), *_why_stopped(shown)))
    table.add_row("next", _waits(shown))
    interval = f"[{millilitres(volume['low_nl'])}, {millilitres(volume['high_nl'])}] mL"
    target = f"planned {millilitres(volume['planned_nl'])}, next checkpoint "
    target += millilitres(volume["checkpoint_nl"])
    table.add_row("volume", Text.assemble((interval, "bold"), "   ", (target, "dim")))
    table.add_row(
        "rate",
        f"{rate['confirmed_nl_min'] / 1e6:.3f} mL/min confirmed, "
        f"{rate['commanded_nl_min'] / 1e6:.3f} commanded",
    )
    table.add_row(
        "pressure",
        f"line {kilopascals(pressure['line_pa'])} kPa, "
        f"net {kilopascals(pressure['net_pa'])} kPa, "
        f"at most {kilopascals(pressure['net_upper_pa'])} ({pressure['net_is']})",
    )
    hold = shown["hold"]
    table.add_row("hold", ": ".join(part for part in (hold["phase"], hold["why"]) if part))
    unit = shown["devices"]["mammograph"]
    table.add_row(
        "unit",
        f"{unit['unit_state'].lower()}, paddle {unit['paddle'].lower()}, "
        f"{unit['force_mn'] / 1e3:.0f} N, {unit['exposure_count']} exposures",
    )
    table.add_row("devices", _devices(shown))
    title = f"galactograph  {shown['room']}  {shown['mode'].upper()}"
    return Panel(Group(_steps(shown["phase"]), Text(), table, *_alarms(shown)), title=title)


def _why_stopped(shown: dict[str, Any]) -> tuple[str, ...]:
    words = shown["stop"]["words"]
    return (f": {words}",) if shown["phase"] == "stopped" and words else ()


def _steps(phase: str) -> Text:
    at = _STEP_OF.get(phase, phase)
    line = Text()
    for number, row in enumerate(_STEPS):
        line.append("\n" * bool(number))
        for step in row:
            line.append(f" {step} ", "reverse bold" if step == at else "dim")
    return line


def _devices(shown: dict[str, Any]) -> Text:
    line = Text()
    for name, device in shown["devices"].items():
        line.append(f"{name} {device['link']}  ", "green" if device["link"] == "up" else "yellow")
    return line


def _alarms(shown: dict[str, Any]) -> list[Text]:
    return [
        Text(
            f"{alarm['priority'].upper()}  {alarm['words']}: {alarm['action']}",
            _PRIORITY[alarm["priority"]],
        )
        for alarm in shown["alarms"]
    ]


def summary(
    folder: Path,
    work: dict[str, Any],
    truth: dict[str, Any],
    verdict: Verdict | None,
    report: ReportSummary | None,
    wall_s: float,
) -> None:
    """The table at the end."""
    console = Console(highlight=False)
    table = Table(title="What happened", title_justify="left", show_header=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    closed = bool(work.get("closed"))
    table.add_row("procedure", "closed" if closed else f"not closed: {work.get('problem', '')}")
    table.add_row("armed", _times(work.get("armed_count", 0)))
    if report is not None:
        low, high = millilitres(report.delivered_low_nl), millilitres(report.delivered_high_nl)
        table.add_row("ledger", f"[{low}, {high}] mL")
    if truth:
        table.add_row("plunger", f"{millilitres(truth['pump_infused_nl'])} mL (simulated truth)")
        table.add_row("exposures", str(truth["exposure_count"]))
    if verdict is not None:
        words = "holds" if verdict.ok else "DOES NOT HOLD"
        table.add_row("record", f"{words}: {verdict.row_count} rows, {verdict.entry_count} entries")
        table.add_row("head", f"{verdict.head_row}:{verdict.head_hash}")
        table.add_row("journal", _near(verdict.path))
    if report is not None:
        table.add_row("report", _near(report.out))
    table.add_row("logs", _near(folder))
    table.add_row("took", f"{wall_s:.0f} s")
    console.print(table)
    console.print("Simulated devices. Every limit needs clinical validation before use on people.")


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _near(path: Path | str) -> str:
    """A path as seen from here, where it is below."""
    whole = Path(path)
    return str(whole.relative_to(Path.cwd())) if whole.is_relative_to(Path.cwd()) else str(whole)
