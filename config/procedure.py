"""The procedure file: order, tightened limits, disposables, contrast agents, checklist.

Every entry carries ``source`` (where its figures were seen) and ``evidence`` (how far to
believe them). The limits table is not a model: its rows are ``state_machine.limits``.
"""

from typing import Annotated, Final, Literal, NamedTuple

from pydantic import AfterValidator, Field

from config.model import Section, Text, refusal
from state_machine.profile import Cannula, ChecklistItem, Contrast, Severity, Syringe

Evidence = Literal["label", "published", "computed", "assumption", "measured"]
"""``measured``: by the site itself, with its record named in ``source``."""

UNMEASURED_SCALE_PPM: Final = 50_000
"""Volume uncertainty of a syringe that nobody has weighed (safety rules 4.4: 5 %)."""


class Sourced(Section):
    """An entry whose figures say where they come from."""

    source: Text = Field(description="where the figures were seen, or who assumed them")
    evidence: Evidence = Field(description="how far the figures can be believed")


class ProcedureSection(Section):
    """``[procedure]``: its name and the order of its steps."""

    name: Text = Field(description="name of the procedure")
    order: Literal["cannula-in", "sealed-pore"] = Field(
        description="is the cannula in place, or out and the pore sealed, during compression"
    )


class LineSection(Sourced):
    """``[line]``: tubing between syringe and tip."""

    dead_space_nl: int = Field(
        ge=1, le=400_000, description="volume from syringe to tip that a prime has to fill"
    )
    compliance_nl_kpa: int = Field(
        default=300, ge=50, le=2_500, description="compliance before it is measured"
    )


class SyringeRow(Sourced):
    """``[[syringe]]``: one that may be clamped."""

    name: Text = Field(description="name as on the package")
    diameter_um: int = Field(ge=1_000, le=15_000, description="inside diameter")
    capacity_nl: int = Field(ge=100_000, le=10_000_000, description="full volume")
    compliance_nl_kpa: int = Field(
        default=0, ge=0, le=2_500, description="compliance with the line; 0: as the line's"
    )
    scale_ppm: int = Field(
        default=UNMEASURED_SCALE_PPM,
        ge=1_000,
        le=200_000,
        description="uncertainty of the delivered volume",
    )

    def struct(self) -> Syringe:
        """The core's form."""
        return Syringe(
            self.name, self.diameter_um, self.capacity_nl, self.scale_ppm, self.compliance_nl_kpa
        )


class CannulaRow(Sourced):
    """``[[cannula]]``: one that may be used."""

    name: Text = Field(description="name as on the package")
    bore_um: int = Field(ge=50, le=1_000, description="inside diameter")
    length_um: int = Field(ge=2_000, le=100_000, description="length of the bore")

    def struct(self) -> Cannula:
        """The core's form."""
        return Cannula(self.name, self.bore_um, self.length_um)


class ViscosityPoint(Section):
    """One row of a viscosity table."""

    temperature_mc: int = Field(ge=0, le=60_000, description="temperature in m°C")
    viscosity_upas: int = Field(ge=500, le=100_000, description="viscosity in µPa·s")
    evidence: Evidence = Field(description="how far the figure can be believed")


def _falling(points: list[ViscosityPoint]) -> list[ViscosityPoint]:
    pairs = list(zip(points, points[1:], strict=False))
    if len(points) < 2 or not all(
        a.temperature_mc < b.temperature_mc and a.viscosity_upas > b.viscosity_upas
        for a, b in pairs
    ):
        raise refusal(
            "two or more points, temperature rising and viscosity falling from each to the next",
            "put the points in order of temperature and check the figures",
        )
    return points


class ContrastRow(Sourced):
    """``[[contrast]]``: one agent."""

    name: Text = Field(description="name as on the vial")
    iodine_mg_ml: int = Field(ge=1, le=500, description="iodine concentration")
    viscosity: Annotated[list[ViscosityPoint], AfterValidator(_falling)] = Field(
        description="viscosity by temperature"
    )

    def struct(self) -> Contrast:
        """The core's form."""
        points = tuple((p.temperature_mc, p.viscosity_upas) for p in self.viscosity)
        return Contrast(self.name, self.iodine_mg_ml, points)


class ChecklistRow(Sourced):
    """``[[checklist]]``: one question. A site may add its own."""

    key: Text = Field(description="short name in the record")
    question: Text = Field(description="the question as it is asked")
    safe_answer: bool = Field(description="the answer with which the procedure goes on")
    severity: Literal["absolute", "reschedule", "physician"] = Field(
        description="what any other answer means"
    )

    def struct(self) -> ChecklistItem:
        """The core's form."""
        return ChecklistItem(
            self.key, self.question, self.safe_answer, Severity(self.severity), self.source
        )


class MustAsk(NamedTuple):
    """A question that no site may leave out."""

    key: str
    safe_answer: bool
    severity: str
    """The only one accepted; empty = the site decides (published lists differ, A2)."""
    hazard: str


MUST_ASK: Final[tuple[MustAsk, ...]] = (
    MustAsk("identity", True, "absolute", "HZ-WRONG-PATIENT-SIDE"),
    MustAsk("side", True, "absolute", "HZ-WRONG-PATIENT-SIDE"),
    MustAsk("consent", True, "absolute", "HZ-USE-ERROR"),
    MustAsk("pus", False, "absolute", "HZ-USE-ERROR"),
    MustAsk("inflammation", False, "absolute", "HZ-USE-ERROR"),
    MustAsk("pregnancy", False, "absolute", "HZ-EXPOSURE"),
    MustAsk("lactation", False, "", "HZ-USE-ERROR"),
    MustAsk("contrast_reaction", False, "", "HZ-USE-ERROR"),
    MustAsk("latex", False, "", "HZ-USE-ERROR"),
    MustAsk("lidocaine", False, "", "HZ-USE-ERROR"),
    MustAsk("anticoagulants", False, "", "HZ-USE-ERROR"),
    MustAsk("discharge", True, "", "HZ-EXTRAVASATION"),
)
"""Clinical fact sheet A2 and safety rules 5.2: the least that is asked."""
