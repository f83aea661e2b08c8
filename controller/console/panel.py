"""Hands in a simulated room: the side panel's way to the simulator's control port.

There is one only where the console was told of a control port, and that only in a room of
simulated devices. It is how a person without a room presses the foot switch; a press there
comes to the controller over the simulated box's wire like any other.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import orjson

_LIMIT_S: Final = 2.0


class Panel:
    """One page's connection to the control port; opened with the first wish."""

    def __init__(self, address: tuple[str, int] | None) -> None:
        """``address`` of the control port; None = this room is not simulated here."""
        self._address = address
        self._stream: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._one = asyncio.Lock()
        """One wish at a time: answers come in their order."""

    async def ask(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """One wish and its answer, or what is wrong with it under ``error``."""
        if self._address is None:
            return {"error": "this console was started without a simulated room"}
        async with self._one:
            try:
                return await asyncio.wait_for(self._exchange(wish), _LIMIT_S)
            except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError) as problem:
                self.close()
                return {"error": f"the simulated room does not answer: {problem}"}

    async def _exchange(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        if self._stream is None:
            self._stream = await asyncio.open_connection(*(self._address or ("", 0)))
        reader, writer = self._stream
        writer.write(orjson.dumps(wish) + b"\n")
        answer: dict[str, Any] = orjson.loads(await reader.readuntil(b"\n"))
        return answer

    def close(self) -> None:
        """Hang up."""
        if self._stream is not None:
            self._stream[1].close()
            self._stream = None
