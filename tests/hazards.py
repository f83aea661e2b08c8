"""The hazard table and the requirements that stand against it, as tests see them."""

import functools
import tomllib
from pathlib import Path
from typing import Any

SAFETY = Path(__file__).parents[1] / "docs" / "safety"


@functools.cache
def _table(name: str) -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads((SAFETY / name).read_text(encoding="utf-8"))


def rows() -> list[dict[str, Any]]:
    """All hazards of ``docs/safety/hazards.toml``."""
    return _table("hazards.toml")["hazard"]


def rules() -> list[dict[str, Any]]:
    """All rules of ``docs/safety/requirements.toml``."""
    return _table("requirements.toml")["rule"]


def requirements() -> list[dict[str, Any]]:
    """All requirements of ``docs/safety/requirements.toml``."""
    return _table("requirements.toml")["requirement"]


def wanted() -> list[dict[str, Any]]:
    """What is wished for and is no rule, of ``docs/safety/requirements.toml``."""
    return _table("requirements.toml")["wanted"]


def ids() -> tuple[str, ...]:
    """All hazard ids, in the table's order."""
    return tuple(row["id"] for row in rows())
