"""Draw the documents that are made from the program's tables, or check that they are fresh.

``python docs/generate.py`` writes them; ``--check`` writes nothing and exits 1 when one
differs, naming it and how to mend it.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

DOCS: Final = Path(__file__).resolve().parent
# The tables are imported from the tree that this file stands in, whatever is installed.
sys.path[:0] = [str(DOCS.parent), str(DOCS)]

from drawn import (  # noqa: E402
    alarms,
    api,
    config,
    faults,
    gate,
    hil_defects,
    limits,
    patients,
    registers,
    snapshot_types,
    trace,
    workflow,
)

PAGES: Final[dict[str, Callable[[], str]]] = {
    "workflow.md": workflow.page,
    "safety/limits.md": limits.page,
    "alarms.md": alarms.page,
    "gate.md": gate.page,
    "registers.md": registers.page,
    "config.md": config.page,
    "faults.md": faults.page,
    "api.md": api.page,
    "safety/trace.md": trace.page,
    "console/snapshot.d.ts": snapshot_types.page,
    "patients.md": patients.page,
    "hil-defects.md": hil_defects.page,
}


def stale(folder: Path) -> list[str]:
    """Pages that are missing in ``folder`` or differ from what the tables say now."""
    found = []
    for name, page in PAGES.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != page():
            found.append(name)
    return found


def write(folder: Path) -> list[str]:
    """Bring the pages in ``folder`` up to date; returns those that changed."""
    changed = stale(folder)
    for name in changed:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(PAGES[name](), encoding="utf-8")
    return changed


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check; 0 done or fresh, 1 stale."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 when stale")
    parser.add_argument("--folder", type=Path, default=DOCS, help="where the pages are")
    options = parser.parse_args(arguments)
    if not options.check:
        for name in write(options.folder):
            print(f"drawn: docs/{name}")
        return 0
    names = stale(options.folder)
    for name in names:
        print(f"docs/{name} differs from the tables it is drawn from: run `make docs`, commit it")
    return 1 if names else 0


if __name__ == "__main__":
    sys.exit(main())
