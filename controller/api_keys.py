"""Idempotency keys: a request that comes again is answered as before, and done once.

A client whose connection broke cannot know whether its last request was taken. It sends
the same request again with the same key, on any connection, and gets the same reply.
"""

from collections import OrderedDict
from typing import Final

import msgspec

from state_machine.requests import ClientRequest

KEYS_MOST_COUNT: Final = 1_024
"""Newest keys that are remembered; they end with the controller's process."""

USED: Final = "this key was used for another request: choose a new one"


class _Known(msgspec.Struct):
    """One key: the request it stood for, and its reply once there is one."""

    request: ClientRequest
    reply: bytes = b""


class Keys:
    """The newest keys and their replies."""

    def __init__(self) -> None:
        """No key is known."""
        self._known: OrderedDict[str, _Known] = OrderedDict()

    def begin(self, request: ClientRequest) -> str | bytes | None:
        """None: the request is new, do it. Bytes: the reply to repeat. Text: why not.

        Empty bytes: it is being done in this very pass; ``wait`` for its reply.
        """
        if not request.key:
            return None
        request = msgspec.structs.replace(request, connection=0, utc_day=0)
        known = self._known.get(request.key)
        if known is not None:
            return known.reply if known.request == request else USED
        self._known[request.key] = _Known(request)
        if len(self._known) > KEYS_MOST_COUNT:
            self._known.popitem(last=False)
        return None

    def end(self, key: str, reply: bytes) -> None:
        """Remember the reply of a request that was begun."""
        known = self._known.get(key)
        if known is not None:
            known.reply = reply

    def reply(self, key: str) -> bytes:
        """The reply of a key; empty = none yet."""
        known = self._known.get(key)
        return known.reply if known is not None else b""
