"""What every table of a room or procedure file has in common: strict, frozen, no extra keys."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

TEXT_MOST = 300


class Section(BaseModel):
    """One table of a file. ``3.0`` is no integer, ``"3"`` is no integer, ``true`` is none."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


def refusal(allowed: str, what_to_do: str) -> PydanticCustomError:
    """An error that already carries the two texts a ``Problem`` needs."""
    # The texts go through the context: a template would interpret braces in them.
    return PydanticCustomError("refused", "refused", {"allowed": allowed, "todo": what_to_do})


def _line(value: str) -> str:
    # These texts reach screens, reports and the journal: one printable line each.
    if len(value) > TEXT_MOST or not value.isprintable() or value != value.strip():
        raise refusal(
            f"one line of printable text, at most {TEXT_MOST} characters, no space at its ends",
            "shorten it, or remove line breaks and control characters",
        )
    return value


def _filled(value: str) -> str:
    if not value:
        raise refusal("a text that is not empty", "write it out; it is shown and recorded")
    return value


Line = Annotated[str, AfterValidator(_line)]
"""A printable line, may be empty."""
Text = Annotated[Line, AfterValidator(_filled)]
"""A printable line that is not empty."""
