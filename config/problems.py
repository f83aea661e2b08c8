"""What is wrong with a file, in the user's words, all of it at once."""

import difflib
import types
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

SHOWN_MOST = 60
"""Characters of a wrong value that are repeated to the user."""


@dataclass(frozen=True)
class Problem:
    """One thing that has to be changed before the file is accepted."""

    file: str
    key: str
    """Where, as written in the file: ``pump.baud``, ``syringe[2].name`` (counted from 1)."""
    value: str
    """What stands there; empty where nothing does."""
    allowed: str
    what_to_do: str

    def words(self) -> str:
        """The problem as one line."""
        if self.key:
            where = f"{self.key} = {self.value}: " if self.value else f"{self.key}: "
        else:
            where = f"{self.value}: " if self.value else ""
        return f"{self.file}: {where}allowed: {self.allowed}; {self.what_to_do}"


class ConfigError(Exception):
    """A room or procedure file is refused; ``problems`` says everything that is wrong."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problem.words() for problem in self.problems))


class ConfigUnreadable(ConfigError):
    """The file itself is missing or cannot be read."""


def shown(value: object) -> str:
    """A value as the user would recognise it in the file, cut to a readable length."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        # Python refuses to print integers of thousands of digits (and nobody reads them).
        return f"{value:_}" if value.bit_length() <= 128 else "a number of more than 38 digits"
    if isinstance(value, str):
        text = f'"{value[:SHOWN_MOST]}"' if value.isprintable() else ascii(value[:SHOWN_MOST])
        return text if len(value) <= SHOWN_MOST else text + "…"
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list):
        return "a list"
    return str(value)[:SHOWN_MOST]


def nearest(key: str, known: Collection[str]) -> str:
    """The known key that ``key`` was probably meant to be; empty when none is close."""
    return next(iter(difflib.get_close_matches(key, known, n=1)), "")


def suggestion(key: str, known: Collection[str]) -> str:
    """What to do about a key (or name) that is not known."""
    close = nearest(key, known)
    return f'did you mean "{close}"? otherwise remove it' if close else "remove it"


def from_validation(
    file: str, section: str, model: type[BaseModel], error: ValidationError
) -> list[Problem]:
    """Every complaint of pydantic about one table, in the user's words."""
    return [
        _from_detail(file, section, model, dict(detail))
        for detail in error.errors(include_url=False)
    ]


def _from_detail(
    file: str, section: str, model: type[BaseModel], detail: dict[str, Any]
) -> Problem:
    loc: tuple[str | int, ...] = detail["loc"]
    key = section + "".join(f"[{p + 1}]" if isinstance(p, int) else f".{p}" for p in loc)
    fields, field = _at(model, loc)
    kind: str = detail["type"]
    if kind == "extra_forbidden":
        known = ", ".join(fields)
        todo = suggestion(str(loc[-1]), fields)
        return Problem(file, key, shown(detail["input"]), f"the keys {known}", todo)
    if kind == "refused":
        context = detail["ctx"]
        return Problem(file, key, shown(detail["input"]), context["allowed"], context["todo"])
    meaning = field.description if field and field.description else ""
    about = f" ({meaning})" if meaning else ""
    may = allowed(field) if field else "a table of keys"
    if kind == "missing":
        return Problem(file, key, "", may, f"it is missing: add it{about}")
    return Problem(file, key, shown(detail["input"]), may, f"change it to an allowed value{about}")


def _at(
    model: type[BaseModel], loc: tuple[str | int, ...]
) -> tuple[dict[str, FieldInfo], FieldInfo | None]:
    """Fields of the table in which ``loc`` ends, and the field itself where it is known."""
    fields, field = model.model_fields, None
    for part in loc:
        if isinstance(part, int):
            continue
        if field is not None:
            inner = _table_in(field.annotation)
            if inner is None:
                break
            fields = inner.model_fields
        field = fields.get(part)
        if field is None:
            break
    return fields, field


def _table_in(annotation: object) -> type[BaseModel] | None:
    """The table type that an annotation is, or holds a list of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_table_in(part) for part in get_args(annotation))
    return next((found for found in inner if found is not None), None)


def allowed(field: FieldInfo) -> str:
    """What may stand in a field: its choices, its range, or its kind."""
    annotation = field.annotation
    if get_origin(annotation) is Literal:
        return ", ".join(shown(choice) for choice in get_args(annotation))
    low = next((m.ge for m in field.metadata if isinstance(m, Ge)), None)
    high = next((m.le for m in field.metadata if isinstance(m, Le)), None)
    if low is not None and high is not None:
        return f"a whole number from {shown(low)} to {shown(high)}"
    return _KINDS.get(annotation, "a table of keys" if _table_in(annotation) else "another kind")


_KINDS: Mapping[Any, str] = types.MappingProxyType(
    {int: "a whole number", str: "a text in quotes", bool: "true or false"}
)
