"""The hazard table, as tests see it."""

import functools
import tomllib
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parents[1] / "docs" / "safety" / "hazards.toml"


@functools.cache
def _table() -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


def rows() -> list[dict[str, Any]]:
    """All hazards of ``docs/safety/hazards.toml``."""
    return _table()["hazard"]


def requirements() -> list[dict[str, Any]]:
    """All requirements of ``docs/safety/hazards.toml``."""
    return _table()["requirement"]


def ids() -> tuple[str, ...]:
    """All hazard ids, in the table's order."""
    return tuple(row["id"] for row in rows())
