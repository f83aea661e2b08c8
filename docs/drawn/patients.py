"""``docs/patients.md``: what virtual patients, rigs and transducers are drawn from."""

from drawn.markdown import head, join, table
from sim.distributions import Row
from sim.patients import FALSE_PASSAGE_SHARE, PATIENT
from sim.rigs import RIG, TRANSDUCER


def rows(drawn: tuple[Row, ...]) -> str:
    """One table of figures."""
    return table(
        ("figure", "drawn", "where from"),
        [(f"`{row.name}`", row.how.words(), row.source) for row in drawn],
    )


def page() -> str:
    """The page."""
    return join(
        head(
            "Virtual patients and rigs",
            "sim/patients.py, sim/rigs.py",
            "What a seed draws for a campaign's procedure. *Sourced* figures name where; all others"
            " are assumptions, shapes of distributions always. *Facts* is the clinical fact sheet"
            " of the project, whose parts the letters name. Nothing here is a statement about"
            " people: no human data exist on when a duct tears.",
            "The equations behind each figure are in [simulation.md](simulation.md#physics).",
        ),
        "## Patient",
        rows(PATIENT),
        f"A placed tip lies under the duct's wall in {FALSE_PASSAGE_SHARE:.1%} of the cannulations"
        " (sourced: perforations in ductal lavage, 21 of 308).",
        "## Rig",
        rows(RIG),
        "`..._share` is the part of the tolerance that is used up, or the relative error. The"
        " resistance follows from bore, length, contrast and temperature.",
        "## Transducer",
        rows(TRANSDUCER),
    )
