"""Scenes that many tests begin with, brought there once and copied for each.

To arm a virtual room takes seconds of real time, a copy takes a few hundredths. On the way to
a phase the scene is kept at each milestone, so a later test of the same room and order goes
on from the last milestone before the phase it wants. A test that does anything else first
begins at the beginning.
"""

import dataclasses
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Final

from sim.copied import copied

MILESTONES: Final = ("locate-duct", "armed", "settle", "compression", "exposure-armed")
MOST: Final = 40
"""Kept per process, a few MB each."""


@dataclasses.dataclass(frozen=True)
class _Kept:
    scene: Any
    passed: frozenset[str]
    """Phases that it has been in."""


_kept: OrderedDict[Hashable, list[_Kept]] = OrderedDict()


def bring(scene: Any, key: Hashable, phase: str, go: Callable[[Any, frozenset[str]], None]) -> None:
    """Bring a scene that has not begun to a phase, from the nearest milestone that is kept.

    Args:
        scene: as made; what it holds is replaced.
        key: all that it was made from.
        phase: where to.
        go: runs a scene until it stands in one of some phases.
    """
    stages = _kept.setdefault(key, [_Kept(copied(scene), frozenset())])
    _kept.move_to_end(key)
    while len(_kept) > MOST:
        _kept.popitem(last=False)
    nearest = max(
        (kept for kept in stages if phase not in kept.passed or kept.scene.phase == phase),
        key=lambda kept: len(kept.passed),
    )
    vars(scene).update(vars(copied(nearest.scene)))
    while scene.phase != phase:
        go(scene, frozenset(MILESTONES) - scene.visited | {phase})
        stages.append(_Kept(copied(scene), scene.visited))
