"""The side panel's way to a simulated room: asked in turn, never in the way of a STOP."""

import asyncio
import json
import threading

import pytest

from controller.console import panel as panels
from controller.console.panel import Panel
from tests.console.served import Served, introduced


class Simulator:
    """A control port; ``async with`` it, and nothing of it is left."""

    def __init__(self, answer):
        self._answer = answer
        self._open = 0
        self._idle = asyncio.Event()

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._client, "127.0.0.1", 0)
        self.address = self._server.sockets[0].getsockname()[:2]
        return self

    async def __aexit__(self, *_):
        self._server.close()
        await self._idle.wait()

    async def _client(self, reader, writer):
        self._open += 1
        self._idle.clear()
        await self._answer(reader, writer)
        writer.close()
        await writer.wait_closed()
        self._open -= 1
        if not self._open:
            self._idle.set()


async def _echo(reader, writer):
    while line := await reader.readline():
        writer.write(json.dumps({"heard": json.loads(line)}).encode() + b"\n")


async def _hangs_up(reader, _writer):
    await reader.readline()


async def _silent(reader, _writer):
    await reader.read()


def test_wishes_are_answered_in_their_order_over_one_connection():
    async def case():
        async with Simulator(_echo) as simulator:
            panel = Panel(simulator.address)
            answers = await asyncio.gather(*(panel.ask({"n": n}) for n in range(5)))
            panel.close()
        return answers

    assert asyncio.run(case()) == [{"heard": {"n": n}} for n in range(5)]


def test_a_room_that_is_not_simulated_has_no_hands():
    assert "without a simulated room" in asyncio.run(Panel(None).ask({"truth": True}))["error"]


def test_a_simulator_that_hangs_up_is_said_and_asked_anew():
    async def case():
        async with Simulator(_hangs_up) as simulator:
            panel = Panel(simulator.address)
            first = await panel.ask({"n": 1})
        async with Simulator(_echo) as simulator:
            panel._address = simulator.address
            second = await panel.ask({"n": 2})
            panel.close()
        return first, second

    first, second = asyncio.run(case())
    assert "does not answer" in first["error"]
    assert second == {"heard": {"n": 2}}


def test_a_simulator_that_is_silent_is_given_up(monkeypatch):
    monkeypatch.setattr(panels, "_LIMIT_S", 0.05)

    async def case():
        async with Simulator(_silent) as simulator:
            return await Panel(simulator.address).ask({"n": 1})

    assert "does not answer" in asyncio.run(case())["error"]


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_stop_does_not_wait_for_a_silent_simulator(tmp_path):
    """The wish hangs; STOP, said after it, is with the controller at once."""
    held, listening = threading.Event(), threading.Event()
    address = []

    async def simulate():
        async def deaf(_reader, _writer):
            await asyncio.to_thread(held.wait)

        async with Simulator(deaf) as simulator:
            address.append(simulator.address)
            listening.set()
            await asyncio.to_thread(held.wait)

    thread = threading.Thread(target=lambda: asyncio.run(simulate()))
    thread.start()
    assert listening.wait(10)
    served = Served(tmp_path, panel=address[0])
    try:
        with served.page() as (page, controller):
            introduced(page, controller)
            page.send_json({"k": "sim", "set": {"hold": True}})
            page.send_json({"k": "stop"})
            assert controller.heard()["event"] == "stop"
    finally:
        held.set()
        thread.join(10)
        served.close()
