"""Controls broken on purpose: by which seed does a campaign find each at the latest?

Seeds from 1 are played with the control broken, those alone that have a fault which can show it,
until the judge named in ``sim/campaign/broken.py`` objects; the same seed is played with the
whole control, and must not make that judge object. A break is one row of the page; rows of this
commit are kept, so the run goes on where it was ended.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from sim.bench.figures import ROOT, machine
from sim.campaign import worker
from sim.campaign.broken import BREAKS, NOTHING, Break
from sim.campaign.results import judge_of
from sim.faults.draw import Plan, draw

RESULT: Final = ROOT / "docs" / "evidence" / "broken-controls.md"
MOST: Final = 1_000
ROOM: Final = "demo"
_HEAD: Final = """\
# Controls broken on purpose

By which seed a campaign finds each at the latest; `make evidence RUN=breaks`. Only seeds with a
fault that can show the loss are played. *Played*: runs with the broken control until then.

"""
_COLUMNS: Final = ("control", "what is broken", "judge", "found by seed", "played", "it says")


def candidates(row: Break) -> list[int]:
    """Seeds that may show it."""
    wanted, plans = set(row.shown_by), [draw(seed) for seed in range(1, MOST + 1)]
    return [
        plan.seed
        for plan in plans
        if (plan.whole or not row.whole)
        and (not wanted or wanted & {one.name for one in plan.faults} or _plain(plan, wanted))
    ]


def _plain(plan: Plan, wanted: set[str]) -> bool:
    return NOTHING in wanted and plan.plain


def find(row: Break) -> tuple[int, int, str]:
    """Seed (0 = none), runs played, what the judge said."""
    for played, seed in enumerate(candidates(row), 1):
        said = [
            w for w in worker.play_seed(ROOM, seed, row.name).violations if judge_of(w) == row.by
        ]
        if not said:
            continue
        whole = worker.play_seed(ROOM, seed).violations
        if row.by not in map(judge_of, whole):
            return seed, played, said[0]
    return 0, len(candidates(row)), ""


def line(row: Break, commit: str) -> str:
    """One row of the page."""
    seed, played, said = find(row)
    cells = (f"`{row.name}`", row.what, f"`{row.by}`", seed or "not found", played, said, commit)
    return _row(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells)


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def main(result: Path = RESULT) -> int:
    """Search what is not kept; 0 when every break was found."""
    commit = machine()["commit"]
    old = result.read_text("utf-8").splitlines() if result.exists() else []
    rows: list[str] = []
    for row in BREAKS:
        name = f"| `{row.name}` |"
        kept = [one for one in old if one.startswith(name) and one.endswith(f"| {commit} |")]
        sys.stderr.write(f"breaks: {row.name}\n")
        rows.append(kept[0] if kept and not commit.endswith("+") else line(row, commit))
        rest = [one for one in old if one.startswith("| `") and not one.startswith(name)]
        known = {one.split("|")[1] for one in rows}
        rest = [one for one in rest if one.split("|")[1] not in known]
        columns = (*_COLUMNS, "commit")
        head = f"{_row(columns)}\n{_row('---' for _ in columns)}\n"
        result.write_text(_HEAD + head + "".join(f"{one}\n" for one in (*rows, *rest)), "utf-8")
    found = sum("not found" not in one for one in rows)
    sys.stdout.write(f"{found} of {len(BREAKS)} broken controls found within {MOST} seeds\n")
    return 0 if found == len(BREAKS) else 1


if __name__ == "__main__":
    sys.exit(main())
