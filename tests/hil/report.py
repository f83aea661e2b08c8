"""The report of a run: a page, JSON lines, JUnit XML (pytest's own), and a signature over them.

Signed like a record (Ed25519). The manifest names every file with its SHA-256 and says which
key signed; what was signed is the manifest's own SHA-256. A run without a room's key makes one
of its own beside it: that shows that the files belong together, not who made them.
"""

import hashlib
import json
from pathlib import Path
from typing import Any, Final

import msgspec

from config.load import LoadedRoom
from controller.clock import RealClock
from controller.record.signing import PublicKey, key_path, load_public, load_signer, make_key
from controller.record.signing import public_path as public_of
from controller.record.store import JournalError
from controller.version import PROGRAM, VERSION
from sim.bench.figures import machine
from tests.hil.page import page
from tests.hil.verdicts import Result, counts

PAGE: Final = "report.html"
LINES: Final = "report.jsonl"
JUNIT: Final = "junit.xml"
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.sig"
PUBLIC: Final = "key.pub"
_OWN: Final = "run"


def room_facts(header: dict[str, Any], loaded: LoadedRoom) -> None:
    """What the report says of the room: file, mode, hashes, calibration, deviations."""
    profile = loaded.profile
    header |= {
        "room": profile.room,
        "mode": profile.mode.value,
        "room_file": loaded.path.name,
        "room_sha256": loaded.sha256,
        "procedure_sha256": loaded.procedure_sha256,
        "deviations": list(loaded.deviations),
        "calibration": [f"{one.name}: diameter {one.diameter_um} um" for one in profile.syringes],
        "program": f"{PROGRAM} {VERSION}",
        "commit": machine()["commit"],
        "machine": machine()["cpu"],
    }


def write(out: Path, room: str, header: dict[str, Any], results: list[Result], key: str) -> str:
    """Write page, lines and manifest; sign; returns the summary in words."""
    header = {"kind": "hil", "room_named": room, **header, **counts(results)}
    header["ended_utc_ns"] = RealClock().utc_ns()
    lines = [header, *({"kind": "check", **_fields(result)} for result in results)]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (out / LINES).write_text(text, "utf-8")
    (out / PAGE).write_text(page(header, results), "utf-8")
    return _summary(header)


def _fields(result: Result) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(result)
    return fields


def _summary(header: dict[str, Any]) -> str:
    by_class = ", ".join(
        f"{header[name]} {name}" for name in ("product", "unit", "bench", "test") if header[name]
    )
    failed = f"{header['failed']} failed ({by_class})" if header["failed"] else "0 failed"
    safe = header.get("not_safe")
    left = f"; NOT LEFT SAFE: {'; '.join(safe)}" if safe else ""
    return f"{header['passed']} passed, {failed}, {header['skipped']} skipped{left}"


# --- signature ------------------------------------------------------------------------------------


def sign(out: Path, key: str) -> str:
    """Sign all files of a report; says with which key.

    Args:
        out: folder of the report.
        key: path of a record whose key signs (as ``galactograph journal key`` made it); empty:
            a key of this run's own.

    Raises:
        JournalError: there is no such key.
    """
    journal = Path(key) if key else out / _OWN / "report"
    if not key and not key_path(journal).exists():
        journal.parent.mkdir(parents=True, exist_ok=True)
        make_key(journal)
    signer = load_signer(journal)
    if signer is None:
        raise JournalError(f"key {key_path(journal)}: there is none; make it with 'journal key'")
    files = {name: _sha256(out / name) for name in (PAGE, LINES, JUNIT) if (out / name).exists()}
    says = "the room's key" if key else "a key of this run's own"
    body = json.dumps({"files": files, "signed_with": says}, indent=1).encode()
    (out / MANIFEST).write_bytes(body)
    (out / PUBLIC).write_bytes(public_of(journal).read_bytes())
    (out / SIGNATURE).write_text(signer.sign_report(hashlib.sha256(body).digest()).hex() + "\n")
    return says


def verify(out: Path, public: Path | None = None) -> list[str]:
    """What does not hold in a signed report; empty = all holds."""
    wrong = []
    try:
        body = (out / MANIFEST).read_bytes()
        signature = bytes.fromhex((out / SIGNATURE).read_text().strip())
        key: PublicKey = load_public(public or out / PUBLIC)
    except (OSError, ValueError, JournalError) as error:
        return [f"{out}: it is not a signed report ({error})"]
    if not key.fits_report(hashlib.sha256(body).digest(), signature):
        wrong.append(f"{MANIFEST} was not signed by this key, or was changed since")
    for name, digest in json.loads(body)["files"].items():
        if not (out / name).exists():
            wrong.append(f"{name} is gone")
        elif _sha256(out / name) != digest:
            wrong.append(f"{name} was changed after it was signed")
    return wrong


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
