"""Draws ``docs/evidence/mutation.md`` from the figures and the arguments."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from tests.mutation.findings import Argument, Known, Module, Mutant, Verdict


class Origin(NamedTuple):
    """Where and when, with what."""

    date: str
    commit: str
    machine: str
    tool: str


HEAD = """\
# Mutation

Gate, hold, ledger and the New Era driver, broken in every small way that the operators of
`tests/mutation/table.toml` know: one break at a time, in a copy of the tree, with the tests
that the same table names. A break that no test notices *survives*; each survivor is answered
with a test or argued below. Drawn by `make evidence`; do not edit.

What it shows: these tests see these breaks. It does not show that the code does what it
should, nor what no operator tries: a statement left out, a wrong name, a text.

*By time limit*: of the killed, those that made the tests hang. *Earlier*: of the killed, those
noticed when other lines of the module were different, in a line that has not changed since;
after `make clean` all are tried anew. *Run*: a module that has not changed since an earlier
run may keep that run's figures; its tests may have changed.
"""

_COLUMNS = (
    "| module | commit | mutants | killed | by time limit | earlier | survive | not argued | run |"
)


def draw(origin: Origin, modules: Iterable[Module], known: Known, verdict: Verdict) -> str:
    """The whole page."""
    modules = tuple(modules)
    parts = [HEAD, _origin(origin), _figures(modules, verdict)]
    if verdict.unargued:
        parts += ["## Not argued\n", _block(verdict.unargued)]
    if verdict.stale:
        parts += ["## Argued, but not surviving: take the argument out\n", _block(verdict.stale)]
    parts += ["## Survivors, argued\n"]
    stale = set(verdict.stale)
    shown = {module.name for module in modules}
    parts += _arguments(known.argued, stale, shown) or ["None.\n"]
    parts += ["## Survivors of earlier runs, and the test that notices them now\n"]
    parts += [f"{_tests(each.words)}\n\n{_block(each.mutants)}" for each in known.answered] or [
        "None.\n"
    ]
    return "\n".join(parts)


def _origin(origin: Origin) -> str:
    return (
        f"- made: {origin.date}, at commit {origin.commit}\n"
        f"- machine: {origin.machine}\n"
        f"- tool: {origin.tool}\n"
    )


def _figures(modules: tuple[Module, ...], verdict: Verdict) -> str:
    rows = [_COLUMNS, "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"]
    for module in modules:
        unargued = sum(each.module == module.name for each in verdict.unargued)
        cells = (f"`{module.name}`", module.commit, module.mutants, module.killed)
        run = module.run or "this"
        rest = (module.timed_out, module.taken_over, len(module.survivors), unargued, run)
        rows.append("| " + " | ".join(map(str, cells + rest)) + " |")
    columns = ("mutants", "killed", "timed_out", "taken_over")
    sums = [str(sum(getattr(module, name) for module in modules)) for name in columns]
    survive = sum(len(module.survivors) for module in modules)
    rows.append(f"| all | | {' | '.join(sums)} | {survive} | {len(verdict.unargued)} | |")
    return "\n".join(rows) + "\n"


def kept(text: str, names: Iterable[str], known: Known) -> list[Module]:
    """Figures of modules as an earlier page has them; their survivors are those argued.

    Args:
        text: the earlier page.
        names: modules to take from it.
        known: the arguments; an earlier page without anything left to argue is asked for.

    Raises:
        SystemExit: the page does not know a module, or left survivors of it without argument.
    """
    made = re.search(r"^- made: (.+), at commit (.+)$", text, re.MULTILINE)
    run = f"{made[1]}, {made[2]}" if made else "not known"
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \|$", text, re.MULTILINE)
    cells = {name: rest.split(" | ") for name, rest in rows}
    found = []
    for name in names:
        argued = tuple(m for each in known.argued for m in each.mutants if m.module == name)
        if name not in cells or int(cells[name][6]) or int(cells[name][5]) != len(argued):
            raise SystemExit(f"{name}: the page holds no finished figures of it; name it too")
        commit, mutants, killed, timed_out, taken_over, _, _, *of = cells[name]
        count, dead, late, before = map(int, (mutants, killed, timed_out, taken_over))
        earlier = of[0] if of and of[0] != "this" else run
        found.append(Module(name, commit, count, dead, late, before, argued, earlier))
    return found


def _arguments(arguments: tuple[Argument, ...], stale: set[Mutant], shown: set[str]) -> list[str]:
    parts = []
    for argument in arguments:
        mutants = [each for each in argument.mutants if each not in stale and each.module in shown]
        if mutants:
            parts.append(f"{argument.words.strip()}\n\n{_block(mutants)}")
    return parts


def _tests(words: str) -> str:
    return ", ".join(f"`{test}`" for test in words.split())


def _block(mutants: Iterable[Mutant]) -> str:
    lines = []
    last = ""
    for each in mutants:
        place = f"{each.module} {each.where}".strip()
        lines += [place] if place != last else []
        lines += [f"- {each.was}", f"+ {each.now}"]
        last = place
    return "```diff\n" + "\n".join(lines) + "\n```\n"
