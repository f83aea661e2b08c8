"""The files that come with the program are accepted and say what the fact sheet says."""

import hashlib
import re

import pytest

from config.files import resolve, shipped
from config.load import load_room
from config.procedure import MUST_ASK
from drivers.registry import known_names
from state_machine.limits import Limits
from state_machine.profile import Mode, Order
from tests.config.conftest import KNOWN


@pytest.mark.parametrize("name", sorted(shipped("rooms")))
def test_every_shipped_room_loads_by_name(name):
    loaded = load_room(name, KNOWN)
    assert loaded.path.name == f"{name}.toml"
    assert loaded.sha256 == hashlib.sha256(resolve(name).read_bytes()).hexdigest()
    procedure = shipped("procedures")["galactography"].read_bytes()
    assert loaded.procedure_sha256 == hashlib.sha256(procedure).hexdigest()


@pytest.mark.parametrize("name", sorted(shipped("rooms")))
def test_shipped_rooms_name_drivers_that_there_are(name):
    load_room(name, known_names())


def test_the_demo_and_the_template_are_shipped():
    assert {"demo", "bench-template"} <= set(shipped("rooms"))


def test_demo_room():
    loaded = load_room("demo", KNOWN)
    profile = loaded.profile
    assert (profile.room, profile.mode, profile.order) == ("demo", Mode.SIMULATED, Order.CANNULA_IN)
    assert profile.line_dead_space_nl == 59_000
    assert profile.limits.prime_volume_nl == 80_000
    waived, uncalibrated, unnamed, quick = loaded.deviations
    assert "calibration is waived" in uncalibrated
    assert "nobody has to log in" in unnamed
    assert "daily check is waived" in waived
    assert "observation_ns" in quick
    assert loaded.room.expected_device_modes == {1}
    assert [d.unit_id for d in loaded.room.modbus_devices.values()] == [1, 2, 3]


def test_defaults_are_the_polling_plan_of_the_design():
    room = load_room("demo", KNOWN).room
    plan = {
        "pump": room.pump.poll,
        **{name: device.poll for name, device in room.modbus_devices.items()},
    }
    assert {name: (p.idle_ms, p.active_ms, p.exposing_ms) for name, p in plan.items()} == {
        "pump": (400, 50, 200),
        "mammograph": (500, 200, 50),
        "pressure_sensor": (200, 20, 100),
        "room_io": (100, 50, 50),
    }
    assert room.pump.poll.idle_ns == 400_000_000


def test_figures_of_the_fact_sheet():
    profile = load_room("demo", KNOWN).profile
    iohexol = next(c for c in profile.contrasts if c.name == "iohexol 300")
    assert iohexol.viscosity == (
        (20_000, 11_800),
        (25_000, 9_740),
        (30_000, 8_090),
        (33_000, 7_260),
        (37_000, 6_300),
        (40_000, 5_680),
    )
    ends = {c.name: dict(c.viscosity) for c in profile.contrasts}
    assert (ends["iohexol 240"][20_000], ends["iohexol 240"][37_000]) == (5_800, 3_400)
    assert (ends["iopamidol 300"][20_000], ends["iopamidol 300"][37_000]) == (8_800, 4_700)
    assert {s.name: s.diameter_um for s in profile.syringes} == {
        "BD 1 mL": 4_780,
        "BD 3 mL": 8_660,
        "Norm-Ject 1 mL": 4_700,
    }
    assert {(c.bore_um, c.length_um) for c in profile.cannulas} == {
        (210, 12_700),
        (210, 25_400),
        (159, 12_700),
        (159, 25_400),
    }


@pytest.mark.hazard("HZ-SYRINGE")
def test_no_shipped_syringe_claims_to_have_been_weighed():
    assert {s.scale_ppm for s in load_room("demo", KNOWN).profile.syringes} == {50_000}


@pytest.mark.hazard("HZ-WRONG-PATIENT-SIDE")
def test_the_shipped_checklist_asks_what_must_be_asked():
    items = {item.key: item for item in load_room("demo", KNOWN).profile.checklist}
    assert {must.key for must in MUST_ASK} <= set(items)
    assert {"mammogram", "nipple_surgery", "cooperation", "retraction", "atypical_cells"} <= set(
        items
    )
    assert all(item.source for item in items.values())
    assert items["discharge"].severity.value == "reschedule"


def test_the_template_shows_the_defaults_that_are_in_force(tmp_path):
    text = shipped("rooms")["bench-template"].read_text()
    commented = re.compile(r"^# (\w+ = .*)$", re.MULTILINE)
    assert len(commented.findall(text)) > 20
    copy = tmp_path / "room.toml"
    copy.write_text(commented.sub(r"\1", text))
    assert load_room(copy, KNOWN).room == load_room("bench-template", KNOWN).room


def test_the_mentioned_limits_start_from_the_defaults():
    limits = load_room("bench-template", KNOWN).profile.limits
    assert limits.injection_volume_nl == Limits().injection_volume_nl
