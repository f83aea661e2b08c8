"""Room and procedure of a site: the shipped ones, with a line that is primed within seconds."""

from pathlib import Path
from typing import Final

import config

_SHIPPED: Final = Path(config.__file__).parent
_LOOSER: Final = """\
ramp_nl_min_s = 100_000
injections_per_duct_count = 3
injections_per_side_day_count = 4
"""
"""As far as the program allows: a shorter way to the next failure."""
_CHANGES: Final = (
    ("dead_space_nl = 59_000", "dead_space_nl = 30_000"),
    ("prime_volume_nl = 80_000", "prime_volume_nl = 40_000\n" + _LOOSER),
)


def write(folder: Path) -> Path:
    """Write both files into ``folder``; returns the room file.

    Raises:
        ValueError: the shipped procedure does not have what is to be changed.
    """
    procedure = (_SHIPPED / "procedures/galactography.toml").read_text()
    for old, new in _CHANGES:
        if old not in procedure:
            raise ValueError(f"{old!r} is not in the shipped procedure: change it here too")
        procedure = procedure.replace(old, new)
    (folder / "own.toml").write_text(procedure)
    room = (_SHIPPED / "rooms/demo.toml").read_text()
    path = folder / "room.toml"
    path.write_text(room.replace('procedure = "galactography"', 'procedure = "own.toml"'))
    return path
