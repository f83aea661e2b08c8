"""``docs/api.md``: requests from their structs, limits from the API's constants."""

import ast
import enum
import inspect
from collections.abc import Iterable
from typing import Any, Final, get_type_hints

from controller.api import CLIENTS_MOST_COUNT, INTEGER_MOST
from controller.api_client import (
    INBOX_MOST_COUNT,
    LINE_MOST_BYTES,
    NONSENSE_MOST_COUNT,
    UNSENT_MOST_BYTES,
)
from controller.api_keys import KEYS_MOST_COUNT
from controller.messages import OLDEST, VERSION
from drawn.markdown import head, join, table
from drawn.snapshot import SNAPSHOT
from state_machine import people
from state_machine import requests as rq
from state_machine.requests import Event

REQUESTS: Final[tuple[tuple[type[rq.Request], str], ...]] = (
    (rq.OpenCase, "*standby*, with the conditions of `open`"),
    (rq.Answer, "*checklist*; `accepted` only by the performing radiologist"),
    (rq.SetUpRoom, "*set-up*; names must be those of the procedure file"),
    (rq.ConfirmMount, "*set-up*, once something is mounted; another person than who entered it, as"
     " technologist or radiologist; names as entered"),
    (rq.EnterTemperature, "in a room without a temperature sensor, once something is mounted"),
    (rq.ConfirmReclose, "every phase; box ready and owned, emergency stop released, pressure switch"
     " closed, no alarm in the way"),
    (rq.Zero, "*prime-and-zero*; no motion planned, pump proven to stand"),
    (rq.TipOut, "`prime`, `stiffness`, `open-tip`: *prime-and-zero*, in this order; `tip-drop`:"
     " *locate-duct*; `daily-check`: while that waits for it; `dispense`: *standby*, once begun;"
     " zeroed, line at rest, temperature known, readings fresh, pump proven to stand, switch"
     " released, no alarm in the way. Then hold the switch"),
    (rq.FirstDrop, "*prime-and-zero*, while a prime runs or after it was released before its end;"
     " once for each line"),
    (rq.ChooseDuct, "*locate-duct*, with the conditions of `located`"),
    (rq.Cannulate, "*cannulate*, with the conditions of `cannulated`"),
    (rq.ConfirmArm, "*arm-confirm*, with the conditions of `confirm-arm`; `plan` as the snapshot"
     " gives it"),
    (rq.SelectView, "*compression*, *exposure*"),
    (rq.Reconfirm, "`settled`: *settle*; `exposure-delay`: with a procedure open; `observation`:"
     " *aftercare*, with a `reason`; only by the performing radiologist"),
    (rq.ReleasePaddle, "always"),
    (rq.HandInjected, "while a duct's account is open; up to the day's limit"),
    (rq.Acknowledge, "while that alarm is on"),
    (rq.AudioPause, "while an alarm sounds, the room box answers, no pause runs yet, and none of"
     " the alarms that [are never paused](alarms.md) sounds; `on: false` while a pause runs"),
    (rq.Console, "when no other connection is the console, or with `take`; its beats come over the"
     " same connection; while a console is on, or where the room requires one, arming and holding"
     " need its `view` beats, and it alone arms"),
    (rq.ViewBeat, "with a console on; what was drawn at most 400 ms ago keeps an injection held,"
     " 200 ms an exposure"),
    (rq.HoldBegin, "armed by this connection, which is the console, with the token of the reply;"
     " pad seen let go, drawn at most 400 ms ago (200 ms an exposure). `hold_source` of the room"
     " file allows it"),
    (rq.HoldBeat, "after `hold-begin`, every 50 ms (25 ms exposing); 250 ms (125 ms) without one"
     " end the hold"),
    (rq.HoldEnd, "after `hold-begin`"),
    (rq.BeginCheck, "*standby*; box and sensor ready, no alarm in the way, no procedure"),
    (rq.SounderHeard, "in the daily check, while the sounder sounds"),
    (rq.EndCheck, "while a daily check is under way"),
    (rq.BeginDispense, "*standby*, in the role service; box and sensor ready, no alarm in the way;"
     " volume and rate within those of the limits table (`prime_volume_nl`, `rate_nl_min`). Then"
     " `tip-out` with `dispense` for each motion, by the same connection"),
    (rq.EndDispense, "while somebody dispenses; so does the end of that connection, STOP, and any"
     " alarm that stops a procedure"),
    (rq.Service, "*standby*, in the role service; `watch` also shows `frames` to this client, until"
     " `done`, a log-out, a log-in in another role, or a procedure that opens"),
    (rq.Do, "when the phase has that row and nothing is missing: `ways` in the snapshot"),
)  # fmt: skip
"""Request and when it is possible (``state_machine/intake.py``), in the union's order."""

