"""Low and high never fall and always hold the truth between them, whatever is (not) heard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from state_machine import ledger
from state_machine.ledger import AFTER_RESTART, Account, Ledger, SideDay
from state_machine.profile import Profile
from state_machine.readings import PumpReading, Readings
from state_machine.recovery import keep, start, why_not_proven
from state_machine.requests import Side
from state_machine.state import Phase, Plan, Purpose, State
from state_machine.units import NS_PER_MIN, NS_PER_MS, volume_ceil_nl
from tests.core.fixtures import DAY, PATIENT, case, replace

PPM = 50_000


def count(account: Account, counter_nl: int, **changes: int) -> Account:
    """Count one answer; nothing unheard, nothing told."""
    values = {
        "digit_nl": 10,
        "unheard_nl": 0,
        "told_nl": 0,
        "scale_ppm": PPM,
        "power_up_count": account.power_up_count,
    }
    return ledger.count(account, counter_nl, **(values | changes))


def bounds(account: Account) -> tuple[int, int, int]:
    return account.low_nl, account.high_nl, account.intent_nl


def test_worked_numbers():
    start_at = ledger.open_duct(Ledger(), 100_000, 0).account
    assert start_at is not None
    assert bounds(count(start_at, 100_000)) == (0, 0, 0)
    # 10 uL moved: low 9,990 x 0.95, high 10,010 x 1.05
    assert bounds(count(start_at, 110_000)) == (9_490, 10_511, 10_511)
    # told 50 uL of which 10 are seen and 2 may have moved since
    heard = count(start_at, 110_000, told_nl=150_000, unheard_nl=2_000)
    assert bounds(heard) == (9_490, 12_611, 52_511)
    # what may have moved is never more than what the pump was told
    late = count(start_at, 110_000, told_nl=150_000, unheard_nl=10**9)
    assert bounds(late) == (9_490, 52_511, 52_511)


@pytest.mark.hazard("HZ-LOST-COUNT")
def test_a_motion_that_was_told_counts_its_digit_before_the_counter_shows_it():
    account = count(Account(), 0, told_nl=50_000)
    assert bounds(account) == (0, 11, 52_511)


@pytest.mark.hazard("HZ-LOST-COUNT")
def test_a_motion_nobody_told_counts_all_the_same():
    account = count(Account(), 0)
    assert bounds(count(account, 7_000)) == (6_640, 7_361, 7_361)


@pytest.mark.hazard("HZ-LOST-COUNT")
def test_a_counter_that_fell_closes_its_part_with_what_was_told():
    account = count(Account(), 20_000, told_nl=50_000)
    lost = count(account, 3_000)
    assert lost.base_nl == 3_000
    # high: all of the 50 uL that were told, and the 3 uL the new counter shows
    assert bounds(lost) == (account.low_nl, 52_511 + 3_150, 52_511 + 3_150)
    more = count(lost, 5_000)
    assert more.high_nl == lost.closed_high_nl + 2_111  # (2,000 + 10) x 1.05
    assert more.low_nl == lost.closed_low_nl + 1_890


@pytest.mark.parametrize(("counter_nl", "is_lost"), [(99_990, False), (99_989, True)])
def test_one_digit_back_is_rounding_more_is_a_loss(counter_nl, is_lost):
    account = Account(seen_nl=100_000)
    assert ledger.is_lost(account, counter_nl, 10, 0) is is_lost
    assert ledger.is_lost(account, 100_000, 10, 1)
    assert ledger.is_lost(replace(account, power_up_count=1), 100_000, 10, 0)


@pytest.mark.hazard("HZ-LOST-COUNT")
def test_after_a_power_cut_the_count_goes_on_from_the_new_counter():
    account = count(Account(), 20_000)
    cut = count(account, 0, power_up_count=1)
    assert cut.power_up_count == 1
    assert bounds(cut) == bounds(account)
    assert count(cut, 10_000).high_nl == account.high_nl + 10_511


@pytest.mark.hazard("HZ-LOST-COUNT")
def test_after_a_restart_the_first_counter_is_the_base_not_a_volume():
    kept = Account(low_nl=9_000, high_nl=11_000, intent_nl=50_000, power_up_count=AFTER_RESTART)
    assert bounds(count(kept, 60_000, power_up_count=0)) == (9_000, 50_000, 50_000)


def test_contrast_given_by_hand_raises_everything():
    account = ledger.add_by_hand(count(Account(), 10_000), 5_000)
    assert bounds(account) == (14_490, 15_511, 15_511)
    assert bounds(count(account, 10_000)) == bounds(account)
    assert bounds(count(account, 20_000)) == (23_990, 26_011, 26_011)


def test_days_are_told_apart_by_patient_side_and_day():
    book = Ledger(patient_id=PATIENT, side=Side.LEFT, utc_day=DAY)
    mine = SideDay(PATIENT, Side.LEFT, DAY, 1, 2, 1)
    book = ledger.put_day(ledger.put_day(book, mine), replace(mine, side=Side.RIGHT))
    book = ledger.put_day(book, replace(mine, utc_day=DAY - 1, locked_until_day=DAY + 3))
    book = ledger.put_day(book, replace(mine, high_nl=3))
    assert len(book.days) == 3
    assert ledger.today(book).high_nl == 3
    assert ledger.find_day(book, "P-9", Side.LEFT, DAY) == SideDay("P-9", Side.LEFT, DAY)
    assert ledger.locked_until_day(book, PATIENT, Side.LEFT) == DAY + 3
    assert ledger.locked_until_day(book, PATIENT, Side.RIGHT) == 0
    assert ledger.locked_until_day(book, "P-9", Side.LEFT) == 0


@pytest.mark.hazard("HZ-OVERVOLUME")
def test_closing_a_duct_adds_it_to_its_day_what_was_intended_as_delivered():
    day = SideDay(PATIENT, Side.LEFT, DAY, 100, 200, 1)
    account = Account(low_nl=9, high_nl=12, intent_nl=50)
    book = Ledger(account, PATIENT, Side.LEFT, DAY, (day,))
    assert ledger.side_day_low_nl(book) == 109
    assert ledger.side_day_high_nl(book) == 212
    assert ledger.side_day_intent_nl(book) == 250
    closed = ledger.close_duct(book)
    assert closed.account is None
    assert closed.days == (replace(day, low_nl=109, high_nl=250),)
    assert ledger.side_day_intent_nl(closed) == ledger.side_day_high_nl(closed) == 250
    assert ledger.side_day_low_nl(closed) == 109
    assert ledger.close_duct(closed) is closed


UNIT = NS_PER_MIN
RESERVE_NL = 5_000


class TruthLiesBetween(RuleBasedStateMachine):
    """A pump whose diameter, rounding, power and line are not to be trusted."""

    @initialize(
        rounds=st.booleans(),
        error_ppm=st.integers(-PPM, PPM),
        before_nl=st.integers(0, 500_000),
    )
    def begin(self, rounds, error_ppm, before_nl):
        self.rounds, self.error_ppm = rounds, error_ppm
        self.now_ns = self.rate_nl_min = 0
        self.counter = before_nl * UNIT  # what the pump's own count truly is
        self.withdrawn = 0  # the same of its other direction
        self.heard_back_nl = self.reserve_nl = self.left_nl = self.begun = 0
        self.infused = 0  # since the account was opened: what left the pump
        self.delivered = 0  # that less what came back, in the pump's own units
        self.until_nl = self.told_nl = self.power_up_count = 0
        self.heard_ns = self.heard_power = 0
        self.look()
        opened = ledger.open_duct(Ledger(), self.heard_nl, 0).account
        assert opened is not None
        self.account = opened
        self.seen: list[tuple[int, int]] = []

    def look(self) -> None:
        """The counter has four figures: its last digit grows with it."""
        counter_nl = self.counter // UNIT
        self.digit_nl = next(d for d in (1, 10, 100, 1_000) if counter_nl < 9_999 * d)
        half = self.digit_nl * UNIT // 2 if self.rounds else 0
        self.heard_nl = (self.counter + half) // (self.digit_nl * UNIT) * self.digit_nl

    @rule(volume_nl=st.integers(1_000, 100_000), rate=st.integers(1_000, 500_000))
    def tell(self, volume_nl, rate):
        """A motion is planned from the counter as heard, then asked to run."""
        self.hear()
        if not self.rate_nl_min:
            self.told_nl = self.heard_nl + volume_nl
            self.until_nl = self.told_nl
            if not self.reserve_nl:  # an injection begins; it may be taken back once
                self.reserve_nl = self.left_nl = RESERVE_NL
                self.begun = self.infused
            self.rate_nl_min = rate
            self.target = self.counter + volume_nl * UNIT
            self.take()

    @rule(span_ms=st.sampled_from([1, 20, 150, 1_000, 10_000, 60_000]))
    def live(self, span_ms):
        """Time passes unheard; the pump stops itself at its target."""
        self.now_ns += span_ms * NS_PER_MS
        if self.rate_nl_min:
            moved = min(self.rate_nl_min * span_ms * NS_PER_MS, self.target - self.counter)
            self.counter += moved
            self.delivered += moved
            self.infused += moved
        self.take()

    @rule()
    def hear(self):
        """An answer."""
        self.look()
        half = self.digit_nl * UNIT // 2 if self.rounds else 0
        self.heard_back_nl = (self.withdrawn + half) // (self.digit_nl * UNIT) * self.digit_nl
        self.heard_ns = self.now_ns
        self.heard_power = self.power_up_count
        self.take()

    @rule()
    def stop(self):
        """Standstill is proven: nothing is told any more."""
        self.rate_nl_min = 0
        self.hear()
        self.told_nl = 0
        self.take()

    @rule()
    def cut_power(self):
        """The counters are gone; the driver proves standstill anew."""
        self.counter = self.withdrawn = self.rate_nl_min = 0
        self.reserve_nl = 0
        self.power_up_count += 1
        self.hear()
        self.told_nl = 0
        self.take()

    @rule(volume_nl=st.integers(1, 20_000))
    def creep(self, volume_nl):
        """It moves though nobody told it, and is heard (polls never stop)."""
        if not self.rate_nl_min:
            self.counter += volume_nl * UNIT
            self.delivered += volume_nl * UNIT
            self.infused += volume_nl * UNIT
            self.hear()

    @rule()
    def cut_power_and_creep_before_it_is_heard(self):
        self.cut_power()
        self.creep(4_000)

    @rule(volume_nl=st.integers(1, 5_000), play_nl=st.integers(0, 900), heard=st.booleans())
    def take_back(self, volume_nl, play_nl, heard):
        """One retract, no more than was kept free and than was delivered; play takes of it."""
        self.stop()
        volume_nl = min(volume_nl, self.left_nl, (self.infused - self.begun) // UNIT)
        if not self.reserve_nl:
            return
        self.left_nl = 0
        self.withdrawn += volume_nl * UNIT
        self.delivered -= max(0, volume_nl - play_nl) * UNIT
        if heard:
            self.hear()
            self.reserve_nl = 0
            self.take()

    @rule()
    def no_retract_can_come_any_more(self):
        self.hear()
        self.reserve_nl = 0
        self.take()

    @rule(powered=st.booleans())
    def restart(self, powered):
        """The controller dies and starts again; its driver counts power-ups anew."""
        plan = Plan(1, Purpose.INJECT, 0, self.told_nl, 1, 1, 1) if self.told_nl else None
        state = State(profile=Profile("test"), phase=Phase.INJECTING, case=case(), plan=plan)
        read = Readings(pump=PumpReading(identity="NE1000 V3.923"))
        book = Ledger(self.account, PATIENT, Side.LEFT, DAY)
        begun = start(state.profile, keep(replace(state, ledger=book, readings=read)), 1)
        account = begun.ledger.account
        assert account is not None
        assert account.high_nl >= self.account.intent_nl
        self.account = account
        self.reserve_nl = self.power_up_count = 0
        if not powered:
            self.cut_power()
        self.stop()
        self.prove(begun.unproven)

    def prove(self, kept):
        """What ``motions.prove`` does, standstill proven."""
        pump = PumpReading(
            identity="NE1000 V3.923",
            infused_nl=self.heard_nl,
            digit_nl=self.digit_nl,
            power_up_count=self.heard_power,
        )
        if kept is None or why_not_proven(kept, pump):
            return
        before = self.account
        self.account = ledger.narrow(
            before, kept.account, self.heard_nl, self.digit_nl, self.heard_back_nl, PPM
        )
        counted_nl = self.heard_nl - kept.account.base_nl
        if self.account is not before:
            assert not before.narrowed
            assert self.account.narrowed
            assert self.account.high_nl >= counted_nl
            assert self.account.high_nl < before.high_nl
            assert self.account.low_nl >= before.low_nl
            self.seen.clear()  # the one fall of high

    def take(self):
        """What ``motions.count`` does in each pass."""
        unheard_nl = volume_ceil_nl(self.rate_nl_min, self.now_ns - self.heard_ns)
        self.account = ledger.count(
            self.account,
            self.heard_nl,
            self.digit_nl,
            unheard_nl if self.told_nl else 0,
            self.told_nl,
            PPM,
            self.heard_power,
            self.heard_back_nl,
            self.reserve_nl,
        )

    @invariant()
    def truth_lies_between(self):
        true = self.delivered * (1_000_000 + self.error_ppm)
        gross = self.infused * (1_000_000 + self.error_ppm)
        # a motion nobody told may hide in the last digit
        slack = self.digit_nl * 2 * UNIT * 1_000_000
        unseen = slack if self.withdrawn else 0  # and so may a withdrawal
        assert self.account.low_nl * UNIT * 1_000_000 <= true + unseen
        assert gross <= self.account.high_nl * UNIT * 1_000_000 + slack
        assert self.account.low_nl <= self.account.high_nl <= self.account.intent_nl
        bound = (self.account.low_nl, self.account.high_nl)
        if self.seen:
            assert all(new >= old for new, old in zip(bound, self.seen[-1], strict=True))
        self.seen.append(bound)


TestTruthLiesBetween = pytest.mark.hazard("HZ-LOST-COUNT", "HZ-OVERVOLUME")(
    TruthLiesBetween.TestCase
)


@given(
    counters=st.lists(st.integers(0, 300_000), min_size=1, max_size=20),
    unheard=st.integers(0, 10_000),
    told=st.integers(0, 300_000),
    power=st.lists(st.integers(0, 2), min_size=20, max_size=20),
)
def test_nothing_ever_falls_on_any_garbage(counters, unheard, told, power):
    account = Account()
    for counter_nl, power_up in zip(counters, power, strict=False):
        before = account
        account = count(
            account, counter_nl, unheard_nl=unheard, told_nl=told, power_up_count=power_up
        )
        assert account.low_nl >= before.low_nl
        assert account.high_nl >= before.high_nl
        assert account.low_nl <= account.high_nl <= account.intent_nl


def test_low_does_not_fall_when_the_counter_shows_fewer_figures_or_one_digit_less():
    account = count(Account(), 99_990)
    assert count(account, 100_000, digit_nl=100).low_nl == account.low_nl == 94_981
    assert count(account, 99_980).low_nl == account.low_nl
    assert count(account, 99_980).high_nl == account.high_nl


@pytest.mark.hazard("HZ-LOST-COUNT")
@pytest.mark.parametrize(
    ("withdrawn_nl", "reserve_nl", "low_nl"),
    [
        (699, 0, 18_990),  # (20,000 - 10) x 0.95
        (700, 0, 18_990),
        (701, 0, 18_980),  # less what was withdrawn, and a digit of it
        (1_700, 0, 18_031),
        (700, 2_000, 17_090),
        (1_700, 2_000, 16_131),
    ],
)
def test_what_was_withdrawn_lowers_low_by_itself_and_a_digit(withdrawn_nl, reserve_nl, low_nl):
    account = ledger.open_duct(Ledger(), 0, 0, 700).account
    assert account is not None
    counted = count(account, 20_000, withdrawn_nl=withdrawn_nl, reserve_nl=reserve_nl)
    assert (counted.low_nl, counted.high_nl) == (low_nl, 21_011)


@pytest.mark.hazard("HZ-LOST-COUNT")
def test_an_account_that_waits_holds_what_was_intended_and_goes_on_where_counters_stand():
    live = Account(base_nl=5, seen_nl=25, low_nl=10, high_nl=20, intent_nl=50)
    waiting = ledger.set_aside(Ledger(account=live)).account
    assert waiting == replace(
        live, closed_low_nl=10, closed_high_nl=50, high_nl=50, intent_nl=50, aside=True
    )
    going_on = replace(waiting, base_nl=7, seen_nl=7, power_up_count=2, aside=False)
    assert ledger.take_up(Ledger(account=waiting), 7, 2).account == going_on
    assert ledger.take_up(Ledger(account=waiting), 7, 2, 3).account == replace(
        going_on, withdrawn_base_nl=3
    )
    assert ledger.set_aside(Ledger()) == ledger.take_up(Ledger(), 7, 2) == Ledger()


def test_a_duct_is_opened_at_the_counters_as_they_stand():
    book = Ledger(patient_id=PATIENT)
    assert ledger.open_duct(book, 5, 1).account == Account(5, 5, power_up_count=1)
    opened = Account(5, 5, power_up_count=1, withdrawn_base_nl=7)
    assert ledger.open_duct(book, 5, 1, 7).account == opened
    assert ledger.open_duct(book, 5, 1).patient_id == PATIENT


@pytest.mark.parametrize(
    "book",
    [
        SideDay("p", Side.LEFT, 1),
        Account(),
        Ledger(),
        ledger.Unproven(Account(), 0, 0, 0, "", 0),
    ],
)
def test_a_ledger_is_replaced_and_never_changed_in_place(book):
    with pytest.raises(AttributeError):
        setattr(book, book.__struct_fields__[0], None)


def test_the_mark_of_a_restart_stays_what_older_records_hold():
    assert AFTER_RESTART == -1


def test_a_new_book_holds_nothing():
    assert SideDay("p", Side.LEFT, 1) == SideDay("p", Side.LEFT, 1, 0, 0, 0, 0)
    assert Account() == Account(0, 0, 0, 0, 0, 0, 0, 0)
    assert Ledger() == Ledger(None, "", Side.LEFT, 0, ())


@pytest.mark.hazard("HZ-LOST-COUNT")
def test_what_a_counter_shows_that_began_anew_is_taken_with_five_per_cent():
    lost = count(Account(), 1_000_000, power_up_count=1)
    assert lost.closed_high_nl == 1_050_000


def test_narrowing_in_numbers():
    """50 uL were told, the counter proves 30: high 52.511 becomes 31.5105 and low 28.4905."""
    kept = count(Account(power_up_count=3), 20_000, told_nl=50_000)
    now = Account(low_nl=kept.low_nl, high_nl=kept.intent_nl, power_up_count=AFTER_RESTART)
    now = count(replace(now, intent_nl=kept.intent_nl), 30_000, power_up_count=0)
    assert bounds(now) == (18_990, 52_511, 52_511)
    proven = ledger.narrow(now, kept, 30_000, 10, 0, PPM)
    assert bounds(proven) == (28_490, 31_511, 31_511)
    assert (proven.base_nl, proven.power_up_count) == (0, 0)
    assert ledger.narrow(proven, kept, 25_000, 10, 0, PPM) is proven  # once
    assert ledger.narrow(now, kept, 50_001, 10, 0, PPM) is now  # nothing would be gained
    # what was withdrawn lowers low alone; contrast by hand since then stays in both
    taken = ledger.narrow(ledger.add_by_hand(now, 5_000), kept, 30_000, 10, 2_000, PPM)
    assert bounds(taken) == (28_490 - 1_909 + 5_000, 36_511, 36_511)
    assert count(proven, 30_000).high_nl == proven.high_nl


@pytest.mark.hazard("HZ-LOST-COUNT")
@pytest.mark.parametrize(
    ("withdrawn_nl", "low_nl"), [(699, 28_490), (700, 28_490), (701, 28_480), (2_700, 26_581)]
)
def test_narrowing_counts_from_where_the_counters_stood(withdrawn_nl, low_nl):
    account = Account(base_nl=333_000, seen_nl=333_000, withdrawn_base_nl=700)
    told = count(account, 353_000, told_nl=383_000, withdrawn_nl=700)
    proven = ledger.narrow(told, told, 363_000, 10, withdrawn_nl, PPM)
    assert bounds(proven) == (low_nl, 31_511, 31_511)
    assert (proven.closed_low_nl, proven.closed_high_nl) == (0, 0)


PROOF = PumpReading(identity="A", diameter_um=4_780, infused_nl=30_000, digit_nl=10)


@pytest.mark.hazard("HZ-LOST-COUNT")
@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({}, ""),
        ({"power_up_count": 1}, "without power"),
        ({"identity": "B"}, "another pump"),
        ({"diameter_um": 8_660}, "another diameter"),
        ({"infused_nl": 10}, "shows nothing"),
        ({"infused_nl": 19_990}, ""),
        ({"infused_nl": 19_989}, "below what was seen"),
        ({"infused_nl": 50_010}, ""),
        ({"infused_nl": 50_011}, "beyond what the pump was told"),
    ],
)
def test_what_takes_the_proof_from_a_counter(change, why):
    account = Account(seen_nl=20_000)
    kept = ledger.Unproven(account, 50_000, 7, 0, "A", 4_780)
    said = why_not_proven(kept, replace(PROOF, **change))
    assert said.find(why) >= 0
    assert bool(said) is bool(why)
