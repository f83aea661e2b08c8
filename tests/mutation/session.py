"""One session file per module, gone on with: which mutants there are, and what came of each.

A session belongs to what the module holds, the operators and the tool's version; what was
killed stays killed. A survivor is tried again when anything else in the tree has changed:
a test may have been added that notices it. When the module itself changes, a new session
takes over what was killed in lines that are as they were, and the page says how many.
"""

import difflib
import hashlib
import re
import subprocess
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, NamedTuple

from cosmic_ray.commands import init
from cosmic_ray.mutating import mutate_code, use_mutation
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import WorkDB
from cosmic_ray.work_item import MutationSpec, TestOutcome, WorkerOutcome, WorkItem, WorkResult

from tests.mutation.copied import ROOT, WORK, Tests
from tests.mutation.findings import HERE, Module, Mutant, mutant

TOOL: Final = f"cosmic-ray {version('cosmic-ray')}"

TIME_UP: Final = "time limit"

TAKEN_OVER: Final = "earlier: "
"""Stands before what noticed a mutant in an earlier text of its module."""

NOTICED: Final = (1, 2)
"""What pytest exits with when a test failed, or when a file of tests could not be loaded."""


class Group(NamedTuple):
    """Modules and the tests that must notice them broken."""

    modules: list[str]
    tests: list[str]


def table() -> tuple[frozenset[str], tuple[Group, ...]]:
    """Operators and groups of ``table.toml``."""
    data = tomllib.loads((HERE / "table.toml").read_text("utf-8"))
    return frozenset(data["operators"]), tuple(Group(**row) for row in data["group"])


def _open(module: str, operators: frozenset[str]) -> WorkDB:
    """The session of this module as it is now; a new one gets its mutants."""
    source = (WORK / "tree" / module).read_bytes()
    key = hashlib.sha256(repr((sorted(operators), TOOL)).encode() + source).hexdigest()[:12]
    path = WORK / f"{module.replace('/', '-')}-{key}.sqlite"
    earlier = sorted(
        (each for each in WORK.glob(f"{module.replace('/', '-')}-*.sqlite") if each != path),
        key=lambda each: each.stat().st_mtime,
    )
    session = WorkDB(path, WorkDB.Mode.create)
    if not session.num_work_items:
        init([Path(module)], session, {})
        if earlier:
            _take_over(session, earlier[-1], operators)
    others = [
        item.job_id
        for item in session.pending_work_items
        if item.mutations[0].operator_name.partition("/")[2] not in operators
    ]
    session.set_multiple_results(others, WorkResult(WorkerOutcome.SKIPPED))
    return session


Key = tuple[str, Mutant]
"""Operator and mutant. The same break twice in a definition has one key and two results."""


def _take_over(session: WorkDB, earlier: Path, operators: frozenset[str]) -> None:
    """Keep what was killed before, in lines that have not changed since."""
    killed: defaultdict[Key, list[WorkResult]] = defaultdict(list)
    tried: Counter[Key] = Counter()
    before = WorkDB(earlier, WorkDB.Mode.open)
    for item, result in before.completed_work_items:
        if result.worker_outcome is WorkerOutcome.NORMAL:
            key = _key(item.mutations[0], result.diff or "")
            tried[key] += 1
            if result.test_outcome is TestOutcome.KILLED:
                killed[key].append(result)
    before.close()
    now: defaultdict[Key, list[str]] = defaultdict(list)
    for item in session.pending_work_items:
        spec = item.mutations[0]
        if spec.operator_name.partition("/")[2] in operators:
            source = Path(spec.module_path).read_text("utf-8")
            after = mutate_code(source, _operator(spec), spec.occurrence)
            now[_key(spec, _diff(source, after or source))].append(item.job_id)
    for key, jobs in now.items():
        if len(jobs) == tried[key] == len(killed[key]):
            for job, result in zip(jobs, killed[key], strict=True):
                words = f"{TAKEN_OVER}{(result.output or '').removeprefix(TAKEN_OVER)}"
                session.set_result(
                    job, WorkResult(result.worker_outcome, words, result.test_outcome, result.diff)
                )


