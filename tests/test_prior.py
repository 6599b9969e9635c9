"""The estimator inside scikit-learn and skfolio, over a real model and panels that are known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tiny

from tsgan import TimeSeriesGAN
from tsgan.calendars import BUSINESS_DAYS, Calendar
from tsgan.errors import ConfigError, DataError
from tsgan.prior import ReturnGenerator, prices_of
from tsgan.scenarios import Scenarios

NAMES = ("AAPL", "MSFT", "IBM")
COVARIANCE = 1e-4 * np.array([[1.0, 0.6, 0.0], [0.6, 2.0, 0.0], [0.0, 0.0, 4.0]])
DATES = pd.bdate_range("2020-01-06", periods=400)


@dataclass
class Known:
    """A panel model whose returns are normal with this covariance."""

    asked: list[Any]

    def sample(self, n_samples: int, horizon: int, *, seed: int, given: Any) -> Scenarios:
        self.asked.append((n_samples, horizon, seed, given))
        draws = np.random.default_rng(seed).multivariate_normal(
            np.zeros(3), COVARIANCE, (n_samples, horizon)
        )
        dates = Calendar("2021-12-31", BUSINESS_DAYS).after(horizon)
        return Scenarios(draws, np.full(3, 100.0), dates, np.arange(n_samples), NAMES)


def panel(rows: int = 400) -> pd.DataFrame:
    draws = np.random.default_rng(0).multivariate_normal(np.zeros(3), COVARIANCE, rows)
    return pd.DataFrame(np.expm1(draws), index=DATES[:rows], columns=NAMES)


def generator(**settings: Any) -> ReturnGenerator:
    return ReturnGenerator(Known([]), **settings)  # type: ignore[arg-type]


def test_rows_are_linear_returns_of_paths_one_below_the_other() -> None:
    known = generator(horizon=50, random_state=7).fit(panel())
    rows = known.sample(120, conditioning="high")
    assert known.model_.asked == [(3, 50, 7, "high")]  # type: ignore[attr-defined]
    drawn = Known([]).sample(3, 50, seed=7, given=None)
    closes = np.concatenate([np.full((3, 1, 3), 100.0), drawn.closes()], axis=1)
    expected = (closes[:, 1:] / closes[:, :-1] - 1).reshape(150, 3)[:120]
    np.testing.assert_allclose(rows, expected, rtol=1e-9, atol=1e-12)
    assert known.n_features_in_ == 3 and known.feature_names_in_.tolist() == [*NAMES]


def test_random_state_means_what_it_does_elsewhere() -> None:
    def pair(state: Any) -> tuple[np.ndarray, np.ndarray]:
        known = generator(random_state=state).fit(panel())
        return known.sample(10), known.sample(10)

    assert np.array_equal(*pair(3)) and not np.array_equal(pair(3)[0], pair(4)[0])
    for make in (np.random.default_rng, np.random.RandomState):
        first, second = pair(make(3))
        assert not np.array_equal(first, second)
        assert np.array_equal(pair(make(3))[1], second)
    assert not np.array_equal(*pair(None))


def test_prices_have_the_returns_and_the_dates() -> None:
    X = panel()
    prices = prices_of(X)
    pd.testing.assert_frame_equal(prices.pct_change().iloc[1:], X, check_freq=False)
    assert prices.index[0] == pd.Timestamp("2020-01-03")  # the Friday before
    assert prices_of(X.to_numpy()).shape == (401, 3)
    daily = X.set_axis(pd.date_range("2020-01-06", periods=400))
    assert prices_of(daily).index[0] == pd.Timestamp("2020-01-05")


@pytest.mark.parametrize(
    ("value", "words"),
    [(np.nan, "found nan"), (-1.0, "found -1.0"), (np.inf, "found inf")],
)
def test_what_is_no_return_is_named(value: float, words: str) -> None:
    X = panel()
    X.iloc[6, 1] = value
    with pytest.raises(DataError, match=rf"returns, row 7, MSFT: expected .*{words}"):
        generator().fit(X)


def test_wrong_use_is_refused() -> None:
    with pytest.raises(DataError, match="expected numbers"):
        generator().fit(pd.DataFrame({"a": ["x", "y"]}))
    with pytest.raises(ConfigError, match="call fit first"):
        generator().sample(5)
    with pytest.raises(ConfigError, match="n_samples: expected a whole number from 1"):
        generator().fit(panel()).sample(0)
    with pytest.raises(ConfigError, match="random_state: expected"):
        generator(random_state=-1).fit(panel()).sample()
    with pytest.raises(DataError, match=r"model, AAPL, MSFT, IBM, found 2 columns"):
        generator().fit(panel().iloc[:, :2]).sample()


def test_clone_and_parameters_are_those_of_scikit_learn() -> None:
    base = pytest.importorskip("sklearn.base")
    config = tiny.config()
    estimator = ReturnGenerator("models/spx", config, horizon=21, random_state=5)
    assert isinstance(estimator, base.BaseEstimator)
    copy = base.clone(estimator)
    assert copy.get_params() == {
        "model": "models/spx", "config": config, "horizon": 21, "random_state": 5,
    }  # fmt: skip


@pytest.mark.filterwarnings("ignore::DeprecationWarning:skfolio")
def test_skfolio_optimises_on_the_generated_distribution() -> None:
    pytest.importorskip("skfolio")
    from skfolio.optimization import MeanRisk
    from skfolio.prior import SyntheticData

    prior = SyntheticData(
        distribution_estimator=generator(random_state=1),
        n_samples=20_000,
        sample_args={"conditioning": 0.3},
    )
    done = MeanRisk(prior_estimator=prior, min_weights=None).fit(panel())
    distribution = done.prior_estimator_.return_distribution_
    assert distribution.returns.shape == (20_000, 3)
    np.testing.assert_allclose(distribution.covariance, COVARIANCE, atol=1e-5)
    inverse = np.linalg.solve(COVARIANCE, np.ones(3))  # the portfolio of the least variance
    np.testing.assert_allclose(done.weights_, inverse / inverse.sum(), atol=0.02)


def test_a_model_of_one_asset_is_trained_and_drawn_from(tmp_path: Path) -> None:
    X = tiny.prices().pct_change().dropna().to_frame()
    trained = ReturnGenerator(config=tiny.config(), horizon=100, random_state=2).fit(X)
    rows = trained.sample(250)
    drawn = trained.model_.sample(3, 100, seed=2)
    np.testing.assert_allclose(rows[:, 0], np.expm1(drawn.log_returns.ravel()[:250]))
    assert rows.shape == (250, 1)
    trained.model_.save(tmp_path / "m")
    for model in (tmp_path / "m", str(tmp_path / "m"), TimeSeriesGAN.load(tmp_path / "m")):
        again = ReturnGenerator(model, horizon=100, random_state=2).fit(X)
        assert np.array_equal(again.sample(250), rows)
