"""The fault matrix of the console facts (3): each fault closes the hold, or it never starts.

Real Chromium, real page, real server, the production loop on virtual time that keeps up with
the clock. Spans in the hundreds of milliseconds are judged in the room's own time; how long a
loss takes to the pump's standstill on a real clock is measured by ``make evidence``.
"""

import signal

import pytest

from state_machine.state import HoldPhase, HoldSource
from tests.browser.chromium import NEEDED, renderers, send
from tests.browser.hold_rig import TRIES, Rig, quick_room, rig

pytestmark = [
    NEEDED,
    pytest.mark.browser,
    pytest.mark.real,
    pytest.mark.long,
    pytest.mark.timeout(150),
    pytest.mark.hazard("HZ-STALE-DATA", "HZ-USE-ERROR", "HZ-UNCOMMANDED-MOTION"),
]

JAM = "setTimeout(() => { const end = performance.now() + 2000; while (performance.now() < end); })"

LOSE = """pad => { for (let n = 0; n < 20; n += 1)
    if (pad.hasPointerCapture(n)) pad.releasePointerCapture(n); }"""

UNSEEN = ("screen is not live", "an alarm waits")
"""With the rig's slack the alarm that nobody sees the room comes before the hold's own limit."""


@pytest.fixture
def room(tmp_path):
    with rig(tmp_path, quick_room()) as made:
        yield made


def shown(made: Rig, *faults) -> None:
    """Each fault ends the hold every time, and for its own reason at least once."""
    for fault in faults:
        assert any(fault(made) for _ in range(TRIES)), f"{fault.__name__}: {made.hold}"


# --- fingers and keys ---------------------------------------------------------------------------


def released(made: Rig) -> bool:
    made.held()
    made.page.mouse.up()
    return made.ends() == "" and made.hold.phase is HoldPhase.READY


def pressed_again(made: Rig) -> bool:
    """Within the resume window the same arming goes on."""
    token = made.armed().token
    made.held()
    made.page.mouse.up()
    made.ends()
    made.held()
    same = made.token == token
    made.page.mouse.up()
    return made.ends() == "" and same


def slid_off(made: Rig) -> bool:
    made.held()
    made.page.mouse.move(40, 400, steps=4)
    why = made.ends()
    made.let_go()
    return why == ""


def other_button(made: Rig) -> bool:
    """Only the main button presses the pad."""
    made.armed()
    made.page.mouse.move(*made.over_pad())
    made.page.mouse.down(button="right")
    made.pass_by(300)
    assert made.hold.phase is not HoldPhase.OPEN
    made.page.mouse.up(button="right")
    return made.hold.phase is HoldPhase.READY


def capture_lost(made: Rig) -> bool:
    """Another element takes the pointer."""
    made.held()
    made.pad.evaluate(LOSE)
    dead = made.is_dead("pad ended (other)")
    made.let_go()
    return dead


def key_released(made: Rig) -> bool:
    made.held(lambda: space(made))
    made.page.keyboard.up("Space")
    return made.ends() == "" and made.hold.phase is HoldPhase.READY


def repeated_key(made: Rig) -> bool:
    """Keys that repeat without a fresh press never start."""
    made.armed()
    made.pad.focus()
    session = made.page.context.new_cdp_session(made.page)
    key = {"key": " ", "code": "Space", "windowsVirtualKeyCode": 32, "autoRepeat": True}
    for _ in range(6):
        session.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **key})
        made.pass_by(30)
    assert made.hold.phase is not HoldPhase.OPEN
    made.let_go()
    return made.hold.phase is HoldPhase.READY


def space(made: Rig) -> None:
    made.pad.focus()
    made.page.keyboard.down("Space")


def focus_moved(made: Rig) -> bool:
    made.held(lambda: space(made))
    made.pad.evaluate("pad => pad.blur()")
    dead = made.is_dead("focus-lost")
    made.let_go()
    return dead


def window_blurred(made: Rig) -> bool:
    made.held()
    made.page.evaluate("window.dispatchEvent(new Event('blur'))")
    dead = made.is_dead("focus-lost")
    made.let_go()
    return dead


