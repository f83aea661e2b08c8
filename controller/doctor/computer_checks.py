"""Checks of the machine alone: its clocks, its processor, its memory, its libraries."""

import math
import re
from typing import Final

from controller.doctor.computer import Computer
from controller.doctor.finding import ANY, Finding, Level, judged, less_than, more_than
from state_machine.limits import Limits
from state_machine.readings import ClockSync
from state_machine.units import NS_PER_MS, NS_PER_S

GOOD_CLOCKS: Final = ("tsc", "hpet", "kvm-clock", "arch_sys_counter", "xen", "hyperv_clocksource")
"""Sources that are read in well under a microsecond, `hpet` in about one (assumption)."""
STEAL_SPAN_NS: Final = NS_PER_S
STEAL_WARN_PERMILLE: Final = 10
LATE_WAITS: Final = 200
LATE_WAIT_NS: Final = 5 * NS_PER_MS
LATE_WARN_US: Final = 5_000
"""A tenth of the lateness at which the loop throws away what it received (assumption)."""
LATE_WRONG_US: Final = Limits().late_pass_ns // 1_000
MEMORY_WARN_MIB: Final = 512
MEMORY_WRONG_MIB: Final = 128
"""A controller takes about 100 MiB, its report about as much again (assumption)."""
_KIB_PER_MIB: Final = 1_024


def clock_source(computer: Computer) -> Finding:
    """What the kernel reads the time from; some sources cost microseconds, or drift."""
    folder = "sys/devices/system/clocksource/clocksource0"
    source = computer.text(f"{folder}/current_clocksource")
    others = computer.text(f"{folder}/available_clocksource").split()
    level = Level.OK if source in (*GOOD_CLOCKS, "") else Level.WARNING
    better = [name for name in others if name in GOOD_CLOCKS]
    way = f"boot with clocksource={better[0]}" if better else "look for a BIOS or hypervisor option"
    todo = f"{way}: a slow or coarse clock makes every deadline of the loop late"
    return judged("clock source", level, source or "not told", ", ".join(GOOD_CLOCKS), todo)


def processor_steal(computer: Computer) -> Finding:
    """Share of the processor that a hypervisor gave to other guests, over one second."""
    before = _processor_ticks(computer)
    computer.clock.wait((), computer.clock.now_ns() + STEAL_SPAN_NS)
    after = _processor_ticks(computer)
    all_ticks, stolen = after[0] - before[0], after[1] - before[1]
    permille = stolen * 1_000 // all_ticks if all_ticks > 0 else 0
    return judged(
        "processor steal",
        more_than(permille, STEAL_WARN_PERMILLE, 1_000),
        f"{permille // 10}.{permille % 10} %",
        f"at most {STEAL_WARN_PERMILLE // 10} %",
        "run on a machine of its own, or give this guest reserved processors:"
        " time that is taken away makes the controller let go of the pump",
    )


def _processor_ticks(computer: Computer) -> tuple[int, int]:
    """All ticks and stolen ticks since boot; zeros where the kernel does not say.

    Order of the numbers (proc(5)): user nice system idle iowait irq softirq steal; the
    guest columns after them are contained in user and nice.
    """
    for line in computer.text("proc/stat").splitlines():
        name, *numbers = line.split()
        if name == "cpu" and len(numbers) >= 8:
            ticks = [int(number) for number in numbers[:8]]
            return sum(ticks), ticks[7]
    return 0, 0