FIELDS: Final = {
    "by": "who asks, by name",
    "role": "in which role",
    "number": "the client's own count; comes back in the reply. On one connection each must be"
    " higher than the one before, or the request is refused (what is always taken is taken, and a"
    " request that comes again with its `key` is answered); not of `console`, `view`, `hold-*`",
    "utc_day": "days since 1970; stamped on arrival, whatever a client sends",
    "patient_id": "as the site names the patient",
    "patient_name": "",
    "birth_date": "",
    "accession": "number of the order",
    "side": "breast",
    "ordered_nl": "volume ordered, nL",
    "item": "key of the checklist item",
    "answer": "yes or no",
    "accepted": "the performing radiologist accepts this answer",
    "contrast": "name in the procedure file",
    "lot": "of the contrast",
    "syringe": "name in the procedure file",
    "cannula": "name in the procedure file",
    "cannula_out": "a person sees that the cannula is out",
    "stopcock_closed": "a person has closed the stopcock",
    "volume_nl": "nL",
    "clock_h": "1 to 12",
    "orifice": "from 1",
    "difficult": "halves rate and volume limits for this duct",
    "plan": "exactly the snapshot's `plan`",
    "view": "CC, ML, LM, MLO, CC_MAG, ML_MAG, CC_DBT, ML_DBT, MLO_DBT",
    "from_worklist": "patient and order came from the worklist",
    "point": "`settled`, `exposure-delay` or `observation`",
    "reason": "why the observation ends early",
    "alarm": "its name",
    "on": "true: this client is the console; false: there is none any more",
    "beat": "from 1, higher each time",
    "t_ms": "of the newest snapshot that was drawn",
    "take": "from another connection that is the console",
    "up": "the hold pad is let go",
    "token": "of the reply to what armed",
    "heard": "yes or no",
    "work": "what is begun, or `done`",
    "words": "what exactly, or what came of it",
    "event": "of the [workflow](workflow.md)",
}
"""What a field means where its struct does not say."""

SESSION: Final = """\
→ {"k": "hello", "version": 1, "client": "bedside screen"}
← {"k": "hello", "version": 1, "oldest": 1, "program": "galactograph 0.1.0", "connection": 3, ...
→ {"k": "subscribe", "hz": 5}
→ {"k": "login", "user": "jones", "pin": "2468-13", "number": 1}
← {"k": "reply", "number": 1, "request": "login", "taken": true, "refusals": []}
← {"k": "snapshot", "n": 1, "phase": "set-up", "ways": {"set-up": ["confirm cannula out or ...
→ {"request": "confirm-reclose", "by": "T. Jones", "role": "technologist", "number": 2}
← {"k": "reply", "number": 2, "request": "confirm-reclose", "taken": false,
   "refusals": ["say that the cannula is out or the stopcock closed"]}
→ {"request": "confirm-reclose", "by": "T. Jones", "role": "technologist", "number": 3,
   "cannula_out": true, "key": "7f3a9c52"}
← {"k": "reply", "number": 3, "request": "confirm-reclose", "taken": true, "refusals": []}
→ {"request": "do", "by": "T. Jones", "role": "technologist", "number": 4, "event": "set-up"}
→ {"request": "stop"}
← {"k": "error", "words": "not a request: ..."}"""


def tag(request: type[rq.Request]) -> str:
    """What ``request`` says on the wire."""
    return str(request.__struct_config__.tag)


def _said(owner: type) -> dict[str, str]:
    """Docstrings under the fields of a struct."""
    body = next(
        node.body
        for node in ast.parse(inspect.getsource(owner)).body
        if isinstance(node, ast.ClassDef)
    )
    found: dict[str, str] = {}
    for field, below in zip(body, body[1:], strict=False):
        words = below.value if isinstance(below, ast.Expr) else None
        if isinstance(field, ast.AnnAssign) and isinstance(words, ast.Constant):
            found[ast.unparse(field.target)] = " ".join(str(words.value).split()).rstrip(".")
    return found


