"""Every kind of mistake is named, all of them at once, and nothing else escapes."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.load import load_room
from config.problems import ConfigError, ConfigUnreadable, Problem
from tests.config.conftest import KNOWN, Site


def problems_of(site: Site) -> dict[str, Problem]:
    with pytest.raises(ConfigError) as refused:
        site.load()
    return {problem.key: problem for problem in refused.value.problems}


ROOM_MISTAKES = [
    # old text, new text, key, what the allowed range or the advice must say
    ("baud = 19_200", "bauds = 19_200", "pump.bauds", '"baud"'),
    ("baud = 19_200", "baud = 4_800", "pump.baud", "9600"),
    ("baud = 19_200", "baud = 38_400", "pump.baud", "9600 or 19200 with"),
    ("baud = 19_200", "baud = 10_000", "pump.baud", "19200"),
    ("baud = 19_200", 'baud = "19200"', "pump.baud", "whole number"),
    ("baud = 19_200", "baud = 19200.0", "pump.baud", "whole number"),
    ("baud = 19_200", "baud = true", "pump.baud", "whole number"),
    ("baud = 19_200", "safe_timeout_s = 0", "pump.safe_timeout_s", "1 to 5"),
    ("baud = 19_200", "safe_timeout_s = 1.5", "pump.safe_timeout_s", "1 to 5"),
    ("baud = 19_200", "safe_timeout_s = 6", "pump.safe_timeout_s", "1 to 5"),
    ("baud = 19_200", "address = 100", "pump.address", "0 to 99"),
    ('driver = "new-era"', "", "pump.driver", "missing"),
    ('driver = "new-era"', 'driver = "new_era"', "pump.driver", '"new-era"'),
    ('driver = "new-era"', 'driver = "zzz"', "pump.driver", "ultra"),
    ("/run/galactograph/pump", "pump", "pump.port", "absolute"),
    ("/run/galactograph/pump", "/dev/../pump", "pump.port", ".."),
    ('model = "NE1000"', r'model = "NE\u0000"', "pump.model", "printable"),
    ('model = "NE1000"', r'model = "a\nb"', "pump.model", "printable"),
    ("127.0.0.1", "localhost", "mammograph.host", "numeric"),
    ("127.0.0.1", "224.0.0.1", "room_io.host", "one device"),
    ("127.0.0.1", "255.255.255.255", "room_io.host", "one device"),
    ("port = 15_020", "port = 65536", "room_io.port", "1 to 65_535"),
    ("unit_id = 3", "unit_id = 0", "room_io.unit_id", "1 to 247"),
    ("unit_id = 3", "unit_id = 2", "room_io.unit_id", "[pressure_sensor]"),
    ("unit_id = 3", "watchdog_ms = 249", "room_io.watchdog_ms", "250 to 300"),
    ("unit_id = 3", "watchdog_ms = 301", "room_io.watchdog_ms", "250 to 300"),
    ("unit_id = 1", "release_delay_s = 61", "mammograph.release_delay_s", "0 to 60"),
    ("unit_id = 1", "watchdog_ms = 2_001", "mammograph.watchdog_ms", "200 to 2_000"),
    ('mode = "simulated"', 'mode = "clinic"', "room.mode", '"clinical"'),
    ('mode = "simulated"', "", "room.mode", "missing"),
    ('hold_source = "wired-or-console"', 'hold_source = "console"', "room.hold_source",
     '"wired"'),
    ("pressure_switch = true", "pressure_switch = 1", "room.pressure_switch", "true or false"),
    ("pressure_switch = true", "", "room.pressure_switch", "in series"),
    ('name = "demo"', 'name = "../demo"', "room.name", "hyphens"),
    ('name = "demo"', 'name = ""', "room.name", "not empty"),
    ('name = "demo"', 'name = "demo"\njournal_folder = "/var"', "room.journal_folder", "relative"),
    ('name = "demo"', 'name = "demo"\nsocket_path = "../s"', "room.socket_path", ".."),
    ('procedure = "own.toml"', 'procedure = "galactografy"', "room.procedure", '"galactography"'),
    ("[room_io]", "[rom_io]", "room_io", "missing"),
    ("[room_io]", "[rom_io]", "rom_io", '"room_io"'),
    ("[pump]", "[[pump]]", "pump", "table"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "key", "says"), ROOM_MISTAKES)
def test_mistakes_in_the_room_file(site, old, new, key, says):
    problem = problems_of(site.change(old, new))[key]
    assert problem.file == str(site.room_path)
    assert says in f"{problem.allowed} {problem.what_to_do}"


POLLS = [
    ("unit_id = 2", "active_ms", 41, "pressure_sensor", "40 ms"),
    ("unit_id = 3", "active_ms", 67, "room_io", "66 ms"),
    ("unit_id = 3", "exposing_ms", 67, "room_io", "66 ms"),
    ("unit_id = 1", "active_ms", 334, "mammograph", "333 ms"),
    ("unit_id = 1", "exposing_ms", 67, "mammograph", "66 ms"),
    ("baud = 19_200", "active_ms", 101, "pump", "100 ms"),
    ("baud = 19_200", "idle_ms", 501, "pump", "half of safe_timeout_s"),
    ("baud = 19_200", "active_ms", 9, "pump", "10 to 2_000"),
]


@pytest.mark.hazard("HZ-STALE-DATA")
@pytest.mark.parametrize(("after", "column", "value", "table", "says"), POLLS)
def test_polling_slower_than_freshness(site, after, column, value, table, says):
    plan = {"idle_ms": 100, "active_ms": 20, "exposing_ms": 40} | {column: value}
    poll = ", ".join(f"{name} = {ms}" for name, ms in plan.items())
    problem = problems_of(site.change(after, f"{after}\npoll = {{ {poll} }}"))[
        f"{table}.poll.{column}"
    ]
    assert says in problem.allowed


@pytest.mark.parametrize(("after", "column", "value", "table", "says"), POLLS[:-1])
def test_polling_just_fast_enough(site, after, column, value, table, says):
    plan = {"idle_ms": 100, "active_ms": 20, "exposing_ms": 40} | {column: value - 1}
    poll = ", ".join(f"{name} = {ms}" for name, ms in plan.items())
    site.change(after, f"{after}\npoll = {{ {poll} }}").load()


@pytest.mark.hazard("HZ-STALE-DATA")
def test_a_tightened_freshness_makes_the_default_polling_too_slow(site):
    problem = problems_of(site.limit("line_fresh_ns = 20_000_000"))[
        "pressure_sensor.poll.active_ms"
    ]
    assert problem.value == "20"


PROCEDURE_MISTAKES = [
    ('order = "cannula-in"', 'order = "cannula"', "procedure.order", '"sealed-pore"'),
    ("dead_space_nl = 59_000", "dead_space_nl = 66_667", "limits.prime_volume_nl", "80_001"),
    ("prime_volume_nl = 80_000", "prime_total_nl = 100_000", "limits.prime_total_nl", "150_000"),
    ("prime_volume_nl = 80_000", "prime_volume_nl = 80_000\nramp_nl_min_s = 1_000",
     "limits.prime_volume_nl", "open-tip test"),
    ("diameter_um = 4_780", "diameter_um = 999", "syringe[1].diameter_um", "1_000"),
    ("diameter_um = 4_780", "diameter_mm = 4.78", "syringe[1].diameter_mm", '"diameter_um"'),
    ('name = "BD 3 mL"', 'name = "BD 1 mL"', "syringe.name", "once"),
    ("capacity_nl = 3_000_000", "capacity_nl = 3_000_000\nscale_ppm = 20_000",
     "syringe[2].scale_ppm", "measured"),
    ("viscosity_upas = 9_740", "viscosity_upas = 12_000", "contrast[1].viscosity", "falling"),
    ("temperature_mc = 20_000", "temperature_mc = 21_000", "contrast[1].viscosity", "20_000"),
    ("viscosity_upas = 9_740", 'viscosity_upas = "x"', "contrast[1].viscosity[2].viscosity_upas",
     "500 to 100_000"),
    ("viscosity_upas = 9_740", "viscosity_pas = 9_740", "contrast[1].viscosity[2].viscosity_pas",
     '"viscosity_upas"'),
    ('source = "B1: S43, S44"', "", "contrast[1].source", "missing"),
    ('key = "latex"', 'key = "rubber"', "checklist", "latex"),
    ('key = "side"', 'key = "identity"', "checklist.key", "once"),
    ('severity = "reschedule"', 'severity = "later"', "checklist[13].severity", '"absolute"'),
    ("\n[limits]", "\n[limit]", "limit", '"limits"'),
    ("[line]", "[lines]", "line", "missing"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "key", "says"), PROCEDURE_MISTAKES)
def test_mistakes_in_the_procedure_file(site, old, new, key, says):
    problem = problems_of(site.change_procedure(old, new))[key]
    assert problem.file == str(site.procedure_path)
    assert says in f"{problem.allowed} {problem.what_to_do}"


@pytest.mark.hazard("HZ-WRONG-PATIENT-SIDE")
def test_identity_and_side_cannot_be_weakened(site):
    site.change_procedure('severity = "absolute"', 'severity = "physician"')
    site.change_procedure("safe_answer = true", "safe_answer = false")
    found = problems_of(site)
    assert {"checklist[1].severity", "checklist[2].severity"} <= set(found)
    assert {"checklist[1].safe_answer", "checklist[2].safe_answer"} <= set(found)


def test_a_site_adds_its_own_question(site):
    own = '[[checklist]]\nkey = "own"\nquestion = "Own?"\nsafe_answer = true\n'
    own += 'severity = "physician"\nsource = "site"\nevidence = "assumption"\n'
    site.procedure_path.write_text(site.procedure_path.read_text() + own)
    assert site.load().profile.checklist[-1].key == "own"


def test_every_problem_of_both_files_at_once(site):
    site.change("baud = 19_200", "baud = 1").change("127.0.0.1", "nowhere")
    site.change('mode = "simulated"', 'mode = "clinical"')
    site.limit("rate_nl_min = 1_000_000").change_procedure("diameter_um = 4_780", "diameter_um = 0")
    found = problems_of(site)
    assert {
        "pump.baud",
        "mammograph.host",
        "pressure_sensor.host",
        "room_io.host",
        "room.site_responsibility",
        "limits.rate_nl_min",
        "syringe[1].diameter_um",
    } <= set(found)


def test_syntax_error_names_its_line(site):
    site.change("[pump]", "[pump")
    line = site.room_path.read_text().split("[pump")[0].count("\n") + 1
    (problem,) = problems_of(site).values()
    assert f"line {line}" in problem.value


def test_wrong_encoding_names_its_line(site):
    site.room_path.write_bytes(b"[room]\nname = '\xff'\n")
    (problem,) = problems_of(site).values()
    assert (problem.value, problem.allowed) == ("line 2", "UTF-8 text")


@pytest.mark.parametrize(
    "data",
    [b"a = " + b"[" * 50_000, b"a = " + b"9" * 10_000, b"a" * 1_000_001, b"", b"\x00"],
    ids=["deep", "long number", "large", "empty", "zero byte"],
)
def test_hostile_files(tmp_path, data):
    path = tmp_path / "room.toml"
    path.write_bytes(data)
    with pytest.raises(ConfigError) as refused:
        load_room(path, KNOWN)
    assert not isinstance(refused.value, ConfigUnreadable)


@pytest.mark.parametrize("name", ["nothing.toml", "/", "a\x00b", "x" * 5_000, ""])
def test_missing_file(name):
    with pytest.raises(ConfigUnreadable) as refused:
        load_room(name, KNOWN)
    assert "demo" in refused.value.problems[0].allowed


def test_a_misspelt_shipped_name_is_recognised():
    with pytest.raises(ConfigUnreadable, match='did you mean "demo"'):
        load_room("demmo", KNOWN)


def test_the_message_names_file_key_value_and_range(site):
    site.change("baud = 19_200", "address = 100")
    with pytest.raises(ConfigError) as refused:
        site.load()
    text = str(refused.value)
    assert text.startswith(str(site.room_path))
    assert "pump.address = 100" in text
    assert "0 to 99" in text


# --- nothing but ConfigError ever escapes ------------------------------------------------------

KEYS = st.sampled_from(
    ["room", "pump", "room_io", "mammograph", "pressure_sensor", "limits", "line", "syringe",
     "contrast", "checklist", "procedure", "poll", "host", "name", "viscosity", "driver", "x"]
)  # fmt: skip
LEAVES = st.one_of(
    st.integers(-(10**40), 10**40),
    st.booleans(),
    st.sampled_from(["nan", "inf", "1.5", "1979-05-27T07:32:00Z", "07:32:00", '"\\u0000"', "''"]),
    st.text("ab c\t", max_size=5).map(lambda text: f"'{text}'"),
).map(lambda leaf: str(leaf).lower() if isinstance(leaf, bool | int) else leaf)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.dictionaries(KEYS, inner, max_size=3).map(
            lambda table: "{" + ", ".join(f"{key} = {value}" for key, value in table.items()) + "}"
        )
    ),
    max_leaves=6,
)
FUZZ = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def only_config_error(site: Site) -> None:
    problems: tuple[Problem, ...] | None = None
    try:
        site.load()
    except ConfigError as error:
        problems = error.problems
    assert problems is None or problems
    assert all(problem.allowed and problem.what_to_do for problem in problems or ())


@FUZZ
@given(room=st.binary(max_size=200), procedure=st.binary(max_size=200))
def test_any_bytes(site, room, procedure):
    good = site.room_path.read_bytes()
    site.room_path.write_bytes(room)
    only_config_error(site)
    site.room_path.write_bytes(good)
    site.procedure_path.write_bytes(procedure)
    only_config_error(site)


@FUZZ
@given(tables=st.dictionaries(KEYS, VALUES, max_size=6))
def test_any_tables(tmp_path_factory, tables):
    site = Site(tmp_path_factory.mktemp("fuzz"))
    text = "".join(f"{key} = {value}\n" for key, value in tables.items())
    site.put(procedure=text)
    only_config_error(site)
    site.put(room=text)
    only_config_error(site)


@FUZZ
@given(data=st.data())
def test_any_value_in_place_of_a_good_one(tmp_path_factory, data):
    site = Site(tmp_path_factory.mktemp("fuzz"))
    for path in (site.room_path, site.procedure_path):
        lines = path.read_text().splitlines()
        places = [n for n, line in enumerate(lines) if " = " in line and not line.startswith("#")]
        place = data.draw(st.sampled_from(places))
        lines[place] = f"{lines[place].split(' = ')[0]} = {data.draw(VALUES)}"
        path.write_text("\n".join(lines))
    only_config_error(site)
