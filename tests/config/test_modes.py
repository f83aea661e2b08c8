"""What each mode demands, and addresses given on the command line."""

import pytest

from config.override import with_addresses
from config.problems import ConfigError
from state_machine.profile import CheckRule, Mode


def keys(refused: pytest.ExceptionInfo[ConfigError]) -> set[str]:
    return {problem.key for problem in refused.value.problems}


@pytest.mark.hazard("HZ-WRONG-DEVICE")
@pytest.mark.parametrize(("mode", "expected"), [("simulated", 1), ("bench", 2)])
def test_expected_device_modes(site, mode, expected):
    loaded = site.change('mode = "simulated"', f'mode = "{mode}"').load()
    assert loaded.room.expected_device_modes == {expected}
    assert loaded.profile.mode is Mode(mode)


@pytest.mark.hazard("HZ-WRONG-DEVICE")
def test_clinical_with_responsibility_accepts_clinical_devices_only(site):
    loaded = site.clinical().responsible().load()
    assert loaded.room.expected_device_modes == {3}
    assert loaded.profile.site_responsibility == "Ward 3, Dr Example"
    assert any("Ward 3, Dr Example" in words for words in loaded.deviations)


@pytest.mark.hazard("HZ-WRONG-DEVICE")
def test_clinical_without_responsibility_is_refused(site):
    with pytest.raises(ConfigError, match="laboratory pump") as refused:
        site.clinical().load()
    assert keys(refused) == {"room.site_responsibility"}


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_clinical_never_waives_the_daily_check(site):
    site.clinical().responsible().change('daily_check = "required"', 'daily_check = "waived"')
    with pytest.raises(ConfigError, match="do the daily check") as refused:
        site.load()
    assert keys(refused) == {"room.daily_check"}


@pytest.mark.hazard("HZ-WRONG-DEVICE")
def test_clinical_never_waives_calibration(site):
    site.clinical().responsible().change('calibration = "required"', 'calibration = "waived"')
    with pytest.raises(ConfigError, match="galactograph service calibrate") as refused:
        site.load()
    assert keys(refused) == {"room.calibration"}


@pytest.mark.hazard("HZ-WRONG-DEVICE")
def test_waived_calibration_is_recorded_and_required_unless_it_is_said(site):
    loaded = site.load()
    assert loaded.profile.calibration is CheckRule.WAIVED
    assert sum("calibration is waived" in words for words in loaded.deviations) == 1
    loaded = site.change('calibration = "waived"', "").load()
    assert loaded.profile.calibration is CheckRule.REQUIRED
    assert not any("calibration" in words for words in loaded.deviations)


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_clinical_holds_with_a_wired_switch_alone(site):
    assert site.load().profile.console_holds
    site.clinical().responsible()
    assert not site.load().profile.console_holds
    site.change('hold_source = "wired"', 'hold_source = "wired-or-console"')
    with pytest.raises(ConfigError, match="no safety function") as refused:
        site.load()
    assert keys(refused) == {"room.hold_source"}


@pytest.mark.hazard("HZ-USE-ERROR")
@pytest.mark.parametrize(("seconds", "accepted"), [(299, False), (300, True), (0, True)])
def test_clinical_observes_five_minutes_at_least(site, seconds, accepted):
    site.clinical().responsible()
    site.change("observation_s = 300 ", f"observation_s = {seconds} ")
    if accepted:
        assert site.load().profile.limits.observation_ns == (seconds or 900) * 10**9
        return
    with pytest.raises(ConfigError, match="at least 300 s") as refused:
        site.load()
    assert keys(refused) == {"room.observation_s"}


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_a_waived_daily_check_is_recorded_and_required_unless_it_is_said(site):
    loaded = site.load()
    assert loaded.profile.daily_check is CheckRule.WAIVED
    assert sum("daily check is waived" in words for words in loaded.deviations) == 1
    loaded = site.change('daily_check = "waived"', "").load()
    assert loaded.profile.daily_check is CheckRule.REQUIRED
    assert not any("daily check" in words for words in loaded.deviations)


