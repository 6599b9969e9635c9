from __future__ import annotations

import json

import numpy as np
import pytest

from tsgan.data.scaling import Scaler
from tsgan.errors import DataError


def test_fit_takes_mean_and_population_deviation_of_each_asset() -> None:
    scaler = Scaler.fit([[1.0, 0.0], [3.0, 0.0], [5.0, 3.0]])
    np.testing.assert_allclose(scaler.mean, [3.0, 1.0], rtol=1e-15)
    np.testing.assert_allclose(scaler.scale, [np.sqrt(8 / 3), np.sqrt(2)], rtol=1e-15)


def test_transform_standardises_and_inverse_undoes_it() -> None:
    returns = np.random.default_rng(1).standard_t(3, (500, 2)) * [0.01, 0.2] + [0.001, -0.5]
    scaler = Scaler.fit(returns)
    scaled = scaler.transform(returns)
    np.testing.assert_allclose(scaled.mean(axis=0), 0.0, atol=1e-14)
    np.testing.assert_allclose(scaled.std(axis=0), 1.0, rtol=1e-14)
    np.testing.assert_allclose(scaler.inverse(scaled), returns, rtol=1e-12, atol=1e-16)
    assert scaler.transform(np.zeros((4, 7, 2))).shape == (4, 7, 2)


def test_json_keeps_every_bit() -> None:
    scaler = Scaler.fit(np.random.default_rng(2).standard_normal((50, 3)) / 3)
    again = Scaler.from_dict(json.loads(json.dumps(scaler.to_dict())))
    assert again.mean.tobytes() == scaler.mean.tobytes()
    assert again.scale.tobytes() == scaler.scale.tobytes()


@pytest.mark.parametrize(
    ("returns", "message"),
    [
        ([[0.1, 1.0], [0.1, 2.0], [0.1, 3.0]], "constant series at index 0"),
        (np.diff(np.log(1.01 ** np.arange(99.0)))[:, None], "constant series at index 0"),
        ([[1.0, np.nan], [2.0, 1.0]], "finite"),
        ([1.0, 2.0], r"shape \(n, assets\)"),
        ([[1.0]], "n of 2 or more"),
    ],
)
def test_returns_that_cannot_be_scaled_are_refused(returns: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Scaler.fit(returns)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "values",
    [
        {"mean": [0.0]},
        {"mean": ["x"], "scale": [1.0]},
        {"mean": [0.0], "scale": [0.0]},
        {"mean": [0.0], "scale": [1.0, 1.0]},
        {"mean": 0.0, "scale": 1.0},
    ],
)
def test_a_broken_description_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(DataError, match="scaler"):
        Scaler.from_dict(values)  # type: ignore[arg-type]