def _key(spec: MutationSpec, diff: str) -> Key:
    return spec.operator_name, mutant(str(spec.module_path), spec.definition_name or "", diff)


def _operator(spec: MutationSpec) -> Any:
    return get_operator(spec.operator_name)(**spec.operator_args)


def _diff(before: str, after: str) -> str:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return "\n".join(lines)


def _work(session: WorkDB, fingerprint: str) -> list[WorkItem]:
    """Mutants not tried yet or in vain, and survivors of another tree, in order of lines."""
    again = [
        item
        for item, result in session.completed_work_items
        if result.worker_outcome is WorkerOutcome.ABNORMAL
        or (result.test_outcome is TestOutcome.SURVIVED and result.output != fingerprint)
    ]
    return sorted(
        [*session.pending_work_items, *again], key=lambda item: item.mutations[0].start_pos
    )


def _try(spec: MutationSpec, tests: Tests) -> WorkResult:
    """Break, test, mend; the output says which test noticed, or which tree did not."""
    operator = _operator(spec)
    with use_mutation(spec.module_path, operator, spec.occurrence) as (before, after):
        if after is None:
            return WorkResult(WorkerOutcome.NO_TEST, output=f"{spec} changes nothing")
        status, output = tests.run()
    diff = _diff(before, after)
    if status == 0:
        return WorkResult(WorkerOutcome.NORMAL, tests.fingerprint, TestOutcome.SURVIVED, diff)
    if status is None:
        return WorkResult(WorkerOutcome.NORMAL, TIME_UP, TestOutcome.KILLED, diff)
    noticed = re.findall(r"^(?:FAILED|ERROR) (\S+)", output, re.M)
    if status not in NOTICED or not noticed:
        return WorkResult(WorkerOutcome.ABNORMAL, f"{status}: {output[-2000:]}", diff=diff)
    return WorkResult(WorkerOutcome.NORMAL, noticed[0], TestOutcome.KILLED, diff)


def run_module(module: str, tests: Tests, say: Callable[[str], None]) -> Module:
    """Bring one module's session to its end; call inside the copy."""
    operators, _ = table()
    for compiled in (Path(module).parent / "__pycache__").glob(f"{Path(module).stem}.*.pyc"):
        compiled.unlink()
    session = _open(module, operators)
    try:
        work = _work(session, tests.fingerprint)
        for number, item in enumerate(work, start=1):
            session.set_result(item.job_id, _try(item.mutations[0], tests))
            if number % 10 == 0:
                say(f"{module}: {number} of {len(work)}")
        return _figures(module, session)
    finally:
        session.close()


def commit_of(module: str) -> str:
    """The last commit that changed a module."""
    words = ["git", "log", "-1", "--format=%h", "--", module]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _figures(module: str, session: WorkDB) -> Module:
    done = [
        (item.mutations[0], result)
        for item, result in session.completed_work_items
        if result.worker_outcome is not WorkerOutcome.SKIPPED
    ]
    odd = [result.output for _, result in done if result.worker_outcome is not WorkerOutcome.NORMAL]
    if odd:
        raise SystemExit(f"{module}: {len(odd)} mutants could not be tried, the first: {odd[0]}")
    survived = [each for each in done if each[1].test_outcome is TestOutcome.SURVIVED]
    return Module(
        name=module,
        commit=commit_of(module),
        mutants=len(done),
        killed=len(done) - len(survived),
        timed_out=sum(TIME_UP in (result.output or "") for _, result in done),
        taken_over=sum((result.output or "").startswith(TAKEN_OVER) for _, result in done),
        survivors=tuple(
            mutant(module, spec.definition_name or "", result.diff or "")
            for spec, result in sorted(survived, key=lambda each: each[0].start_pos)
        ),
    )
