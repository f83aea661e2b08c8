"""Where a room writes follows from its name and the state folder."""

from pathlib import Path

import pytest

from config.problems import ConfigError
from config.state_paths import state_paths


def test_paths_lie_below_the_rooms_own_folder(site):
    paths = state_paths(site.load().room, Path("/srv/state"))
    assert paths.folder == Path("/srv/state/demo")
    assert paths.journal == Path("/srv/state/demo/journal")
    assert paths.socket == Path("/srv/state/demo/control.sock")


def test_a_site_may_name_them(site):
    site.change('name = "demo"', 'name = "demo"\njournal_folder = "a/b"\nsocket_path = "c"')
    paths = state_paths(site.load().room, Path("/s"))
    assert (paths.journal, paths.socket) == (Path("/s/demo/a/b"), Path("/s/demo/c"))


@pytest.mark.parametrize(("length", "fits"), [(107, True), (108, False)])
def test_a_socket_path_the_system_cannot_bind_is_refused(site, length, fits):
    room = site.load().room
    state = Path("/" + "s" * (length - len("//demo/control.sock")))
    if fits:
        assert len(str(state_paths(room, state).socket)) == length
        return
    with pytest.raises(ConfigError, match="107 bytes"):
        state_paths(room, state)
