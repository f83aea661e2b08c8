"""``docs/api.md`` names every request and every key that there is."""

import importlib.util
import json
import re
import sys
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from config.load import load_room
from controller import api, messages
from controller.snapshot import snapshot
from drivers.registry import known_names
from sim.world import World
from state_machine.ledger import Ledger, SideDay
from state_machine.line import LineCheck, Mounted, Proof
from state_machine.profile import Calibrated, Calibration
from state_machine.requests import ClientRequest, Role, Side
from state_machine.state import Alarm, Case, Duct, Plan, Purpose, Session

ROOT = Path(__file__).parents[2]
ANSWERS = (("identity", True, False),)
PAGE = ROOT / "docs" / "api.md"


@pytest.fixture(scope="module")
def drawn():
    script = ROOT / "docs" / "generate.py"
    spec = importlib.util.spec_from_file_location("generate", script)
    assert spec is not None
    assert spec.loader is not None
    before = list(sys.path)
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    sys.path[:] = before
    return sys.modules["drawn.api"]


def test_every_request_and_field_is_on_the_page(drawn):
    assert tuple(request for request, _ in drawn.REQUESTS) == get_args(ClientRequest)
    text = PAGE.read_text("utf-8")
    for request in get_args(ClientRequest):
        assert f"| `{drawn.tag(request)}` |" in text
        for field in request.__struct_fields__:
            assert f"| `{field}` |" in text


def test_a_field_that_nobody_explained_is_refused(drawn, monkeypatch):
    monkeypatch.delitem(drawn.FIELDS, "item")
    with pytest.raises(KeyError, match="item"):
        drawn.page()


def flat(value: object, at: str = "") -> set[str]:
    """Keys of a snapshot as the page writes them."""
    if at in ("ways", "missing") or not isinstance(value, dict | list):
        return set()
    if isinstance(value, list):
        return {key for one in value for key in flat(one, f"{at}[]")}
    found = set()
    for name, inner in value.items():
        key = f"{at}.{name}" if at else name
        found |= {key} | flat(inner, key)
    return found


def test_the_page_has_the_keys_of_a_real_snapshot(drawn):
    room = World(load_room("demo", known_names()), seed=1).room
    case = Case("P-1", Side.LEFT, 60_000, 20_000, "A^B", "", "", "R. R.", "T. T.", ANSWERS)
    profile = room.state.profile
    parts = profile.contrasts[0], "L", 0, 1, profile.syringes[0], profile.cannulas[0], 1
    room.state = msgspec.structs.replace(
        room.state,
        profile=msgspec.structs.replace(
            profile, calibrations=(Calibration(Calibrated.FORCE, "unit 1", True, 0, 0, 1, 2),)
        ),
        case=case,
        duct=Duct(1, 9, 1),
        plan=Plan(1, Purpose.INJECT, 0, 50_000, 40_000, 200_000, 1),
        mounted=Mounted(*parts),
        sessions=(Session(1, "T. T.", Role.TECHNOLOGIST, 1, 1),),
        ledger=Ledger(days=(SideDay("P-0", Side.RIGHT, 19_999, locked_until_day=20_010),)),
        line=LineCheck(proofs=(Proof("stiffness", True, 300, 120, 600, "nl_kpa"),)),
    )
    room.alarms = (Alarm("checkpoint", 1),)
    seen = json.loads(json.dumps(snapshot(room, 1, room.clock.now_ns())))

    keys = flat(seen)
    devices = {f"devices.{name}" for name in ("pump", "line", "room", "mammograph")}
    common = {key.split(".")[2] for key in keys if key.startswith("devices.line.")}
    for device in devices:
        keys -= {f"{device}.{name}" for name in common} | {device}
    keys |= {f"devices.*.{name}" for name in common}
    assert [key for key, _, _ in drawn.SNAPSHOT if key not in keys] == []
    assert keys - {key for key, _, _ in drawn.SNAPSHOT} == set()


def test_keys_that_are_quantities_carry_their_unit(drawn):
    units = {"nL": "_nl", "nL/min": "_nl_min", "Pa": "_pa", "ms": "_ms", "mN": "_mn", "µm": "_um"}
    for key, kind, _ in drawn.SNAPSHOT:
        ending = units.get(kind.removesuffix(", null"))
        assert ending is None or key.endswith(ending), key


def test_rates_on_the_page_are_those_of_the_code():
    text = PAGE.read_text("utf-8")
    idle, active = 10**9 // api._IDLE_NS, 10**9 // api._ACTIVE_NS
    assert f"{idle} a second, {active} while" in text
    fields = msgspec.json.schema(messages.Subscribe)["$defs"]["Subscribe"]["properties"]["hz"]
    assert f"`hz` {fields['minimum']} to {fields['maximum']}" in text


def test_the_example_is_understood_but_for_its_last_line(drawn):
    session = re.sub(r"\n {3}", " ", drawn.SESSION).splitlines()
    asked = [line[2:].encode() for line in session if line.startswith("→")]
    said = msgspec.json.Decoder(messages.AnyMessage)
    assert said.decode(asked[0]).version == messages.VERSION
    assert said.decode(asked[1]).hz == 5
    assert said.decode(asked[2]).user
    for line in asked[3:-1]:
        msgspec.json.decode(line, type=ClientRequest)
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(asked[-1], type=ClientRequest)
