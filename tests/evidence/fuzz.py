"""``make evidence RUN=fuzz``: a million broken inputs to everything that reads bytes.

Batch after batch, each in ``.evidence/fuzz.jsonl`` once it is done, so that it goes on where
it was ended. Memory is looked at before and after each batch, in this same process.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

import psutil

from tests.fuzz.run import BATCH_COUNT, play
from tests.fuzz.targets import TARGETS

ROOT: Final = Path(__file__).resolve().parents[2]
DONE: Final = ROOT / ".evidence" / "fuzz.jsonl"
PAGE: Final = ROOT / "docs" / "evidence" / "fuzz.md"
GROWTH_MOST_MB: Final = 64
"""Growth of the process over all batches of one target (assumption: caches fill, then stop)."""

HEAD: Final = """\
# Fuzzing

Seeded broken bytes to everything that reads bytes from outside; made by `make evidence RUN=fuzz`
(`tests/fuzz`). A finding is an error that is not declared, or a hang. *Refused*: inputs answered
with the declared error; the others were taken, answered in words or thrown away. *Slowest*: most
processor time of one input. *Grown*: memory of the process over all batches of the target.

| target | inputs | refused | findings | slowest, ms | grown, MB |
| --- | --- | --- | --- | --- | --- |
"""


def _memory_mb() -> float:
    return float(psutil.Process().memory_info().rss) / 1e6


def _load() -> list[dict[str, Any]]:
    if not DONE.exists():
        return []
    return [json.loads(line) for line in DONE.read_text("utf-8").splitlines()]


def main() -> int:
    """0 when nothing was found."""
    DONE.parent.mkdir(exist_ok=True)
    done = {(one["target"], one["number"]) for one in _load()}
    with DONE.open("a", encoding="utf-8") as file:
        for target in TARGETS:
            for number in range(target.count // BATCH_COUNT):
                if (target.name, number) in done:
                    continue
                before_mb = _memory_mb()
                batch = play(target, number)
                grown_mb = round(_memory_mb() - before_mb, 2)
                file.write(json.dumps({**batch._asdict(), "grown_mb": grown_mb}) + "\n")
                file.flush()
                for finding in batch.findings:
                    sys.stderr.write(finding + "\n")
            sys.stderr.write(f"fuzz: {target.name} done\n")
    return _say(_load())


def _say(batches: list[dict[str, Any]]) -> int:
    rows: list[str] = []
    findings: list[str] = []
    total, grew = 0, False
    for target in TARGETS:
        mine = [one for one in batches if one["target"] == target.name]
        count = sum(one["inputs"] for one in mine)
        found = [finding for one in mine for finding in one["findings"]]
        grown_mb = sum(one["grown_mb"] for one in mine)
        slowest_ms = max((one["slowest_s"] for one in mine), default=0.0) * 1e3
        refused = sum(one["declared"] for one in mine)
        rows.append(
            f"| {target.name} | {count:,} | {refused:,} | {len(found)} | {slowest_ms:.1f}"
            f" | {grown_mb:.0f} |"
        )
        total, findings = total + count, findings + found
        grew |= grown_mb > GROWTH_MOST_MB
    listed = "".join(f"- `{finding}`\n" for finding in findings[:50])
    PAGE.write_text(HEAD + "\n".join(rows) + "\n" + ("\n" + listed if listed else ""), "utf-8")
    more = f"; memory grew by more than {GROWTH_MOST_MB} MB" if grew else ""
    sys.stdout.write(f"{total:,} inputs, {len(findings)} findings{more}\n")
    return 1 if findings or grew else 0


if __name__ == "__main__":
    sys.exit(main())
