import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from statsmodels.stats.diagnostic import acorr_ljungbox

from tsgan import forecast_scores
from tsgan.forecast_scores import (
    christoffersen,
    crps,
    energy_score,
    independence,
    kupiec,
    probability_integral_transform,
    uniformity,
)

several = settings(max_examples=60, deadline=None)
flags = arrays(np.bool_, st.integers(2, 60))


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("places", [15, 0])
def test_pit_is_uniform_when_outcomes_are_of_the_draws_own_distribution(places):
    values = generator().normal(size=(20_000, 8)).round(places)  # rounded: many ties
    pit = probability_integral_transform(values[:, 1:], values[:, 0], generator(1))
    assert scipy.stats.kstest(pit, "uniform").pvalue > 0.01
    assert pit.min() > 0 and pit.max() < 1


def test_pit_is_the_rank_within_a_step_of_one_over_m_plus_1():
    draws = np.tile([1.0, 2.0, 2.0, 3.0], (4, 1))
    realised = np.array([0.0, 2.0, 2.5, 9.0])
    many = [probability_integral_transform(draws, realised, generator(k)) for k in range(400)]
    np.testing.assert_allclose(np.min(many, axis=0), [0, 0.2, 0.6, 0.8], atol=0.01)
    np.testing.assert_allclose(np.max(many, axis=0), [0.2, 0.8, 0.8, 1.0], atol=0.01)


@several
@given(arrays(np.float64, (3, 6), elements=st.floats(-9, 9)), st.floats(-9, 9))
def test_crps_is_its_definition_over_all_pairs_and_the_energy_score_in_one_dimension(draws, y):
    realised = np.array([y, 0.0, -1.0])
    pairs = np.abs(draws[:, :, None] - draws[:, None, :]).sum(axis=(1, 2)) / 30
    expected = np.abs(draws - realised[:, None]).mean(axis=1) - pairs / 2
    np.testing.assert_allclose(crps(draws, realised), expected, atol=1e-12)
    energy = energy_score(draws[:, :, None], realised[:, None])
    np.testing.assert_allclose(energy, expected, atol=1e-6)


def test_crps_is_fair_and_near_the_closed_form_of_a_normal_forecast():
    y = 0.7
    closed = y * (2 * scipy.stats.norm.cdf(y) - 1) + 2 * scipy.stats.norm.pdf(y) - np.pi**-0.5
    for m, n in ((2, 200_000), (50, 10_000)):
        scores = crps(generator(m).normal(size=(n, m)), np.full(n, y))
        assert scores.mean() == pytest.approx(closed, abs=5 * scores.std() / n**0.5)


def test_energy_score_is_its_definition_in_batches_and_rewards_the_true_dependence(monkeypatch):
    vectors = generator().normal(size=(7, 5, 3))
    realised = generator(1).normal(size=(7, 3))
    apart = [[[np.linalg.norm(a - b) for b in draws] for a in draws] for draws in vectors]
    near = np.linalg.norm(vectors - realised[:, None], axis=2).mean(axis=1)
    expected = near - np.sum(apart, axis=(1, 2)) / (2 * 5 * 4)
    np.testing.assert_allclose(energy_score(vectors, realised), expected)
    monkeypatch.setattr(forecast_scores, "BATCH_VALUES", 60)
    np.testing.assert_allclose(energy_score(vectors, realised), expected)


def test_both_scores_are_best_for_the_truth():
    source = generator(2)
    truth, draws = source.normal(size=(4_000, 1)), source.normal(size=(4_000, 60))
    for wrong in (0.7 * draws, 1.4 * draws, draws + 0.4):
        assert crps(draws, truth[:, 0]).mean() < crps(wrong, truth[:, 0]).mean()
    pair = np.repeat(truth, 2, axis=1)  # both steps move together
    together = np.repeat(draws[:, :, None], 2, axis=2)
    alone = np.stack([draws, source.permuted(draws, axis=1)], axis=2)
    assert energy_score(together, pair).mean() < energy_score(alone, pair).mean()


