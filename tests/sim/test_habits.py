"""Habits: each way to deviate, off by default, told whenever it acted."""

import random

import pytest

from sim.distributions import EvenLog
from sim.habits import Habits
from sim.people import HANDS_S, KINDS, PAIN_KPA, REACTION_S, draw_shares
from sim.technologist import Hand, Order, Request, Technologist
from tests.world.scene import S, demo

MS = 1_000_000


def person(seed=1, **shares):
    """A technologist who does one thing always, and is otherwise as told."""
    who = Technologist(demo().profile, Order())
    who.habits = Habits(
        random.Random(seed), {name.replace("_", "-"): share for name, share in shares.items()}
    )
    return who, who.habits


def shown(phase="armed", **ways):
    return {"phase": phase, "ways": ways}


def request(name, **fields):
    return Request({"request": name, "by": "T", "role": "technologist", "number": 1, **fields})


def kinds(habits):
    return [deviation.kind for deviation in habits.deviated]


def test_without_habits_of_any_share_everything_is_as_the_script_wants():
    who, habits = person()
    wanted = [Hand("hold", True), request("zero"), Hand("stopcock", "open")]
    assert habits.bend(who, wanted, shown(), S) == wanted
    assert habits.deviated == []


@pytest.mark.parametrize(
    ("kind", "deed"),
    [
        ("hesitates", request("zero")),
        ("hesitates", Hand("tip", "duct")),
        ("keeps-pressing", Hand("hold", False)),
        ("leaves-alarm", request("acknowledge", alarm="net-pause")),
        ("stopcock-late", Hand("stopcock", "open")),
    ],
)
def test_later_than_told_within_the_span_of_the_table(kind, deed):
    who, habits = person(**{kind.replace("-", "_"): 1.0})
    (done,) = habits.bend(who, [deed], shown(), S)
    span_s = KINDS[kind].span_s
    assert isinstance(span_s, EvenLog)
    assert span_s.least * S <= done.after_ns <= span_s.most * S
    assert done._replace(after_ns=0) == deed
    assert kinds(habits) == [kind]
    assert who.act({}, S + done.after_ns) == [], "meanwhile nothing else is done"


def test_the_emergency_of_letting_go_is_never_mere_hesitation():
    who, habits = person(hesitates=1.0)
    assert habits.bend(who, [Hand("hold", False)], shown(), S) == [Hand("hold", False)]


def test_pressing_twice_ends_pressed():
    who, habits = person(presses_twice=1.0)
    done = habits.bend(who, [Hand("hold", True)], shown(), S)
    assert [deed.value for deed in done] == [True, False, True]
    assert 0 == done[0].after_ns < done[1].after_ns < done[2].after_ns < 500 * MS
    assert kinds(habits) == ["presses-twice"]


def test_clicking_twice_is_the_same_request_under_another_number():
    who, habits = person(clicks_twice=1.0)
    first, second = habits.bend(who, who.ask("zero"), shown(), S)
    assert first.body | {"number": 0} == second.body | {"number": 0}
    assert first.body["number"] != second.body["number"]
    assert 0 < second.after_ns <= 200 * MS


