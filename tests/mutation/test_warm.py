"""The process kept warm tells passed from failed from hanging, and loads each time anew."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.mutation.findings import HERE

CASES = {
    "test_good.py": "from mended import VALUE\ndef test_it():\n    assert VALUE == 1\n",
    "test_hangs.py": "def test_it():\n    while True:\n        pass\n",
    "mended.py": "VALUE = 1\n",
}


def test_passed_failed_hanging_and_loaded_anew(tmp_path: Path):
    for name, text in CASES.items():
        (tmp_path / name).write_text(text, "utf-8")
    environment = {"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    ignore = ["-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
    with subprocess.Popen(
        [sys.executable, "-P", HERE / "warm.py"],
        cwd=tmp_path,
        env=os.environ | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as warm:
        say, hear = warm.stdin, warm.stdout
        assert say
        assert hear

        def run(limit_s: float, name: str) -> tuple[int | None, str]:
            print(json.dumps([limit_s, *ignore, name]), file=say, flush=True)
            status, output = json.loads(hear.readline())
            return status, output

        status, output = run(40, "test_good.py")
        assert (status, "1 passed" in output) == (0, True), output
        (tmp_path / "mended.py").write_text("VALUE = 2\n", "utf-8")
        status, output = run(40, "test_good.py")
        assert (status, "FAILED test_good.py::test_it" in output) == (1, True), output
        assert run(0.5, "test_hangs.py")[0] is None
        say.close()
        assert warm.wait(20) == 0
