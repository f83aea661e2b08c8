"""Watching the wires of a running room: frames in, words and statistics out.

The controller shows frames only to a service tool in standby, and stops when a procedure opens.
"""

from collections import deque
from collections.abc import Callable
from typing import Any, Final

from controller.bench.desk import Desk, Ended
from controller.bench.link_stats import LinkStats
from controller.bench.wire_words import Spoken, readers
from controller.tap import Frame

RECENT_COUNT: Final = 200


def frames_of(message: dict[str, Any]) -> list[Frame]:
    """The frames of a message of the controller, or of a line of a trace."""
    return [
        Frame(at_ns, link, way, bytes.fromhex(text)) for at_ns, link, way, text in message["frames"]
    ]


class Watch:
    """What was heard since it began."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.stats: dict[str, LinkStats] = {name: LinkStats() for name in readers()}
        self.recent: deque[Spoken] = deque(maxlen=RECENT_COUNT)
        self.lost_count = 0
        self.ended = ""
        """Why nothing more is shown; empty = it goes on."""
        self.heard: Callable[[Spoken], None] = lambda _spoken: None
        self._readers = readers()

    def take(self, message: dict[str, Any]) -> None:
        """Any message of the controller."""
        if message["k"] == "frames-end":
            self.ended = message["words"]
        if message["k"] != "frames":
            return
        self.lost_count += message["lost"]
        for frame in frames_of(message):
            self.frame(frame)

    def frame(self, frame: Frame) -> None:
        """One frame; links that nobody knows are passed over."""
        reader = self._readers.get(frame.link)
        for spoken in reader.take(frame) if reader is not None else ():
            self.stats[spoken.link].take(spoken)
            self.recent.append(spoken)
            self.heard(spoken)


def watch(desk: Desk, words: str) -> None:
    """Ask to be shown what goes over the wires.

    Raises:
        Ended: refused.
    """
    refusals = desk.ask("service", work="watch", words=words)
    if refusals:
        raise Ended("; ".join(refusals))
