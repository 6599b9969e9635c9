"""The table against returns that were held out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from test_gauges import market

from tsgan.bands import bootstrapped, measure
from tsgan.held_out import cut, held_out_block, held_out_parts
from tsgan.metric import Sample
from tsgan.metrics import METRICS
from tsgan.results import HeldOut


@pytest.fixture(scope="module")
def series() -> np.ndarray:
    return market(1, 2_600, 0)[0]


def parts(held_out: np.ndarray, training: np.ndarray, paths: np.ndarray) -> dict[str, HeldOut]:
    block = held_out_block(held_out.size, 250.0)
    return held_out_parts(
        Sample(held_out[None]),
        Sample(cut(paths, held_out.size)),
        Sample(cut(training[None], held_out.size)),
        bootstrapped(held_out, block, np.random.default_rng(0)),
        40,
        METRICS,
    )


def test_paths_are_cut_into_pieces_of_the_same_length() -> None:
    paths = np.arange(14.0).reshape(2, 7)
    assert cut(paths, 3).tolist() == [[0, 1, 2], [3, 4, 5], [7, 8, 9], [10, 11, 12]]
    assert np.array_equal(cut(paths, 7), paths) and np.array_equal(cut(paths, 8), paths)
    panel = np.stack([paths, -paths], axis=2)
    assert np.array_equal(cut(panel, 3)[..., 1], -cut(paths, 3))
    assert held_out_block(600, 250.0) == 150 and held_out_block(2_000, 250.0) == 250
    assert held_out_block(2, 250.0) == 1


def test_every_metric_is_measured_on_pieces_of_equal_length(series: np.ndarray) -> None:
    held_out, training, paths = series[2_000:], series[:2_000], market(10, 2_000, 1)
    found = parts(held_out, training, paths)
    assert set(found) == {metric.name for metric in METRICS}
    real = Sample(held_out[None])
    expected = measure(real, Sample(paths[:, :1_800].reshape(-1, 600)))
    own = measure(real, Sample(training[:1_800].reshape(3, 600)))
    for name in ("W1(5)/sd", "ACF(abs)", "sd", "ES 1%"):
        assert found[name].value == expected[name] and found[name].training == own[name]
        assert found[name].band is not None and found[name].verdict != "skipped"
    assert found["sd"].verdict in ("indistinguishable", "within noise")
    assert found["Hurst"].verdict == "skipped" and found["Hurst"].band is None
    assert "needs 1000 real returns, there are 600" in found["Hurst"].note


def test_a_calmer_market_after_training_is_told(series: np.ndarray) -> None:
    found = parts(series[2_000:] / 3, series[:2_000], market(10, 2_000, 1))
    assert found["sd"].verdict == "off"
    assert found["sd"].training == pytest.approx(2, abs=0.6)


def test_a_short_period_keeps_what_can_be_measured(series: np.ndarray) -> None:
    found = parts(series[2_500:2_560], series[:2_500], market(10, 2_000, 1))
    assert found["ACF(abs)"].verdict == "skipped" and math.isnan(found["ACF(abs)"].value)
    assert found["W1(5)/sd"].band is not None and found["W1(20)/sd"].training is not None
