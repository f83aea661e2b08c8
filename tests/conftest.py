"""What every test lives under: no leaks, repeatable chance, hazards that exist.

A test that leaves a thread, a child process, a socket or a pseudo-terminal behind fails
itself, not the next one. The check reads ``/proc/self/fd`` and costs well under a
millisecond.
"""

import os
from collections.abc import Iterator

import hypothesis
import pytest

from tests import hazards, leaks

hypothesis.settings.register_profile("local", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.register_profile(  # tests/mutation: the same few examples, no shrinking
    "mutation",
    deadline=None,
    derandomize=True,
    max_examples=20,
    phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "local")

PROOFS = pytest.StashKey[dict[str, list[str]]]()
"""Hazard id to the test functions marked with it, once per case."""


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Fail a test that leaves a thread, child process, socket or pseudo-terminal open."""
    before = leaks.snapshot()
    yield
    left = leaks.left_behind(before)
    if left:
        pytest.fail("left behind by this test: " + "; ".join(left), pytrace=False)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--hazards``."""
    parser.addoption(
        "--hazards", action="store_true", help="print the tests that prove each hazard's controls"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse a hazard id that no row of ``docs/safety/hazards.toml`` has."""
    proofs: dict[str, list[str]] = {hazard_id: [] for hazard_id in hazards.ids()}
    for item in items:
        for mark in item.iter_markers("hazard"):
            for hazard_id in mark.args or ("",):
                if hazard_id not in proofs:
                    message = (
                        f"{item.nodeid}: hazard {hazard_id!r} is not in docs/safety/hazards.toml; "
                        f"use one of {', '.join(proofs)}, or add its row"
                    )
                    raise pytest.UsageError(message)
                proofs[hazard_id].append(item.nodeid.partition("[")[0])
    config.stash[PROOFS] = proofs


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print hazards and their tests when asked."""
    if not config.getoption("--hazards"):
        return
    terminalreporter.section("hazards and the collected tests that prove their controls")
    for hazard_id, proofs in config.stash.get(PROOFS, {}).items():
        terminalreporter.write_line(f"{hazard_id}: {len(proofs)} cases")
        for function in sorted(set(proofs)):
            terminalreporter.write_line(f"    {function}")
