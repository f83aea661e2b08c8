"""``galactograph console``: the web server of one room, for browsers on this machine."""

import argparse
import contextlib
import ipaddress
import signal
import socket
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Final

import uvicorn

from config.load import load_room
from config.problems import ConfigError, ConfigUnreadable
from config.state_paths import state_paths
from controller.clock import RealClock
from controller.console.app import Place, make_app
from controller.console.facts import room_facts
from controller.console.messages import MESSAGE_MOST_BYTES

ABOUT: Final = """\
Serves the console of a room to a browser on this machine. It is a client of the running
controller; when it ends, nothing in the room changes but that a hold on a screen is over.
"""
EXAMPLES: Final = """\
examples:
  galactograph console --room demo                      then open the address it says
  galactograph console --room room.toml --listen 127.0.0.1:8080

exit status: 0 ended, 1 the room file is wrong, 2 input or usage wrong
"""
LISTEN: Final = "127.0.0.1:8750"
_PING_S: Final = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``galactograph console``."""
    parser.add_argument("--room", required=True, metavar="FILE", help="room file or shipped name")
    parser.add_argument("--state", type=Path, metavar="DIR", help="folder of records and sockets")
    parser.add_argument(
        "--listen", default=LISTEN, metavar="HOST:PORT", help=f"this machine only ({LISTEN})"
    )
    parser.add_argument(
        "--panel",
        metavar="HOST:PORT",
        help="control port of a simulated room, for the side panel",
    )


class NotHere(ValueError):
    """An address that the console does not listen on; the text says why and what to do."""


def loopback(text: str) -> tuple[str, int]:
    """``HOST:PORT`` of this machine alone.

    Raises:
        NotHere: no such address, or one that others can reach.
    """
    host, colon, port = text.rpartition(":")
    try:
        here = colon and ipaddress.ip_address(host.strip("[]")).is_loopback
        number = int(port)
    except ValueError:
        here, number = "", -1
    if not here or not 0 <= number <= 65_535:
        raise NotHere(
            f"address {text!r}: allowed is 127.0.0.1:PORT. The console has no encryption and"
            " its holds move contrast: only a browser on the room's own computer may reach it"
        )
    return host.strip("[]"), number


def run(
    args: argparse.Namespace, drivers: Collection[str], state_folder: Path, journal_file: str
) -> int:
    """Serve until told to end: 0 ended, 1 the room file is wrong, 2 wrong input."""
    try:
        host, port = loopback(args.listen)
        panel = loopback(args.panel) if args.panel else None
        loaded = load_room(args.room, drivers)
        paths = state_paths(loaded.room, args.state or state_folder)
    except ConfigError as error:
        for problem in error.problems:
            sys.stderr.write(f"{problem.words()}\n")
        return 2 if isinstance(error, ConfigUnreadable) else 1
    except NotHere as error:
        sys.stderr.write(f"galactograph console: {error}\n")
        return 2
    mode = loaded.profile.mode.value
    if panel is not None and mode != "simulated":
        sys.stderr.write(f"galactograph console: --panel in a {mode} room: leave it out\n")
        return 2
    try:
        listening = socket.create_server((host, port))
    except OSError as error:
        sys.stderr.write(
            f"galactograph console: cannot listen on {args.listen} ({error.strerror}): end what"
            " does, or name another port with --listen\n"
        )
        return 2
    with listening:
        port = listening.getsockname()[1]
        place = Place(
            room=loaded.profile.room,
            mode=mode,
            api=paths.socket,
            journal=paths.journal / journal_file,
            hosts=(f"{host}:{port}", f"localhost:{port}"),
            now_ns=RealClock().now_ns,
            panel=panel,
            facts=room_facts(loaded.profile),
            login_required=loaded.profile.login_required,
        )
        sys.stdout.write(f"console of room {place.room} ({mode}): http://{host}:{port}/\n")
        sys.stdout.flush()
        _serve(place, listening)
    return 0


def _serve(place: Place, listening: socket.socket) -> None:
    """Until SIGTERM, SIGINT or SIGHUP; open pages are closed at once, holds end with them."""
    config = uvicorn.Config(
        make_app(place),
        loop="asyncio",
        http="h11",
        ws="websockets-sansio",
        lifespan="off",
        log_level="warning",
        access_log=False,  # names of reports are addresses that open them
        server_header=False,
        ws_max_size=MESSAGE_MOST_BYTES,
        ws_ping_interval=_PING_S,
        ws_ping_timeout=_PING_S,
        ws_per_message_deflate=False,
        limit_concurrency=64,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    with contextlib.suppress(KeyboardInterrupt):
        signal.signal(signal.SIGHUP, lambda *_: setattr(server, "should_exit", True))
        server.run(sockets=[listening])