def _kind(hint: Any) -> str:
    if hint is rq.Event:
        return "text"
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return ", ".join(f"`{member.value}`" for member in hint)
    return {str: "text", int: "whole number", bool: "true, false"}[hint]


def _fields(request: type[rq.Request], names: Iterable[str]) -> list[tuple[str, str, str]]:
    hints, said = get_type_hints(request), _said(request)
    return [
        (f"`{n}`", _kind(hints[n]), said[n].replace("``", "`") if n in said else FIELDS[n])
        for n in names
    ]


def _own(request: type[rq.Request]) -> list[str]:
    return [n for n in request.__struct_fields__ if n not in rq.Request.__struct_fields__]


def _first_line(request: type) -> str:
    return (inspect.getdoc(request) or "").split("\n\n")[0].replace("``", "`").replace("\n", " ")


def _people() -> str:
    events = ", ".join(f"`{event.value}`" for event in Event if event in people.ALWAYS_EVENTS)
    kinds = ", ".join(f"`{tag(kind)}`" for kind in people.ALWAYS)
    return join(
        "## Who asks",
        "A session stands on one connection and ends with it. From the log-in on, `by` and `role`"
        " of every request are the session's, whatever the client says; a request in another role"
        " is refused and recorded. Where the room requires a log-in (clinical rooms always,"
        " others by `people.login` of the room file), nothing is taken from a connection without"
        " a session; elsewhere `by` and `role` are the client's word, and the report says so.",
        "A session without a request for some minutes (`people.idle_lock_s`) is locked: snapshots"
        " go on, requests are refused until the next log-in. It is not locked while a cannula is"
        " in, the breast is compressed, the switch is armed or the pump moves.",
        f"Always taken, from anybody: the events {events}, and {kinds}.",
        "When a connection ends, the core is told (`client-gone` in the record): its session ends,"
        " and where it was the room's console, the hold closes at once. A PIN is never in the"
        " record, in a log or in a snapshot. Wrong PINs lock a user out for a time that grows.",
        "### Asking again",
        "A client whose connection broke does not know what became of its last request. It may"
        " send the same request with the same `key` again, on any connection: the reply is the"
        " same as before, refusals too, and nothing is done twice. Another request with a used"
        " `key` is an error. A new try needs a new `key`.",
    )


def _requests() -> str:
    rows = [(f"`{tag(r)}`", _first_line(r), when) for r, when in REQUESTS]
    own = [
        (f"`{tag(r)}`" if n == 0 else "", *field)
        for r, _ in REQUESTS
        for n, field in enumerate(_fields(r, _own(r)))
    ]
    return join(
        "## Requests",
        "Conditions in full, with the words that refuse: [workflow.md](workflow.md). A request that"
        " is not possible changes nothing, is answered in words, and is on record.",
        table(("request", "what it is", "when it is possible"), rows),
        "Events that the room takes by itself are refused as `do`; so are those with a request of"
        " their own (`open`, `located`, `cannulated`, `confirm-arm`). Possible nearly everywhere,"
        " and not listed in `ways`: `stop`, `pain`, `abort`, `suspected-extravasation`,"
        " `medical-emergency`. `stop` closes the hold in every phase, also where it has no row.",
        "### Fields of every request",
        table(("field", "kind", "meaning"), _fields(rq.Request, rq.Request.__struct_fields__)),
        "`request` names the kind; `by` and `role` must be there. A field that the request does not"
        " have is an error.",
        "### Fields of its own",
        "Each may be left out; then it is empty, 0, false, or the first of its values.",
        table(("request", "field", "kind", "meaning"), own),
    )


def _limits() -> str:
    rows = [
        (
            "snapshots",
            "20 a second, 50 while the room is watched closely (something is or may be armed,"
            " moving, compressed or exposing); fewer by `subscribe` with `hz` 1 to 50",
        ),
        ("clients", f"{CLIENTS_MOST_COUNT} at a time; one more is closed at once"),
        ("a line", f"{LINE_MOST_BYTES} bytes; a longer one, ended or not: the client is dropped"),
        ("a slow reader", f"{UNSENT_MOST_BYTES} bytes unsent: the client is dropped"),
        ("requests", f"{INBOX_MOST_COUNT} lines of a client in one pass; the rest waits"),
        (
            "nonsense",
            f"{NONSENSE_MOST_COUNT} lines in a row that are not understood: the client is dropped",
        ),
        ("keys", f"the newest {KEYS_MOST_COUNT}, until the controller ends"),
        ("whole numbers", f"-{INTEGER_MOST} to {INTEGER_MOST}; else the request is an error"),
    ]
    return join(
        "## Limits",
        table(("of", "limit"), rows),
        "A dropped client is closed and never waited for. Nothing in the room depends on a client"
        " that is there, but for a console that is on or required: what it held is over, and"
        " nothing is armed until one declares itself.",
    )


