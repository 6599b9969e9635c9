import numpy as np
import pytest

from tsgan import distances, divergences, tails
from tsgan.baselines import garch_residuals
from tsgan.metric import LAGS, Sample
from tsgan.metrics import METRICS
from tsgan.results import SEVENTEEN
from tsgan.strategies import STRATEGIES, WARM_UP

OTHERS = (
    *("W2(1)/sd", "Gaussian W2(1)/sd", "KL(1)", "JS(1)", "TV(1)", "skew", "kurtosis"),
    *("Ljung–Box", "ARCH-LM", "kurtosis(5)", "kurtosis(20)", "kurtosis(100)"),
    *("vol of vol", "Hurst", "gain/loss asymmetry"),
    *("Hill 2.5%", "Hill left 5%", "Hill right 5%", "GPD ξ left", "GPD ξ right"),
    *("VaR 1%", "VaR 5%", "VaR 95%", "VaR 99%", "ES 5%", "ES 95%", "drawdowns"),
    "max drawdown",
)
TRADED = tuple(
    f"{strategy}: {measure}"
    for strategy in STRATEGIES
    for measure in ("profit", "Sharpe", "drawdown", "turnover")
    if (strategy, measure) != ("buy-and-hold", "turnover")
)
TRADED_TAILS = tuple(
    f"{strategy}: {risk} {percent}%"
    for strategy in ("moving-average cross", "momentum", "mean reversion")
    for percent in (1, 5, 95, 99)
    for risk in ("VaR", "ES")
)
TRANSFER = ("TSTR", "TRTS")
BY_NAME = {metric.name: metric for metric in METRICS}


@pytest.fixture(scope="module")
def real() -> Sample:
    returns = np.random.default_rng(0).standard_t(4, size=(1, 2_000)) * 0.01
    return Sample(returns)


def measure(name: str, real: Sample, paths: np.ndarray) -> float:
    return BY_NAME[name].measure(real, Sample(paths))


def test_the_table_has_the_rows_of_the_protocol_in_their_order():
    names = tuple(metric.name for metric in METRICS)
    assert names == SEVENTEEN + OTHERS + TRADED + TRADED_TAILS + TRANSFER
    for metric in METRICS:
        assert metric.meaning.endswith(".") and metric.meaning[0].isupper()


EXACT = [name for name in BY_NAME if name not in TRANSFER]


@pytest.mark.parametrize("name", EXACT)
def test_a_series_is_at_no_distance_from_itself(name, real):
    copies = 1 if name in TRADED_TAILS else 3  # a quantile lies between two of its values
    same = np.repeat(real.paths, copies, axis=0)
    assert measure(name, real, same) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_foreign_series_is_at_a_distance(name, real):
    trend = np.sin(np.arange(2_000) / 200)  # slow volatility, skewed, with a thin tail
    foreign = (np.random.default_rng(1).exponential(size=(4, 2_000)) - 0.9) * 0.01 * (2 + trend)
    assert measure(name, real, foreign) > 0.02


def test_a_scaled_series_is_off_by_its_scale_where_scale_counts(real):
    scaled = 1.1 * real.paths
    for name in ("sd", "ES 1%", "ES 5%", "ES 95%", "ES 99%", "VaR 1%", "VaR 99%"):
        assert measure(name, real, scaled) == pytest.approx(0.1), name
    for name in ("ACF(abs)", "Lev", "vol dispersion", "skew", "kurtosis", "Hill 5%"):
        assert measure(name, real, scaled) == pytest.approx(0, abs=1e-9), name
    assert measure("sd", real, 0.9 * real.paths) == pytest.approx(0.1)
    heavier, lighter = real.paths**3, np.cbrt(real.paths)
    assert measure("kurtosis", real, heavier) > 1 < measure("kurtosis", real, lighter)


@pytest.mark.parametrize("k", [1, 5, 20, 100])
def test_distances_of_sums_are_in_units_of_their_standard_deviation(k, real):
    sums = np.convolve(real.paths[0], np.ones(k), "valid")
    expected = np.abs(sums).mean() / sums.std()  # against a sample of zeros
    assert measure(f"W1({k})/sd", real, np.zeros((2, 2_000))) == pytest.approx(expected)


