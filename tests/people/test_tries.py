"""Wrong PINs are counted over restarts of the controller and of the machine."""

import stat

import msgspec
import pytest

from controller.people import tries as module
from controller.people.tries import FIRST_DELAY_NS, FREE_COUNT, Tries, tries_path

NOW_NS = 10**12

pytestmark = pytest.mark.hazard("HZ-USE-ERROR")


@pytest.fixture
def path(tmp_path):
    return tries_path(tmp_path / "users.json")


def locked_out(path, boot_id="boot-1"):
    made = Tries(path, boot_id)
    for _ in range(FREE_COUNT):
        made.wrong("jones", NOW_NS)
    return made


def test_a_restart_of_the_process_opens_no_new_tries(path):
    locked_out(path)
    again = Tries(path, "boot-1")
    assert again.wait_ns("jones", NOW_NS + 7) == FIRST_DELAY_NS - 7
    assert again.wait_ns("ward", NOW_NS) == 0
    assert again.wrong("jones", NOW_NS + FIRST_DELAY_NS) == 2 * FIRST_DELAY_NS


def test_fewer_than_lock_out_are_remembered_too(path):
    Tries(path, "boot-1").wrong("jones", NOW_NS)
    again = Tries(path, "boot-1")
    assert again.wrong("jones", NOW_NS) == 0
    assert again.wrong("jones", NOW_NS) == FIRST_DELAY_NS


@pytest.mark.parametrize("boot_id", ["boot-2", ""])
def test_in_another_boot_the_delay_begins_anew_and_whole(path, boot_id):
    locked_out(path, boot_id="boot-1" if boot_id else "")
    again = Tries(path, boot_id)
    assert again.wait_ns("jones", 5) == FIRST_DELAY_NS
    assert again.wait_ns("jones", 5 + FIRST_DELAY_NS) == 0


def test_a_right_pin_is_forgiven_for_good(path):
    locked_out(path).right("jones")
    assert Tries(path, "boot-1").wait_ns("jones", NOW_NS) == 0
    assert b"jones" not in path.read_bytes()


def test_the_file_is_for_its_owner_alone(path):
    locked_out(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"\xff" * 30, b'{"version":9,"boot_id":"","wrong":{}}']
)
def test_a_file_that_cannot_be_read_lets_everybody_wait_once(path, content):
    path.write_bytes(content)
    tries = Tries(path, "boot-1")
    assert tries.wait_ns("jones", NOW_NS) == FIRST_DELAY_NS
    assert tries.wait_ns("jones", NOW_NS + FIRST_DELAY_NS) == 0
    tries.right("jones")
    assert Tries(path, "boot-1").wait_ns("jones", NOW_NS + FIRST_DELAY_NS) == 0


def test_a_disk_that_takes_nothing_is_said_and_the_count_goes_on(path, monkeypatch):
    said: list[str] = []
    monkeypatch.setattr(module, "_say", said.append)
    tries = Tries(path.parent / "no-folder" / "tries", "boot-1")
    for _ in range(FREE_COUNT):
        tries.wrong("jones", NOW_NS)
    assert tries.wait_ns("jones", NOW_NS) == FIRST_DELAY_NS
    assert "cannot be written" in said[-1]


def test_what_is_kept_can_be_read_again(path):
    locked_out(path)
    kept = msgspec.json.decode(path.read_bytes())
    assert kept["wrong"] == {"jones": [FREE_COUNT, NOW_NS + FIRST_DELAY_NS]}
