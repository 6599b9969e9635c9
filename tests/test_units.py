from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch

from tsgan.errors import ConfigError
from tsgan.units import BEYOND, Units

SIZES = (1, 2)


def market(count: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """A number and a one-hot label of windows, and the log volatility that follows from them."""
    random = np.random.default_rng(0)
    label = random.integers(2, size=count)
    number = random.normal(size=count) + label
    channels = np.column_stack([number, 1 - label, label])
    return channels, 0.5 * number + 1.0 * label + 0.1 * random.normal(size=count)


def test_weights_are_those_of_a_regression_on_what_is_given() -> None:
    channels, logs = market()
    weights = Units.fit(channels, logs).weights(SIZES).numpy()
    assert weights.shape == (4, 3) and not weights[0].any()
    centred = channels - channels.mean(0)
    for choice, own in ((1, [0]), (2, [1, 2]), (3, [0, 1, 2])):
        expected = np.linalg.lstsq(centred[:, own], logs - logs.mean(), rcond=None)[0]
        fitted = centred @ weights[choice]
        np.testing.assert_allclose(fitted, centred[:, own] @ expected, atol=1e-4)
        assert not weights[choice][[k for k in range(3) if k not in own]].any()


def test_log_units_are_relative_to_a_window_of_which_nothing_is_known() -> None:
    channels, logs = market()
    units = Units.fit(channels, logs)
    weights = units.weights(SIZES)
    steps = torch.from_numpy(channels[:, :, None].astype(np.float32)).expand(-1, -1, 5)
    got = units.log_units(steps, weights[[3]].expand(len(logs), -1))
    assert got.shape == (400, 5) and abs(got.mean()) < 1e-5
    assert np.corrcoef(got[:, 0].numpy(), logs)[0, 1] > 0.98
    assert not units.log_units(steps, weights[[0]].expand(len(logs), -1)).any()


def test_log_units_stay_near_what_was_seen() -> None:
    channels, logs = market()
    units = Units.fit(channels, logs)
    for far, bound in ((1e6, units.largest + BEYOND), (-1e6, units.smallest - BEYOND)):
        got = units.log_units(torch.full((1, 3, 2), far), units.weights(SIZES)[[1]])
        torch.testing.assert_close(got, torch.full((1, 2), bound))


def test_json_gives_them_back() -> None:
    units = Units.fit(*market())
    assert Units.from_dict(json.loads(json.dumps(units.to_dict()))) == units


@pytest.mark.parametrize(
    "wrong",
    [
        {"means": [0.0]},
        {"means": 3},
        {"products": [0.0, 0.0, math.nan]},
        {"covariances": [[0.0] * 3] * 2},
        {"covariances": [[0.0] * 2] * 3},
        {"covariances": 1},
        {"covariances": ["abc", "abc", "abc"]},
        {"smallest": 1.0},
        {"largest": math.inf},
        {"more": 1},
    ],
)
def test_a_hostile_manifest_is_refused(wrong) -> None:
    with pytest.raises(ConfigError, match="units"):
        Units.from_dict(Units.fit(*market()).to_dict() | wrong)
