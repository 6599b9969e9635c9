"""Moments against their definition, and foresight against a volatility that is known."""

from __future__ import annotations

import numpy as np
import pytest

from tsgan import moments
from tsgan.moments import AHEAD, FEATURES, HALF_LIVES, Foresight, came_after, describe, nearest


def restless_paths(paths: int, steps: int, seed: int = 0) -> np.ndarray:
    """Student-t returns whose volatility follows the last one and the losses of the last steps."""
    source = np.random.default_rng(seed)
    shocks = source.standard_t(6, (steps, paths)) / np.sqrt(1.5)
    variance, returns = np.ones(paths), np.empty((steps, paths))
    for step, shock in enumerate(shocks):
        returns[step] = np.sqrt(variance) * shock
        news = (0.04 + 0.12 * (shock < 0)) * returns[step] ** 2
        variance = 0.03 + news + 0.87 * variance
    return 0.01 * returns.T


@pytest.mark.parametrize("batch", [1 << 20, 500])
def test_moments_are_described_by_their_last_returns(
    batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moments, "BATCH_VALUES", batch)
    paths, back = restless_paths(5, 400), 130
    path, step = np.array([0, 2, 2, 4]), np.array([250, back - 1, 399, 300])
    described = describe(paths, path, step, back, 1e-4)
    for row, k, t in zip(described, path, step, strict=True):
        past = paths[k, t - back + 1 : t + 1]
        ages = np.arange(back - 1, -1, -1)

        def mean(values: np.ndarray, ages: np.ndarray = ages) -> np.ndarray:
            return np.array([np.average(values, weights=0.5 ** (ages / h)) for h in HALF_LIVES])

        square = mean(past**2)
        variance = square + 0.05 * square[-1] + 1e-8
        losses = mean(np.minimum(past, 0) ** 2) / variance
        last = past[:-6:-1] / np.sqrt(variance[3])  # that of half-life 20
        averages = 0.5 * np.log(variance), losses, mean(past) / np.sqrt(variance)
        expected = [*averages, np.abs(last), np.minimum(last, 0)]
        np.testing.assert_allclose(row, np.concatenate(expected), rtol=1e-9, atol=1e-12)


def test_moments_know_neither_the_future_nor_what_is_long_ago() -> None:
    paths = restless_paths(1, 500)
    changed = paths.copy()
    changed[:, :100], changed[:, 301:] = 0.5, -7.0
    place, step = np.zeros(2, dtype=np.int64), np.array([299, 300])
    one, other = (describe(series, place, step, 200, 1e-4) for series in (paths, changed))
    np.testing.assert_allclose(one, other, rtol=1e-7, atol=1e-9)
    assert (describe(changed, place, step, 202, 1e-4)[0] != one[0]).any()


def test_what_came_after() -> None:
    paths = np.arange(60.0).reshape(3, 20)
    came = came_after(paths, np.array([[0, 2], [1, 1]]), np.array([[3, 5], [0, 16]]), 3)
    np.testing.assert_array_equal(came[0], [[4, 5, 6], [46, 47, 48]])
    np.testing.assert_array_equal(came[1, 1], [37, 38, 39])


@pytest.mark.parametrize("heavy", [False, True], ids=["normal", "Student-t"])
def test_foresight_finds_a_known_volatility(heavy: bool) -> None:
    """Of log volatilities quadratic in the features, one of which is there twice."""
    source, count = np.random.default_rng(1), 60_000
    described = source.normal(3, 2, (count, FEATURES))
    described[:, 3] = described[:, 2]
    one, two, other = described[:, 1], described[:, 2], described[:, 9]
    truth = -4 + 0.2 * one - 0.1 * two + 0.02 * one * two - 0.03 * other**2 + 0.02 * other * two
    shocks = source.standard_t(5, (count, 60)) / np.sqrt(5 / 3)
    if not heavy:
        shocks = source.standard_normal((count, 60))
    foresight = Foresight.fit(described, np.exp(truth)[:, None] * shocks, 1e-9)
    found = foresight(described)
    assert found.shape == (count, len(AHEAD))
    inside = (np.abs(described - 3) < 5).all(axis=1)
    errors = (found - truth[:, None])[inside]
    assert (np.abs(errors.mean(axis=0)) < 0.02).all()
    assert (errors.std(axis=0) < [0.1, 0.04, 0.03]).all()


