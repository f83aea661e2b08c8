"""``docs/patients.md``: what virtual patients, rigs, transducers and people are drawn from."""

from drawn.markdown import head, join, table
from sim.distributions import Row
from sim.patients import FALSE_PASSAGE_SHARE, PATIENT
from sim.people import HANDS_S, KINDS, PAIN_KPA, PAIN_S, REACTION_S
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
            "Virtual patients, rigs and people",
            "sim/patients.py, sim/rigs.py, sim/people.py",
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
        "## People",
        "Times and the patient's pain; all assumptions.",
        table(
            ("figure", "drawn"),
            [
                ("reaction, s", REACTION_S.words()),
                ("a thing done with the hands, s", HANDS_S.words()),
                ("duct pressure that hurts, kPa (a tear hurts too)", PAIN_KPA.words()),
                ("from pain to the button, s", PAIN_S.words()),
            ],
        ),
        "How they deviate from what they are told. *People*: how many have it at all; *share*: at"
        " how many of the opportunities those do it. All assumptions, but for the share of false"
        " passages.",
        table(
            ("deviation", "when, and what", "people", "share", "s"),
            [
                (
                    f"`{name}`",
                    kind.when,
                    f"{kind.people:.0%}",
                    kind.share.words(),
                    kind.span_s.words() if kind.span_s else "",
                )
                for name, kind in KINDS.items()
            ],
        ),
    )
