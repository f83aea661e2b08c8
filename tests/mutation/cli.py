"""``python -m tests.mutation.cli``: break, test, write ``docs/evidence/mutation.md``.

Ends with 1 when a mutant survives that nobody has argued, or an argument has lost its
mutant. What is left to argue is printed ready for ``argued.toml``.
"""

import argparse
import fcntl
import sys

from sim.bench.figures import commit
from tests.evidence.cli import place, today
from tests.mutation import copied, session
from tests.mutation.findings import Known, Module, as_toml, judge, read_known
from tests.mutation.page import Origin, draw, kept

PAGE = copied.ROOT / "docs" / "evidence" / "mutation.md"


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _run(wanted: list[str]) -> list[Module]:
    _, groups = session.table()
    copied.WORK.mkdir(parents=True, exist_ok=True)
    found: list[Module] = []
    with (copied.WORK / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fingerprint = copied.copy_tree()
        with copied.inside_copy():
            for group in groups:
                modules = [name for name in group.modules if not wanted or name in wanted]
                found += _run_group(modules, group.tests, fingerprint) if modules else []
    return found


def _run_group(modules: list[str], files: list[str], fingerprint: str) -> list[Module]:
    found = []
    tests = copied.Tests(files, fingerprint)
    try:
        for name in modules:
            found.append(session.run_module(name, tests, _say))
            _say(f"{name}: {len(found[-1].survivors)} of {found[-1].mutants} survive")
    finally:
        tests.close()
    return found


def _names() -> list[str]:
    """Every module of the table, in its order."""
    return [name for group in session.table()[1] for name in group.modules]


def _unchanged(wanted: list[str], known: Known) -> list[Module]:
    """Figures of the modules that are not named, as the page has them.

    Raises:
        SystemExit: one of them has changed since, or the page does not hold it.
    """
    names = [name for name in _names() if name not in wanted]
    others = kept(PAGE.read_text("utf-8"), names, known)
    changed = [m.name for m in others if session.commit_of(m.name) != m.commit]
    if changed:
        raise SystemExit(f"changed since their figures were made, name them too: {changed}")
    return others


def main(arguments: list[str] | None = None) -> int:
    """Run all modules of the table, or those that are named; the others keep their figures.

    A module that has changed since its figures were made must be named.
    """
    parser = argparse.ArgumentParser(prog="mutation", description=__doc__)
    parser.add_argument(
        "modules", nargs="*", metavar="MODULE", help="a path of table.toml; default all"
    )
    wanted = parser.parse_args(arguments).modules
    at = commit()
    known = read_known()
    others = _unchanged(wanted, known) if wanted else []
    found = {module.name: module for module in [*_run(wanted), *others]}
    modules = [found[name] for name in _names()]
    known = read_known()  # an argument may have been written meanwhile
    verdict = judge(modules, known.argued)
    origin = Origin(today(), at, place(), session.TOOL)
    PAGE.write_text(draw(origin, modules, known, verdict), "utf-8")
    if verdict.unargued:
        print(as_toml(verdict.unargued))
    mutants = sum(module.mutants for module in modules)
    killed = sum(module.killed for module in modules)
    print(
        f"{mutants} mutants, {killed} killed, {mutants - killed} survive; "
        f"{len(verdict.unargued)} not argued, {len(verdict.stale)} arguments without their mutant"
    )
    return 1 if verdict.unargued or verdict.stale else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("ended; the next call goes on from here")
