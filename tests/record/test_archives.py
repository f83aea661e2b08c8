"""Archives are listed, and moved only on an explicit word: verified there, then let go here."""

import argparse
import json
import os
import shutil
import stat
from pathlib import Path

import pytest

from controller.record import archives, archives_command, keeping
from controller.record.archives import DAY_NS, FOLDER
from controller.record.chain import decode
from controller.record.keeping import Now
from controller.record.lock import hold_lock
from controller.record.store import JournalError
from controller.record.verify import verify
from state_machine.entries import RecordKept
from state_machine.readings import ClockSync
from tests.record.journals import forger, read_rows
from tests.record.test_keeping import written

pytestmark = pytest.mark.hazard("HZ-RECORD")


class Wall:
    """A wall clock that a test sets."""

    def __init__(self, day):
        self.day = day

    def now_ns(self):
        return 5

    def utc_ns(self):
        return self.day * DAY_NS

    def sync(self):
        return ClockSync.UNKNOWN


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A record with three archives, whose newest rows are of day 0, 0 and 100."""
    path = tmp_path_factory.mktemp("made") / "record.journal"
    written(path)
    keeping.archive(path, Now(8, 8, "q. qa"))
    keeping.archive(path, Now(9, 100 * DAY_NS + 9, "q. qa"))
    keeping.archive(path, Now(10, 200 * DAY_NS, "q. qa"))
    return path.parent


@pytest.fixture
def path(made, tmp_path):
    """A copy of it."""
    return Path(shutil.copytree(made, tmp_path / "state")) / "record.journal"


@pytest.fixture
def shelf(tmp_path):
    folder = tmp_path / "shelf"
    folder.mkdir()
    return folder


def commanded(name, *words, day=0):
    parser = argparse.ArgumentParser()
    archives_command.add_arguments(name, parser)
    return archives_command.run(name, parser.parse_args([str(w) for w in words]), Wall(day))


def files(folder):
    return sorted(file.name for file in folder.iterdir())


def test_archives_are_listed_from_the_oldest_with_rows_times_and_heads(path):
    found = archives.listed(path, check=True)
    assert [one.kind for one in found] == ["archive"] * 3
    assert [one.state for one in found] == ["holds"] * 3
    assert [one.last_utc_ns // DAY_NS for one in found] == [0, 0, 100]
    assert [one.head for one in found] == [keeping.head_of(verify(Path(one.path))) for one in found]


def test_one_that_does_not_hold_or_cannot_be_read_is_said(path, capsys):
    folder = path.parent / FOLDER
    bad = folder / files(folder)[0]
    bad.chmod(0o600)
    bad.write_bytes(bad.read_bytes()[:3_000])
    assert commanded("archives", path, "--verify") == 1
    assert "cannot be read" in capsys.readouterr().out
    assert bad.exists()


def test_what_was_set_aside_is_listed_and_never_among_what_could_go(path):
    aside = path.with_name("record.journal.before-restore-1")
    aside.write_bytes(path.read_bytes())
    (path.parent / "record.journal.before-restore-1-wal").write_bytes(b"")
    found = archives.listed(path)
    assert [one.path for one in found if one.kind == "aside"] == [str(aside)]
    assert str(aside) not in [one.path for one in archives.could_go(found, 1, 10_000 * DAY_NS)]


def test_retention_only_says_until_it_is_told(path, shelf, capsys):
    before = files(path.parent / FOLDER)
    assert commanded("retention", path, "--keep-days", 150, day=200) == 0
    said = capsys.readouterr().out
    assert "2 could go" in said
    assert "nothing was done" in said
    assert "of unknown keeping" in said
    assert files(path.parent / FOLDER) == before


def test_the_days_that_must_be_kept_are_whole(path):
    found = archives.listed(path)
    last = found[-1].last_utc_ns
    assert archives.could_go(found[-1:], 30, last + 31 * DAY_NS - 1) == []
    assert archives.could_go(found[-1:], 30, last + 31 * DAY_NS) == found[-1:]


def test_told_so_they_are_moved_verified_and_on_record(path, shelf, capsys):
    words = ("--keep-days", 150, "--move-to", shelf, "--by", "q. qa")
    assert commanded("retention", path, *words, day=200) == 0
    assert capsys.readouterr().out.count("moved ") == 2
    assert len(files(path.parent / FOLDER)) == 1
    moved = [shelf / name for name in files(shelf)]
    assert len(moved) == 2
    assert all(verify(file).ok for file in moved)
    assert {stat.S_IMODE(file.stat().st_mode) for file in moved} == {0o400}
    entries = [e for row in read_rows(path) for e in decode(row) if isinstance(e, RecordKept)]
    assert [e.action for e in entries] == ["archived", "moved", "moved"]
    assert {e.by for e in entries} == {"q. qa"}
    assert verify(path).ok


def test_what_does_not_hold_stays_where_it_is(path, shelf, capsys):
    bad = Path(archives.listed(path)[0].path)
    bad.chmod(0o600)
    with forger(bad) as connection:
        connection.execute("UPDATE block SET utc_ns = utc_ns + 1 WHERE number = 1")
    words = ("--keep-days", 150, "--move-to", shelf, "--by", "q. qa")
    assert commanded("retention", path, *words, day=200) == 1
    assert "does not hold" in capsys.readouterr().err
    assert bad.exists()
    assert files(shelf) == []


def test_nothing_is_moved_while_a_controller_runs_or_over_another_file(path, shelf):
    chosen = archives.could_go(archives.listed(path), 150, 200 * DAY_NS)
    lock = hold_lock(path)
    try:
        with pytest.raises(JournalError, match="another controller"):
            archives.move(path, chosen, shelf, Now(1, 1, "x"))
    finally:
        os.close(lock)
    name = chosen[0].path.rpartition("/")[2]
    (shelf / name).write_text("mine")
    with pytest.raises(JournalError, match="a file already"):
        archives.move(path, chosen, shelf, Now(1, 1, "x"))
    assert (shelf / name).read_text() == "mine"
    assert len(files(path.parent / FOLDER)) == 3


def test_the_folder_must_be_another_one_that_is_there(path, tmp_path):
    chosen = archives.could_go(archives.listed(path), 150, 200 * DAY_NS)
    for folder in (path.parent / FOLDER, tmp_path / "none"):
        with pytest.raises(JournalError, match="another folder"):
            archives.move(path, chosen, folder, Now(1, 1, "x"))


@pytest.mark.parametrize(
    "words",
    [
        ("--keep-days", 0),
        ("--keep-days", 9, "--move-to", "x"),
        ("--keep-days", 9, "--move-to", "x", "--by", " "),
    ],
)
def test_usage_that_is_not_explicit_is_refused(path, words):
    assert commanded("retention", path, *words) == 2


def test_a_record_without_archives_has_none(tmp_path, capsys):
    assert archives.listed(tmp_path / "record.journal") == []
    assert commanded("archives", tmp_path / "record.journal", "--json") == 0
    assert capsys.readouterr().out == ""


def test_machines_get_a_line_each(path, capsys):
    assert commanded("archives", path, "--json", day=300) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["age_days"] for line in lines] == [299, 299, 199]
