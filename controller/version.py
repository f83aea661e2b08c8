"""Name and version of the program, stated once: the package reads the version from here."""

from typing import Final

VERSION: Final = "0.1.0"
PROGRAM: Final = "galactograph"
