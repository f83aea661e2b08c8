"""Every register, read by nobody but us: the controller is not there yet."""

import pytest

from tests.hil import registers
from tests.hil.verdicts import BENCH, UNIT, HilFailure


@pytest.fixture(scope="module")
def readers(place, request):
    """Each device's registers, read twice."""
    return {reader.name: reader for reader in place.read_registers()}


@pytest.mark.short
@pytest.mark.parametrize("device", registers.DEVICES, ids=lambda device: device.table)
@pytest.mark.hazard("HZ-STALE-DATA", "HZ-WRONG-DEVICE")
def check_every_register(device, readers, measure):
    """Each readable register of the map is in its range, reserved ones are 0, the scan counts."""
    reader = readers[device.table]
    if reader.silent:
        raise HilFailure(BENCH, f"{device.table}: {reader.silent}")
    values = reader.second
    measure("registers read", len(values), "", 1, None, fault=UNIT)
    measure(
        "registers outside their range, or not answered",
        len(reader.wrong),
        "",
        0,
        0,
        "HZ-STALE-DATA",
        UNIT,
    )
    if reader.wrong:
        raise HilFailure(UNIT, "; ".join(reader.wrong))
    set_reserved = [n for n, v in values.items() if "reserved" in n and v]
    measure("reserved registers that are not 0", len(set_reserved), "", 0, 0, fault=UNIT)
    nominal = device.scan_ms
    measure(
        "period of its scan",
        round(reader.scan_ms(), 2),
        "ms",
        nominal * 0.8,
        nominal * 1.25,
        "HZ-STALE-DATA",
        UNIT,
    )
