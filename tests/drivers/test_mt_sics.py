"""The balance: literal answers, cut anywhere; and the conversation with the simulated one."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.mt_sics import AT_ONCE_NS, STABLE_NS, Ask, Balance, Done, Failed, Weight
from sim.devices import NEVER_NS
from sim.devices.balance import Balance as Simulated

S = 10**9

SAID = [
    (Ask.STABLE, b"S S      100.00 g\r\n", Weight(100 * 10**9, 10**7, True)),
    (Ask.STABLE, b"S S     -0.0123 g\r\n", Weight(-12_300_000, 10**5, True)),
    (Ask.STABLE, b"S S   12.345678 g\r\n", Weight(12_345_678_000, 1_000, True)),
    (Ask.STABLE, b"S S     23.4500 mg\r\n", Weight(23_450_000, 100, True)),
    (Ask.STABLE, b"S S        1.20 kg\r\n", Weight(1_200 * 10**9, 10**10, True)),
    (Ask.NOW, b"S D     10.0000 g\r\n", Weight(10**10, 10**5, False)),
    (Ask.NOW, b"S S     10.0000 g\r\n", Weight(10**10, 10**5, True)),
    (Ask.TARE, b"T S     10.0000 g\r\n", Weight(10**10, 10**5, True)),
    (Ask.ZERO, b"Z A\r\n", Done()),
    (Ask.SERIAL, b'I4 A "B021002593"\r\n', Done("B021002593")),
    (Ask.RESET, b'I4 A "B021002593"\r\n', Done("B021002593")),
    (Ask.DATA, b'I2 A "XS205DU Standard 220.00900 g"\r\n', Done("XS205DU Standard 220.00900 g")),
]
REFUSED = [
    (Ask.STABLE, b"S I\r\n", "did not become stable"),
    (Ask.STABLE, b"S +\r\n", "over its range"),
    (Ask.NOW, b"S -\r\n", "under its range"),
    (Ask.ZERO, b"Z I\r\n", "cannot do that now"),
    (Ask.ZERO, b"Z +\r\n", "over its range"),
    (Ask.STABLE, b"ES\r\n", "set to MT-SICS"),
    (Ask.STABLE, b"ET\r\n", "speed, parity"),
    (Ask.STABLE, b"EL\r\n", "EL"),
    (Ask.STABLE, b"S D     10.0000 g\r\n", "no weight that was asked for"),
    (Ask.STABLE, b"S S     10.0000 oz\r\n", "set it to g or mg"),
    (Ask.STABLE, b"S S     1o.0000 g\r\n", "no number"),
    (Ask.STABLE, b"S S     NaN g\r\n", "no number"),
    (Ask.STABLE, b"S S     10.0000\r\n", "no weight"),
    (Ask.SERIAL, b'I4 B "x"\r\n', "no answer to what was asked"),
    (Ask.STABLE, b"x" * 129, "line without end"),
]


@pytest.mark.parametrize(("asked", "bytes_", "outcome"), SAID)
def test_what_a_balance_says_cut_anywhere(asked, bytes_, outcome):
    for at in range(len(bytes_)):
        balance = Balance()
        assert balance.ask(asked, 0) == asked.value.encode() + b"\r\n"
        first = balance.receive(bytes_[:at])
        assert (first or balance.receive(bytes_[at:])) == outcome
        assert not balance.busy


@pytest.mark.parametrize(("asked", "bytes_", "words"), REFUSED)
def test_what_is_no_weight_is_refused_in_words(asked, bytes_, words):
    balance = Balance()
    balance.ask(asked, 0)
    outcome = balance.receive(bytes_)
    assert isinstance(outcome, Failed)
    assert words in outcome.words


def test_another_questions_answer_is_none():
    balance = Balance()
    balance.ask(Ask.SERIAL, 0)
    assert balance.receive(b"\r\nS S      100.00 g\r\nZ A\r\n") is None
    assert balance.receive(b'I4 A "7"\r\n') == Done("7")
    assert balance.receive(b"S S      100.00 g\r\n") is None
    balance.ask(Ask.STABLE, 0)
    assert balance.busy, "what came before the question is not its answer"


def test_one_question_at_a_time_and_each_has_an_end():
    balance = Balance()
    assert balance.deadline_ns() == NEVER_NS
    balance.ask(Ask.STABLE, 5)
    with pytest.raises(RuntimeError):
        balance.ask(Ask.STABLE, 5)
    assert balance.expire(5 + STABLE_NS - 1) is None
    late = balance.expire(balance.deadline_ns())
    assert late is not None
    assert "does not answer" in late.words
    balance.ask(Ask.SERIAL, 5)
    assert balance.deadline_ns() == 5 + AT_ONCE_NS


@given(st.lists(st.binary(max_size=40), max_size=8), st.sampled_from(Ask))
def test_garbage_never_raises_and_is_never_a_weight_out_of_nothing(chunks, asked):
    balance = Balance()
    balance.ask(asked, 0)
    outcomes = [balance.receive(chunk) for chunk in chunks]
    if any(isinstance(outcome, Weight) for outcome in outcomes):
        assert b" g\r\n" in b"".join(chunks) or b"g\r\n" in b"".join(chunks)


def talk(device, asked, now_ns, span_ns=30 * S):
    """Ask the simulated balance and wait for the answer; its outcome and when it came."""
    balance = Balance()
    device.receive(balance.ask(asked, now_ns), now_ns)
    end_ns = now_ns + span_ns
    while now_ns <= end_ns:
        if outcome := balance.receive(device.take(now_ns)):
            return outcome, now_ns
        now_ns = min(max(device.wake_ns(), now_ns + 1), end_ns + 1)
    return None, now_ns


def test_driver_and_simulated_balance_understand_each_other():
    device = Simulated(random.Random(1))
    device.noise_ng = 0
    device.evaporation_ng_min = 60_000
    device.put(20 * 10**9, 0)
    assert talk(device, Ask.NOW, 1)[0] == Weight(20 * 10**9, 10_000, False)
    weight, at_ns = talk(device, Ask.STABLE, 1)
    assert at_ns == 2 * S
    assert weight == Weight(20 * 10**9, 10_000, True)
    tared, _ = talk(device, Ask.TARE, at_ns)
    assert tared == Weight(0, 10_000, True)
    device.put(20 * 10**9 + 50_000_000, at_ns)
    later, at_ns = talk(device, Ask.STABLE, at_ns + 58 * S)
    assert later == Weight(49_940_000, 10_000, True), "a minute's evaporation, then the drops"
    assert talk(device, Ask.SERIAL, at_ns)[0] == Done("B0001")
    assert talk(device, Ask.DATA, at_ns)[0] == Done("SIM220 Standard 220.0000 g")
    assert talk(device, Ask.ZERO, at_ns)[0] == Done()
    assert talk(device, Ask.RESET, at_ns)[0] == Done("B0001")
    device.receive(b"FOO\r\n", at_ns)
    assert device.take(at_ns) == b"ES\r\n"


def test_a_balance_that_is_not_left_alone_says_so():
    device = Simulated(random.Random(1))
    device.restless = True
    outcome, at_ns = talk(device, Ask.STABLE, 0)
    assert isinstance(outcome, Failed)
    assert "did not become stable" in outcome.words
    assert at_ns == 20 * S
    device.put(300 * 10**9, at_ns)
    over, _ = talk(device, Ask.NOW, at_ns)
    assert isinstance(over, Failed)
    assert "over its range" in over.words
