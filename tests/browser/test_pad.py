"""The hold pad through the whole chain: page, server, API, gate, simulated pump."""

import pytest

from sim.technologist import Order
from tests.browser.conftest import staged

pytestmark = [pytest.mark.real, pytest.mark.long, pytest.mark.timeout(600)]


@pytest.mark.hazard("HZ-STOP-FAILS")
def test_contrast_flows_while_the_pad_is_held_and_not_longer(browser, tmp_path):
    with staged(browser, tmp_path, Order(ordered_nl=60_000)) as stage:
        stage.until(lambda s: s["phase"] == "arm")
        stage.server.proof = True
        stage.open()
        stage.say_who()
        page = stage.page
        page.locator("body[data-phase=arm]").wait_for()
        page.wait_for_timeout(5_500)  # the controller arms only after 5 s of a live screen
        stage.next()
        key = page.locator("#foot .next.guarded:visible:not([aria-disabled])")
        key.wait_for()
        page.wait_for_timeout(450)
        box = key.bounding_box()
        page.mouse.move(box["x"] + 20, box["y"] + 20)
        page.mouse.down()
        page.locator("body[data-phase=armed]").wait_for()
        page.mouse.up()
        page.locator("#pad[aria-disabled=false]").wait_for()
        pad = page.locator("#pad").bounding_box()
        page.mouse.move(pad["x"] + 50, pad["y"] + 50)
        page.mouse.down()
        page.locator("body[data-phase=injecting]").wait_for()
        page.wait_for_timeout(1_000)
        page.mouse.move(pad["x"] + 50, pad["y"] - 60)  # slid off
        page.locator("body[data-phase=holding]").wait_for()
        assert "slid-off" in str(stage.server.said[-20:])
        page.mouse.up()
        assert stage.room.shown["rate"]["commanded_nl_min"] == 0
