"""The model as an estimator of the distribution of returns, as skfolio and scikit-learn take it.

prior = SyntheticData(distribution_estimator=ReturnGenerator(random_state=0), n_samples=5_000)
MeanRisk(prior_estimator=prior).fit(X)
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from tsgan.config import Config
from tsgan.errors import DataError
from tsgan.model import TimeSeriesGAN
from tsgan.requirements import require, require_int

if TYPE_CHECKING:
    BaseEstimator = object  # scikit-learn has no types
else:
    try:
        from sklearn.base import BaseEstimator
    except ImportError:  # it works without; whoever needs the base class has scikit-learn
        BaseEstimator = object

FloatArray = npt.NDArray[np.float64]

START = 100.0
"""Price before the first return; returns are the same from any other."""
MOST_SEED = 2**31 - 1


class ReturnGenerator(BaseEstimator):
    """Learns the joint distribution of asset returns, and draws new rows of it.

    Args:
        model: one that is fitted already, or its directory; then ``fit`` only looks at ``X``.
        config: settings of a model that ``fit`` trains; None for the default ones.
        horizon: steps of each path that rows are drawn from, 1 to 100,000. The rows of a path
            follow one another in time, and a path starts anywhere in the history's range of states.
        random_state: an integer gives the same rows at each call; a ``Generator`` or
            ``RandomState`` goes on; None draws anew.

    Attributes:
        model_: the fitted ``TimeSeriesGAN``.
        n_features_in_: number of assets; feature_names_in_: their names, where ``X`` has any.
    """

    model_: TimeSeriesGAN
    n_features_in_: int
    feature_names_in_: npt.NDArray[np.object_]

    def __init__(
        self,
        model: TimeSeriesGAN | str | Path | None = None,
        config: Config | None = None,
        horizon: int = 252,
        random_state: int | np.random.Generator | np.random.RandomState | None = None,
    ) -> None:
        self.model = model
        self.config = config
        self.horizon = horizon
        self.random_state = random_state

    def fit(self, X: pd.DataFrame | npt.ArrayLike, y: object = None) -> Self:  # noqa: ARG002
        """Learn the returns ``X``.

        Args:
            X: (n_observations, n_assets) linear returns without unit, in the order of time, such
                as skfolio's ``prices_to_returns`` gives them; a frame with dates keeps them.
            y: ignored.

        Raises:
            DataError: if ``X`` holds anything but finite returns above -1, or cannot be learned.
            ConfigError: if a setting is outside its range.
        """
        require_int("horizon", self.horizon, 1, 100_000)
        prices = prices_of(X)
        if self.model is None:
            self.model_ = TimeSeriesGAN(self.config).fit(prices)
        elif isinstance(self.model, str | Path):
            self.model_ = TimeSeriesGAN.load(self.model)
        else:
            self.model_ = self.model
        self.n_features_in_ = prices.shape[1]
        if hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        if isinstance(X, pd.DataFrame) and all(isinstance(name, str) for name in X.columns):
            self.feature_names_in_ = np.array(X.columns, dtype=object)
        return self

    def sample(self, n_samples: int = 1, conditioning: str | float | None = None) -> FloatArray:
        """Return rows of new returns.

        Args:
            n_samples: number of rows; as many paths of ``horizon`` steps as they need are drawn
                and put one below the other.
            conditioning: as ``given`` of ``TimeSeriesGAN.sample``: the volatility of the paths.

        Returns:
            (n_samples, n_assets) linear returns, without unit.

        Raises:
            ConfigError: if the estimator is not fitted, or an argument is outside its range.
            DataError: if the model was fitted on another number of assets than ``X`` has.
        """
        require(hasattr(self, "model_"), "estimator", "a fitted one; call fit first", "no fit")
        require_int("n_samples", n_samples, 1, 10**9)
        drawn = self.model_.sample(
            -(-n_samples // self.horizon), self.horizon, seed=self._seed(), given=conditioning
        )
        if len(drawn.names) != self.n_features_in_:
            raise DataError(
                f"returns: expected the assets of the model, {', '.join(drawn.names)}, found "
                f"{self.n_features_in_} columns; fit on these"
            )
        return np.expm1(drawn.log_returns).reshape(-1, self.n_features_in_)[:n_samples]

    def _seed(self) -> int:
        state = self.random_state
        if isinstance(state, np.random.RandomState):
            return int(state.randint(MOST_SEED))
        if state is None or isinstance(state, np.random.Generator):
            return int(np.random.default_rng(state).integers(MOST_SEED))
        require_int("random_state", state, 0, MOST_SEED)
        return state


def prices_of(X: pd.DataFrame | npt.ArrayLike) -> pd.DataFrame:
    """Return prices whose linear returns are ``X``, from 100 on: (n_observations + 1, n_assets).

    Dates stay, and the first price gets one a step before. Without them rows are counted.

    Raises:
        DataError: if ``X`` is no table of finite numbers above -1.
    """
    returns = X if isinstance(X, pd.DataFrame) else pd.DataFrame(np.asarray(X))
    names = [str(name) for name in returns.columns]
    try:
        values = returns.to_numpy(dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(
            "returns: expected numbers, found others; leave those columns out"
        ) from None
    wrong = np.argwhere(~(np.isfinite(values) & (values > -1)))
    if len(wrong):
        row, column = wrong[0]
        raise DataError(
            f"returns, row {row + 1}, {names[column]}: expected a linear return above -1, found "
            f"{values[row, column]}; leave that row out"
        )
    growth = START * np.cumprod(1 + values, axis=0)
    prices = np.vstack([np.full(len(names), START), growth])
    if not isinstance(returns.index, pd.DatetimeIndex) or len(values) < 2:
        return pd.DataFrame(prices, columns=names)
    dates = returns.index
    before = dates[0] - pd.Series(dates).diff().median()
    if before.day_of_week > 4 and not (dates.day_of_week > 4).any():
        before -= pd.Timedelta(days=before.day_of_week - 4)
    return pd.DataFrame(prices, index=dates.insert(0, before), columns=names)
