"""What each message of a page becomes: requests on its connection, words back to it.

Who is in front of the page is known here only to be shown and to fill in ``by`` and
``role`` where a room has no log-in; where it has, the controller takes both from its own
session, whatever a client says.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

import msgspec
import orjson

from controller.console import messages as ms
from controller.console.history import History
from controller.console.link import Link, Outbox
from controller.console.panel import Panel
from controller.console.wires import FRAMES, Wires
from controller.console.worklist import ByHand, Source
from controller.console.worklist import message as worklist_message
from state_machine.requests import AnyRequest, Role

UNKNOWN: Final = "console, nobody named"
"""Who asks for STOP at a page that nobody has named themselves to."""

_GREETING: Final = b'{"k":"hello"'
_WHO: Final = b'{"k":"who"'
SAY_WHO: Final = "say who you are first"
_ASIDE_MOST_COUNT: Final = 8
"""Wishes to the simulator and searches of one page under way at once."""
_ASKED: Final = ("truth", "inputs", "struck", "catalogue")
"""What a page may ask the simulated room for."""
_OWN_WORDS: Final = frozenset({"console", "view", "hold-begin", "hold-beat", "hold-end"})
"""Requests that have messages of their own."""


class Session:
    """One page's messages."""

    def __init__(
        self,
        link: Link,
        outbox: Outbox,
        panel: Panel,
        history: History,
        browser: str,
        login_required: bool = False,
        worklist: Source | None = None,
    ) -> None:
        """A page, of a browser's session, that nobody is in front of yet."""
        self._worklist = worklist or ByHand()
        self._login_required = login_required
        self._link = link
        self._outbox = outbox
        self._panel = panel
        self._history = history
        self._browser = browser
        self._aside: set[asyncio.Task[None]] = set()
        self._by = ""
        self._role = ""
        self._beat_count = 0
        self._wires = Wires()
        self._taken: dict[type, Callable[[Any], None]] = {
            ms.Login: self._login,
            ms.Logout: self._logout,
            ms.Person: self._person,
            ms.Control: self._control,
            ms.Ask: self._ask,
            ms.View: self._view,
            ms.HoldBegin: self._begin,
            ms.HoldBeat: self._beat,
            ms.HoldEnd: self._end,
            ms.Stop: self._stop,
            ms.Sim: self._sim,
            ms.WorklistAsk: self._scheduled,
            ms.HistoryList: self._history_list,
            ms.HistoryOpen: self._history_open,
        }

    def take(self, message: ms.AnyFromPage) -> None:
        """A message of the page; returns at once, whatever else is under way."""
        self._taken[type(message)](message)

    def hear(self, line: bytes) -> None:
        """A line of the controller; of its greeting a page is told its connection's number."""
        if line.startswith(_WHO):
            # in a room with log-in the controller says who it is; here it is only shown
            who = orjson.loads(line)
            self._by, self._role = who["by"], who["role"]
            if not self._by:
                self._history.revoke(self._browser)
        if line.startswith(_GREETING):
            number = orjson.loads(line).get("connection", 0)
            self._outbox.say({"k": "line", "connection": number})
        elif line.startswith(FRAMES):
            picture = self._wires.take(line)
            if picture is not None:
                self._outbox.say(picture)
        else:
            self._outbox.put(line)

    def close(self) -> None:
        """The page is gone."""
        for task in self._aside:
            task.cancel()
        self._history.revoke(self._browser)
        self._panel.close()

    def _beside(self, work: Coroutine[Any, Any, None], what: str) -> None:
        """Do what takes time beside the page's other messages: STOP never waits for it."""
        if len(self._aside) >= _ASIDE_MOST_COUNT:
            work.close()
            self._outbox.say({"k": "error", "words": f"{what}: wait for what was asked before"})
            return
        task = asyncio.create_task(work)
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)

    def _request(self, kind: str, number: int = 0, **fields: Any) -> None:
        by, role = self._by or UNKNOWN, self._role or Role.TECHNOLOGIST.value
        self._link.say({"request": kind, "by": by, "role": role, "number": number, **fields})

    def _login(self, message: ms.Login) -> None:
        role = {"role": message.role} if message.role else {}
        self._link.say({"k": "login", "user": message.user, "pin": message.pin, **role})

    def _logout(self, _message: ms.Logout) -> None:
        self._look_no_more()
        self._by = self._role = ""
        self._history.revoke(self._browser)
        if self._login_required:
            self._link.say({"k": "logout"})
        else:
            self._outbox.say({"k": "who", "by": "", "role": ""})

    def _person(self, message: ms.Person) -> None:
        if self._login_required:
            self._outbox.say({"k": "error", "words": "this room has log-in: name and PIN"})
            return
        try:
            role = Role(message.role)
        except ValueError:
            known = ", ".join(role.value for role in Role)
            self._outbox.say({"k": "error", "words": f"no role {message.role!r}; known: {known}"})
            return
        if role is not Role.SERVICE:
            self._look_no_more()
        self._role = role.value
        self._by = message.by.strip()
        self._outbox.say({"k": "who", "by": self._by, "role": self._role})

    def _look_no_more(self) -> None:
        """Who looked at the wires leaves the page, or is in another role."""
        if self._wires.on:
            self._request("service", work="done", words="looked at the wires")

    def _control(self, message: ms.Control) -> None:
        self._beat_count = 0
        self._request("console", on=message.on, take=message.take)

    def _ask(self, message: ms.Ask) -> None:
        kind = str(message.body.get("request", ""))
        if kind in _OWN_WORDS or {"by", "role", "number"} & set(message.body):
            words = "a page does not say who asks, and does not hold by asking"
            self._refused(message.number, kind, words)
            return
        if not self._by:
            self._refused(message.number, kind, SAY_WHO)
            return
        whole = {**message.body, "by": self._by, "role": self._role, "number": message.number}
        try:
            msgspec.convert(whole, AnyRequest)
        except msgspec.ValidationError as problem:
            self._refused(message.number, kind, f"not a request: {problem}")
            return
        self._link.say(whole)

    def _refused(self, number: int, kind: str, *words: str) -> None:
        self._outbox.say(
            {"k": "reply", "number": number, "request": kind, "taken": False, "refusals": words}
        )

    def _view(self, message: ms.View) -> None:
        self._beat_count += 1
        self._request("view", beat=self._beat_count, t_ms=message.ack, up=message.up)

    def _begin(self, message: ms.HoldBegin) -> None:
        self._request("hold-begin", token=message.tok, beat=message.n, t_ms=message.ack)

    def _beat(self, message: ms.HoldBeat) -> None:
        self._request("hold-beat", token=message.tok, beat=message.n, t_ms=message.ack)

    def _end(self, message: ms.HoldEnd) -> None:
        self._request("hold-end", token=message.tok, beat=message.n, why=message.why)

    def _stop(self, _message: ms.Stop) -> None:
        self._request("do", event="stop")

    def _sim(self, message: ms.Sim) -> None:
        wish: dict[str, Any] = {"set": message.set} if message.set else {}
        wish |= {name: list(getattr(message, name)) for name in ("strike", "mend")}
        wish |= {name: True for name in _ASKED if getattr(message, name)}
        wish = {name: value for name, value in wish.items() if value}
        self._beside(self._ask_panel(wish), "simulated room")

    async def _ask_panel(self, wish: dict[str, Any]) -> None:
        self._outbox.say({"k": "sim", **await self._panel.ask(wish)})

    def _scheduled(self, message: ms.WorklistAsk) -> None:
        if self._by:
            self._beside(self._show_worklist(message.words), "worklist")
        else:
            self._outbox.say({"k": "worklist", "source": "", "rows": [], "words": SAY_WHO})

    async def _show_worklist(self, words: str) -> None:
        self._outbox.say(await worklist_message(self._worklist, words))

    def _history_list(self, message: ms.HistoryList) -> None:
        if self._by:
            self._beside(self._search(message.words), "history")
        else:
            self._outbox.say({"k": "history", "cases": [], "words": SAY_WHO})

    async def _search(self, words: str) -> None:
        self._outbox.say({"k": "history", **await self._history.search(words)})

    def _history_open(self, message: ms.HistoryOpen) -> None:
        given = (
            self._history.ticket(self._browser, message.case, message.form)
            if self._by
            else {"error": SAY_WHO}
        )
        self._outbox.say({"k": "history.address", **given})
