"""What a refusal is called, so that no screen has to know its words.

The words are for people and may change, or be of another language; the code is the fact that
was missing, as the tables in ``workflows`` ask for it. Words that name a value, and those of
requests that no row asks for, have none.
"""

from typing import Final

from state_machine.workflows.galactography import WORKFLOWS


def _codes() -> dict[str, str]:
    found: dict[str, str] = {}
    for workflow in WORKFLOWS.values():
        for row in workflow.rows:
            for need in (*row.needs, *((row.only,) if row.only else ())):
                found.setdefault(need.words, need.code)
    return found


CODES: Final = _codes()
"""Words that refuse, and their code; the same words have one."""


def of(refusals: tuple[str, ...]) -> tuple[str, ...]:
    """The code of each refusal, in their order; empty where it has none."""
    return tuple(CODES.get(words, "") for words in refusals)
