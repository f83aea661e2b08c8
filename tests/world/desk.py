"""A service tool's place at a room on virtual time: waiting is running the room."""

from typing import Any

import msgspec

from controller.bench.desk import SILENT_S, Desk, Gone
from sim.world import World

_STEP_NS = 50_000_000


class WorldLine:
    """A line to the controller of a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._client = world.client()

    def say(self, message: dict[str, Any]) -> None:
        self._client.write(msgspec.json.encode(message) + b"\n")

    def hear(self) -> list[dict[str, Any]]:
        heard: list[dict[str, Any]] = []

        def listen() -> bool:
            heard.extend(msgspec.json.decode(line) for line in self._client.read().splitlines())
            return bool(heard)

        self._world.run_until(listen, int(SILENT_S * 1e9))
        if not heard:
            raise Gone("the controller has said nothing")
        return heard

    def fileno(self) -> int:
        raise NotImplementedError("nothing is waited for on virtual time")

    def close(self) -> None:
        self._client.close()


def desk_in(world: World, by: str = "S. Service") -> Desk:
    return Desk(WorldLine(world), "service", by)
