"""Plays a target with seeded inputs in batches; a batch is named by its target and number.

A finding names its batch and input, which make it again: nothing else is kept.
"""

import faulthandler
import random
import time
from typing import NamedTuple

from tests.fuzz.mutate import mutated
from tests.fuzz.targets import Target

BATCH_COUNT = 1_000
HANG_S = 120
"""A batch takes seconds at most; where it takes minutes, something hangs: the process ends
and says where."""


class Batch(NamedTuple):
    """What one batch showed."""

    target: str
    number: int
    inputs: int
    declared: int
    """Inputs that were refused with a declared error."""
    cpu_s: float
    slowest_s: float
    findings: list[str]


def again(target: Target, number: int, at: int) -> None:
    """One input of a batch by itself; raises what the target raises, declared errors too.

    Only for targets that draw nothing themselves: conversations are made again whole.
    """
    chance, corpus = random.Random(f"{target.name}/{number}"), target.corpus()
    with target.make(chance) as take:
        for _ in range(at):
            mutated(chance, chance.choice(corpus), corpus)
        take(mutated(chance, chance.choice(corpus), corpus))


def play(target: Target, number: int, count: int = BATCH_COUNT) -> Batch:
    """One batch of a target."""
    chance = random.Random(f"{target.name}/{number}")
    corpus = target.corpus()
    declared, slowest_s, findings = 0, 0.0, []
    began_s = time.process_time()
    faulthandler.dump_traceback_later(HANG_S, exit=True)
    try:
        with target.make(chance) as take:
            for at in range(count):
                data = mutated(chance, chance.choice(corpus), corpus)
                before_s = time.process_time()
                try:
                    take(data)
                except target.declared:
                    declared += 1
                except Exception as error:  # whatever else there is: that is the question
                    what = f"{type(error).__name__}: {error}"[:200]
                    findings.append(f"{target.name}/{number} input {at}: {what}: {data[:200]!r}")
                    if len(findings) > 20:
                        break
                slowest_s = max(slowest_s, time.process_time() - before_s)
    finally:
        faulthandler.cancel_dump_traceback_later()
    cpu_s = time.process_time() - began_s
    return Batch(target.name, number, count, declared, cpu_s, slowest_s, findings)
