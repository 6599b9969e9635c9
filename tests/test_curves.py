import numpy as np
import pytest
import scipy.stats

from tsgan.curves import build_curves
from tsgan.metric import Sample
from tsgan.tails import hill, maximum_drawdowns


@pytest.fixture(scope="module")
def samples() -> tuple[Sample, Sample]:
    generator = np.random.default_rng(0)
    return Sample(generator.normal(size=(1, 900))), Sample(generator.normal(size=(40, 600)))


def test_shapes(samples):
    curves = build_curves(*samples)
    assert {kind: curve.real.shape for kind, curve in curves.acf.items()} == dict.fromkeys(
        ("id", "abs", "sq"), (250,)
    )
    assert curves.density_x.shape == curves.density_real.shape == curves.density_synthetic.shape
    assert curves.quantile_p.shape == curves.quantile_real.shape == curves.quantile_synthetic.shape
    assert curves.real_path.shape == (901,)
    assert curves.synthetic_paths.shape == (30, 601)
    assert curves.fan.shape == (5, 601) and curves.fan_p.tolist() == [0.05, 0.25, 0.5, 0.75, 0.95]


def test_lag_curves_hold_the_real_path_and_the_spread_of_the_others(samples):
    real, synthetic = samples
    curves = build_curves(real, synthetic)
    for name, curve in {**curves.acf, "leverage": curves.leverage}.items():
        of = (
            (lambda s: s.leverages())
            if name == "leverage"
            else lambda s, n=name: s.autocorrelations(n)
        )
        np.testing.assert_array_equal(curve.real, of(real)[0])
        np.testing.assert_allclose(curve.synthetic, of(synthetic).mean(axis=0))
        inside = (of(synthetic) > curve.low) & (of(synthetic) < curve.high)
        assert inside.mean() == pytest.approx(0.9, abs=0.01)


def test_outliers_neither_widen_the_density_nor_change_its_scale(samples):
    real, synthetic = samples
    wild = synthetic.paths.copy()
    wild[:, ::2] = 600.0
    plain = build_curves(real, synthetic)
    curves = build_curves(real, Sample(wild))
    width = plain.density_x[1] - plain.density_x[0]
    np.testing.assert_array_equal(curves.density_x, plain.density_x)
    assert plain.density_real.sum() * width == pytest.approx(1)
    assert plain.density_synthetic.sum() * width == pytest.approx(1, abs=0.01)
    assert curves.density_synthetic.sum() * width == pytest.approx(0.5, abs=0.01)
    assert curves.density_x[0] < real.paths.min() and curves.density_x[-1] > real.paths.max()
    assert plain.density_real[60] == pytest.approx(0.4, abs=0.25)


def test_quantiles_reach_into_both_tails(samples):
    real, synthetic = samples
    curves = build_curves(real, synthetic)
    p = curves.quantile_p
    assert (np.diff(p) > 0).all() and p[0] == pytest.approx(0.5 / 900)
    np.testing.assert_allclose(p, 1 - p[::-1])
    np.testing.assert_allclose(curves.quantile_synthetic, np.quantile(synthetic.paths, p))
    assert curves.quantile_real[len(p) // 2] == pytest.approx(np.median(real.paths))


def test_paths_and_fan_begin_at_0_and_add_up(samples):
    real, synthetic = samples
    curves = build_curves(real, synthetic)
    assert curves.real_path[0] == 0 and (curves.synthetic_paths[:, 0] == 0).all()
    assert curves.real_path[-1] == pytest.approx(real.paths.sum())
    np.testing.assert_allclose(curves.synthetic_paths[:, -1], synthetic.paths[:30].sum(axis=1))
    assert curves.fan[2, -1] == pytest.approx(np.median(synthetic.paths.sum(axis=1)))
    assert (np.diff(curves.fan[:, 1:], axis=0) > 0).all()


def test_short_paths_have_fewer_lags(samples):
    curves = build_curves(samples[0], Sample(samples[1].paths[:, :10]))
    assert curves.leverage.low.shape == curves.acf["sq"].real.shape == (9,)


def test_aggregation_is_each_paths_kurtosis(samples):
    real, synthetic = samples
    curve = build_curves(real, synthetic).aggregation
    assert curve.x[0] == 1 and curve.x[-1] == 150 and (np.diff(curve.x) > 0).all()
    for place, k in ((0, 1), (3, 5)):
        sums = np.stack([np.convolve(path, np.ones(k), "valid") for path in synthetic.paths])
        expected = scipy.stats.kurtosis(sums, axis=1)
        assert curve.synthetic[place] == pytest.approx(expected.mean())
        assert curve.low[place] == pytest.approx(np.quantile(expected, 0.05))
    flat = Sample(np.tile([0.01, -0.01], 450)[None])
    assert np.isfinite(build_curves(flat, synthetic).aggregation.real).all()


def test_drawdowns_are_shares_of_years_that_fell_at_least_so_far(samples):
    real, synthetic = (Sample(0.01 * sample.paths) for sample in samples)
    curve = build_curves(real, synthetic).drawdowns
    assert curve is not None and curve.real[0] == 1 and (np.diff(curve.real) <= 0).all()
    years = maximum_drawdowns(real.paths)[0]
    expected = (years[:, None] >= curve.x).mean(axis=0)
    np.testing.assert_allclose(curve.real, expected)
    short = Sample(synthetic.paths[:, :251])
    assert build_curves(real, short).drawdowns is None


def test_hill_plots_hold_the_index_and_its_interval(samples):
    real, synthetic = samples
    curves = build_curves(real, synthetic)
    for side, sign in (("left", -1), ("right", 1)):
        plot = curves.hill[side]
        assert plot.fraction[0] >= 10 / 900 and plot.fraction[-1] == pytest.approx(0.2)
        place = len(plot.fraction) // 2
        assert plot.real[place] == pytest.approx(hill(sign * real.paths[0], plot.fraction[place]))
        pooled = sign * synthetic.paths.ravel()
        assert plot.synthetic[place] == pytest.approx(hill(pooled, plot.fraction[place]))
        assert (plot.low < plot.real).all() and (plot.real < plot.high).all()


def test_outcomes_are_quantiles_over_paths(samples):
    real, synthetic = (Sample(0.01 * sample.paths) for sample in samples)
    found = build_curves(real, synthetic).strategies
    assert len(found) == 20
    sharpe = next(o for o in found if (o.strategy, o.measure) == ("momentum", "Sharpe"))
    over_paths = synthetic.traded("momentum").outcomes["Sharpe"]
    assert sharpe.synthetic == pytest.approx(np.quantile(over_paths, [0.05, 0.25, 0.5, 0.75, 0.95]))
    assert sharpe.real == real.traded("momentum").outcomes["Sharpe"][0]
    assert build_curves(real, Sample(synthetic.paths[:, :500])).strategies == ()


def test_memoryless_returns_stay_within_the_error_of_their_autocorrelation(samples):
    curves = build_curves(*samples)
    for kind, curve in curves.acf.items():
        inside = np.abs(curve.real) < curves.acf_error[kind]
        assert inside.mean() == pytest.approx(0.95, abs=0.05)
