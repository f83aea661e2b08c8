"""Every screen of a procedure once: accessible, large enough, STOP in its corner."""

import itertools
import json
import math
import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from sim.technologist import Order
from tests.browser.conftest import staged

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]
HERE = Path(__file__).parent
AXE = (HERE / "vendor" / "axe.min.js").read_text("utf-8")
TARGET_MM = 20
DIGIT_EM = 0.729
"""Height of a digit of DejaVu Sans."""
SMALLER = {"hour": 16.5, "small": 12}
"""Twelve hours around a nipple leave 16.6 mm for each; the side panel is no room's screen."""


def phase(name, hold=None):
    return lambda s: s["phase"] == name and (hold is None or s["hold"]["phase"] == hold)


STATES = (
    ("checklist", phase("checklist")),
    ("set-up", phase("set-up")),
    ("prime", phase("prime-and-zero", "open")),
    ("duct", phase("locate-duct")),
    ("cannula", phase("cannulate")),
    ("arm", phase("arm")),
    ("read back", phase("arm-confirm")),
    ("armed", phase("armed")),
    ("injecting", lambda s: s["phase"] == "injecting" and s["volume"]["injected_nl"] > 20_000),
    ("checkpoint", phase("holding")),
    ("settle", phase("settle")),
    ("compression", phase("compression")),
    ("exposure", phase("exposure")),
    ("exposure armed", phase("exposure-armed")),
    ("review", phase("review")),
    ("cannula out", phase("decannulate")),
    ("aftercare", phase("aftercare")),
    ("closing", phase("closed")),
)
TILES = ("history", "daily", "alarms", "who", "theme", "clean", "touch", "service", "qa", "help")
ASIDE = ("history", "daily", "alarms", "touch", "help")

LOOK = """() => {
  const mm = parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--mm"));
  const seen = (e) => e.checkVisibility({ visibilityProperty: true });
  const box = (e) => { const r = e.getBoundingClientRect();
    return { id: e.id, kind: e.className, text: e.textContent,
      able: e.getAttribute("aria-disabled") !== "true", w: r.width / mm, h: r.height / mm,
      scrolls: !!e.closest(".items, .stack, .card"),
      left: r.left / mm, top: r.top / mm, right: r.right / mm, bottom: r.bottom / mm }; };
  const buttons = [...document.querySelectorAll("button")].filter(seen).map(box);
  const stop = document.getElementById("stop").getBoundingClientRect();
  const hit = document.elementFromPoint(stop.left + stop.width / 2, stop.top + stop.height / 2);
  const own = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n = walk.nextNode(); n; n = walk.nextNode()) {
    const parent = n.parentElement;
    if (parent.closest("[data-said], script, svg, .uplot") || !seen(parent)) continue;
    own.push(n.textContent);
  }
  const work = document.getElementById("work").getBoundingClientRect();
  const parts = "#work button, #work .figure, #work h2, #work .stage, #work .todo li,"
    + "#work .volume, #work .agent";
  const out = [...document.querySelectorAll(parts)].filter(seen)
    .filter((e) => { let p = e.parentElement;
      for (; p && p.id !== "work"; p = p.parentElement)
        if (["auto", "scroll"].includes(getComputedStyle(p).overflowY)) return false;
      return true; })
    .filter((e) => e.getBoundingClientRect().bottom > work.bottom + 1).map((e) => e.textContent);
  const huge = [...document.querySelectorAll(".figure.huge .number")].filter(seen)
    .map((e) => parseFloat(getComputedStyle(e).fontSize) / mm);
  return { buttons, own, out, huge, screen: document.getElementById("work").dataset.screen,
    mode: [document.body.dataset.mode, document.querySelector("#top .mode").textContent,
      document.title.startsWith(document.querySelector("#top .mode").textContent),
      getComputedStyle(document.getElementById("frame")).borderTopWidth === "8px"],
    mm, stopFree: document.getElementById("stop").contains(hit),
    width: innerWidth / mm, height: innerHeight / mm };
}"""
CHECK = """async () => (await axe.run({ resultTypes: ["violations"] })).violations
  .filter((v) => ["serious", "critical"].includes(v.impact))
  .map((v) => v.id + ": " + v.nodes.slice(0, 3)
    .map((n) => n.html.slice(0, 90) + " " + (n.any[0]?.message ?? "")).join(" | "))"""


def least_mm(key):
    kinds = key["kind"].split()
    return next((mm for kind, mm in SMALLER.items() if kind in kinds), TARGET_MM)


def as_service(stage):
    """Somebody in the role service looks at the wires."""
    stage.tile(TILES.index("who"))
    stage.say_who("S. Service", role="service")
    stage.tile(TILES.index("service"))
    stage.page.locator(".page.service .stack:visible").wait_for()
    stage.page.wait_for_timeout(420)
    stage.page.get_by_text("Watch the wires").click()
    stage.page.locator(".page.service .note", has_text="watching").wait_for()


