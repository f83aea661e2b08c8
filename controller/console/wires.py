"""What goes over the wires of the room, for one page: the same as ``service monitor`` shows.

The controller's frames come as they are; they are read here, in the console's process, with the
code that the service tools use (``controller/wires``). A page is shown a picture a few times a
second, and only the newest one waits for a page that is slow.
"""

from typing import Any, Final

import orjson

from controller.wires.watched import NEWEST_COUNT, Watch
from controller.wires.wire_words import Spoken

FRAMES: Final = b'{"k":"frames'
"""Also the start of their end, ``frames-end``."""
SHOWN_NS: Final = 250_000_000
"""From one picture to the next at least, by the times of the frames."""


class Wires:
    """What one page watches."""

    def __init__(self) -> None:
        """Nothing."""
        self._watched: Watch | None = None
        self._shown_ns = 0

    @property
    def on(self) -> bool:
        """Something is shown, and has not ended."""
        return self._watched is not None

    def begin(self) -> None:
        """Asked for anew: what was counted before is forgotten."""
        self._watched = None
        self._shown_ns = 0

    def take(self, line: bytes) -> dict[str, Any] | None:
        """A line of the controller that begins with ``FRAMES``; a picture when one is due."""
        watched = self._watched = self._watched or Watch()
        watched.take(orjson.loads(line))
        if watched.ended:
            self.begin()
        elif watched.at_ns < self._shown_ns + SHOWN_NS:
            return None
        else:
            self._shown_ns = watched.at_ns
        newest = [_said(spoken) for spoken in list(watched.recent)[-NEWEST_COUNT:]]
        return {"k": "wires", "ended": watched.ended, "newest": newest, **watched.told()}


def _said(spoken: Spoken) -> dict[str, Any]:
    return {
        "at_ms": spoken.at_ns // 1_000_000,
        "link": spoken.link,
        "kind": spoken.kind,
        "words": spoken.words,
        "us": spoken.span_ns // 1_000 if spoken.span_ns is not None else None,
        "again": spoken.again,
    }
