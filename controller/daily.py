"""``galactograph daily-check``: leads a person through the daily check in a terminal.

A client of the running controller like any other. It shows the part under way, asks for the
words that only a person can say, and ends with the check. What is pressed is pressed in the
room; what is decided is decided in the controller.
"""

import argparse
import getpass
import json
import select
import socket
import sys
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, Final, TextIO

from config.load import load_room
from config.problems import ConfigError
from config.state_paths import state_paths
from controller.messages import VERSION

PASSED: Final = 0
FAILED: Final = 1
WRONG: Final = 2

ABOUT: Final = """\
Leads through the daily check of what stops the pump, with the controller of the room
running: nobody in the room, syringe and line in place, tip over a cup. Arming is refused
without a check that was passed within the hours of the procedure file.
"""
_WAIT_S: Final = 2.0
"""Snapshots come 20 times a second: a controller silent for so long is gone."""
_READ_SIZE: Final = 65_536

_QUESTIONS: Final = {
    "confirm-reclose": "the cannula is out, the pump may have power? y = yes: ",
    "tip-out": "the tip is out, over the cup? y = yes, then press the switch: ",
    "sounder-heard": "is the sounder heard? y or n: ",
}


class Guide:
    """What is shown and asked, and what a typed line means; no terminal, no socket."""

    def __init__(self, by: str, syringe: str, say: Callable[[dict[str, Any]], None]) -> None:
        """``say`` takes what is to be shown: a dictionary with ``words`` for people."""
        self._by = by
        self._syringe = syringe
        self._say = say
        self._number = 0
        self._row = 0
        self._alarms: list[str] = []
        self._asks = ""
        self.under_way = False
        self.passed: bool | None = None
        """How it ended; None = not yet."""

    def begin(self) -> dict[str, Any]:
        """The request that begins the check; the person has said that the room is ready."""
        return self._request("daily-check", syringe=self._syringe, tip_out=True, room_empty=True)

    def end(self) -> dict[str, Any]:
        """The request that gives the check up."""
        return self._request("end-daily-check")

    def hear(self, message: dict[str, Any]) -> None:
        """A message of the controller."""
        if message["k"] == "snapshot":
            self._see(message)
        elif message["k"] in ("error", "refused"):
            self._end(False, message["words"])
        elif message["k"] == "reply" and message["refusals"]:
            self._refused(message)

    def answer(self, line: str) -> list[dict[str, Any]]:
        """Requests that a typed line stands for; none when nothing was asked or not meant."""
        asked, yes = self._asks, line.strip().lower() in ("y", "yes")
        if not asked or (not yes and asked != "sounder-heard"):
            return []
        self._asks = ""
        if asked == "sounder-heard":
            return [self._request(asked, heard=yes)]
        if asked == "tip-out":
            return [self._request(asked, purpose="daily-check")]
        seen = [self._request("acknowledge", alarm=name) for name in self._alarms]
        return [*seen, self._request(asked, cannula_out=True)]

    def _see(self, shown: dict[str, Any]) -> None:
        check = shown["daily_check"]
        self._alarms = [a["name"] for a in shown["alarms"] if not a["acknowledged"]]
        if check["step"]:
            self.under_way = True
            if check["row"] != self._row:
                self._row = check["row"]
                self._show(check)
        elif self.under_way and self.passed is None:
            self._end(not check["failed_step"], check["failed_words"])

    def _show(self, check: dict[str, Any]) -> None:
        words = f"{check['row']:2d}/{check['rows']}  {check['step']}: {check['prompt']}"
        shown = {key: check[key] for key in ("row", "step", "part", "prompt", "asks")}
        self._say({**shown, "words": words})
        self._ask(check["asks"])

    def _ask(self, asks: str) -> None:
        self._asks = asks
        if asks:
            self._say({"question": asks, "words": _QUESTIONS[asks]})

    def _refused(self, message: dict[str, Any]) -> None:
        words = "; ".join(message["refusals"])
        if message["request"] in ("daily-check", "login"):
            self._end(False, words)
            return
        self._say({"refused": message["request"], "words": f"      not taken: {words}"})
        if message["request"] in _QUESTIONS:
            self._ask(message["request"])

    def _end(self, passed: bool, why: str) -> None:
        self.passed = passed
        words = "passed: arming is possible" if passed else f"NOT PASSED: {why}"
        self._say({"passed": passed, "why": why, "words": words})

    def _request(self, request: str, **fields: Any) -> dict[str, Any]:
        self._number += 1
        who = {"by": self._by, "role": "technologist", "number": self._number}
        return {"request": request, **who, **fields}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("--room", required=True, metavar="FILE", help="room file or shipped name")
    parser.add_argument("--state", type=Path, metavar="DIR", help="state folder of the controller")
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--by", metavar="NAME", help="who does the check, where nobody logs in")
    who.add_argument("--user", metavar="NAME", help="who logs in for it; the PIN is asked for")
    parser.add_argument("--syringe", metavar="NAME", help="in the clamp; else the file's first")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def run(args: argparse.Namespace, known: Collection[str], folder: Path) -> int:
    """0 passed, 1 not passed, 2 no controller there or the input is wrong."""
    try:
        loaded = load_room(args.room, known)
    except ConfigError as error:
        sys.stderr.write("".join(f"{problem.words()}\n" for problem in error.problems))
        return WRONG
    path = state_paths(loaded.room, args.state or folder).socket
    guide = Guide(
        args.by or args.user, args.syringe or loaded.profile.syringes[0].name, _teller(args.json)
    )
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        try:
            connection.connect(str(path))
        except OSError as error:
            sys.stderr.write(
                f"galactograph daily-check: no controller answers on {path} ({error.strerror});"
                " start it with galactograph run\n"
            )
            return WRONG
        sys.stderr.write("nobody in the room as a patient, tip over a cup? y = begin: ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            return FAILED
        login: list[dict[str, Any]] = []
        if args.user:
            pin = getpass.getpass(f"PIN of {args.user}: ")
            login = [{"k": "login", "user": args.user, "pin": pin, "role": "technologist"}]
        try:
            return talk(guide, connection, sys.stdin, login)
        except KeyboardInterrupt:
            _send(connection, guide.end())
            return FAILED


def _teller(as_json: bool) -> Callable[[dict[str, Any]], None]:
    def say(shown: dict[str, Any]) -> None:
        text = json.dumps(shown) if as_json else shown["words"]
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    return say


def talk(
    guide: Guide,
    connection: socket.socket,
    typed: TextIO,
    login: Sequence[dict[str, Any]] = (),
) -> int:
    """Carry messages and typed lines until the check is over, or the controller is gone.

    With a ``login`` the check begins once that is taken.
    """
    hello = {"k": "hello", "version": VERSION, "client": "daily-check"}
    first = login or (guide.begin(),)
    _send(connection, hello, {"k": "subscribe", "hz": 10}, *first)
    rest = b""
    watched: list[Any] = [connection, typed]
    while guide.passed is None:
        ready = select.select(watched, [], [], _WAIT_S)[0]
        if typed in ready:
            line = typed.readline()
            if not line:  # nobody can answer any more; what is pressed in the room still counts
                watched.remove(typed)
            _send(connection, *guide.answer(line))
        data = connection.recv(_READ_SIZE) if connection in ready else b""
        if not data and (connection in ready or not ready):
            sys.stderr.write("galactograph daily-check: the controller is gone\n")
            return FAILED
        *lines, rest = (rest + data).split(b"\n")
        for one in filter(None, lines):
            message = json.loads(one)
            guide.hear(message)
            if message.get("request") == "login" and message["taken"]:
                _send(connection, guide.begin())
    return PASSED if guide.passed else FAILED


def _send(connection: socket.socket, *messages: dict[str, Any]) -> None:
    for message in messages:
        connection.sendall(json.dumps(message).encode() + b"\n")
