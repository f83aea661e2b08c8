"""What the page does by itself: stale numbers, lost contact, dead time, keys, guarded presses."""

import json
from pathlib import Path

import pytest

from sim.technologist import Order
from tests.browser.conftest import staged

pytestmark = [pytest.mark.real, pytest.mark.timeout(240)]
NUMBERS = (Path(__file__).parent / "numbers.json").read_text("utf-8")


@pytest.fixture(scope="module")
def armed(browser, tmp_path_factory):
    """A room that was armed by the technologist, somebody in front of the page."""
    with staged(browser, tmp_path_factory.mktemp("api"), Order(ordered_nl=60_000)) as made:
        made.open()
        made.say_who()
        made.until(lambda s: s["phase"] == "arm")
        made.page.locator("body[data-phase=arm]").wait_for()
        yield made


REACH = """() => {
  const canvas = document.querySelector(".plot.flow canvas"), area = document.querySelector(".plot.flow .u-over");
  const ink = document.createElement("canvas").getContext("2d");
  ink.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--trace-net").trim();
  ink.fillRect(0, 0, 1, 1);
  const [r, g, b] = ink.getImageData(0, 0, 1, 1).data;
  const { width, height } = canvas, data = canvas.getContext("2d").getImageData(0, 0, width, height).data;
  let right = 0;
  for (let i = 0; i < data.length; i += 4)
    if (Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b) < 40) right = Math.max(right, (i / 4) % width);
  return (canvas.getBoundingClientRect().left + right / devicePixelRatio - area.getBoundingClientRect().left) / area.clientWidth;
}"""  # noqa: E501 - another language
"""How far the trace of the measured flow reaches; 1: to now."""


@pytest.mark.hazard("HZ-STALE-DATA")
def test_the_plot_reaches_to_now(armed):
    armed.page.wait_for_timeout(2_500)
    assert armed.page.evaluate(REACH) > 0.98


def asked(stage):
    return [said.get("event") or said.get("request") for said in stage.server.said]


def test_numbers_are_written_as_people_read_them(stage):
    """Ordered 0.2, measured 0.20, never .2; integer steps, no rounding up of what is left."""
    cases = json.loads(NUMBERS)
    got = stage.page.evaluate(
        "async (cases) => { const u = await import('/js/units.js');"
        " return cases.map(([name, ...of]) => u[name](...of)); }",
        [case[:-1] for case in cases],
    )
    assert got == [case[-1] for case in cases]


@pytest.mark.hazard("HZ-USE-ERROR")
def test_what_the_page_has_to_say_hides_no_alarm_that_is_more_urgent(stage):
    shown = stage.page.evaluate(
        """async () => {
          const { topOf } = await import("/js/banner.js");
          const of = (priority) => ({ name: priority, priority });
          const late = { name: "late", priority: "medium" };
          const gone = { name: "no-contact", priority: "high" };
          return [[late, "high"], [late, "medium"], [late, "low"], [gone, "high"]]
            .map(([own, on]) => topOf(own, [of(on)]).name).concat(topOf(late, []).name);
        }"""
    )
    assert shown == ["high", "late", "late", "no-contact", "late"]


@pytest.mark.hazard("HZ-STALE-DATA")
def test_a_gap_stays_a_gap_and_what_is_not_known_is_shaded(stage):
    """250 ms without a snapshot break the curve; net pressure not heard for 300 ms is blind."""
    points = stage.page.evaluate(
        """async () => {
          const { Live } = await import("/js/live.js");
          const live = new Live();
          const snap = (t_ms, net) => ({ t_ms, n: t_ms, phase: "arm", hold: { phase: "closed" },
            alarms: [], pressure: { line_pa: 100, net_pa: net, net_upper_pa: net, line_age_ms: 9 },
            rate: { commanded_nl_min: 0, confirmed_nl_min: 0 } });
          for (const [t, net] of [[1000, 50], [1050, 50], [1400, 50], [1600, null], [1701, null]])
            live.take(snap(t, net), t);
          return live.points.map((p) => [p.t, p.line, p.net, p.blind]);
        }"""
    )
    assert points == [
        [1000, 100, 50, False],
        [1050, 100, 50, False],
        [1051, None, None, False],
        [1400, 100, 50, False],
        [1600, 100, 50, False],
        [1701, 100, None, True],
    ]


@pytest.mark.hazard("HZ-USE-ERROR")
def test_the_touch_test_tells_a_press_beside_its_square(stage):
    page = stage.page
    stage.say_who()
    page.locator(".page.worklist").wait_for()
    page.wait_for_timeout(450)
    page.locator("#rail .railkey").last.click()
    page.wait_for_timeout(450)
    page.locator(".tiles .key", has_text="Touch test").click()
    page.wait_for_timeout(420)
    for _ in range(9):
        page.locator(".target").click()
    assert page.locator(".touch .result[data-state=ok]").count()
    page.locator("#foot .acts .key", has_text="Once more").click()
    page.locator(".field-of-touch").click(position={"x": 300, "y": 150})
    for _ in range(9):
        page.locator(".target").click()
    assert "1 beside a square" in page.locator(".touch .result[data-state=no]").text_content()