def test_kupiec_equals_figures_worked_by_hand():
    breaches = np.zeros(250, dtype=bool)
    assert kupiec(breaches, 0.01) == pytest.approx(-500 * np.log(0.99))
    breaches[:10] = True  # 10 of 250 where 2.5 are due
    by_hand = 2 * (10 * np.log(0.04 / 0.01) + 240 * np.log(0.96 / 0.99))
    assert kupiec(breaches, 0.01) == pytest.approx(by_hand)
    assert by_hand == pytest.approx(12.955, abs=1e-3)
    assert kupiec(breaches, 0.04) == pytest.approx(0, abs=1e-12)
    assert kupiec(np.ones(9, dtype=bool), 0.05) == pytest.approx(-18 * np.log(0.05))


@several
@given(flags, st.floats(0.01, 0.5))
def test_both_tests_are_ratios_of_brute_force_likelihoods(breaches, level):
    grid = np.linspace(0, 1, 2_001)[:, None]

    def best(outcomes: np.ndarray) -> float:
        with np.errstate(divide="ignore"):
            return float(np.max(np.where(outcomes, np.log(grid), np.log1p(-grid)).sum(axis=1)))

    def at_level(outcomes: np.ndarray) -> float:
        return float(np.where(outcomes, np.log(level), np.log1p(-level)).sum())

    assert kupiec(breaches, level) == pytest.approx(
        2 * (best(breaches) - at_level(breaches)), abs=0.01
    )
    before, now = breaches[:-1], breaches[1:]
    chain = best(now[before]) + best(now[~before])
    assert christoffersen(breaches, level) == pytest.approx(2 * (chain - at_level(now)), abs=0.02)
    assert christoffersen(breaches, level) >= kupiec(now, level) - 1e-9


def test_christoffersen_sees_clusters_that_kupiec_does_not():
    breaches = np.zeros(1_000, dtype=bool)
    breaches[400:450] = True
    assert kupiec(breaches, 0.05) == pytest.approx(0, abs=1e-9)
    assert christoffersen(breaches, 0.05) > scipy.stats.chi2.ppf(0.999, 2)


def test_both_tests_follow_their_distributions_where_coverage_is_right():
    simulated = generator(3).random((3_000, 2_000)) < 0.05
    for test, degrees in ((kupiec, 1), (christoffersen, 2)):
        values = np.array([test(breaches, 0.05) for breaches in simulated])
        for level in (0.5, 0.95):
            share = np.mean(values <= scipy.stats.chi2.ppf(level, degrees))
            assert share == pytest.approx(level, abs=0.03), (degrees, level)


@several
@given(arrays(np.float64, st.integers(1, 40), elements=st.floats(0, 1)))
def test_uniformity_equals_scipys(pit):
    assert uniformity(pit) == pytest.approx(scipy.stats.kstest(pit, "uniform").statistic)


@pytest.mark.parametrize("lags", [1, 10])
def test_independence_is_the_sum_of_two_ljung_box_statistics(lags):
    pit = generator(4).random(300)
    centred = pit - pit.mean()
    both = [acorr_ljungbox(x, lags=[lags])["lb_stat"].iloc[0] for x in (centred, centred**2)]
    assert independence(pit, lags) == pytest.approx(sum(both))
    assert independence(np.full(50, 0.25)) == 0


def test_independence_is_chi_squared_and_sees_volatility_that_is_left():
    source = generator(5)
    values = [independence(pit) for pit in source.random((3_000, 500))]
    assert np.mean(values) == pytest.approx(20, abs=0.7)
    assert np.mean(np.array(values) < scipy.stats.chi2.ppf(0.95, 20)) == pytest.approx(
        0.95, abs=0.02
    )
    volatility = np.exp(np.sin(np.arange(1_000) / 40))
    pit = scipy.stats.norm.cdf(volatility * source.normal(size=1_000))
    assert independence(pit) > scipy.stats.chi2.ppf(0.999, 20)
