"""Findings for people and for machines."""

import json
import os
from typing import Final, TextIO

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from controller.doctor.finding import Finding, Level, worst_first

WIDTH: Final = 100
STYLES: Final = {Level.WRONG: "bold red", Level.WARNING: "yellow", Level.OK: "green"}


def as_table(findings: list[Finding], out: TextIO) -> None:
    """Findings, worst first, in at most 100 columns, and one line that sums up."""
    console = Console(file=out, width=_width(out), highlight=False, markup=False, emoji=False)
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(max_width=26)
    table.add_column(overflow="fold")
    for finding in worst_first(findings):
        level = Text(finding.level.value.upper(), STYLES[finding.level])
        table.add_row(level, Text(finding.name), Text(_told(finding)))
    console.print(table)
    console.print(summary(findings))


def _told(finding: Finding) -> str:
    if finding.level is Level.OK:
        return finding.value
    return f"{finding.value}\nallowed: {finding.allowed}\ndo: {finding.what_to_do}"


def summary(findings: list[Finding]) -> str:
    """One line: how many of each."""
    words = ", ".join(f"{_count(findings, level)} {level.value}" for level in Level)
    return f"{len(findings)} checks: {words}"


def as_json(findings: list[Finding], out: TextIO) -> None:
    """One JSON object per line, worst first, the summary last."""
    for finding in worst_first(findings):
        out.write(json.dumps({"kind": "finding", **msgspec.to_builtins(finding)}) + "\n")
    counts = {f"{level.value}_count": _count(findings, level) for level in Level}
    told = {"kind": "summary", "ok": not counts["wrong_count"], **counts}
    out.write(json.dumps(told) + "\n")


def _count(findings: list[Finding], level: Level) -> int:
    return sum(finding.level is level for finding in findings)


def _width(out: TextIO) -> int:
    """The terminal's width, never more than 100."""
    try:
        return min(WIDTH, os.get_terminal_size(out.fileno()).columns)
    except (OSError, ValueError):  # a file, a pipe, or no descriptor at all
        return WIDTH