def hidden(made: Rig) -> bool:
    made.held()
    made.page.evaluate(
        "Object.defineProperty(document, 'hidden', {value: true, configurable: true});"
        "document.dispatchEvent(new Event('visibilitychange')); delete document.hidden"
    )
    dead = made.is_dead("hidden")
    made.let_go()
    return dead


def frozen_by_the_browser(made: Rig) -> bool:
    """The browser tells a page that it puts it to sleep."""
    made.held()
    made.page.evaluate("document.dispatchEvent(new Event('freeze'))")
    dead = made.is_dead("left")
    made.let_go()
    return dead


def long_touch(made: Rig) -> bool:
    """A finger that rests opens no menu, and the hold goes on."""
    here = made.armed().over_pad()
    made.page.evaluate(
        "window.menus = 0; window.addEventListener('contextmenu',"
        " (event) => { window.menus += event.defaultPrevented ? 0 : 1; })"
    )
    made.held(lambda: made.touch("touchStart", here))
    made.pass_by(2_000)
    went_on = made.hold.phase is HoldPhase.OPEN
    made.touch("touchEnd")
    return made.ends() == "" and went_on and made.page.evaluate("window.menus") == 0


def second_finger(made: Rig) -> bool:
    """The hold goes on with the finger that began it."""
    here = made.armed().over_pad()
    made.held(lambda: made.touch("touchStart", here))
    made.touch("touchStart", here, (300, 300))
    made.pass_by(300)
    went_on = made.hold.phase is HoldPhase.OPEN
    made.touch("touchEnd")
    return made.ends() == "" and went_on


def touch_cancelled(made: Rig) -> bool:
    here = made.armed().over_pad()
    made.held(lambda: made.touch("touchStart", here))
    made.touch("touchCancel")
    return made.is_dead("cancelled")


def stop_key(made: Rig) -> bool:
    made.held()
    made.page.keyboard.press("Escape")
    made.is_dead()
    made.until(lambda: made.state.phase.value == "stopped", "STOP")
    made.let_go()
    made.go_on()
    return True


def pain_key(made: Rig) -> bool:
    """It hurts: stopped and marked, and the radiologist says when it goes on."""
    made.held()
    made.page.keyboard.press("F12")
    made.is_dead()
    made.until(lambda: made.state.phase.value == "stopped", "pain")
    made.let_go()
    made.go_on()
    return True


def test_fingers(room):
    room.open()
    shown(room, released, pressed_again, slid_off, other_button, capture_lost)
    shown(room, second_finger, long_touch, touch_cancelled)
    assert room.strange == []


def test_keys_and_focus(room):
    room.open()
    shown(room, key_released, repeated_key, focus_moved, window_blurred, hidden)
    shown(room, frozen_by_the_browser, stop_key, pain_key)
    assert room.strange == []


# --- the page and its renderer ------------------------------------------------------------------


def jammed(made: Rig) -> bool:
    made.held()
    made.page.evaluate(JAM)
    dead = made.is_dead("not heard in time")
    made.let_go()
    return dead


def chart_frozen(made: Rig) -> bool:
    """Timers and beats go on; nothing is drawn any more."""
    made.held()
    made.page.evaluate("window.requestAnimationFrame = () => 0")
    dead = made.is_dead(*UNSEEN)
    made.close()
    made.open()
    return dead


def navigated(made: Rig) -> bool:
    made.held()
    made.page.goto("about:blank")
    dead = made.is_dead("left", "connection ended")
    made.close()
    made.open()
    return dead


def stopped(made: Rig) -> bool:
    """Frozen with the finger down, and still down when it goes on."""
    made.held()
    mine = renderers()
    send(mine, signal.SIGSTOP)
    made.until(lambda: made.hold.phase is not HoldPhase.OPEN, "ended", 5, watch=False)
    why = made.hold.why
    send(mine, signal.SIGCONT)
    made.is_dead()
    made.let_go()
    return "not heard in time" in why


def wired_without_view(made: Rig) -> bool:
    """The foot switch in front of a dead screen."""
    made.held(lambda: made.hand("hold", True))
    assert made.hold.source is HoldSource.SWITCH
    mine = renderers()
    send(mine, signal.SIGSTOP)
    made.until(lambda: made.hold.phase is not HoldPhase.OPEN, "ended", 5, watch=False)
    why = made.hold.why
    send(mine, signal.SIGCONT)
    made.hand("hold", False)
    made.is_dead()
    return any(words in why for words in UNSEEN)


