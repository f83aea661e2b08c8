"""A program that is told to end goes through its own clean-up."""

import os
import signal

import pytest

from sim import processes


def test_told_to_end_what_was_started_is_ended_and_the_old_handler_is_back():
    before = signal.getsignal(signal.SIGTERM)
    ended = []

    def told() -> None:
        with processes.terminable():
            try:
                os.kill(os.getpid(), signal.SIGTERM)  # the handler runs before the next line
            finally:
                ended.append("what was started")

    with pytest.raises(SystemExit) as left:
        told()
    assert left.value.code == 1
    assert ended == ["what was started"]
    assert signal.getsignal(signal.SIGTERM) is before
