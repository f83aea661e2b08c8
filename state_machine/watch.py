"""The detectors together: their state, and the table of what each raises and stands on."""

from typing import Final, NamedTuple

import msgspec

from state_machine.falls import Dislodged, Plateau, Sag, Tear
from state_machine.line_faults import Drift, NoFlow, Occlusion
from state_machine.motion_faults import Beyond, Count, RateDiffers, Still
from state_machine.relaxation import Relaxation

replace = msgspec.structs.replace


class Watch(msgspec.Struct, frozen=True):
    """What each detector remembers of the injection under way."""

    motion_id: int = 0
    """Motion that what is begun anew with each belongs to."""
    occlusion: Occlusion = Occlusion()
    tear: Tear = Tear()
    dislodged: Dislodged = Dislodged()
    sag: Sag = Sag()
    plateau: Plateau = Plateau()
    no_flow: NoFlow = NoFlow()
    drift: Drift = Drift()
    relaxation: Relaxation = Relaxation()
    count: Count = Count()
    still: Still = Still()
    rate: RateDiffers = RateDiffers()
    beyond: Beyond = Beyond()

    @property
    def torn_ns(self) -> int:
        """When a sudden fall was found; 0 = none."""
        return self.tear.found_ns

    @property
    def dislodged_ns(self) -> int:
        """When a fall to nothing was found; 0 = none."""
        return self.dislodged.found_ns


class Detector(NamedTuple):
    """One row: a detector, its alarm, when it looks, and the thresholds it stands on."""

    field: str
    """Of ``Watch``."""
    alarm: str
    looks: str
    thresholds: tuple[str, ...]
    """Rows of ``limits.LIMITS``, with their sources."""


STEADY: Final = "at steady flow"
FLOW: Final = "while it flows"
AFTER: Final = "at steady flow, and for a moment after it has stopped"
REST: Final = "at rest"

# fmt: off
DETECTORS: Final[tuple[Detector, ...]] = (
    Detector("occlusion", "occlusion", STEADY, ("slope_share_ppm", "slope_time_ns")),
    Detector("tear", "tear", AFTER, ("tear_drop_pa", "tear_drop_ppm", "tear_time_ns")),
    Detector("dislodged", "dislodged", AFTER, ("dislodged_from_pa", "dislodged_zero_pa", "dislodged_time_ns")),
    Detector("sag", "net-fell", STEADY, ("sag_allowed_pa", "sag_time_ns")),
    Detector("plateau", "net-plateau", STEADY, ("plateau_net_pa", "plateau_volume_nl", "plateau_ppm", "plateau_tau_ns")),
    Detector("no_flow", "no-flow", STEADY, ("no_flow_ppm", "net_spread_pa")),
    Detector("count", "flow-differs", STEADY, ("flow_share_ppm", "flow_time_ns")),
    Detector("still", "pump-still", FLOW, ("still_time_ns",)),
    Detector("rate", "rate-differs", FLOW, ("rate_share_ppm", "rate_time_ns")),
    Detector("beyond", "beyond-target", FLOW, ("motion_least_nl",)),
    Detector("relaxation", "air", REST, ("decay_ppm",)),
    Detector("drift", "line-drift", REST, ("rest_pressure_pa", "drift_pa")),
)
# fmt: on


def at(looks: str) -> tuple[str, ...]:
    """Fields of the detectors that look then."""
    return tuple(row.field for row in DETECTORS if row.looks == looks)


def for_motion(seen: Watch, motion_id: int) -> Watch:
    """What each motion begins anew; a finding, and what the injection taught, stays."""
    if motion_id == seen.motion_id:
        return seen
    return Watch(
        motion_id=motion_id,
        occlusion=Occlusion(seen.occlusion.found_ns),
        tear=Tear(seen.tear.found_ns),
        dislodged=Dislodged(seen.dislodged.found_ns),
        sag=Sag(seen.sag.found_ns),
        plateau=seen.plateau,
        no_flow=NoFlow(seen.no_flow.found_ns),
        drift=seen.drift,
        relaxation=seen.relaxation,
        count=Count(seen.count.found_ns),
        still=Still(seen.still.found_ns),
        rate=RateDiffers(seen.rate.found_ns),
        beyond=seen.beyond,
    )


def forgotten(seen: Watch) -> Watch:
    """The findings are dealt with; what was measured of this injection stays."""
    return Watch(
        motion_id=seen.motion_id,
        plateau=replace(seen.plateau, found_ns=0),
        drift=seen.drift,
        relaxation=replace(seen.relaxation, found_ns=0, awaited=False),
    )
