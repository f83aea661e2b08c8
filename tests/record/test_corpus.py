"""Every record of the corpus: today's core decides as it did when they were made.

A difference is a change of decisions. When it was meant, make the corpus anew
(``make corpus``) in the commit that changes them, and say in the changelog what differs.
"""

import pytest

from controller.record.chain import broken_link, decode
from controller.record.replay import replay
from controller.record.replay_command import describe_difference
from state_machine.entries import Inputs
from tests.record.corpora import ENDING, FAULTS, FOLDER, NORMAL, read

pytestmark = pytest.mark.hazard("HZ-RECORD")

FILES = sorted(FOLDER.glob(f"*{ENDING}"))


def test_the_corpus_has_a_normal_procedure_and_every_fault():
    names = {path.name.removesuffix(ENDING) for path in FILES}
    assert names == {NORMAL, *FAULTS}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.removesuffix(ENDING))
def test_the_core_decides_as_it_did(path):
    rows = read(path)
    assert broken_link(rows) == ""
    sessions = list(replay(rows))
    steps = sum(isinstance(entry, Inputs) for row in rows for entry in decode(row))
    for session in sessions:
        assert session.untold == ""
        words = describe_difference(session.difference) if session.difference else ""
        assert not words, f"{words}\nWas it meant? Then: make corpus, and say so in CHANGELOG.md"
    assert sum(session.steps for session in sessions) == steps > 1_000