@pytest.mark.hazard("HZ-USE-ERROR")
def test_wiping_the_screen_presses_nothing_and_hides_no_alarm(stage):
    stage.say_who()
    page = stage.page
    page.wait_for_timeout(450)
    page.locator("#rail .railkey").last.click()
    page.locator(".page.menu").wait_for()
    page.wait_for_timeout(450)
    page.locator(".tiles .key", has_text="Clean the screen").click()
    page.locator("body[data-clean]").wait_for()
    under = page.evaluate(
        """() => ["#work", "#banner", "#rail .railkey", "#stop"].map((css) => {
          const r = document.querySelector(css).getBoundingClientRect();
          const [x, y] = [r.left + r.width / 2, r.top + r.height / 2];
          return document.elementFromPoint(x, y).tagName; })"""
    )
    assert under == ["BODY"] * 4
    cover = page.evaluate("getComputedStyle(document.body, '::before').backgroundImage")
    assert cover.startswith("linear-gradient(rgba(0, 0, 0, 0) 147px"), "the banner is seen"
    page.keyboard.press("Escape")
    page.wait_for_timeout(150)
    assert asked(stage).count("stop") == 1
    stage.until(lambda s: s["hold"]["phase"] == "ready")  # whoever arms uncovers it
    page.locator("body:not([data-clean])").wait_for(timeout=5_000)


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_stop_is_one_press_by_pointer_and_by_esc_even_for_nobody(stage):
    stage.page.locator("#stop").click()
    stage.page.keyboard.press("Escape")
    stage.page.keyboard.press("Pause")
    stage.page.wait_for_timeout(150)
    assert asked(stage).count("stop") == 3


def test_a_key_is_dead_for_a_moment_after_the_screen_has_changed(armed):
    page = armed.page
    page.wait_for_timeout(450)
    page.locator("#foot .next:visible").click()  # prepare: the card comes
    page.locator(".readback").wait_for()
    page.locator("#foot .next.guarded:visible:not([aria-disabled])").wait_for()
    box = page.locator("#foot .next:visible").bounding_box()
    page.mouse.click(box["x"] + 20, box["y"] + 20)  # a short press arms nothing
    page.keyboard.press("Enter")
    page.wait_for_timeout(300)
    assert "confirm-arm" not in asked(armed)
    assert armed.room.shown["phase"] == "arm-confirm"


def test_arming_takes_a_press_of_300_ms(armed):
    page = armed.page
    key = page.locator("#foot .next.guarded:visible:not([aria-disabled])")
    key.wait_for()
    box = key.bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.locator("body[data-phase=armed]").wait_for()
    page.mouse.up()
    assert asked(armed).count("confirm-arm") == 1
    assert page.locator(".state .word").text_content() == "ARMED"
    assert page.locator("#pad").get_attribute("data-phase") == "ready"


def test_single_letters_do_nothing_and_f5_does_not_reload(armed):
    page, before = armed.page, len(armed.server.said)
    page.evaluate("window.mark = 1")
    for key in ("a", "s", "y", "n", "F5", "F4", "F11"):
        page.keyboard.press(key)
    assert page.evaluate("window.mark") == 1
    assert [s for s in armed.server.said[before:] if s.get("request") != "view"] == []


def test_a_menu_cannot_lie_over_what_is_armed(armed):
    page = armed.page
    page.locator("#rail .railkey").last.click()
    page.wait_for_timeout(150)
    assert page.locator("#work").get_attribute("data-screen") == "inject"


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_numbers_are_grey_within_300_ms_of_silence_and_lost_contact_is_said(armed):
    page = armed.page
    armed.server.frozen = True
    page.wait_for_timeout(450)
    assert page.locator("body").get_attribute("data-stale") is not None
    assert "no data" in page.locator("body").get_attribute("data-age")
    page.locator("#cover:visible").wait_for()
    assert page.locator("#banner").get_attribute("data-priority") == "high"
    assert page.locator("#stop").is_visible()
    armed.server.cut()
    page.get_by_text("USE HARDWARE STOP").wait_for()
    assert "at least" in page.locator("#cover .at-least").text_content()
    armed.server.frozen = False
    page.locator("#cover").wait_for(state="hidden")  # a new line, the state of the room as it is
    assert page.locator("#stop .word").text_content() == "STOP"


def test_the_sound_pauses_for_two_minutes_and_is_counted_down(armed):
    page = armed.page
    armed.hand("emergency_stop", True)
    armed.lapse(lambda s: s["sound"]["signal"] == "high", 5)
    page.locator("#banner .sound:not([data-paused])").wait_for()
    page.keyboard.press("F4")
    page.locator("#banner .sound[data-paused]").wait_for()
    armed.lapse(lambda s: s["sound"]["signal"] == "off", 1)
    assert page.locator("#banner .sound").text_content().startswith("Sound paused ")
    assert page.locator("#banner[data-priority=high][data-flash]").count(), "only the sound is off"
    assert armed.room.shown["sound"]["paused_by"] == "M. Reyes"
    armed.lapse(lambda s: s["sound"]["signal"] == "high", 121)
    page.locator("#banner .sound:not([data-paused])").wait_for()
    page.locator("#banner .sound").click()  # by the key, and ended by the key
    page.locator("#banner .sound[data-paused]").wait_for()
    page.locator("#banner .sound").click()
    page.locator("#banner .sound:not([data-paused])").wait_for()


def test_an_alarm_is_shown_as_the_controller_says_it_and_acknowledged_by_f5(armed):
    page = armed.page
    armed.hand("emergency_stop", True)
    page.locator("#banner[data-priority=high][data-flash]").wait_for()
    armed.lapse(lambda s: any(a["name"] == "emergency-stop" for a in s["alarms"]), 5)
    alarm = next(a for a in armed.room.shown["alarms"] if a["name"] == "emergency-stop")
    page.locator("#banner .words", has_text=alarm["words"]).wait_for()
    assert page.locator("#strip").text_content() == "!!!"
    assert alarm["words"] in page.locator("#banner [role=alert]").text_content()
    armed.hand("emergency_stop", False)
    while page.locator("#banner[data-flash]").count():
        page.keyboard.press("F5")
        page.wait_for_timeout(200)
    assert page.locator("body").get_attribute("data-phase") == "stopped"
