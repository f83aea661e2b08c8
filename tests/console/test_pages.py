"""The pages as files: nothing from elsewhere, nothing inline, texts there, colours legible."""

import hashlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "controller" / "console" / "static"
OWN = [p for p in sorted(STATIC.rglob("*")) if p.is_file() and "vendor" not in p.parts]
CODE = [p for p in OWN if p.suffix == ".js"]
VENDORED = {
    "controller/console/static/vendor/uplot/uPlot.esm.js": "5dd9b3281aa64b461b42d9945f6adb26",
    "controller/console/static/vendor/uplot/uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b1",
    "controller/console/static/vendor/uplot/uPlot.esm.d.ts": "af44374f6e808be4f7f3fa5888b9c757",
    "tests/browser/vendor/axe.min.js": "29348999450cdf2849a8e70b7912fc2d",
}
"""uPlot 1.6.32 (MIT), axe-core 4.14.1 (MPL 2.0, tests only): first half of their SHA-256."""


def test_vendored_files_are_those_that_were_reviewed():
    for name, start in VENDORED.items():
        found = hashlib.sha256((ROOT / name).read_bytes()).hexdigest()
        assert found[:32] == start, f"{name}: {found}"
    assert "MIT" in (STATIC / "vendor" / "uplot" / "LICENSE").read_text("utf-8")
    assert "Mozilla Public License" in (ROOT / "tests/browser/vendor/axe-LICENSE").read_text(
        "utf-8"
    )


def test_nothing_is_fetched_from_elsewhere():
    allowed = {"http://www.w3.org/2000/svg"}
    for path in OWN:
        found = set(re.findall(r"https?://[\w./:-]+", path.read_text("utf-8")))
        assert found <= allowed, path


def test_nothing_is_inline_and_no_markup_is_made_of_strings():
    page = (STATIC / "index.html").read_text("utf-8")
    assert not re.search(r"\sstyle=|\son\w+=|<style|<script(?![^>]*\ssrc=)", page)
    bad = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|localStorage"
    )
    for path in CODE:
        assert not re.search(bad, path.read_text("utf-8")), path


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_a_hold_beats_from_the_main_thread_and_is_never_queued():
    text = "".join(path.read_text("utf-8") for path in CODE)
    assert not re.search(r"new (Shared)?Worker|sendBeacon|serviceWorker", text)


def words():
    text = (STATIC / "js" / "words.js").read_text("utf-8")
    return dict(re.findall(r'"([a-z][\w.\- ]*)": "((?:[^"\\]|\\.)*)"', text))


NO_KEY = r'[=!]== "[^"]*"|\?\? "[^"]*"|(includes|split)\("[^"]*"\)'


def arguments(text):
    """First arguments of every ``t(...)``."""
    for match in re.finditer(r"\bt\(", text):
        depth, at = 1, match.end()
        while depth and at < len(text):
            depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(text[at], 0)
            if text[at] == "," and depth == 1:
                break
            at += 1
        yield text[match.end() : at]


def test_every_text_that_a_page_asks_for_is_there():
    known, wanted = words(), set()
    for path in CODE:
        for argument in arguments(path.read_text("utf-8")):
            bare = re.sub(
                r'[=!]== "[^"]*"|\?\? "[^"]*"|includes\("[^"]*"\)|split\("[^"]*"\)', "", argument
            )
            wanted |= set(re.findall(r'"([a-z][\w.\-]*)"', bare))
    assert sorted(wanted - known.keys()) == []


TESTS = ("STIFFNESS", "OPEN_TIP", "LINEARITY", "ZERO_DRIFT")


def test_every_phase_event_and_role_has_its_words():
    from state_machine import selftests
    from state_machine.requests import AUTO_EVENTS, Event, Role, Side
    from state_machine.state import Phase
    from state_machine.targets import View

    own = {Event.OPEN, Event.LOCATED, Event.CANNULATED, Event.CONFIRM_ARM, Event.STOP, Event.PAIN}
    keys = {f"phase.{phase.value}" for phase in Phase} | {f"role.{role.value}" for role in Role}
    keys |= {f"do.{e.value}" for e in Event if e not in AUTO_EVENTS | own | {Event.ARM}}
    keys |= {f"test.{getattr(selftests, name)}" for name in ("FIRST_DROP", *TESTS)}
    keys |= {f"view.{view.name}" for view in View} | {f"side.{side.value}" for side in Side}
    assert sorted(keys - words().keys()) == []


def colours(theme=""):
    text = (STATIC / "css" / "tokens.css").read_text("utf-8")
    dark, _, light = text.partition(':root[data-theme="light"]')
    found = dict(re.findall(r"--([\w-]+): (#[0-9A-Fa-f]{3,8})", dark))
    return found | dict(re.findall(r"--([\w-]+): (#[0-9A-Fa-f]{3,8})", light)) if theme else found


def contrast(one, two):
    def light(colour):
        digits = colour[1:] if len(colour) > 4 else "".join(c * 2 for c in colour[1:])
        parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
        r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    high, low = sorted((light(one), light(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


PAIRS = [
    ("text", "paper", 7), ("muted", "paper", 4.5), ("text", "raised", 7), ("muted", "raised", 4.5),
    ("trace-net", "paper", 4.5), ("trace-line", "paper", 4.5), ("stop-level", "paper", 4.5),
    ("pause-level", "paper", 4.5), ("warn-level", "paper", 4.5), ("good", "raised", 4.5),
    ("bad", "raised", 4.5), ("key-ink", "key", 7), ("act-ink", "act", 4.5), ("go-ink", "go", 4.5),
    ("stop-ink", "stop", 4.5), ("armed-ink", "armed", 7), ("chosen-ink", "chosen", 7),
    ("invalid", "paper", 4.5),
]  # fmt: skip


@pytest.mark.parametrize("theme", ["", "light"])
def test_colours_can_be_read(theme):
    known = colours(theme)
    low = [
        f"{ink} on {paper}: {contrast(known[ink], known[paper]):.1f}, least {least}"
        for ink, paper, least in PAIRS
        if contrast(known[ink], known[paper]) < least
    ]
    assert low == []


@pytest.mark.parametrize(
    ("ink", "paper"),
    [("#fff", "high-a"), ("#fff", "high-b"), ("#000", "medium-a"), ("#000", "medium-b")]
    + [("#000", "low-a"), ("#000", "xray")],
)
def test_an_alarm_can_be_read_in_both_phases_of_its_flash(ink, paper):
    assert contrast(ink, colours()[paper]) >= 4.5


def test_flashing_is_2_hz_and_half_a_hertz_and_only_in_the_banner():
    text = (STATIC / "css" / "frame.css").read_text("utf-8")
    assert "animation: high .5s steps(1, end) infinite" in text
    assert "animation: medium 2s steps(1, end) infinite" in text
    assert "prefers-reduced-motion" in text
    everywhere = "".join(p.read_text("utf-8") for p in OWN if p.suffix == ".css")
    names = set(re.findall(r"animation: (\w+)", everywhere)) - {"none"}
    assert names == {"high", "medium", "run"}  # run: a moving bar while contrast flows


def test_type_checker_is_pinned_without_an_address():
    lock = (ROOT / "tests" / "js" / "package-lock.json").read_text("utf-8")
    assert '"integrity": "sha512-' in lock
    assert "resolved" not in lock