def test_foresight_foretells_nothing_that_was_never_seen() -> None:
    source = np.random.default_rng(1)
    described = source.normal(0, 1, (20_000, FEATURES))
    following = np.exp(described[:, :1]) * source.standard_normal((20_000, 60))
    foresight = Foresight.fit(described, following, 1e-9)
    far, further = foresight(np.array([[4.0] * FEATURES, [1e6] * FEATURES]))
    np.testing.assert_allclose(far, further, rtol=1e-9)


def test_foresight_knows_next_to_nothing_of_independent_returns() -> None:
    paths = np.random.default_rng(2).normal(0, 0.02, (400, 500))
    path, step = np.repeat(np.arange(400), 19), np.tile(np.arange(250, 440, 10), 400)
    described = describe(paths, path, step, 200, 1e-6)
    found = Foresight.fit(described, came_after(paths, path, step, 60), 1e-6)(described)
    np.testing.assert_allclose(np.exp(found.mean(axis=0)), 0.02, rtol=0.01)
    assert (found.std(axis=0) < 0.1).all()


def test_foresight_of_a_garch_process_is_its_volatility() -> None:
    paths, count = restless_paths(300, 1_000, 3), 300
    steps = np.arange(420, 930, 10)
    path, step = np.repeat(np.arange(count), steps.size), np.tile(steps, count)
    described = describe(paths, path, step, 400, 1e-6)
    foresight = Foresight.fit(described, came_after(paths, path, step, 60), 1e-6)
    found = foresight(described)
    variance = np.ones(count)
    true = np.empty((1_000, count))
    for t, past in enumerate(100 * paths.T):
        news = (0.04 + 0.12 * (past < 0)) * past**2
        variance = 0.03 + news + 0.87 * variance
        true[t] = 0.5 * np.log(variance) + np.log(0.01)
    known = true[step, path]
    assert np.corrcoef(found[:, 0], known)[0, 1] > 0.96
    assert np.polyfit(known, found[:, 0], 1)[0] == pytest.approx(1, abs=0.1)
    assert found[:, 2].std() < 0.8 * found[:, 0].std()  # it is back to its mean by then


def test_series_that_stand_still_are_no_trouble() -> None:
    paths, path, step = np.zeros((2, 300)), np.array([0, 1]), np.array([220, 230])
    described = describe(paths, path, step, 200, 1e-6)
    found = Foresight.fit(described, came_after(paths, path, step, 60), 1e-6)(described)
    assert np.isfinite(described).all() and np.isfinite(found).all()


def test_nearest_is_nearest() -> None:
    source = np.random.default_rng(5)
    known, wanted = source.normal(size=(300, 3)), source.normal(size=(7, 3))
    distance = np.linalg.norm(wanted[:, None] - known, axis=2)
    np.testing.assert_array_equal(nearest(known, wanted, 5), np.argsort(distance)[:, :5])
    assert nearest(known, wanted, 1).shape == (7, 1)


@pytest.mark.parametrize("numbers", [6, 30])
def test_nearest_is_nearest_of_many_numbers(numbers: int) -> None:
    source = np.random.default_rng(5)
    known = -4 + 0.3 * source.normal(size=(900, numbers))
    wanted = -4 + 0.3 * source.normal(size=(41, numbers))
    distance = np.linalg.norm(wanted[:, None] - known, axis=2)
    np.testing.assert_array_equal(nearest(known, wanted, 9), np.argsort(distance)[:, :9])


def test_foresight_hears_further_features() -> None:
    source, count = np.random.default_rng(1), 20_000
    described = source.normal(0, 1, (count, FEATURES + 2))
    truth = -4 + 0.3 * described[:, -1]
    following = np.exp(truth)[:, None] * source.standard_normal((count, 60))
    found = Foresight.fit(described, following, 1e-9)(described)
    assert (np.abs(found - truth[:, None]).mean(axis=0) < [0.06, 0.03, 0.03]).all()
    few = Foresight.fit(described, following, 1e-9, 5_000)(described)
    some = Foresight.fit(described[::4], following[::4], 1e-9)(described)
    np.testing.assert_array_equal(few, some)
