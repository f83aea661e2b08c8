"""The house rules hold in every file, and each rule is seen to catch what it bans."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.bans import BANS, SHIPPED, Ban

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
FLOORS = PROJECT["tool"]["importlinter"]
# what runs leave behind (reports of demos, environments) is no part of the tree
IGNORED = {"vendor"} | {line.rstrip("/") for line in (ROOT / ".gitignore").read_text().split()}
LONGEST_FILE_LINES = 400

BAD_SNIPPETS = {
    "sleep": ["import time\ntime.sleep(1)", "await asyncio.sleep(0)", "from time import sleep"],
    "wall clock": ["time.time()", "time.time_ns()", "datetime.datetime.now()", "date.today()"],
    "time module": ["import time", "from time import monotonic_ns"],
    "foreign import in the core": ["import math", "from drivers import driver", "import os.path"],
    "float in the core": ["x = 0.5", "x = a / b", "x /= 2", "float(a)", "round(a)"],
    "callback by name": ["f(conditions='is_armed')", "{'unless': ['a']}", "f(before=(g, 'h'))"],
    "machine with doors open": [
        "Machine(model=None)",
        "transitions.Machine(auto_transitions=False)",
        "Machine(model=self, auto_transitions=False)",
        "HierarchicalMachine(model=None, auto_transitions=True)",
    ],
    "serial import": ["import serial", "from serial.tools import list_ports"],
    "bytes through pyserial": ["self._serial.write(b'')", "serial.read(1)", "Serial.read(8)"],
}
GOOD_SNIPPETS = {
    "sleep": "done.wait(1)",
    "wall clock": "clock.utc_ns()\nclock.now_ns()\nreading.time()",
    "time module": "from controller.clock import Clock\nimport timeit",
    "foreign import in the core": "import enum\nfrom collections.abc import Iterator",
    "float in the core": "x = a // b\ny = 3 * a",
    "callback by name": "f(conditions=is_armed)\nf(before=[g, h], dest='armed')",
    "machine with doors open": "Machine(model=None, auto_transitions=False, states=list(Phase))",
    "serial import": "from drivers.ports import SerialPort",
    "bytes through pyserial": "os.write(self._serial.fileno(), b'')\nport.read()",
}


def files(*suffixes: str) -> list[str]:
    """Files of the tree with one of these endings, relative to the root."""
    found = []
    for path in ROOT.rglob("*"):
        parts = path.relative_to(ROOT).parts
        hidden = any(part.startswith(".") and part != ".ci" for part in parts)
        if not hidden and not IGNORED & set(parts) and path.is_file() and path.suffix in suffixes:
            found.append("/".join(parts))
    return sorted(found)


def broken(ban: Ban, path: str, text: str) -> list[str]:
    """What ``ban`` finds in a file of this path and text."""
    if not ban.where(path):
        return []
    found = ban.find(ast.parse(text), path)
    return [f"{path}:{line}: {ban.name}: {what}; instead: {ban.instead}" for line, what in found]


@pytest.mark.parametrize("ban", BANS, ids=lambda ban: ban.name)
def test_no_file_breaks_the_ban(ban: Ban):
    paths = files(".py")
    assert len(paths) > 10
    findings = [
        line for path in paths for line in broken(ban, path, (ROOT / path).read_text("utf-8"))
    ]
    assert not findings, "\n" + "\n".join(findings)


@pytest.mark.parametrize("ban", BANS, ids=lambda ban: ban.name)
def test_each_ban_catches_what_it_bans_and_no_more(ban: Ban):
    where = "state_machine/example.py"
    for snippet in BAD_SNIPPETS[ban.name]:
        assert broken(ban, where, snippet), snippet
    assert broken(ban, where, GOOD_SNIPPETS[ban.name]) == []


def test_the_exceptions_are_where_they_are_said_to_be():
    by_name = {ban.name: ban for ban in BANS}
    assert not broken(by_name["sleep"], "controller/clock.py", "time.sleep(1)")
    assert broken(by_name["sleep"], "tests/test_x.py", "time.sleep(1)")
    assert not broken(by_name["float in the core"], "state_machine/estimator.py", "x = 0.5")
    roots = "from math import sqrt", "from math import exp"
    core = by_name["foreign import in the core"]
    assert [len(broken(core, "state_machine/estimator.py", text)) for text in roots] == [0, 1]
    assert not broken(by_name["serial import"], "drivers/ports.py", "import serial")


@pytest.mark.parametrize(
    ("path", "text", "code"),
    [
        ("controller/x.py", '"""Doc."""\n\nprint(1)\n', "T201"),
        ("controller/x.py", '"""Doc."""\n\nassert 1 + 1\n', "S101"),
        ("drivers/x.py", "X = 1\n", "D100"),
        ("drivers/x.py", '"""Doc."""\n\nA = Other._hidden\n', "SLF001"),
        ("sim/cli.py", '"""Doc."""\n\nprint(1)\n', ""),
        ("tests/test_x.py", "def test_x():\n    assert 1 + 1\n", ""),
    ],
)
def test_ruff_bans_what_is_left_to_it(path: str, text: str, code: str):
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format", "concise"]
    command += ["--ignore", "F821", "--stdin-filename", path, "-"]
    outcome = subprocess.run(command, input=text, capture_output=True, text=True, cwd=ROOT)
    assert outcome.returncode == bool(code), outcome.stdout + outcome.stderr
    assert code in outcome.stdout


# --- floors -----------------------------------------------------------------------------------


def test_root_packages_are_the_folders_on_disk():
    on_disk = {path.split("/")[0] for path in files(".py") if "/" in path} - {"docs"}
    layers = {
        name.strip() for layer in FLOORS["contracts"][0]["layers"] for name in layer.split("|")
    }
    found = PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]
    installed = {pattern.removesuffix("*") for pattern in found}
    assert on_disk == set(FLOORS["root_packages"])
    assert on_disk == layers
    assert on_disk == installed | {"tests"}
    assert on_disk == {folder.removesuffix("/") for folder in SHIPPED} | {"tests"}
    assert on_disk == set(PROJECT["tool"]["mypy"]["files"])


def test_each_folder_with_modules_is_a_package():
    folders = {Path(path).parent for path in files(".py") if "/" in path} - {Path("docs")}
    assert [str(folder) for folder in folders if not (ROOT / folder / "__init__.py").exists()] == []


def test_shipped_files_stay_readable_in_one_sitting():
    lengths = {
        path: len((ROOT / path).read_text("utf-8").splitlines())
        for path in files(".py")
        if path.startswith(SHIPPED)
    }
    long = {path: lines for path, lines in lengths.items() if lines > LONGEST_FILE_LINES}
    assert not long, f"longer than {LONGEST_FILE_LINES} lines, split by idea: {long}"


# --- words ------------------------------------------------------------------------------------

# Written so that the patterns do not find themselves.
MACHINE_PATHS = r"(?<![\w.])/(wor[k]|hom[e]|roo[t]|tm[p]|User[s])/"
BANNED_TEXT = {
    r"\b(TO[D]O|FIX[M]E|XX[X])\b": "do it, or write down in docs/ what is not built",
    MACHINE_PATHS: "no path of one machine",
    r"(extra-)?index-ur[l]\s*[= ]\s*\S*:/|/simpl[e]/|pyp[i]\.org": "no registry address",
    r"(?i)\bissue[ ]#?\d": "say the reason itself; trackers move",
}


def banned_words(text: str, path: str = "docs/example.md") -> list[str]:
    """Lines with banned text, each with what to do instead; a test may make up a path."""
    may_name_paths = path.startswith("tests/")
    return [
        f"{number}: {line.strip()}: {instead}"
        for number, line in enumerate(text.splitlines(), 1)
        for pattern, instead in BANNED_TEXT.items()
        if re.search(pattern, line) and not (may_name_paths and pattern == MACHINE_PATHS)
    ]


def test_no_banned_words_in_the_tree():
    texts = [*files(".py", ".md", ".toml", ".in", ".txt", ".html", ".js", ".css"), "Makefile"]
    texts += [".ci/run"]
    found = [
        f"{path}:{line}"
        for path in texts
        if path != "tests/test_architecture.py"
        for line in banned_words((ROOT / path).read_text("utf-8"), path)
    ]
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("bad", "good"),
    [
        ("# TODO later", "# to do it later"),
        ("# XXX", "XXXL"),
        ('open("/tmp/x")', 'open(folder / "x")'),
        ("see /home/me/notes", "see docs/home/notes.md"),
        ("--index-url https://example.org", "--no-emit-index-url --no-emit-trusted-host"),
        ("see issue 12", "an issue of 12 pages"),
    ],
)
def test_banned_words_are_found_and_others_are_not(bad: str, good: str):
    assert banned_words(bad)
    assert not banned_words(good)


# --- locks ------------------------------------------------------------------------------------


def requirements(name: str) -> set[str]:
    """Requirement lines of a file of ``requirements/``."""
    lines = (ROOT / "requirements" / name).read_text("utf-8").splitlines()
    texts = (line.split("#")[0].rstrip(" \\") for line in lines)
    return {text for text in texts if text and not text.startswith((" ", "-"))}


def test_locks_say_the_same_as_pyproject():
    project = PROJECT["project"]
    extras = project["optional-dependencies"]
    assert requirements("run.in") == set(project["dependencies"])
    assert requirements("dev.in") == set().union(*extras.values())
    assert set(PROJECT["build-system"]["requires"]) <= requirements("build.in")
    assert requirements("run.txt") <= requirements("dev.txt")


@pytest.mark.parametrize("name", ["run.txt", "dev.txt"])
def test_each_locked_requirement_is_exact_and_hashed(name: str):
    text = (ROOT / "requirements" / name).read_text("utf-8")
    blocks = re.findall(r"^\S+==\S+ \\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+", text, re.M)
    assert len(blocks) == len(requirements(name)) > 10