def page() -> str:
    """The page."""
    return join(
        head(
            "API",
            "state_machine/requests.py, controller/messages.py and docs/drawn/api.py",
            "Whoever shows the room or asks something of it, screens included, is a client of the"
            " controller's local API. A client can ask; to hold, contrast and X-ray need the wired"
            " switch, or the pad of the room's console where the room file allows it.",
        ),
        "## Connecting",
        "A UNIX stream socket, for the controller's own account only (mode 0600):"
        " `control.sock` in the room's folder below the state folder, unless the room file says"
        " otherwise ([config.md](config.md)). The state folder is that of `galactograph run"
        " --state DIR`, by default `galactograph` below `$XDG_STATE_HOME` (`~/.local/state`)."
        " A socket's path may have 107 bytes.",
        "The kernel tells the controller whose process connects; another account, the"
        " administrator's included, is hung up on, and that is on record.",
        "JSON in UTF-8, one object per line, both ways. The first line of a client is its"
        f" `hello` with the version it speaks (this is version {VERSION}, from {OLDEST} on"
        " understood); another version is refused in words and hung up on. Before it, only"
        " snapshots and what is always taken (below) are to be had.",
        "## Messages",
        table(
            ("line", "direction", "meaning"),
            [
                (
                    '`{"k": "hello", "version": n, "client": name}`',
                    "to the controller",
                    "first of all; answered by the controller's `hello` with `version`, `oldest`,"
                    " `program`, `connection` (the number that this connection has) and `login`"
                    " (`possible` or `not possible`)",
                ),
                (
                    '`{"k": "refused", "words": ...}`',
                    "from it",
                    "the client is too old or too new; it is hung up on",
                ),
                (
                    '`{"k": "login", "user": ..., "pin": ..., "role": ..., "number": n}`',
                    "to the controller",
                    "a person at this connection; `role` only where they have several. Answered"
                    " by a `reply` to `login`, once the PIN is checked",
                ),
                ('`{"k": "logout", "number": n}`', "to the controller", "they leave"),
                ('`{"request": ...}`', "to the controller", "a request, below"),
                (
                    '`{"k": "subscribe", "hz": n}`',
                    "to the controller",
                    "at most n snapshots a second for this client; has no answer",
                ),
                (
                    '`{"k": "reply", ...}`',
                    "from it",
                    "`number` and `request` of the request,"
                    " `taken` (true, false), `refusals` (words); one for each, in order, but for"
                    " `view` and `hold-beat` that were taken. `codes`: what each refusal is called,"
                    " in their order, empty where it has no name (values stand in its words); left"
                    " out where none has one. Words are for people and may change, codes are the"
                    " facts of the [workflow](workflow.md). `token`: after what arms, to a"
                    " console that may hold",
                ),
                (
                    '`{"k": "who", "by": ..., "role": ...}`',
                    "from it",
                    "after a log-in or log-out that was taken: who is at this connection",
                ),
                ('`{"k": "error", "words": ...}`', "from it", "the line was not understood"),
                (
                    '`{"k": "frames", "lost": n, "frames": [[ns, link, way, hex], ...]}`',
                    "from it",
                    "after `service` with `watch` was taken: what went over the wires since the"
                    " last one; `lost` frames gave way to newer ones. `frames-end` with `words`:"
                    " not any more, and why",
                ),
                ('`{"k": "snapshot", ...}`', "from it", "the whole state as it is shown, below"),
            ],  # fmt: skip
        ),
        "*Taken* means that the core accepted the request, not that the room has followed: look at"
        " the next snapshot.",
        _people(),
        _requests(),
        "## Snapshot",
        "The whole state each time, measured beside commanded. `null` is *absent*, never zero."
        " `*`: in each device; `[]`: in each element.",
        table(("key", "kind", "meaning"), [(f"`{k}`", kind, m) for k, kind, m in SNAPSHOT]),
        _limits(),
        "## Example",
        "Shortened; → is the client.",
        f"```\n{SESSION}\n```",
    )
