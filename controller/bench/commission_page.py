"""The commissioning record as a page and as JSON: what was seen, measured, by whom, and signed."""

import json
from pathlib import Path
from typing import Any

from controller.bench.commission import Session
from controller.record.chained import Line
from controller.record.report_html import facts, paragraph, pill, safe, section, table
from controller.record.report_style import STYLE


def page(session: Session) -> str:
    """The page, self-contained."""
    begun, last = session.begun, session.lines[-1]
    over = session.over
    title = f"Commissioning of room {begun['room']}"
    state = "every step passed" if over else "not finished"
    body = (
        f'<div class="mode"><strong>{safe(str(begun["mode"]).upper())}</strong>'
        f"<span>{safe(state)}</span></div><h1>{safe(title)}</h1>"
        f'<p class="note {"good" if over else "bad"}"><strong>{safe(state)}</strong></p>'
        + _what(begun, last)
        + section("Steps", _steps(session))
        + section("Measured", _measures(session))
        + section("Deviations", table(("Deviation",), [(d,) for d in begun["deviations"]]))
        + section("Signature", _signature(session))
    )
    return (
        f'<!doctype html><html lang="en" class="mode-{safe(begun["mode"])}"><meta charset="utf-8">'
        f"<title>{safe(title)}</title><style>{STYLE}</style><body class="
        f'"mode-{safe(begun["mode"])}">{body}</body></html>\n'
    )


def _what(begun: dict[str, Any], last: Line) -> str:
    return facts(
        (
            ("Room", begun["room"]),
            ("Begun", f"{begun['at']} by {begun['by']}"),
            ("Last line", f"{last.body['at']} by {last.body['by']}"),
            ("Program", begun["program"]),
            ("Room file, SHA-256", begun["room_sha256"]),
            ("Procedure file, SHA-256", begun["procedure_sha256"]),
        )
    )


def _steps(session: Session) -> str:
    rows, kinds = [], []
    for line in session.steps():
        body = line.body
        mark = pill("passed", "") if body["passed"] else pill("not passed", "assumption")
        rows.append((body["title"], mark, body["words"], body["by"], body["at"][:19]))
        kinds.append("" if body["passed"] else "warn")
    caption = "Tried again means a line of its own; the last line of a step counts."
    return table(("Step", "Result", "Seen", "@By", "@At"), rows, caption=caption, kinds=kinds)


def _measures(session: Session) -> str:
    rows = []
    for line in session.steps():
        for one in line.body["measures"]:
            low, high = one["low"], one["high"]
            rows.append(
                (
                    line.body["title"],
                    one["name"],
                    f"{one['value']} {one['unit']}".strip(),
                    "" if low is None else low,
                    "" if high is None else high,
                )
            )
    return table(("Step", "What", "#Measured", "#From", "#To"), rows)


def _signature(session: Session) -> str:
    last = session.lines[-1]
    words = paragraph(
        "Each line carries the SHA-256 of all before it and, where the room has a key, an Ed25519"
        " signature over its number and hash. The JSON beside this page has every line; with the"
        " public key, kept elsewhere, it can be verified without this program.",
        "soft",
    )
    return words + facts(
        (
            ("Line", last.number),
            ("Hash", last.hash),
            ("Public key", last.key or "none: the room has no key"),
            ("Signature", last.signature or "none"),
        )
    )


def write(session: Session, lines: list[Line], folder: Path) -> tuple[Path, Path]:
    """Write page and JSON; the JSON has every line of the store, so that the chain is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    html = folder / f"commissioning-{session.number}.html"
    machine = folder / f"commissioning-{session.number}.json"
    html.write_text(page(session), "utf-8")
    kept = [
        {
            "number": line.number,
            "prev": line.prev,
            "hash": line.hash,
            "body": line.body,
            "key": line.key,
            "signature": line.signature,
        }
        for line in lines
    ]
    whole = {"k": "commissioning", "session": session.number, "over": session.over, "lines": kept}
    machine.write_text(json.dumps(whole, indent=1, sort_keys=True) + "\n", "utf-8")
    return html, machine
