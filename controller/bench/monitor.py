"""``galactograph service monitor``, ``trace`` and ``decode``: the wires of a room.

``monitor`` shows registers, frames and statistics of the running room; ``trace`` writes its
frames to a file; ``decode`` tells such a file in words, without a controller.
"""

import argparse
import json
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Final, TextIO

import msgspec
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from config.load import load_room
from config.problems import ConfigError
from config.state_paths import state_paths
from controller.bench.calibrate_command import desk_at
from controller.bench.desk import Desk, Ended, Gone
from controller.bench.watching import watch
from controller.tap import Frame
from controller.version import PROGRAM, VERSION
from controller.wires.link_stats import EDGES_MS, LinkStats
from controller.wires.watched import NEWEST_COUNT, Watch
from controller.wires.wire_words import FAULT, QUESTION, Spoken

OK: Final = 0
FAILED: Final = 1
WRONG: Final = 2
TRACE_VERSION: Final = 1
LINE_MOST_BYTES: Final = 4_000_000
_BARS: Final = " ▁▂▃▄▅▆▇█"
_STYLE: Final = {FAULT: "bold red", QUESTION: "dim"}

ABOUT: Final = {
    "monitor": "Registers, frames and link statistics of the running room, live. It only looks;"
    " in the role service, in standby; a procedure that opens ends it.",
    "trace": "Write all that goes over the wires of the running room to a file, until it is full,"
    " the time is over, or a procedure opens. The loop never waits for it: frames that could not"
    " be taken in time are dropped and counted.",
    "decode": "A trace in words: New Era packets and Modbus frames, each with its time and, for an"
    " answer, how long it took. Needs no controller.",
}
EXAMPLES: Final = {
    "monitor": "galactograph service monitor --room FILE --by NAME [--json] [--count 5]",
    "trace": "galactograph service trace --room FILE --by NAME --out wires.jsonl --seconds 60",
    "decode": "galactograph service decode wires.jsonl [--link pump] [--json]",
}


def add_arguments(name: str, parser: argparse.ArgumentParser) -> None:
    """Arguments of one of the three."""
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    if name == "decode":
        parser.add_argument("file", type=Path, metavar="FILE", help="as trace wrote it")
        parser.add_argument("--link", help="pump, room, mammograph or line alone")
        return
    parser.add_argument("--room", required=True, metavar="FILE", help="room file or shipped name")
    parser.add_argument("--state", type=Path, metavar="DIR", help="state folder of the controller")
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--by", metavar="NAME", help="who looks, where nobody logs in")
    who.add_argument("--user", metavar="NAME", help="who logs in for it; the PIN is asked for")
    if name == "monitor":
        parser.add_argument("--count", type=int, default=0, help="end after so many seconds")
        return
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="a new file")
    parser.add_argument("--seconds", type=int, default=60, help="60")
    parser.add_argument("--most-bytes", type=int, default=50_000_000, help="50 MB")


def run(name: str, args: argparse.Namespace, known: Collection[str], folder: Path) -> int:
    """One of the three."""
    try:
        if name == "decode":
            return decode(args.file, args.link, args.json, sys.stdout)
        paths = state_paths(load_room(args.room, known).room, args.state or folder)
        desk = desk_at(paths, args, name)
        try:
            if name == "monitor":
                return _monitor(desk, args)
            return trace(desk, args.out, args.seconds * 1_000, args.most_bytes)
        finally:
            desk.close()
    except ConfigError as error:
        sys.stderr.write("".join(f"{problem.words()}\n" for problem in error.problems))
        return WRONG
    except (Gone, OSError, ValueError) as error:
        sys.stderr.write(f"galactograph service {name}: {error}\n")
        return WRONG
    except Ended as ended:
        sys.stderr.write(f"galactograph service {name}: {ended}\n")
        return FAILED
    except KeyboardInterrupt:
        return OK


