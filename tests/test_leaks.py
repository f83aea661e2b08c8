"""Each leak detector sees its leak, and a run with a leak fails."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from tests import leaks


@contextmanager
def a_thread() -> Iterator[None]:
    end = threading.Event()
    thread = threading.Thread(target=end.wait, name="forgotten")
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


@contextmanager
def a_child() -> Iterator[None]:
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL):
        yield


@contextmanager
def a_socket() -> Iterator[None]:
    left, right = socket.socketpair()
    with left, right:
        yield


@contextmanager
def a_pty() -> Iterator[None]:
    ends = os.openpty()
    try:
        yield
    finally:
        for end in ends:
            os.close(end)


LEAKS = [
    pytest.param(a_thread, "thread forgotten", id="thread"),
    pytest.param(a_child, "child process", id="child"),
    pytest.param(a_socket, "socket:", id="socket"),
    pytest.param(a_pty, "/dev/pt", id="pty"),
]


@pytest.mark.parametrize(("leak", "word"), LEAKS)
def test_seen_while_open_and_gone_after(
    leak: Callable[[], AbstractContextManager[None]], word: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(leaks, "_GRACE_S", 0)
    before = leaks.snapshot()
    with leak():
        assert any(word in text for text in leaks.left_behind(before))
    assert leaks.left_behind(before) == []


def test_a_leaking_test_fails_itself(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(leaks, "_GRACE_S", 0)
    pytester.makeconftest("from tests.conftest import nothing_left_behind")
    pytester.makepyfile("""
        import os

        kept = []

        def test_leaks():
            kept.extend(os.openpty())

        def test_clean():
            for end in kept:
                os.close(end)
    """)
    outcome = pytester.runpytest_inprocess()
    outcome.assert_outcomes(passed=2, errors=1)
    outcome.stdout.fnmatch_lines(["*left behind by this test: descriptor*"])


@pytest.mark.parametrize(("hazard_id", "status"), [("HZ-AIR", 0), ("HZ-NOSUCH", 4)])
def test_only_hazards_of_the_table_are_taken(
    pytester: pytest.Pytester, hazard_id: str, status: int
):
    pytester.makeconftest("from tests.conftest import pytest_collection_modifyitems")
    pytester.makepyfile(f"""
        import pytest

        @pytest.mark.hazard("{hazard_id}")
        def test_marked():
            pass
    """)
    outcome = pytester.runpytest_inprocess("-W", "ignore")
    assert outcome.ret == status
    if status:
        outcome.stderr.fnmatch_lines(["*'HZ-NOSUCH' is not in docs/safety/hazards.toml*"])