def test_letting_go_early_and_the_script_knows():
    who, habits = person(releases_early=1.0)
    habits.bend(who, who.switch(True), shown("armed"), S)
    let_go = []
    for tenth in range(200):
        let_go = habits.bend(who, [], shown("injecting"), S + tenth * S // 10)
        if let_go:
            break
    assert let_go == [Hand("hold", False)]
    assert not who.holds
    assert kinds(habits) == ["releases-early"]


def test_asking_in_the_wrong_order_never_takes_a_way_that_is_open():
    for seed in range(40):
        who, habits = person(seed, wrong_order=1.0)
        (asked,) = habits.bend(who, [], shown("cannulate", arm=[], settled=["no"]), S)
        assert asked.body["request"] != "cannulate"
        assert asked.body.get("event") not in ("arm", "settled")
        assert habits.bend(who, [], shown("cannulate"), 2 * S) == [], "once in a phase"
        assert kinds(habits) == ["wrong-order"]


def test_the_wrong_side_is_named_once():
    who, habits = person(wrong_side=1.0)
    opening = request("open-case", side="L", ordered_side="L")
    sides = [habits.bend(who, [opening], shown("standby"), S)[0].body["side"] for _ in range(2)]
    assert sides == ["R", "L"]
    assert kinds(habits) == ["wrong-side"]


def test_coming_back_under_another_id_says_who_it_is_only_when_asked():
    who, habits = person(comes_back=1.0, mistypes=1.0)
    habits.bend(who, [request("do", event="close")], shown("closed"), S)
    assert not who.finished
    assert who.order.patient_id != "SIM-0001"
    asked = [
        habits.bend(who, who.standby({}), shown("standby"), 2 * S)[0].body["same_patient_as"]
        for _ in range(2)
    ]
    assert asked == ["", "SIM-0001"]
    assert kinds(habits) == ["mistypes", "comes-back"]
    for _ in range(4):
        habits.bend(who, who.standby({}), shown("standby"), 3 * S)
    habits.bend(who, [], shown("standby"), 4 * S)
    assert who.finished, "somebody who is not let in goes away"


def test_a_cannula_that_is_placed_may_end_under_the_wall():
    who, habits = person(under_wall=1.0)
    assert habits.bend(who, [Hand("tip", "duct")], shown(), S) == [Hand("tip", "wall")]
    assert kinds(habits) == ["under-wall"]


@pytest.mark.parametrize(
    ("kind", "least_s", "most_s"), [("", 0.5, 2), ("pain-late", 5, 30), ("pain-unsaid", 0, 0)]
)
def test_pain_is_said_at_once_late_or_never_and_once(kind, least_s, most_s):
    who, habits = person(**({kind.replace("-", "_"): 1.0} if kind else {}))
    assert habits.bend(who, [], shown("injecting"), S) == []
    habits.feel(habits.pain_kpa + 0.1, torn=False)
    said = habits.bend(who, [], shown("injecting"), 2 * S)
    assert kinds(habits) == ([kind] if kind else [])
    assert habits.pain_ns == 2 * S
    if kind == "pain-unsaid":
        assert said == []
    else:
        assert [deed.value for deed in said] == [True, False]
        assert least_s * S <= said[0].after_ns <= most_s * S
    assert habits.bend(who, [], shown("injecting"), 3 * S) == []


def test_a_tear_hurts_whatever_the_pressure():
    who, habits = person()
    habits.feel(0.0, torn=True)
    said = habits.bend(who, [], shown(), S)
    assert [(deed.name, deed.value) for deed in said] == [("pain", True), ("pain", False)]


def test_people_are_drawn_and_most_do_most_things_right():
    crowd = [draw_shares(random.Random(seed)) for seed in range(400)]
    assert crowd == [draw_shares(random.Random(seed)) for seed in range(400)]
    for name, kind in KINDS.items():
        having = sum(shares[name] > 0 for shares in crowd) / len(crowd)
        assert having == pytest.approx(kind.people, abs=0.08), name


@pytest.mark.parametrize("how", [HANDS_S, PAIN_KPA, REACTION_S])
def test_paces_are_drawn_within_their_ends(how):
    chance = random.Random(1)
    assert all(how.least <= how.draw(chance) <= how.most for _ in range(200))


def test_one_seed_is_one_person():
    def deeds(seed):
        who, habits = Technologist(demo().profile, Order()), Habits(random.Random(seed))
        rounds = [Hand("hold", True), request("zero"), Hand("tip", "duct")] * 20
        return [habits.bend(who, [deed], shown(), n * S) for n, deed in enumerate(rounds, 1)]

    assert deeds(1) == deeds(1)
    assert len({str(deeds(seed)) for seed in range(8)}) > 5, "some happen to do all as told"