# --- monitor -----------------------------------------------------------------------------------


def _monitor(desk: Desk, args: argparse.Namespace) -> int:
    console = Console(highlight=False)
    if args.json:
        return look(desk, args.count, lambda w, s: _line(w))
    with Live(console=console, auto_refresh=False, screen=console.is_terminal) as live:
        return look(desk, args.count, lambda w, s: live.update(screen(w, s), refresh=True))


def _line(watched: Watch) -> None:
    sys.stdout.write(json.dumps({"k": "links", **watched.told()}) + "\n")
    sys.stdout.flush()


def look(desk: Desk, count: int, show: Callable[[Watch, dict[str, Any]], None]) -> int:
    """Show once a second, ``count`` times (0: until a procedure opens)."""
    watched = Watch()
    desk.watcher = watched.take
    watch(desk, "monitor")
    shown = 0
    while not count or shown < count:
        due_ms = desk.now_ms + 1_000
        while not watched.ended and desk.now_ms < due_ms:
            desk.hear()
        show(watched, desk.newest)
        shown += 1
        if watched.ended:
            raise Ended(watched.ended)
    return OK


def screen(watched: Watch, shown: dict[str, Any]) -> RenderableType:
    """One picture of the wires, 100 columns or more."""
    parts: list[RenderableType] = [_links(watched, shown), "", _histograms(watched), ""]
    parts.append(_registers(watched))
    parts.append("")
    for spoken in list(watched.recent)[-NEWEST_COUNT:]:
        parts.append(Text(line_of(spoken), _STYLE.get(spoken.kind, ""), no_wrap=True))
    if watched.lost_count:
        parts.append(Text(f"{watched.lost_count} frames were not taken in time", "yellow"))
    return Group(*parts)


def _ms(span_ns: int | None) -> str:
    return "–" if span_ns is None else f"{span_ns / 1e6:.1f}"


def _links(watched: Watch, shown: dict[str, Any]) -> Table:
    columns = ("link", "is", "answers/s", "p50 ms", "p99 ms", "unanswered", "repeats", "faults",
               "bad frames", "device")  # fmt: skip
    table = Table(*columns, box=None, header_style="dim")
    for name, stats in watched.stats.items():
        device = shown["devices"][name]
        style = "" if device["link"] == "up" else "bold red"
        table.add_row(
            name,
            Text(device["link"], style),
            f"{stats.rate_per_s(watched.at_ns):.1f}",
            _ms(stats.percentile_ns(50)),
            _ms(stats.percentile_ns(99)),
            str(stats.unanswered_count),
            str(stats.repeat_count),
            Text(str(stats.fault_count), "red" if stats.fault_count else ""),
            str(device["bad_frame_count"]),
            Text(device["refusal"] or device["identity"]),
        )
    return table


def _histograms(watched: Watch) -> Table:
    table = Table("answers within ms", *map(str, EDGES_MS), "more", box=None, header_style="dim")
    for name, stats in watched.stats.items():
        table.add_row(name, *(_bar(count, stats) for count in stats.bins))
    return table


