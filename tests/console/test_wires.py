"""What a page is shown of the wires: what the service tools count, now and then, bounded."""

import asyncio

import orjson

from controller.console.link import Outbox
from controller.console.wires import Wires
from controller.wires.watched import Watch
from tests.console.served import introduced

ASK = "000100000006020300640008"
ANSWER = "00010000001302031000070000000003e800008ca000010000"


def frames(at_ms, lost=0):
    """One exchange of the sensor: asked, and answered 2 ms later."""
    ns = at_ms * 1_000_000
    return {
        "k": "frames",
        "lost": lost,
        "frames": [[ns, "line", ">", ASK], [ns + 2_000_000, "line", "<", ANSWER]],
    }


def test_a_page_is_shown_what_monitor_counts(served):
    watched = Watch()
    with served.page() as (page, controller):
        introduced(page, controller, "S. Service", "service")
        for number in range(4):
            message = frames(1_000 + 300 * number, lost=number)
            watched.take(message)
            controller.say(message)
            shown = page.receive_json()
        assert shown["k"] == "wires"
        assert {"lost": shown["lost"], "links": shown["links"]} == watched.told()
        assert shown["lost"] == 6
        line = shown["links"]["line"]
        assert (line["answers"], line["p99_us"], line["bins_ms"]["2"]) == (4, 2_000, 4)
        assert line["registers"]["pressure_pa"] == 1_000
        assert [one["words"] for one in shown["newest"][:2]] == [
            one.words for one in watched.recent
        ][:2]
        assert len(shown["newest"]) == 8
        controller.say({"k": "frames-end", "words": "a procedure was opened"})
        assert page.receive_json()["ended"] == "a procedure was opened"


def test_pictures_are_few_and_only_the_newest_waits_for_a_slow_page():
    wires, outbox = Wires(), Outbox()
    made = 0
    for number in range(100):
        picture = wires.take(orjson.dumps(frames(1_000 + 20 * number)))
        if picture is not None:
            made += 1
            outbox.say(picture)
    assert made == 8, "two seconds, four a second at most"
    assert not outbox.overrun
    outbox.say({"k": "reply", "number": 1})
    outbox.say({"k": "snapshot", "n": 1})

    async def all_of_it():
        return [await outbox.get() for _ in range(3)]

    kinds = [line[:14] for line in asyncio.run(all_of_it())]
    assert kinds == [b'{"k":"reply","', b'{"k":"snapshot', b'{"k":"wires","'], "one picture, last"


def test_who_leaves_the_role_looks_no_longer(served):
    with served.page() as (page, controller):
        introduced(page, controller, "S. Service", "service")
        controller.say(frames(1_000))
        assert page.receive_json()["k"] == "wires"
        page.send_json({"k": "person", "by": "T. Weber", "role": "technologist"})
        heard = controller.heard()
        assert (heard["request"], heard["work"], heard["by"]) == ("service", "done", "S. Service")
        assert heard["role"] == "service"
