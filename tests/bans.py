"""What no file may contain, as a table: where it holds, how it is found, what to do instead.

Ruff and import-linter (``pyproject.toml``) hold the general rules and the floors; here is
what is particular to this house. ``test_architecture.py`` runs the table over the tree and
shows for each row a snippet that it catches and one that it lets pass.
"""

import ast
import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

SHIPPED: Final = ("controller/", "drivers/", "state_machine/", "config/", "sim/")
CLOCK: Final = "controller/clock.py"
MACHINE_MODULES: Final = frozenset(
    [
        "transitions",
        "msgspec",
        "typing",
        "enum",
        "dataclasses",
        "collections",
        "functools",
        "itertools",
        "state_machine",
        "__future__",
    ]
)

Finding = tuple[int, str]
"""Line number and what stands there."""


class Ban(NamedTuple):
    """One row."""

    name: str
    instead: str
    where: Callable[[str], bool]
    """Does the ban hold in the file of this path (relative to the root)?"""
    find: Callable[[ast.AST, str], Iterator[Finding]]
    """Finds it in a parsed file; the path allows exceptions."""


def _is_shipped(path: str) -> bool:
    return path.startswith(SHIPPED)


def _is_machine(path: str) -> bool:
    return path.startswith("state_machine/")


def _calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str, str]]:
    """Each call with its dotted owner and last name: ``a.b.c()`` gives ``a.b``, ``c``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            owner, _, name = ast.unparse(node.func).rpartition(".")
            yield node, owner, name


def _imports(tree: ast.AST) -> Iterator[tuple[int, str, str]]:
    """Each absolute import as line, module, imported name (empty for ``import module``)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from ((node.lineno, node.module or "", alias.name) for alias in node.names)


def _sleep(tree: ast.AST, _path: str) -> Iterator[Finding]:
    yield from (
        (node.lineno, ast.unparse(node)) for node, _, name in _calls(tree) if name == "sleep"
    )
    yield from (
        (line, f"from {module} import sleep")
        for line, module, name in _imports(tree)
        if name == "sleep"
    )


_CLOCKS: Final = {
    "time": ["time", "time_ns", "localtime", "gmtime", "ctime", "strftime"],
    "datetime": ["now", "utcnow", "today"],
    "date": ["today"],
}


def _wall_clock(tree: ast.AST, _path: str) -> Iterator[Finding]:
    for node, owner, name in _calls(tree):
        if name in _CLOCKS.get(owner.rpartition(".")[2], ()):
            yield node.lineno, ast.unparse(node)
    for line, module, name in _imports(tree):
        if module == "time" and name in _CLOCKS["time"]:
            yield line, f"from time import {name}"


def _any_clock(tree: ast.AST, _path: str) -> Iterator[Finding]:
    yield from (
        (line, f"import of {module}") for line, module, _ in _imports(tree) if module == "time"
    )


def _foreign_import(tree: ast.AST, path: str) -> Iterator[Finding]:
    for line, module, name in _imports(tree):
        is_fit_root = path == "state_machine/estimator.py" and (module, name) == ("math", "sqrt")
        if module.partition(".")[0] not in MACHINE_MODULES and not is_fit_root:
            yield line, f"import of {module}"


def _float(tree: ast.AST, _path: str) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield node.lineno, repr(node.value)
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            yield node.lineno, ast.unparse(node)
    yield from (
        (node.lineno, ast.unparse(node))
        for node, owner, name in _calls(tree)
        if not owner and name in ("float", "round")
    )


_CALLBACKS: Final = frozenset(
    [
        "conditions",
        "unless",
        "prepare",
        "before",
        "after",
        "on_enter",
        "on_exit",
        "on_exception",
        "on_final",
        "finalize_event",
        "prepare_event",
        "before_state_change",
        "after_state_change",
    ]
)


def _is_named(value: ast.expr) -> bool:
    """Is a callback given by its name (or a list with one) instead of as a function?"""
    items = value.elts if isinstance(value, ast.List | ast.Tuple) else [value]
    return any(isinstance(item, ast.Constant) and isinstance(item.value, str) for item in items)


def _named_callback(tree: ast.AST, _path: str) -> Iterator[Finding]:
    for node in ast.walk(tree):
        pairs: list[tuple[object, ast.expr]] = []
        if isinstance(node, ast.Call):
            pairs = [(keyword.arg, keyword.value) for keyword in node.keywords]
        elif isinstance(node, ast.Dict):
            pairs = [
                (key.value, value)
                for key, value in zip(node.keys, node.values, strict=True)
                if isinstance(key, ast.Constant)
            ]
        for name, value in pairs:
            if name in _CALLBACKS and _is_named(value):
                yield value.lineno, f"{name}={ast.unparse(value)}"


def _machine_with_doors(tree: ast.AST, _path: str) -> Iterator[Finding]:
    wanted = {"model": None, "auto_transitions": False}
    for node, _, name in _calls(tree):
        if not name.endswith("Machine") or name == "RuleBasedStateMachine":
            continue
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        for key, value in wanted.items():
            argument = given.get(key)
            if not (isinstance(argument, ast.Constant) and argument.value is value):
                yield node.lineno, f"{name}(...) without {key}={value}"


def _serial_import(tree: ast.AST, _path: str) -> Iterator[Finding]:
    for line, module, _ in _imports(tree):
        if module.partition(".")[0] == "serial":
            yield line, f"import of {module}"


def _serial_bytes(tree: ast.AST, _path: str) -> Iterator[Finding]:
    for node, owner, name in _calls(tree):
        if name in ("read", "write") and re.search(r"serial$", owner, re.IGNORECASE):
            yield node.lineno, ast.unparse(node)


BANS: Final = (
    Ban(
        "sleep",
        "take now_ns and say when to be called again; only controller/clock.py waits, "
        "a test waits for an event with a timeout",
        lambda path: path != CLOCK,
        _sleep,
    ),
    Ban(
        "wall clock",
        "take now_ns (decisions) or utc_ns (written, never compared) from controller.clock",
        lambda path: path != CLOCK,
        _wall_clock,
    ),
    Ban(
        "time module",
        "take now_ns as an argument; controller.clock is handed in where a program is assembled",
        lambda path: _is_shipped(path) and path != CLOCK,
        _any_clock,
    ),
    Ban(
        "foreign import in the core",
        f"state_machine imports only {', '.join(sorted(MACHINE_MODULES))} "
        "(and math.sqrt in estimator.py); hand the rest in as readings or requests",
        _is_machine,
        _foreign_import,
    ),
    Ban(
        "float in the core",
        "integers with the unit last in the name, // and units.ceil_div; a fit belongs in "
        "estimator.py and leaves it as integers",
        lambda path: _is_machine(path) and path != "state_machine/estimator.py",
        _float,
    ),
    Ban(
        "callback by name",
        "pass the function itself: a misspelt name is found only when it is triggered",
        _is_shipped,
        _named_callback,
    ),
    Ban(
        "machine with doors open",
        "Machine(model=None, auto_transitions=False, ...): automatic to_<state> jumps pass every "
        "guard, and a model carries hidden state",
        _is_shipped,
        _machine_with_doors,
    ),
    Ban(
        "serial import",
        "ask drivers.ports for a port; pyserial only opens, configures and locks it there",
        lambda path: _is_shipped(path) and path != "drivers/ports.py",
        _serial_import,
    ),
    Ban(
        "bytes through pyserial",
        "os.read and os.write on its fileno: Serial.write with write_timeout=0 spins when the "
        "peer stops reading",
        lambda _path: True,
        _serial_bytes,
    ),
)
