import math
from dataclasses import replace

import numpy as np
import pytest

from tsgan.gauge import Gauge, Limits, Reading, Setting
from tsgan.metric import Sample
from tsgan.metrics import METRICS
from tsgan.verdicts import Rivals, cautions, gauge_row, held_out_part, metric_row

SD = next(metric for metric in METRICS if metric.name == "sd")
REAL = Sample(np.random.default_rng(0).normal(size=(1, 300)) * 0.01)


def row_of(value: float, band=(0.1, 0.2, 0.3), real: Sample = REAL):
    return metric_row(SD, real, real, value, band, Rivals({"A": {"sd": 0.4}}))


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


def test_held_out_parts_end_in_the_same_verdicts():
    for value, expected in ((0.2, "indistinguishable"), (0.3, "within noise"), (0.4, "off")):
        part = held_out_part(SD, REAL, REAL, value, (0.1, 0.2, 0.3), own=0.7)
        assert (part.value, part.verdict, part.training) == (value, expected, 0.7)
    assert held_out_part(SD, REAL, REAL, 0.2, (0.1, 0.2, 0.3), own=math.nan).training is None
    for value, band in ((math.nan, (0.1, 0.2, 0.3)), (0.2, None)):
        part = held_out_part(SD, REAL, REAL, value, band, own=0.7)
        assert part.verdict == "skipped" and part.band is None and "not defined" in part.note


def gauge(value: float, obstacle: str = "") -> Gauge:
    return Gauge(
        "thing",
        "A thing.",
        "tails",
        lambda _setting, _paths: obstacle,
        lambda _setting, _paths: Reading(value, 5.0, (4.0, 6.0)),
        lambda _setting, _paths: Limits(0.2, 0.3, None, 1.0, "fixed"),
    )


def test_gauges_bring_their_own_limits():
    setting = Setting(REAL.paths[0], REAL.paths[0], None, 0)
    rivals = Rivals({"A": {"thing": 0.4}, "B": {"thing": math.nan}}, {"C": {"thing": 0.1}})
    for value, expected in ((0.2, "indistinguishable"), (0.3, "within noise"), (0.31, "off")):
        row = gauge_row(gauge(value), setting, REAL.paths, rivals)
        assert (row.value, row.verdict, row.band, row.note) == (value, expected, None, "fixed")
        assert (row.real, row.synthetic, row.spread) == (1.0, 5.0, (4.0, 6.0))
        assert row.baselines == {"A": 0.4} and row.others == {"C": 0.1}
    blind = replace(
        gauge(0.1), limits=lambda _setting, _paths: Limits(math.nan, math.nan, None, 1.0, "")
    )
    assert gauge_row(blind, setting, REAL.paths, rivals).verdict == "skipped"
    for broken, reason in (
        (gauge(math.nan), "not defined"),
        (gauge(0.1, "too short"), "too short"),
    ):
        row = gauge_row(broken, setting, REAL.paths, rivals)
        assert row.verdict == "skipped" and reason in row.note and row.group == "tails"


def test_cautions_name_unequal_lengths_and_short_series():
    assert cautions(5_000, 5_000, 250.0) == []
    (length,) = cautions(5_000, 252, 250.0)
    assert "252 steps" in length and "5000" in length
    (short,) = cautions(4_999, 4_999, 250.0)
    assert "4999 returns" in short and "too narrow" in short
    (kept,) = cautions(5_000, 5_000, 250.0, held_out=252)
    assert "252 held-out returns" in kept and "training part" in kept
