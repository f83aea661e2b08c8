"""``docs/config.md``: the keys of room and procedure files, from their models."""

import ast
import inspect
from collections.abc import Callable, Iterable
from typing import Any, Final, Literal, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import AfterValidator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from config import procedure, room
from config.model import Section
from config.procedure import MUST_ASK
from config.tighten import FLOOR_TIMES_MOST
from drawn.markdown import head, join, table

ROOM: Final = (
    ("[room]", room.RoomSection),
    ("[pump]", room.PumpSection),
    ("[mammograph]", room.MammographSection),
    ("[pressure_sensor]", room.PressureSensorSection),
    ("[room_io]", room.RoomIoSection),
    ("[people], may be left out", room.PeopleSection),
    ("poll = { ... }, in each device's table", room.Poll),
)
PROCEDURE: Final = (
    ("[procedure]", procedure.ProcedureSection),
    ("[line]", procedure.LineSection),
    ("[[syringe]]", procedure.SyringeRow),
    ("[[cannula]]", procedure.CannulaRow),
    ("[[contrast]]", procedure.ContrastRow),
    ("viscosity = [{ ... }], in each contrast", procedure.ViscosityPoint),
    ("[[checklist]]", procedure.ChecklistRow),
)
COLUMNS: Final = ("key", "type", "accepted", "default", "meaning")

MEANINGS: Final = {
    "driver": "name of the device's driver",
    "baud": "speed of the serial line, as set at the pump",
    "poll": "how often the device is asked, see below",
    "idle_ms": "nothing is armed and nothing moves",
    "exposing_ms": "from prep to the end of the exposure",
    "journal_folder": "where the record is kept",
    "socket_path": "local socket of the controller",
}
"""Keys that neither a description nor a text under the field explains."""

PROBES: Final[tuple[Any, ...]] = ("", "\n", "?", "/..", "..", -1, [])
"""Values that no field takes: a validator that refuses one says what it accepts."""


def _texts_under_fields(model: type[Section]) -> dict[str, str]:
    """The string under each field of a model and of those it inherits from."""
    texts: dict[str, str] = {}
    for owner in reversed(model.__mro__):
        if not (issubclass(owner, Section) and owner is not Section):
            continue
        body = ast.parse(inspect.getsource(owner)).body[0]
        statements = body.body if isinstance(body, ast.ClassDef) else []
        for field, text in zip(statements, statements[1:], strict=False):
            is_text = isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and is_text:
                texts[field.target.id] = inspect.cleandoc(ast.literal_eval(ast.unparse(text)))
    return texts


def _meaning(name: str, field: FieldInfo, texts: dict[str, str]) -> str:
    meaning = field.description or texts.get(name) or MEANINGS.get(name)
    if not meaning:
        raise ValueError(f"config key {name} has no meaning: describe the field")
    return meaning.rstrip(".")


def _said(validate: Callable[..., Any]) -> str:
    """What a validator says that it accepts, found by asking it for what it refuses."""
    for probe in PROBES:
        try:
            validate(probe)
        except PydanticCustomError as error:
            return str((error.context or {}).get("allowed", ""))
        except (TypeError, AttributeError, IndexError):
            continue
    return ""


def _accepted(field: FieldInfo) -> str:
    if get_origin(field.annotation) is Literal:
        return " or ".join(f"`{value}`" for value in get_args(field.annotation))
    lows = [m.ge for m in field.metadata if isinstance(m, Ge)]
    highs = [m.le for m in field.metadata if isinstance(m, Le)]
    if lows and highs:
        return f"{lows[-1]:_} to {highs[-1]:_}"
    if field.annotation is bool:
        return "`true` or `false`"
    validators = [m.func for m in field.metadata if isinstance(m, AfterValidator)]
    said = [words for validate in validators if (words := _said(validate))]
    return said[-1] if said else "see below"


def _type(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return "word"
    names = {int: "whole number", str: "text", bool: "yes or no"}
    if annotation in names:
        return names[annotation]
    return "list" if get_origin(annotation) is list else "table"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**must be given**"
    value = field.default
    if isinstance(value, Section):
        return ", ".join(f"`{key} = {inner}`" for key, inner in value.model_dump().items())
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value:_}`" if isinstance(value, int) else f'`"{value}"`'


def _section(title: str, model: type[Section]) -> str:
    texts = _texts_under_fields(model)
    rows = [
        (
            f"`{name}`",
            _type(field.annotation),
            _accepted(field),
            _default(field),
            _meaning(name, field, texts),
        )
        for name, field in model.model_fields.items()
    ]
    return join(f"### `{title}`", table(COLUMNS, rows))


def _sections(models: Iterable[tuple[str, type[Section]]]) -> list[str]:
    return [_section(title, model) for title, model in models]


def _must_ask() -> str:
    rows = [
        (
            f"`{must.key}`",
            f"`{str(must.safe_answer).lower()}`",
            f"`{must.severity}`" if must.severity else "the site decides",
            must.hazard,
        )
        for must in MUST_ASK
    ]
    return join(
        "A site may add questions. It may not leave out:",
        table(("key", "safe_answer", "severity", "hazard"), rows),
    )


def page() -> str:
    """The page."""
    return join(
        head(
            "Room and procedure files",
            "config/room.py and config/procedure.py",
            "Two TOML files describe a room. `galactograph config check FILE` reads both, names"
            " every problem at once with the accepted range, or shows what is in force. Files are"
            " strict: an unknown key, a number in quotes or `3.0` for `3` is refused. Every text is"
            " one printable line of at most 300 characters.",
            "The template to copy is"
            " [config/rooms/bench-template.toml](../config/rooms/bench-template.toml), the shipped"
            " procedure [config/procedures/galactography.toml]"
            "(../config/procedures/galactography.toml).",
        ),
        "## Room file",
        *_sections(ROOM),
        "### Relations",
        "- A device is asked at least every two thirds of its freshness limit while that matters,"
        " and the pump at least every half of `safe_timeout_s`.\n"
        "- No two Modbus devices have the same host, port and unit id.\n"
        "- Driver `new-era` takes 9600 or 19200 baud.\n"
        "- Mode `clinical` needs a `site_responsibility` text, a pump port in /dev/serial/by-id or"
        " /dev/serial/by-path, and devices that are not this machine.",
        "## Procedure file",
        *_sections(PROCEDURE),
        _must_ask(),
        "### `[limits]`",
        "One key per limit of [safety/limits.md](safety/limits.md), whole numbers in the unit that"
        " the name ends in. Looser than the default is recorded as a deviation; beyond the ceiling"
        f" is refused, and so is a lower bound above {FLOOR_TIMES_MOST:_} times its floor.",
        "### Relations",
        "- `limits.prime_volume_nl` is at least 1.2 times `line.dead_space_nl`, and"
        " `limits.prime_total_nl` at least that of one prime.\n"
        "- A `scale_ppm` below 50_000 needs `evidence` `measured`.\n"
        "- Each viscosity table covers the temperatures in force.\n"
        "- Names and keys of a list are not repeated.\n"
        "- Of the limits: net warning, pause and stop rise in this order; so do injection, duct and"
        " day; the first rate is at most the rate; the low temperature is below the high one;"
        " checkpoints are at least the smallest motion apart.",
    )
