"""The version of the program, stated once: the package reads it from here."""

from typing import Final

VERSION: Final = "0.1.0"
