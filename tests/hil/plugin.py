"""The pytest side of ``galactograph hil``: options, fixtures, verdicts, and the report at the end.

Loaded by name (``-p tests.hil.plugin``) and by nothing else. What a check is for stands in its
first line; which hazards it looks at, in its ``hazard`` marks; ``moves`` says that it needs
approval, ``short`` that it belongs to the short form.
"""

import json
import signal
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import pytest

from config.load import LoadedRoom, load_room
from config.override import with_addresses
from controller.clock import RealClock
from drivers.registry import known_names
from sim.client import Gone
from tests.hil import breaks, report
from tests.hil.bench import Bench
from tests.hil.place import ControllerGone, Place
from tests.hil.real_place import CONTROLLER, RealPlace, take_over
from tests.hil.verdicts import BENCH, PRODUCT, SUITES, TEST, Fault, HilFailure, Measurement, Result
from tests.hil.virtual_place import VirtualPlace

_RESULTS: Final = pytest.StashKey[dict[str, Result]]()
_OPTIONS: Final = pytest.StashKey["Options"]()
_HEADER: Final = pytest.StashKey[dict[str, Any]]()


class Options(NamedTuple):
    """What ``galactograph hil`` hands over, as JSON in a file."""

    room: str
    out: str
    select: tuple[str, ...] = ()
    approve: bool = False
    short: bool = False
    simulate: bool = False
    virtual: bool = False
    control: str = ""
    pump_port: str = ""
    modbus: str = ""
    by: str = ""
    user: str = ""
    key: str = ""
    state: str = ""
    balance: str = ""
    defects: tuple[tuple[Any, ...], ...] = ()
    """Inputs of the simulated room and values, set before anything else, or with a third word
    when contrast flows: for the tests of the checks."""
    broken: str = ""
    """A control of the controller that is taken away, for the same."""


class Measure(Protocol):
    """How a check says what it measured."""

    def __call__(
        self,
        name: str,
        value: float,
        unit: str,
        low: float | None,
        high: float | None,
        hazard: str = "",
        fault: Fault = PRODUCT,
        series: Any = (),
        axes: tuple[str, str] = ("", ""),
    ) -> Measurement:
        """Keep a measurement; outside its limits the check fails when it is over."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """One option: where the others are."""
    parser.addoption("--hil", required=False, default=None, metavar="FILE", help="options, JSON")


def pytest_configure(config: pytest.Config) -> None:
    """Read the options; say the marks."""
    for mark in ("moves: needs --approve", "short: part of the short form"):
        config.addinivalue_line("markers", mark)
    fields = json.loads(Path(config.getoption("--hil")).read_text("utf-8"))
    fields["select"] = tuple(fields.get("select", ()))
    fields["defects"] = tuple(tuple(each) for each in fields.get("defects", ()))
    config.stash[_OPTIONS] = Options(**fields)
    config.stash[_RESULTS] = {}
    config.stash[_HEADER] = {}
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # told to end: as Ctrl-C, in order


def _suite(item: pytest.Item) -> str:
    return item.path.stem.removeprefix("check_")


def _name(item: pytest.Item) -> str:
    return item.name.removeprefix("check_").replace("_", "-")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Those that are asked for, in the order of the suites."""
    options = config.stash[_OPTIONS]
    order = list(SUITES)
    items.sort(key=lambda item: order.index(_suite(item)))
    known = {_suite(item) for item in items} | {_name(item) for item in items}
    if unknown := [name for name in options.select if name not in known]:
        raise pytest.UsageError(
            f"--select {', '.join(unknown)}: there are {', '.join(sorted(known))}"
        )
    wanted = [
        item
        for item in items
        if (not options.select or {_suite(item), _name(item)} & set(options.select))
        and (not options.short or item.get_closest_marker("short") is not None)
    ]
    config.hook.pytest_deselected(items=[item for item in items if item not in wanted])
    items[:] = wanted
    for item in items:
        title = (getattr(item, "function", None).__doc__ or "").strip().splitlines()
        case = f" ({item.callspec.id})" if hasattr(item, "callspec") else ""
        hazards = tuple(name for mark in item.iter_markers("hazard") for name in mark.args)
        config.stash[_RESULTS][item.nodeid] = Result(
            _name(item), _suite(item), (title[0] if title else "") + case, hazards=hazards
        )


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Nothing moves without approval."""
    if item.get_closest_marker("moves") and not item.config.stash[_OPTIONS].approve:
        pytest.skip("it moves the pump: give --approve for this run")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """A measurement outside its limits fails the check, after all was measured."""
    yield
    bad = [m for m in item.config.stash[_RESULTS][item.nodeid].measurements if not m.good]
    if bad:
        raise HilFailure(bad[0].fault, "; ".join(m.words() for m in bad))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, Any, Any]:
    """Whose fault it is."""
    made = yield
    result = item.config.stash[_RESULTS][item.nodeid]
    result.seconds += call.duration
    if call.excinfo is not None:
        error = call.excinfo.value
        if made.skipped:
            result.verdict, result.words = "skipped", str(getattr(error, "msg", error))
        else:
            fault = error.fault if isinstance(error, HilFailure) else _fault(error)
            result.verdict, result.fault = "failed", fault.value
            result.words = str(error) if isinstance(error, HilFailure) else repr(error)
            made.longrepr = f"{fault.value}: {result.words}" if fault is not TEST else made.longrepr
    if call.when == "call":
        properties = [("suite", result.suite), ("fault", result.fault)]
        properties += [(m.name, f"{m.value:g} {m.unit}") for m in result.measurements]
        made.user_properties += properties
    return made


def _fault(error: BaseException) -> Fault:
    if isinstance(error, Gone):
        return BENCH
    return PRODUCT if isinstance(error, ControllerGone) else TEST


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write and sign the report; a check that was skipped is none that passed."""
    options, header = session.config.stash[_OPTIONS], session.config.stash[_HEADER]
    results = list(session.config.stash[_RESULTS].values())
    for result in results:
        if not result.seconds:
            result.verdict, result.words = "skipped", "the run ended before it"
    if not results:
        return
    summary = report.write(Path(options.out), options.room, header, results, options.key)
    session.config.get_terminal_writer().line(f"\n{summary}")
    failed = any(r.verdict == "failed" for r in results) or bool(header.get("not_safe"))
    if not failed and session.exitstatus == pytest.ExitCode.OK:
        passed = any(r.verdict == "passed" for r in results)
        session.exitstatus = pytest.ExitCode.OK if passed else pytest.ExitCode.TESTS_FAILED
    elif failed:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


