"""TOML bytes to tables, collecting every problem on the way instead of stopping at one."""

import re
import tomllib
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from config.model import Section
from config.problems import ConfigError, Problem, from_validation, shown, suggestion

FILE_MOST_BYTES: Final = 1_000_000
_AT_LINE = re.compile(r"\(at (line \d+, column \d+|end of document)\)")

Table = TypeVar("Table", bound=Section)


def parse(file: str, data: bytes) -> dict[str, Any]:
    """Return the file's tables; raises ``ConfigError`` when it is not TOML.

    ``file`` is only the name for messages; nothing is opened here.
    """
    if len(data) > FILE_MOST_BYTES:
        raise _syntax(file, f"{len(data):_} bytes", f"at most {FILE_MOST_BYTES:_} bytes")
    try:
        return tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _syntax(file, f"line {line}", "UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        where = _AT_LINE.search(str(error))
        reason = _AT_LINE.sub("", str(error)).strip()
        raise _syntax(file, where[1] if where else "", f"valid TOML ({reason})") from None
    except (ValueError, RecursionError) as error:
        # Numbers of thousands of digits, brackets nested hundreds deep: not our file.
        raise _syntax(file, "", f"a file a person would write ({type(error).__name__})") from None


def _syntax(file: str, where: str, allowed: str) -> ConfigError:
    todo = "correct the file there" if where else "correct the file"
    return ConfigError([Problem(file, "", where, allowed, todo)])


class Reader:
    """Takes the tables out of one file and remembers what was wrong with each."""

    def __init__(self, file: str, raw: Mapping[str, Any]) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self._raw = raw
        self._asked: list[str] = []

    def table(self, name: str, model: type[Table]) -> Table | None:
        """``[name]`` as ``model``; None, and problems, when it is missing or wrong."""
        raw = self._take(name, f"the table [{name}]")
        return None if raw is None else self._checked(name, model, raw)

    def optional_table(self, name: str, model: type[Table]) -> Table | None:
        """``[name]`` as ``model``, its defaults where the file has none; None when it is wrong."""
        if name in self._raw:
            return self.table(name, model)
        self._asked.append(name)
        return model()

    def rows(self, name: str, model: type[Table]) -> tuple[Table, ...] | None:
        """Every ``[[name]]`` as ``model``; None, and problems, when one is wrong."""
        raw = self._take(name, f"one or more [[{name}]]")
        if raw is None:
            return None
        if not isinstance(raw, list) or not raw:
            self._wrong(name, raw, f"one or more [[{name}]]")
            return None
        found = [
            self._checked(f"{name}[{number}]", model, row) for number, row in enumerate(raw, 1)
        ]
        good = tuple(row for row in found if row is not None)
        return good if len(good) == len(found) else None

    def raw_table(self, name: str) -> Mapping[str, object]:
        """``[name]`` unchecked, empty where the file has none."""
        self._asked.append(name)
        raw = self._raw.get(name, {})
        if isinstance(raw, dict):
            return raw
        self._wrong(name, raw, f"the table [{name}]")
        return {}

    def finish(self) -> None:
        """Complain about every table nobody asked for; call once, last."""
        for name, value in self._raw.items():
            if name not in self._asked:
                known = ", ".join(self._asked)
                self._add(name, shown(value), f"the tables {known}", suggestion(name, self._asked))

    def _take(self, name: str, allowed: str) -> object | None:
        self._asked.append(name)
        if name in self._raw:
            value: object = self._raw[name]
            return value
        self._add(name, "", allowed, "it is missing: add it")
        return None

    def _checked(self, key: str, model: type[Table], raw: object) -> Table | None:
        if not isinstance(raw, dict):
            self._wrong(key, raw, "a table of keys")
            return None
        try:
            return model.model_validate(raw)
        except ValidationError as error:
            self.problems.extend(from_validation(self.file, key, model, error))
            return None

    def _wrong(self, key: str, value: object, allowed: str) -> None:
        self._add(key, shown(value), allowed, "write it as a table with its keys below it")

    def _add(self, key: str, value: str, allowed: str, todo: str) -> None:
        self.problems.append(Problem(self.file, key, value, allowed, todo))
