"""A person's words on what is mounted: entered, read off by another person, how warm it is."""

from typing import Any, Final

import msgspec

from state_machine import ledger
from state_machine import requests as rq
from state_machine.line import Mounted
from state_machine.state import Phase
from state_machine.turn import Turn

replace = msgspec.structs.replace

_SENSED: Final = "the line sensor of this room measures the contrast temperature: leave it out"


def enter(turn: Turn, request: rq.SetUpRoom) -> tuple[str, ...]:
    """What is mounted, each by its name in the profile, and how much contrast is in it."""
    profile = turn.state.profile
    if turn.state.phase is not Phase.SET_UP:
        return turn.refuse(request, "what is mounted is entered during set-up")
    found: dict[str, Any] = {}
    refusals: list[str] = []
    for kind, wanted, known in (
        ("contrast", request.contrast, profile.contrasts),
        ("syringe", request.syringe, profile.syringes),
        ("cannula", request.cannula, profile.cannulas),
    ):
        match = next((k for k in known if k.name == wanted), None)
        if match is None:
            names = ", ".join(k.name for k in known)
            refusals.append(f"{kind} '{wanted}' is not in the profile; known: {names}")
        found[kind] = match
    if not request.lot.strip():
        refusals.append("enter the contrast's lot")
    syringe = found["syringe"]
    if syringe is not None and not 0 < request.volume_nl <= syringe.capacity_nl:
        refusals.append(
            f"volume {request.volume_nl} nL: the syringe holds up to {syringe.capacity_nl} nL"
        )
    if refusals:
        return turn.refuse(request, *refusals)
    sensed = profile.temperature_sensor and request.temperature_mc != 0
    if sensed:
        return turn.refuse(request, _SENSED)
    turn.set(
        mounted=Mounted(
            contrast=found["contrast"],
            lot=request.lot,
            temperature_mc=request.temperature_mc,
            entered_ns=turn.now_ns,
            syringe=syringe,
            cannula=found["cannula"],
            volume_nl=request.volume_nl,
            side_day_high_nl=ledger.side_day_high_nl(turn.state.ledger),
            by=request.by,
        )
    )
    turn.noted(
        request,
        "set-up",
        contrast=request.contrast,
        lot=request.lot,
        temperature_mc=request.temperature_mc,
        syringe=request.syringe,
        diameter_um=syringe.diameter_um,
        cannula=request.cannula,
        volume_nl=request.volume_nl,
    )
    return ()


def confirm(turn: Turn, request: rq.ConfirmMount) -> tuple[str, ...]:
    """Another person reads off what is mounted (safety rules 4.4)."""
    mounted, first = turn.state.mounted, turn.state.mounted.by if turn.state.mounted else ""
    if turn.state.phase is not Phase.SET_UP or mounted is None:
        return turn.refuse(request, "what is mounted is confirmed during set-up, once entered")
    names = (mounted.syringe.name, mounted.cannula.name, mounted.contrast.name)
    refusals = [
        words
        for refused, words in (
            (not request.by.strip(), "say who you are"),
            (
                request.by.strip().casefold() == first.strip().casefold(),
                f"{first} entered it: another person confirms",
            ),
            (
                request.role not in (rq.Role.TECHNOLOGIST, rq.Role.RADIOLOGIST),
                "a technologist or a radiologist confirms",
            ),
            (
                (request.syringe, request.cannula, request.contrast) != names,
                f"entered were {', '.join(names)}: read them off the packages again",
            ),
        )
        if refused
    ]
    if refusals:
        return turn.refuse(request, *refusals)
    turn.set(mounted=replace(mounted, confirmed_by=request.by))
    turn.noted(
        request,
        "mount-confirmed",
        syringe=request.syringe,
        cannula=request.cannula,
        contrast=request.contrast,
        entered_by=first,
    )
    return ()


def enter_temperature(turn: Turn, request: rq.EnterTemperature) -> tuple[str, ...]:
    """The contrast's temperature as a person measured it, where no sensor does."""
    mounted, limits = turn.state.mounted, turn.state.profile.limits
    low_mc, high_mc = limits.temperature_low_mc, limits.temperature_high_mc
    if turn.state.profile.temperature_sensor:
        return turn.refuse(request, _SENSED)
    if mounted is None:
        return turn.refuse(request, "enter what is mounted first")
    if not request.by.strip():
        return turn.refuse(request, "say who you are")
    if not low_mc <= request.temperature_mc <= high_mc:
        words = f"{request.temperature_mc} m°C: contrast is used from {low_mc} to {high_mc} m°C"
        return turn.refuse(request, f"{words}; warm or replace it, measure again")
    again = replace(mounted, temperature_mc=request.temperature_mc, entered_ns=turn.now_ns)
    turn.set(mounted=again)
    turn.noted(request, "temperature", temperature_mc=request.temperature_mc)
    return ()
