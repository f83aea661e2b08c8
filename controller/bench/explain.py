"""What a search found, in words: what is there, and what its silence may mean."""

from collections.abc import Sequence
from typing import Final

from controller.bench.search import PortFound
from controller.bench.sought import UnitFound
from controller.doctor.finding import Finding, Level
from drivers.modbus_session import KIND_WORDS, MODE_NAMES
from drivers.new_era.driver import ECHO
from drivers.new_era.settings import MODELS

_PUMP: Final = f"a pump: {', '.join(MODELS)}"
_UNIT: Final = "a device of the register map"


def port_finding(found: PortFound) -> Finding:
    """One serial port."""
    name = "serial port"
    where = f"{found.port} ({found.adapter})" if found.adapter else found.port
    if found.unusable:
        return Finding(name, Level.WRONG, where, "a port that can be opened", found.unusable)
    pump = found.pump
    if pump is not None:
        told = f"{pump.identity}, {pump.baud} baud, address {pump.address}"
        value = f"{where}: {told}, {_safe(pump.safe_timeout_s)}"
        if pump.refusal:
            return Finding(name, Level.WRONG, value, _PUMP, pump.refusal)
        return Finding(name, Level.OK, value, _PUMP)
    happened, todo = _silence(found)
    return Finding(name, Level.WARNING, f"{where}: {happened}", _PUMP, todo)


def _safe(timeout_s: int | None) -> str:
    if timeout_s is None:
        return "Safe mode not told"
    return f"Safe mode {timeout_s} s" if timeout_s else "Basic mode (the controller sets Safe mode)"


def _silence(found: PortFound) -> tuple[str, str]:
    """What came instead of a pump's answer, and what to look at."""
    bauds = ", ".join(str(baud) for baud in sorted({tried.baud for tried in found.tried}))
    gone = next((tried.gone for tried in found.tried if tried.gone), "")
    if gone:
        return f"the port went away while it was asked ({gone})", "check the adapter and its plug"
    if any(tried.echoed for tried in found.tried):
        return "our own bytes come back", ECHO.rpartition("; ")[2].rpartition(": ")[2]
    heard = [tried for tried in found.tried if tried.heard]
    if heard:
        told = "; ".join(f"{tried.heard[:8].hex(' ')} at {tried.baud}" for tried in heard[:3])
        return (
            f"something talks, and at none of {bauds} baud is it a pump ({told})",
            "another device is on this port, or noise: look at cable and ground; a pump whose"
            " speed is not in this list must be set to one that is",
        )
    return (
        f"not one byte at {bauds} baud",
        "check the pump's power, the cable (socket 'To Computer'), and the pump's address;"
        " in a room, the box keeps the pump without power while no controller runs",
    )


def unit_findings(found: Sequence[UnitFound]) -> list[Finding]:
    """Every unit id that was asked; what nobody answered under is one line an address."""
    rows: list[Finding] = []
    for where in dict.fromkeys(unit.where for unit in found):
        units = [unit for unit in found if unit.where == where]
        rows += [_unit(unit) for unit in units if unit.kind]
        silent = [unit for unit in units if not unit.kind]
        for words in dict.fromkeys(unit.words for unit in silent):
            ids = ", ".join(str(unit.unit_id) for unit in silent if unit.words == words)
            rows.append(_nobody(where, ids, words))
    return rows


def _unit(unit: UnitFound) -> Finding:
    value = (
        f"{unit.where} unit id {unit.unit_id}: serial number {unit.serial_number},"
        f" firmware {unit.firmware}, map {unit.map_version}, {MODE_NAMES[unit.mode]}"
    )
    return Finding(KIND_WORDS[unit.kind], Level.OK, value, _UNIT)


def _nobody(where: str, ids: str, words: str) -> Finding:
    happened, _, todo = words.partition("; ")
    todo = todo or "nothing, unless a device should be there; then its power, network and unit id"
    return Finding(
        "network device", Level.WARNING, f"{where} unit id {ids}: {happened}", _UNIT, todo
    )
