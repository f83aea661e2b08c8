"""Checks of what the record needs beside its disk: the key that signs closed procedures."""

import os
from typing import Final

from config.load import LoadedRoom
from controller.doctor.computer import Computer
from controller.doctor.finding import Finding, Level, judged
from controller.record.signing import (
    PublicKey,
    Signer,
    key_path,
    load_public,
    load_signer,
    public_path,
)
from controller.record.store import JournalError

JOURNAL_FILE: Final = "record.journal"
"""As ``assembly`` names it; a test keeps the two alike."""
ALLOWED: Final = "record.key, mode 0600, of this user, and its record.pub beside it"


def signing_key(computer: Computer, loaded: LoadedRoom) -> Finding:
    """Is there a key, for its owner alone, with the public half that belongs to it?"""
    journal = computer.state / JOURNAL_FILE
    try:
        signer = load_signer(journal)
        if signer is None:
            return _none(computer, loaded)
        beside = public_path(journal)
        public = load_public(beside) if beside.exists() else None
        owner = key_path(journal).stat().st_uid
    except (JournalError, OSError) as error:
        todo = "the controller does not start like this: do as it says"
        return Finding("signing key", Level.WRONG, str(error), ALLOWED, todo)
    return _judged(computer, signer, public, owner)


def _none(computer: Computer, loaded: LoadedRoom) -> Finding:
    clinical = loaded.room.room.mode == "clinical"
    return Finding(
        "signing key",
        Level.WRONG if clinical else Level.WARNING,
        f"none at {key_path(computer.state / JOURNAL_FILE)}: closed procedures are not signed",
        ALLOWED,
        f"galactograph journal key {computer.state / JOURNAL_FILE}, once, with no controller"
        " running; keep a copy of record.pub where the record is not",
    )


def _judged(computer: Computer, signer: Signer, public: PublicKey | None, owner: int) -> Finding:
    journal = computer.state / JOURNAL_FILE
    if public is None:
        level, value = Level.WARNING, f"{key_path(journal)}; its public half is not beside it"
        todo = f"put the copy of it back as {public_path(journal)}: verify looks for it there"
    elif public.raw != signer.public:
        level, value = Level.WRONG, f"{public_path(journal)} belongs to another key"
        todo = "put the public half back that was made with this key"
    elif owner != os.geteuid():
        level, value = Level.WARNING, f"{key_path(journal)} belongs to user id {owner}"
        todo = "look again as the user that runs the controller, or give the key to this one"
    else:
        level, todo, value = Level.OK, "", f"{public.raw.hex()[:16]}..., for its owner alone"
    return judged("signing key", level, value, ALLOWED, todo)
