"""A copied world goes on by itself, and as the first would have."""

import types

import msgspec
import pytest

from drivers.registers import Block
from sim.copied import copied, is_message, reached
from tests.world.scene import Scene


def is_ours(thing: object) -> bool:
    """An object of ours that can change."""
    kind = type(thing)
    name = kind.__module__.partition(".")[0]
    ours = name in ("controller", "drivers", "sim", "tests") and hasattr(thing, "__dict__")
    changes = not is_message(thing) and not isinstance(thing, Block)  # a table, for good
    return ours and changes and not hasattr(kind, "__members__")


@pytest.mark.parametrize("phase", ["standby", "armed"])
def test_nothing_that_can_change_is_shared(phase):
    scene = Scene().until_phase(phase)
    other = copied(scene)
    first = {id(thing): thing for thing in reached(scene)}
    second = {id(thing) for thing in reached(other)}
    assert [first[key] for key in first.keys() & second if is_ours(first[key])] == []


@pytest.mark.parametrize("phase", ["prime-and-zero", "armed"])
def test_goes_on_as_the_first(phase):
    scene = Scene().until_phase(phase)
    other = copied(scene)
    other.run(8)
    stopped_at_ns = scene.world.now_ns()
    assert scene.world.now_ns() == stopped_at_ns
    scene.run(8)
    assert other.world.digest() == scene.world.digest()


def test_nothing_is_kept_in_a_closure():
    """A function is not copied: what it closes over would stay in the first room."""
    kept = {
        f"{thing.__module__}.{thing.__qualname__}"
        for thing in reached(Scene().until_phase("armed"))
        if isinstance(thing, types.FunctionType)
        for cell in thing.__closure__ or ()
        if is_ours(cell.cell_contents)
    }
    assert kept == set()


def test_a_prepared_scene_is_where_a_fresh_one_would_be():
    fresh = Scene(seed=11).until(lambda s: s.phase == "locate-duct")
    prepared = [Scene(seed=11).until_phase("locate-duct") for _ in range(2)]
    digests = {scene.world.digest() for scene in (fresh, *prepared)}
    assert len(digests) == 1
    assert msgspec.structs.asdict(fresh.state) == msgspec.structs.asdict(prepared[1].state)
