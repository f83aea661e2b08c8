"""Closed procedures are signed: who writes a record anew cannot sign it anew."""

import os
import sqlite3
import stat
from contextlib import closing

import msgspec
import pytest

from controller.record import signing, store
from controller.record.chain import digest, make_row
from controller.record.journal import Journal
from controller.record.signing import key_path, load_public, load_signer, make_key, public_path
from controller.record.store import JournalError
from controller.record.verify import describe, verify
from state_machine.entries import PhaseChanged
from tests.record.journals import WAIT_S, notes, read_rows, wait_until

pytestmark = pytest.mark.hazard("HZ-RECORD")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "record.journal"


def written(path, phases):
    """A record on the disk: one row of notes, then one row for each phase."""
    journal = Journal(path, signer=load_signer(path))
    seq = journal.last_seq()
    for phase in ("", *phases):
        seq += 1
        entry = PhaseChanged(seq, seq, "review", "go", phase) if phase else notes(seq, 1)[0]
        journal.append([entry], boot_ns=seq, utc_ns=seq, urgent=True)
        wait_until(journal, lambda: journal.durable_seq() == journal.last_seq())
    assert journal.close(WAIT_S)
    return path


def kinds(verdict):
    return [(finding.kind, finding.row) for finding in verdict.findings]


def forged(path, without_triggers=True):
    connection = sqlite3.connect(path, isolation_level=None)
    for name in (*store.TRIGGERS, *store.SIGNATURE_TRIGGERS) if without_triggers else ():
        connection.execute(f"DROP TRIGGER {name}")
    return closing(connection)


def mended(connection):
    for sql in (*store.TRIGGERS.values(), *store.SIGNATURE_TRIGGERS.values()):
        connection.execute(sql)


def rewrite(path, change):
    """Somebody who can write the file writes all of it anew, every hash fitting."""
    rows = read_rows(path)
    with forged(path) as connection:
        connection.execute("DELETE FROM block")
        before = None
        for row in rows:
            new = change(row)
            new = msgspec.structs.replace(new, prev=before.hash if before else row.prev)
            before = msgspec.structs.replace(new, hash=digest(new))
            store.insert(connection, before)
        mended(connection)


def test_a_closed_procedure_is_signed_with_its_row(path):
    key = make_key(path)
    written(path, ["aftercare", "closed", "standby", "checklist"])
    verdict = verify(path)
    assert verdict.ok
    assert verdict.signatures == "2 of 2 closings signed by a known key"
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT number, hash, key FROM signature").fetchall()
    assert found == [(row.number, row.hash, key.raw) for row in read_rows(path)[2:4]]
    assert "signed   2 of 2" in describe(verdict)


def test_without_a_key_nothing_is_signed_and_it_is_said(path):
    verdict = verify(written(path, ["closed"]))
    assert (verdict.ok, verdict.signatures) == (True, "none, and no key")


def test_signatures_without_their_public_key_are_said_not_to_be_checked(path):
    make_key(path)
    written(path, ["closed"])
    public_path(path).unlink()
    assert verify(path).signatures == "1 signatures, no public key to check them with (--key)"


def test_a_record_written_anew_is_found_by_its_signature(path):
    make_key(path)
    written(path, ["closed", "standby"])
    rewrite(path, lambda row: msgspec.structs.replace(row, utc_ns=row.utc_ns + 1))
    assert kinds(verify(path)) == [("rewritten", 2), ("rewritten", 3)]


def test_a_signature_taken_away_is_missed(path):
    make_key(path)
    written(path, ["closed", "standby"])
    with forged(path) as connection:
        connection.execute("DELETE FROM signature WHERE number = 2")
        mended(connection)
    assert kinds(verify(path)) == [("unsigned", 2)]


def test_a_signature_of_another_key_is_a_stranger_and_one_by_nobody_is_forged(path, tmp_path):
    make_key(path)
    written(path, ["closed", "standby"])
    other = make_key(tmp_path / "other.journal")
    with forged(path) as connection:
        connection.execute("UPDATE signature SET key = ? WHERE number = 2", (other.raw,))
        connection.execute("UPDATE signature SET signature = ? WHERE number = 3", (bytes(64),))
        mended(connection)
    assert kinds(verify(path)) == [("stranger", 2), ("forged", 3)]


def test_an_end_that_was_cut_off_is_missed_by_its_signature(path):
    make_key(path)
    written(path, ["closed", "standby"])
    with forged(path) as connection:
        connection.execute("DELETE FROM block WHERE number >= 3")
        mended(connection)
    assert kinds(verify(path)) == [("deleted", 3)]


def test_signatures_are_protected_like_rows(path):
    make_key(path)
    written(path, ["closed"])
    for statement in ("DELETE FROM signature", "UPDATE signature SET number = 9"):
        with (
            forged(path, without_triggers=False) as connection,
            pytest.raises(sqlite3.IntegrityError, match="append-only"),
        ):
            connection.execute(statement)
    with forged(path):
        assert {"unprotected"} == {finding.kind for finding in verify(path).findings}


def test_what_was_closed_before_the_key_was_made_needs_no_signature(path, tmp_path):
    written(path, ["closed"])
    make_key(path, 2, read_rows(path)[1].hash)
    written(path, ["closed"])
    assert verify(path).signatures == (
        "1 of 2 closings signed by a known key, 1 are older than the key"
    )
    assert verify(path).ok
    elsewhere = tmp_path / "kept-elsewhere.pub"
    elsewhere.write_bytes(public_path(path).read_bytes())
    public_path(path).unlink()
    assert verify(path, keys=[load_public(elsewhere)]).ok
    key_path(path).unlink()  # and a controller without the key is noticed
    written(path, ["closed"])
    assert kinds(verify(path, keys=[load_public(elsewhere)])) == [("unsigned", 6)]


def test_a_key_older_than_the_record_excuses_none_of_its_rows(path):
    make_key(path, 5, bytes(32))  # made for a record that was archived since
    key_path(path).unlink()
    written(path, ["closed"])
    assert kinds(verify(path)) == [("unsigned", 2)]


def test_the_key_is_for_its_owner_alone_and_never_replaced(path):
    make_key(path)
    assert stat.S_IMODE(key_path(path).stat().st_mode) == 0o600
    content = key_path(path).read_bytes()
    with pytest.raises(JournalError, match="it is there already"):
        make_key(path)
    assert key_path(path).read_bytes() == content
    os.chmod(key_path(path), 0o640)
    with pytest.raises(JournalError, match="its mode is 0640, it must be for its owner alone"):
        load_signer(path)


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nx\n"])
def test_a_key_that_is_none_is_said(path, content):
    key_path(path).write_bytes(content)
    key_path(path).chmod(0o600)
    public_path(path).write_bytes(content)
    with pytest.raises(JournalError, match="it is no private key"):
        load_signer(path)
    with pytest.raises(JournalError, match="it is no public key"):
        load_public(public_path(path))


def test_a_signature_is_for_one_row_in_one_place(path):
    key = make_key(path)
    signer = load_signer(path)
    assert signer is not None
    row = make_row(None, notes(1, 1), 1, 1, "s")
    signed = signer.sign(row)
    assert key.fits(row.number, row.hash, signed.signature)
    assert not key.fits(2, row.hash, signed.signature)
    assert not key.fits(1, bytes(32), signed.signature)
    assert not signing.PublicKey(b"short").fits(1, row.hash, signed.signature)
