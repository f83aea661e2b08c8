"""A person at a terminal: asked, and waited for, while the controller goes on being heard.

A client that does not read is dropped by the controller, and what it reads late is old: so
while a person thinks, snapshots are taken and let go.
"""

import os
import select
import sys
from typing import Final

from controller.bench.desk import Desk, Ended

_READ_BYTES: Final = 4096


class Terminal:
    """Questions to standard error, answers from a descriptor; what machines read stays apart."""

    def __init__(self, desk: Desk | None = None, descriptor: int = 0) -> None:
        """``desk``: heard while a person is waited for."""
        self._desk = desk
        self._descriptor = descriptor
        self._rest = b""

    def tell(self, _key: str, words: str) -> None:
        """Print."""
        self.say(words)

    def ask(self, _key: str, question: str) -> str:
        """Ask, and wait."""
        return self.typed(f"      {question}")

    @staticmethod
    def say(words: str) -> None:
        """Say something to the person."""
        sys.stderr.write(f"{words}\n")
        sys.stderr.flush()

    def typed(self, question: str) -> str:
        """One typed line.

        Raises:
            Ended: nobody types any more.
            Gone: the controller is gone.
        """
        sys.stderr.write(question)
        sys.stderr.flush()
        watched: list[Desk | int] = [self._descriptor]
        if self._desk is not None:
            watched.append(self._desk)
        while b"\n" not in self._rest:
            ready = select.select(watched, [], [])[0]
            if self._desk is not None and self._desk in ready:
                self._desk.hear()
            if self._descriptor in ready:
                data = os.read(self._descriptor, _READ_BYTES)
                if not data:
                    raise Ended("nobody answers any more: what was not finished is not kept")
                self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode(errors="replace").rstrip("\r")
