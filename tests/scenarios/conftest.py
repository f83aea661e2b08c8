"""Real forms of the scenarios: devices and controller as processes (mark ``real``)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.site.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site of its own; what a test leaves running is ended."""
    made = Site(tmp_path)
    yield made
    made.close()