def _bar(count: int, stats: LinkStats) -> str:
    most = max(stats.bins)
    bar = _BARS[-(-count * (len(_BARS) - 1) // most)] if most else " "
    return f"{bar} {count}" if count else ""


def _registers(watched: Watch) -> Table:
    table = Table("registers", "", box=None, header_style="dim")
    for name, stats in watched.stats.items():
        if stats.values:
            listed = "  ".join(f"{key} {value}" for key, value in stats.values.items())
            table.add_row(name, Text(listed))
    return table


# --- trace and decode ----------------------------------------------------------------------------


def trace(desk: Desk, path: Path, span_ms: int, most_bytes: int) -> int:
    """Write frames to a new file.

    Raises:
        Ended: refused, or a procedure opened; what was written stays.
        FileExistsError: nothing is written over a file.
    """
    written = 0
    ended: list[str] = []
    with path.open("x", encoding="utf-8") as file:

        def take(message: dict[str, Any]) -> None:
            nonlocal written
            if message["k"] == "frames-end":
                ended.append(message["words"])
            elif message["k"] == "frames" and written < most_bytes:
                written += file.write(json.dumps(message) + "\n")

        head = {"k": "trace", "version": TRACE_VERSION, "program": f"{PROGRAM} {VERSION}"}
        written += file.write(json.dumps({**head, "room": desk.newest["room"]}) + "\n")
        desk.watcher = take
        watch(desk, f"trace to a file, {span_ms // 1000} s")
        desk.until(lambda _shown: bool(ended) or written >= most_bytes, span_ms)
    sys.stderr.write(f"{path}: {written} bytes\n")
    if ended:
        raise Ended(f"{ended[0]}: the trace ends there")
    return OK


def decode(path: Path, link: str | None, as_json: bool, out: TextIO) -> int:
    """A trace in words, and what each link came to.

    Raises:
        ValueError: the file is no trace.
    """
    watched = Watch()
    if link is not None and link not in watched.stats:
        raise ValueError(f"no link {link!r}; known: {', '.join(watched.stats)}")

    def tell(spoken: Spoken) -> None:
        if link in (None, spoken.link):
            out.write((json.dumps(spoken._asdict()) if as_json else line_of(spoken)) + "\n")

    watched.heard = tell
    with path.open("rb") as file:
        for number, text in enumerate(iter(lambda: file.readline(LINE_MOST_BYTES), b""), 1):
            message = _message(path, number, text)
            if isinstance(message, Frames):
                watched.lost_count += message.lost
                for at_ns, of, way, digits in message.frames:
                    watched.frame(Frame(at_ns, of, way, bytes.fromhex(digits)))
    for name, stats in watched.stats.items():
        if link in (None, name):
            out.write(_summary(name, stats, watched.at_ns, as_json) + "\n")
    return OK


class Head(msgspec.Struct, frozen=True, tag_field="k", tag="trace"):
    """The first line of a trace."""

    version: int
    room: str = ""
    program: str = ""


class Frames(msgspec.Struct, frozen=True, tag_field="k", tag="frames"):
    """Frames as the controller showed them."""

    lost: int
    frames: list[tuple[int, str, str, str]]


_line_of_trace: Final = msgspec.json.Decoder(Head | Frames)


def _message(path: Path, number: int, text: bytes) -> Head | Frames:
    try:
        message: Head | Frames = _line_of_trace.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{path}: line {number} is no line of a trace ({error})") from error
    if (number == 1) is not isinstance(message, Head):
        raise ValueError(f"{path} is no trace: make one with galactograph service trace")
    if isinstance(message, Head) and message.version != TRACE_VERSION:
        raise ValueError(f"{path} is a trace of version {message.version}; known: {TRACE_VERSION}")
    return message


def _summary(name: str, stats: LinkStats, at_ns: int, as_json: bool) -> str:
    if as_json:
        return json.dumps({"k": "link", "link": name, **stats.told(at_ns)})
    return (
        f"{name}: {stats.question_count} questions, {stats.answer_count} answers, p50"
        f" {_ms(stats.percentile_ns(50))} ms, p99 {_ms(stats.percentile_ns(99))} ms,"
        f" {stats.unanswered_count} unanswered, {stats.repeat_count} repeated,"
        f" {stats.fault_count} faults"
    )


def line_of(spoken: Spoken) -> str:
    """One message as a line."""
    mark = {QUESTION: ">", FAULT: "!"}.get(spoken.kind, "<")
    span = f"  {_ms(spoken.span_ns)} ms" if spoken.span_ns is not None else ""
    again = "  (again)" if spoken.again else ""
    return f"{spoken.at_ns / 1e9:14.6f}  {spoken.link:<10} {mark} {spoken.words}{span}{again}"
