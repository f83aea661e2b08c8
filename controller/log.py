"""Logs for people and machines: console and JSON lines, written outside the loop's thread.

The record is the journal; a log line may be lost and says so. The calling thread only puts
the event into a bounded queue; rendering, redaction and writing happen in a thread of its
own, which ends with the function that :func:`configure` returns. Libraries that log through
the standard library (pymodbus, transitions) come out the same way.

Patients' names and birth dates stay out of logs: they are replaced by key, in nested values
and structs, and where a request's text form ended up in a message.
"""

import contextlib
import logging
import logging.handlers
import os
import queue
import re
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TextIO

import msgspec
import orjson
import structlog

QUEUE_COUNT: Final = 10_000
"""Log lines that wait for the writer; more are counted and dropped."""
STOP_S: Final = 0.4
"""How long ending waits for a console or file that does not take lines."""
REDACTED: Final = "[redacted]"
PRIVATE_KEYS: Final = frozenset({"patient_name", "birth_date"})
"""Keys whose values never reach a log."""

_CHATTY: Final = "transitions"
"""Says every step of every state machine; the record does that better."""
_IN_TEXT: Final = re.compile(
    rf"""(\b(?:{"|".join(sorted(PRIVATE_KEYS))})['"]?\s*[=:]\s*)('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
)
"""A private field as ``repr`` or JSON writes it inside a longer text."""

_Event = structlog.typing.EventDict


def redact(_logger: object, _method: str, event: _Event) -> _Event:
    """Structlog processor: take private values out of an event."""
    return {key: _clean(key, value) for key, value in event.items()}


def _clean(key: object, value: Any) -> Any:
    if key in PRIVATE_KEYS:
        return REDACTED if value else value
    if isinstance(value, str):
        return _IN_TEXT.sub(rf"\1'{REDACTED}'", value)
    if isinstance(value, msgspec.Struct):
        return _clean("", msgspec.to_builtins(value))
    if isinstance(value, dict):
        return {inner: _clean(inner, item) for inner, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean("", item) for item in value]
    if isinstance(value, BaseException):
        return _clean("", repr(value))
    return value


class _Handoff(logging.handlers.QueueHandler):
    """Puts records into the queue as they are: nothing is rendered in the caller's thread."""

    def __init__(self, lines: "queue.Queue[Any]") -> None:
        super().__init__(lines)
        self.dropped_count = 0

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        try:
            self.queue.put_nowait(record)
        except queue.Full:
            self.dropped_count += 1


class _Writer:
    """Renders and writes in a thread of its own.

    Not ``logging.QueueListener`` with stream handlers: a terminal that is stopped (Ctrl-S)
    holds their locks, and the process could then not even end.
    """

    def __init__(self, lines: "queue.Queue[Any]", sinks: Sequence["_Sink"]) -> None:
        self._lines = lines
        self._sinks = sinks
        self.failed_count = 0
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while (record := self._lines.get()) is not None:
            for sink in self._sinks:
                try:
                    sink.write(record)
                except Exception:  # a log line must not end the logs; it is counted
                    self.failed_count += 1

    def stop(self, *last: logging.LogRecord) -> None:
        """Write what waits, then ``last``; gives up where a sink does not take them."""
        with contextlib.suppress(queue.Full):
            for record in (*last, None):
                self._lines.put(record, timeout=STOP_S)
        self._thread.join(STOP_S)
        if not self._thread.is_alive():
            for sink in self._sinks:
                sink.close()


class _Sink:
    """One place where lines go: a formatter and unbuffered writing."""

    def __init__(self, stream: TextIO, formatter: logging.Formatter, owned: bool) -> None:
        self._stream = stream
        self._formatter = formatter
        self._owned = owned

    def write(self, record: logging.LogRecord) -> None:
        """Render and write one line.

        Raises:
            OSError: The line could not be written.
        """
        line = self._formatter.format(record) + "\n"
        try:
            descriptor = self._stream.fileno()
        except OSError:  # no real file behind it
            self._stream.write(line)
            return
        data = line.encode(errors="replace")
        while data:
            data = data[os.write(descriptor, data) :]

    def close(self) -> None:
        """Close what was opened here."""
        if self._owned:
            self._stream.close()


def configure(
    level: str = "INFO", json_path: Path | None = None, console: TextIO | None = None
) -> Callable[[], None]:
    """Send all logs of this process to the console and, where named, to a JSON-lines file.

    Args:
        level: ``DEBUG``, ``INFO``, ``WARNING`` or ``ERROR``.
        json_path: File to append to, one JSON object per line; created with mode 0600.
        console: Where people read; standard error unless given.

    Returns:
        A function that writes what waits, ends the thread and closes the file. Calling it
        again does nothing.

    Raises:
        ValueError: ``level`` is unknown.
        OSError: The file cannot be opened; the message says what to do.
    """
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise ValueError(f"log level {level!r}: must be DEBUG, INFO, WARNING or ERROR")
    sinks = [_console_sink(console or sys.stderr)]
    if json_path is not None:
        sinks.append(_json_sink(json_path))
    lines: queue.Queue[Any] = queue.Queue(QUEUE_COUNT)
    handoff = _Handoff(lines)
    writer = _Writer(lines, sinks)
    root = logging.getLogger()
    old_level = root.level
    root.addHandler(handoff)
    root.setLevel(number)
    steps = logging.getLogger(_CHATTY)
    old_steps_level = steps.level
    steps.setLevel(number if number <= logging.DEBUG else logging.WARNING)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *_common(), _hold_exception, _for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )

    stopped = threading.Event()

    def stop() -> None:
        if stopped.is_set():
            return
        stopped.set()
        root.removeHandler(handoff)
        root.setLevel(old_level)
        steps.setLevel(old_steps_level)
        structlog.reset_defaults()
        lost_count = handoff.dropped_count + writer.failed_count
        writer.stop(*([_lost(lost_count)] if lost_count else []))
        handoff.close()

    return stop


def _lost(count: int) -> logging.LogRecord:
    words = f"{count} log lines were dropped: they could not be written, or not fast enough"
    return logging.LogRecord("controller.log", logging.WARNING, "", 0, words, None, None)


_for_formatter = structlog.stdlib.ProcessorFormatter.wrap_for_formatter


def _hold_exception(_logger: object, _method: str, event: _Event) -> _Event:
    """Take hold of the exception now: the writer's thread has another one, or none."""
    if event.get("exc_info") is True:
        event["exc_info"] = sys.exc_info()
    return event


def _common() -> list[structlog.typing.Processor]:
    """What is added in the caller's thread: names, level, bound context, the time."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _formatter(last: structlog.typing.Processor) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_common(),
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            # A traceback becomes text before redaction: it may quote what must not be seen.
            structlog.processors.format_exc_info,
            redact,
            last,
        ],
    )


def _console_sink(stream: TextIO) -> _Sink:
    renderer = structlog.dev.ConsoleRenderer(
        colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    return _Sink(stream, _formatter(renderer), owned=False)


def _json_sink(path: Path) -> _Sink:
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise OSError(
            error.errno,
            f"log file cannot be opened ({error.strerror}); name a file in a folder that "
            "exists and is writable",
            str(path),
        ) from error
    renderer = structlog.processors.JSONRenderer(serializer=_to_json)
    return _Sink(os.fdopen(descriptor, "w", encoding="utf-8"), _formatter(renderer), owned=True)


def _to_json(event: Any, **_options: Any) -> str:
    return orjson.dumps(event, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()