def killed(made: Rig) -> bool:
    made.held()
    send(renderers(), signal.SIGKILL)
    made.until(lambda: made.hold.phase is not HoldPhase.OPEN, "ended", 5, watch=False)
    assert made.hold.holder is None
    return True


def test_the_page_and_its_renderer(room):
    room.open()
    shown(room, jammed, wired_without_view, stopped, chart_frozen, navigated, killed)


# --- the link, the controller, another page -----------------------------------------------------


def link_cut(made: Rig) -> bool:
    made.held()
    made.link.cut()
    dead = made.is_dead("connection ended")
    made.let_go()
    made.until(made.controls, "the page is back")
    return dead


def link_black(made: Rig) -> bool:
    """Everything is swallowed; when it flows again the finger is still down."""
    made.held()
    made.link.black = True
    dead = made.is_dead("not heard in time")
    made.link.black = False
    made.pass_by(400)
    assert made.hold.phase is HoldPhase.CLOSED
    made.let_go()
    made.link.cut()
    made.until(made.controls, "the page is back")
    return dead


def pressed_while_down(made: Rig) -> bool:
    made.armed()
    made.link.shut = True
    made.link.cut()
    made.page.mouse.move(*made.over_pad())
    made.page.mouse.down()
    made.pass_by(300)
    made.link.shut = False
    made.until(made.controls, "the page is back")
    made.pass_by(300)
    assert made.hold.phase is HoldPhase.CLOSED
    made.let_go()
    return True


def controller_silent(made: Rig) -> bool:
    """No snapshots: the page ends its own hold, whatever the controller will think of it."""
    made.held()
    made.server.frozen = True
    made.pass_by(900)
    let_go = made.pad.get_attribute("data-held") != "true"
    made.server.frozen = False
    dead = made.is_dead("no-picture", "late", "in time")
    made.let_go()
    return let_go and dead


def pressed_while_silent(made: Rig) -> bool:
    """Pressed while the controller stands still, and kept down when it goes on."""
    made.armed()
    made.server.frozen = True
    made.pass_by(700)
    made.page.mouse.move(*made.over_pad())
    made.page.mouse.down()
    made.pass_by(300)
    made.server.frozen = False
    made.other.wait_for_timeout(600)
    assert made.hold.phase is not HoldPhase.OPEN
    made.let_go()
    return True


def controller_gone(made: Rig) -> bool:
    made.held()
    made.server.cut()
    dead = made.is_dead("connection ended")
    made.let_go()
    made.until(made.controls, "the page is back")
    return dead


SECOND = """([take]) => new Promise(done => {
    const s = window.second = new WebSocket(`ws://${location.host}/ws`, 'galacto.1');
    s.onopen = () => {
        s.send(JSON.stringify({k: 'person', by: 'N. Other', role: 'technologist'}));
        s.send(JSON.stringify({k: 'control', on: true, take}));
    };
    s.onmessage = m => {
        const said = JSON.parse(m.data);
        if (said.k === 'reply') done(said.taken);
    };
})"""


def second_console(made: Rig) -> bool:
    """Asking for control takes nothing; taking it ends the hold."""
    made.held()
    made.other.goto(made.server.address)
    assert made.other.evaluate(SECOND, [False]) is False
    went_on = made.hold.phase is HoldPhase.OPEN
    assert made.other.evaluate(SECOND, [True]) is True
    dead = made.is_dead("console changed")
    made.let_go()
    made.other.goto("about:blank")
    made.page.reload()
    made.close()
    made.open()
    return went_on and dead


def stopped_elsewhere(made: Rig) -> bool:
    """STOP at a page that nobody is in front of, and that controls nothing."""
    made.held()
    made.other.goto(made.server.address)
    made.other.locator("#stop").click()
    made.is_dead()
    made.until(lambda: made.state.phase.value == "stopped", "STOP")
    made.let_go()
    made.other.goto("about:blank")
    made.go_on()
    return True


def test_the_link_the_controller_and_another_page(room):
    room.open()
    shown(room, link_cut, link_black, pressed_while_down)
    shown(room, controller_silent, pressed_while_silent, controller_gone)
    shown(room, stopped_elsewhere, second_console)
