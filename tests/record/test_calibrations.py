"""The store of calibrations: chained, signed where the room has a key, believed whole or not."""

import json

import msgspec
import pytest

from controller.record import chained
from controller.record.calibrations import Part, Result, keep, kept, with_calibrations
from controller.record.signing import make_key
from state_machine.profile import Calibrated, Profile


@pytest.fixture
def places(tmp_path):
    return tmp_path / "calibration.jsonl", tmp_path / "record.journal"


def result(**changes) -> Result:
    made = Result(
        Calibrated.PRESSURE, "sensor 1", True, "passed", 12, 900, "ppm of span",
        (Part("zero", "B", 5, "why"),), "S", 20_000, 20_365, "manometer", ((0, 1), (2, 3)),
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def test_what_was_kept_is_read_again_and_the_newest_of_a_subject_counts(places):
    first, second = result(), result(passed=False)
    store, journal = places
    keep(store, journal, first)
    keep(store, journal, second)
    keep(store, journal, result(kind=Calibrated.FORCE, subject="unit 1"))
    assert [found for _, found in kept(*places)][:2] == [first, second]
    profile = with_calibrations(Profile("r"), *places)
    assert not profile.calibration_fault
    assert [(c.kind, c.passed, c.number) for c in profile.calibrations] == [
        (Calibrated.PRESSURE, False, 2),
        (Calibrated.FORCE, True, 3),
    ]


def test_no_store_is_no_fault(places):
    assert with_calibrations(Profile("r"), *places) == Profile("r")


def _edit(lines):
    body = json.loads(lines[0])
    body["body"]["until_day"] += 1
    lines[0] = json.dumps(body).encode()


DAMAGE = {
    "changed": (_edit, "line 1 was changed"),
    "taken out": (lambda lines: lines.pop(0), "line 1 does not follow"),
    "swapped": (lambda lines: lines.insert(0, lines.pop()), "line 1 does not follow"),
    "torn": (lambda lines: lines.__setitem__(1, lines[1][:40]), "line 2 cannot be read"),
    "not ours": (lambda lines: lines.append(b"{}"), "line 3 cannot be read"),
}


@pytest.mark.hazard("HZ-WRONG-DEVICE", "HZ-RECORD")
@pytest.mark.parametrize("how", DAMAGE)
def test_a_store_that_was_touched_is_not_believed_and_nothing_is_added_to_it(how, places):
    store, journal = places
    for _ in range(2):
        keep(store, journal, result())
    act, words = DAMAGE[how]
    lines = store.read_bytes().splitlines()
    act(lines)
    store.write_bytes(b"\n".join(lines) + b"\n")
    profile = with_calibrations(Profile("r"), store, journal)
    assert words in profile.calibration_fault
    assert profile.calibrations == ()
    with pytest.raises(chained.StoreError, match=words):
        keep(store, journal, result())


@pytest.mark.hazard("HZ-RECORD")
def test_a_room_with_a_key_believes_only_what_its_key_signed(places):
    store, journal = places
    make_key(journal)
    keep(store, journal, result())
    assert not with_calibrations(Profile("r"), *places).calibration_fault
    line = json.loads(store.read_bytes())
    body = line["body"] | {"until_day": 99_999}
    forged = line | {"body": body, "hash": chained.digest(1, line["prev"], body)}
    store.write_text(json.dumps(forged) + "\n")
    assert (
        "not signed by this room's key"
        in with_calibrations(Profile("r"), *places).calibration_fault
    )
    store.write_text(json.dumps(forged | {"signature": "zz"}) + "\n")
    assert "not signed" in with_calibrations(Profile("r"), *places).calibration_fault


def test_what_was_kept_before_the_key_is_not_believed_after_it(places):
    store, journal = places
    keep(store, journal, result())
    make_key(journal)
    assert "made after it" in with_calibrations(Profile("r"), *places).calibration_fault


def test_a_line_of_another_kind_is_no_calibration(places):
    store, journal = places
    chained.append(store, journal, {"kind": "tea"})
    assert "is no calibration" in with_calibrations(Profile("r"), *places).calibration_fault
