"""A pad held on the console's screen, over the API, down to the plunger.

A page arms and holds; its beats echo the newest snapshot it has drawn. Then it falls silent,
shows an old picture, or its connection ends, and the finger stays where it is.

Must happen: contrast flows only while it beats; silence ends the hold after 250 ms, an old
picture after 400 ms, a connection that ends at once; nothing that the page says later starts
it again; the token was told to the page that armed, and to nobody else; the record decides
the same again.

Judge: the plunger.
"""

import functools
import json

import pytest

from state_machine.entries import HoldChanged, Inputs
from state_machine.requests import HoldBeat
from state_machine.state import HoldPhase, HoldSource
from tests.world.scene import MS, PLUNGER_STOP_MOST_MS, Scene, nothing_moves

BEAT_MS = 50


class Page:
    """A page's connection: what it is shown, what it says, and its finger."""

    def __init__(self, scene):
        self.scene = scene
        self.client = scene.world.client()
        self.client.on_write = self._hear
        self.drawn_ms = 0
        self.token = ""
        self.replies = []
        self.refused = []
        self.held = False
        self.frozen = False
        self.silent = False
        self.beat = self.view = self.asked = 0
        self._rest = b""
        self.ask("console")
        self._tick()

    def _hear(self):
        *lines, self._rest = (self._rest + self.client.read()).split(b"\n")
        for line in lines:
            said = json.loads(line)
            if said["k"] == "snapshot" and not self.frozen:
                self.drawn_ms = said["t_ms"]
            elif said["k"] == "reply":
                self.replies.append(said["request"])
                self.refused += said["refusals"]
                self.token = said.get("token") or self.token

    def ask(self, request, **fields):
        self.asked += 1
        who = {"by": "T. Technologist", "role": "technologist", "number": self.asked}
        self.client.write(json.dumps({"request": request, **who, **fields}).encode() + b"\n")

    def _tick(self):
        """What the page's timers do."""
        world = self.scene.world
        world.at(world.now_ns() + BEAT_MS * MS, self._tick)
        if self.silent or not self.drawn_ms:
            return
        if self.held:
            self._say("hold-beat", t_ms=self.drawn_ms)
        else:
            self.view += 1
            self.ask("view", beat=self.view, t_ms=self.drawn_ms, up=True)

    def _say(self, kind, **fields):
        self.beat += 1
        self.ask(kind, token=self.token, beat=self.beat, **fields)

    def press(self):
        self.held = True
        self._say("hold-begin", t_ms=self.drawn_ms)

    def let_go(self):
        self.held = False
        self._say("hold-end", why="release")


@pytest.fixture
def page():
    """Armed by a page, nothing held yet."""
    scene = Scene().until_phase("arm").hands_off()
    made = Page(scene)
    scene.run(6)
    made.ask("do", event="arm")
    scene.run(0.3)
    made.ask("confirm-arm", plan=scene.procedure.last["plan"])
    scene.run(0.3)
    assert made.refused == []
    assert made.token
    assert scene.state.hold.phase is HoldPhase.READY
    return made


def flowing(page):
    page.press()
    page.scene.run(2)
    assert page.scene.moving
    assert page.scene.state.hold.source is HoldSource.CONSOLE
    return page.scene


@pytest.mark.hazard("HZ-UNCOMMANDED-MOTION")
def test_contrast_flows_while_the_pad_is_held_and_only_then(page):
    with nothing_moves(page.scene):
        page.scene.run(1)
    scene = flowing(page)
    page.let_go()
    assert scene.stop_span_ms() <= PLUNGER_STOP_MOST_MS
    assert scene.state.hold.phase is HoldPhase.READY
    with nothing_moves(scene):
        page.ask("hold-begin", token=page.token, beat=1, t_ms=page.drawn_ms)  # said again
        scene.run(1)
    assert scene.state.hold.phase.value == "closed"
    tokens = [e.requests for e in scene.entries(Inputs) if e.requests]
    assert any(isinstance(r, HoldBeat) for requests in tokens for r in requests), "on record"
    held = [e for e in scene.entries(HoldChanged) if e.source == "console"]
    assert held[0].hold == "open"


@pytest.mark.hazard("HZ-STALE-DATA")
@pytest.mark.parametrize(("fault", "most_ms"), [("silent", 250), ("frozen", 400)])
def test_a_page_that_falls_silent_or_freezes_lets_go(page, fault, most_ms):
    scene = flowing(page)
    setattr(page, fault, True)
    assert most_ms - 120 <= scene.stop_span_ms() <= most_ms + PLUNGER_STOP_MOST_MS
    assert scene.state.hold.holder is None
    with nothing_moves(scene):
        setattr(page, fault, False)  # alive again, the finger still down
        scene.run(2)


@pytest.mark.hazard("HZ-STALE-DATA")
def test_a_connection_that_ends_lets_go(page):
    scene = flowing(page)
    world = scene.world
    page.silent = True
    world.at(world.now_ns() + 1, functools.partial(page.client.close))
    world.at(world.now_ns() + 2, world.wake)
    assert scene.stop_span_ms() <= PLUNGER_STOP_MOST_MS + 20
    assert "connection ended" in scene.why
    assert scene.state.screen.gone


@pytest.mark.hazard("HZ-USE-ERROR")
def test_another_connection_that_knows_the_token_ends_it(page):
    scene = flowing(page)
    words = scene.ask("hold-beat", token=page.token, beat=page.beat + 1, t_ms=page.drawn_ms)
    assert "another page" in words[0]
    assert scene.stop_span_ms() <= PLUNGER_STOP_MOST_MS
