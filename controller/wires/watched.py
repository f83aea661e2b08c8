"""The wires of a room, as who watches has seen them: frames in, words and statistics out."""

from collections import deque
from collections.abc import Callable
from typing import Any, Final

from controller.tap import Frame
from controller.wires.link_stats import LinkStats
from controller.wires.wire_words import Spoken, readers

RECENT_COUNT: Final = 200
NEWEST_COUNT: Final = 12
"""Messages that are shown in words at once."""


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
        self.at_ns = 0
        """Boot time of the newest frame of any link."""
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
        self.at_ns = max(self.at_ns, frame.at_ns)
        reader = self._readers.get(frame.link)
        for spoken in reader.take(frame) if reader is not None else ():
            self.stats[spoken.link].take(spoken)
            self.recent.append(spoken)
            self.heard(spoken)

    def told(self) -> dict[str, Any]:
        """Statistics and registers of each link, for machines: the same from every tool."""
        links = {name: stats.told(self.at_ns) for name, stats in self.stats.items()}
        return {"lost": self.lost_count, "links": links}