def after_the_last_injection(stage):
    """From now on one injection a duct is allowed; the images show too little contrast."""

    def one():
        room = stage.room.world.room
        limits = replace(room.state.profile.limits, injections_per_duct_count=1)
        profile = replace(room.state.profile, limits=limits)
        room.state = replace(room.state, profile=profile)

    stage.server.do(one)
    page = stage.page
    page.locator(".judged .chip", has_text="Under-filled").click()
    page.locator(".cannot li").first.wait_for()
    page.locator("#foot .next:visible", has_text="Next view").wait_for()
    page.wait_for_timeout(450)
    page.locator("#foot .acts .key", has_text="More").click()
    return {
        "said": page.locator(".cannot li").all_inner_texts(),
        "offered": page.locator("#more .key").all_inner_texts(),
    }


@pytest.fixture(scope="module")
def seen(browser, tmp_path_factory):
    """What each screen looked like, by its name."""
    found = {}
    order = Order(patient_name="DOE^JANE", patient_id="55-0192", ordered_nl=60_000)
    with staged(browser, tmp_path_factory.mktemp("api"), order) as stage:
        stage.open("?texts=marked")
        page = stage.page
        page.evaluate(AXE)

        def look(name, check=True):
            page.wait_for_timeout(450)  # past the dead time after a screen has changed
            found[name] = page.evaluate(LOOK) | {"axe": page.evaluate(CHECK) if check else []}

        look("who")
        stage.say_who()
        page.locator(".page.worklist").wait_for()
        look("worklist")

        def menu(name):
            page.wait_for_timeout(450)
            page.locator("#rail .railkey").last.click()
            page.locator(".page.menu").wait_for()
            look(name)

        menu("menu")
        for name in ASIDE:
            stage.tile(TILES.index(name))
            look(name)
        stage.next()
        as_service(stage)
        page.locator(".page.service .wire li", has_text="unit 3: written").first.wait_for()
        look("service, in its role")
        wires = page.locator(".page.service [data-watching]")
        found["wires"] = [
            wires.locator(part).inner_text() for part in (".bins", ".values", ".wire")
        ]
        stage.tile(TILES.index("qa"))
        look("qa")
        stage.next()
        for name, reached in STATES:
            stage.until(reached)
            page.locator(f"body[data-phase={stage.room.shown['phase']}]").wait_for()
            look(name)
            if name == "checklist":
                menu("menu of service")
                stage.next()
            if name == "review":
                found["spent"] = (after_the_last_injection(stage),)
                look("review, nothing left")
                page.keyboard.press("Escape")
                page.locator("body[data-phase=stopped]").wait_for()
                look("stopped")
            if name == "injecting":
                page.evaluate("document.documentElement.dataset.theme = 'light'")
                look("injecting, light")
                page.evaluate("document.documentElement.dataset.theme = 'dark'")
        stage.hand("emergency_stop", True)
        page.locator("#banner[data-priority=high]").wait_for()
        look("alarm")
        found["banner"] = page.evaluate(
            "() => { const s = getComputedStyle(document.getElementById('banner'));"
            " return [s.animationName, s.animationDuration, s.animationTimingFunction]; }"
        )
        found["urls"], found["complaints"] = stage.urls, stage.complaints
        found["address"] = stage.server.address
    return found


@pytest.mark.hazard("HZ-USE-ERROR", "HZ-EXTRAVASATION")
def test_what_was_had_often_enough_is_not_offered_and_said_why(seen):
    """One injection a duct: neither a top-up nor a refill, and the page says so in words."""
    (spent,) = seen["spent"]
    names = [words.partition(": ")[0].strip("\u27e6\u27e7") for words in spent["said"]]
    assert names == ["Top up", "Evacuated", "Change syringe"]
    assert all("has had its number of injections" in words for words in spent["said"])
    assert not any(word in text for text in spent["offered"] for word in ("Top up", "refill"))


def screens(seen):
    return {name: look for name, look in seen.items() if isinstance(look, dict)}


def test_no_screen_has_a_serious_accessibility_finding(seen):
    assert {name: look["axe"] for name, look in screens(seen).items() if look["axe"]} == {}


@pytest.mark.hazard("HZ-USE-ERROR")
def test_the_mode_is_on_every_screen(seen):
    for name, look in screens(seen).items():
        mode, words, titled, framed = look["mode"]
        assert (mode, titled, framed) == ("simulated", True, True), name
        assert "SIMULATOR" in words, name


