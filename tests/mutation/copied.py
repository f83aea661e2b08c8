"""A copy of the tree to break, and the tests run in it."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.mutation.findings import HERE

ROOT: Final = HERE.parents[1]
WORK: Final = ROOT / ".evidence" / "mutation"

PYTEST: Final = (
    "-x",
    "-q",
    "--no-header",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:xdist",
    "--hypothesis-profile=mutation",
    # what is kept warm was imported before pytest could say so
    "-W",
    "ignore::pytest.PytestAssertRewriteWarning",
)

TABLE: Final = "tests/mutation/table.toml"
APART: Final = ("docs/", "tests/mutation/")
"""What stands there notices no mutant, but for the table of tests."""

LEAST_LIMIT_S: Final = 45
"""Time limit of one mutant: never less, and ten times what its tests take unbroken."""


def copy_tree() -> str:
    """Copy what git knows of the tree as it stands on disk; gives its fingerprint."""
    tree = WORK / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(words, cwd=ROOT, capture_output=True, check=True).stdout
    digest = hashlib.sha256()
    for name in sorted(listed.decode().split("\0")):
        source = ROOT / name
        if not name or not source.is_file():
            continue
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, tree / name)
        if name == TABLE or (name.endswith((".py", ".toml")) and not name.startswith(APART)):
            digest.update(name.encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()


@contextmanager
def inside_copy() -> Iterator[None]:
    """Work in the copy: the tool names files relative to where it stands."""
    before = Path.cwd()
    os.chdir(WORK / "tree")
    try:
        yield
    finally:
        os.chdir(before)


class Tests:
    """The tests of one group, ready to run again and again; call inside the copy."""

    __test__ = False  # not a case for pytest

    def __init__(self, files: list[str], fingerprint: str) -> None:
        self.fingerprint = fingerprint
        """Of the tree they are run in."""
        # The first file alone notices most, and starts sooner.
        self._parts = [part for part in (files[:1], files[1:]) if part]
        self._limit_s = self._unbroken(files)
        self._warm = subprocess.Popen(
            [sys.executable, "-P", HERE / "warm.py"],
            env=os.environ | {"PYTHONPATH": str(Path.cwd()), "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        status, output = self.run()
        if status != 0:
            raise SystemExit(f"they pass, but not in the process kept warm ({status}):\n{output}")

    def close(self) -> None:
        """End the process that is kept warm, and with it a run that is under way."""
        self._warm.send_signal(signal.SIGINT)
        self._warm.wait()

    def run(self) -> tuple[int | None, str]:
        """Status and output of the first part that fails; no status when time was up."""
        status: int | None = 0
        output = ""
        for part in self._parts:
            assert self._warm.stdin is not None
            assert self._warm.stdout is not None
            print(json.dumps([self._limit_s, *PYTEST, *part]), file=self._warm.stdin, flush=True)
            status, output = json.loads(self._warm.stdout.readline())
            if status != 0:
                break
        return status, output

    @staticmethod
    def _unbroken(files: list[str]) -> int:
        """See them pass on the unbroken copy, which also compiles it; the time limit in s."""
        began = time.monotonic()
        environment = os.environ | {"PYTHONPATH": str(Path.cwd())}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *PYTEST, *files],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"they fail on the unbroken tree; mend that first:\n{done.stdout}")
        return max(LEAST_LIMIT_S, round(10 * (time.monotonic() - began)))
