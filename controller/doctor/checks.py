"""The checks as tables, in the order they are made."""

from collections.abc import Callable
from typing import Final

from config.load import LoadedRoom
from config.problems import Problem
from controller.doctor import computer_checks, disk_checks, port_checks, record_checks
from controller.doctor.computer import Computer
from controller.doctor.finding import Finding, Level

COMPUTER: Final[tuple[Callable[[Computer], Finding], ...]] = (
    computer_checks.clock_source,
    computer_checks.timer_lateness,
    computer_checks.processor_steal,
    computer_checks.governor,
    computer_checks.memory,
    computer_checks.wall_clock,
    computer_checks.libraries,
    disk_checks.folder_writable,
    disk_checks.file_system,
    disk_checks.free_space,
    disk_checks.sync_time,
)
"""Of the machine and the folder of the record."""

PORT: Final[tuple[Callable[[Computer, LoadedRoom], Finding], ...]] = (
    port_checks.port_name,
    port_checks.latency_timer,
)
"""Of the pump's port, without opening it."""

RECORD: Final[tuple[Callable[[Computer, LoadedRoom], Finding], ...]] = (record_checks.signing_key,)
"""Of what the record needs beside its disk."""


def room_problem(problem: Problem) -> Finding:
    """A problem of a room or procedure file as a finding."""
    value = f"{problem.file}: {problem.value or 'nothing'}" if problem.key else problem.file
    name = problem.key or "room file"
    return Finding(name, Level.WRONG, value, problem.allowed, problem.what_to_do)
