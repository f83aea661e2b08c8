"""Checks of the folder that the record is written to."""

import tempfile
from pathlib import Path
from typing import Final

from controller.doctor.computer import Computer
from controller.doctor.computer_checks import ms, percentile
from controller.doctor.finding import ANY, Finding, Level, judged, less_than, more_than
from state_machine.units import NS_PER_S

FREE_WARN_MB: Final = 1_000
FREE_WRONG_MB: Final = 100
"""A day of procedures writes about 100 MB at most (assumption)."""
SYNC_WRITES: Final = 50
SYNC_SPAN_NS: Final = 3 * NS_PER_S
"""A disk that stalls is not measured longer than this."""
SYNC_WARN_US: Final = 20_000
SYNC_WRONG_US: Final = 200_000
"""A start of the pump waits until its entry is on the disk (assumption for both)."""
IN_MEMORY: Final = ("tmpfs", "ramfs")
NETWORK: Final = ("nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "ceph")
"""SQLite's write-ahead log needs memory shared between processes of one machine."""
_BLOCK: Final = b"\0" * 512


def folder_writable(computer: Computer) -> Finding:
    """Can a file be made where the record will be?"""
    folder = computer.writing_folder()
    there = "" if folder == computer.state.absolute() else ", to be made by the controller"
    allowed = "a folder in which this user may make files"
    try:
        with tempfile.TemporaryFile(dir=folder):
            return Finding("state folder", Level.OK, f"{computer.state}{there}", allowed)
    except OSError as error:
        value = f"{computer.state}: no file can be made in {folder} ({error.strerror})"
        todo = f"give {folder} to the controller's user, or name another folder with --state"
        return Finding("state folder", Level.WRONG, value, allowed, todo)


def file_system(computer: Computer) -> Finding:
    """Does what is written there outlive a power cut?"""
    folder = computer.writing_folder()
    kind = _kind(computer, folder)
    bad = kind in IN_MEMORY or kind in NETWORK
    why = "it is gone with the power" if kind in IN_MEMORY else "locks and syncs do not hold there"
    return judged(
        "file system",
        Level.WRONG if bad else Level.OK,
        f"{kind or 'not told'} at {folder}",
        "a disk of this machine (ext4, xfs, btrfs)",
        f"choose a state folder on a disk of this machine: the record must not be here, {why}",
    )


def _kind(computer: Computer, folder: Path) -> str:
    """File system of the deepest mount that holds the folder; the newest of equals."""
    best, kind = -1, ""
    for line in computer.text("proc/self/mounts").splitlines():
        fields = line.split()
        if len(fields) < 3:
            continue
        # proc(5): blanks, tabs, newlines and backslashes are written as octal numbers
        mount = Path(fields[1].encode("latin-1", "replace").decode("unicode_escape"))
        if folder.resolve().is_relative_to(mount) and len(mount.parts) >= best:
            best, kind = len(mount.parts), fields[2]
    return kind


def free_space(computer: Computer) -> Finding:
    """Room for the record."""
    folder = computer.writing_folder()
    try:
        free_mb = computer.free_bytes(folder) // 1_000_000
    except OSError as error:
        return Finding("disk space", Level.WARNING, f"not told ({error.strerror})", ANY, "look")
    return judged(
        "disk space",
        less_than(free_mb, FREE_WARN_MB, FREE_WRONG_MB),
        f"{free_mb:_} MB free at {folder}",
        f"at least {FREE_WARN_MB:_} MB; below {FREE_WRONG_MB} MB the room must not be run",
        "free space: move old records and logs to an archive. Without space nothing can be"
        " recorded, and without record no motion starts",
    )


def sync_time(computer: Computer) -> Finding:
    """How long it takes until a small write is really on the disk."""
    allowed = f"p99 at most {ms(SYNC_WARN_US)}; above {ms(SYNC_WRONG_US)} the room must not be run"
    todo = "use another disk (not a memory card or a share), close programs that write to it"
    try:
        spans_us = _sync_spans_us(computer, computer.writing_folder())
    except OSError as error:
        value = f"cannot be measured ({error.strerror})"
        return Finding("disk sync", Level.WRONG, value, allowed, "see state folder and disk space")
    p99_us = percentile(spans_us, 99)
    value = f"median {ms(percentile(spans_us, 50))}, p99 {ms(p99_us)} of {len(spans_us)} writes"
    return judged("disk sync", more_than(p99_us, SYNC_WARN_US, SYNC_WRONG_US), value, allowed, todo)


def _sync_spans_us(computer: Computer, folder: Path) -> list[int]:
    clock = computer.clock
    spans_us: list[int] = []
    end_ns = clock.now_ns() + SYNC_SPAN_NS
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        while len(spans_us) < SYNC_WRITES and (not spans_us or clock.now_ns() < end_ns):
            before_ns = clock.now_ns()
            file.write(_BLOCK)
            computer.synchronise(file.fileno())
            spans_us.append((clock.now_ns() - before_ns) // 1_000)
    return spans_us