def test_every_key_is_20_mm_or_more(seen):
    small = [
        f"{name}: {key['text']!r} {key['w']:.1f} x {key['h']:.1f} mm"
        for name, look in screens(seen).items()
        for key in look["buttons"]
        if min(key["w"], key["h"]) < least_mm(key) - 0.3
    ]
    assert small == []


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_stop_is_in_the_same_corner_of_every_screen_and_free(seen):
    places = set()
    for name, look in screens(seen).items():
        stop = next(key for key in look["buttons"] if key["id"] == "stop")
        assert stop["w"] >= 45 - 0.3, name
        assert stop["h"] >= 25 - 0.3, name
        assert look["stopFree"], name
        assert look["width"] - stop["right"] < 5, name
        assert look["height"] - stop["bottom"] < 5, name
        places.add((round(stop["right"]), round(stop["bottom"])))
    assert len(places) == 1


def test_the_pad_is_large_and_nothing_is_near_it(seen):
    pads = 0
    for name, look in screens(seen).items():
        pad = next((key for key in look["buttons"] if key["id"] == "pad"), None)
        if pad is None:
            continue
        pads += 1
        assert pad["w"] >= 60 - 0.3, name
        assert pad["h"] >= 40 - 0.3, name
        for key in look["buttons"]:
            if key["id"] == "pad":
                continue
            aside = max(pad["left"] - key["right"], key["left"] - pad["right"])
            above = max(pad["top"] - key["bottom"], key["top"] - pad["bottom"])
            assert max(aside, above) >= (15 - 0.5 if aside > above else 1.5), (name, key["text"])
    assert pads >= 4


def test_service_and_qa_are_by_role_and_never_over_a_procedure(seen):
    def keys(name):
        return {key["text"].strip("⟦⟧"): key["able"] for key in seen[name]["buttons"]}

    assert not {"Service", "QA"} & set(keys("menu")), "the technologist's menu has neither"
    assert seen["service, in its role"]["screen"] == "service"
    assert seen["qa"]["screen"] == "qa"
    during = keys("menu of service")
    assert (during["Service"], during["QA"]) == (False, False)
    assert during["History"]


def test_the_service_page_shows_what_monitor_shows(seen):
    bins, registers, newest = seen["wires"]
    assert "160" in bins
    assert sum(map(int, re.findall(r"^\d+$|(?<=\t)\d+(?=\s)", bins.split("more")[1], re.M))) > 0
    assert re.search(r"scan_count\s\d+", registers)
    assert re.search(r"room < unit 3: written\s+\d+\.\d ms", newest)


def test_no_key_lies_over_another(seen):
    def apart(a, b):
        beside = max(b["left"] - a["right"], a["left"] - b["right"])
        return max(beside, b["top"] - a["bottom"], a["top"] - b["bottom"]) > -0.2

    over = [
        f"{name}: {a['text']!r} and {b['text']!r}"
        for name, look in screens(seen).items()
        for a, b in itertools.combinations(
            [k for k in look["buttons"] if "hour" not in k["kind"] and not k["scrolls"]], 2
        )
        if not apart(a, b)
    ]
    assert over == []


def test_every_text_is_of_the_table_or_said_by_the_controller(seen):
    own = {
        f"{name}: {text}"
        for name, look in screens(seen).items()
        for text in look["own"]
        if re.search(r"[A-Za-z]{2}", re.sub(r"⟦[^⟧]*⟧|mL|kPa|min|Pa|mm", "", text))
    }
    assert own == set()


def test_no_number_begins_with_its_point(seen):
    bare = [
        f"{name}: {text}"
        for name, look in screens(seen).items()
        for text in look["own"]
        if re.search(r"(?<![\w.])\.\d", text)
    ]
    assert bare == []


def test_the_numbers_that_matter_are_read_from_2_m(seen):
    """16 minutes of arc for a digit (the usual least for reading at a glance; assumption)."""
    least_mm_ = 2_000 * math.tan(math.radians(16 / 60))
    for name in ("injecting", "armed", "compression", "exposure", "aftercare"):
        heights = [DIGIT_EM * mm for mm in seen[name]["huge"]]
        assert heights, name
        assert min(heights) >= least_mm_, (name, heights)
    assert min(DIGIT_EM * mm for mm in seen["settle"]["huge"]) >= 8, "13.8 minutes: more words"


def test_nothing_reaches_out_of_the_work_area(seen):
    assert {name: look["out"] for name, look in screens(seen).items() if look["out"]} == {}


def test_a_high_alarm_flashes_twice_a_second(seen):
    assert seen["banner"] == ["high", "0.5s", "steps(1)"] or seen["banner"][:2] == ["high", "0.5s"]


def test_nothing_but_this_server_is_asked(seen):
    host = seen["address"].split("//")[1].rstrip("/")
    assert {url for url in seen["urls"] if url.split("//")[1].split("/")[0] != host} == set()


def test_the_page_complains_of_nothing(seen):
    assert seen["complaints"] == [], json.dumps(seen["complaints"])[:2000]