def test_curves_are_averaged_over_paths_before_they_are_compared(real):
    paths = np.random.default_rng(2).standard_t(4, size=(5, 2_000))
    sample = Sample(paths)
    for kind, transformed in (("id", paths), ("abs", np.abs(paths)), ("sq", paths**2)):
        own = [Sample(path[None]).autocorrelations("id") for path in transformed]
        gap = np.mean(own, axis=0) - real.autocorrelations(kind)
        expected = np.sqrt(np.mean(gap**2))
        assert BY_NAME[f"ACF({kind})"].measure(real, sample) == pytest.approx(expected)
    gap = sample.leverages().mean(axis=0) - real.leverages()[0]
    assert BY_NAME["Lev"].measure(real, sample) == pytest.approx(np.sqrt(np.sum(gap**2)))
    assert gap.shape == (LAGS,)


def test_tails_are_told_apart(real):
    heavy_losses = real.paths.copy()
    heavy_losses[heavy_losses < -0.03] *= 3
    assert measure("Hill left 5%", real, heavy_losses) > 0.1
    assert measure("Hill right 5%", real, heavy_losses) == 0
    assert measure("ES 1%", real, heavy_losses) > 0.5 > measure("ES 99%", real, heavy_losses) == 0


def test_figures_are_the_statistics_of_both_sides(real):
    assert BY_NAME["sd"].figures(real, Sample(2 * real.paths)) == pytest.approx(
        (real.paths.std(), 2 * real.paths.std())
    )
    assert BY_NAME["Lev"].figures(real, real) == (None, None)


def test_tail_rows_are_named_after_what_they_measure(real):
    returns = np.sort(real.paths[0])
    expected = {
        "Hill 5%": tails.hill(np.abs(returns), 0.05),
        "Hill 2.5%": tails.hill(np.abs(returns), 0.025),
        "Hill left 5%": tails.hill(-returns, 0.05),
        "Hill right 5%": tails.hill(returns, 0.05),
        **{f"VaR {percent}%": np.percentile(returns, percent) for percent in (1, 5, 95, 99)},
        **{f"ES {percent}%": returns[: 20 * percent].mean() for percent in (1, 5)},
        **{f"ES {100 - percent}%": returns[-20 * percent :].mean() for percent in (1, 5)},
    }
    measured = {name: BY_NAME[name].figures(real, real)[0] for name in expected}
    assert measured == pytest.approx(expected)


def test_obstacles_name_what_is_missing(real):
    short = Sample(real.paths[:, :150])
    assert BY_NAME["ACF(abs)"].obstacle(short, real) == "needs 500 real returns, there are 150"
    assert BY_NAME["Hill 5%"].obstacle(real, short) == "needs 200 synthetic returns, there are 150"
    many = Sample(np.repeat(real.paths[:, :80], 50, axis=0))
    assert BY_NAME["W1(100)/sd"].obstacle(real, many) == "needs paths of 101 steps, they have 80"
    assert BY_NAME["W1(20)/sd"].obstacle(real, many) == ""


