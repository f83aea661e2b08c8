"""A world copied whole, in the middle of anything: what the copy does leaves the first alone.

The core's messages and the record's rows are shared, for nobody can change them. All else is
copied, so nothing in a room may keep itself inside a closure: that would go on acting in the
room it was copied from (`tests/sim/test_copied.py` looks for one).
"""

import copy
import gc
import hashlib
import types
from collections.abc import Iterator
from typing import Any, Final, TypeVar

import msgspec

T = TypeVar("T")
_HASH: Final = type(hashlib.sha256())
_STATELESS: Final = (
    msgspec.json.Encoder,
    msgspec.json.Decoder,
    msgspec.msgpack.Encoder,
    msgspec.msgpack.Decoder,
)
_MESSAGES: Final = ("state_machine.", "controller.record.")
_PLAIN: Final = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType)
"""Not looked into and not copied: they lead to the whole program."""


def copied(whole: T) -> T:
    """A copy that goes on by itself."""
    shared: dict[int, Any] = {}
    for thing in reached(whole):
        if isinstance(thing, _HASH):
            shared[id(thing)] = thing.copy()
        elif isinstance(thing, _STATELESS) or is_message(thing):
            shared[id(thing)] = thing
    return copy.deepcopy(whole, shared)


def is_message(thing: object) -> bool:
    """Of the core or of the record: frozen all the way down."""
    return isinstance(thing, msgspec.Struct) and type(thing).__module__.startswith(_MESSAGES)


def reached(whole: object) -> Iterator[object]:
    """Every object that something leads to, messages' own fields left out."""
    seen: set[int] = set()
    ahead: list[object] = [whole]
    while ahead:
        thing = ahead.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        yield thing
        if not is_message(thing) and not isinstance(thing, _PLAIN):
            ahead.extend(gc.get_referents(thing))