@pytest.mark.hazard("HZ-WRONG-DEVICE")
@pytest.mark.parametrize("blank", ["", " ", "\\t", "\\u00a0"])
def test_blank_responsibility_is_none(site, blank):
    site.clinical().change("[room]", f'[room]\nsite_responsibility = "{blank}"')
    with pytest.raises(ConfigError) as refused:
        site.load()
    assert "room.site_responsibility" in keys(refused)


@pytest.mark.hazard("HZ-WRONG-DEVICE")
@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_clinical_refuses_devices_on_this_machine(site, host):
    site.clinical().responsible().change("192.168.10.20", host)
    with pytest.raises(ConfigError) as refused:
        site.load()
    assert keys(refused) == {"mammograph.host", "pressure_sensor.host", "room_io.host"}


@pytest.mark.hazard("HZ-WRONG-DEVICE")
@pytest.mark.parametrize(
    "port", ["/dev/pts/3", "/dev/ttyUSB0", "/dev/serial/by-id/x/y", "/dev/serial/by-id"]
)
def test_clinical_refuses_ports_without_an_identity(site, port):
    site.clinical().responsible().change("/dev/serial/by-id/usb-pump-0", port)
    with pytest.raises(ConfigError) as refused:
        site.load()
    assert keys(refused) == {"pump.port"}


@pytest.mark.hazard("HZ-OVERPRESSURE")
@pytest.mark.parametrize("clinical", [False, True])
def test_a_missing_pressure_switch_is_recorded(site, clinical):
    if clinical:
        site.clinical().responsible()
    loaded = site.change("pressure_switch = true", "pressure_switch = false").load()
    assert not loaded.profile.pressure_switch
    assert any("pressure switch" in words for words in loaded.deviations)


def test_addresses_from_the_command_line(site):
    loaded = site.load()
    moved = with_addresses(loaded, pump_port="/run/other", modbus="[::1]:1502")
    assert moved.room.pump.port == "/run/other"
    assert {(d.host, d.port) for d in moved.room.modbus_devices.values()} == {("::1", 1502)}
    assert [d.unit_id for d in moved.room.modbus_devices.values()] == [1, 2, 3]
    assert moved.room.pump.model == "NE1000"
    assert [words for words in moved.deviations if "command line" in words] == [
        "address given on the command line: --pump-port /run/other",
        "address given on the command line: --modbus [::1]:1502",
    ]
    assert moved.sha256 == loaded.sha256
    assert loaded.room.pump.port == "/run/galactograph/pump"


def test_no_addresses_change_nothing(site):
    loaded = site.load()
    assert with_addresses(loaded) is loaded


WRONG_MODBUS = ["localhost:502", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536"]
WRONG_MODBUS += [":502", "127.0.0.1:5\u0662", "", "::1:502x"]


@pytest.mark.parametrize("modbus", WRONG_MODBUS)
def test_wrong_modbus_address(site, modbus):
    with pytest.raises(ConfigError) as refused:
        with_addresses(site.load(), modbus=modbus)
    assert len(refused.value.problems) == 1
    assert refused.value.problems[0].key.startswith("--modbus")


def test_wrong_pump_port_and_modbus_at_once(site):
    with pytest.raises(ConfigError) as refused:
        with_addresses(site.load(), pump_port="relative", modbus="x")
    assert len(refused.value.problems) == 2


@pytest.mark.hazard("HZ-WRONG-DEVICE")
def test_devices_that_differ_by_host_only_may_not_become_one(site):
    site.change("unit_id = 3", "unit_id = 2").change(
        '[room_io]\nhost = "127.0.0.1"', '[room_io]\nhost = "127.0.0.2"'
    )
    with pytest.raises(ConfigError, match="address of its own"):
        with_addresses(site.load(), modbus="127.0.0.1:502")


@pytest.mark.hazard("HZ-WRONG-DEVICE")
def test_clinical_takes_no_address_from_the_command_line(site):
    loaded = site.clinical().responsible().load()
    with pytest.raises(ConfigError) as refused:
        with_addresses(loaded, pump_port="/dev/pts/1", modbus="127.0.0.1:502")
    assert keys(refused) == {"--pump-port", "--modbus"}
