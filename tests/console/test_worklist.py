"""Who is scheduled: what a source hands over reaches the page; without one there is nothing."""

import pytest

from controller.console.worklist import ROWS_MOST_COUNT, Scheduled, Worklist
from tests.console.served import Served, introduced

pytestmark = pytest.mark.hazard("HZ-WRONG-PATIENT-SIDE")


def row(number, name="DOE^JANE", side="L"):
    return Scheduled(
        accession=f"A{number}",
        patient_id=f"55-{number:04}",
        patient_name=name,
        birth_date="1961-04-12",
        side=side,
        procedure="Galactography",
        at="2026-01-01 14:00",
        status="SCHEDULED",
        performer="Dr Rossi",
    )


class Known:
    """A source that knows some rows."""

    def __init__(self, *rows):
        self._rows = rows

    async def scheduled(self):
        return Worklist(source="the hospital's worklist", age_s=120, rows=self._rows)


def ask(page, words=""):
    page.send_json({"k": "worklist", "words": words})
    return page.receive_json()


def test_without_a_source_patients_are_entered_by_hand(served):
    with served.page() as (page, controller):
        assert ask(page)["words"] == "say who you are first"
        introduced(page, controller)
        assert ask(page) == {"k": "worklist", "source": "", "age_s": None, "rows": [], "words": ""}


def test_the_rows_that_contain_every_word(tmp_path):
    served = Served(tmp_path, worklist=Known(row(1), row(2, "ROE^ANNA", "R")))
    with served.page() as (page, controller):
        introduced(page, controller)
        told = ask(page, "anna 55-0002")
        assert (told["source"], told["age_s"]) == ("the hospital's worklist", 120)
        assert [(one["patient_name"], one["side"]) for one in told["rows"]] == [("ROE^ANNA", "R")]
        assert len(ask(page)["rows"]) == 2
        assert ask(page, "anna jane")["rows"] == []
    served.close()


def test_rows_are_bounded(tmp_path):
    served = Served(tmp_path, worklist=Known(*(row(n) for n in range(ROWS_MOST_COUNT + 5))))
    with served.page() as (page, controller):
        introduced(page, controller)
        assert len(ask(page)["rows"]) == ROWS_MOST_COUNT
    served.close()
