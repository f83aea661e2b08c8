"""The tests that are too long for every run: ``pytest -m long``, its report kept as evidence.

It has nothing to go on from: it is played whole, within a quarter of an hour.
"""

import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
RESULT: Final = ROOT / "docs" / "evidence" / "long.txt"


def main() -> int:
    """Play them: 0 when all passed."""
    command = [sys.executable, "-m", "pytest", "-m", "long", "-v", "--tb=short"]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    lines = [line for line in done.stdout.splitlines() if "::" in line or line.startswith("=")]
    RESULT.write_text("\n".join(lines) + "\n", "utf-8")
    sys.stderr.write(done.stdout[-2_000:])
    sys.stdout.write(f"{lines[-1].strip('= ')}\n" if lines else "nothing was said\n")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
