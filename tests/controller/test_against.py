"""A sensor against a reference: zero and span as they were made, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.bench.against import FORCE, PRESSURE, NotUsable, Point, compare

REFERENCES = (0, 20_000, 40_000, 60_000, 84_000, 40_000, 0)


def points(zero: int = 0, span_ppm: int = 0, noise: int = 0, drift: int = 0):
    """What a sensor with these errors shows."""
    found = []
    for number, reference in enumerate(REFERENCES):
        true = reference + reference * span_ppm // 1_000_000 + zero + drift * number // 6
        found.append(Point(reference, tuple(true + noise * (-1) ** n for n in range(20))))
    return found


@pytest.mark.hazard("HZ-OVERPRESSURE")
@given(st.integers(-25_000, 25_000), st.integers(-499, 499))
def test_zero_and_span_are_found_as_they_were_made(span_ppm, zero):
    found = compare(points(zero, span_ppm), PRESSURE, 1_000)
    assert found.span_ppm == pytest.approx(span_ppm, abs=30)
    assert found.zero == zero
    assert found.passed
    assert found.uncertainty_ppm >= 1_000


@pytest.mark.hazard("HZ-OVERPRESSURE")
@pytest.mark.parametrize(
    ("wrong", "passed"),
    [
        ({"span_ppm": 28_000}, True),
        ({"span_ppm": 29_500}, False),  # with its uncertainty it may be more than 3 %
        ({"span_ppm": -29_500}, False),
        ({"zero": 500}, True),
        ({"zero": 501}, False),
        ({"drift": 600}, False),  # the zero after it is judged too
    ],
)
def test_both_sides_of_each_bound(wrong, passed):
    found = compare(points(**wrong), PRESSURE, 1_000)
    assert found.passed is passed
    assert found.verdict.startswith("passed" if passed else "NOT PASSED")
    assert passed or "not corrected here" in found.verdict


def test_each_part_grows_with_its_cause():
    def parts(**wrong):
        return {p.name: p.ppm for p in compare(points(**wrong), PRESSURE, 1_000).parts}

    calm = parts()
    assert calm["reference"] == 500
    assert parts(noise=200)["repeatability"] == pytest.approx(200 * 1.026 / 20**0.5 / 0.084, abs=2)
    assert parts(drift=300)["zero"] == pytest.approx(150 / 3**0.5 / 0.084, abs=1)
    assert parts(drift=300)["line"] > calm["line"]


def test_force_in_its_own_bounds():
    found = compare([Point(r, (r * 109 // 100,) * 10) for r in (0, 10_000, 20_000, 40_000, 0)],
                    FORCE, 5_000)  # fmt: skip
    assert found.passed
    assert "mN" in found.verdict


@pytest.mark.parametrize(
    ("taken", "reference_ppm", "words"),
    [
        (points()[:4], 1_000, "4 points"),
        (points()[:-1], 1_000, "first and the last point are at zero"),
        ([p for p in points() if p.reference < 84_000] + points()[-1:], 1_000, "84000 at least"),
        (
            [points()[0], points()[0], points()[4], points()[4], points()[0]],
            1_000,
            "four different",
        ),
        ([p._replace(shown=p.shown[:9]) for p in points()], 1_000, "10 readings"),
        (points(), 10_001, "a third of what is to be shown"),
        (points(), 0, "a third of what is to be shown"),
    ],
)
def test_what_says_nothing_is_refused(taken, reference_ppm, words):
    with pytest.raises(NotUsable, match=words):
        compare(taken, PRESSURE, reference_ppm)