def test_rows_can_be_measured_wherever_no_obstacle_is_named():
    returns = np.random.default_rng(3).normal(size=20_000)
    for metric in METRICS:
        real = Sample(returns[None, : metric.least_real])
        count = -(-metric.least_real // metric.least_steps)
        synthetic = Sample(returns[: count * metric.least_steps].reshape(count, -1))
        assert metric.obstacle(real, synthetic) == ""
        assert np.isfinite(metric.measure(real, synthetic)), metric.name


def test_what_is_not_defined_is_not_finite_and_does_not_warn():
    flat = Sample(np.tile([0.01, -0.01], 500)[None])  # every sum of 20 steps is 0
    assert not np.isfinite(BY_NAME["W1(20)/sd"].measure(flat, flat))
    assert not np.isfinite(BY_NAME["Hill 5%"].measure(flat, flat))


def test_learning_transfers_between_paths_of_one_process_and_not_from_noise():
    shocks = np.random.default_rng(4).normal(size=(2_500, 7))
    paths = garch_residuals(shocks, 0.05, 0.15, 0.0, 0.8)[500:].T * 0.01
    real, same = Sample(paths[:1]), Sample(paths[1:])
    noise = Sample(np.random.default_rng(5).normal(size=(6, 2_000)) * 0.01)
    for name in TRANSFER:
        assert BY_NAME[name].measure(real, same) < 0.02 < BY_NAME[name].measure(real, noise)
    figures = BY_NAME["TSTR"].figures(real, noise)
    assert figures[0] == 1 and figures[1] > 1.02
    low, high = BY_NAME["TSTR"].spread_of(real, noise)
    assert low <= figures[1] <= high


def test_intervals_and_spreads_stand_beside_their_figures(real):
    for name in ("Hill 5%", "Hill left 5%", "GPD ξ left", "GPD ξ right"):
        low, high = BY_NAME[name].interval_of(real)
        assert low < BY_NAME[name].figures(real, real)[0] < high, name
    assert BY_NAME["sd"].interval_of(real) is None and BY_NAME["sd"].spread_of(real, real) is None
    many = Sample(np.random.default_rng(6).standard_t(4, size=(40, 2_000)) * 0.01)
    for name in (*TRADED, "max drawdown"):
        low, high = BY_NAME[name].spread_of(real, many)
        assert low < BY_NAME[name].figures(real, many)[1] < high, name
    flat = Sample(np.tile([0.01, -0.01], 500)[None])
    assert BY_NAME["Hill 5%"].interval_of(flat) is None


def test_strategy_rows_are_the_outcomes_of_the_strategies(real):
    paths = np.random.default_rng(7).standard_t(4, size=(5, 2_000)) * 0.01
    held = np.expm1(paths[:, WARM_UP:])
    sample = Sample(paths)
    profit = BY_NAME["buy-and-hold: profit"].figures(real, sample)[1]
    assert profit == pytest.approx(252 * held.mean())
    sharpe = BY_NAME["buy-and-hold: Sharpe"].figures(real, sample)[1]
    ratios = held.mean(axis=1) / held.std(axis=1)
    assert sharpe == pytest.approx(np.sqrt(252) * ratios.mean(), rel=1e-3)
    wealth = np.cumprod(np.c_[np.ones(5), 1 + held], axis=1)
    worst = (1 - wealth / np.maximum.accumulate(wealth, axis=1)).max(axis=1)
    fall = BY_NAME["buy-and-hold: drawdown"].figures(real, sample)[1]
    assert fall == pytest.approx(worst.mean())


def test_strategy_tails_are_those_of_the_profits(real):
    paths = np.random.default_rng(8).standard_t(4, size=(5, 2_000)) * 0.01
    positions = STRATEGIES["momentum"](paths)
    profits = np.sort((positions * np.expm1(paths))[:, WARM_UP:], axis=None)
    for percent in (1, 5, 95, 99):
        quantile = np.quantile(profits, percent / 100)
        outer = profits <= quantile if percent < 50 else profits >= quantile
        sample = Sample(paths)
        assert BY_NAME[f"momentum: VaR {percent}%"].figures(real, sample)[1] == quantile
        shortfall = BY_NAME[f"momentum: ES {percent}%"].figures(real, sample)[1]
        assert shortfall == pytest.approx(profits[outer].mean())


def test_distances_beside_the_seventeen_are_those_of_the_library(real):
    paths = 1.3 * np.random.default_rng(9).standard_t(4, size=(5, 2_000)) * 0.01 + 0.001
    sample, own = Sample(paths), real.paths[0]
    singly = [distances.wasserstein_p(own, path, 2) for path in paths]
    assert BY_NAME["W2(1)/sd"].measure(real, sample) == pytest.approx(np.median(singly) / own.std())
    moments = own.mean(), own.var(), paths.mean(), paths.var()
    expected = distances.gaussian_wasserstein_2(*map(float, moments)) / own.std()
    assert BY_NAME["Gaussian W2(1)/sd"].measure(real, sample) == pytest.approx(expected)
    shares = divergences.histograms(own, paths.ravel(), 50)
    for name, function in (
        ("KL(1)", divergences.kullback_leibler),
        ("JS(1)", divergences.jensen_shannon),
        ("TV(1)", divergences.total_variation),
    ):
        assert BY_NAME[name].measure(real, sample) == pytest.approx(function(*shares))
    deep = [tails.maximum_drawdowns(x).ravel() for x in (real.paths, paths)]
    expected = distances.wasserstein_1(*deep) / deep[0].mean()
    assert BY_NAME["drawdowns"].measure(real, sample) == pytest.approx(expected)
    still = Sample(np.where(np.arange(2_000) == 700, 0.01, 0.0)[None])
    assert np.isnan(BY_NAME["KL(1)"].measure(still, sample)), "one bin says nothing"


def test_what_grows_with_length_wants_equal_lengths(real):
    shorter = Sample(np.random.default_rng(10).standard_t(4, size=(5, 1_500)) * 0.01)
    for name in ("max drawdown", "momentum: drawdown", "Ljung–Box", "ARCH-LM"):
        reason = BY_NAME[name].obstacle(real, shorter)
        assert reason == "needs paths as long as the real series, 2000 steps, they have 1500", name
        assert BY_NAME[name].obstacle(real, real) == ""
    assert BY_NAME["momentum: Sharpe"].obstacle(real, shorter) == ""
