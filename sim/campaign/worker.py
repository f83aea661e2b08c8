"""Plays seeds in this process: each in a forked copy of a prepared room, which leaves no trace.

A process that plays ten thousand seeds stays as small as one that plays ten, a run that breaks
its copy breaks nothing else, and the same seed gives the same bytes whoever plays it.
"""

import gc
import os
import traceback
from collections.abc import Callable, Iterable
from functools import cache
from typing import Final

import msgspec

from config.load import LoadedRoom, load_room
from drivers.registry import known_names
from sim.campaign import checks
from sim.campaign import scene as scenes
from sim.campaign.run import Result, crashed, play
from sim.campaign.scene import Scene
from sim.faults.draw import Plan, draw
from sim.judges.case import Case

_WORDS: Final = 4_000
_COLLECT: Final = (50_000, 20, 100)
"""A copy ends with its run, and a run makes few cycles: it looks for them seldom."""


class Crashed(Exception):
    """A run raised; the words are its traceback."""


@cache
def loaded_room(room: str) -> LoadedRoom:
    """A room file, read once in a process."""
    return load_room(room, known_names())


@cache
def _prepared(room: str, place: int) -> Scene:
    return scenes.prepared(loaded_room(room), place)


def scene_of(room: str, plan: Plan) -> Scene:
    """The scene of a plan; a prepared one can be played only once in a process."""
    if plan.whole:
        return scenes.from_start(loaded_room(room), plan)
    scene = _prepared(room, plan.place)
    scenes.go_on(scene, plan)
    return scene


def _room_of(room: str, plan: Plan) -> LoadedRoom:
    return checks.room_of(loaded_room(room), plan)


def prepare(room: str, seeds: Iterable[int]) -> None:
    """Make, once, whatever rooms these seeds go on from."""
    plans = [draw(seed) for seed in seeds]
    for place in sorted({plan.place for plan in plans if not plan.whole}):
        _prepared(room, place)


def play_here(room: str, plan: Plan) -> tuple[Result, Case]:
    """One run in this very process: for looking at it closely, once."""
    _prepared.cache_clear()
    return play(_room_of(room, plan), scene_of(room, plan), plan)


def play_seed(room: str, seed: int, breaks: str = "") -> Result:
    """One run of a seed in a copy of this process; ``breaks``: see ``breaks.py``."""
    return play_plan(room, draw(seed), breaks)


def play_plan(room: str, plan: Plan, breaks: str = "") -> Result:
    """One run of a plan in a copy of this process; one that raises is a violation, too."""
    if not plan.whole:
        _prepared(room, plan.place)
    try:
        data = copied(lambda: _encoded(room, plan, breaks))
    except Crashed as crash:
        return crashed(plan, str(crash))
    return msgspec.json.decode(data, type=Result)


def _encoded(room: str, plan: Plan, breaks: str) -> bytes:
    if breaks:
        from sim.campaign.broken import apply

        apply(breaks)
    result, _ = play(_room_of(room, plan), scene_of(room, plan), plan)
    return msgspec.json.encode(result)


def copied(work: Callable[[], bytes]) -> bytes:
    """What ``work`` returns in a forked copy of this process."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            gc.freeze()  # what is here already is no collection's business, nor copied for one
            gc.set_threshold(*_COLLECT)
            os.close(reader)
            with os.fdopen(writer, "wb") as pipe:
                try:
                    told = work()
                    status = 0
                except BaseException:
                    told = traceback.format_exc()[-_WORDS:].encode()
                pipe.write(told)
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        data = pipe.read()
    _, status = os.waitpid(pid, 0)
    if status:
        raise Crashed(data.decode(errors="replace") or f"the copy ended with {status}")
    return data
