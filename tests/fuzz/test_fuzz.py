"""The short form of ``make evidence RUN=fuzz``: every target, a few hundred inputs each."""

import random

import pytest

from tests.fuzz.mutate import mutated
from tests.fuzz.run import again, play
from tests.fuzz.targets import TARGETS, Target

SHORT = {"api": 400, "journal": 8, "pages": 25, "room-file": 25, "procedure-file": 12}
"""Inputs of targets that are dear; 250 of the others."""


@pytest.mark.hazard("HZ-RECORD", "HZ-WRONG-DEVICE")
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_only_declared_errors_escape(target):
    batch = play(target, 0, SHORT.get(target.name, 250))
    assert batch.findings == []


@pytest.mark.hazard("HZ-RECORD")
@pytest.mark.parametrize(
    ("name", "number", "at"), [("journal", 0, 82), ("journal", 1, 997), ("api", 183, 450)]
)
def test_what_was_found_once_is_refused_in_words(name, number, at):
    target = next(target for target in TARGETS if target.name == name)
    again(target, number, at)


def test_an_error_that_is_not_declared_is_a_finding():
    import contextlib

    @contextlib.contextmanager
    def make(_):
        def take(data):
            if len(data) % 2:
                raise KeyError("odd")

        yield take

    batch = play(Target("odd", 0, make, corpus=lambda: [b"abc"]), 1, 40)
    assert batch.findings
    assert "KeyError" in batch.findings[0]
    assert play(Target("odd", 0, make, (KeyError,), lambda: [b"abc"]), 1, 40).findings == []


def test_the_same_seed_makes_the_same_inputs():
    made = [
        [mutated(random.Random(f"x/{n}"), b"some bytes", [b"others"]) for n in range(50)]
        for _ in range(2)
    ]
    assert made[0] == made[1]
    assert len(set(made[0])) > 40


def test_a_million_in_all():
    assert sum(target.count for target in TARGETS) >= 1_000_000