# --- fixtures -------------------------------------------------------------------------------------


def _loaded(options: Options) -> LoadedRoom:
    loaded = load_room(options.room, known_names())
    if options.pump_port or options.modbus:
        return with_addresses(
            loaded, pump_port=options.pump_port or None, modbus=options.modbus or None
        )
    return loaded


def _place(options: Options, loaded: LoadedRoom) -> Place:
    if options.virtual:
        if options.broken:
            breaks.apply(options.broken)
        return VirtualPlace(loaded)
    if loaded.profile.login_required and not options.user:
        raise pytest.UsageError(
            "people log in in this room: say who answers for the run, --user NAME --state DIR"
        )
    addresses: tuple[str, ...] = ()
    for name, value in (("--pump-port", options.pump_port), ("--modbus", options.modbus)):
        addresses += (name, value) if value else ()
    module = ("tests.hil.broken_controller", options.broken) if options.broken else (CONTROLLER,)
    folder = Path(options.out) / "run"
    if options.state:
        take_over(loaded, Path(options.state), folder)
    return RealPlace(
        loaded,
        str(loaded.path.resolve()),
        folder,
        addresses,
        options.control,
        options.simulate,
        module,
    )


@pytest.fixture(scope="session")
def place(pytestconfig: pytest.Config) -> Iterator[Place]:
    """The room, nobody at work in it yet."""
    options = pytestconfig.stash[_OPTIONS]
    made = _place(options, _loaded(options))
    header = pytestconfig.stash[_HEADER]
    header |= {"by": options.by, "approved": options.approve, "wires": made.wires}
    header |= {"defects": [list(one) for one in options.defects], "broken": options.broken}
    header |= {"began_utc_ns": RealClock().utc_ns()}
    report.room_facts(header, made.loaded)
    try:
        for name, value, *later in options.defects:
            if not later:
                made.hands.do(name, value)
        yield made
    finally:
        made.close()


@pytest.fixture(scope="session")
def owned(pytestconfig: pytest.Config, place: Place) -> Iterator[Bench]:
    """The room with its controller; left safe whatever happens."""
    options = pytestconfig.stash[_OPTIONS]
    bench = Bench(place, options.approve, options.balance)
    bench.once_flowing = tuple(each[:2] for each in options.defects if each[2:])
    header = pytestconfig.stash[_HEADER]
    try:
        bench.start()
        yield bench
    finally:
        header["not_safe"] = bench.leave_safe()
        header["devices"] = bench.identities
        header["calibrations"] = bench.calibration


@pytest.fixture
def room(owned: Bench) -> Iterator[Bench]:
    """The bench, with a controller that lives; hands are off afterwards."""
    if not owned.alive:
        owned.start()
    yield owned
    if owned.approved and owned.hands.simulated:
        owned.hands_off()


@pytest.fixture
def measure(request: pytest.FixtureRequest) -> Measure:
    """Keep a measurement of this check."""
    result = request.config.stash[_RESULTS][request.node.nodeid]

    def kept(
        name: str,
        value: float,
        unit: str,
        low: Any,
        high: Any,
        hazard: str = "",
        fault: Fault = PRODUCT,
        series: Any = (),
        axes: tuple[str, str] = ("", ""),
    ) -> Measurement:
        made = Measurement(name, value, unit, low, high, hazard, fault, tuple(series), axes)
        result.measurements.append(made)
        return made

    return kept


Check = Callable[..., None]