def timer_lateness(computer: Computer) -> Finding:
    """How late the kernel wakes a program that waits 5 ms, 99th percentile of 200."""
    clock, late_us = computer.clock, []
    for _ in range(LATE_WAITS):
        until_ns = clock.now_ns() + LATE_WAIT_NS
        clock.wait((), until_ns)
        late_us.append(max(0, clock.now_ns() - until_ns) // 1_000)
    p99_us = percentile(late_us, 99)
    return judged(
        "timer lateness",
        more_than(p99_us, LATE_WARN_US, LATE_WRONG_US),
        f"p99 {ms(p99_us)}, most {ms(max(late_us))}",
        f"p99 at most {ms(LATE_WARN_US)}; above {ms(LATE_WRONG_US)} the loop discards what it"
        " received",
        "close other programs, set the processor governor to performance, and look again",
    )


def percentile(values: list[int], percent: int) -> int:
    """The value that ``percent`` of ``values`` do not exceed."""
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


def ms(value_us: int) -> str:
    """Microseconds as milliseconds with one digit."""
    return f"{value_us // 1_000}.{value_us % 1_000 // 100} ms"


def governor(computer: Computer) -> Finding:
    """How the processor chooses its speed; a slow start delays every pass."""
    folder = computer.root / "sys/devices/system/cpu"
    files = sorted(folder.glob("cpu*/cpufreq/scaling_governor"))
    names = sorted({computer.text(str(path.relative_to(computer.root))) for path in files} - {""})
    calm = not names or names == ["performance"]
    return judged(
        "processor governor",
        Level.OK if calm else Level.WARNING,
        ", ".join(names) or "none, the speed is not changed here",
        "performance",
        "cpupower frequency-set -g performance, and keep it so over restarts",
    )


def memory(computer: Computer) -> Finding:
    """Memory that is free or can be made free."""
    found = re.search(r"^MemAvailable:\s+(\d+) kB$", computer.text("proc/meminfo"), re.M)
    if found is None:
        return Finding("memory", Level.OK, "not told", ANY)
    free_mib = int(found[1]) // _KIB_PER_MIB
    return judged(
        "memory",
        less_than(free_mib, MEMORY_WARN_MIB, MEMORY_WRONG_MIB),
        f"{free_mib:_} MiB available",
        f"at least {MEMORY_WARN_MIB} MiB; below {MEMORY_WRONG_MIB} the controller may be killed",
        "close other programs or add memory",
    )


def wall_clock(computer: Computer) -> Finding:
    """Does a time service set the wall clock? Only the record's times depend on it.

    The kernel's word counts; where it does not say, what services leave in ``/run``.
    """
    says = computer.clock.sync()
    marks = ("run/systemd/timesync/synchronized", "run/chrony/chronyd.pid", "run/ntpd.pid")
    found = next((mark for mark in marks if (computer.root / mark).exists()), "")
    if says is ClockSync.UNKNOWN:
        good = bool(found)
        value = f"kept by a time service (/{found})" if found else "no sign of a time service"
    else:
        good = says is ClockSync.SYNCHRONISED
        beside = f", although a time service runs (/{found})" if found and not good else ""
        value = f"{says.value}, says the kernel{beside}"
    return judged(
        "wall clock",
        Level.OK if good else Level.WARNING,
        value,
        "set by systemd-timesyncd, chrony or ntpd",
        "timedatectl set-ntp true, or compare the clock by hand before each day:"
        " the record's dates and the lock after a suspected extravasation come from it",
    )


def libraries(computer: Computer) -> Finding:
    """Installed libraries against what this program was tested with."""
    allowed = "the versions of requirements/run.txt"
    todo = "install anew: pip install --require-hashes -r requirements/run.txt"
    try:
        wanted = computer.requires("galactograph") or []
    except ModuleNotFoundError:
        value = "runs from a source folder, so versions were not compared"
        return Finding("libraries", Level.WARNING, value, allowed, "install the package")
    found = [words for line in wanted if (words := _mismatch(computer, line))]
    value = "; ".join(found) or "as tested"
    return judged("libraries", Level.WRONG if found else Level.OK, value, allowed, todo)


def _mismatch(computer: Computer, requirement: str) -> str:
    """Why an installed library is not the required one; requirements are all ``name~=version``."""
    parts = re.fullmatch(r"([\w.-]+)~=([\d.]+)", requirement)
    if parts is None:
        return ""  # of an extra: not needed to run
    name, least = parts[1], [int(part) for part in parts[2].split(".")]
    try:
        version = computer.version(name)
    except ModuleNotFoundError:
        return f"{name} is missing"
    digits = [int(part) for part in re.findall(r"\d+", version)]
    compatible = digits >= least and digits[: len(least) - 1] == least[:-1]
    return "" if compatible else f"{name} {version} instead of ~={parts[2]}"
