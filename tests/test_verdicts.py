import math

import numpy as np
import pytest

from tsgan.metrics import METRICS, Sample
from tsgan.verdicts import cautions, copied_obstacle, copied_row, metric_row

SD = next(metric for metric in METRICS if metric.name == "sd")
REAL = Sample(np.random.default_rng(0).normal(size=(1, 300)) * 0.01)


def row_of(value: float, band=(0.1, 0.2, 0.3), real: Sample = REAL):
    return metric_row(SD, real, real, {"sd": value}, {"sd": band}, {"A": {"sd": 0.4}})


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        (0.0, "indistinguishable"),
        (0.2, "indistinguishable"),
        (0.2001, "within noise"),
        (0.3, "within noise"),
        (0.3001, "off"),
    ],
)
def test_the_verdict_stands_at_the_marks_of_the_band(value, verdict):
    row = row_of(value)
    assert (row.value, row.band, row.verdict) == (value, (0.1, 0.2, 0.3), verdict)
    assert row.real == row.synthetic == pytest.approx(REAL.paths.std())
    assert row.baselines == {"A": 0.4} and row.note == ""


def test_what_cannot_be_computed_is_skipped_with_the_reason():
    short = Sample(REAL.paths[:, :1])
    for row, reason in (
        (row_of(math.nan), "not defined"),
        (row_of(0.1, band=None), "not defined"),
        (row_of(math.nan, real=short), "needs 2 real returns, there are 1"),
    ):
        assert row.verdict == "skipped" and reason in row.note
        assert math.isnan(row.value) and row.band is row.real is row.synthetic is None
        assert not row.baselines


@pytest.mark.parametrize(
    ("share", "verdict"),
    [
        (0.0, "indistinguishable"),
        (0.015, "indistinguishable"),
        (0.03, "within noise"),
        (0.031, "off"),
    ],
)
def test_copied_windows_has_fixed_limits(share, verdict):
    scores = {"A": {"copied windows": 0.01}, "B": {"copied windows": math.nan}}
    row = copied_row(share, REAL.paths[0], REAL.paths, scores)
    assert (row.value, row.verdict, row.band) == (share, verdict, None)
    assert "1.5%" in row.note and "3%" in row.note
    assert row.baselines == {"A": 0.01}


def test_copied_windows_needs_windows():
    series = REAL.paths[0]
    assert copied_obstacle(series, REAL.paths) == ""
    assert "128 training returns, there are 100" in copied_obstacle(series[:100], REAL.paths)
    assert "paths of 32 steps, they have 31" in copied_obstacle(series, REAL.paths[:, :31])
    assert copied_row(math.nan, series[:100], REAL.paths, {}).verdict == "skipped"
    assert "repeat" in copied_row(math.nan, series, REAL.paths, {}).note


def test_cautions_name_unequal_lengths_and_short_series():
    assert cautions(1_000, 1_000, 250.0) == []
    (length,) = cautions(1_000, 252, 250.0)
    assert "252 steps" in length and "1000" in length
    (short,) = cautions(999, 999, 250.0)
    assert "999 returns" in short and "too narrow" in short
