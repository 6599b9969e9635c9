"""Several assets: one market, and one whose assets go their own ways."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tsgan import dependence, evaluate
from tsgan.baselines import garch_residuals
from tsgan.panel_metrics import PANEL_METRICS, PanelSample
from tsgan.results import SEVENTEEN, Evaluation

ROWS = (
    *("corr(r)", "corr(|r|)", "cross-corr(1)", "eigenvalues"),
    *("lower tail dependence", "upper tail dependence", "sliced W1(1)/sd"),
    *("portfolio VaR 1%", "portfolio VaR 5%", "portfolio ES 1%", "portfolio ES 5%"),
)
BY_NAME = {metric.name: metric for metric in PANEL_METRICS}


def market(paths: int, steps: int, seed: int, common: float = 0.7) -> np.ndarray:
    """(paths, steps, 3) returns of 1 %: a common GARCH factor and each asset's own shocks."""
    random = np.random.default_rng(seed)
    factor = garch_residuals(random.normal(size=(steps + 300, paths)), 0.05, 0.1, 0.0, 0.85)[300:]
    own = random.normal(size=(paths, steps, 3))
    return 0.01 * (np.sqrt(common) * factor.T[..., None] + np.sqrt(1 - common) * own)


@pytest.fixture(scope="module")
def found() -> Evaluation:
    return evaluate(
        market(1, 900, 0)[0],
        market(20, 900, 1),
        training=market(1, 900, 0)[0, :700],
        held_out=market(1, 900, 0)[0, 700:],
        others={"apart": market(20, 900, 2, common=0.0)},
        name="three",
        bootstrap_paths=20,
        baseline_paths=10,
    )


def test_rows_see_all_assets_jointly(found: Evaluation) -> None:
    assert tuple(row.name for row in found.rows) == ROWS
    assert {row.group for row in found.rows} == {"dependence"}
    verdicts = [row.verdict for row in found.rows]
    assert verdicts.count("off") <= 2, "the process itself cannot be told from the series"
    assert found.row("corr(r)").others["apart"] > found.row("corr(r)").band[2]
    assert set(found.row("corr(r)").baselines) == {"CCC-GARCH", "joint bootstrap 20"}
    assert found.row("corr(r)").baselines["joint bootstrap 20"] < 0.2


def test_each_asset_is_compared_on_its_own(found: Evaluation) -> None:
    assert tuple(found.assets) == ("1", "2", "3")
    series = market(1, 900, 0)[0]
    for place, (name, asset) in enumerate(found.assets.items()):
        assert asset.name == name and asset.row("sd").real == pytest.approx(series[:, place].std())
        paths = market(20, 900, 1)[..., place]
        assert asset.row("sd").synthetic == pytest.approx(paths.std())
        assert {row.name for row in asset.rows} > set(SEVENTEEN)
        assert asset.held_out == 200 and asset.curves is not None
        assert asset.row("sd").baselines == {}, "baselines of each asset only where asked for"
    document = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert set(document["assets"]) == {"1", "2", "3"} and found.held_out == 200
    assert all(row.held_out is not None for row in found.rows)
    series, paths = market(1, 900, 0)[0], market(20, 900, 1)
    held_out, pieces = PanelSample(series[None, 700:]), paths[:, :800].reshape(80, 200, 3)
    for name in ("corr(r)", "sliced W1(1)/sd"):
        part = found.row(name).held_out
        assert part.value == BY_NAME[name].measure(held_out, PanelSample(pieces))
        own = PanelSample(series[:600].reshape(3, 200, 3))
        assert part.training == BY_NAME[name].measure(held_out, own)


def test_pictures_hold_the_matrices(found: Evaluation) -> None:
    assert found.curves is None and found.panel is not None
    expected = np.corrcoef(market(1, 900, 0)[0].T)
    np.testing.assert_allclose(found.panel.correlation_real, expected, atol=1e-3)
    assert found.panel.magnitude_synthetic.shape == (3, 3)
    assert found.panel.spectrum.real.sum() == pytest.approx(3)
    assert (found.panel.spectrum.low <= found.panel.spectrum.high).all()


def test_columns_name_the_assets() -> None:
    import pandas as pd

    frame = pd.DataFrame(market(1, 300, 0)[0], columns=["AA", "BB", "CC"])
    settings = {"bootstrap_paths": 20, "baseline_paths": 2}
    small = evaluate(frame, market(3, 300, 1), **settings)
    assert tuple(small.assets) == ("AA", "BB", "CC")
    assert small.row("portfolio VaR 1%").verdict != "skipped"
    assert small.assets["AA"].row("ACF(abs)").verdict == "skipped"


def test_same_seed_same_numbers() -> None:
    settings = {"bootstrap_paths": 20, "baseline_paths": 2}
    one, again = (
        evaluate(market(1, 200, 0)[0], market(3, 200, 1), seed=5, **settings).to_dict()
        for _ in range(2)
    )
    assert one == again


@pytest.mark.parametrize("name", ROWS)
def test_a_panel_is_at_no_distance_from_itself_and_far_from_another(name: str) -> None:
    panel = market(1, 900, 0)
    real = PanelSample(panel)
    assert BY_NAME[name].measure(real, PanelSample(panel)) == pytest.approx(0, abs=1e-12)
    random = np.random.default_rng(3).standard_t(3, size=(4, 900, 3)) * 0.02
    random[:, 1:, 0] += random[:, :-1, 1]  # one asset follows another a step later
    assert BY_NAME[name].measure(real, PanelSample(random)) > 0.05


def test_rows_are_what_they_are_called() -> None:
    real, synthetic = market(1, 900, 0), market(10, 900, 1, common=0.3)
    samples = PanelSample(real), PanelSample(synthetic)
    for name, function in (
        ("corr(r)", dependence.correlations),
        ("corr(|r|)", dependence.magnitude_correlations),
        ("cross-corr(1)", dependence.cross_correlations),
        ("eigenvalues", dependence.spectrum),
    ):
        expected = np.linalg.norm(function(real) - function(synthetic))
        assert BY_NAME[name].measure(*samples) == pytest.approx(expected)
    for side in ("lower", "upper"):
        figures = BY_NAME[f"{side} tail dependence"].figures(*samples)
        expected = [
            dependence.mean_tail_dependence(panel, 0.05, upper=side == "upper")
            for panel in (real, synthetic)
        ]
        assert figures == pytest.approx(expected)


def test_panel_rows_refuse_a_single_series() -> None:
    from tsgan.metric import Sample

    with pytest.raises(TypeError, match="several assets, got Sample"):
        BY_NAME["corr(r)"].measure(Sample(np.ones((1, 200))), Sample(np.ones((1, 200))))
